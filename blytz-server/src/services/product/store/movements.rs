//! The stock book: what moved, when and why.

use blytz_core::{
    MovementId, ProductId, Timestamp,
    catalog::Moved,
    wire::product::{Movement, MovementKind},
};
use uuid::Uuid;

use super::Record;
use crate::{
    db::{Db, Run, Tx, on_db, on_tx},
    error::{Result, internal},
};

const fn kind_text(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Initial => "initial",
        MovementKind::Set => "set",
        MovementKind::Adjust => "adjust",
        MovementKind::Reserve => "reserve",
        MovementKind::Release => "release",
        MovementKind::Sale => "sale",
    }
}

fn kind_from(text: &str) -> Option<MovementKind> {
    use MovementKind::{Adjust, Initial, Release, Reserve, Sale, Set};
    [Initial, Set, Adjust, Reserve, Release, Sale].into_iter().find(|kind| kind_text(*kind) == text)
}

const APPEND: &str = "
    insert into stock_movements (product_id, product_rev, id, at_us, kind, delta, reason, on_hand_after)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Writes what led to the product's present stock into the book.
pub async fn append(tx: &mut Tx, record: &Record, id: MovementId, moved: Moved, reason: Option<&str>) -> Result<()> {
    on_tx!(tx, conn => sqlx::query(APPEND)
        .bind(record.id.uuid())
        .bind(record.rev)
        .bind(id.uuid())
        .bind(record.updated_at.as_micros())
        .bind(kind_text(moved.kind))
        .bind(moved.delta)
        .bind(reason)
        .bind(moved.after.on_hand())
        .run(conn)
        .await)?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    product_rev: i64,
    id: Uuid,
    at_us: i64,
    kind: String,
    delta: i64,
    reason: Option<String>,
    on_hand_after: i64,
}

const LIST: &str = "
    select product_rev, id, at_us, kind, delta, reason, on_hand_after from stock_movements
    where product_id = $1 and product_rev < $2
    order by product_rev desc limit $3";

/// Movements of a product before one of its revisions, latest first, each with its revision.
pub async fn list(db: &Db, product: ProductId, before: i64, limit: usize) -> Result<Vec<(i64, Movement)>> {
    let rows: Vec<Row> = on_db!(db, conn => sqlx::query_as(LIST)
        .bind(product.uuid())
        .bind(before)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await)?;
    let read = |row: Row| {
        let unknown = || internal(format!("movement {}: unknown kind {}", row.id, row.kind));
        let movement = Movement {
            id: row.id.into(),
            at: Timestamp::from_micros(row.at_us),
            kind: kind_from(&row.kind).ok_or_else(unknown)?,
            delta: row.delta,
            reason: row.reason,
            on_hand_after: row.on_hand_after,
        };
        Ok((row.product_rev, movement))
    };
    rows.into_iter().map(read).collect()
}
