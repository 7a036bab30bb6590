//! What nobody may know stands in no log line, however much is logged.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use blytz_client::{Client, LiveEvent, new_bid_id};
use blytz_core::{
    AuctionId, Currency, Money,
    account::Role,
    wire::{
        account::SignupRequest,
        auction::{AuctionInput, BidRequest},
        live::Channel,
        product::ProductInput,
    },
};
use serde_json::json;

const ADMIN_PASSWORD: &str = "vermilion-quagga-77";
const PASSWORD: &str = "cerulean-okapi-88";
const SECRET_KEY: &str = "b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b";
const RESERVE: i64 = 9_876_543;
const MAXES: [i64; 3] = [7_654_321, 8_765_432, 6_543_217];

struct Process(std::process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn signed_up(url: &str, name: &str) -> Client {
    let client = Client::builder(url).build().expect("a client");
    let email = format!("{name}@example.com");
    let request = SignupRequest { email, password: PASSWORD.to_owned(), display_name: name.to_owned() };
    client.auth().signup(&request).await.expect("an account");
    client
}

fn of<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("of that shape")
}

fn bid(auction_id: AuctionId, amount: i64, is_max: bool) -> BidRequest {
    let money = Some(Money::new(amount, Currency::MYR));
    let (amount, max) = if is_max { (None, money) } else { (money, None) };
    BidRequest { auction_id, bid_id: new_bid_id(), amount, max, buy_now: None }
}

/// Everything that has a secret in it, by HTTP and by socket; returns the tokens that were used.
async fn live(url: &str) -> Vec<String> {
    let admin = Client::builder(url).build().expect("a client");
    admin.auth().login("admin@example.com", ADMIN_PASSWORD).await.expect("the admin");
    let wrong = Client::builder(url).build().expect("a client");
    wrong.auth().login("admin@example.com", &format!("{PASSWORD}-wrong")).await.expect_err("not their password");
    let (seller, ann, ben) = (signed_up(url, "sita").await, signed_up(url, "ann").await, signed_up(url, "ben").await);
    let id = seller.auth().profile().await.expect("a profile").id;
    admin.auth().set_roles(id, &[Role::Seller]).await.expect("a seller");
    let product: ProductInput = of(json!({
        "title": "Vase", "description": "Blue", "price": {"amount": 1000, "currency": "MYR"}, "quantity": 2,
    }));
    let product = seller.products().create(&product).await.expect("a product").id;
    let english: AuctionInput = of(json!({ "product_id": product, "rules": {
        "format": "english", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
        "reserve_price": {"amount": RESERVE, "currency": "MYR"}, "increment": {"fixed": 100}, "duration_ms": 600_000,
    }}));
    let sealed: AuctionInput = of(json!({ "product_id": product, "rules": {
        "format": "sealed_second_price", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
        "duration_ms": 600_000,
    }}));
    let english = seller.auctions().create(&english).await.expect("a lot").status.id;
    let sealed = seller.auctions().create(&sealed).await.expect("a lot").status.id;
    for lot in [english, sealed] {
        seller.auctions().start(lot).await.expect("live");
    }
    ann.auctions().bid(&bid(english, MAXES[0], true)).await.expect("accepted");
    ann.auctions().bid(&bid(sealed, MAXES[2], false)).await.expect("accepted");
    ann.auctions().bid(&bid(english, MAXES[2], true)).await.expect_err("not above her own");

    let (socket, mut events) = ben.live().connect();
    socket.subscribe(Channel::Auction(english));
    socket.bid(bid(english, MAXES[1], true)).await.expect("accepted");
    while !matches!(events.recv().await, Some(LiveEvent::Auction { .. })) {}
    socket.close();
    ben.auth().refresh().await.expect("new tokens");
    let tokens = [&admin, &seller, &ann, &ben].map(|client| client.tokens().expect("logged in"));
    tokens.into_iter().flat_map(|tokens| [tokens.access_token, tokens.refresh_token]).collect()
}

#[tokio::test]
async fn at_trace_no_line_tells_a_secret() {
    let data = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_blytz-server"))
        .env_clear()
        .env("BLYTZ_DATA", data.path())
        .env("BLYTZ_LISTEN", "127.0.0.1:0")
        .env("BLYTZ_LOG", "trace")
        .env("BLYTZ_RATE_LIMITS", "off")
        .env("BLYTZ_SECRET_KEY", SECRET_KEY)
        .env("BLYTZ_ADMIN_EMAIL", "admin@example.com")
        .env("BLYTZ_ADMIN_PASSWORD", ADMIN_PASSWORD)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut err = child.stderr.take().expect("a pipe");
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        err.read_to_string(&mut log).map(|_| log)
    });
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("its first line");
    let mut process = Process(child);
    let url = line.trim().strip_prefix("blytz-server listening on ").expect("its address").to_owned();
    let tokens = live(&url).await;
    process.0.kill().expect("it was alive");
    process.0.wait().expect("it is gone");
    let log = log.join().expect("read").expect("text");

    assert!(log.contains(r#""level":"DEBUG""#) && log.contains("/auction/bid"), "our own lines are there: {log}");
    let amounts = MAXES.iter().chain([&RESERVE]).map(ToString::to_string);
    let words = [ADMIN_PASSWORD, PASSWORD, SECRET_KEY, "nonce", "sealed\\\":"].map(str::to_owned);
    for secret in amounts.chain(words).chain(tokens).filter(|secret| !secret.is_empty()) {
        let told = log.lines().find(|line| line.contains(&secret));
        assert_eq!(told, None, "a line has {secret}");
    }
}
