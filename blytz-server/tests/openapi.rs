//! The API's description is checked in, fresh, and whole.

use std::{collections::BTreeSet, fs, path::Path};

use blytz_server::commands::openapi_files;
use serde_json::Value;

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
