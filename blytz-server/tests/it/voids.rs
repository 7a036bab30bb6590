//! Voids: who wanted them, whom they block, and how much time they leave.

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{House, Lot, Person, exact, new_id, rules, text};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn void(who: &Person, lot: &Lot, bid_id: &str, block: bool) -> Value {
    let body = json!({ "bid_id": bid_id, "reason": "a slip of the finger", "block": block });
    who.post(format!("/auction/{lot}/void"), body).await.expect(200)
}

async fn last(lot: &Lot, kind: &str) -> Value {
    lot.log().await.into_iter().rfind(|event| event["kind"] == kind).expect("an event")
}

#[tokio::test]
async fn who_asks_to_have_a_slip_struck_bids_on() {
    let house = House::open().await;
    let (seller, admin) = (house.seller("sita").await, house.admin().await);
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(rules()).await;
    let slip = new_id();
    ann.bid(&lot, exact(900_000).under(&slip)).await.expect(201);
    void(&seller, &lot, &slip, false).await;
    let voided = last(&lot, "voided").await["data"].clone();
    assert_eq!((&voided["by"], &voided["block"]), (&json!("seller"), &json!(false)));
    ann.bid(&lot, 9_000).await.expect(201);

    let shill = new_id();
    ben.bid(&lot, exact(10_000).under(&shill)).await.expect(201);
    void(&admin, &lot, &shill, true).await;
    let voided = last(&lot, "voided").await["data"].clone();
    assert_eq!((&voided["by"], voided.get("block")), (&json!("admin"), None));
    ben.bid(&lot, 11_000).await.refused(403, "blocked");

    house.clock.advance(seconds(61));
    let proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
    let verdict = blytz_core::auction::proof::verify(&proof, &house.trust().await).expect("it holds");
    let voids: Vec<_> = verdict.voids.iter().map(|void| (void.struck, void.reason.as_str())).collect();
    assert_eq!(voids, [(1, "a slip of the finger"); 2]);
}

#[tokio::test]
async fn a_block_is_lifted_by_the_seller_and_the_log_says_so() {
    let house = House::open().await;
    let (seller, other) = (house.seller("sita").await, house.seller("other").await);
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(rules()).await;
    let bid = new_id();
    let first = ann.bid(&lot, exact(1_000).under(&bid)).await.expect(201);
    seller.unblock_on(&lot, &ann).await.expect(204);
    void(&seller, &lot, &bid, true).await;
    ann.bid(&lot, 2_000).await.refused(403, "blocked");
    for who in [&other, &ann] {
        who.unblock_on(&lot, &ann).await.refused(403, "forbidden");
    }
    house.nobody.unblock_on(&lot, &ann).await.refused(401, "unauthenticated");
    let before = lot.log().await.len();
    seller.unblock_on(&lot, &ben).await.expect(204);
    assert_eq!(lot.log().await.len(), before, "who is not blocked is let be");

    seller.unblock_on(&lot, &ann).await.expect(204);
    seller.unblock_on(&lot, &ann).await.expect(204);
    let log = lot.log().await;
    assert_eq!(log.len(), before + 1);
    let unblocked = &log[before];
    assert_eq!(unblocked["kind"], "unblocked");
    assert_eq!(unblocked["data"], json!({ "bid_id": bid, "bid_seq": first["seq"] }), "it names nobody");
    ann.bid(&lot, 2_000).await.expect(201);

    let second = new_id();
    ben.bid(&lot, exact(3_000).under(&second)).await.expect(201);
    void(&seller, &lot, &second, true).await;
    house.clock.advance(seconds(61));
    seller.unblock_on(&lot, &ben).await.refused(409, "auction_closed");
    let proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
    blytz_core::auction::proof::verify(&proof, &house.trust().await).expect("it holds");
}

#[tokio::test]
async fn a_void_in_the_last_moments_leaves_half_a_minute() {
    let house = House::open().await;
    let (seller, ann) = (house.seller("sita").await, house.buyer("ann").await);
    for (at, left) in [(29, 31), (30, 30), (31, 30), (59, 30)] {
        let lot = seller.auction(rules()).await;
        let bid = new_id();
        ann.bid(&lot, exact(1_000).under(&bid)).await.expect(201);
        let opened = lot.opened().await;
        let closes = text(&lot.status().await["closes_at"]).parse::<blytz_core::Timestamp>().expect("a time");
        assert_eq!(closes, opened.plus_millis(60_000), "no soft close");
        house.clock.advance(seconds(at));
        let now = house.clock.now();
        let after = void(&seller, &lot, &bid, true).await;
        let closes: blytz_core::Timestamp = text(&after["closes_at"]).parse().expect("a time");
        let least = now.plus_millis(left * 1_000);
        assert!(closes >= least && closes < least.plus_millis(1), "voided at {at} s: {closes}");
        let extended = lot.kinds().await.contains(&"extended".to_owned());
        assert_eq!(extended, at > 30);
        house.clock.advance(seconds(61));
        let proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
        blytz_core::auction::proof::verify(&proof, &house.trust().await).expect("it holds");
    }
}
