//! Which lots a show has, and in which order.

use blytz_core::{AuctionId, StreamId, UserId};
use uuid::Uuid;

use super::signed;
use crate::db::{Run, Source, Tx, on_db, on_tx, select_in};

const QUEUE_IDS: &str = "select id from auctions where stream_id = $1 order by position, id limit $2";

/// The first lots of a show's queue, in its order.
pub async fn queue_ids(from: impl Source, show: StreamId, most: usize) -> sqlx::Result<Vec<AuctionId>> {
    let ids: Vec<Uuid> = on_db!(from, conn => sqlx::query_scalar(QUEUE_IDS)
        .bind(show.uuid())
        .bind(signed(most))
        .fetch_all(conn)
        .await)?;
    Ok(ids.into_iter().map(AuctionId).collect())
}

const LIVE_LOTS: &str = "
    select a.id from auctions a join auction_heads h on h.auction_id = a.id
    where a.stream_id = $1 and h.status = 'live'";

/// The show's live lots.
pub async fn live_lots(tx: &mut Tx, show: StreamId) -> sqlx::Result<Vec<AuctionId>> {
    let ids: Vec<Uuid> = on_tx!(tx, conn => sqlx::query_scalar(LIVE_LOTS).bind(show.uuid()).fetch_all(conn).await)?;
    Ok(ids.into_iter().map(AuctionId).collect())
}

const EMPTY_QUEUE: &str = "update auctions set stream_id = null where stream_id = $1";

/// Takes every lot out of a show's queue.
pub async fn empty_queue(tx: &mut Tx, show: StreamId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(EMPTY_QUEUE).bind(show.uuid()).run(conn).await.map(drop))
}

const OWN_LOTS: &str = "select id from auctions where seller_id = $1 and id in";
const HOLD_LOTS: &str = "select 1 from auctions where id = any($1) order by id for no key update";

/// Has none of these lots opened by hand, or put elsewhere, until this transaction has ended. Only of a
/// seller's own: nobody keeps others' from being opened.
pub async fn hold_lots(tx: &mut Tx, lots: &[AuctionId], seller: UserId) -> sqlx::Result<()> {
    let ids: Vec<_> = lots.iter().map(|lot| lot.uuid()).collect();
    let own: Vec<(Uuid,)> = select_in(&mut *tx, OWN_LOTS, Some(seller.uuid()), &ids).await?;
    let own: Vec<_> = own.into_iter().map(|(id,)| id).collect();
    tx.hold_all(HOLD_LOTS, &own).await
}

const ENQUEUE: &str = "
    update auctions set stream_id = $2, position = $3
    where id = $1 and seller_id = $4 and (stream_id is null or stream_id = $2 or not exists
        (select 1 from auction_heads h where h.auction_id = $1 and h.status = 'live'))";

/// Puts a seller's lot into a show's queue. False when they have no such lot, or when it is live in
/// another show.
pub async fn enqueue(
    tx: &mut Tx,
    lot: AuctionId,
    show: StreamId,
    position: usize,
    seller: UserId,
) -> sqlx::Result<bool> {
    on_tx!(tx, conn => sqlx::query(ENQUEUE)
        .bind(lot.uuid())
        .bind(show.uuid())
        .bind(signed(position))
        .bind(seller.uuid())
        .run(conn)
        .await
        .map(|rows| rows == 1))
}

/// Others may open other lots of the show meanwhile; who ends it waits.
const HOLD_SHOW: &str = "
    select 1 from streams s join auctions a on a.stream_id = s.id where a.id = $1 for share of s";

const SHOW_HAS_ENDED: &str = "
    select count(*) from auctions a join streams s on s.id = a.stream_id where a.id = $1 and s.status = 'ended'";

const KEEP_IN_SHOW: &str = "select 1 from auctions where id = $1 for share";

/// Whether the lot belongs to a show that has ended. Until this transaction has ended neither changes: the
/// show is held, and so is the lot's place in it.
pub async fn show_has_ended(tx: &mut Tx, lot: AuctionId) -> sqlx::Result<bool> {
    for lock in [HOLD_SHOW, KEEP_IN_SHOW, HOLD_SHOW] {
        // Once more, as it may have been put into another one before it was held.
        tx.hold(lock, lot.uuid()).await?;
    }
    let count: i64 = on_tx!(tx, conn => sqlx::query_scalar(SHOW_HAS_ENDED).bind(lot.uuid()).fetch_one(conn).await)?;
    Ok(count > 0)
}
