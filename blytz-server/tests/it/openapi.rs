//! The API's description is checked in, fresh, whole and true.

use std::{collections::BTreeSet, fs, path::Path};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::StatusCode,
};
use blytz_core::wire::ErrorCode;
use blytz_server::commands::openapi_files;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::document::{schema::Schemas, witness::Witness};

fn document(name: &str) -> Value {
    let (_, text) = openapi_files().find(|(known, _)| *known == name).expect("there is such a document");
    serde_json::from_str(&text).expect("JSON")
}

/// Method, path and description of every operation.
fn operations(document: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .expect("a path")
            .iter()
            .map(move |(method, operation)| (method.to_uppercase(), &**path, operation))
    })
}

#[test]
fn what_is_checked_in_is_what_the_code_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi");
    for (name, text) in openapi_files() {
        let path = folder.join(name).with_extension("json");
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == text,
            "{} is stale: cargo run -p blytz-server -- openapi --write docs/openapi",
            path.display()
        );
    }
}

#[test]
fn every_path_of_the_contract_is_described() {
    let whole = document("blytz");
    let described: BTreeSet<String> =
        operations(&whole).map(|(method, path, _)| format!("{method} {}", anonymous(path))).collect();
    let missing: Vec<_> = CONTRACT
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .flat_map(|line| {
            let (methods, path) = line.split_once(' ').expect("methods, then a path");
            methods.split('|').map(move |method| format!("{method} {path}"))
        })
        .filter(|operation| !described.contains(operation))
        .collect();
    assert!(missing.is_empty(), "missing: {missing:#?}");
}

/// The path with every parameter as `{}`.
fn anonymous(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

const CONTRACT: &str = "
    POST /auth/signup
    POST /auth/login
    POST /auth/refresh
    POST /auth/logout
    POST /auth/verify
    GET|PATCH /auth/profile
    POST /auth/password
    POST /auth/firebase
    GET|POST /auth/profile/addresses
    GET|PUT|DELETE /auth/profile/addresses/{}
    GET /auth/users
    PUT /auth/users/{}/roles
    POST /auth/users/{}/suspend
    POST /auth/users/{}/reinstate
    GET|POST /products
    GET|PATCH|DELETE /products/{}
    GET|PUT /products/{}/inventory
    POST /products/{}/inventory/adjust
    GET /products/{}/inventory/movements
    GET|POST /categories
    GET|POST /auction
    POST /auction/start
    POST /auction/bid
    GET|PATCH /auction/{}
    GET /auction/{}/status
    GET /auction/{}/events
    GET /auction/{}/me
    GET /auction/{}/bids/{}
    POST /auction/{}/cancel
    POST /auction/{}/void
    GET /auction/{}/proof
    GET /auction/keys
    POST|DELETE /auction/{}/watch
    GET /auction/blocked
    PUT|DELETE /auction/blocked/{}
    GET|POST /streams
    GET /streams/{}
    POST /streams/{}/start
    POST /streams/{}/end
    GET|PUT /streams/{}/lots
    PUT|DELETE /streams/{}/moderators/{}
    POST /chat/send
    GET /chat/stream/{}
    DELETE /chat/message/{}
    POST /chat/stream/{}/mute
    POST /chat/stream/{}/ban
    POST /chat/stream/{}/unban
    POST /chat/stream/{}/pin
    PUT /chat/stream/{}/settings
    GET /ws
    GET /health
    GET /ready
    GET /metrics
";

#[test]
fn every_operation_says_how_it_can_fail() {
    let whole = document("blytz");
    let mut silent = Vec::new();
    for (method, path, operation) in operations(&whole) {
        let about_the_process = operation["tags"] == serde_json::json!(["process"]);
        let takes_body = operation.get("requestBody").is_some();
        let takes_login = operation.get("security").is_some();
        for (status, when) in [
            ("400", takes_body),
            ("401", takes_login),
            ("404", path.contains('{')),
            ("413", takes_body),
            ("415", takes_body),
            ("422", takes_body),
            ("429", !about_the_process),
            ("503", !about_the_process),
        ] {
            let response = &operation["responses"][status];
            let described = response["description"].as_str().is_some_and(|text| !text.is_empty());
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            if when && !(described && schema == "#/components/schemas/Problem") {
                silent.push(format!("{method} {path}: {status}"));
            }
        }
    }
    assert!(silent.is_empty(), "not described: {silent:#?}");
}

#[test]
fn every_operation_can_succeed_and_has_a_name_of_its_own() {
    let whole = document("blytz");
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&whole) {
        let responses = operation["responses"].as_object().expect("responses");
        let succeeds = responses.keys().any(|status| status.starts_with(['1', '2']));
        assert!(succeeds, "{method} {path} says nothing of its success");
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{method} {path} has the name {name}, as another has");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for (name, text) in openapi_files() {
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let mut dangling = BTreeSet::new();
        visit(&document, &mut |reference| {
            if document.pointer(reference.trim_start_matches('#')).is_none() {
                dangling.insert(reference.to_owned());
            }
        });
        assert!(dangling.is_empty(), "{name}: {dangling:?}");
        for (method, path, operation) in operations(&document) {
            let schemes = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
            for scheme in schemes.flat_map(|requirement| requirement.keys()) {
                let known = document["components"]["securitySchemes"].get(scheme).is_some();
                assert!(known, "{name}: {method} {path} wants {scheme}, which is not described");
            }
        }
    }
}

fn visit(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(entries) => {
            if let Some(reference) = entries.get("$ref").and_then(Value::as_str) {
                found(reference);
            }
            entries.values().for_each(|value| visit(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| visit(value, found)),
        _ => {}
    }
}

/// `bid_request_max` is a sample of `BidRequest`, `message_page` of a page of messages.
fn schema_of_sample<'a>(name: &str, schemas: &'a Value) -> Option<&'a str> {
    let camel = |words: &[&str]| words.iter().map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
    let words: Vec<&str> = name.split('_').collect();
    let named = match words.split_last() {
        Some((&"page", item)) => vec![format!("Page_{}", camel(item))],
        _ => (1..=words.len()).rev().map(|count| camel(&words[..count])).collect(),
    };
    let schemas = schemas.as_object().expect("schemas");
    named.iter().find_map(|name| schemas.get_key_value(name)).map(|(name, _)| &**name)
}

/// What clients say over the live connection: frames whose fields depend on their `op`, which the
/// document leaves to the contract.
const UNDESCRIBED: [&str; 2] = ["client_frame", "since"];

/// Objects of samples, in the order of their text, that may have any field: the checks of a process, by
/// name, and what an op answers.
const FREE: [(&str, usize); 2] = [("readiness", 1), ("server_frame_ok", 1)];

#[test]
fn every_sample_is_as_its_schema_says() {
    let whole = document("blytz");
    let components = &whole["components"]["schemas"];
    let (requests, answers) = (Schemas::of_requests(components), Schemas::of_answers(components));
    for (name, sample) in samples() {
        if UNDESCRIBED.iter().any(|start| name.starts_with(start)) {
            continue;
        }
        let schema = schema_of_sample(&name, components).unwrap_or_else(|| panic!("{name} is of no schema"));
        let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let strict = components[schema]["additionalProperties"] == false;
        let schemas = if strict { &requests } else { &answers };
        schemas.check(&reference, &sample).unwrap_or_else(|fault| panic!("{name} is no {schema}: {fault}"));
        for target in 0.. {
            let mut twisted = sample.clone();
            let mut seen = 0;
            if !add_field(&mut twisted, target, &mut seen) {
                break;
            }
            let refused = schemas.check(&reference, &twisted).is_err();
            assert!(refused || FREE.contains(&(name.as_str(), target)), "{name}: {schema} takes a surprise: {twisted}");
        }
    }
}

fn samples() -> impl Iterator<Item = (String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/wire");
    fs::read_dir(folder).expect("samples").map(|entry| {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("text");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).expect("JSON"))
    })
}

/// Adds an unknown field to the `target`th object; whether there is one.
fn add_field(value: &mut Value, target: usize, seen: &mut usize) -> bool {
    match value {
        Value::Object(entries) => {
            *seen += 1;
            if *seen > target {
                entries.insert("surprise".to_owned(), json!({ "status": "ok" }));
                return true;
            }
            entries.values_mut().any(|value| add_field(value, target, seen))
        }
        Value::Array(items) => items.iter_mut().any(|value| add_field(value, target, seen)),
        _ => false,
    }
}

#[test]
fn error_codes_are_named_as_they_are_sent() {
    let whole = document("blytz");
    let sent: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(whole["components"]["schemas"]["ErrorCode"]["enum"], json!(sent));
}

#[test]
fn a_request_is_of_one_kind() {
    let whole = document("blytz");
    let schemas = Schemas::of_requests(&whole["components"]["schemas"]);
    let takes = |name: &str, value: &Value| {
        schemas.check(&json!({ "$ref": format!("#/components/schemas/{name}") }), value).is_ok()
    };
    let money = json!({ "amount": 1, "currency": "MYR" });
    let bid = |offer: Value| {
        let mut bid = json!({ "auction_id": ID, "bid_id": ID });
        bid.as_object_mut().expect("an object").extend(offer.as_object().expect("an object").clone());
        takes("BidRequest", &bid)
    };
    assert!(bid(json!({ "amount": money })) && bid(json!({ "max": money, "amount": null })));
    assert!(bid(json!({ "buy_now": true, "max": null })));
    for wrong in [json!({}), json!({ "amount": null }), json!({ "buy_now": false }), json!({ "buy_now": null })] {
        assert!(!bid(wrong.clone()), "{wrong}");
    }
    assert!(!bid(json!({ "amount": money, "max": money })) && !bid(json!({ "amount": money, "buy_now": true })));
    assert!(!bid(json!({ "amount": { "amount": 0, "currency": "MYR" } })));

    let falling = json!({ "step": 1, "interval_ms": 1, "floor": money });
    let rules = |format: &str, field: &str, value: &Value| {
        let mut rules = json!({ "format": format, "currency": "MYR", "starting_price": money, "duration_ms": 1 });
        rules[field] = value.clone();
        takes("RulesInput", &rules)
    };
    let step = json!({ "fixed": 1 });
    assert!(rules("english", "increment", &step) && !rules("english", "increment", &Value::Null));
    assert!(rules("dutch", "dutch", &falling) && !rules("dutch", "increment", &step));
    for sealed in ["sealed_first_price", "sealed_second_price"] {
        assert!(rules(sealed, "reserve_price", &money) && rules(sealed, "dutch", &Value::Null));
        assert!(!rules(sealed, "dutch", &falling) && !rules(sealed, "increment", &step));
    }
}

/// What a server that is not as described would answer, and what the judge says to it.
#[tokio::test]
async fn an_answer_that_is_not_as_described_fails_its_test() {
    let problem = |status: u16, code: &str| {
        json!({
            "type": format!("/problems/{code}"), "title": "x", "status": status, "detail": "x", "code": code,
            "request_id": "1",
        })
    };
    let at = |time: &str| {
        json!({
            "id": ID, "seller": { "id": ID, "display_name": "Ann" }, "title": "x", "status": "live",
            "starts_at": null, "started_at": time, "ended_at": null, "watchers": 1,
        })
    };
    let (json_type, problem_type) = ("application/json", "application/problem+json");
    let stream = &*format!("/streams/{ID}");
    for (path, status, kind, body, expected) in [
        ("/health", 200, json_type, json!({ "status": "ok" }), None),
        ("/health", 200, json_type, json!({ "status": 1 }), Some("is not of type")),
        ("/health", 200, json_type, json!({ "status": "ok", "more": 1 }), Some("'more' was unexpected")),
        ("/health", 200, json_type, json!({}), Some("is a required property")),
        ("/health", 200, "text/html", json!({ "status": "ok" }), Some("a content type")),
        ("/health", 500, problem_type, problem(500, "internal"), Some("a status that")),
        ("/health", 204, json_type, Value::Null, Some("a status that")),
        (stream, 200, json_type, at("2026-01-02T03:04:05.000006Z"), None),
        (stream, 200, json_type, at("2026-01-02T03:04:05Z"), Some("at \"/started_at\"")),
        (stream, 200, json_type, at("2026-13-02T03:04:05.000006Z"), Some("at \"/started_at\"")),
        (stream, 404, problem_type, problem(404, "not_found"), None),
        (stream, 404, problem_type, problem(404, "NotFound"), Some("is not one of")),
        (stream, 404, problem_type, problem(403, "not_found"), Some("another status")),
        (stream, 404, json_type, problem(404, "not_found"), Some("a content type")),
        (stream, 429, problem_type, problem(429, "rate_limited"), Some("Retry-After is missing")),
        ("/nowhere", 200, json_type, json!({}), Some("no such path")),
        ("/nowhere", 404, problem_type, problem(404, "not_found"), None),
        ("/nowhere", 404, json_type, problem(404, "not_found"), Some("a content type")),
        ("/auction/bid", 200, json_type, json!({}), Some("no such method")),
        ("/auction/bid", 405, problem_type, problem(405, "method_not_allowed"), Some("Allow header")),
    ] {
        let what = format!("{path} {status} {kind} {body}");
        for streamed in [false, true] {
            let witness = Witness::default();
            let text = body.to_string();
            let answer = move || {
                let text = Bytes::from(text);
                let body = if streamed {
                    Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(text)]))
                } else {
                    Body::from(text)
                };
                let headers = [("content-type", kind), ("x-request-id", "1")];
                std::future::ready((StatusCode::from_u16(status).expect("a status"), headers, body))
            };
            let router = witness.around()(Router::new().fallback(answer));
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let response = router.oneshot(request).await.expect("an answer");
            axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            let faults = witness.take();
            match expected {
                None => assert!(faults.is_empty(), "{what}: {faults:?}"),
                Some(part) => assert!(faults.len() == 1 && faults[0].contains(part), "{what}: {faults:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_witness_that_saw_a_fault_panics_when_its_test_ends() {
    let witness = Witness::default();
    let router = witness.around()(Router::new());
    router.oneshot(Request::get("/health").body(Body::empty()).expect("a request")).await.expect("an answer");
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(witness)));
    let text = ended.expect_err("it panics").downcast::<String>().expect("a text");
    assert!(text.contains("GET /health answered 404: a status that the operation does not have: 200"), "{text}");
}

const ID: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";
