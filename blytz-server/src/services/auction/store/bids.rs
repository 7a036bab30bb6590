//! Accepted bids.

use std::collections::HashMap;

use blytz_core::{AuctionId, BidId, UserId, auction::Bearers, wire::auction::BidAnswer};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::{CHUNK, column, read, signed, unreadable};
use crate::{
    db::{Db, Run, Tx, TxEngine, on_db, on_tx, select_in},
    services::auction::request::Acceptance,
};

/// How far a bid goes, in minor units. A max is nobody's to know but the bidder's.
#[derive(Clone, Copy)]
pub enum Amount {
    Exact(i64),
    Max(i64),
}

impl Amount {
    const fn columns(self) -> (&'static str, i64) {
        match self {
            Self::Exact(amount) => ("amount", amount),
            Self::Max(amount) => ("max", amount),
        }
    }

    fn read(kind: &str, amount: i64) -> sqlx::Result<Self> {
        match kind {
            "amount" => Ok(Self::Exact(amount)),
            "max" => Ok(Self::Max(amount)),
            _ => Err(unreadable("kind of a bid")),
        }
    }
}

/// An accepted bid on its way into the database.
#[derive(Clone)]
pub struct NewBid {
    pub bidder: UserId,
    pub bid_id: BidId,
    pub seq: u64,
    pub amount: Amount,
    pub fingerprint: String,
    /// What it is answered, but for the receipt.
    pub acceptance: String,
}

const COLUMNS: &str = "
    insert into auction_bids
        (auction_id, bid_id, bidder_id, seq, kind, amount, fingerprint, answer, voided, receipt) ";

const FROM_ARRAYS: &str = "
    insert into auction_bids
        (auction_id, bid_id, bidder_id, seq, kind, amount, fingerprint, answer, voided, receipt)
    select auction_id, bid_id, bidder_id, seq, kind, amount, fingerprint, answer, false, receipt
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[],
        $9::text[])
        as bids (auction_id, bid_id, bidder_id, seq, kind, amount, fingerprint, answer, receipt)";

/// Remembers accepted bids for ever, each with its receipt.
pub async fn insert_bids(tx: &mut Tx, bids: &[(AuctionId, &NewBid, String)]) -> sqlx::Result<()> {
    match &mut tx.engine {
        TxEngine::Sqlite(transaction, _) => {
            for chunk in bids.chunks(CHUNK) {
                QueryBuilder::<Sqlite>::new(COLUMNS)
                    .push_values(chunk, |mut row, (id, bid, receipt)| {
                        let (kind, amount) = bid.amount.columns();
                        row.push_bind(id.uuid())
                            .push_bind(bid.bid_id.uuid())
                            .push_bind(bid.bidder.uuid())
                            .push_bind(signed(bid.seq))
                            .push_bind(kind)
                            .push_bind(amount)
                            .push_bind(&bid.fingerprint)
                            .push_bind(&bid.acceptance)
                            .push_bind(false)
                            .push_bind(receipt);
                    })
                    .build()
                    .execute(&mut **transaction)
                    .await?;
            }
            Ok(())
        }
        TxEngine::Postgres(_) if bids.is_empty() => Ok(()),
        TxEngine::Postgres(transaction) => {
            let inserted = sqlx::query(FROM_ARRAYS)
                .bind(column(bids, |(id, ..)| id.uuid()))
                .bind(column(bids, |(_, bid, _)| bid.bid_id.uuid()))
                .bind(column(bids, |(_, bid, _)| bid.bidder.uuid()))
                .bind(column(bids, |(_, bid, _)| signed(bid.seq)))
                .bind(column(bids, |(_, bid, _)| bid.amount.columns().0))
                .bind(column(bids, |(_, bid, _)| bid.amount.columns().1))
                .bind(column(bids, |(_, bid, _)| bid.fingerprint.as_str()))
                .bind(column(bids, |(_, bid, _)| bid.acceptance.as_str()))
                .bind(column(bids, |(.., receipt)| receipt.as_str()));
            transaction.run(inserted).await.map(drop)
        }
    }
}

/// What is remembered of a bid.
#[derive(Clone)]
pub struct KnownBid {
    pub fingerprint: String,
    pub answer: BidAnswer,
}

#[derive(FromRow)]
struct KnownRow {
    bidder_id: Uuid,
    bid_id: Uuid,
    fingerprint: String,
    answer: String,
    receipt: String,
}

const KNOWN_BIDS: &str = "
    select bidder_id, bid_id, fingerprint, answer, receipt from auction_bids where auction_id = $1 and bid_id in";

/// Those of these bids that were accepted before, by bidder and id.
pub async fn known_bids(db: &Db, id: AuctionId, asked: &[BidId]) -> sqlx::Result<HashMap<(UserId, BidId), KnownBid>> {
    let asked: Vec<Uuid> = asked.iter().map(|bid| bid.uuid()).collect();
    let rows: Vec<KnownRow> = select_in(db, KNOWN_BIDS, Some(id.uuid()), &asked).await?;
    let by_bidder = |row: KnownRow| {
        Ok(((UserId(row.bidder_id), BidId(row.bid_id)), known(row.fingerprint, &row.answer, &row.receipt)?))
    };
    rows.into_iter().map(by_bidder).collect()
}

/// What is remembered of a bid, of the parts in its row.
pub(super) fn known(fingerprint: String, acceptance: &str, receipt: &str) -> sqlx::Result<KnownBid> {
    Ok(KnownBid { answer: answer(acceptance, receipt)?, fingerprint })
}

/// What a bid was answered, of the two parts in its row.
fn answer(acceptance: &str, receipt: &str) -> sqlx::Result<BidAnswer> {
    let acceptance: Acceptance = read(acceptance)?;
    Ok(acceptance.with(read(receipt)?))
}

const BEARERS: &str = "select bidder_id, seq from auction_bids where auction_id = $1 and bid_id = $2";

/// Everybody who bid under this id, and the seq of their bid's event.
pub async fn bearers(db: &Db, id: AuctionId, bid_id: BidId) -> sqlx::Result<Bearers> {
    let rows: Vec<(Uuid, i64)> = on_db!(db, conn => sqlx::query_as(BEARERS)
        .bind(id.uuid())
        .bind(bid_id.uuid())
        .fetch_all(conn)
        .await)?;
    Ok(Bearers::new(bid_id, rows.into_iter().map(|(bidder, seq)| (UserId(bidder), seq.unsigned_abs()))))
}

const VOID: &str = "
    update auction_bids set voided = $4 where auction_id = $1 and bidder_id = $2 and seq >= $3";

/// Marks a bidder's bids as voided, from the one on that this event is of.
pub async fn mark_voided(tx: &mut Tx, id: AuctionId, bidder: UserId, from_seq: u64) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(VOID)
        .bind(id.uuid())
        .bind(bidder.uuid())
        .bind(signed(from_seq))
        .bind(true)
        .run(conn)
        .await
        .map(drop))
}

/// A bidder's own bid.
pub struct OwnBid {
    pub amount: Amount,
    pub voided: bool,
    pub answer: BidAnswer,
}

const SELECT_OWN: &str = "
    select kind, amount, voided, answer, receipt from auction_bids where auction_id = $1 and bid_id = $2 and bidder_id = $3";

/// One bid of this bidder.
pub async fn own_bid(db: &Db, id: AuctionId, bid_id: BidId, bidder: UserId) -> sqlx::Result<Option<OwnBid>> {
    let row: Option<(String, i64, bool, String, String)> = on_db!(db, conn => sqlx::query_as(SELECT_OWN)
        .bind(id.uuid())
        .bind(bid_id.uuid())
        .bind(bidder.uuid())
        .fetch_optional(conn)
        .await)?;
    let Some((kind, amount, voided, acceptance, receipt)) = row else { return Ok(None) };
    Ok(Some(OwnBid { amount: Amount::read(&kind, amount)?, voided, answer: answer(&acceptance, &receipt)? }))
}

const SELECT_HIGHEST: &str = "
    select max(amount) from auction_bids where auction_id = $1 and bidder_id = $2 and voided = $3";

/// How far this bidder's standing bids go, in minor units.
pub async fn highest_standing(db: &Db, id: AuctionId, bidder: UserId) -> sqlx::Result<Option<i64>> {
    on_db!(db, conn => sqlx::query_scalar::<_, Option<i64>>(SELECT_HIGHEST)
        .bind(id.uuid())
        .bind(bidder.uuid())
        .bind(false)
        .fetch_one(conn)
        .await)
}
