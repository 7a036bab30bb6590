//! Statements about many ids: the one way to fill an `in (…)`.

use sqlx::{AssertSqlSafe, FromRow, QueryBuilder, Sqlite, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::{Connection, Source, answered};

/// The most ids that one statement takes.
const AT_ONCE: usize = 512;

/// The rows of a statement whose text ends in `in`, for as many ids as there are; `$1` before it, if
/// it is there, is `of`.
pub(crate) async fn select_in<R>(
    mut from: impl Source,
    select: &'static str,
    of: Option<Uuid>,
    ids: &[Uuid],
) -> sqlx::Result<Vec<R>>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    match from.connection().await? {
        Connection::Sqlite(mut connection) => {
            let mut rows = Vec::with_capacity(ids.len());
            for chunk in ids.chunks(AT_ONCE) {
                // Filled up with its last id to a power of two: SQLite knows most statements already.
                let size = chunk.len().next_power_of_two();
                let filled = chunk.iter().chain(chunk.last().into_iter().cycle()).take(size);
                rows.extend(listing(select, of, filled).build_query_as().fetch_all(&mut *connection).await?);
            }
            Ok(rows)
        }
        Connection::Postgres(mut connection) => {
            let sql = AssertSqlSafe(in_array(select, of.is_some()));
            let asked = async {
                let query = sqlx::query_as(sql);
                let query = if let Some(of) = of { query.bind(of) } else { query };
                query.bind(ids).fetch_all(connection.get()?).await
            };
            let answer = answered(asked).await;
            connection.seen(answer)
        }
    }
}

/// The statement with an array in place of the list.
fn in_array(select: &str, second: bool) -> String {
    let before = select.strip_suffix("in").unwrap_or(select);
    format!("{before}= any(${})", if second { 2 } else { 1 })
}

/// The statement with its list. Not with a `$n` for each: SQLite finds these by their names, one after
/// another and each time anew, and of 512 ids that is most of the time.
fn listing<'a>(select: &str, of: Option<Uuid>, ids: impl Iterator<Item = &'a Uuid>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("");
    match of.zip(select.split_once("$1")) {
        Some((of, (before, after))) => query.push(before).push_bind(of).push(after),
        None => query.push(select),
    };
    query.push(" (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    list.push_unseparated(")");
    query
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Db, Run, Sqlite as Opened, on_tx};

    #[tokio::test]
    async fn every_row_comes_once_however_many_ids_there_are() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::sqlite(Opened::open(&folder.path().join("t.db")).await.expect("opens")).await.expect("a schema");
        let ids: Vec<Uuid> = (0..2 * AT_ONCE as u128 + 3).map(Uuid::from_u128).collect();
        let mut tx = db.begin_write().await.expect("a transaction");
        on_tx!(tx, conn => sqlx::query("create table t (a uuid, b uuid)").run(conn).await).expect("a table");
        for id in &ids {
            on_tx!(tx, conn => sqlx::query("insert into t values ($1, $2)").bind(ids[0]).bind(id).run(conn).await)
                .expect("a row");
        }
        for count in [0, 1, 3, AT_ONCE, ids.len()] {
            let rows: Vec<(Uuid,)> =
                select_in(&mut tx, "select b from t where a = $1 and b in", Some(ids[0]), &ids[..count])
                    .await
                    .expect("rows");
            assert_eq!(rows.len(), count);
        }
        tx.commit().await.expect("written");
        let rows: Vec<(Uuid,)> = select_in(&db, "select b from t where b in", None, &ids).await.expect("rows");
        assert_eq!(rows.len(), ids.len());
    }
}
