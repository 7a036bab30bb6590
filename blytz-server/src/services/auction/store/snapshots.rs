//! States that are kept, so that a long log need not be read from its beginning.

use blytz_core::{
    AuctionId,
    auction::{Snapshot, log::Head},
};

use super::signed;
use crate::db::{Db, Run, Tx, on_db, on_tx};

const NEWEST: &str = "
    select snapshot from auction_snapshots where auction_id = $1 and seq < $2 order by seq desc limit 1";

/// The newest state that is kept of an auction from before an event.
pub async fn snapshot(db: &Db, id: AuctionId, before: u64) -> sqlx::Result<Option<Snapshot>> {
    let stored = on_db!(db, conn => sqlx::query_scalar::<_, String>(NEWEST)
        .bind(id.uuid())
        .bind(signed(before))
        .fetch_optional(conn)
        .await)?;
    Ok(stored.map(Snapshot::stored))
}

const KEPT: &str = "select seq from auction_snapshots where auction_id = $1 order by seq desc";

const KEEP: &str = "
    insert into auction_snapshots (auction_id, seq, snapshot) values ($1, $2, $3)
    on conflict (auction_id, seq) do update set snapshot = excluded.snapshot";

const FORGET: &str = "delete from auction_snapshots where auction_id = $1 and seq = $2";

/// Keeps the state at a head, and of earlier ones as many as are of use.
pub async fn keep(tx: &mut Tx, head: &Head, snapshot: &Snapshot) -> sqlx::Result<()> {
    let id = head.auction_id.uuid();
    let kept: Vec<i64> = on_tx!(tx, conn => sqlx::query_scalar(KEPT).bind(id).fetch_all(conn).await)?;
    on_tx!(tx, conn => sqlx::query(KEEP)
        .bind(id)
        .bind(signed(head.seq))
        .bind(snapshot.as_json())
        .run(conn)
        .await)?;
    for seq in superfluous(signed(head.seq), &kept) {
        on_tx!(tx, conn => sqlx::query(FORGET).bind(id).bind(seq).run(conn).await)?;
    }
    Ok(())
}

/// Which of these seqs, latest first, are of no use once there is a state at `head`. A void goes back to
/// the last state before the bid that it strikes: it should find one not much farther back than the bid
/// is, so the farther back states are, the farther apart they may be.
fn superfluous(head: i64, kept: &[i64]) -> Vec<i64> {
    let (mut next, mut superfluous) = (head, Vec::new());
    for (index, seq) in kept.iter().enumerate().filter(|(_, seq)| **seq < head) {
        // Without this one, whoever goes back to right before the next must go to the one before this.
        let before = kept.get(index + 1).copied().unwrap_or(0);
        if next - before <= (head - next) / 2 {
            superfluous.push(*seq);
        } else {
            next = *seq;
        }
    }
    superfluous
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_farther_apart_the_farther_back_they_are() {
        let mut kept: Vec<i64> = Vec::new();
        for head in (1..=1_000).map(|thousand| thousand * 1_000) {
            let superfluous = superfluous(head, &kept);
            kept.retain(|seq| !superfluous.contains(seq));
            kept.insert(0, head);
            for (later, earlier) in kept.iter().zip(kept.iter().skip(1).chain([&0])) {
                let (reach, distance) = (later - earlier, head - later);
                assert!(reach <= 1_000.max(distance / 2), "{reach} back from {distance} before {head}");
            }
        }
        assert!(kept.len() < 40, "{} states of a million events", kept.len());
    }
}
