//! Statements about many ids: the one way to fill an `in (…)`.

use sqlx::{AssertSqlSafe, FromRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::{Source, on_db};

/// The most ids that one statement takes.
const AT_ONCE: usize = 512;

/// The rows of a statement whose text ends in `in`, for as many ids as there are; `$1` before it, if
/// it is there, is `of`.
///
/// A list is filled up with its last id to a power of two, so that the database knows most statements
/// already.
pub(crate) async fn select_in<R>(
    from: impl Source,
    select: &'static str,
    of: Option<Uuid>,
    ids: &[Uuid],
) -> sqlx::Result<Vec<R>>
where
    R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    let mut rows = Vec::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(rows);
    }
    on_db!(from, conn => {
        for chunk in ids.chunks(AT_ONCE) {
            let size = chunk.len().next_power_of_two();
            let filled = chunk.iter().chain(chunk.last().into_iter().cycle()).take(size);
            // The text is made of ours and of numbers.
            let query = sqlx::query_as(AssertSqlSafe(text(select, usize::from(of.is_some()), size)));
            let query = of.into_iter().chain(filled.copied()).fold(query, sqlx::query::QueryAs::bind);
            rows.extend(query.fetch_all(&mut *conn).await?);
        }
        Ok(rows)
    })
}

/// The whole text, with the list from `$1` or `$2` on.
fn text(select: &str, before: usize, size: usize) -> String {
    let places: Vec<_> = (before + 1..=before + size).map(|place| format!("${place}")).collect();
    format!("{select} ({})", places.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Db, Sqlite, on_tx};

    #[test]
    fn a_list_follows_what_stands_before_it() {
        assert_eq!(text("select 1 where a in", 0, 2), "select 1 where a in ($1, $2)");
        assert_eq!(text("select 1 where a = $1 and b in", 1, 1), "select 1 where a = $1 and b in ($2)");
    }

    #[tokio::test]
    async fn every_row_comes_once_however_many_ids_there_are() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::sqlite(Sqlite::open(&folder.path().join("t.db")).await.expect("opens")).await.expect("a schema");
        let ids: Vec<Uuid> = (0..2 * AT_ONCE as u128 + 3).map(Uuid::from_u128).collect();
        let mut tx = db.begin_write().await.expect("a transaction");
        on_tx!(tx, conn => sqlx::query("create table t (a uuid, b uuid)").execute(conn).await).expect("a table");
        for id in &ids {
            on_tx!(tx, conn => sqlx::query("insert into t values ($1, $2)").bind(ids[0]).bind(id).execute(conn).await)
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
