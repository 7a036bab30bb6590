//! Paths, ids and queries that lead nowhere.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    house::{Person, UNKNOWN, exact},
    shop::{Shop, an_address, whole_rules},
};

#[tokio::test]
async fn what_is_no_id_and_what_is_nobodys_are_equally_not_found() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    let (nobody, admin, seller, buyer) = (&shop.house.nobody, &shop.admin, &shop.seller, &shop.buyer);
    let reason = json!({ "reason": "x" });
    let table: Vec<(Method, &str, &Person, Value)> = vec![
        (Method::GET, "/auth/profile/addresses/{}", buyer, Value::Null),
        (Method::PUT, "/auth/profile/addresses/{}", buyer, an_address()),
        (Method::DELETE, "/auth/profile/addresses/{}", buyer, Value::Null),
        (Method::PUT, "/auth/users/{}/roles", admin, json!({ "roles": [] })),
        (Method::POST, "/auth/users/{}/suspend", admin, Value::Null),
        (Method::POST, "/auth/users/{}/reinstate", admin, Value::Null),
        (Method::GET, "/products/{}", nobody, Value::Null),
        (Method::PATCH, "/products/{}", seller, json!({ "title": "x" })),
        (Method::DELETE, "/products/{}", seller, Value::Null),
        (Method::GET, "/products/{}/inventory", seller, Value::Null),
        (Method::PUT, "/products/{}/inventory", seller, json!({ "on_hand": 1 })),
        (Method::POST, "/products/{}/inventory/adjust", seller, json!({ "delta": 1, "reason": "x" })),
        (Method::GET, "/products/{}/inventory/movements", seller, Value::Null),
        (Method::GET, "/categories/{}", nobody, Value::Null),
        (Method::PATCH, "/categories/{}", admin, json!({ "name": "x" })),
        (Method::DELETE, "/categories/{}", admin, Value::Null),
        (Method::GET, "/auction/{}", nobody, Value::Null),
        (Method::GET, "/auction/{}/status", nobody, Value::Null),
        (Method::GET, "/auction/{}/events", nobody, Value::Null),
        (Method::GET, "/auction/{}/me", buyer, Value::Null),
        (Method::GET, "/auction/{}/bids/0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77", buyer, Value::Null),
        (Method::GET, "/auction/{}/proof", nobody, Value::Null),
        (Method::PATCH, "/auction/{}", seller, json!({ "title": "x" })),
        (Method::POST, "/auction/{}/cancel", seller, reason),
        (Method::POST, "/auction/{}/void", seller, json!({ "bid_id": shop.bid, "reason": "x" })),
        (Method::POST, "/auction/{}/watch", buyer, Value::Null),
        (Method::PUT, "/auction/blocked/{}", seller, Value::Null),
        (Method::GET, "/streams/{}", nobody, Value::Null),
        (Method::POST, "/streams/{}/start", seller, Value::Null),
        (Method::POST, "/streams/{}/end", seller, Value::Null),
        (Method::GET, "/streams/{}/lots", nobody, Value::Null),
        (Method::PUT, "/streams/{}/lots", seller, json!({ "auction_ids": [] })),
        (Method::PUT, "/streams/{}/moderators/0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77", seller, Value::Null),
        (Method::GET, "/chat/stream/{}", nobody, Value::Null),
        (Method::DELETE, "/chat/message/{}", seller, Value::Null),
        (Method::POST, "/chat/stream/{}/mute", seller, json!({ "user_id": shop.buyer.id, "seconds": 9 })),
        (Method::POST, "/chat/stream/{}/ban", seller, json!({ "user_id": shop.buyer.id })),
        (Method::POST, "/chat/stream/{}/unban", seller, json!({ "user_id": shop.buyer.id })),
        (Method::POST, "/chat/stream/{}/pin", seller, json!({ "message_id": null })),
        (Method::PUT, "/chat/stream/{}/settings", seller, json!({ "slow_mode_s": 1 })),
    ];
    for (method, path, who, body) in table {
        let mut seen: Option<Value> = None;
        let without_hyphens = UNKNOWN.replace('-', "");
        for id in [UNKNOWN, without_hyphens.as_str(), "1", "x", "%00", "..%2f..", "%F0%9F%8E%A9"] {
            let build = |request: RequestBuilder| if body.is_null() { request } else { request.json(&body) };
            let mut answer = who.send(method.clone(), &path.replace("{}", id), build).await;
            let got = (answer.status, answer.body["code"].as_str());
            assert_eq!(got, (404, Some("not_found")), "{method} {path} with {id}: {}", answer.body);
            answer.body["request_id"] = Value::Null;
            match &seen {
                Some(seen) => assert_eq!(&answer.body, seen, "{method} {path} with {id}"),
                None => seen = Some(answer.body),
            }
        }
    }
    for (path, who, body) in [
        ("/auction", seller, json!({ "product_id": UNKNOWN, "rules": whole_rules() })),
        ("/auction/start", seller, json!({ "auction_id": UNKNOWN })),
        ("/auction/bid", buyer, exact(5_000).on(UNKNOWN)),
        ("/chat/send", buyer, json!({ "stream_id": UNKNOWN, "text": "x" })),
    ] {
        let answer = who.post(path, body).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (404, Some("not_found")), "{path}: {}", answer.body);
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn lists_refuse_limits_and_filters_that_mean_nothing() {
    let shop = Shop::open().await;
    let lists = [
        "/auth/users".to_owned(),
        "/auth/profile/addresses".to_owned(),
        "/products".to_owned(),
        "/categories".to_owned(),
        "/auction".to_owned(),
        "/auction/blocked".to_owned(),
        "/streams".to_owned(),
        format!("/products/{}/inventory/movements", shop.product),
        format!("/auction/{}/events", shop.live),
        format!("/chat/stream/{}", shop.stream),
    ];
    for path in &lists {
        for limit in ["0", "101", "-1", "1.5", "1e1", "x", "99999999999999999999"] {
            let answer = shop.admin.get(format!("{path}?limit={limit}")).await;
            let got = (answer.status, answer.body["code"].as_str());
            assert_eq!(got, (422, Some("validation_failed")), "{path} limit={limit}: {}", answer.body);
            assert_eq!(answer.body["errors"][0]["pointer"], "/limit", "{path} limit={limit}: {}", answer.body);
        }
        for limit in ["1", "100"] {
            let body = shop.admin.get(format!("{path}?limit={limit}")).await.expect(200);
            assert!(body["items"].is_array() && body.get("next_cursor").is_some(), "{path}: {body}");
        }
    }
    let filters = [
        "/products?min_price=x".to_owned(),
        "/products?min_price=-1".to_owned(),
        "/products?max_price=1.5".to_owned(),
        "/products?category=x".to_owned(),
        "/products?seller_id=x".to_owned(),
        "/products?status=gone".to_owned(),
        "/products?sort=random".to_owned(),
        "/products?cursor=x".to_owned(),
        "/categories?cursor=x".to_owned(),
        "/auction?status=gone".to_owned(),
        "/auction?stream_id=x".to_owned(),
        "/auction?seller_id=x".to_owned(),
        "/auction?cursor=x".to_owned(),
        "/streams?cursor=x".to_owned(),
        "/auth/users?cursor=x".to_owned(),
        "/auth/profile/addresses?cursor=x".to_owned(),
        format!("/auction/{}/events?after=x", shop.live),
        format!("/auction/{}/events?after=-1", shop.live),
        format!("/auction/{}/events?after=9007199254740992", shop.live),
        format!("/auction/{}/events?cursor=9007199254740992", shop.live),
        format!("/chat/stream/{}?before=9007199254740992", shop.stream),
        format!("/chat/stream/{}?cursor=9007199254740992", shop.stream),
        format!("/chat/stream/{}?before=x", shop.stream),
    ];
    for path in filters {
        let answer = shop.admin.get(&path).await;
        let got = (answer.status, answer.body["code"].as_str());
        assert_eq!(got, (422, Some("validation_failed")), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let shop = Shop::open().await;
    shop.house.nobody.get("/nothing/here").await.refused(404, "not_found");
    shop.house.nobody.get("/auth/signup").await.refused(405, "method_not_allowed");
    shop.seller.delete("/auction/bid").await.refused(405, "method_not_allowed");
}
