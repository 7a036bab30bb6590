//! Whether what arrived is what left, and whether every log is whole.

use anyhow::ensure;
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};
use uuid::Uuid;

use super::{
    tables::Table,
    value::{Contents, Summing, Value},
};

/// Reads a table back and compares it with what was read from SQLite: every value of every row.
pub(super) async fn arrived(
    table: &Table,
    left: &Contents,
    target: &mut PgConnection,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let there = contents(table, target, bar).await?;
    ensure!(there.rows == left.rows, "{} rows arrived of {}.", there.rows, left.rows);
    ensure!(there == *left, "The rows that arrived are not those that left.");
    Ok(())
}

async fn contents(table: &Table, target: &mut PgConnection, bar: &ProgressBar) -> anyhow::Result<Contents> {
    let mut rows = sqlx::query(AssertSqlSafe(table.select_in_postgres())).fetch(target);
    let mut summing = Summing::default();
    while let Some(row) = rows.try_next().await? {
        let columns = table.columns.iter().enumerate();
        let values = columns.map(|(place, column)| Value::of_postgres(&row, place, column.kind));
        summing.add(&values.collect::<sqlx::Result<Vec<_>>>()?);
        bar.inc(1);
    }
    Ok(summing.contents())
}

/// A lot whose head is not an event of its log.
const HEAD_OF_NOTHING: &str = "
    select h.auction_id from auction_heads h
    left join auction_events e on e.auction_id = h.auction_id and e.seq = h.seq
    where e.hash is distinct from h.hash limit 1";

/// A lot whose log goes on after its head, or has none.
const EVENT_BEYOND_HEAD: &str = "
    select e.auction_id from auction_events e left join auction_heads h on h.auction_id = e.auction_id
    where h.seq is null or e.seq > h.seq limit 1";

/// A chat whose head is not its last event.
const CHAT_HEAD_OF_NOTHING: &str = "
    select c.stream_id from chat_channels c
    where c.head_seq <> (select coalesce(max(e.seq), 0) from chat_events e where e.stream_id = c.stream_id) limit 1";

/// A chat that has events and no head.
const CHAT_WITHOUT_HEAD: &str = "
    select e.stream_id from chat_events e left join chat_channels c on c.stream_id = e.stream_id
    where c.stream_id is null limit 1";

/// What finds a log that does not end at its head, in either database. None says nothing of the hashes
/// in between: whoever keeps a proof verifies them.
const ENDS: [(&str, &str); 4] = [
    ("lot", HEAD_OF_NOTHING),
    ("lot", EVENT_BEYOND_HEAD),
    ("chat of the show", CHAT_HEAD_OF_NOTHING),
    ("chat of the show", CHAT_WITHOUT_HEAD),
];

/// Before anything is copied: what is damaged can't arrive whole.
pub(super) async fn logs_in_sqlite(source: &mut SqliteConnection) -> anyhow::Result<()> {
    for (what, sql) in ENDS {
        let found: Option<Uuid> = sqlx::query_scalar(sql).fetch_optional(&mut *source).await?;
        whole(what, found)?;
    }
    Ok(())
}

/// Every head is the last event of its log, by its seq and, of a lot, its hash.
pub(super) async fn logs_in_postgres(target: &mut PgConnection) -> anyhow::Result<()> {
    for (what, sql) in ENDS {
        let found: Option<Uuid> = sqlx::query_scalar(sql).fetch_optional(&mut *target).await?;
        whole(what, found)?;
    }
    Ok(())
}

fn whole(what: &str, found: Option<Uuid>) -> anyhow::Result<()> {
    found.map_or(Ok(()), |id| Err(anyhow::anyhow!("The log of the {what} {id} does not end where its head says.")))
}
