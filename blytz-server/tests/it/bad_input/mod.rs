//! Bad input of every kind, for every endpoint that takes input: the status and the code that
//! clients are promised, and nothing changed afterwards.

mod bodies;
mod paths;
mod values;

use serde_json::{Map, Value};

use crate::{
    house::Answer,
    shop::{Endpoint, Shop},
};

fn fields(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

/// The body with something else at one place.
fn altered(good: &Value, pointer: &str, value: Value) -> Value {
    let mut body = good.clone();
    match body.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => drop(body.as_object_mut().expect("an object").insert(pointer[1..].to_owned(), value)),
    }
    body
}

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str, what: &str, endpoint: &Endpoint<'_>) {
    let got = (answer.status, answer.body["code"].as_str());
    assert_eq!(got, (status, Some(code)), "{what} for {} {}: {}", endpoint.method, endpoint.path, answer.body);
    let faults = answer.body["errors"].as_array().map_or(0, Vec::len);
    assert_eq!(faults > 0, status == 422, "{what} for {} {}: {}", endpoint.method, endpoint.path, answer.body);
}

#[tokio::test]
async fn the_bodies_above_are_good_as_they_stand() {
    let shop = Shop::open().await;
    // Only what was good before the fault was put in shows that the fault was refused. This server
    // has no Firebase project.
    for endpoint in &shop.endpoints() {
        let answer = endpoint.json(&endpoint.good).await;
        let expected: &[u16] = if endpoint.path == "/auth/firebase" { &[404] } else { &[200, 201, 204] };
        assert!(expected.contains(&answer.status), "{} {}: {}", endpoint.method, endpoint.path, answer.body);
    }
}
