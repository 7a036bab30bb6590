//! Shows and their moderators.

use std::collections::HashSet;

use blytz_core::{AuctionId, StreamId, Timestamp, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::lots::LotRow;
use crate::db::{Db, Tx, on_db, on_tx};

/// A show.
#[derive(Clone, FromRow)]
pub(in super::super) struct StreamRow {
    pub id: Uuid,
    pub seller_id: Uuid,
    pub title: String,
    pub status: String,
    pub starts_at_us: Option<i64>,
    pub started_at_us: Option<i64>,
    pub ended_at_us: Option<i64>,
}

const INSERT_STREAM: &str = "
    insert into streams (id, seller_id, title, status, starts_at_us, created_at_us)
    values ($1, $2, $3, 'scheduled', $4, $5)";

/// Announces a show.
pub(in super::super) async fn insert_stream(
    tx: &mut Tx,
    id: StreamId,
    seller: UserId,
    title: &str,
    starts_at: Option<Timestamp>,
    at: Timestamp,
) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(INSERT_STREAM)
        .bind(id.uuid())
        .bind(seller.uuid())
        .bind(title)
        .bind(starts_at.map(Timestamp::as_micros))
        .bind(at.as_micros())
        .execute(conn)
        .await
        .map(drop))
}

const SELECT_STREAM: &str = "
    select id, seller_id, title, status, starts_at_us, started_at_us, ended_at_us from streams where id = $1";

/// One show.
pub(in super::super) async fn stream(db: &Db, id: StreamId) -> sqlx::Result<Option<StreamRow>> {
    on_db!(db, pool => sqlx::query_as(SELECT_STREAM).bind(id.uuid()).fetch_optional(pool).await)
}

/// One show, as a transaction sees it.
pub(in super::super) async fn stream_in(tx: &mut Tx, id: StreamId) -> sqlx::Result<Option<StreamRow>> {
    on_tx!(tx, conn => sqlx::query_as(SELECT_STREAM).bind(id.uuid()).fetch_optional(conn).await)
}

macro_rules! list_streams {
    ($where:literal) => {
        concat!(
            "select id, seller_id, title, status, starts_at_us, started_at_us, ended_at_us from streams where ",
            $where,
            " and id < $1 and ($2 is null or status = $2) order by id desc limit $4"
        )
    };
}

const LIST_STREAMS: &str = list_streams!("$3 is null");
const LIST_OF_STATUS: &str = list_streams!("status = $2 and $3 is null");
const LIST_OF_SELLER: &str = list_streams!("seller_id = $3");

/// Shows, the newest first.
pub(in super::super) async fn list_streams(
    db: &Db,
    status: Option<&str>,
    seller: Option<UserId>,
    before: Option<StreamId>,
    limit: usize,
) -> sqlx::Result<Vec<StreamRow>> {
    let sql = match (seller, status) {
        (Some(_), _) => LIST_OF_SELLER,
        (None, Some(_)) => LIST_OF_STATUS,
        (None, None) => LIST_STREAMS,
    };
    on_db!(db, pool => sqlx::query_as(sql)
        .bind(before.map_or(Uuid::max(), StreamId::uuid))
        .bind(status)
        .bind(seller.map(UserId::uuid))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await)
}

const START_STREAM: &str = "
    update streams set status = 'live', started_at_us = $2 where id = $1 and status = 'scheduled'";

/// Puts a scheduled show on air. False when it is not scheduled.
pub(in super::super) async fn start_stream(tx: &mut Tx, id: StreamId, at: Timestamp) -> sqlx::Result<bool> {
    on_tx!(tx, conn => sqlx::query(START_STREAM)
        .bind(id.uuid())
        .bind(at.as_micros())
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

const END_STREAM: &str = "update streams set status = 'ended', ended_at_us = $2 where id = $1 and status <> 'ended'";

/// Ends a show. False when it has ended before.
pub(in super::super) async fn end_stream(tx: &mut Tx, id: StreamId, at: Timestamp) -> sqlx::Result<bool> {
    on_tx!(tx, conn => sqlx::query(END_STREAM)
        .bind(id.uuid())
        .bind(at.as_micros())
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

const LIVE_LOTS: &str = "
    select a.id from auctions a join auction_heads h on h.auction_id = a.id
    where a.stream_id = $1 and h.status = 'live'";

/// The show's live lots.
pub(in super::super) async fn live_lots(tx: &mut Tx, id: StreamId) -> sqlx::Result<Vec<AuctionId>> {
    let ids: Vec<Uuid> = on_tx!(tx, conn => sqlx::query_scalar(LIVE_LOTS).bind(id.uuid()).fetch_all(conn).await)?;
    Ok(ids.into_iter().map(AuctionId).collect())
}

const SELECT_QUEUE: &str = "
    select a.id, a.seller_id, a.product_id, a.stream_id, a.title, a.starts_at_us, a.rules, a.rules_view, a.rules_hash,
        a.created_at_us, h.seq, h.hash, h.state, h.due_at_us
    from auctions a join auction_heads h on h.auction_id = a.id
    where a.stream_id = $1 order by a.position, a.id limit 1000";

/// The show's lots, in the order of its queue.
pub(in super::super) async fn queue(db: &Db, id: StreamId) -> sqlx::Result<Vec<LotRow>> {
    on_db!(db, pool => sqlx::query_as(SELECT_QUEUE).bind(id.uuid()).fetch_all(pool).await)
}

const SELECT_QUEUE_IDS: &str = "
    select id from auctions where stream_id = $1 order by position, id limit 1000";

/// The ids of the show's lots, in the order of its queue.
pub(in super::super) async fn queue_ids(db: &Db, id: StreamId) -> sqlx::Result<Vec<AuctionId>> {
    let ids: Vec<Uuid> =
        on_db!(db, pool => sqlx::query_scalar(SELECT_QUEUE_IDS).bind(id.uuid()).fetch_all(pool).await)?;
    Ok(ids.into_iter().map(AuctionId).collect())
}

const SELECT_SHOW_LOTS: &str = "select id from auctions where stream_id = $1";

/// All lots of the show, in no order.
pub(in super::super) async fn show_lots(tx: &mut Tx, id: StreamId) -> sqlx::Result<HashSet<AuctionId>> {
    let ids: Vec<Uuid> =
        on_tx!(tx, conn => sqlx::query_scalar(SELECT_SHOW_LOTS).bind(id.uuid()).fetch_all(conn).await)?;
    Ok(ids.into_iter().map(AuctionId).collect())
}

const EMPTY_QUEUE: &str = "update auctions set stream_id = null where stream_id = $1";

/// Takes every lot out of a show's queue.
pub(in super::super) async fn empty_queue(tx: &mut Tx, id: StreamId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(EMPTY_QUEUE).bind(id.uuid()).execute(conn).await.map(drop))
}

const ENQUEUE: &str = "
    update auctions set stream_id = $2, position = $3
    where id = $1 and seller_id = $4 and (stream_id is null or stream_id = $2 or not exists
        (select 1 from auction_heads h where h.auction_id = $1 and h.status = 'live'))";

/// Puts a seller's lot into a show's queue. False when they have no such lot, or when it is live in
/// another show.
pub(in super::super) async fn enqueue(
    tx: &mut Tx,
    lot: AuctionId,
    stream: StreamId,
    position: usize,
    seller: UserId,
) -> sqlx::Result<bool> {
    on_tx!(tx, conn => sqlx::query(ENQUEUE)
        .bind(lot.uuid())
        .bind(stream.uuid())
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(seller.uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

const SHOW_HAS_ENDED: &str = "
    select count(*) from auctions a join streams s on s.id = a.stream_id where a.id = $1 and s.status = 'ended'";

/// Whether the lot belongs to a show that has ended.
pub(in super::super) async fn show_has_ended(tx: &mut Tx, lot: AuctionId) -> sqlx::Result<bool> {
    let count: i64 = on_tx!(tx, conn => sqlx::query_scalar(SHOW_HAS_ENDED).bind(lot.uuid()).fetch_one(conn).await)?;
    Ok(count > 0)
}

const MODERATORS: &str = "select user_id from stream_moderators where stream_id = $1";

/// The show's own moderators.
pub(in super::super) async fn moderators(db: &Db, id: StreamId) -> sqlx::Result<HashSet<UserId>> {
    let ids: Vec<Uuid> = on_db!(db, pool => sqlx::query_scalar(MODERATORS).bind(id.uuid()).fetch_all(pool).await)?;
    Ok(ids.into_iter().map(UserId).collect())
}

const ADD_MODERATOR: &str = "
    insert into stream_moderators (stream_id, user_id) values ($1, $2) on conflict (stream_id, user_id) do nothing";

/// Makes somebody a moderator of a show.
pub(in super::super) async fn add_moderator(tx: &mut Tx, id: StreamId, user: UserId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(ADD_MODERATOR).bind(id.uuid()).bind(user.uuid()).execute(conn).await.map(drop))
}

const REMOVE_MODERATOR: &str = "delete from stream_moderators where stream_id = $1 and user_id = $2";

/// Takes that back.
pub(in super::super) async fn remove_moderator(tx: &mut Tx, id: StreamId, user: UserId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(REMOVE_MODERATOR).bind(id.uuid()).bind(user.uuid()).execute(conn).await.map(drop))
}
