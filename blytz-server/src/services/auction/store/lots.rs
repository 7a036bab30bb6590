//! Auctions and their heads.

use blytz_core::{AuctionId, ProductId, StreamId, Timestamp, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{Db, Tx, on_db, on_tx};

/// An auction and where its log ends.
#[derive(FromRow)]
pub(in super::super) struct LotRow {
    pub id: Uuid,
    pub seller_id: Uuid,
    pub product_id: Uuid,
    pub stream_id: Option<Uuid>,
    pub title: String,
    pub starts_at_us: Option<i64>,
    pub rules: String,
    pub rules_view: String,
    pub rules_hash: String,
    pub created_at_us: i64,
    pub seq: i64,
    pub hash: String,
    pub state: String,
    pub due_at_us: Option<i64>,
}

/// A new auction.
pub(in super::super) struct NewLot<'a> {
    pub id: AuctionId,
    pub seller_id: UserId,
    pub product_id: ProductId,
    pub stream_id: Option<StreamId>,
    pub title: &'a str,
    pub at: Timestamp,
    pub terms: &'a Terms,
}

/// The part of an auction that an amendment changes.
#[derive(Clone)]
pub(in super::super) struct Terms {
    pub starts_at: Option<Timestamp>,
    pub rules: String,
    pub rules_view: String,
    pub rules_hash: String,
}

const INSERT_LOT: &str = "
    insert into auctions
        (id, seller_id, product_id, stream_id, position, title, starts_at_us, rules, rules_view, rules_hash, created_at_us)
    values ($1, $2, $3, $4, (select coalesce(max(position), 0) + 1 from auctions where stream_id = $4), $5, $6, $7, $8, $9, $10)";

/// Adds an auction, at the end of its show's queue if it has one.
pub(in super::super) async fn insert_lot(tx: &mut Tx, lot: &NewLot<'_>) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(INSERT_LOT)
        .bind(lot.id.uuid())
        .bind(lot.seller_id.uuid())
        .bind(lot.product_id.uuid())
        .bind(lot.stream_id.map(StreamId::uuid))
        .bind(lot.title)
        .bind(lot.terms.starts_at.map(Timestamp::as_micros))
        .bind(&lot.terms.rules)
        .bind(&lot.terms.rules_view)
        .bind(&lot.terms.rules_hash)
        .bind(lot.at.as_micros())
        .execute(conn)
        .await
        .map(drop))
}

const AMEND_LOT: &str = "
    update auctions set title = coalesce($2, title), starts_at_us = $3, rules = $4, rules_view = $5, rules_hash = $6
    where id = $1";

/// Changes an auction's rules, opening and, if given, its title.
pub(in super::super) async fn amend_lot(
    tx: &mut Tx,
    id: AuctionId,
    title: Option<&str>,
    terms: &Terms,
) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(AMEND_LOT)
        .bind(id.uuid())
        .bind(title)
        .bind(terms.starts_at.map(Timestamp::as_micros))
        .bind(&terms.rules)
        .bind(&terms.rules_view)
        .bind(&terms.rules_hash)
        .execute(conn)
        .await
        .map(drop))
}

const SELECT_LOT: &str = "
    select a.id, a.seller_id, a.product_id, a.stream_id, a.title, a.starts_at_us, a.rules, a.rules_view, a.rules_hash,
        a.created_at_us, h.seq, h.hash, h.state, h.due_at_us
    from auctions a join auction_heads h on h.auction_id = a.id
    where a.id = $1";

/// One auction.
pub(in super::super) async fn lot(db: &Db, id: AuctionId) -> sqlx::Result<Option<LotRow>> {
    on_db!(db, pool => sqlx::query_as(SELECT_LOT).bind(id.uuid()).fetch_optional(pool).await)
}

/// Which auctions a list shows.
#[derive(Default)]
pub(in super::super) struct LotFilter {
    pub status: Option<String>,
    pub stream_id: Option<StreamId>,
    pub seller_id: Option<UserId>,
    /// Only those made before this one.
    pub before: Option<AuctionId>,
}

/// One text per way to the lots, each starting from an index that has them in order: what comes
/// first is read first, where a database lets itself be told.
macro_rules! list_lots {
    ($from:literal, $id:literal) => {
        concat!(
            "select a.id, a.seller_id, a.product_id, a.stream_id, a.title, a.starts_at_us, a.rules, a.rules_view,
                a.rules_hash, a.created_at_us, h.seq, h.hash, h.state, h.due_at_us
            from ",
            $from,
            " and a.id = h.auction_id and ($2 is null or h.status = $2) and ($3 is null or a.stream_id = $3)
                and ($4 is null or a.seller_id = $4)
            order by ",
            $id,
            " desc limit $5"
        )
    };
}

const LIST_ALL: &str = list_lots!("auction_heads h cross join auctions a where h.auction_id < $1", "h.auction_id");
const LIST_OF_STATUS: &str =
    list_lots!("auction_heads h cross join auctions a where h.status = $2 and h.auction_id < $1", "h.auction_id");
const LIST_OF_STREAM: &str =
    list_lots!("auctions a cross join auction_heads h where a.stream_id = $3 and a.id < $1", "a.id");
const LIST_OF_SELLER: &str =
    list_lots!("auctions a cross join auction_heads h where a.seller_id = $4 and a.id < $1", "a.id");

impl LotFilter {
    /// The way that most likely passes the fewest lots.
    const fn text(&self) -> &'static str {
        match self {
            Self { stream_id: Some(_), .. } => LIST_OF_STREAM,
            Self { seller_id: Some(_), .. } => LIST_OF_SELLER,
            Self { status: Some(_), .. } => LIST_OF_STATUS,
            _ => LIST_ALL,
        }
    }
}

/// Auctions, the newest first.
pub(in super::super) async fn list_lots(db: &Db, filter: &LotFilter, limit: usize) -> sqlx::Result<Vec<LotRow>> {
    on_db!(db, pool => sqlx::query_as(filter.text())
        .bind(filter.before.map_or(Uuid::max(), AuctionId::uuid))
        .bind(filter.status.as_deref())
        .bind(filter.stream_id.map(StreamId::uuid))
        .bind(filter.seller_id.map(UserId::uuid))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await)
}

const DUE_LOTS: &str = "select auction_id from auction_heads where due_at_us is not null and due_at_us <= $1";

/// The auctions that open or close by themselves until then.
pub(in super::super) async fn due_lots(db: &Db, until: Timestamp) -> sqlx::Result<Vec<AuctionId>> {
    let ids: Vec<Uuid> = on_db!(db, pool => sqlx::query_scalar(DUE_LOTS)
        .bind(until.as_micros())
        .fetch_all(pool)
        .await)?;
    Ok(ids.into_iter().map(AuctionId).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Sqlite;

    #[tokio::test]
    async fn every_list_starts_from_an_index_that_has_it_in_order() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::sqlite(Sqlite::open(&folder.path().join("t.db")).await.expect("opens")).await.expect("a schema");
        for (sql, index, sorted) in [
            (LIST_ALL, "sqlite_autoindex_auction_heads_1 (auction_id<?)", false),
            (LIST_OF_STATUS, "auction_heads_by_status (status=? AND auction_id<?)", false),
            (LIST_OF_SELLER, "auctions_by_seller (seller_id=? AND id<?)", false),
            // A show has few lots, in the order of its queue.
            (LIST_OF_STREAM, "auctions_by_stream (stream_id=?)", true),
        ] {
            let sql = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
            let plan: Vec<(i64, i64, i64, String)> =
                on_db!(&db, pool => sqlx::query_as(sql).fetch_all(pool).await).expect("a plan");
            let steps: Vec<_> = plan.iter().map(|step| step.3.as_str()).collect();
            assert!(steps[0].ends_with(index), "{index}: {steps:#?}");
            assert_eq!(steps.contains(&"USE TEMP B-TREE FOR ORDER BY"), sorted, "{index}: {steps:#?}");
        }
    }
}
