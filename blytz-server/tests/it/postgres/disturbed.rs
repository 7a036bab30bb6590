//! An operator at work on PostgreSQL while people bid: connections are ended, and tables locked for longer
//! than anybody waits for a lock.

use std::time::Duration;

use blytz_server::Clock;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{
    bidding::{Bidder, Crowd, lots, nothing_is_lost, watchers::Watcher},
    cluster::left_out,
    house::{House, Lot, START, fresh_database, product, rules, rules_with, text},
};

const BIDDERS: usize = 8;
const LOTS: usize = 3;

/// A house whose lots are bid on, and its operator.
struct Busy {
    house: House,
    crowd: Crowd,
    watcher: Watcher,
    lots: Vec<Lot>,
    operator: PgConnection,
}

impl Busy {
    async fn start() -> Self {
        let url = fresh_database();
        let operator = PgConnection::connect(&url).await.expect("it takes connections");
        let house = House::open_over(url, Clock::system()).await;
        let lots = lots(&house.seller("sita").await, LOTS).await;
        let watcher = Watcher::start(&house.nobody, &lots);
        let crowd = Crowd::start(Bidder::sign_up(BIDDERS, &[&house.nobody]).await, &lots);
        Self { house, crowd, watcher, lots, operator }
    }

    async fn ends_well(self) {
        let Self { house, crowd, watcher, lots, operator: _operator } = self;
        let counts = nothing_is_lost(crowd, vec![watcher], &lots).await;
        house.close().await;
        println!("{} bids accepted: {counts:?}", counts.all_accepted());
    }
}

/// Of this database: others are other tests'.
const END_CONNECTIONS: &str = "
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and application_name = 'blytz-server'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_ended_lose_nothing() {
    if left_out() {
        return;
    }
    let mut busy = Busy::start().await;
    for _ in 0..20 {
        busy.crowd.bids(1 + rand::random_range(0..10)).await;
        busy.operator.execute(END_CONNECTIONS).await.expect("they are told to end");
    }
    busy.crowd.goes_on(3).await;
    busy.ends_well().await;
}

/// Locks these tables, one after the other, each until many have been told to come back.
async fn locks(tables: &[&str]) {
    if left_out() {
        return;
    }
    let mut busy = Busy::start().await;
    for table in tables {
        busy.crowd.goes_on(1).await;
        let lock = AssertSqlSafe(format!("begin; lock table {table} in access exclusive mode"));
        busy.operator.execute(lock).await.expect("it is locked");
        let later = busy.crowd.counts().later;
        busy.crowd.until(|counts| counts.later >= later + BIDDERS).await;
        busy.operator.execute("commit").await.expect("it is free");
        busy.crowd.goes_on(2).await;
    }
    busy.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_are_locked_for_long_are_waited_for_and_nothing_is_lost() {
    locks(&["auction_heads"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: locks three tables for longer than anybody waits"]
async fn tables_that_are_locked_for_long_are_waited_for_and_nothing_is_lost() {
    locks(&["auction_events", "auction_bids", "service_time"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_somebody_has_keeps_only_its_own_lot_waiting() {
    if left_out() {
        return;
    }
    let url = fresh_database();
    let mut operator = PgConnection::connect(&url).await.expect("it takes connections");
    let house = House::open_over(url, Clock::manual(START)).await;
    let (seller, ann, ben) = (house.seller("sita").await, house.buyer("ann").await, house.buyer("ben").await);
    let product = text(&seller.list(product(1)).await["id"]);
    let unsold = seller.put_up_as(json!({ "product_id": product, "rules": rules() })).await;
    seller.open(&unsold).await.expect(200);
    let other = seller.auction(rules_with(json!({ "duration_ms": 3_600_000 }))).await;

    // Its unit is given back when it closes, and that is what somebody keeps for themselves.
    let lock = AssertSqlSafe(format!("begin; select 1 from products where id = '{product}' for update"));
    operator.execute(lock).await.expect("it is locked");
    house.clock.advance(Duration::from_secs(61));
    for (bid, bidder) in (0..40).zip([&ann, &ben].into_iter().cycle()) {
        bidder.bid(&other, 1_000 + 100 * bid).await.expect(201);
    }
    operator.execute("commit").await.expect("it is free");
    while unsold.status().await["status"] == "live" {
        tokio::task::yield_now().await;
    }
    assert_eq!(unsold.status().await["status"], "unsold");
    let stock = seller.get(format!("/products/{product}/inventory")).await.expect(200);
    assert_eq!((&stock["on_hand"], &stock["reserved"]), (&json!(1), &json!(0)), "{stock}");
    house.close().await;
}
