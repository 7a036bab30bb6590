//! The time of service and outages on both databases: see [`crate::db::conformance`].

use blytz_core::auction::Outage;

use super::super::store;
use crate::db::conformance::{Draw, Pair, left_out, reads, writes};

const STEPS: usize = 2_000;

#[tokio::test]
async fn outages_are_kept_alike() {
    if left_out() {
        return;
    }
    let (mut pair, mut draw) = (Pair::open(19).await, Draw::new(19));
    for _ in 0..STEPS {
        let (from, to) = (draw.at(), draw.at());
        match draw.below(4) {
            0 => {
                reads!(pair, store::served_until());
                writes!(pair, store::served_until());
            }
            1 => drop(writes!(pair, store::serve(to))),
            2 => drop(writes!(pair, store::insert_outage(Outage { from, to }))),
            _ => {
                reads!(pair, store::outages());
                writes!(pair, store::outages());
            }
        }
        pair.step().await;
    }
    pair.finish().await;
}
