//! Auctions over HTTP: who may, in which order it is refused, and what the clock does.

use std::time::Duration;

use blytz_server::{Clock, Config, Server, config::RateLimits};
use serde_json::{Value, json};

use crate::actors::{START, TestApp};
use crate::lots::{bid, bid_as, kinds, live_lot, lot, money, new_id, opened, product, rules, start, status, text};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_bid_happens_once_however_often_it_is_sent() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (ann, ben) = (app.buyer("ann").await, app.buyer("ben").await);
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    let id = new_id();

    let first = bid_as(&app, &ann, &lot, &id, json!({ "max": 3_000 })).await.expect(201);
    assert_eq!(first["outcome"], "leading");
    let again = bid_as(&app, &ann, &lot, &id, json!({ "max": 3_000 })).await.expect(200);
    assert_eq!(again["replayed"], true);
    assert_eq!((&again["seq"], &again["hash"], &again["receipt"]), (&first["seq"], &first["hash"], &first["receipt"]));
    bid_as(&app, &ann, &lot, &id, json!({ "max": 3_001 })).await.refused(422, "idempotency_mismatch");
    bid_as(&app, &ann, &lot, &id, json!({ "amount": 3_000 })).await.refused(422, "idempotency_mismatch");
    bid_as(&app, &ben, &lot, &id, json!({ "amount": 1_500 })).await.expect(201);
    assert_eq!(status(&app, &lot).await["bid_count"], 2, "the same id from another user is another bid");

    app.clock.advance(seconds(61));
    bid(&app, &ben, &lot, json!({ "amount": 9_000 })).await.refused(409, "auction_closed");
    let late = bid_as(&app, &ann, &lot, &id, json!({ "max": 3_000 })).await.expect(200);
    assert_eq!(late["hash"], first["hash"], "remembered before any check of the state");

    let record = app.get(Some(&ann), &format!("/auction/{lot}/bids/{id}")).await.expect(200);
    assert_eq!((&record["max"], &record["voided"]), (&money(3_000), &json!(false)));
    assert_eq!(record["seq"], first["seq"]);
    app.get(Some(&seller), &format!("/auction/{lot}/bids/{id}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_refused_bid_stays_refused_for_a_minute() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let ann = app.buyer("ann").await;
    let lot = lot(&app, &seller, rules(json!({ "duration_ms": 600_000 }))).await;
    let id = new_id();
    bid_as(&app, &ann, &lot, &id, json!({ "amount": 1_000 })).await.refused(409, "auction_not_live");
    start(&app, &seller, &lot).await;
    bid_as(&app, &ann, &lot, &id, json!({ "amount": 1_000 })).await.refused(409, "auction_not_live");
    let other = new_id();
    bid_as(&app, &ann, &lot, &other, json!({ "amount": 500 })).await.refused(409, "bid_too_low");
    bid_as(&app, &ann, &lot, &other, json!({ "max": 1_000 })).await.expect(201);
    let known = bid_as(&app, &ann, &lot, &other, json!({ "amount": 500 })).await;
    known.refused(422, "idempotency_mismatch");
    app.clock.advance(seconds(61));
    bid_as(&app, &ann, &lot, &id, json!({ "amount": 1_000 })).await.refused(409, "already_leading");
}

#[tokio::test]
async fn refusals_come_in_the_order_of_the_contract() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let admin = app.admin().await;
    let (ann, ben, cat) = (app.buyer("ann").await, app.buyer("ben").await, app.buyer("cat").await);
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    let known = new_id();
    bid_as(&app, &ben, &lot, &known, json!({ "amount": 1_000 })).await.expect(201);

    let send = |who, body: &'static str, kind: &'static str| {
        let app = &app;
        async move {
            app.send(reqwest::Method::POST, "/auction/bid", |request| {
                let request = request.header("content-type", kind).body(body);
                if who { request.bearer_auth("nobody") } else { request }
            })
            .await
        }
    };
    send(false, "{", "text/plain").await.refused(415, "unsupported_media_type");
    send(false, "{", "application/json").await.refused(400, "malformed_json");
    send(true, "{}", "application/json").await.refused(401, "unauthenticated");
    app.post(Some(&ann), "/auction/bid", json!({})).await.refused(422, "validation_failed");
    bid(&app, &ann, &new_id(), json!({ "amount": 1 })).await.refused(404, "not_found");

    // A known bid is answered as then, even to who may not bid any more.
    app.put(Some(&seller), &format!("/auction/blocked/{}", ben.id), json!({})).await.expect(204);
    app.post(Some(&admin), &format!("/auth/users/{}/suspend", ben.id), json!({})).await.expect(200);
    bid_as(&app, &ben, &lot, &known, json!({ "amount": 1_000 })).await.expect(200);
    let dollars = json!({ "amount": { "amount": 5_000, "currency": "USD" } });
    bid(&app, &ben, &lot, dollars.clone()).await.refused(403, "suspended");
    bid(&app, &seller, &lot, dollars.clone()).await.refused(403, "own_auction");
    app.put(Some(&seller), &format!("/auction/blocked/{}", cat.id), json!({})).await.expect(204);
    bid(&app, &cat, &lot, dollars.clone()).await.refused(403, "blocked");
    bid(&app, &ann, &lot, dollars).await.refused(422, "currency_mismatch");
    bid(&app, &ann, &lot, json!({ "buy_now": true })).await.refused(409, "buy_now_unavailable");
    let low = bid(&app, &ann, &lot, json!({ "amount": 1_099 })).await;
    low.refused(409, "bid_too_low");
    assert_eq!(low.body["next_minimum"], money(1_100));

    app.delete(Some(&seller), &format!("/auction/blocked/{}", cat.id)).await.expect(204);
    bid(&app, &cat, &lot, json!({ "max": 5_000 })).await.expect(201);
    bid(&app, &cat, &lot, json!({ "amount": 6_000 })).await.refused(409, "already_leading");
    bid(&app, &cat, &lot, json!({ "max": 5_000 })).await.refused(409, "max_not_raised");

    let sealed = json!({ "format": "sealed_first_price", "increment": null });
    let sealed = live_lot(&app, &seller, rules(sealed)).await;
    bid(&app, &ann, &sealed, json!({ "max": 5_000 })).await.refused(422, "kind_not_allowed");
    let cancelled = live_lot(&app, &seller, rules(json!({}))).await;
    let body = json!({ "reason": "a mistake" });
    app.post(Some(&seller), &format!("/auction/{cancelled}/cancel"), body).await.expect(200);
    bid(&app, &ann, &cancelled, json!({ "amount": 5_000 })).await.refused(409, "auction_cancelled");
}

#[tokio::test]
async fn a_late_bid_moves_the_close_and_nothing_counts_after_it() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (ann, ben) = (app.buyer("ann").await, app.buyer("ben").await);
    let soft_close = json!({ "trigger_ms": 10_000, "extend_ms": 10_000, "mode": "reset", "max_total_ms": 15_000 });
    let lot = live_lot(&app, &seller, rules(json!({ "soft_close": soft_close }))).await;
    let close = |answer: &Value| text(&answer["closes_at"]);
    let open = opened(&app, &lot).await;
    let at = |millis: i64| open.plus_millis(millis).to_string();

    app.clock.set(open.plus_millis(49_999));
    assert_eq!(close(&bid(&app, &ann, &lot, json!({ "amount": 1_000 })).await.expect(201)), at(60_000));
    app.clock.set(open.plus_millis(55_000));
    assert_eq!(close(&bid(&app, &ben, &lot, json!({ "amount": 1_100 })).await.expect(201)), at(65_000));
    app.clock.set(open.plus_millis(64_999));
    assert_eq!(close(&bid(&app, &ann, &lot, json!({ "amount": 1_200 })).await.expect(201)), at(74_999));
    app.clock.set(open.plus_millis(74_998));
    assert_eq!(close(&bid(&app, &ben, &lot, json!({ "amount": 1_300 })).await.expect(201)), at(75_000), "the cap");
    app.clock.set(open.plus_millis(75_000));
    bid(&app, &ann, &lot, json!({ "amount": 1_400 })).await.refused(409, "auction_closed");

    let view = app.get(None, &format!("/auction/{lot}")).await.expect(200);
    assert_eq!(view["status"], "sold");
    assert_eq!((&view["outcome"]["price"], &view["outcome"]["winner"]["id"]), (&money(1_300), &json!(ben.id)));
    assert_eq!(view["extensions"], 3);
    let events = app.get(None, &format!("/auction/{lot}/events?after=9")).await.expect(200);
    let last = events["items"].as_array().and_then(|items| items.last()).expect("events");
    assert_eq!((&last["kind"], &last["at"]), (&json!("closed"), &json!(at(75_000))));
}

#[tokio::test]
async fn a_lot_with_a_start_opens_and_closes_by_itself() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let product = product(&app, &seller, 1).await;
    let body =
        json!({ "product_id": product, "starts_at": START.plus_millis(5_000).to_string(), "rules": rules(json!({})) });
    let made = app.post(Some(&seller), "/auction", body).await.expect(201);
    let lot = text(&made["id"]);
    assert_eq!((&made["status"], &made["opens_at"], &made["price"]), (&json!("scheduled"), &Value::Null, &Value::Null));
    let inventory = format!("/products/{product}/inventory");
    assert_eq!(app.get(Some(&seller), &inventory).await.expect(200)["reserved"], 1, "the lot holds its unit");
    let second = json!({ "product_id": product, "rules": rules(json!({})) });
    app.post(Some(&seller), "/auction", second).await.refused(409, "out_of_stock");

    app.clock.advance(seconds(5));
    assert_eq!(status(&app, &lot).await["status"], "live");
    app.clock.advance(seconds(60));
    assert_eq!(status(&app, &lot).await["status"], "unsold");
    assert_eq!(kinds(&app, &lot).await, ["scheduled", "opened", "closed"]);
    assert_eq!(app.get(Some(&seller), &inventory).await.expect(200)["reserved"], 0, "it gave its unit back");
}

#[tokio::test]
async fn only_the_seller_and_admins_see_a_reserve() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let admin = app.admin().await;
    let ann = app.buyer("ann").await;
    let lot = live_lot(&app, &seller, rules(json!({ "reserve_price": money(5_000) }))).await;
    let path = format!("/auction/{lot}");
    for insider in [&seller, &admin] {
        assert_eq!(app.get(Some(insider), &path).await.expect(200)["rules"]["reserve_price"], money(5_000));
    }
    for outsider in [None, Some(&ann)] {
        let view = app.get(outsider, &path).await.expect(200);
        assert_eq!(text(&view["rules"]["reserve_price"]["commitment"]).len(), 64);
        assert!(!view.to_string().contains(":5000"));
    }
    let log = app.get(None, &format!("{path}/events")).await.expect(200);
    assert!(!log.to_string().contains(":5000"), "nor does the log say it");
    bid(&app, &ann, &lot, json!({ "max": 6_000 })).await.expect(201);
    assert_eq!(status(&app, &lot).await["price"], money(5_000));
    assert_eq!(status(&app, &lot).await["reserve_met"], true);
}

#[tokio::test]
async fn buying_now_ends_the_lot_in_one_commit() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (ann, ben) = (app.buyer("ann").await, app.buyer("ben").await);
    let lot = live_lot(&app, &seller, rules(json!({ "buy_now_price": money(4_000) }))).await;
    assert_eq!(status(&app, &lot).await["buy_now"], money(4_000));
    app.clock.advance(seconds(1));
    let won = bid(&app, &ann, &lot, json!({ "buy_now": true })).await.expect(201);
    assert_eq!((&won["outcome"], &won["price"], &won["closes_at"]), (&json!("won"), &money(4_000), &won["at"]));
    assert_eq!(kinds(&app, &lot).await, ["scheduled", "opened", "bid", "closed"]);
    bid(&app, &ben, &lot, json!({ "buy_now": true })).await.refused(409, "auction_closed");
}

#[tokio::test]
async fn a_dutch_price_falls_with_the_clock() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let ann = app.buyer("ann").await;
    let dutch = json!({ "step": 100, "interval_ms": 1_000, "floor": money(500) });
    let lot = live_lot(&app, &seller, rules(json!({ "format": "dutch", "increment": null, "dutch": dutch }))).await;
    app.clock.advance(Duration::from_millis(2_500));
    assert_eq!(status(&app, &lot).await["price"], money(800));
    bid(&app, &ann, &lot, json!({ "amount": 799 })).await.refused(409, "bid_too_low");
    let won = bid(&app, &ann, &lot, json!({ "amount": 900 })).await.expect(201);
    assert_eq!((&won["outcome"], &won["price"]), (&json!("won"), &money(800)));
}

#[tokio::test]
async fn sealed_bids_show_nothing_but_their_number() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (ann, ben) = (app.buyer("ann").await, app.buyer("ben").await);
    let sealed = json!({ "format": "sealed_second_price", "increment": null, "reserve_price": money(1_500) });
    let lot = live_lot(&app, &seller, rules(sealed)).await;
    let answer = bid(&app, &ann, &lot, json!({ "amount": 4_000 })).await.expect(201);
    assert_eq!(
        (&answer["outcome"], &answer["price"], &answer["leader_id"]),
        (&json!("sealed"), &Value::Null, &Value::Null)
    );
    bid(&app, &ben, &lot, json!({ "amount": 2_000 })).await.expect(201);
    bid(&app, &ben, &lot, json!({ "amount": 3_000 })).await.expect(201);
    bid(&app, &ben, &lot, json!({ "amount": 2_500 })).await.refused(409, "max_not_raised");
    let hidden = status(&app, &lot).await;
    assert_eq!(hidden["bid_count"], 2);
    for field in ["price", "leader", "next_minimum", "reserve_met"] {
        assert_eq!(hidden[field], Value::Null, "{field}");
    }
    let log = app.get(None, &format!("/auction/{lot}/events")).await.expect(200).to_string();
    assert!(!log.contains(&ann.id) && !log.contains(":4000"), "{log}");
    app.clock.advance(seconds(61));
    let view = app.get(None, &format!("/auction/{lot}")).await.expect(200);
    assert_eq!((&view["outcome"]["winner"]["id"], &view["outcome"]["price"]), (&json!(ann.id), &money(3_000)));
}

#[tokio::test]
async fn a_void_strikes_the_bidder_and_again_changes_nothing() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (ann, ben) = (app.buyer("ann").await, app.buyer("ben").await);
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    bid(&app, &ann, &lot, json!({ "amount": 1_000 })).await.expect(201);
    let id = new_id();
    bid_as(&app, &ben, &lot, &id, json!({ "max": 9_000 })).await.expect(201);
    bid(&app, &ann, &lot, json!({ "amount": 2_000 })).await.expect(201);
    let path = format!("/auction/{lot}/void");
    let body = json!({ "bid_id": id, "reason": "a test" });
    app.post(Some(&ann), &path, body.clone()).await.refused(403, "forbidden");
    app.post(Some(&seller), &path, json!({ "bid_id": new_id(), "reason": "a test" })).await.refused(404, "not_found");
    let after = app.post(Some(&seller), &path, body.clone()).await.expect(200);
    assert_eq!(
        (&after["price"], &after["leader"]["id"], &after["bid_count"]),
        (&money(1_000), &json!(ann.id), &json!(2))
    );
    let again = app.post(Some(&seller), &path, body).await.expect(200);
    assert_eq!((&again["seq"], &again["price"]), (&after["seq"], &after["price"]));
    bid(&app, &ben, &lot, json!({ "amount": 5_000 })).await.refused(403, "blocked");
    let record = app.get(Some(&ben), &format!("/auction/{lot}/bids/{id}")).await.expect(200);
    assert_eq!(record["voided"], true);
}

/// Ids of bids are public: a friend of the shill's copies one, to keep the shill from being voided
/// or to have somebody else struck.
#[tokio::test]
async fn a_copied_bid_id_protects_nobody_and_hurts_nobody() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (shill, friend, ann) = (app.buyer("shill").await, app.buyer("friend").await, app.buyer("ann").await);
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    let (id, path) = (new_id(), format!("/auction/{lot}/void"));
    let first = bid_as(&app, &shill, &lot, &id, json!({ "amount": 1_000 })).await.expect(201);
    bid_as(&app, &friend, &lot, &id, json!({ "amount": 2_000 })).await.expect(201);
    bid_as(&app, &ann, &lot, &id, json!({ "amount": 3_000 })).await.expect(201);

    let unnamed = json!({ "bid_id": id, "reason": "a shill" });
    let named = |who: &str| json!({ "bid_id": id, "bidder_id": who, "reason": "a shill" });
    app.post(Some(&seller), &path, unnamed.clone()).await.refused(409, "conflict");
    app.post(Some(&seller), &path, named(&new_id())).await.refused(404, "not_found");
    app.post(Some(&seller), &path, named("x")).await.refused(422, "validation_failed");
    let after = app.post(Some(&seller), &path, named(&friend.id)).await.expect(200);
    assert_eq!((&after["leader"]["id"], &after["bid_count"]), (&json!(ann.id), &json!(2)));
    app.post(Some(&seller), &path, unnamed).await.refused(409, "conflict");
    let after = app.post(Some(&seller), &path, named(&shill.id)).await.expect(200);
    assert_eq!((&after["leader"]["id"], &after["bid_count"]), (&json!(ann.id), &json!(1)));
    let again = app.post(Some(&seller), &path, named(&shill.id)).await.expect(200);
    assert_eq!(again["seq"], after["seq"]);

    for (bidder, voided) in [(&shill, true), (&friend, true), (&ann, false)] {
        let record = app.get(Some(bidder), &format!("/auction/{lot}/bids/{id}")).await.expect(200);
        assert_eq!(record["voided"], voided);
    }
    let events = app.get(None, &format!("/auction/{lot}/events")).await.expect(200);
    let items = events["items"].as_array().expect("items");
    let seqs: Vec<_> =
        items.iter().filter(|event| event["kind"] == "voided").map(|event| event["data"]["bid_seq"].clone()).collect();
    let first = first["seq"].as_u64().expect("a seq");
    assert_eq!(seqs, [json!(first + 1), json!(first)]);

    app.clock.advance(seconds(61));
    let proof = app.get(None, &format!("/auction/{lot}/proof")).await.expect(200);
    let proof: blytz_core::wire::auction::Proof = serde_json::from_value(proof).expect("a proof");
    let verdict = blytz_core::auction::proof::verify(&proof).expect("it follows");
    assert_eq!(verdict.winner.map(|winner| winner.to_string()), Some(ann.id.clone()));
}

#[tokio::test]
async fn a_seller_changes_and_cancels_until_the_first_bid() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let other = app.with_role("other", "seller").await;
    let admin = app.admin().await;
    let ann = app.buyer("ann").await;
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    let path = format!("/auction/{lot}");
    let open = opened(&app, &lot).await;
    let longer = json!({ "title": "A better title", "rules": rules(json!({ "duration_ms": 90_000 })) });
    app.patch(Some(&other), &path, longer.clone()).await.refused(403, "forbidden");
    let amended = app.patch(Some(&seller), &path, longer).await.expect(200);
    assert_eq!(
        (&amended["title"], &amended["closes_at"]),
        (&json!("A better title"), &json!(open.plus_millis(90_000).to_string()))
    );
    let shorter = json!({ "rules": rules(json!({ "duration_ms": 30_000 })) });
    let amended = app.patch(Some(&seller), &path, shorter).await.expect(200);
    assert_eq!(amended["closes_at"], open.plus_millis(90_000).to_string(), "the close only moves later");
    let reserved = json!({ "rules": rules(json!({ "duration_ms": 90_000, "reserve_price": money(2_000) })) });
    let before = app.patch(Some(&seller), &path, reserved).await.expect(200);
    let renamed = app.patch(Some(&seller), &path, json!({ "title": "Another title" })).await.expect(200);
    assert_eq!(renamed["rules_hash"], before["rules_hash"], "what is not stated stays, its commitment too");
    assert_eq!(renamed["rules"]["reserve_price"], money(2_000));
    let ringgit_to_dollars =
        json!({ "rules": rules(json!({ "currency": "USD", "starting_price": { "amount": 1, "currency": "USD" } })) });
    app.patch(Some(&seller), &path, ringgit_to_dollars).await.refused(422, "currency_mismatch");

    bid(&app, &ann, &lot, json!({ "amount": 1_000 })).await.expect(201);
    app.patch(Some(&seller), &path, json!({ "title": "Too late" })).await.refused(409, "auction_locked");
    let cancel = format!("{path}/cancel");
    app.post(Some(&seller), &cancel, json!({ "reason": "a change of mind" })).await.refused(409, "auction_has_bids");
    let gone = app.post(Some(&admin), &cancel, json!({ "reason": "a fake" })).await.expect(200);
    assert_eq!((&gone["status"], &gone["outcome"]["status"]), (&json!("cancelled"), &json!("cancelled")));
    app.post(Some(&seller), "/auction/start", json!({ "auction_id": lot })).await.refused(409, "auction_cancelled");
}

#[tokio::test]
async fn the_proof_opens_after_the_close_and_the_winners_max_only_to_the_winner() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (ann, ben) = (app.buyer("ann").await, app.buyer("ben").await);
    let lot = live_lot(&app, &seller, rules(json!({ "reserve_price": money(1_200) }))).await;
    bid(&app, &ben, &lot, json!({ "amount": 1_500 })).await.expect(201);
    bid(&app, &ann, &lot, json!({ "max": 7_777 })).await.expect(201);
    let path = format!("/auction/{lot}/proof");
    app.get(None, &path).await.refused(409, "auction_live");
    app.clock.advance(seconds(61));
    let public = app.get(None, &path).await.expect(200);
    // Not the digits alone: some hash has them, now and then.
    assert!(!public.to_string().contains(":7777"));
    let own = app.get(Some(&ann), &path).await.expect(200);
    assert!(own.to_string().contains(":7777"));
    for proof in [public, own] {
        let proof = serde_json::from_value(proof).expect("a proof");
        blytz_core::auction::proof::verify(&proof).expect("winner and price follow");
    }
}

#[tokio::test]
async fn a_show_has_a_queue_and_does_not_end_over_a_live_lot() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let other = app.with_role("other", "seller").await;
    let show = app.post(Some(&seller), "/streams", json!({ "title": "Friday" })).await.expect(201);
    let path = format!("/streams/{}", text(&show["id"]));
    let (first, second) = (lot(&app, &seller, rules(json!({}))).await, lot(&app, &seller, rules(json!({}))).await);
    let foreign = lot(&app, &other, rules(json!({}))).await;
    let lots = format!("{path}/lots");
    let queue = json!({ "auction_ids": [second, first] });
    app.put(Some(&other), &lots, queue.clone()).await.refused(403, "forbidden");
    app.put(Some(&seller), &lots, json!({ "auction_ids": [foreign] })).await.refused(422, "validation_failed");
    app.put(Some(&seller), &lots, queue).await.expect(200);
    let ids = |page: Value| {
        page["items"].as_array().expect("a list").iter().map(|item| text(&item["id"])).collect::<Vec<_>>()
    };
    assert_eq!(ids(app.get(None, &lots).await.expect(200)), [second.clone(), first.clone()]);

    app.post(Some(&seller), "/auction/start", json!({ "auction_id": second })).await.refused(409, "stream_not_live");
    app.post(Some(&seller), &format!("{path}/start"), json!({})).await.expect(200);
    start(&app, &seller, &second).await;
    app.post(Some(&seller), &format!("{path}/end"), json!({})).await.refused(409, "lot_live");
    app.put(Some(&seller), &lots, json!({ "auction_ids": [first] })).await.refused(409, "lot_live");
    let elsewhere = app.post(Some(&seller), "/streams", json!({ "title": "Saturday" })).await.expect(201);
    let elsewhere = format!("/streams/{}/lots", text(&elsewhere["id"]));
    let stolen = app.put(Some(&seller), &elsewhere, json!({ "auction_ids": [second] })).await;
    stolen.refused(422, "validation_failed");
    app.clock.advance(seconds(61));
    let ended = app.post(Some(&seller), &format!("{path}/end"), json!({})).await.expect(200);
    assert_eq!(ended["status"], "ended");
    assert_eq!(ids(app.get(None, &lots).await.expect(200)), [second, first.clone()], "its queue stays on record");
    app.post(Some(&seller), "/auction/start", json!({ "auction_id": first })).await.refused(409, "stream_not_live");
    app.put(Some(&seller), &elsewhere, json!({ "auction_ids": [first] })).await.expect(200);
    app.post(Some(&seller), &format!("{path}/start"), json!({})).await.refused(409, "stream_not_live");
}

#[tokio::test]
async fn watching_and_standing_are_ones_own() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let ann = app.buyer("ann").await;
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    let me = format!("/auction/{lot}/me");
    app.get(None, &me).await.refused(401, "unauthenticated");
    assert_eq!(app.get(Some(&ann), &me).await.expect(200), json!({ "leading": false, "max": null, "watching": false }));
    app.post(Some(&ann), &format!("/auction/{lot}/watch"), json!({})).await.expect(204);
    bid(&app, &ann, &lot, json!({ "max": 3_000 })).await.expect(201);
    let standing = json!({ "leading": true, "max": money(3_000), "watching": true });
    assert_eq!(app.get(Some(&ann), &me).await.expect(200), standing);
    app.delete(Some(&ann), &format!("/auction/{lot}/watch")).await.expect(204);
    assert_eq!(app.get(Some(&ann), &me).await.expect(200)["watching"], false);
}

/// The server is down over the close: sudden death is decided by `closes_at`, a soft close gets
/// its last moments back, once.
#[tokio::test]
async fn an_outage_is_no_perfect_snipe() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let launch = async |at| {
        let mut config = Config::in_folder(folder.path());
        config.rate_limits = RateLimits::Off;
        TestApp::launch(Server::builder().config(config), Clock::manual(at)).await
    };
    let app = launch(START).await;
    let seller = app.with_role("seller", "seller").await;
    let ann = app.buyer("ann").await;
    let soft_close = json!({ "trigger_ms": 10_000, "extend_ms": 8_000, "mode": "reset" });
    let sudden = live_lot(&app, &seller, rules(json!({}))).await;
    let soft = live_lot(&app, &seller, rules(json!({ "soft_close": soft_close }))).await;
    let open = opened(&app, &sudden).await;
    for lot in [&sudden, &soft] {
        bid(&app, &ann, lot, json!({ "amount": 1_000 })).await.expect(201);
    }
    app.running.stop().await.expect("it stops");

    let back = START.plus_millis(65_000);
    let app = launch(back).await;
    let view = app.get(None, &format!("/auction/{sudden}")).await.expect(200);
    assert_eq!((&view["status"], &view["closes_at"]), (&json!("sold"), &json!(open.plus_millis(60_000).to_string())));
    let extended = status(&app, &soft).await;
    assert_eq!(
        (&extended["status"], &extended["closes_at"]),
        (&json!("live"), &json!(back.plus_millis(8_000).to_string()))
    );
    assert_eq!(kinds(&app, &soft).await, ["scheduled", "opened", "bid", "extended"]);
    app.clock.advance(seconds(8));
    assert_eq!(status(&app, &soft).await["status"], "sold");
}
