//! PostgreSQL ends in the middle of everything, and the server lives on.

use std::time::Duration;

use blytz_server::Clock;
use futures_util::future::join_all;

use super::blocking;
use crate::{
    bidding::{Bidder, Crowd, is_for_later, lots, nothing_is_lost, watchers::Watcher},
    cluster::{Cluster, Durability, left_out},
    document::witness::client,
    house::{Answer, House, START},
    shop::Shop,
};

const BIDDERS: usize = 8;
const LOTS: usize = 3;

/// A cluster of this test's own, with an empty database.
async fn cluster() -> Cluster {
    let made = blocking(|| {
        let cluster = Cluster::start(Durability::On);
        cluster.create_database("shop", None);
        cluster
    });
    made.await
}

async fn stopped(mut cluster: Cluster) -> Cluster {
    let stopped = blocking(move || {
        cluster.stop_at_once();
        cluster
    });
    stopped.await
}

async fn started(mut cluster: Cluster) -> Cluster {
    let started = blocking(move || {
        cluster.start_again();
        cluster
    });
    started.await
}

/// Returns once the house says this of itself.
async fn says(house: &House, status: u16) {
    let said = async {
        while client().get(format!("{}/ready", house.running.url())).send().await.expect("an answer").status() != status
        {
            tokio::task::yield_now().await;
        }
    };
    let said = tokio::time::timeout(Duration::from_mins(1), said).await;
    assert!(said.is_ok(), "/ready does not say {status}");
}

async fn bids_over(stops: usize) {
    if left_out() {
        return;
    }
    let mut cluster = cluster().await;
    let house = House::open_over(cluster.url("shop"), Clock::system()).await;
    let lots = lots(&house.seller("sita").await, LOTS).await;
    let watchers: Vec<_> = (0..3).map(|_| Watcher::start(&house.nobody, &lots)).collect();
    let mut crowd = Crowd::start(Bidder::sign_up(BIDDERS, &[&house.nobody]).await, &lots);
    for _ in 0..stops {
        crowd.bids(1 + rand::random_range(0..60)).await;
        let later = crowd.counts().later;
        cluster = stopped(cluster).await;
        says(&house, 503).await;
        crowd.until(|counts| counts.later > later).await;
        cluster = started(cluster).await;
        says(&house, 200).await;
        crowd.goes_on(3).await;
    }
    let counts = nothing_is_lost(crowd, watchers, &lots).await;
    println!("{stops} stops, {} bids accepted: {counts:?}", counts.all_accepted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_stops_loses_nothing_and_bids_go_on_by_themselves() {
    bids_over(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: stops PostgreSQL ten times under load"]
async fn a_postgresql_that_stops_ten_times_loses_nothing() {
    bids_over(10).await;
}

/// What somebody is told who asks for something: of no fault, and to come back where it can't be had.
async fn is_told(what: &str, asked: impl Future<Output = Answer>) -> u16 {
    let answer = asked.await;
    if answer.status >= 500 {
        println!("{what}");
        is_for_later(&answer);
    }
    answer.status
}

/// The statuses of everything that can be asked for, at once.
async fn everything(shop: &Shop) -> Vec<u16> {
    let (sights, endpoints) = (shop.sights(), shop.endpoints());
    let seen = join_all(sights.iter().map(|(who, path)| is_told(path, who.get(path))));
    let done = join_all(endpoints.iter().map(|endpoint| is_told(&endpoint.path, endpoint.json(&endpoint.good))));
    let (seen, done) = tokio::join!(seen, done);
    [seen, done].concat()
}

#[tokio::test]
async fn while_postgresql_is_away_whoever_asks_is_told_to_come_back() {
    if left_out() {
        return;
    }
    let cluster = cluster().await;
    let shop = Shop::stock(House::open_over(cluster.url("shop"), Clock::manual(START)).await).await;
    let cluster = stopped(cluster).await;
    let told = everything(&shop).await;
    assert!(told.iter().filter(|status| **status == 503).count() > told.len() / 2, "it is needed: {told:?}");
    let _cluster = started(cluster).await;
    says(&shop.house, 200).await;
    assert!(everything(&shop).await.iter().all(|status| *status < 500), "all of it works again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_while_postgresql_is_away_does() {
    if left_out() {
        return;
    }
    let cluster = cluster().await;
    let house = House::open_over(cluster.url("shop"), Clock::system()).await;
    let lots = lots(&house.seller("sita").await, LOTS).await;
    let mut crowd = Crowd::start(Bidder::sign_up(BIDDERS, &[&house.nobody]).await, &lots);
    crowd.goes_on(2).await;
    let _cluster = stopped(cluster).await;
    crowd.until(|counts| counts.later > 0).await;
    let ended = tokio::time::timeout(Duration::from_mins(1), house.running.stop()).await;
    ended.expect("it ends").expect("a clean stop");
}
