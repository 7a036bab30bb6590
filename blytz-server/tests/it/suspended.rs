//! Whose account is suspended opens no lots.

use std::time::Duration;

use serde_json::json;

use crate::house::{House, product, rules, text};

#[tokio::test]
async fn a_suspended_sellers_lots_wait_and_live_ones_go_on() {
    let house = House::open().await;
    let (seller, admin, ann) = (house.seller("sita").await, house.admin().await, house.buyer("ann").await);
    let starts_at = house.clock.now().plus_millis(10_000);
    let made = seller.list(product(5)).await;
    let due = json!({ "product_id": made["id"], "rules": rules(), "starts_at": starts_at });
    let due = seller.put_up_as(due).await;
    let by_hand = seller.put_up(rules()).await;
    let live = seller.auction(rules()).await;

    admin.suspend(&seller.id).await.expect(200);
    house.clock.advance(Duration::from_secs(11));
    assert_eq!(due.status().await["status"], "scheduled");
    assert_eq!(due.kinds().await, ["scheduled"]);
    ann.bid(&due, 1_000).await.refused(409, "auction_not_live");
    for who in [&seller, &admin] {
        who.open(&by_hand).await.refused(403, "suspended");
    }
    ann.bid(&live, 1_000).await.expect(201);

    admin.reinstate(&seller.id).await.expect(200);
    let opened = due.status().await;
    assert_eq!(opened["status"], "live");
    let opens_at: blytz_core::Timestamp = text(&opened["opens_at"]).parse().expect("a time");
    assert!(opens_at >= starts_at.plus_millis(1_000), "it opens when it may, and not when it was due");
    admin.open(&by_hand).await.expect(200);
}
