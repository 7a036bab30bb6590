//! Logs longer than a page: proofs that are told and checked in pieces, and voids of many bids.

mod actors;
mod lots;

use std::{path::PathBuf, time::Duration};

use actors::{Actor, TestApp};
use blytz_client::Client;
use blytz_core::{
    AuctionId,
    auction::proof,
    wire::{
        auction::{BidRequest, LogEntry, Proof},
        live::{Channel, MAX_FRAME},
    },
};
use futures_util::{SinkExt, StreamExt, future::join_all};
use lots::{bid, live_lot, money, new_id, rules, status, text};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// Somebody raises their own max, one bid after the other; the ids of the bids.
async fn raises(app: &TestApp, who: &Actor, lot: &str, from: i64, count: i64) -> Vec<String> {
    let server = app.running.app();
    let user = server.accounts.identify(&who.token).await.expect("logged in");
    let mut ids = Vec::new();
    for start in (0..count).step_by(1_000) {
        let asked: Vec<BidRequest> = (start..count.min(start + 1_000))
            .map(|step| json!({ "auction_id": lot, "bid_id": new_id(), "max": money(from + step) }))
            .map(|body| serde_json::from_value(body).expect("a bid"))
            .collect();
        ids.extend(asked.iter().map(|bid| bid.bid_id.to_string()));
        for answer in join_all(asked.into_iter().map(|bid| server.auctions.bid(&user, bid))).await {
            answer.expect("a raise");
        }
    }
    ids
}

fn close(app: &TestApp) {
    app.clock.advance(Duration::from_mins(2));
}

/// The proof as it comes, or nothing when it does not come whole.
async fn download(app: &TestApp, lot: &str) -> Option<String> {
    let client = Client::builder(app.running.url()).build().expect("a client");
    let lot: AuctionId = lot.parse().expect("an id");
    let mut download = client.auctions().proof_download(lot).await.expect("an answer");
    let mut body = Vec::new();
    while let Some(piece) = download.next_piece().await.ok()? {
        body.extend_from_slice(&piece);
    }
    Some(String::from_utf8(body).expect("text"))
}

async fn whole_log(app: &TestApp, lot: &str) -> Vec<Value> {
    let (mut log, mut after) = (Vec::new(), 0);
    loop {
        let page = app.get(None, &format!("/auction/{lot}/events?after={after}&limit=100")).await.expect(200);
        log.extend(page["items"].as_array().expect("a list").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = cursor.parse().expect("a seq"),
            None => return log,
        }
    }
}

#[tokio::test]
async fn a_void_of_two_thousand_bids_fits_its_frames_and_can_be_proved() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let (shill, honest) = (app.buyer("shill").await, app.buyer("honest").await);
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    bid(&app, &honest, &lot, json!({ "max": 5_000 })).await.expect(201);
    let ids = raises(&app, &shill, &lot, 10_000, 2_001).await;

    let channel = Channel::Auction(lot.parse().expect("an id"));
    let mut watcher = app.running.app().platform.hub.open();
    watcher.subscribe(blytz_server::platform::hub::Topic::of(channel, None).expect("a topic"));
    let reason = "\u{1f98a}".repeat(200);
    let void = json!({ "bid_id": ids[0], "reason": reason });
    let path = format!("/auction/{lot}/void");
    app.post(Some(&seller), &path, void.clone()).await.expect(200);

    let mut struck = Vec::new();
    let mut frames = 0;
    while let Some(delivery) = watcher.try_recv() {
        for frame in delivery.frames.iter() {
            frames += 1;
            assert!(frame.text.len() <= MAX_FRAME, "a frame of {} bytes", frame.text.len());
            let frame: Value = serde_json::from_str(&frame.text).expect("JSON");
            let ids = frame["event"]["data"]["struck"].as_array().expect("a void").iter().map(text);
            // The latest bids fall first.
            struck.splice(0..0, ids);
        }
    }
    assert_eq!((frames, &struck), (3, &ids), "each bid falls once");
    app.post(Some(&seller), &path, void).await.expect(200);
    assert!(watcher.try_recv().is_none(), "nothing falls twice");

    let now = status(&app, &lot).await;
    assert_eq!((&now["leader"]["id"], &now["price"]), (&json!(honest.id), &money(1_000)));
    for id in [&ids[0], &ids[1_000], &ids[2_000]] {
        let own = app.get(Some(&shill), &format!("/auction/{lot}/bids/{id}")).await.expect(200);
        assert_eq!(own["voided"], true);
    }
    bid(&app, &shill, &lot, json!({ "max": 90_000 })).await.refused(403, "blocked");

    close(&app);
    let text = download(&app, &lot).await.expect("all of it");
    let reading = proof::read(text.as_bytes(), |_, _| {}).expect("a proof");
    let verdict = reading.verdict.expect("it holds");
    assert_eq!(verdict.winner.map(|id| id.to_string()), Some(honest.id));

    // What is told in pieces is one document, and says what the log says.
    let whole: Proof = serde_json::from_str(&text).expect("a proof");
    assert_eq!(proof::verify(&whole), Ok(verdict));
    assert_eq!(whole.openings.len(), 2_002);
    let log: Vec<LogEntry> =
        whole_log(&app, &lot).await.into_iter().map(|item| serde_json::from_value(item).expect("an event")).collect();
    assert_eq!(whole.events, log);
    assert!(log.len() > 2_005);
}

/// A page is not longer because its events are, and leaves none out.
#[tokio::test]
async fn long_events_make_short_pages() {
    let app = TestApp::start().await;
    let seller = app.with_role("seller", "seller").await;
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    let mut first = Vec::new();
    for number in 1..=8 {
        let shill = app.buyer(&format!("shill{number}")).await;
        first.push(raises(&app, &shill, &lot, number * 10_000, 1_000).await.swap_remove(0));
    }
    for bid_id in first {
        let void = json!({ "bid_id": bid_id, "reason": "again" });
        app.post(Some(&seller), &format!("/auction/{lot}/void"), void).await.expect(200);
    }
    let end = app.get(None, &format!("/auction/{lot}/events?after=8002&limit=100")).await.expect(200);
    assert!(end["items"].as_array().expect("a list").len() < 8 && end["next_cursor"].is_string());

    let log = whole_log(&app, &lot).await;
    let seqs: Vec<u64> = log.iter().map(|event| event["seq"].as_u64().expect("a seq")).collect();
    assert_eq!(seqs, (1..=8_010).collect::<Vec<_>>());
    assert_eq!(log.iter().filter(|event| event["kind"] == "voided").count(), 8);
}

/// What can't be told to its end must not look whole.
#[tokio::test]
async fn a_proof_that_can_not_go_on_is_cut() {
    let mut data = PathBuf::new();
    let app = TestApp::start_with(|config| data.clone_from(&config.data)).await;
    let (seller, ann) = (app.with_role("seller", "seller").await, app.buyer("ann").await);
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    raises(&app, &ann, &lot, 1_000, 1_200).await;
    close(&app);
    assert!(download(&app, &lot).await.is_some());

    let options = SqliteConnectOptions::new().filename(data.join("blytz.db"));
    let mut database = SqliteConnection::connect_with(&options).await.expect("the database");
    let id: AuctionId = lot.parse().expect("an id");
    for damage in [
        // Another log of the same length, then one that can't be read, then one with a gap.
        "update auction_events set entry = replace(entry, '\"hash\":\"', '\"hash\":\"0') where auction_id = $1 and seq = 1203",
        "update auction_events set entry = substr(entry, 2) where auction_id = $1 and seq = 1100",
        "delete from auction_events where auction_id = $1 and seq = 1100",
    ] {
        let done = sqlx::query(damage).bind(id.uuid()).execute(&mut database).await.expect("the damage is done");
        assert_eq!(done.rows_affected(), 1, "{damage}");
        assert_eq!(download(&app, &lot).await, None, "{damage}");
    }
}

/// An event of an earlier version may be longer than a frame. Who resumes over it is not left with a
/// gap, nor with a frame that their client refuses.
#[tokio::test]
async fn an_event_longer_than_a_frame_is_passed_over_with_a_snapshot() {
    let mut data = PathBuf::new();
    let app = TestApp::start_with(|config| data.clone_from(&config.data)).await;
    let (seller, ann) = (app.with_role("seller", "seller").await, app.buyer("ann").await);
    let lot = live_lot(&app, &seller, rules(json!({}))).await;
    raises(&app, &ann, &lot, 1_000, 5).await;
    let options = SqliteConnectOptions::new().filename(data.join("blytz.db"));
    let mut database = SqliteConnection::connect_with(&options).await.expect("the database");
    let id: AuctionId = lot.parse().expect("an id");
    sqlx::query("update auction_events set entry = replace(entry, '\"kind\"', $2) where auction_id = $1 and seq = 5")
        .bind(id.uuid())
        .bind(format!("\"padding\":\"{}\",\"kind\"", "x".repeat(MAX_FRAME)))
        .execute(&mut database)
        .await
        .expect("a long event");

    let (url, epoch) = (app.running.url().replace("http", "ws") + "/ws", status(&app, &lot).await["epoch"].clone());
    let mut request = url.into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", "blytz.v1".parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("a socket");
    let since = json!({ "epoch": epoch, "seq": 2 });
    let subscribe = json!({ "id": "s", "op": "subscribe", "channel": format!("auction:{lot}"), "since": since });
    socket.send(Message::text(subscribe.to_string())).await.expect("it is open");
    let mut heard = Vec::new();
    for _ in 0..4 {
        let Some(Ok(Message::Text(frame))) = socket.next().await else { panic!("a frame") };
        assert!(frame.len() <= MAX_FRAME);
        heard.push(serde_json::from_str::<Value>(&frame).expect("JSON"));
    }
    assert_eq!(heard[0]["ok"]["recovered"], true);
    assert_eq!([&heard[1]["event"]["seq"], &heard[2]["event"]["seq"]], [&json!(3), &json!(4)]);
    assert_eq!((&heard[3]["reason"], &heard[3]["snapshot"]["seq"]), (&json!("trimmed"), &json!(7)));

    bid(&app, &ann, &lot, json!({ "max": 9_000 })).await.expect(201);
    let Some(Ok(Message::Text(frame))) = socket.next().await else { panic!("a frame") };
    assert_eq!(serde_json::from_str::<Value>(&frame).expect("JSON")["event"]["seq"], 8);
}
