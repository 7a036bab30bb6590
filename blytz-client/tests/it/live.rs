//! The live connection over a real socket, against a server that answers as told.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use blytz_client::{
    Client, ConnectionState, Error, Fork, LiveEvent, LiveEvents, new_bid_id,
    wire::{
        auction::{BidAnswer, BidRequest, EventData},
        live::{Channel, SUBPROTOCOL},
    },
};
use blytz_core::{
    AuctionId, Money, StreamId,
    auction::{Event, log::Head},
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use crate::fake::{answer_of, house, keys, serve, tokens};

/// A connection that the test plays the server on.
struct Peer {
    socket: WebSocket,
    bearer: Option<String>,
}

impl Peer {
    /// The next frame that is no ping.
    async fn read(&mut self) -> Value {
        loop {
            let Some(Ok(Message::Text(text))) = self.socket.recv().await else { panic!("the client left") };
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            if frame["op"] == "ping" {
                self.write(&json!({"re": frame["id"], "ok": {"server_time": "2096-11-22T03:04:05.000000Z"}})).await;
                continue;
            }
            return frame;
        }
    }

    async fn write(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("sent");
    }

    async fn close(mut self, code: u16) {
        let frame = CloseFrame { code, reason: "".into() };
        self.socket.send(Message::Close(Some(frame))).await.expect("sent");
    }
}

#[derive(Clone)]
struct Server {
    peers: mpsc::UnboundedSender<Peer>,
    /// The access token that is valid; `ann` and `ben` are at all times.
    valid: Arc<Mutex<String>>,
    /// Upgrades wait here.
    gate: Arc<Semaphore>,
}

async fn upgrade(State(server): State<Server>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|text| text.strip_prefix("Bearer ")).map(str::to_owned);
    let valid = server.valid.lock().expect("no panic").clone();
    if bearer.as_ref().is_some_and(|token| ![&valid, "ann", "ben"].contains(&token.as_str())) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    server.gate.acquire().await.expect("open").forget();
    upgrade.protocols([SUBPROTOCOL]).on_upgrade(move |socket| async move {
        drop(server.peers.send(Peer { socket, bearer }));
    })
}

async fn start() -> (Client, mpsc::UnboundedReceiver<Peer>) {
    let (client, arrivals, gate) = start_gated().await;
    gate.add_permits(100);
    (client, arrivals)
}

async fn start_gated() -> (Client, mpsc::UnboundedReceiver<Peer>, Arc<Semaphore>) {
    let (peers, arrivals) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let server = Server { peers, valid: Arc::new(Mutex::new("a1".to_owned())), gate: gate.clone() };
    let valid = server.valid.clone();
    let refresh = move || async move {
        "a2".clone_into(&mut valid.lock().expect("no panic"));
        axum::Json(json!({"tokens": tokens("a2", "r2")}))
    };
    let router = Router::new()
        .route("/ws", any(upgrade))
        .route("/auction/keys", get(keys))
        .route("/auth/refresh", post(refresh))
        .with_state(server);
    let client = Client::builder(serve(router).await).tokens(tokens("a1", "r1")).build().expect("valid");
    (client, arrivals, gate)
}

fn a_bid() -> BidRequest {
    let amount = Money::new(500, "MYR".parse().expect("a currency"));
    let (auction_id, bid_id) = (AuctionId(Uuid::nil()), new_bid_id());
    BidRequest { auction_id, bid_id, rules_hash: None, amount: None, max: Some(amount), buy_now: None }
}

async fn until_live(events: &mut LiveEvents) -> Vec<LiveEvent> {
    let mut before = Vec::new();
    loop {
        match events.recv().await.expect("not closed") {
            LiveEvent::State(ConnectionState::Live) => return before,
            event => before.push(event),
        }
    }
}

fn chat_state(epoch: Uuid, seq: u64) -> Value {
    let settings = json!({"slow_mode_s": 0, "max_length": 500, "followers_only": false});
    json!({"epoch": epoch, "seq": seq, "state": {"messages": [], "settings": settings, "pinned": null}})
}

fn pinned(seq: u64) -> Value {
    json!({"seq": seq, "at": "2026-11-22T03:04:05.000000Z", "kind": "pinned", "data": {"message_id": null}})
}

async fn next_chat(events: &mut LiveEvents) -> u64 {
    loop {
        match events.recv().await.expect("not closed") {
            LiveEvent::Chat { event, .. } => return event.seq,
            LiveEvent::State(_) | LiveEvent::Clock(_) => {}
            other => panic!("not expected: {other:?}"),
        }
    }
}

#[tokio::test]
async fn follows_resumes_and_closes() {
    let (client, mut arrivals) = start().await;
    let (live, mut events) = client.live().connect();
    let (stream, epoch) = (StreamId(Uuid::from_u128(9)), Uuid::from_u128(1));
    let channel = Channel::Chat(stream);
    live.subscribe(channel);

    let mut peer = arrivals.recv().await.expect("a connection");
    assert_eq!(peer.bearer.as_deref(), Some("a1"));
    let frame = peer.read().await;
    assert_eq!(
        (&frame["op"], &frame["channel"], &frame["since"]),
        (&json!("subscribe"), &json!(channel), &Value::Null)
    );
    let answer = json!({"channel": channel, "epoch": epoch, "seq": 3, "recovered": false});
    peer.write(&json!({"re": frame["id"], "ok": answer})).await;
    peer.write(&json!({"channel": channel, "snapshot": chat_state(epoch, 3), "reason": "initial"})).await;
    peer.write(&json!({"channel": channel, "event": pinned(4)})).await;
    until_live(&mut events).await;
    loop {
        match events.recv().await.expect("not closed") {
            LiveEvent::ChatState { seq: 3, resynced: false, .. } => break,
            LiveEvent::Clock(_) => {}
            other => panic!("not expected: {other:?}"),
        }
    }
    assert_eq!(next_chat(&mut events).await, 4);

    peer.close(4408).await;
    let mut peer = arrivals.recv().await.expect("it comes back");
    let frame = peer.read().await;
    assert_eq!(frame["since"], json!({"epoch": epoch, "seq": 4}));
    let answer = json!({"channel": channel, "epoch": epoch, "seq": 6, "recovered": true});
    peer.write(&json!({"re": frame["id"], "ok": answer})).await;
    for seq in [5, 6] {
        peer.write(&json!({"channel": channel, "event": pinned(seq)})).await;
    }
    assert_eq!([next_chat(&mut events).await, next_chat(&mut events).await], [5, 6]);

    live.close();
    while let Some(event) = events.recv().await {
        assert!(matches!(event, LiveEvent::State(ConnectionState::Closed { .. }) | LiveEvent::Clock(_)), "{event:?}");
    }
    assert!(matches!(live.state(), ConnectionState::Closed { .. }));
}

#[tokio::test]
async fn a_bid_survives_a_cut() {
    let (client, mut arrivals) = start().await;
    let (live, _events) = client.live().connect();
    let amount = Money::new(500, "MYR".parse().expect("a currency"));
    let (auction_id, bid_id) = (AuctionId(Uuid::nil()), new_bid_id());
    let bid = BidRequest { auction_id, bid_id, rules_hash: None, amount: None, max: Some(amount), buy_now: None };
    let bidding = tokio::spawn(async move { live.bid(bid).await });

    let mut peer = arrivals.recv().await.expect("a connection");
    let first = peer.read().await;
    assert_eq!((&first["op"], &first["bid_id"]), (&json!("bid"), &json!(bid_id)));
    drop(peer);

    let mut peer = arrivals.recv().await.expect("it comes back");
    let second = peer.read().await;
    assert_eq!((&second["op"], &second["bid_id"], &second["max"]), (&json!("bid"), &json!(bid_id), &json!(amount)));
    let answer = BidAnswer { replayed: true, ..answer_of(&house(), auction_id, bid_id) };
    peer.write(&json!({"re": second["id"], "ok": answer})).await;
    let answer = bidding.await.expect("no panic").expect("accepted");
    assert!(answer.replayed);
}

#[tokio::test]
async fn an_expired_login_is_renewed() {
    let (client, mut arrivals) = start().await;
    let (_live, mut events) = client.live().connect();
    let peer = arrivals.recv().await.expect("a connection");
    until_live(&mut events).await;
    // The upgrade with the old token will be answered with 401.
    client.auth().refresh().await.expect("refreshed");
    client.set_tokens(Some(tokens("a1", "r1")));
    peer.close(1001).await;
    let peer = arrivals.recv().await.expect("it comes back");
    assert_eq!(peer.bearer.as_deref(), Some("a2"));
    assert_eq!(client.tokens(), Some(tokens("a2", "r2")));
}

#[tokio::test]
async fn logging_in_later_is_told_on_the_same_connection() {
    let (client, mut arrivals) = start().await;
    client.set_tokens(None);
    let (_live, mut events) = client.live().connect();
    let mut peer = arrivals.recv().await.expect("a connection");
    assert_eq!(peer.bearer, None);
    until_live(&mut events).await;
    client.set_tokens(Some(tokens("a1", "r1")));
    let frame = peer.read().await;
    assert_eq!((&frame["op"], &frame["token"]), (&json!("auth"), &json!("a1")));
}

#[tokio::test]
async fn logging_in_during_the_handshake_is_told_before_the_first_bid() {
    let (client, mut arrivals, gate) = start_gated().await;
    client.set_tokens(None);
    let (live, mut events) = client.live().connect();
    while !matches!(events.recv().await, Some(LiveEvent::State(ConnectionState::Connecting { attempt: 0 }))) {}
    client.set_tokens(Some(tokens("ann", "r")));
    let bid = a_bid();
    let id = bid.bid_id;
    let _bidding = tokio::spawn(async move { live.bid(bid).await });
    gate.add_permits(1);
    let mut peer = arrivals.recv().await.expect("a connection");
    let (first, second) = (peer.read().await, peer.read().await);
    assert_eq!((&first["op"], &first["token"]), (&json!("auth"), &json!("ann")));
    assert_eq!((&second["op"], &second["bid_id"]), (&json!("bid"), &json!(id)));
}

#[tokio::test]
async fn switching_accounts_takes_no_bid_along() {
    let (client, mut arrivals) = start().await;
    client.set_tokens(Some(tokens("ann", "r")));
    let (live, mut events) = client.live().connect();
    let mut peer = arrivals.recv().await.expect("a connection");
    assert_eq!(peer.bearer.as_deref(), Some("ann"));
    until_live(&mut events).await;
    let bidder = live.clone();
    let anns = tokio::spawn(async move { bidder.bid(a_bid()).await });
    assert_eq!(peer.read().await["op"], "bid");

    // Right after the switch, before the connection can have noticed.
    client.set_tokens(Some(tokens("ben", "r")));
    let bid = a_bid();
    let id = bid.bid_id;
    let mut bens = pin!(live.bid(bid));
    assert!(bens.as_mut().now_or_never().is_none(), "it is on its way");
    assert!(matches!(anns.await.expect("no panic"), Err(Error::LoginChanged)));
    let mut next = arrivals.recv().await.expect("another connection");
    assert_eq!(next.bearer.as_deref(), Some("ben"));
    let frame = next.read().await;
    assert_eq!((&frame["op"], &frame["bid_id"]), (&json!("bid"), &json!(id)));
    while let Some(Ok(message)) = peer.socket.recv().await {
        let Message::Text(text) = message else { continue };
        assert!(!text.contains(&id.to_string()), "Ben's bid on Ann's connection");
    }
}

#[tokio::test]
async fn logging_out_makes_the_connection_nobodys() {
    let (client, mut arrivals) = start().await;
    let (_live, mut events) = client.live().connect();
    let peer = arrivals.recv().await.expect("a connection");
    assert_eq!(peer.bearer.as_deref(), Some("a1"));
    until_live(&mut events).await;
    client.set_tokens(None);
    assert_eq!(arrivals.recv().await.expect("another connection").bearer, None);
}

#[tokio::test]
async fn the_clock_is_learnt() {
    let (client, mut arrivals) = start().await;
    let (live, mut events) = client.live().connect();
    let mut peer = arrivals.recv().await.expect("a connection");
    let serving = tokio::spawn(async move { peer.read().await });
    let told = loop {
        if let LiveEvent::Clock(clock) = events.recv().await.expect("not closed") {
            break clock;
        }
    };
    serving.abort();
    let years = Duration::from_hours(525_600);
    assert!(told.offset_micros > i64::try_from(years.as_micros()).expect("fits"), "{told:?}");
    assert!(live.clock().offset_micros > i64::try_from(years.as_micros()).expect("fits"));
}

#[tokio::test]
async fn it_ends_when_both_ends_are_dropped() {
    let (client, mut arrivals) = start().await;
    let (live, mut events) = client.live().connect();
    let mut peer = arrivals.recv().await.expect("a connection");
    until_live(&mut events).await;
    drop((live, events));
    while let Some(Ok(message)) = peer.socket.recv().await {
        if let Message::Close(frame) = message {
            assert_eq!(frame.map(|frame| frame.code), Some(1000));
            return;
        }
    }
    panic!("no goodbye");
}

#[tokio::test]
async fn a_listener_that_is_late_misses_nothing() {
    const EVENTS: u64 = 20_000;
    let (client, mut arrivals) = start().await;
    let (live, mut events) = client.live().connect();
    let (stream, epoch) = (StreamId(Uuid::from_u128(9)), Uuid::from_u128(1));
    let channel = Channel::Chat(stream);
    live.subscribe(channel);
    let mut peer = arrivals.recv().await.expect("a connection");
    let frame = peer.read().await;
    let answer = json!({"channel": channel, "epoch": epoch, "seq": 0, "recovered": false});
    peer.write(&json!({"re": frame["id"], "ok": answer})).await;
    peer.write(&json!({"channel": channel, "snapshot": chat_state(epoch, 0), "reason": "initial"})).await;
    let writing = tokio::spawn(async move {
        for seq in 1..=EVENTS {
            peer.write(&json!({"channel": channel, "event": pinned(seq)})).await;
        }
        peer
    });
    until_live(&mut events).await;
    while !matches!(events.recv().await, Some(LiveEvent::ChatState { .. })) {}
    for seq in 1..=EVENTS {
        assert_eq!(next_chat(&mut events).await, seq);
        // Let the driver run ahead as far as it may.
        if seq % 1_000 == 1 {
            for _ in 0..10_000 {
                tokio::task::yield_now().await;
            }
        }
    }
    writing.await.expect("no panic");
}

#[tokio::test]
async fn a_server_without_tls_is_an_error_and_no_panic() {
    let address = serve(Router::new()).await.replacen("http", "https", 1);
    let (_live, mut events) = Client::builder(address).build().expect("valid").live().connect();
    loop {
        match events.recv().await.expect("not closed") {
            LiveEvent::State(ConnectionState::Connecting { attempt: 0 }) => {}
            LiveEvent::State(ConnectionState::Reconnecting { attempt: 1, cause, .. }) => {
                assert!(!cause.is_empty());
                return;
            }
            other => panic!("not expected: {other:?}"),
        }
    }
}

/// Over the socket as over HTTP, an answer that nobody can be held to is none.
#[tokio::test]
async fn a_bid_whose_receipt_is_of_nobody_is_not_believed() {
    let (client, mut arrivals) = start().await;
    let (live, _events) = client.live().connect();
    let bid = a_bid();
    let (auction_id, bid_id) = (bid.auction_id, bid.bid_id);
    let bidding = tokio::spawn(async move { live.bid(bid).await });
    let mut peer = arrivals.recv().await.expect("a connection");
    let frame = peer.read().await;
    let mut answer = answer_of(&house(), auction_id, bid_id);
    "none".clone_into(&mut answer.receipt.signature);
    peer.write(&json!({"re": frame["id"], "ok": answer})).await;
    let error = bidding.await.expect("no panic").expect_err("not believed");
    assert!(matches!(&error, Error::Untrue { answer: told, .. } if **told == answer), "{error}");
}

/// What a receipt says of a log is compared with what is told of it.
#[tokio::test]
async fn a_log_that_is_not_the_signed_one_is_a_fork() {
    let (client, mut arrivals) = start().await;
    let (live, mut events) = client.live().connect();
    let bid = a_bid();
    let (auction_id, bid_id, channel) = (bid.auction_id, bid.bid_id, Channel::Auction(bid.auction_id));
    let mut peer = arrivals.recv().await.expect("a connection");
    let bidder = live.clone();
    let bidding = tokio::spawn(async move { bidder.bid(bid).await });
    let frame = peer.read().await;
    let answer = answer_of(&house(), auction_id, bid_id);
    peer.write(&json!({"re": frame["id"], "ok": answer})).await;
    bidding.await.expect("no panic").expect("signed");

    live.subscribe(channel);
    let frame = peer.read().await;
    let epoch = answer.receipt.epoch;
    peer.write(&json!({"re": frame["id"], "ok": {"channel": channel, "epoch": epoch, "seq": 2, "recovered": false}}))
        .await;
    let mut head = Head { auction_id, seq: 2, hash: "2".repeat(64) };
    let state = json!({
        "id": auction_id, "status": "live", "format": "english", "seq": 2, "epoch": epoch, "hash": head.hash,
        "price": null, "next_minimum": null, "leader": null, "bid_count": 0, "reserve_met": null, "buy_now": null,
        "opens_at": null, "closes_at": null, "extensions": 0, "watchers": 1, "server_time": answer.at,
    });
    let snapshot = json!({"epoch": epoch, "seq": 2, "state": state});
    peer.write(&json!({"channel": channel, "snapshot": snapshot, "reason": "initial"})).await;
    let data = EventData::Cancelled { reason: "never mind".to_owned() };
    let entry = head.append(&Event { at: answer.at, data, sealed: None });
    peer.write(&json!({"channel": channel, "event": entry})).await;
    loop {
        match events.recv().await.expect("not closed") {
            LiveEvent::Fork(fork) => {
                let (before, now) = (answer.hash, entry.hash);
                assert_eq!(fork, Fork::Histories { auction_id, seq: 3, before, now });
                return;
            }
            LiveEvent::State(_) | LiveEvent::Clock(_) | LiveEvent::AuctionState { .. } => {}
            other => panic!("not expected: {other:?}"),
        }
    }
}
