//! Several servers over one database, whose people bid on the same lots.

use std::time::Duration;

use blytz_core::wire::auction::AuctionStatus;
use blytz_server::Clock;

use crate::{
    bidding::{
        Bidder, Crowd,
        books::{self, agree, are_proved},
        lots_for,
        watchers::Watcher,
    },
    cluster::left_out,
    house::{House, START, fresh_database},
};

const BIDDERS: usize = 16;

/// For less than anybody stays logged in.
const OPEN: Duration = Duration::from_mins(10);

/// Two servers whose clock is one.
async fn two_houses() -> (Clock, [House; 2]) {
    let (clock, database) = (Clock::manual(START), fresh_database());
    let first = House::open_over(database.clone(), clock.clone()).await;
    let second = House::open_over(database, clock.clone()).await;
    (clock, [first, second])
}

/// Bids at both on few lots, until these are over while people still bid.
async fn everybody_is_answered(lots_count: usize, bids: usize) {
    if left_out() {
        return;
    }
    let (clock, houses) = two_houses().await;
    let nobody = [&houses[0].nobody, &houses[1].nobody];
    let lots = lots_for(OPEN, &houses[0].seller("sita").await, lots_count).await;
    let watchers = nobody.map(|nobody| Watcher::start(nobody, &lots));
    let mut crowd = Crowd::start(Bidder::sign_up(BIDDERS, &nobody).await, &lots);
    crowd.bids(bids).await;
    crowd.goes_on(5).await;
    clock.advance(OPEN + Duration::from_secs(1));
    crowd.until(|counts| counts.too_late > 2 * BIDDERS).await;
    let (bidders, told, counts) = crowd.end().await;
    assert_eq!((counts.later, counts.cut), (0, 0), "nobody has to come back because others bid elsewhere");

    let elsewhere: Vec<_> = lots.iter().map(|lot| lot.at(&houses[1])).collect();
    let logs = books::logs(&lots).await;
    assert_eq!(logs, books::logs(&elsewhere).await, "one log, whoever is asked");
    agree(&logs, &told, &bidders).await;
    for watcher in watchers {
        watcher.saw(&logs).await;
    }
    are_proved(&lots, &houses[0].nobody, AuctionStatus::Unsold).await;
    are_proved(&elsewhere, &houses[1].nobody, AuctionStatus::Unsold).await;
    println!("{} bids accepted: {counts:?}", counts.all_accepted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bids_at_two_servers_are_all_answered_and_a_lot_closes_once() {
    everybody_is_answered(2, 150).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: thousands of bids on one lot at two servers, and on many"]
async fn many_bids_at_two_servers_are_all_answered() {
    everybody_is_answered(1, 1_500).await;
    everybody_is_answered(12, 1_500).await;
}
