//! Bodies that are no JSON, of another type, too large, of another shape, or nobody's to send.

use reqwest::Method;
use serde_json::{Value, json};

use super::{altered, check, fields};
use crate::{
    house::{Answer, UNKNOWN},
    shop::{Endpoint, Shop},
};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn what_is_no_json_changes_nothing() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    for endpoint in &shop.endpoints() {
        let good = endpoint.good.to_string();
        let open = good.trim_end_matches('}').to_owned();
        let malformed: Vec<Vec<u8>> = vec![
            Vec::new(),
            b" ".to_vec(),
            b"{".to_vec(),
            b"NaN".to_vec(),
            br#"{"amount": NaN}"#.to_vec(),
            br#"{"amount": Infinity}"#.to_vec(),
            br#"{"amount": 01}"#.to_vec(),
            br#"{"amount": +1}"#.to_vec(),
            br#"{"amount": .5}"#.to_vec(),
            br#"{"amount": 0x10}"#.to_vec(),
            b"{'amount': 1}".to_vec(),
            b"{amount: 1}".to_vec(),
            b"\"\\ud800".to_vec(),
            b"{\"a\": \"\x01\"}".to_vec(),
            b"{\"a\": \"\xff\"}".to_vec(),
            b"email=ann%40example.com".to_vec(),
            open.clone().into_bytes(),
            format!("{good}{good}").into_bytes(),
            format!("{good},").into_bytes(),
            format!("\u{feff}{good}").into_bytes(),
            format!("// hello\n{good}").into_bytes(),
            good.replacen('{', "{,", 1).into_bytes(),
        ];
        for body in malformed {
            let what = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let answer = endpoint.raw(Some("application/json"), body.clone()).await;
            check(&answer, 400, "malformed_json", &what, endpoint);
            let anonymous = endpoint.raw_as(&shop.house.nobody, Some("application/json"), body).await;
            check(&anonymous, 400, "malformed_json", &what, endpoint);
        }
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn other_types_and_bodies_that_are_too_large_are_refused_first() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    for endpoint in &shop.endpoints() {
        let good = endpoint.good.to_string();
        for kind in
            [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx"), Some("")]
        {
            let what = kind.unwrap_or("no type");
            for body in [good.as_str(), "{"] {
                check(&endpoint.raw(kind, body).await, 415, "unsupported_media_type", what, endpoint);
                let anonymous = endpoint.raw_as(&shop.house.nobody, kind, body).await;
                check(&anonymous, 415, "unsupported_media_type", what, endpoint);
            }
        }
        let padded = format!("{good}{}", " ".repeat(MIB + 1 - good.len()));
        for kind in ["application/json", "text/plain"] {
            let answer = endpoint.raw(Some(kind), padded.clone()).await;
            check(&answer, 413, "payload_too_large", "too large", endpoint);
        }
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn a_body_of_one_mebibyte_and_a_type_with_a_charset_are_fine() {
    let shop = Shop::open().await;
    let good = json!({ "token": shop.buyer.token }).to_string();
    let endpoint = Endpoint {
        method: Method::POST,
        path: "/auth/verify".to_owned(),
        who: &shop.house.nobody,
        good: Value::Null,
        required: &[],
    };
    let largest = format!("{good}{}", " ".repeat(MIB - good.len()));
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(endpoint.raw(Some(kind), largest.clone()).await.expect(200)["valid"], true);
    }
}

#[tokio::test]
async fn another_shape_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    for endpoint in &shop.endpoints() {
        let good = &endpoint.good;
        let invalid = async |body: &Value, what: &str| {
            check(&endpoint.json(body).await, 422, "validation_failed", what, endpoint);
        };
        for (what, body) in [
            ("null", Value::Null),
            ("a number", json!(7)),
            ("a text", json!("x")),
            ("true", json!(true)),
            ("an empty array", json!([])),
            ("an array of the object", json!([good])),
            ("an array of the values", fields(good).values().cloned().collect()),
            ("an unknown field", altered(good, "/surprise", json!(1))),
            ("another unknown field", altered(good, "/__proto__", json!({}))),
            ("a field in another case", altered(good, "/Title", json!("x"))),
        ] {
            invalid(&body, what).await;
        }
        for field in fields(good).keys() {
            for wrong in [json!({ "x": 1 }), json!([[]]), json!([{ "x": 1 }])] {
                invalid(&altered(good, &format!("/{field}"), wrong.clone()), &format!("{field}: {wrong}")).await;
            }
        }
        for field in endpoint.required {
            let mut body = good.clone();
            body.as_object_mut().expect("an object").remove(*field);
            invalid(&body, &format!("no {field}")).await;
            invalid(&altered(good, &format!("/{field}"), Value::Null), &format!("{field}: null")).await;
        }
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let answer = endpoint.raw(Some("application/json"), deep).await;
        check(&answer, 422, "validation_failed", "arrays in arrays", endpoint);
        let (name, value) = fields(good).iter().next().expect("a field");
        let doubled = good.to_string().replacen('{', &format!("{{{}:{value},", json!(name)), 1);
        let answer = endpoint.raw(Some("application/json"), doubled).await;
        check(&answer, 422, "validation_failed", "a duplicate key", endpoint);
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn an_answer_repeats_a_hundred_characters_at_most_and_lists_fifty_faults() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    let long = "\u{1f3a9}".repeat(11_000);
    let short = |answer: &Answer, what: &str| {
        let text = answer.body.to_string();
        assert!(text.matches('\u{1f3a9}').count() <= 100 && text.len() < 8_000, "{what}: {} bytes", text.len());
        assert!(answer.body["errors"].as_array().is_none_or(|faults| faults.len() <= 50), "{what}");
    };
    for endpoint in &shop.endpoints() {
        for (what, body) in [
            ("a field", altered(&endpoint.good, &format!("/{long}"), json!(1))),
            ("a text", json!(long)),
            ("an array", json!(vec!["\u{1f3a9}"; 5_000])),
        ] {
            let answer = endpoint.json(&body).await;
            check(&answer, 422, "validation_failed", what, endpoint);
            short(&answer, what);
        }
        for field in fields(&endpoint.good).keys() {
            for (what, value) in [
                ("a value", json!(long)),
                ("a field in it", json!({ long.as_str(): 1 })),
                ("many", json!(vec!["\u{1f3a9}"; 5_000])),
                ("the same again", json!(vec![UNKNOWN; 2_000])),
            ] {
                let answer = endpoint.json(&altered(&endpoint.good, &format!("/{field}"), value)).await;
                // Tokens and passwords may be anything, and are only not the right ones.
                short(&answer, &format!("{what} of {field} of {}", endpoint.path));
            }
        }
    }
    for query in ["sort", "status", "min_price", "cursor", "limit"] {
        let answer = shop.house.nobody.get(format!("/products?{query}={}", "%F0%9F%8E%A9".repeat(2_000))).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.body);
        short(&answer, query);
    }
    assert_eq!(shop.state().await, before);
}

#[tokio::test]
async fn who_asks_is_looked_at_before_what_they_ask() {
    let shop = Shop::open().await;
    let before = shop.state().await;
    for endpoint in shop.endpoints().iter().filter(|endpoint| endpoint.who.bearer().is_some()) {
        for body in [endpoint.good.clone(), json!({ "surprise": 1 })] {
            let answer = endpoint.raw_as(&shop.house.nobody, Some("application/json"), body.to_string()).await;
            check(&answer, 401, "unauthenticated", "nobody", endpoint);
            let nobody = shop.buyer.with_token("x");
            let answer = endpoint.raw_as(&nobody, Some("application/json"), body.to_string()).await;
            check(&answer, 401, "unauthenticated", "a bad token", endpoint);
        }
    }
    assert_eq!(shop.state().await, before);
}
