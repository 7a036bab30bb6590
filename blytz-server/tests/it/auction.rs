//! Auctions over HTTP: who may, in which order it is refused, and what the clock does.

use std::time::Duration;

use blytz_core::auction::proof::verify;
use serde_json::{Value, json};

use crate::house::{House, Lot, START, buy_now, each, exact, max, money, new_id, product, rules, rules_with, text};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_bid_happens_once_however_often_it_is_sent() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(rules()).await;
    let id = new_id();

    let first = ann.bid(&lot, max(3_000).under(&id)).await.expect(201);
    assert_eq!(first["outcome"], "leading");
    let again = ann.bid(&lot, max(3_000).under(&id)).await.expect(200);
    assert_eq!(again["replayed"], true);
    assert_eq!((&again["seq"], &again["hash"], &again["receipt"]), (&first["seq"], &first["hash"], &first["receipt"]));
    ann.bid(&lot, max(3_001).under(&id)).await.refused(422, "idempotency_mismatch");
    ann.bid(&lot, exact(3_000).under(&id)).await.refused(422, "idempotency_mismatch");
    ben.bid(&lot, exact(1_500).under(&id)).await.expect(201);
    assert_eq!(lot.status().await["bid_count"], 2, "the same id from another user is another bid");

    house.clock.advance(seconds(61));
    ben.bid(&lot, 9_000).await.refused(409, "auction_closed");
    let late = ann.bid(&lot, max(3_000).under(&id)).await.expect(200);
    assert_eq!(late["hash"], first["hash"], "remembered before any check of the state");

    let record = ann.recall(&lot, &id).await.expect(200);
    assert_eq!((&record["max"], &record["voided"]), (&money(3_000), &json!(false)));
    assert_eq!(record["seq"], first["seq"]);
    seller.recall(&lot, &id).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_refused_bid_stays_refused_for_a_minute() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let ann = house.buyer("ann").await;
    let lot = seller.put_up(rules_with(json!({ "duration_ms": 600_000 }))).await;
    let id = new_id();
    ann.bid(&lot, exact(1_000).under(&id)).await.refused(409, "auction_not_live");
    seller.open(&lot).await.expect(200);
    ann.bid(&lot, exact(1_000).under(&id)).await.refused(409, "auction_not_live");
    let other = new_id();
    ann.bid(&lot, exact(500).under(&other)).await.refused(409, "bid_too_low");
    ann.bid(&lot, max(1_000).under(&other)).await.expect(201);
    let known = ann.bid(&lot, exact(500).under(&other)).await;
    known.refused(422, "idempotency_mismatch");
    house.clock.advance(seconds(61));
    ann.bid(&lot, exact(1_000).under(&id)).await.refused(409, "already_leading");
}

#[tokio::test]
async fn refusals_come_in_the_order_of_the_contract() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let admin = house.admin().await;
    let (ann, ben, cat) = (house.buyer("ann").await, house.buyer("ben").await, house.buyer("cat").await);
    let lot = seller.auction(rules()).await;
    let known = new_id();
    ben.bid(&lot, exact(1_000).under(&known)).await.expect(201);

    let (nobody, forger) = (&house.nobody, house.nobody.with_token("nobody"));
    nobody.post_raw("/auction/bid", "text/plain", "{").await.refused(415, "unsupported_media_type");
    nobody.post_raw("/auction/bid", "application/json", "{").await.refused(400, "malformed_json");
    forger.post("/auction/bid", json!({})).await.refused(401, "unauthenticated");
    ann.post("/auction/bid", json!({})).await.refused(422, "validation_failed");
    ann.bid(&new_id(), 1).await.refused(404, "not_found");

    // A known bid is answered as then, even to who may not bid any more.
    seller.block(&ben).await.expect(204);
    admin.suspend(&ben.id).await.expect(200);
    ben.bid(&lot, exact(1_000).under(&known)).await.expect(200);
    let dollars = || exact(5_000).in_currency("USD");
    ben.bid(&lot, dollars()).await.refused(403, "suspended");
    seller.bid(&lot, dollars()).await.refused(403, "own_auction");
    seller.block(&cat).await.expect(204);
    cat.bid(&lot, dollars()).await.refused(403, "blocked");
    ann.bid(&lot, dollars()).await.refused(422, "currency_mismatch");
    ann.bid(&lot, buy_now()).await.refused(409, "buy_now_unavailable");
    let low = ann.bid(&lot, 1_099).await;
    low.refused(409, "bid_too_low");
    assert_eq!(low.body["next_minimum"], money(1_100));

    seller.unblock(&cat).await.expect(204);
    cat.bid(&lot, max(5_000)).await.expect(201);
    cat.bid(&lot, 6_000).await.refused(409, "already_leading");
    cat.bid(&lot, max(5_000)).await.refused(409, "max_not_raised");

    let sealed = json!({ "format": "sealed_first_price", "increment": null });
    let sealed = seller.auction(rules_with(sealed)).await;
    ann.bid(&sealed, max(5_000)).await.refused(422, "kind_not_allowed");
    let cancelled = seller.auction(rules()).await;
    seller.cancel(&cancelled, "a mistake").await.expect(200);
    ann.bid(&cancelled, 5_000).await.refused(409, "auction_cancelled");
}

#[tokio::test]
async fn a_late_bid_moves_the_close_and_nothing_counts_after_it() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let soft_close = json!({ "trigger_ms": 10_000, "extend_ms": 10_000, "mode": "reset", "max_total_ms": 15_000 });
    let lot = seller.auction(rules_with(json!({ "soft_close": soft_close }))).await;
    let close = |answer: &Value| text(&answer["closes_at"]);
    let open = lot.opened().await;
    let at = |millis: i64| open.plus_millis(millis).to_string();

    house.clock.set(open.plus_millis(49_999));
    assert_eq!(close(&ann.bid(&lot, 1_000).await.expect(201)), at(60_000));
    house.clock.set(open.plus_millis(55_000));
    assert_eq!(close(&ben.bid(&lot, 1_100).await.expect(201)), at(65_000));
    house.clock.set(open.plus_millis(64_999));
    assert_eq!(close(&ann.bid(&lot, 1_200).await.expect(201)), at(74_999));
    house.clock.set(open.plus_millis(74_998));
    assert_eq!(close(&ben.bid(&lot, 1_300).await.expect(201)), at(75_000), "the cap");
    house.clock.set(open.plus_millis(75_000));
    ann.bid(&lot, 1_400).await.refused(409, "auction_closed");

    let view = lot.view().await;
    assert_eq!(view["status"], "sold");
    assert_eq!((&view["outcome"]["price"], &view["outcome"]["winner"]["id"]), (&money(1_300), &json!(ben.id)));
    assert_eq!(view["extensions"], 3);
    let events = house.nobody.get(format!("/auction/{lot}/events?after=9")).await.expect(200);
    let last = events["items"].as_array().and_then(|items| items.last()).expect("events");
    assert_eq!((&last["kind"], &last["at"]), (&json!("closed"), &json!(at(75_000))));
}

#[tokio::test]
async fn a_lot_with_a_start_opens_and_closes_by_itself() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let product = text(&seller.list(product(1)).await["id"]);
    let body = json!({ "product_id": product, "starts_at": START.plus_millis(5_000).to_string(), "rules": rules() });
    let made = seller.post("/auction", body).await.expect(201);
    let lot = Lot::of(&made, &seller);
    assert_eq!((&made["status"], &made["opens_at"], &made["price"]), (&json!("scheduled"), &Value::Null, &Value::Null));
    let inventory = format!("/products/{product}/inventory");
    assert_eq!(seller.get(&inventory).await.expect(200)["reserved"], 1, "the lot holds its unit");
    let second = json!({ "product_id": product, "rules": rules() });
    seller.post("/auction", second).await.refused(409, "out_of_stock");

    house.clock.advance(seconds(5));
    assert_eq!(lot.status().await["status"], "live");
    house.clock.advance(seconds(60));
    assert_eq!(lot.status().await["status"], "unsold");
    assert_eq!(lot.kinds().await, ["scheduled", "opened", "closed"]);
    assert_eq!(seller.get(&inventory).await.expect(200)["reserved"], 0, "it gave its unit back");
}

#[tokio::test]
async fn only_the_seller_and_admins_see_a_reserve() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let admin = house.admin().await;
    let ann = house.buyer("ann").await;
    let lot = seller.auction(rules_with(json!({ "reserve_price": money(5_000) }))).await;
    let path = format!("/auction/{lot}");
    for insider in [&seller, &admin] {
        assert_eq!(insider.get(&path).await.expect(200)["rules"]["reserve_price"], money(5_000));
    }
    for outsider in [&house.nobody, &ann] {
        let view = outsider.get(&path).await.expect(200);
        assert_eq!(text(&view["rules"]["reserve_price"]["commitment"]).len(), 64);
        assert!(!view.to_string().contains(":5000"));
    }
    let log = house.nobody.get(format!("{path}/events")).await.expect(200);
    assert!(!log.to_string().contains(":5000"), "nor does the log say it");
    ann.bid(&lot, max(6_000)).await.expect(201);
    assert_eq!(lot.status().await["price"], money(5_000));
    assert_eq!(lot.status().await["reserve_met"], true);
}

#[tokio::test]
async fn buying_now_ends_the_lot_in_one_commit() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(rules_with(json!({ "buy_now_price": money(4_000) }))).await;
    assert_eq!(lot.status().await["buy_now"], money(4_000));
    house.clock.advance(seconds(1));
    let won = ann.bid(&lot, buy_now()).await.expect(201);
    assert_eq!((&won["outcome"], &won["price"], &won["closes_at"]), (&json!("won"), &money(4_000), &won["at"]));
    assert_eq!(lot.kinds().await, ["scheduled", "opened", "bid", "closed"]);
    ben.bid(&lot, buy_now()).await.refused(409, "auction_closed");
}

#[tokio::test]
async fn a_dutch_price_falls_with_the_clock() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let ann = house.buyer("ann").await;
    let dutch = json!({ "step": 100, "interval_ms": 1_000, "floor": money(500) });
    let lot = seller.auction(rules_with(json!({ "format": "dutch", "increment": null, "dutch": dutch }))).await;
    house.clock.advance(Duration::from_millis(2_500));
    assert_eq!(lot.status().await["price"], money(800));
    ann.bid(&lot, 799).await.refused(409, "bid_too_low");
    let won = ann.bid(&lot, 900).await.expect(201);
    assert_eq!((&won["outcome"], &won["price"]), (&json!("won"), &money(800)));
}

#[tokio::test]
async fn sealed_bids_show_nothing_but_their_number() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let sealed = json!({ "format": "sealed_second_price", "increment": null, "reserve_price": money(1_500) });
    let lot = seller.auction(rules_with(sealed)).await;
    let answer = ann.bid(&lot, 4_000).await.expect(201);
    assert_eq!(
        (&answer["outcome"], &answer["price"], &answer["leader_id"]),
        (&json!("sealed"), &Value::Null, &Value::Null)
    );
    ben.bid(&lot, 2_000).await.expect(201);
    ben.bid(&lot, 3_000).await.expect(201);
    ben.bid(&lot, 2_500).await.refused(409, "max_not_raised");
    let hidden = lot.status().await;
    assert_eq!(hidden["bid_count"], 2);
    for field in ["price", "leader", "next_minimum", "reserve_met"] {
        assert_eq!(hidden[field], Value::Null, "{field}");
    }
    let log = house.nobody.get(format!("/auction/{lot}/events")).await.expect(200).to_string();
    assert!(!log.contains(&ann.id) && !log.contains(":4000"), "{log}");
    house.clock.advance(seconds(61));
    let view = lot.view().await;
    assert_eq!((&view["outcome"]["winner"]["id"], &view["outcome"]["price"]), (&json!(ann.id), &money(3_000)));
}

#[tokio::test]
async fn a_void_strikes_the_bidder_and_again_changes_nothing() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(rules()).await;
    ann.bid(&lot, 1_000).await.expect(201);
    let id = new_id();
    ben.bid(&lot, max(9_000).under(&id)).await.expect(201);
    ann.bid(&lot, 2_000).await.expect(201);
    ann.void(&lot, &id).await.refused(403, "forbidden");
    seller.void(&lot, &new_id()).await.refused(404, "not_found");
    let after = seller.void(&lot, &id).await.expect(200);
    assert_eq!(
        (&after["price"], &after["leader"]["id"], &after["bid_count"]),
        (&money(1_000), &json!(ann.id), &json!(2))
    );
    let again = seller.void(&lot, &id).await.expect(200);
    assert_eq!((&again["seq"], &again["price"]), (&after["seq"], &after["price"]));
    ben.bid(&lot, 5_000).await.refused(403, "blocked");
    assert_eq!(ben.recall(&lot, &id).await.expect(200)["voided"], true);
}

/// Ids of bids are public: a friend of the shill's copies one, to keep the shill from being voided
/// or to have somebody else struck.
#[tokio::test]
async fn a_copied_bid_id_protects_nobody_and_hurts_nobody() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (shill, friend, ann) = (house.buyer("shill").await, house.buyer("friend").await, house.buyer("ann").await);
    let lot = seller.auction(rules()).await;
    let id = new_id();
    let first = shill.bid(&lot, exact(1_000).under(&id)).await.expect(201);
    friend.bid(&lot, exact(2_000).under(&id)).await.expect(201);
    ann.bid(&lot, exact(3_000).under(&id)).await.expect(201);

    seller.void(&lot, &id).await.refused(409, "conflict");
    seller.void_of(&new_id(), &lot, &id).await.refused(404, "not_found");
    seller.void_of("x", &lot, &id).await.refused(422, "validation_failed");
    let after = seller.void_of(&friend.id, &lot, &id).await.expect(200);
    assert_eq!((&after["leader"]["id"], &after["bid_count"]), (&json!(ann.id), &json!(2)));
    seller.void(&lot, &id).await.refused(409, "conflict");
    let after = seller.void_of(&shill.id, &lot, &id).await.expect(200);
    assert_eq!((&after["leader"]["id"], &after["bid_count"]), (&json!(ann.id), &json!(1)));
    let again = seller.void_of(&shill.id, &lot, &id).await.expect(200);
    assert_eq!(again["seq"], after["seq"]);

    for (bidder, voided) in [(&shill, true), (&friend, true), (&ann, false)] {
        assert_eq!(bidder.recall(&lot, &id).await.expect(200)["voided"], voided);
    }
    let log = lot.log().await;
    let voided = log.iter().filter(|event| event["kind"] == "voided");
    let seqs: Vec<_> = voided.map(|event| event["data"]["bid_seq"].clone()).collect();
    let first = first["seq"].as_u64().expect("a seq");
    assert_eq!(seqs, [json!(first + 1), json!(first)]);

    house.clock.advance(seconds(61));
    let proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
    let verdict = verify(&proof, &house.trust().await).expect("it follows");
    assert_eq!(verdict.winner.map(|winner| winner.to_string()), Some(ann.id));
}

#[tokio::test]
async fn a_seller_changes_and_cancels_until_the_first_bid() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let other = house.seller("other").await;
    let admin = house.admin().await;
    let ann = house.buyer("ann").await;
    let lot = seller.auction(rules()).await;
    let open = lot.opened().await;
    let longer = json!({ "title": "A better title", "rules": rules_with(json!({ "duration_ms": 90_000 })) });
    other.amend(&lot, longer.clone()).await.refused(403, "forbidden");
    let amended = seller.amend(&lot, longer).await.expect(200);
    assert_eq!(
        (&amended["title"], &amended["closes_at"]),
        (&json!("A better title"), &json!(open.plus_millis(90_000).to_string()))
    );
    let shorter = json!({ "rules": rules_with(json!({ "duration_ms": 30_000 })) });
    let amended = seller.amend(&lot, shorter).await.expect(200);
    assert_eq!(amended["closes_at"], open.plus_millis(90_000).to_string(), "the close only moves later");
    let reserved = json!({ "rules": rules_with(json!({ "duration_ms": 90_000, "reserve_price": money(2_000) })) });
    let before = seller.amend(&lot, reserved).await.expect(200);
    let renamed = seller.amend(&lot, json!({ "title": "Another title" })).await.expect(200);
    assert_eq!(renamed["rules_hash"], before["rules_hash"], "what is not stated stays, its commitment too");
    assert_eq!(renamed["rules"]["reserve_price"], money(2_000));
    let ringgit_to_dollars = json!({ "rules": rules_with(json!({ "currency": "USD", "starting_price": { "amount": 1, "currency": "USD" } })) });
    seller.amend(&lot, ringgit_to_dollars).await.refused(422, "currency_mismatch");

    ann.bid(&lot, 1_000).await.expect(201);
    seller.amend(&lot, json!({ "title": "Too late" })).await.refused(409, "auction_locked");
    seller.cancel(&lot, "a change of mind").await.refused(409, "auction_has_bids");
    let gone = admin.cancel(&lot, "a fake").await.expect(200);
    assert_eq!((&gone["status"], &gone["outcome"]["status"]), (&json!("cancelled"), &json!("cancelled")));
    seller.open(&lot).await.refused(409, "auction_cancelled");
}

#[tokio::test]
async fn the_proof_opens_after_the_close_and_the_winners_max_only_to_the_winner() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(rules_with(json!({ "reserve_price": money(1_200) }))).await;
    ben.bid(&lot, 1_500).await.expect(201);
    ann.bid(&lot, max(7_777)).await.expect(201);
    lot.proof().await.refused(409, "auction_live");
    house.clock.advance(seconds(61));
    let public = lot.proof().await.expect(200);
    // Not the digits alone: some hash has them, now and then.
    assert!(!public.to_string().contains(":7777"));
    let own = ann.get(format!("/auction/{lot}/proof")).await.expect(200);
    assert!(own.to_string().contains(":7777"));
    for proof in [public, own] {
        let proof = serde_json::from_value(proof).expect("a proof");
        verify(&proof, &house.trust().await).expect("winner and price follow");
    }
}

#[tokio::test]
async fn a_show_has_a_queue_and_does_not_end_over_a_live_lot() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let other = house.seller("other").await;
    let show = seller.announce("Friday").await;
    let (first, second) = (seller.put_up(rules()).await, seller.put_up(rules()).await);
    let foreign = other.put_up(rules()).await;
    other.queue(&show, &[&second, &first]).await.refused(403, "forbidden");
    seller.queue(&show, &[&foreign]).await.refused(422, "validation_failed");
    seller.queue(&show, &[&second, &first]).await.expect(200);
    let queued = async || each(&house.nobody.get(format!("/streams/{show}/lots")).await.expect(200), "id");
    assert_eq!(queued().await, [&*second.id, &*first.id]);

    seller.open(&second).await.refused(409, "stream_not_live");
    seller.go_live(&show).await.expect(200);
    seller.open(&second).await.expect(200);
    seller.end(&show).await.refused(409, "lot_live");
    seller.queue(&show, &[&first]).await.refused(409, "lot_live");
    let elsewhere = seller.announce("Saturday").await;
    seller.queue(&elsewhere, &[&second]).await.refused(422, "validation_failed");
    house.clock.advance(seconds(61));
    let ended = seller.end(&show).await.expect(200);
    assert_eq!(ended["status"], "ended");
    assert_eq!(queued().await, [&*second.id, &*first.id], "its queue stays on record");
    seller.open(&first).await.refused(409, "stream_not_live");
    seller.queue(&elsewhere, &[&first]).await.expect(200);
    seller.go_live(&show).await.refused(409, "stream_not_live");
}

#[tokio::test]
async fn watching_and_standing_are_ones_own() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let ann = house.buyer("ann").await;
    let lot = seller.auction(rules()).await;
    house.nobody.standing(&lot).await.refused(401, "unauthenticated");
    assert_eq!(ann.standing(&lot).await.expect(200), json!({ "leading": false, "max": null, "watching": false }));
    ann.post(format!("/auction/{lot}/watch"), json!({})).await.expect(204);
    ann.bid(&lot, max(3_000)).await.expect(201);
    let standing = json!({ "leading": true, "max": money(3_000), "watching": true });
    assert_eq!(ann.standing(&lot).await.expect(200), standing);
    ann.delete(format!("/auction/{lot}/watch")).await.expect(204);
    assert_eq!(ann.standing(&lot).await.expect(200)["watching"], false);
}

/// The server is down over the close: sudden death is decided by `closes_at`, a soft close gets
/// its last moments back, once.
#[tokio::test]
async fn an_outage_is_no_perfect_snipe() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let house = House::open_in(folder.path(), START).await;
    let seller = house.seller("sita").await;
    let ann = house.buyer("ann").await;
    let soft_close = json!({ "trigger_ms": 10_000, "extend_ms": 8_000, "mode": "reset" });
    let sudden = seller.auction(rules()).await;
    let soft = seller.auction(rules_with(json!({ "soft_close": soft_close }))).await;
    let open = sudden.opened().await;
    for lot in [&sudden, &soft] {
        ann.bid(lot, 1_000).await.expect(201);
    }
    house.close().await;

    let back = START.plus_millis(65_000);
    let house = House::open_in(folder.path(), back).await;
    let (sudden, soft) = (sudden.at(&house), soft.at(&house));
    let view = sudden.view().await;
    assert_eq!((&view["status"], &view["closes_at"]), (&json!("sold"), &json!(open.plus_millis(60_000).to_string())));
    let extended = soft.status().await;
    assert_eq!(
        (&extended["status"], &extended["closes_at"]),
        (&json!("live"), &json!(back.plus_millis(8_000).to_string()))
    );
    assert_eq!(soft.kinds().await, ["scheduled", "opened", "bid", "extended"]);
    house.clock.advance(seconds(8));
    assert_eq!(soft.status().await["status"], "sold");
}
