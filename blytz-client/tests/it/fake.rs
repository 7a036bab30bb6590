//! A server that answers what a test tells it to, on loopback, and remembers what it was asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
    routing::get,
};
use blytz_client::{
    Backoff, Client, ClientBuilder, RetryPolicy, new_bid_id,
    wire::{
        ErrorCode, Problem,
        account::Tokens,
        auction::{BidAnswer, BidOutcome, BidRequest, LogKeys},
    },
};
use blytz_core::{
    AuctionId, BidId, Epoch, Money, Timestamp, UserId,
    auction::{
        log::Head,
        receipt::{House, Leaf, Signer},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    pub line: String,
    pub bearer: Option<String>,
    pub body: Value,
}

/// What to answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(header::HeaderName, String)>,
    pub body: String,
}

pub fn ok(body: Value) -> Answer {
    Answer { status: 200, headers: vec![(header::CONTENT_TYPE, "application/json".into())], body: body.to_string() }
}

pub fn problem(code: ErrorCode) -> Answer {
    let problem = Problem::new(code, "said so");
    let headers = vec![(header::CONTENT_TYPE, "application/problem+json".into())];
    Answer { status: problem.status, headers, body: json!(problem).to_string() }
}

pub fn html(status: u16) -> Answer {
    let body = "<html>\n<h1>Bad\u{1b}[31m gateway</h1></html>".to_owned();
    Answer { status, headers: vec![(header::CONTENT_TYPE, "text/html".into())], body }
}

impl Answer {
    pub fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

pub struct Fake {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// `answer` gets the request and how many came before it.
    pub async fn start(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answer = Arc::new(answer);
        let log = asked.clone();
        let router = Router::new().route("/auction/keys", get(keys)).fallback(move |request: Request<Body>| {
            let (answer, log) = (answer.clone(), log.clone());
            async move {
                let (parts, body) = request.into_parts();
                let bytes = to_bytes(body, 1 << 20).await.expect("a body");
                let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                let asked = Asked {
                    line: format!("{} {}", parts.method, parts.uri),
                    bearer: bearer.and_then(|text| text.strip_prefix("Bearer ")).map(str::to_owned),
                    body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
                };
                let before = {
                    let mut log = log.lock().expect("no panic");
                    log.push(asked.clone());
                    log.len() - 1
                };
                let Answer { status, headers, body } = answer(&asked, before);
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                for (name, value) in headers {
                    response.headers_mut().insert(name, value.parse().expect("a header"));
                }
                response
            }
        });
        let address = serve(router).await;
        Self { address, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

/// What [`house`] shows; it is asked beside all else, and not remembered.
pub async fn keys() -> Json<LogKeys> {
    Json(LogKeys { keys: vec![house().public()] })
}

/// Serves on a free port of loopback until the test ends; returns the address.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

pub fn tokens(access: &str, refresh: &str) -> Tokens {
    Tokens {
        access_token: access.to_owned(),
        refresh_token: refresh.to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: 900,
    }
}

/// Repeats without a pause.
pub const AT_ONCE: RetryPolicy = RetryPolicy {
    retries: 3,
    backoff: Backoff { base: Duration::ZERO, cap: Duration::ZERO },
    longest_wait: Duration::from_secs(5),
};

pub fn client(fake: &Fake) -> ClientBuilder {
    Client::builder(&fake.address).retry(AT_ONCE)
}

pub async fn always(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (Fake, Client) {
    let fake = Fake::start(move |_, _| answer()).await;
    let client = client(&fake).build().expect("valid");
    (fake, client)
}

pub fn bid() -> BidRequest {
    let amount = Money::new(1_250, "MYR".parse().expect("a currency"));
    let (auction_id, bid_id) = (AuctionId(Uuid::nil()), new_bid_id());
    BidRequest { auction_id, bid_id, rules_hash: None, amount: Some(amount), max: None, buy_now: None }
}

/// An honest house: it signs with the first of its keys.
pub fn house() -> Signer {
    signer("shop.example", 1)
}

pub fn signer(origin: &str, seed: u8) -> Signer {
    let house = House { origin: origin.to_owned(), epoch: Epoch(Uuid::nil()) };
    Signer::from_seed(house, format!("key{seed}"), [seed; 32], Timestamp::from_micros(0))
}

/// What this house answers to a bid: that it leads, by event 3 of a log that ends at 4.
pub fn answer_of(signer: &Signer, auction_id: AuctionId, bid_id: BidId) -> BidAnswer {
    let hash = |digit: &str| digit.repeat(64);
    let head = Head { auction_id, seq: 4, hash: hash("4") };
    let leaf = Leaf::of_bid(bid_id, 3, hash("3"), &head);
    let other = Leaf::of_bid(new_bid_id(), 2, hash("2"), &head);
    let at = "2026-11-22T03:04:05.000000Z".parse().expect("a time");
    let price = Some(Money::new(1_250, "MYR".parse().expect("a currency")));
    BidAnswer {
        bid_id,
        auction_id,
        outcome: BidOutcome::Leading,
        seq: 3,
        at,
        price,
        leader_id: Some(UserId(Uuid::nil())),
        next_minimum: None,
        closes_at: at,
        hash: hash("3"),
        receipt: signer.seal(vec![other, leaf]).remove(1),
        replayed: false,
    }
}

pub fn bid_answer(asked: &Asked) -> Answer {
    let id = |name: &str| serde_json::from_value::<Uuid>(asked.body[name].clone()).expect("an id");
    ok(json!(answer_of(&house(), AuctionId(id("auction_id")), BidId(id("bid_id")))))
}
