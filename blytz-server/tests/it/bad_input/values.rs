//! Values that are none: amounts, currencies, what is out of range, fields of another format.

use serde_json::{Value, json};

use super::{altered, check};
use crate::{
    house::{UNKNOWN, money},
    shop::{Endpoint, Shop, whole_rules},
};

/// What is no price, whatever stands around it.
fn bad_amounts() -> Vec<&'static str> {
    vec![
        "1.0",
        "1.5",
        "1e3",
        "1E3",
        "100e-2",
        "\"100\"",
        "-1",
        "-0.0",
        "9007199254740992",
        "9223372036854775808",
        "1e400",
        "null",
        "true",
        "[]",
        "{}",
        "0",
    ]
}

#[tokio::test]
async fn amounts_are_integers_of_minor_units() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    let endpoints = shop.endpoints();
    let at = |path: &str| endpoints.iter().find(|endpoint| endpoint.path == path).expect("an endpoint");
    let patch = format!("/products/{}", shop.product);
    let mut exact = at("/auction/bid").good.clone();
    exact["amount"] = exact.as_object_mut().and_then(|bid| bid.remove("max")).expect("a max");
    let places = [
        (at("/products"), at("/products").good.clone(), "/price"),
        (at(&patch), at(&patch).good.clone(), "/price"),
        (at("/auction/bid"), at("/auction/bid").good.clone(), "/max"),
        (at("/auction/bid"), exact, "/amount"),
        (at("/auction"), at("/auction").good.clone(), "/rules/starting_price"),
        (at("/auction"), altered(&at("/auction").good, "/rules/reserve_price", money(5_000)), "/rules/reserve_price"),
        (at("/auction"), altered(&at("/auction").good, "/rules/buy_now_price", money(5_000)), "/rules/buy_now_price"),
    ];
    for (endpoint, good, pointer) in places {
        for amount in bad_amounts() {
            // A number that no JSON reader of ours would print, so by hand.
            let marked = altered(&good, pointer, json!({ "amount": "MARK", "currency": "MYR" })).to_string();
            let body = marked.replace("\"MARK\"", amount);
            let answer = endpoint.raw(Some("application/json"), body).await;
            check(&answer, 422, "validation_failed", &format!("{pointer}: {amount}"), endpoint);
        }
        for wrong in [
            json!(100),
            json!("MYR 1.00"),
            json!([100, "MYR"]),
            json!({ "amount": 100 }),
            json!({ "currency": "MYR" }),
            json!({ "amount": 100, "currency": "myr" }),
            json!({ "amount": 100, "currency": "XYZ" }),
            json!({ "amount": 100, "currency": "" }),
            json!({ "amount": 100, "currency": 458 }),
            json!({ "amount": 100, "currency": "MYR", "exponent": 2 }),
        ] {
            let answer = endpoint.json(&altered(&good, pointer, wrong.clone())).await;
            check(&answer, 422, "validation_failed", &format!("{pointer}: {wrong}"), endpoint);
        }
        let doubled = altered(&good, pointer, json!("MARK")).to_string();
        let doubled = doubled.replace("\"MARK\"", r#"{"amount": 5000, "amount": 5000, "currency": "MYR"}"#);
        let answer = endpoint.raw(Some("application/json"), doubled).await;
        check(&answer, 422, "validation_failed", "a duplicate amount", endpoint);
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn another_currency_is_a_mismatch() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    let dollars = json!({ "amount": 5_000, "currency": "USD" });
    let endpoints = shop.endpoints();
    let at = |path: &str| endpoints.iter().find(|endpoint| endpoint.path == path).expect("an endpoint");
    let (bid, auction) = (at("/auction/bid"), at("/auction"));
    let mismatch = async |endpoint: &Endpoint<'_>, body: Value, what: &str| {
        let answer = endpoint.json(&body).await;
        let got = (answer.status, answer.body["code"].as_str());
        assert_eq!(got, (422, Some("currency_mismatch")), "{what}: {}", answer.body);
    };
    mismatch(bid, altered(&bid.good, "/max", dollars.clone()), "a bid").await;
    mismatch(auction, altered(&auction.good, "/rules/starting_price", dollars.clone()), "a starting price").await;
    mismatch(auction, altered(&auction.good, "/rules/reserve_price", dollars.clone()), "a reserve").await;
    let mut foreign = whole_rules();
    foreign["currency"] = json!("USD");
    foreign["starting_price"] = dollars;
    mismatch(auction, altered(&auction.good, "/rules", foreign), "an auction of a product in another currency").await;
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn every_value_out_of_its_range_is_named() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    let endpoints = shop.endpoints();
    let stream = &shop.stream;
    let long = |length: usize| json!("x".repeat(length));
    let table: Vec<(String, Vec<(&str, Value)>)> = vec![
        (
            "/products".to_owned(),
            vec![
                ("/title", json!("")),
                ("/title", json!("  ")),
                ("/title", long(201)),
                ("/title", json!("a\u{0}b")),
                ("/description", long(10_001)),
                ("/quantity", json!(-1)),
                ("/quantity", json!(1_000_001)),
                ("/quantity", json!(1.0)),
                ("/quantity", json!("1")),
                ("/weight_g", json!(0)),
                ("/weight_g", json!(-1)),
                ("/weight_g", json!(u64::MAX)),
                ("/category_id", json!("vases")),
                ("/images", json!(vec!["https://example.com/x.jpg"; 21])),
                ("/images/0", json!("javascript:alert(1)")),
                ("/images/0", json!("https://example.com/a b")),
                ("/tags", json!(vec!["x"; 21])),
                ("/tags/0", long(51)),
                ("/tags/0", json!(7)),
                ("/status", json!("archived")),
                ("/status", json!("sold_out")),
                ("/status", json!("ACTIVE")),
            ],
        ),
        (
            format!("/products/{}/inventory", shop.product),
            vec![
                ("/on_hand", json!(-1)),
                ("/on_hand", json!(1_000_001)),
                ("/on_hand", json!(0.5)),
                ("/on_hand", json!("5")),
            ],
        ),
        (
            format!("/products/{}/inventory/adjust", shop.product),
            vec![
                ("/delta", json!(0)),
                ("/delta", json!(i64::MIN)),
                ("/delta", json!(1.5)),
                ("/reason", json!("")),
                ("/reason", long(201)),
            ],
        ),
        ("/categories".to_owned(), vec![("/name", json!("")), ("/name", long(101)), ("/parent_id", json!("x"))]),
        (
            "/auction".to_owned(),
            vec![
                ("/product_id", json!("x")),
                ("/product_id", json!(UNKNOWN.replace('-', ""))),
                ("/title", json!("")),
                ("/stream_id", json!(7)),
                ("/starts_at", json!("tomorrow")),
                ("/starts_at", json!("2099-01-01")),
                ("/starts_at", json!(4_070_908_800_i64)),
                ("/rules/format", json!("japanese")),
                ("/rules/duration_ms", json!(0)),
                ("/rules/duration_ms", json!(-1)),
                ("/rules/duration_ms", json!(2_592_000_001_i64)),
                ("/rules/duration_ms", json!(60_000.5)),
                ("/rules/increment", json!({ "fixed": 0 })),
                ("/rules/increment", json!({ "fixed": 1.5 })),
                ("/rules/increment", json!({ "table": [] })),
                ("/rules/increment", json!({ "table": [{ "from": 1, "step": 5 }] })),
                ("/rules/increment", json!({ "table": [{ "from": 0, "step": 5 }, { "from": 0, "step": 6 }] })),
                ("/rules/increment", json!({ "table": [{ "from": 0, "step": 5 }, { "from": 9, "step": 4 }] })),
                ("/rules/increment", json!({ "table": [{ "from": 0, "step": 0 }] })),
                ("/rules/increment", json!({ "named": "sothebys" })),
                ("/rules/increment", json!({ "fixed": 1, "named": "ebay" })),
                ("/rules/increment", Value::Null),
                ("/rules/below_reserve", json!("half")),
                ("/rules/soft_close/trigger_ms", json!(0)),
                ("/rules/soft_close/extend_ms", json!(-5)),
                ("/rules/soft_close/mode", json!("double")),
                ("/rules/soft_close/max_total_ms", json!(-1)),
                ("/rules/reserve_price", money(999)),
                ("/rules/buy_now_price", money(1_000)),
                ("/rules/dutch", Value::Null),
            ],
        ),
        (
            "/auction/bid".to_owned(),
            vec![
                ("/auction_id", json!("x")),
                ("/bid_id", json!("1")),
                ("/bid_id", json!(UNKNOWN.replace('-', ""))),
                ("/amount", money(9_000)),
                ("/buy_now", json!(true)),
                ("/buy_now", json!(false)),
                ("/max", Value::Null),
            ],
        ),
        (format!("/auction/{}/cancel", shop.scheduled), vec![("/reason", json!("")), ("/reason", long(201))]),
        (
            format!("/auction/{}/void", shop.live),
            vec![("/reason", json!(" ")), ("/bid_id", json!("x")), ("/bidder_id", json!("x"))],
        ),
        ("/streams".to_owned(), vec![("/title", json!("")), ("/title", long(201)), ("/starts_at", json!("x"))]),
        (
            format!("/streams/{stream}/lots"),
            vec![
                ("/auction_ids", json!([UNKNOWN, UNKNOWN])),
                ("/auction_ids", json!(["x"])),
                ("/auction_ids", json!("x")),
            ],
        ),
        (
            "/chat/send".to_owned(),
            vec![
                ("/text", json!("")),
                ("/text", json!("   ")),
                ("/text", long(501)),
                ("/text", json!("a\u{0}b")),
                ("/text", json!("a\u{1b}[31mb")),
                ("/text", json!("a\u{202e}b")),
                ("/text", json!("a\u{2066}b")),
                ("/text", json!("a\u{e0062}b")),
                ("/text", json!("\u{335}".repeat(2_001))),
                ("/message_id", json!("1")),
                ("/stream_id", json!("1")),
            ],
        ),
        (
            format!("/chat/stream/{stream}/mute"),
            vec![
                ("/seconds", json!(0)),
                ("/seconds", json!(-1)),
                ("/seconds", json!(604_801)),
                ("/seconds", json!(1.5)),
                ("/user_id", json!("buyer")),
                ("/reason", long(201)),
            ],
        ),
        (format!("/chat/stream/{stream}/ban"), vec![("/user_id", json!("buyer")), ("/reason", long(201))]),
        (format!("/chat/stream/{stream}/pin"), vec![("/message_id", json!("x")), ("/message_id", json!(7))]),
        (
            format!("/chat/stream/{stream}/settings"),
            vec![
                ("/slow_mode_s", json!(-1)),
                ("/slow_mode_s", json!(3_601)),
                ("/max_length", json!(0)),
                ("/max_length", json!(501)),
                ("/blocked_terms", json!([""])),
                ("/blocked_terms", json!(vec!["x"; 201])),
                ("/followers_only", json!("yes")),
                ("/min_account_age_s", json!(-1)),
                ("/min_account_age_s", json!(7_776_001)),
            ],
        ),
    ];
    for (path, rows) in table {
        let endpoint = endpoints.iter().find(|endpoint| endpoint.path == path).expect("an endpoint");
        for (pointer, value) in rows {
            let what = format!("{pointer}: {}", value.to_string().chars().take(60).collect::<String>());
            // The one row that is wrong only together with another format.
            let good = if pointer == "/rules/dutch" {
                altered(&endpoint.good, "/rules/format", json!("dutch"))
            } else {
                endpoint.good.clone()
            };
            let answer = endpoint.json(&altered(&good, pointer, value)).await;
            check(&answer, 422, "validation_failed", &what, endpoint);
        }
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn a_format_refuses_the_fields_of_another() {
    let shop = Shop::open().await;
    let endpoints = shop.endpoints();
    let auction = endpoints.iter().find(|endpoint| endpoint.path == "/auction").expect("an endpoint");
    let falling = json!({ "step": 100, "interval_ms": 1_000, "floor": money(500) });
    let plain = |format: &str| json!({ "format": format, "currency": "MYR", "starting_price": money(1_000), "duration_ms": 60_000 });
    let mut dutch = plain("dutch");
    dutch["dutch"] = falling.clone();
    let english_only = [
        ("increment", json!({ "fixed": 100 })),
        ("buy_now_price", money(9_000)),
        ("below_reserve", json!("proxy")),
        ("soft_close", whole_rules()["soft_close"].clone()),
    ];
    let mut cases = vec![("english", altered(&whole_rules(), "/dutch", falling.clone()))];
    for good in [dutch.clone(), plain("sealed_first_price"), plain("sealed_second_price")] {
        for (field, value) in &english_only {
            cases.push((field, altered(&good, &format!("/{field}"), value.clone())));
        }
    }
    cases.push(("dutch", altered(&dutch, "/reserve_price", money(5_000))));
    cases.push(("sealed", altered(&plain("sealed_first_price"), "/dutch", falling)));
    for (what, rules) in cases {
        let answer = auction.json(&altered(&auction.good, "/rules", rules)).await;
        check(&answer, 422, "validation_failed", what, auction);
    }
}
