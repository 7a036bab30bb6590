//! The event log: where a batch becomes durable.

use std::sync::Arc;

use blytz_core::{
    AuctionId, Timestamp,
    auction::{Event, log::Head},
    wire::auction::{AuctionStatus, LogEntry, Receipt},
};
use futures_util::TryStreamExt;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::{CHUNK, read, signed};
use crate::db::{Db, Tx, TxEngine, on_db, on_tx};

/// Events read at a time, and their size in bytes: a log may be of any length, and a void may name a
/// thousand bids.
pub const PAGE: usize = 500;
const PAGE_BYTES: usize = 1 << 18;

/// One event on its way into the log.
#[derive(Clone)]
pub struct NewEvent {
    pub seq: u64,
    pub hash: String,
    /// Its JSON, as it is stored and sent.
    pub entry: Arc<str>,
    pub sealed: Option<String>,
}

/// The head's row after a batch.
pub struct HeadRow<'a> {
    pub status: AuctionStatus,
    pub state: &'a str,
    pub due_at: Option<Timestamp>,
    pub late_from: Option<Timestamp>,
    /// The receipt of the end of the log, once there is one.
    pub receipt: Option<String>,
}

const INSERT_HEAD: &str = "
    insert into auction_heads (auction_id, seq, hash, status, state, due_at_us, late_from_us)
    values ($1, $2, $3, $4, $5, $6, $7)";

/// Starts a log.
pub async fn insert_head(tx: &mut Tx, head: &Head, row: &HeadRow<'_>) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(INSERT_HEAD)
        .bind(head.auction_id.uuid())
        .bind(signed(head.seq))
        .bind(&head.hash)
        .bind(row.status.name())
        .bind(row.state)
        .bind(row.due_at.map(Timestamp::as_micros))
        .bind(row.late_from.map(Timestamp::as_micros))
        .execute(conn)
        .await
        .map(drop))
}

const MOVE_HEAD: &str = "
    update auction_heads
    set seq = $4, hash = $5, status = $6, state = $7, due_at_us = $8, late_from_us = $9, receipt = $10
    where auction_id = $1 and seq = $2 and hash = $3";

/// Moves a head from where its writer believes it to be. False when it is not there: somebody else
/// wrote, and the writer has to load what it lacks and decide again.
pub async fn move_head(tx: &mut Tx, from: &Head, to: &Head, row: &HeadRow<'_>) -> sqlx::Result<bool> {
    on_tx!(tx, conn => sqlx::query(MOVE_HEAD)
        .bind(from.auction_id.uuid())
        .bind(signed(from.seq))
        .bind(&from.hash)
        .bind(signed(to.seq))
        .bind(&to.hash)
        .bind(row.status.name())
        .bind(row.state)
        .bind(row.due_at.map(Timestamp::as_micros))
        .bind(row.late_from.map(Timestamp::as_micros))
        .bind(row.receipt.as_deref())
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Appends events. Many rows in one statement: a hot lot's batch is hundreds of them. Such lists of
/// values, here and in `bids`, are all that databases differ in.
pub async fn append(tx: &mut Tx, events: &[(AuctionId, &NewEvent)]) -> sqlx::Result<()> {
    for chunk in events.chunks(CHUNK) {
        match &mut tx.engine {
            TxEngine::Sqlite(transaction, _) => {
                QueryBuilder::<Sqlite>::new("insert into auction_events (auction_id, seq, hash, entry, sealed) ")
                    .push_values(chunk, |mut row, (id, event)| {
                        row.push_bind(id.uuid())
                            .push_bind(signed(event.seq))
                            .push_bind(&event.hash)
                            .push_bind(&*event.entry)
                            .push_bind(event.sealed.as_deref());
                    })
                    .build()
                    .execute(&mut **transaction)
                    .await?;
            }
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct EventRow {
    entry: String,
    sealed: Option<String>,
}

/// What stands in a log that can't be read as an event is an error: a log is not to be guessed at.
fn event(row: EventRow) -> sqlx::Result<(LogEntry, Event)> {
    let entry: LogEntry = read(&row.entry)?;
    let sealed = row.sealed.as_deref().map(read).transpose()?;
    let event = Event { at: entry.at, data: entry.data.clone(), sealed };
    Ok((entry, event))
}

const SELECT_PAGE: &str = "
    select entry, sealed from auction_events where auction_id = $1 and seq > $2 order by seq limit $3";

/// The next events after a seq, sealed parts included; empty at the end of the log.
pub async fn log_page(db: &Db, id: AuctionId, after: u64) -> sqlx::Result<Vec<(LogEntry, Event)>> {
    on_db!(db, conn => {
        let mut rows =
            sqlx::query_as(SELECT_PAGE).bind(id.uuid()).bind(signed(after)).bind(signed(PAGE)).fetch(conn);
        let (mut page, mut bytes) = (Vec::new(), 0);
        while bytes < PAGE_BYTES && let Some(row) = rows.try_next().await? {
            let row: EventRow = row;
            bytes += row.entry.len();
            page.push(event(row)?);
        }
        Ok(page)
    })
}

const SELECT_AFTER: &str = "
    select seq, entry from auction_events where auction_id = $1 and seq > $2 order by seq limit $3";

/// The next public entries after a seq, as JSON: at most `limit`, and fewer if they are long.
pub async fn entries_after(db: &Db, id: AuctionId, after: u64, limit: usize) -> sqlx::Result<Vec<(u64, String)>> {
    on_db!(db, conn => {
        let mut rows =
            sqlx::query_as(SELECT_AFTER).bind(id.uuid()).bind(signed(after)).bind(signed(limit)).fetch(conn);
        let (mut page, mut bytes) = (Vec::new(), 0);
        while bytes < PAGE_BYTES && let Some((seq, entry)) = rows.try_next().await? {
            let (seq, entry): (i64, String) = (seq, entry);
            bytes += entry.len();
            page.push((seq.unsigned_abs(), entry));
        }
        Ok(page)
    })
}

const SELECT_HEAD: &str = "select seq, due_at_us from auction_heads where auction_id = $1";

/// Where a log ends, and when the auction is due.
pub async fn head(db: &Db, id: AuctionId) -> sqlx::Result<Option<(u64, Option<Timestamp>)>> {
    let row: Option<(i64, Option<i64>)> =
        on_db!(db, conn => sqlx::query_as(SELECT_HEAD).bind(id.uuid()).fetch_optional(conn).await)?;
    Ok(row.map(|(seq, due)| (seq.unsigned_abs(), due.map(Timestamp::from_micros))))
}

const SELECT_BEGINNINGS: &str = "
    select e.entry from auction_heads h join auction_events e on e.auction_id = h.auction_id and e.seq = 1
    where h.status = $1 order by h.auction_id desc limit 200";

/// The first entries of the newest lots that stand here.
pub async fn beginnings(db: &Db, status: AuctionStatus) -> sqlx::Result<Vec<LogEntry>> {
    let entries: Vec<String> =
        on_db!(db, conn => sqlx::query_scalar(SELECT_BEGINNINGS).bind(status.name()).fetch_all(conn).await)?;
    entries.iter().map(|entry| read(entry)).collect()
}

const SELECT_RECEIPT: &str = "select receipt from auction_heads where auction_id = $1";

/// The receipt of the end of a log.
pub async fn end_receipt(db: &Db, id: AuctionId) -> sqlx::Result<Option<Receipt>> {
    let receipt: Option<Option<String>> =
        on_db!(db, conn => sqlx::query_scalar(SELECT_RECEIPT).bind(id.uuid()).fetch_optional(conn).await)?;
    receipt.flatten().as_deref().map(read).transpose()
}

const SELECT_HASH: &str = "select hash from auction_events where auction_id = $1 and seq = $2";

/// The hash at a seq.
pub async fn hash_at(db: &Db, id: AuctionId, seq: u64) -> sqlx::Result<Option<String>> {
    on_db!(db, conn => sqlx::query_scalar::<_, String>(SELECT_HASH)
        .bind(id.uuid())
        .bind(signed(seq))
        .fetch_optional(conn)
        .await)
}
