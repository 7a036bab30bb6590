//! What many rooms must know before they decide, in one statement.

use std::collections::HashMap;

use blytz_core::{AuctionId, BidId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::{KnownBid, bids::known, column, head, known_bids, signed};
use crate::db::{Connection, Db, Source, answered};

/// What one room asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub id: AuctionId,
    /// Bids that may have been accepted before.
    pub bids: &'a [BidId],
}

/// What it is told.
#[derive(Clone, Default)]
pub struct Found {
    /// The seq of the log's last event; none where there is no such auction.
    pub head: Option<u64>,
    /// Those of the bids that were accepted before, by bidder and id.
    pub bids: HashMap<(UserId, BidId), KnownBid>,
}

#[derive(FromRow)]
struct Row {
    place: i64,
    seq: i64,
    bidder_id: Option<Uuid>,
    bid_id: Option<Uuid>,
    fingerprint: Option<String>,
    answer: Option<String>,
    receipt: Option<String>,
}

const LOOK_UP: &str = "
    select w.place, h.seq, b.bidder_id, b.bid_id, b.fingerprint, b.answer, b.receipt
    from unnest($1::bigint[], $2::uuid[], $3::uuid[]) as w (place, auction_id, bid_id)
    join auction_heads h on h.auction_id = w.auction_id
    left join auction_bids b on b.auction_id = w.auction_id and b.bid_id = w.bid_id";

/// What each of these rooms asks for, in their order. SQLite, where a statement costs no way, is asked for
/// each.
///
/// # Errors
/// When it can't be asked; for a single one, when what is stored of its bids can't be read.
pub async fn look_up(db: &Db, wanted: &[Wanted<'_>]) -> sqlx::Result<Vec<sqlx::Result<Found>>> {
    let mut source = db;
    let Connection::Postgres(mut connection) = source.connection().await? else {
        let mut all = Vec::with_capacity(wanted.len());
        for Wanted { id, bids } in wanted {
            let head = head(db, *id).await?.map(|(seq, _)| seq);
            let bids = if head.is_some() { known_bids(db, *id, bids).await? } else { HashMap::new() };
            all.push(Ok(Found { head, bids }));
        }
        return Ok(all);
    };
    // A row without a bid for each, so that a room that asks for none is told of its head.
    let rows: Vec<(usize, AuctionId, Option<BidId>)> = wanted
        .iter()
        .enumerate()
        .flat_map(|(place, Wanted { id, bids })| {
            bids.iter().copied().map(Some).chain([None]).map(move |bid| (place, *id, bid))
        })
        .collect();
    let query = sqlx::query_as(LOOK_UP)
        .bind(column(&rows, |(place, ..)| signed(*place)))
        .bind(column(&rows, |(_, id, _)| id.uuid()))
        .bind(column(&rows, |(.., bid)| bid.map(BidId::uuid)));
    let answer = answered(async { query.fetch_all(connection.get()?).await }).await;
    let rows: Vec<Row> = connection.seen(answer)?;
    let mut all: Vec<_> = wanted.iter().map(|_| Ok(Found::default())).collect();
    for row in rows {
        let Some(place) = usize::try_from(row.place).ok().and_then(|place| all.get_mut(place)) else { continue };
        if let Ok(found) = place
            && let Err(error) = take(found, row)
        {
            // What is damaged of one lot keeps no other from being bid on.
            *place = Err(error);
        }
    }
    Ok(all)
}

fn take(found: &mut Found, row: Row) -> sqlx::Result<()> {
    found.head = Some(row.seq.unsigned_abs());
    if let (Some(bidder), Some(bid), Some(fingerprint), Some(answer), Some(receipt)) =
        (row.bidder_id, row.bid_id, row.fingerprint, row.answer, row.receipt)
    {
        found.bids.insert((UserId(bidder), BidId(bid)), known(fingerprint, &answer, &receipt)?);
    }
    Ok(())
}
