//! What nobody may know stands in no log line, however much is logged.

use std::fs;

use blytz_client::LiveEvent;
use blytz_core::wire::live::Channel;
use serde_json::json;

use crate::{
    house::{Person, max, money, rules_with},
    program::{Program, program},
};

const ADMIN_PASSWORD: &str = "vermilion-quagga-77";
const PASSWORD: &str = "cerulean-okapi-88";
const SECRET_KEY: &str = "b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b";
const RESERVE: i64 = 9_876_543;
const MAXES: [i64; 3] = [7_654_321, 8_765_432, 6_543_217];

/// Everything that has a secret in it, by HTTP and by socket; returns the tokens that were used.
async fn live(nobody: &Person) -> Vec<String> {
    let admin = nobody.log_in("admin@example.com", ADMIN_PASSWORD).await.person(200);
    admin.log_in_with(&format!("{PASSWORD}-wrong")).await.refused(401, "invalid_credentials");
    let join = async |name: &str| nobody.sign_up(&format!("{name}@example.com"), PASSWORD, name).await.person(201);
    let (seller, ann, ben) = (join("sita").await, join("ann").await, join("ben").await);
    admin.give_roles(&seller.id, json!(["seller"])).await.expect(200);
    let english = json!({ "reserve_price": money(RESERVE), "duration_ms": 600_000 });
    let sealed = json!({ "format": "sealed_second_price", "increment": null, "duration_ms": 600_000 });
    let (english, sealed) = (seller.auction(rules_with(english)).await, seller.auction(rules_with(sealed)).await);
    ann.bid(&english, max(MAXES[0])).await.expect(201);
    ann.bid(&sealed, MAXES[2]).await.expect(201);
    ann.bid(&english, max(MAXES[2])).await.refused(409, "max_not_raised");

    let client = ben.client().build().expect("a client");
    let (socket, mut events) = client.live().connect();
    socket.subscribe(Channel::Auction(english.id.parse().expect("an id")));
    // Bids go out first: one that was sent meanwhile would be part of the state, and no event would follow.
    while !matches!(events.recv().await.expect("the connection goes on"), LiveEvent::AuctionState { .. }) {}
    let bid = serde_json::from_value(max(MAXES[1]).on(&english)).expect("a bid");
    socket.bid(bid).await.expect("accepted");
    while !matches!(events.recv().await.expect("the connection goes on"), LiveEvent::Auction { .. }) {}
    socket.close();
    let renewed = ben.refresh().await.renewed();
    [admin, seller, ann, ben, renewed].into_iter().flat_map(|who| [who.token, who.refresh_token]).collect()
}

#[tokio::test]
async fn at_trace_no_line_tells_a_secret() {
    let data = tempfile::tempdir().expect("a folder");
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut command = program(data.path());
    command
        .env("BLYTZ_LOG", "trace")
        .env("BLYTZ_RATE_LIMITS", "off")
        .env("BLYTZ_SECRET_KEY", SECRET_KEY)
        .env("BLYTZ_ADMIN_EMAIL", "admin@example.com")
        .env("BLYTZ_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .stderr(log.reopen().expect("a file"));
    let server = Program::start(&mut command);
    let tokens = live(&server.nobody).await;
    server.kill();
    let log = fs::read_to_string(log.path()).expect("text");

    assert!(log.contains(r#""level":"DEBUG""#) && log.contains("/auction/bid"), "our own lines are there: {log}");
    let amounts = MAXES.iter().chain([&RESERVE]).map(ToString::to_string);
    let words = [ADMIN_PASSWORD, PASSWORD, SECRET_KEY, "nonce", "sealed\\\":"].map(str::to_owned);
    for secret in amounts.chain(words).chain(tokens).filter(|secret| !secret.is_empty()) {
        let told = log.lines().find(|line| line.contains(&secret));
        assert_eq!(told, None, "a line has {secret}");
    }
}
