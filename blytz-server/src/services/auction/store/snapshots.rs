//! States that are kept, so that a long log need not be read from its beginning.

use blytz_core::AuctionId;

use super::signed;
use crate::db::{Db, Tx, on_db, on_tx};

const NEWEST: &str = "
    select snapshot from auction_snapshots where auction_id = $1 order by seq desc limit 1";

/// The newest state that is kept of an auction.
pub async fn snapshot(db: &Db, id: AuctionId) -> sqlx::Result<Option<String>> {
    on_db!(db, conn => sqlx::query_scalar::<_, String>(NEWEST).bind(id.uuid()).fetch_optional(conn).await)
}

const KEEP: &str = "
    insert into auction_snapshots (auction_id, seq, snapshot) values ($1, $2, $3)
    on conflict (auction_id, seq) do nothing";

/// Keeps a state.
pub async fn keep_snapshot(tx: &mut Tx, id: AuctionId, seq: u64, snapshot: &str) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(KEEP)
        .bind(id.uuid())
        .bind(signed(seq))
        .bind(snapshot)
        .execute(conn)
        .await
        .map(drop))
}
