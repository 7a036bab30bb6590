//! Nobody wins a lot because the house was away, and nobody pays another price because its clock was set.

use std::{path::Path, time::Duration};

use blytz_core::Timestamp;
use serde_json::{Value, json};

use crate::house::{House, Lot, Person, START, money, rules, rules_with, with};

fn second(second: i64) -> Timestamp {
    START.plus_millis(second * 1_000)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A minute, with a soft close in its last ten seconds, by eight.
fn soft() -> Value {
    rules_with(json!({ "soft_close": { "trigger_ms": 10_000, "extend_ms": 8_000, "mode": "reset" } }))
}

/// A house that can be killed, with lots under these rules that were opened at the start, and somebody
/// who buys.
async fn opened<const N: usize>(folder: &Path, rules: [Value; N]) -> (House, [Lot; N], Person) {
    let house = House::open_to_be_killed(folder, second(-1)).await;
    let (lots, ann) = (with_lots(&house, &rules).await, house.buyer("ann").await);
    (house, lots.try_into().ok().expect("as many as rules"), ann)
}

/// Lots that open at the start.
async fn with_lots(house: &House, rules: &[Value]) -> Vec<Lot> {
    let seller = house.seller("sita").await;
    let mut lots = Vec::new();
    for rules in rules {
        lots.push(seller.put_up(rules.clone()).await);
    }
    house.clock.set(START);
    for lot in &lots {
        seller.open(lot).await.expect(200);
    }
    lots
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Kills a house at this second of its time, up to which it has been served.
async fn killed_at(house: House, at: i64) {
    house.clock.set(second(at));
    house.beat().await;
    house.kill().await;
}

/// Status and close of a lot: how it stands once everything is done that is due.
async fn course(lot: &Lot) -> (String, Timestamp) {
    let status = lot.status().await;
    let text = |field: &str| status[field].as_str().expect("a text").to_owned();
    (text("status"), text("closes_at").parse().expect("a time"))
}

async fn is_live_until(lot: &Lot, closes_at: Timestamp) {
    assert_eq!(course(lot).await, ("live".to_owned(), closes_at));
}

async fn was_sold_at(lot: &Lot, closed_at: Timestamp) {
    assert_eq!(course(lot).await, ("sold".to_owned(), closed_at));
}

/// What the log says of outages: since when, until when, and to when the close moved.
async fn outages(lot: &Lot) -> Vec<[Value; 3]> {
    let log = lot.log().await;
    let extended = log.iter().map(|event| &event["data"]).filter(|data| data["reason"] == "outage");
    extended.map(|data| ["from", "to", "closes_at"].map(|field| data[field].clone())).collect()
}

fn told(from: Timestamp, to: Timestamp, closes_at: Timestamp) -> [Value; 3] {
    [from, to, closes_at].map(|at| json!(at))
}

#[tokio::test]
async fn who_was_killed_over_the_close_gives_the_last_moments_back_once() {
    let folder = folder();
    let (house, [soft, sudden], ann) = opened(folder.path(), [soft(), rules()]).await;
    for lot in [&soft, &sudden] {
        ann.bid(lot, 1_000).await.expect(201);
    }
    killed_at(house, 30).await;

    let house = House::open_to_be_killed(folder.path(), second(65)).await;
    let (soft, sudden) = (soft.at(&house), sudden.at(&house));
    is_live_until(&soft, second(73)).await;
    was_sold_at(&sudden, second(60)).await;
    assert_eq!(soft.kinds().await, ["scheduled", "opened", "bid", "extended"]);
    house.clock.set(second(73));
    was_sold_at(&soft, second(73)).await;
    soft.proof().await.expect(200);
}

#[tokio::test]
async fn the_log_says_since_when_and_until_when_nobody_was_served() {
    let folder = folder();
    let (house, [lot], _) = opened(folder.path(), [soft()]).await;
    killed_at(house, 55).await;
    let house = House::open_to_be_killed(folder.path(), second(65)).await;
    let lot = lot.at(&house);
    is_live_until(&lot, second(73)).await;
    assert_eq!(outages(&lot).await, [told(second(55), second(65), second(73))]);
}

#[tokio::test]
async fn a_house_that_goes_away_again_and_again_comes_to_an_end() {
    let folder = folder();
    let (house, [lot], ann) = opened(folder.path(), [soft()]).await;
    ann.bid(&lot, 1_000).await.expect(201);
    killed_at(house, 55).await;
    // Each time it is killed a second before the close, and back a second after it.
    for (back, closes_at) in [(61, 69), (70, 78), (79, 87)] {
        let house = House::open_to_be_killed(folder.path(), second(back)).await;
        is_live_until(&lot.at(&house), second(closes_at)).await;
        killed_at(house, closes_at - 1).await;
    }
    let house = House::open_to_be_killed(folder.path(), second(88)).await;
    let lot = lot.at(&house);
    was_sold_at(&lot, second(87)).await;
    let told = [
        told(second(55), second(61), second(69)),
        told(second(68), second(70), second(78)),
        told(second(77), second(79), second(87)),
    ];
    assert_eq!(outages(&lot).await, told);
}

#[tokio::test]
async fn what_a_start_owed_that_was_killed_itself_is_owed_by_the_next() {
    let folder = folder();
    let (house, [lot], ann) = opened(folder.path(), [soft()]).await;
    ann.bid(&lot, 1_000).await.expect(201);
    killed_at(house, 55).await;
    House::killed_at_the_start(folder.path(), second(70)).await;
    House::killed_at_the_start(folder.path(), second(75)).await;
    let house = House::open_to_be_killed(folder.path(), second(90)).await;
    let lot = lot.at(&house);
    is_live_until(&lot, second(98)).await;
    assert_eq!(outages(&lot).await, [told(second(55), second(70), second(98))]);
}

#[tokio::test]
async fn a_clean_stop_cuts_who_would_have_bid_as_well() {
    let folder = folder();
    let (house, [lot], ann) = opened(folder.path(), [soft()]).await;
    ann.bid(&lot, 1_000).await.expect(201);
    house.clock.set(second(55));
    house.close().await;
    let house = House::open_to_be_killed(folder.path(), second(56)).await;
    let lot = lot.at(&house);
    is_live_until(&lot, second(64)).await;
    assert_eq!(outages(&lot).await, [told(second(55), second(56), second(64))]);
}

#[tokio::test]
async fn a_machine_that_slept_was_away() {
    let folder = folder();
    let (house, [soft, sudden], ann) = opened(folder.path(), [soft(), rules()]).await;
    for lot in [&soft, &sudden] {
        ann.bid(lot, 1_000).await.expect(201);
    }
    house.clock.advance(seconds(55));
    house.beat().await;
    house.clock.suspend(seconds(30));
    house.beat().await;
    is_live_until(&soft, second(93)).await;
    was_sold_at(&sudden, second(60)).await;
    assert_eq!(outages(&soft).await, [told(second(55), second(85), second(93))]);
    house.clock.advance(seconds(8));
    was_sold_at(&soft, second(93)).await;
}

#[tokio::test]
async fn nothing_is_decided_before_it_is_known_that_the_machine_slept() {
    let folder = folder();
    let (house, [lot], ann) = opened(folder.path(), [soft()]).await;
    house.clock.advance(seconds(55));
    house.beat().await;
    // No beat can be written, and nor can what is decided.
    let writing = house.app().platform.db.begin_bids().await.expect("a turn");
    house.clock.suspend(seconds(30));
    let bidding = tokio::spawn({
        let lot = lot.at(&house);
        async move { ann.bid(&lot, 1_000).await }
    });
    tokio::task::yield_now().await;
    drop(writing);
    let answer = bidding.await.expect("it ends").expect(201);
    assert_eq!(answer["at"], json!(second(85).plus_micros(1)), "after the lot was made good for");
    assert_eq!(lot.kinds().await, ["scheduled", "opened", "extended", "bid", "extended"]);
}

#[tokio::test]
async fn a_wall_clock_that_was_set_back_makes_no_lot_longer_and_nothing_dearer() {
    let folder = folder();
    let dutch = json!({ "step": 100, "interval_ms": 1_000, "floor": money(100) });
    let falling = json!({ "format": "dutch", "starting_price": money(6_000), "increment": null, "dutch": dutch });
    let (house, [falling, sudden], ann) = opened(folder.path(), [with(rules(), falling), rules()]).await;
    ann.bid(&sudden, 1_000).await.expect(201);
    killed_at(house, 30).await;

    let house = House::open_to_be_killed(folder.path(), START).await;
    let (falling, sudden) = (falling.at(&house), sudden.at(&house));
    let state = falling.status().await;
    // The house goes on two seconds later: so long after its last beat it may have shown prices.
    assert_eq!((&state["price"], &state["closes_at"]), (&money(2_800), &json!(second(60))));
    is_live_until(&sudden, second(60)).await;
    house.clock.advance(seconds(30));
    was_sold_at(&sudden, second(60)).await;
    assert_eq!(falling.status().await["status"], "unsold");
}

#[tokio::test]
async fn a_lot_whose_last_moments_were_still_to_come_keeps_its_close() {
    let folder = folder();
    let (house, [lot], ann) = opened(folder.path(), [soft()]).await;
    ann.bid(&lot, 1_000).await.expect(201);
    killed_at(house, 10).await;
    let house = House::open_to_be_killed(folder.path(), second(50)).await;
    is_live_until(&lot.at(&house), second(60)).await;
    // That outage is known for ever, and never meets it.
    killed_at(house, 51).await;
    let house = House::open_to_be_killed(folder.path(), second(52)).await;
    let lot = lot.at(&house);
    is_live_until(&lot, second(60)).await;
    house.clock.set(second(60));
    was_sold_at(&lot, second(60)).await;
    assert_eq!(lot.kinds().await, ["scheduled", "opened", "bid", "closed"]);
}

#[tokio::test]
async fn three_hundred_overdue_lots_are_each_extended_once() {
    let folder = folder();
    let house = House::open_to_be_killed(folder.path(), second(-1)).await;
    let lots = with_lots(&house, &vec![soft(); 300]).await;
    killed_at(house, 55).await;
    let house = House::open_to_be_killed(folder.path(), second(65)).await;
    for lot in &lots {
        let lot = lot.at(&house);
        is_live_until(&lot, second(73)).await;
        assert_eq!(lot.kinds().await, ["scheduled", "opened", "extended"]);
    }
    house.clock.set(second(73));
    for lot in &lots {
        assert_eq!(course(&lot.at(&house)).await, ("unsold".to_owned(), second(73)));
    }
}
