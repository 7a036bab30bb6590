//! Accepted bids.

use std::collections::HashMap;

use blytz_core::{AuctionId, BidId, UserId, wire::auction::BidAnswer};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::log::signed;
use crate::db::{Db, Engine, Tx, TxEngine, on_db, on_tx};

/// Rows per statement; see the log's.
const CHUNK: usize = 1_000;

/// An accepted bid on its way into the database.
pub(in super::super) struct NewBid {
    pub bidder: UserId,
    pub bid_id: BidId,
    pub seq: u64,
    pub kind: &'static str,
    pub amount: i64,
    pub fingerprint: String,
    pub answer: String,
}

/// Remembers accepted bids for ever.
pub(in super::super) async fn insert_bids(tx: &mut Tx, bids: &[(AuctionId, &NewBid)]) -> sqlx::Result<()> {
    const INSERT: &str = "
        insert into auction_bids
            (auction_id, bid_id, bidder_id, seq, kind, amount, fingerprint, answer, voided) ";
    for chunk in bids.chunks(CHUNK) {
        match &mut tx.engine {
            TxEngine::Sqlite(transaction, _) => {
                QueryBuilder::<Sqlite>::new(INSERT)
                    .push_values(chunk, |mut row, (id, bid)| {
                        row.push_bind(id.uuid())
                            .push_bind(bid.bid_id.uuid())
                            .push_bind(bid.bidder.uuid())
                            .push_bind(signed(bid.seq))
                            .push_bind(bid.kind)
                            .push_bind(bid.amount)
                            .push_bind(&bid.fingerprint)
                            .push_bind(&bid.answer)
                            .push_bind(false);
                    })
                    .build()
                    .execute(&mut **transaction)
                    .await?;
            }
        }
    }
    Ok(())
}

/// What is remembered of a bid.
pub(in super::super) struct KnownBid {
    pub fingerprint: String,
    pub answer: BidAnswer,
}

#[derive(FromRow)]
struct KnownRow {
    bidder_id: Uuid,
    bid_id: Uuid,
    fingerprint: String,
    answer: String,
}

/// Those of these bids that were accepted before, by bidder and id.
pub(in super::super) async fn known_bids(
    db: &Db,
    id: AuctionId,
    asked: &[BidId],
) -> sqlx::Result<HashMap<(UserId, BidId), KnownBid>> {
    const SELECT: &str = "
        select bidder_id, bid_id, fingerprint, answer from auction_bids where auction_id = ";
    let mut known = HashMap::new();
    for chunk in asked.chunks(CHUNK) {
        let rows: Vec<KnownRow> = match &db.engine {
            Engine::Sqlite(sqlite) => {
                let mut query = QueryBuilder::<Sqlite>::new(SELECT);
                query.push_bind(id.uuid()).push(" and bid_id in (");
                let mut ids = query.separated(", ");
                for id in chunk {
                    ids.push_bind(id.uuid());
                }
                ids.push_unseparated(")");
                query.build_query_as().fetch_all(sqlite.readers(db.lane)).await?
            }
        };
        for row in rows {
            let answer = read_answer(&row.answer)?;
            let key = (UserId(row.bidder_id), BidId(row.bid_id));
            known.insert(key, KnownBid { fingerprint: row.fingerprint, answer });
        }
    }
    Ok(known)
}

fn read_answer(json: &str) -> sqlx::Result<BidAnswer> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

const VOID: &str = "
    update auction_bids set voided = $4 where auction_id = $1 and bidder_id = $2 and seq >= $3";

/// Marks a bidder's bids as voided, from the one on that this event is of.
pub(in super::super) async fn mark_voided(
    tx: &mut Tx,
    id: AuctionId,
    bidder: UserId,
    from_seq: u64,
) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(VOID)
        .bind(id.uuid())
        .bind(bidder.uuid())
        .bind(signed(from_seq))
        .bind(true)
        .execute(conn)
        .await
        .map(drop))
}

/// A bidder's own bid.
pub(in super::super) struct OwnBid {
    pub kind: String,
    pub amount: i64,
    pub voided: bool,
    pub answer: BidAnswer,
}

const SELECT_OWN: &str = "
    select kind, amount, voided, answer from auction_bids where auction_id = $1 and bid_id = $2 and bidder_id = $3";

/// One bid of this bidder.
pub(in super::super) async fn own_bid(
    db: &Db,
    id: AuctionId,
    bid_id: BidId,
    bidder: UserId,
) -> sqlx::Result<Option<OwnBid>> {
    let row: Option<(String, i64, bool, String)> = on_db!(db, pool => sqlx::query_as(SELECT_OWN)
        .bind(id.uuid())
        .bind(bid_id.uuid())
        .bind(bidder.uuid())
        .fetch_optional(pool)
        .await)?;
    row.map(|(kind, amount, voided, answer)| Ok(OwnBid { kind, amount, voided, answer: read_answer(&answer)? }))
        .transpose()
}

const SELECT_HIGHEST: &str = "
    select max(amount) from auction_bids where auction_id = $1 and bidder_id = $2 and voided = $3";

/// How far this bidder's standing bids go, in minor units.
pub(in super::super) async fn highest_standing(db: &Db, id: AuctionId, bidder: UserId) -> sqlx::Result<Option<i64>> {
    on_db!(db, pool => sqlx::query_scalar::<_, Option<i64>>(SELECT_HIGHEST)
        .bind(id.uuid())
        .bind(bidder.uuid())
        .bind(false)
        .fetch_one(pool)
        .await)
}
