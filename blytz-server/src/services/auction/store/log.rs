//! The event log: where a batch becomes durable.

use std::{collections::HashSet, sync::Arc};

use blytz_core::{
    AuctionId, Timestamp,
    auction::{Event, log::Head},
    wire::auction::{AuctionStatus, LogEntry, Receipt},
};
use futures_util::TryStreamExt;
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::{CHUNK, column, read, signed};
use crate::db::{Db, Run, Tx, TxEngine, answered, on_db, on_tx};

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
        .run(conn)
        .await
        .map(drop))
}

/// A head's way: from where its writer believes it to be, to where it is then.
pub struct Move<'a> {
    pub from: &'a Head,
    pub to: &'a Head,
    pub row: HeadRow<'a>,
}

const MOVE_HEAD: &str = "
    update auction_heads
    set seq = $4, hash = $5, status = $6, state = $7, due_at_us = $8, late_from_us = $9, receipt = $10
    where auction_id = $1 and seq = $2 and hash = $3";

/// All heads in one statement. One that another transaction is moving is left out, so that nobody waits
/// for it here: its writer is behind in any case. Always in the same order, so that no two writers wait
/// for each other.
const MOVE_HEADS: &str = "
    with moves (auction_id, from_seq, from_hash, seq, hash, status, state, due_at_us, late_from_us, receipt) as (
        select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
            $8::bigint[], $9::bigint[], $10::text[])
    ), held as (
        select h.auction_id from auction_heads h join moves m on m.auction_id = h.auction_id
        where h.seq = m.from_seq and h.hash = m.from_hash
        order by h.auction_id for update of h skip locked
    )
    update auction_heads h
    set seq = m.seq, hash = m.hash, status = m.status, state = m.state, due_at_us = m.due_at_us,
        late_from_us = m.late_from_us, receipt = m.receipt
    from moves m, held
    where h.auction_id = m.auction_id and held.auction_id = m.auction_id
    returning h.auction_id";

/// Moves heads, and says of each whether it was where its writer believed. Where it was not, somebody
/// else wrote or is about to, and the writer has to load what it lacks and decide again.
pub async fn move_heads(tx: &mut Tx, moves: &[Move<'_>]) -> sqlx::Result<Vec<bool>> {
    match &mut tx.engine {
        TxEngine::Sqlite(transaction, _) => {
            let mut moved = Vec::with_capacity(moves.len());
            for Move { from, to, row } in moves {
                let done = sqlx::query(MOVE_HEAD)
                    .bind(from.auction_id.uuid())
                    .bind(signed(from.seq))
                    .bind(&from.hash)
                    .bind(signed(to.seq))
                    .bind(&to.hash)
                    .bind(row.status.name())
                    .bind(row.state)
                    .bind(row.due_at.map(Timestamp::as_micros))
                    .bind(row.late_from.map(Timestamp::as_micros))
                    .bind(row.receipt.as_deref());
                moved.push(done.run(&mut **transaction).await? == 1);
            }
            Ok(moved)
        }
        TxEngine::Postgres(transaction) => {
            let query = sqlx::query_scalar(MOVE_HEADS)
                .bind(column(moves, |way| way.from.auction_id.uuid()))
                .bind(column(moves, |way| signed(way.from.seq)))
                .bind(column(moves, |way| way.from.hash.as_str()))
                .bind(column(moves, |way| signed(way.to.seq)))
                .bind(column(moves, |way| way.to.hash.as_str()))
                .bind(column(moves, |way| way.row.status.name()))
                .bind(column(moves, |way| way.row.state))
                .bind(column(moves, |way| way.row.due_at.map(Timestamp::as_micros)))
                .bind(column(moves, |way| way.row.late_from.map(Timestamp::as_micros)))
                .bind(column(moves, |way| way.row.receipt.as_deref()));
            let asked = async { query.fetch_all(transaction.get()?).await };
            let answer = answered(asked).await;
            let moved: HashSet<Uuid> = transaction.seen(answer)?.into_iter().collect();
            Ok(moves.iter().map(|way| moved.contains(&way.from.auction_id.uuid())).collect())
        }
    }
}

const HOLD_HEAD: &str = "select 1 from auction_heads where auction_id = $1 for update";

/// Has nobody else move a head until this transaction has ended. Whoever asked first has it first.
pub async fn hold_head(tx: &mut Tx, id: AuctionId) -> sqlx::Result<()> {
    tx.hold(HOLD_HEAD, id.uuid()).await
}

const COLUMNS: &str = "insert into auction_events (auction_id, seq, hash, entry, sealed) ";

const FROM_ARRAYS: &str = "
    insert into auction_events (auction_id, seq, hash, entry, sealed)
    select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[])";

/// Appends events. Many rows in one statement: a hot lot's batch is hundreds of them.
pub async fn append(tx: &mut Tx, events: &[(AuctionId, &NewEvent)]) -> sqlx::Result<()> {
    match &mut tx.engine {
        TxEngine::Sqlite(transaction, _) => {
            for chunk in events.chunks(CHUNK) {
                QueryBuilder::<Sqlite>::new(COLUMNS)
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
            Ok(())
        }
        TxEngine::Postgres(transaction) => {
            let appended = sqlx::query(FROM_ARRAYS)
                .bind(column(events, |(id, _)| id.uuid()))
                .bind(column(events, |(_, event)| signed(event.seq)))
                .bind(column(events, |(_, event)| event.hash.as_str()))
                .bind(column(events, |(_, event)| &*event.entry))
                .bind(column(events, |(_, event)| event.sealed.as_deref()));
            transaction.run(appended).await.map(drop)
        }
    }
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
