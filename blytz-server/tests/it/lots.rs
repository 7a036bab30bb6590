//! Lots for tests: products, auctions and bids in a few words.

use blytz_core::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::actors::{Actor, Answer, TestApp};

pub fn money(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "MYR" })
}

/// A client's own id.
pub fn new_id() -> String {
    Uuid::from_u128(rand::random()).to_string()
}

/// Plain English rules from 10.00 by 1.00 for a minute, and what `change` says.
pub fn rules(change: Value) -> Value {
    let mut rules = json!({
        "format": "english", "currency": "MYR", "starting_price": money(1_000),
        "increment": { "fixed": 100 }, "duration_ms": 60_000,
    });
    let Value::Object(change) = change else { panic!("changes are an object") };
    for (name, value) in change {
        rules[name] = value;
    }
    rules
}

pub async fn product(app: &TestApp, seller: &Actor, quantity: i64) -> String {
    let body = json!({ "title": "Lot", "description": "", "price": money(1), "quantity": quantity });
    text(&app.post(Some(seller), "/products", body).await.expect(201)["id"])
}

/// A scheduled auction of a product of its own.
pub async fn lot(app: &TestApp, seller: &Actor, rules: Value) -> String {
    let body = json!({ "product_id": product(app, seller, 1).await, "rules": rules });
    text(&app.post(Some(seller), "/auction", body).await.expect(201)["id"])
}

pub async fn start(app: &TestApp, seller: &Actor, lot: &str) -> Value {
    app.post(Some(seller), "/auction/start", json!({ "auction_id": lot })).await.expect(200)
}

/// A live auction of a product of its own.
pub async fn live_lot(app: &TestApp, seller: &Actor, rules: Value) -> String {
    let lot = lot(app, seller, rules).await;
    start(app, seller, &lot).await;
    lot
}

/// A bid under a fresh id.
pub async fn bid(app: &TestApp, who: &Actor, lot: &str, offer: Value) -> Answer {
    bid_as(app, who, lot, &new_id(), offer).await
}

/// A bid under an id of the test's: `offer` is `{"amount": …}`, `{"max": …}` or `{"buy_now": true}`,
/// amounts in plain minor units.
pub async fn bid_as(app: &TestApp, who: &Actor, lot: &str, bid_id: &str, offer: Value) -> Answer {
    let mut body = json!({ "auction_id": lot, "bid_id": bid_id });
    let Value::Object(offer) = offer else { panic!("an offer is an object") };
    for (kind, value) in offer {
        body[kind] = value.as_i64().map_or(value, money);
    }
    app.post(Some(who), "/auction/bid", body).await
}

pub async fn status(app: &TestApp, lot: &str) -> Value {
    app.get(None, &format!("/auction/{lot}/status")).await.expect(200)
}

/// When a lot opened.
pub async fn opened(app: &TestApp, lot: &str) -> Timestamp {
    text(&status(app, lot).await["opens_at"]).parse().expect("a time")
}

/// The kinds of all events.
pub async fn kinds(app: &TestApp, lot: &str) -> Vec<String> {
    let log = app.get(None, &format!("/auction/{lot}/events?limit=100")).await.expect(200);
    log["items"].as_array().expect("a list").iter().map(|event| text(&event["kind"])).collect()
}

#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
