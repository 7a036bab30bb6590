//! What a lot sells, and by which rules, is what its bidders saw.

use blytz_core::{auction::item_hash, wire::auction::Item};
use serde_json::{Value, json};

use crate::house::{House, UNKNOWN, exact, money, product, rules, rules_with, text, with};

fn hash_of(item: &Value) -> String {
    let item: Item = serde_json::from_value(item.clone()).expect("an item");
    item_hash(&item)
}

#[tokio::test]
async fn a_lot_keeps_what_it_sells_whatever_becomes_of_the_product() {
    let house = House::open().await;
    let (seller, ann) = (house.seller("sita").await, house.buyer("ann").await);
    let images = json!(["https://shop.example/vase.jpg"]);
    let vase = json!({ "title": "Vase", "description": "Blue", "images": images, "weight_g": 900 });
    let made = seller.list(with(product(5), vase.clone())).await;
    let lot = seller.put_up_as(json!({ "product_id": made["id"], "rules": rules() })).await;
    assert_eq!(lot.view().await["item"], vase);
    seller.open(&lot).await.expect(200);
    ann.bid(&lot, 1_000).await.expect(201);

    let path = format!("/products/{}", text(&made["id"]));
    let worse = json!({ "title": "Cup", "description": "Broken", "images": [], "weight_g": null });
    seller.patch(&path, worse.clone()).await.expect(200);
    seller.delete(&path).await.expect(204);
    let view = lot.view().await;
    assert_eq!((&view["item"], &view["title"]), (&vase, &json!("Vase")));
    assert_eq!(view["item_hash"], hash_of(&vase));
    assert_eq!(lot.log().await[0]["data"]["item_hash"], view["item_hash"]);
    for change in [json!({ "title": "Cup" }), json!({ "item": worse })] {
        seller.amend(&lot, change).await.refused(409, "auction_locked");
    }
    assert_eq!(lot.view().await["item"], vase);
}

#[tokio::test]
async fn an_item_changes_with_the_rules_until_the_first_bid() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let made = seller.list(product(1)).await;
    let stated = json!({ "product_id": made["id"], "rules": rules(), "title": "Vase",
        "item": { "description": "Blue", "condition": "as new" } });
    let lot = seller.put_up_as(stated).await;
    let first =
        json!({ "title": "Vase", "description": "Blue", "images": [], "weight_g": null, "condition": "as new" });
    assert_eq!(lot.view().await["item"], first);

    let change = json!({ "item": { "condition": null, "weight_g": 100, "title": "Bowl" } });
    let amended = seller.amend(&lot, change).await.expect(200);
    let second = json!({ "title": "Bowl", "description": "Blue", "images": [], "weight_g": 100 });
    assert_eq!((&amended["item"], &amended["title"]), (&second, &json!("Bowl")));
    let retitled = seller.amend(&lot, json!({ "title": "Dish" })).await.expect(200);
    assert_eq!(retitled["item"], with(second, json!({ "title": "Dish" })));
    let hashes: Vec<_> = lot.log().await.iter().map(|event| event["data"]["item_hash"].clone()).collect();
    assert_eq!(hashes[0], hash_of(&first));
    assert_eq!(hashes[2], retitled["item_hash"]);
    assert_eq!(retitled["item_hash"], hash_of(&retitled["item"]));

    for (change, pointer) in [
        (json!({ "item": { "title": "Cup" }, "title": "Bowl" }), "/item/title"),
        (json!({ "item": { "title": null } }), "/item/title"),
        (json!({ "item": { "images": ["ftp://shop.example"] } }), "/item/images/0"),
        (json!({ "item": { "weight_g": 0 } }), "/item/weight_g"),
        (json!({ "item": { "condition": "" } }), "/item/condition"),
    ] {
        seller.amend(&lot, change).await.refused_for(pointer);
    }
    seller.amend(&lot, json!({ "item": { "colour": "blue" } })).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn a_bid_counts_under_the_rules_that_its_bidder_saw_and_no_others() {
    let house = House::open().await;
    let (seller, ann) = (house.seller("sita").await, house.buyer("ann").await);
    let lot = seller.auction(rules_with(json!({ "buy_now_price": money(9_000) }))).await;
    let seen = lot.view().await["rules_hash"].clone();
    let change = json!({ "rules": rules_with(json!({ "buy_now_price": money(99_000) })) });
    seller.amend(&lot, change).await.expect(200);

    let id = UNKNOWN;
    ann.bid(&lot, exact(9_000).under(id).seeing(&seen)).await.refused(409, "rules_changed");
    ann.bid(&lot, exact(9_000).seeing(&json!("ABC"))).await.refused_for("/rules_hash");
    ann.bid(&lot, exact(9_000).seeing(&Value::Null)).await.refused(422, "validation_failed");
    assert_eq!(lot.status().await["bid_count"], 0);

    let now = lot.view().await["rules_hash"].clone();
    let accepted = ann.bid(&lot, exact(9_000).under(id).seeing(&now)).await.expect(201);
    assert_eq!(accepted["outcome"], "leading");
    assert_eq!(ann.bid(&lot, exact(9_000).under(id).seeing(&now)).await.expect(200)["replayed"], true);
    ann.bid(&lot, exact(9_000).under(id)).await.refused(422, "idempotency_mismatch");
    ann.bid(&lot, exact(9_000).under(id).seeing(&seen)).await.refused(422, "idempotency_mismatch");
}
