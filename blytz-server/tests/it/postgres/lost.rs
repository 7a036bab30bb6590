//! Commits whose answer gets lost or comes too late, and commits that PostgreSQL never hears of or only once
//! the server has given up: nothing happens twice, and nothing that stands is refused.

use std::time::Duration;

use blytz_server::Clock;
use serde_json::Value;

use super::proxy::{CommitProxy, Fate, Transaction};
use crate::{
    bidding::{Bidder, Crowd, is_for_later, lots, nothing_is_lost, watchers::Watcher},
    cluster::{left_out, shared},
    house::{House, Person, START, Show, fresh_database, items, new_id, product, rules, text},
    shop::Shop,
};

const BIDDERS: usize = 12;
const LOTS: usize = 6;

/// Longer than a server waits for the answer to a commit.
const LATE: Duration = Duration::from_secs(4);

/// Longer than PostgreSQL lets a transaction do nothing.
const TOO_LATE: Duration = Duration::from_secs(7);

/// The names of a house's commits: of what a transaction says that writes bids.
const BIDS: &str = "auction_events";

/// A house whose commits go through a proxy.
async fn behind_a_proxy(database: &str, clock: Clock) -> (CommitProxy, House) {
    let proxy = CommitProxy::start(shared().port()).await;
    let url = proxy.url(database.rsplit('/').next().expect("a name"));
    (proxy, House::open_over(url, clock).await)
}

/// Whether something with this chance happens.
fn chance(of: u32, out_of: u32) -> bool {
    rand::random_ratio(of, out_of)
}

/// Loses some of the next commits of bids and of beats on the way, in one direction or the other.
async fn drop_commits(proxy: &CommitProxy, count: usize) {
    let (before, mut left) = (proxy.counts().dropped, count);
    proxy.decide(move |transaction| {
        let meant = transaction.says(BIDS) || transaction.says("service_time") && chance(1, 4);
        if !meant || left == 0 || chance(1, 2) {
            return Fate::Pass;
        }
        left -= 1;
        if chance(1, 4) { Fate::DropBefore } else { Fate::DropAnswer }
    });
    // In parts: each of them is waited for as long as all of them might be.
    for part in 1..=count {
        proxy.until(|counts| counts.dropped >= before + part).await;
    }
}

/// Has some of the next commits of bids come later than anybody waits for them, or their answers.
async fn delay_commits(proxy: &CommitProxy, count: usize) {
    let late = |counts: &super::proxy::Counts| counts.delayed + counts.held;
    let (before, mut left) = (late(&proxy.counts()), count);
    proxy.decide(move |transaction: &Transaction| {
        if !transaction.says(BIDS) || left == 0 || chance(1, 4) {
            return Fate::Pass;
        }
        left -= 1;
        match rand::random_range(0..3) {
            0 => Fate::DelayAnswer(LATE),
            1 => Fate::HoldCommit(LATE),
            _ => Fate::HoldCommit(TOO_LATE),
        }
    });
    for part in 1..=count {
        proxy.until(|counts| late(counts) >= before + part).await;
    }
}

/// Bids on a house, or on several over one database, whose commits get lost.
async fn nothing_happens_twice(houses: usize, drops: usize, delays: usize) {
    if left_out() {
        return;
    }
    let database = fresh_database();
    let mut behind = Vec::new();
    for _ in 0..houses {
        behind.push(behind_a_proxy(&database, Clock::system()).await);
    }
    let lots = lots(&behind[0].1.seller("sita").await, LOTS).await;
    let nobody: Vec<_> = behind.iter().map(|(_, house)| &house.nobody).collect();
    let watchers: Vec<_> = nobody.iter().map(|nobody| Watcher::start(nobody, &lots)).collect();
    let mut crowd = Crowd::start(Bidder::sign_up(BIDDERS, &nobody).await, &lots);
    for (proxy, _) in &behind {
        drop_commits(proxy, drops).await;
    }
    crowd.goes_on(2).await;
    for (proxy, _) in &behind {
        delay_commits(proxy, delays).await;
    }
    crowd.goes_on(2).await;
    let counts = nothing_is_lost(crowd, watchers, &lots).await;
    let lost: Vec<_> = behind.iter().map(|(proxy, _)| proxy.counts()).collect();
    println!("{lost:?}; {} bids accepted: {counts:?}", counts.all_accepted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bids_whose_commits_get_lost_stand_once() {
    nothing_happens_twice(1, 25, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: loses 200 commits, and has 20 come seconds too late"]
async fn bids_whose_commits_get_lost_again_and_again_stand_once() {
    nothing_happens_twice(1, 200, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: loses 100 commits of each of two servers, and has 10 of each come seconds too late"]
async fn bids_at_two_servers_whose_commits_get_lost_stand_once() {
    nothing_happens_twice(2, 100, 10).await;
}

/// Says something under one id until it is answered.
async fn say_until_answered(who: Person, show: &Show, what: String) -> Value {
    let id = new_id();
    loop {
        let answer = who.say_as(&id, show, &what).await;
        if answer.status < 500 {
            assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
            return answer.body;
        }
        is_for_later(&answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_whose_commits_get_lost_are_said_once() {
    if left_out() {
        return;
    }
    let (proxy, house) = behind_a_proxy(&fresh_database(), Clock::manual(START)).await;
    let shows = [house.seller("siti").await.host("Ceramics").await, house.seller("sita").await.host("Coins").await];
    let mut people = Vec::new();
    for index in 0..6 {
        people.push(house.buyer(&format!("person{index}")).await);
    }
    proxy.decide(|transaction| match rand::random_range(0..4) {
        _ if !transaction.says("chat_events") => Fate::Pass,
        0 => Fate::DropBefore,
        1 => Fate::DropAnswer,
        _ => Fate::Pass,
    });
    for show in &shows {
        let all = people.iter().map(|who| async {
            let mut said = Vec::new();
            for n in 0..8 {
                said.push(say_until_answered(who.clone(), show, format!("message {n}")).await);
            }
            said
        });
        let mut said: Vec<_> = futures_util::future::join_all(all).await.into_iter().flatten().collect();
        said.sort_by_key(|message| message["seq"].as_u64());
        let mut told = house.nobody.pages(format!("/chat/stream/{show}?limit=20")).await;
        told.reverse();
        assert_eq!(told, said, "each once, as it was answered");
    }
    assert!(proxy.counts().dropped > 0, "some were lost");
}

#[tokio::test]
async fn whoever_writes_is_told_when_nobody_knows_whether_it_is_written() {
    if left_out() {
        return;
    }
    for fate in [Fate::DropBefore, Fate::DropAnswer] {
        let (proxy, house) = behind_a_proxy(&fresh_database(), Clock::manual(START)).await;
        let shop = Shop::stock(house).await;
        let mut unknown = 0;
        for endpoint in shop.endpoints() {
            let before = proxy.counts().dropped;
            proxy.next("", [fate]);
            let answer = endpoint.json(&endpoint.good).await;
            proxy.decide(|_| Fate::Pass);
            let lost = proxy.counts().dropped > before;
            if answer.status >= 500 {
                answer.refused(503, "outcome_unknown");
                is_for_later(&answer);
                unknown += 1;
            }
            assert!(lost || answer.status < 500, "{}: nothing was lost", endpoint.path);
            // Whoever looks, or asks again, is served at once.
            let again = endpoint.json(&endpoint.good).await;
            assert!(again.status < 500, "{}: {}", endpoint.path, again.body);
        }
        assert!(unknown > 15, "{unknown} is not all that is written outside of rooms");
        shop.state().await;
    }
}

#[tokio::test]
async fn what_is_committed_unheard_stands_and_what_is_not_does_not() {
    if left_out() {
        return;
    }
    let (proxy, house) = behind_a_proxy(&fresh_database(), Clock::manual(START)).await;
    let seller = house.seller("sita").await;
    for (fate, stand) in [(Fate::DropBefore, 0), (Fate::DropAnswer, 1), (Fate::DelayAnswer(LATE), 2)] {
        proxy.next("insert into products", [fate]);
        seller.post("/products", product(1)).await.refused(503, "outcome_unknown");
        let listed = seller.get(format!("/products?seller_id={}", seller.id)).await.expect(200);
        assert_eq!(items(&listed).count(), stand, "{fate:?}");
    }
}

#[tokio::test]
async fn a_beat_whose_commit_gets_lost_is_no_outage() {
    if left_out() {
        return;
    }
    let (proxy, house) = behind_a_proxy(&fresh_database(), Clock::manual(START)).await;
    let (lot, ann) = (house.seller("sita").await.auction(rules()).await, house.buyer("ann").await);
    for fate in [Fate::DropAnswer, Fate::DropBefore] {
        proxy.next("service_time", [fate]);
        house.clock.advance(Duration::from_secs(1));
        house.app().platform.attendance.beat().await.expect_err("nobody is told");
        house.beat().await;
        assert_eq!(*house.app().platform.attendance.outages(), []);
    }
    ann.bid(&lot, 1_000).await.expect(201);
    assert_eq!(text(&lot.status().await["status"]), "live");
}
