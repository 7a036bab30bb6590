//! Who watches a lot, and whom a seller has blocked.

use std::collections::HashSet;

use blytz_core::{AuctionId, Timestamp, UserId};
use uuid::Uuid;

use super::signed;
use crate::db::{Db, Run, Tx, on_db, on_tx};

const WATCH: &str = "
    insert into auction_watches (auction_id, user_id) values ($1, $2) on conflict (auction_id, user_id) do nothing";

/// Notes that somebody watches a lot.
pub async fn watch(tx: &mut Tx, id: AuctionId, user: UserId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(WATCH).bind(id.uuid()).bind(user.uuid()).run(conn).await.map(drop))
}

const UNWATCH: &str = "delete from auction_watches where auction_id = $1 and user_id = $2";

/// Notes that they no longer do.
pub async fn unwatch(tx: &mut Tx, id: AuctionId, user: UserId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(UNWATCH).bind(id.uuid()).bind(user.uuid()).run(conn).await.map(drop))
}

const IS_WATCHING: &str = "select count(*) from auction_watches where auction_id = $1 and user_id = $2";

/// Whether somebody watches a lot.
pub async fn is_watching(db: &Db, id: AuctionId, user: UserId) -> sqlx::Result<bool> {
    let count: i64 = on_db!(db, conn => sqlx::query_scalar(IS_WATCHING)
        .bind(id.uuid())
        .bind(user.uuid())
        .fetch_one(conn)
        .await)?;
    Ok(count > 0)
}

const FOLLOWS: &str = "
    select count(*) from auction_watches w join auctions a on a.id = w.auction_id
    where w.user_id = $1 and a.seller_id = $2";

/// Whether somebody watches any lot of this seller.
pub async fn follows(db: &Db, seller: UserId, user: UserId) -> sqlx::Result<bool> {
    let count: i64 = on_db!(db, conn => sqlx::query_scalar(FOLLOWS)
        .bind(user.uuid())
        .bind(seller.uuid())
        .fetch_one(conn)
        .await)?;
    Ok(count > 0)
}

const BLOCK: &str = "
    insert into seller_blocks (seller_id, user_id, blocked_at_us) values ($1, $2, $3)
    on conflict (seller_id, user_id) do nothing";

/// Puts somebody on a seller's blocklist.
pub async fn block(tx: &mut Tx, seller: UserId, user: UserId, at: Timestamp) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(BLOCK)
        .bind(seller.uuid())
        .bind(user.uuid())
        .bind(at.as_micros())
        .run(conn)
        .await
        .map(drop))
}

const UNBLOCK: &str = "delete from seller_blocks where seller_id = $1 and user_id = $2";

/// Takes them off again.
pub async fn unblock(tx: &mut Tx, seller: UserId, user: UserId) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(UNBLOCK).bind(seller.uuid()).bind(user.uuid()).run(conn).await.map(drop))
}

const BLOCKED: &str = "
    select user_id, blocked_at_us from seller_blocks where seller_id = $1 and user_id > $2 order by user_id limit $3";

/// Whom a seller has blocked, and since when, by user id.
pub async fn blocked(
    db: &Db,
    seller: UserId,
    after: Option<UserId>,
    limit: usize,
) -> sqlx::Result<Vec<(UserId, Timestamp)>> {
    let rows: Vec<(Uuid, i64)> = on_db!(db, conn => sqlx::query_as(BLOCKED)
        .bind(seller.uuid())
        .bind(after.map_or(Uuid::nil(), UserId::uuid))
        .bind(signed(limit))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|(user, at)| (UserId(user), Timestamp::from_micros(at))).collect())
}

/// The whole blocklist, as a room keeps it.
pub async fn blocklist(db: &Db, seller: UserId) -> sqlx::Result<HashSet<UserId>> {
    Ok(blocked(db, seller, None, usize::MAX).await?.into_iter().map(|(user, _)| user).collect())
}
