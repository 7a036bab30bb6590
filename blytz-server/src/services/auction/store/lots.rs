//! Auctions and their heads.

use blytz_core::{
    AuctionId, ProductId, StreamId, Timestamp, UserId,
    auction::{Outage, Rules, log::Head},
    wire::auction::{AuctionStatus, Item, RulesView},
};
use sqlx::FromRow;
use uuid::Uuid;

use super::{read, signed};
use crate::{
    db::{Db, Run, Source, Tx, on_db, on_tx},
    services::auction::state::{StoredItem, StoredRules, StoredState},
};

/// An auction and where its log ends.
pub struct Lot {
    pub head: Head,
    pub seller_id: UserId,
    pub product_id: ProductId,
    pub stream_id: Option<StreamId>,
    pub title: String,
    pub starts_at: Option<Timestamp>,
    pub rules: RulesView,
    pub rules_hash: String,
    pub item: Item,
    pub item_hash: String,
    pub created_at: Timestamp,
    pub state: StoredState,
    pub due_at: Option<Timestamp>,
    /// From when on an outage is made good for.
    pub late_from: Option<Timestamp>,
    clear_rules: String,
}

impl Lot {
    /// Its id, which is its log's.
    pub const fn id(&self) -> AuctionId {
        self.head.auction_id
    }

    /// The rules with the reserve in clear. They stay closed until somebody asks who may see it.
    pub fn clear_rules(&self) -> sqlx::Result<RulesView> {
        read(&self.clear_rules).map(|rules: Rules| rules.clear_view())
    }
}

#[derive(FromRow)]
struct LotRow {
    id: Uuid,
    seller_id: Uuid,
    product_id: Uuid,
    stream_id: Option<Uuid>,
    title: String,
    starts_at_us: Option<i64>,
    rules: String,
    rules_view: String,
    rules_hash: String,
    item: String,
    item_hash: String,
    created_at_us: i64,
    seq: i64,
    hash: String,
    state: String,
    due_at_us: Option<i64>,
    late_from_us: Option<i64>,
}

impl TryFrom<LotRow> for Lot {
    type Error = sqlx::Error;
    fn try_from(row: LotRow) -> sqlx::Result<Self> {
        Ok(Self {
            head: Head { auction_id: AuctionId(row.id), seq: row.seq.unsigned_abs(), hash: row.hash },
            seller_id: UserId(row.seller_id),
            product_id: ProductId(row.product_id),
            stream_id: row.stream_id.map(StreamId),
            title: row.title,
            starts_at: row.starts_at_us.map(Timestamp::from_micros),
            rules: read(&row.rules_view)?,
            rules_hash: row.rules_hash,
            item: read(&row.item)?,
            item_hash: row.item_hash,
            created_at: Timestamp::from_micros(row.created_at_us),
            state: read(&row.state)?,
            due_at: row.due_at_us.map(Timestamp::from_micros),
            late_from: row.late_from_us.map(Timestamp::from_micros),
            clear_rules: row.rules,
        })
    }
}

/// A new auction.
pub struct NewLot<'a> {
    pub id: AuctionId,
    pub seller_id: UserId,
    pub product_id: ProductId,
    pub stream_id: Option<StreamId>,
    pub at: Timestamp,
    pub rules: &'a StoredRules,
    pub item: &'a StoredItem,
}

const INSERT_LOT: &str = "
    insert into auctions
        (id, seller_id, product_id, stream_id, position, title, starts_at_us, rules, rules_view, rules_hash, created_at_us,
        item, item_hash)
    values ($1, $2, $3, $4, (select coalesce(max(position), 0) + 1 from auctions where stream_id = $4), $5, $6, $7, $8, $9, $10,
        $11, $12)";

/// Adds an auction, at the end of its show's queue if it has one.
pub async fn insert_lot(tx: &mut Tx, lot: &NewLot<'_>) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(INSERT_LOT)
        .bind(lot.id.uuid())
        .bind(lot.seller_id.uuid())
        .bind(lot.product_id.uuid())
        .bind(lot.stream_id.map(StreamId::uuid))
        .bind(&lot.item.title)
        .bind(lot.rules.starts_at.map(Timestamp::as_micros))
        .bind(&lot.rules.rules)
        .bind(&lot.rules.rules_view)
        .bind(&lot.rules.rules_hash)
        .bind(lot.at.as_micros())
        .bind(&lot.item.item)
        .bind(&lot.item.item_hash)
        .run(conn)
        .await
        .map(drop))
}

const AMEND_LOT: &str = "
    update auctions
    set title = $2, starts_at_us = $3, rules = $4, rules_view = $5, rules_hash = $6, item = $7, item_hash = $8
    where id = $1";

const HOLD_LOT: &str = "select 1 from auctions where id = $1 for no key update";

/// Changes an auction's rules, opening and item.
pub async fn amend_lot(tx: &mut Tx, id: AuctionId, rules: &StoredRules, item: &StoredItem) -> sqlx::Result<()> {
    tx.hold(HOLD_LOT, id.uuid()).await?;
    on_tx!(tx, conn => sqlx::query(AMEND_LOT)
        .bind(id.uuid())
        .bind(&item.title)
        .bind(rules.starts_at.map(Timestamp::as_micros))
        .bind(&rules.rules)
        .bind(&rules.rules_view)
        .bind(&rules.rules_hash)
        .bind(&item.item)
        .bind(&item.item_hash)
        .run(conn)
        .await
        .map(drop))
}

macro_rules! select_lots {
    ($($from:expr),+) => {
        concat!(
            "select a.id, a.seller_id, a.product_id, a.stream_id, a.title, a.starts_at_us, a.rules, a.rules_view,
                a.rules_hash, a.item, a.item_hash, a.created_at_us, h.seq, h.hash, h.state, h.due_at_us, h.late_from_us
            from ",
            $($from),+
        )
    };
}

const SELECT_LOT: &str = select_lots!("auctions a join auction_heads h on h.auction_id = a.id where a.id = $1");

/// One auction.
pub async fn lot(from: impl Source, id: AuctionId) -> sqlx::Result<Option<Lot>> {
    let row: Option<LotRow> =
        on_db!(from, conn => sqlx::query_as(SELECT_LOT).bind(id.uuid()).fetch_optional(conn).await)?;
    row.map(Lot::try_from).transpose()
}

/// Which auctions a list shows.
pub struct LotFilter {
    pub status: Option<AuctionStatus>,
    pub stream_id: Option<StreamId>,
    pub seller_id: Option<UserId>,
    /// Only those made before this one.
    pub before: Option<AuctionId>,
}

/// One text per way to the lots, each starting from an index that has them in order: what comes
/// first is read first, where a database lets itself be told.
macro_rules! list_lots {
    ($from:literal, $id:literal) => {
        select_lots!(
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
pub async fn lots(db: &Db, filter: &LotFilter, limit: usize) -> sqlx::Result<Vec<Lot>> {
    let rows: Vec<LotRow> = on_db!(db, conn => sqlx::query_as(filter.text())
        .bind(filter.before.map_or(Uuid::max(), AuctionId::uuid))
        .bind(filter.status.map(AuctionStatus::name))
        .bind(filter.stream_id.map(StreamId::uuid))
        .bind(filter.seller_id.map(UserId::uuid))
        .bind(signed(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(Lot::try_from).collect()
}

const SELECT_QUEUE: &str = select_lots!(
    "auctions a join auction_heads h on h.auction_id = a.id
    where a.stream_id = $1 order by a.position, a.id limit 1000"
);

/// The show's lots, in the order of its queue.
pub async fn queue(db: &Db, show: StreamId) -> sqlx::Result<Vec<Lot>> {
    let rows: Vec<LotRow> = on_db!(db, conn => sqlx::query_as(SELECT_QUEUE).bind(show.uuid()).fetch_all(conn).await)?;
    rows.into_iter().map(Lot::try_from).collect()
}

const DUE_LOTS: &str = "
    select due_at_us, auction_id from auction_heads
    where due_at_us is not null and due_at_us <= $1 and (due_at_us, auction_id) > ($2, $3)
    order by due_at_us, auction_id limit 1000";

/// The auctions that open or close by themselves until then, the most urgent first, after this one.
pub async fn due_lots(
    db: &Db,
    until: Timestamp,
    after: Option<(Timestamp, AuctionId)>,
) -> sqlx::Result<Vec<(Timestamp, AuctionId)>> {
    let (at, id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (at.as_micros(), id.uuid()));
    let due: Vec<(i64, Uuid)> = on_db!(db, conn => sqlx::query_as(DUE_LOTS)
        .bind(until.as_micros())
        .bind(at)
        .bind(id)
        .fetch_all(conn)
        .await)?;
    Ok(due.into_iter().map(|(at, id)| (Timestamp::from_micros(at), AuctionId(id))).collect())
}

const MET_BY: &str = "
    select auction_id from auction_heads where late_from_us < $2 and due_at_us > $1 order by due_at_us, auction_id";

/// The live auctions whose last moments an outage may have met, the most urgent first.
pub async fn met_by(db: &Db, outage: Outage) -> sqlx::Result<Vec<AuctionId>> {
    let ids: Vec<Uuid> = on_db!(db, conn => sqlx::query_scalar(MET_BY)
        .bind(outage.from.as_micros())
        .bind(outage.to.as_micros())
        .fetch_all(conn)
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
