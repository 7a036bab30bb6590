//! The live connection, frame by frame.

use std::time::Duration;

use blytz_core::wire::live::MAX_FRAME;
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{House, exact, money, new_id, rules, rules_with, text};

fn penny_rules() -> Value {
    rules_with(json!({ "starting_price": money(1), "increment": { "fixed": 1 }, "duration_ms": 3_600_000 }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_resumes_gets_every_event_once_while_bids_pour_in() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(penny_rules()).await;
    let epoch = lot.status().await["epoch"].clone();

    let mut steady = house.nobody.connect().await;
    let answer = steady.subscribe(&lot, None).await;
    assert_eq!((&answer["ok"]["recovered"], &answer["ok"]["seq"]), (&json!(false), &json!(2)));
    let snapshot = steady.hear().await.expect("a snapshot");
    assert_eq!((&snapshot["reason"], &snapshot["snapshot"]["state"]["status"]), (&json!("initial"), &json!("live")));

    let bids = [&ann, &ben].into_iter().cycle().zip((1..=600).map(exact));
    let (_, mut seen) = tokio::join!(house.pour(&lot, bids), async {
        // Cut and resumed four times in the middle of it.
        let mut seen = Vec::new();
        while seen.len() < 400 {
            let mut socket = house.nobody.connect().await;
            let last = seen.last().copied().unwrap_or(0);
            let answer = socket.subscribe(&lot, Some(json!({ "epoch": epoch, "seq": last }))).await;
            assert_eq!(answer["ok"]["recovered"], true);
            seen.extend(socket.events(100).await);
        }
        seen
    });
    let head = lot.status().await["seq"].as_u64().expect("a seq");
    assert_eq!(head, 602);
    let mut socket = house.nobody.connect().await;
    let last = seen.last().copied().expect("events");
    socket.subscribe(&lot, Some(json!({ "epoch": epoch, "seq": last }))).await;
    seen.extend(socket.events(head - last).await);
    assert_eq!(seen, (1..=head).collect::<Vec<_>>());
    assert_eq!(steady.events(head - 2).await, (3..=head).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_not_resume_is_told_why() {
    // However long the log takes to grow here, whoever does not read meanwhile is not cut off for that.
    let house = House::open_with(|config| config.timeouts.write = Duration::from_hours(1)).await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(penny_rules()).await;
    let epoch = lot.status().await["epoch"].clone();
    let mut socket = house.nobody.connect().await;
    let mut reason = async |since: Value| {
        let answer = socket.subscribe(&lot, Some(since)).await;
        assert_eq!(answer["ok"]["recovered"], false);
        text(&socket.hear().await.expect("a snapshot")["reason"])
    };
    assert_eq!(reason(json!({ "epoch": new_id(), "seq": 1 })).await, "epoch");
    assert_eq!(reason(json!({ "epoch": epoch, "seq": 3 })).await, "epoch");
    assert_eq!(reason(json!({ "epoch": epoch, "seq": 1, "hash": "0".repeat(64) })).await, "epoch");

    // A watcher that stops reading, and a log that outgrows what is resumed.
    let mut stalled = house.nobody.connect().await;
    stalled.subscribe(&lot, None).await;
    house.pour(&lot, [&ann, &ben].into_iter().cycle().zip((1..=10_000).map(exact))).await;
    let mut socket = house.nobody.connect().await;
    let answer = socket.subscribe(&lot, Some(json!({ "epoch": epoch, "seq": 1 }))).await;
    assert_eq!(answer["ok"]["recovered"], false);
    assert_eq!(socket.hear().await.expect("a snapshot")["reason"], "too_far");
    let code = loop {
        if let Err(code) = stalled.hear().await {
            break code;
        }
    };
    assert_eq!(code, 4408, "too slow, and told that it can resume");
}

#[tokio::test]
async fn a_bid_over_the_socket_is_the_same_bid_over_http() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let lot = seller.auction(rules()).await;
    let id = new_id();
    let frame = json!({ "id": "1", "op": "bid", "auction_id": lot, "bid_id": id, "amount": money(1_000) });

    let mut socket = house.nobody.connect().await;
    assert_eq!(socket.ask(frame.clone()).await["error"]["code"], "unauthenticated");
    let wrong = socket.ask(json!({ "id": "0", "op": "auth", "token": "nonsense" })).await;
    assert_eq!(wrong["error"]["code"], "unauthenticated");
    let login = socket.ask(json!({ "id": "0", "op": "auth", "token": ann.token })).await;
    assert_eq!(login["ok"]["user_id"], ann.id);
    let answer = socket.ask(frame).await;
    assert_eq!(answer["ok"]["outcome"], "leading", "{answer}");
    let again = ann.bid(&lot, exact(1_000).under(&id)).await.expect(200);
    assert_eq!((&again["hash"], &again["receipt"]), (&answer["ok"]["hash"], &answer["ok"]["receipt"]));
    let low = json!({ "id": "2", "op": "bid", "auction_id": lot, "bid_id": new_id(), "max": money(5) });
    assert_eq!(socket.ask(low).await["error"]["code"], "max_not_raised");

    assert!(socket.ask(json!({ "id": "3", "op": "subscribe", "channel": "user:me" })).await["ok"].is_object());
    ben.bid(&lot, 2_000).await.expect(201);
    let news = socket.hear().await.expect("news");
    assert_eq!((&news["channel"], &news["update"]["kind"]), (&json!("user:me"), &json!("outbid")));
    assert_eq!(news["update"]["data"]["next_minimum"], money(2_100));
}

#[tokio::test]
async fn five_foreign_frames_in_a_row_end_the_connection() {
    let house = House::open().await;
    let mut socket = house.nobody.connect().await;
    for round in 0..2 {
        for _ in 0..4 {
            socket.0.send(Message::text("nonsense")).await.expect("it is open");
            let refusal = socket.hear().await.expect("a refusal");
            assert_eq!((&refusal["re"], &refusal["error"]["code"]), (&Value::Null, &json!("malformed_json")));
        }
        let pong = socket.ask(json!({ "id": "1", "op": "ping" })).await;
        assert!(pong["ok"]["server_time"].is_string(), "round {round}: a good frame in between counts");
    }
    for _ in 0..5 {
        socket.0.send(Message::binary(vec![1_u8])).await.expect("it is open");
        socket.hear().await.expect("a refusal");
    }
    assert_eq!(socket.hear().await, Err(1008));
}

#[tokio::test]
async fn a_frame_that_is_too_big_is_refused_before_it_is_sent() {
    let house = House::open().await;
    let mut socket = house.nobody.connect().await;
    // The head of a masked text frame, which announces a byte more than a frame may have.
    let length = u64::try_from(MAX_FRAME + 1).expect("a length").to_be_bytes();
    let head = [&[0x81, 0x80 | 127], length.as_slice(), &[0; 4]].concat();
    socket.0.get_mut().write_all(&head).await.expect("it is open");
    assert_eq!(socket.hear().await, Err(1009));
}

#[tokio::test]
async fn an_expired_login_ends_the_connection() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let mut socket = ann.connect().await;
    assert!(socket.ask(json!({ "id": "1", "op": "ping" })).await["ok"].is_object());
    house.clock.advance(Duration::from_secs(15 * 60 + 1));
    assert_eq!(socket.hear().await, Err(4401));
}

#[tokio::test]
async fn a_server_that_goes_away_says_so() {
    let house = House::open().await;
    let mut socket = house.nobody.connect().await;
    assert!(socket.ask(json!({ "id": "1", "op": "ping" })).await["ok"].is_object());
    let (stopped, code) = tokio::join!(house.running.stop(), socket.hear());
    stopped.expect("it stops");
    assert_eq!(code, Err(1001));
}

#[tokio::test]
async fn the_chats_own_address_is_subscribed_from_the_start() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let ann = house.buyer("ann").await;
    let show = seller.host("Friday").await;
    let mut socket = ann.connect_to(&format!("/chat/stream/{show}")).await;
    let snapshot = socket.hear().await.expect("a snapshot");
    assert_eq!((&snapshot["channel"], &snapshot["reason"]), (&json!(format!("chat:{show}")), &json!("initial")));
    let said = socket.ask(json!({ "id": "1", "op": "chat", "stream_id": show, "text": "hello" })).await;
    assert_eq!(said["ok"]["text"], "hello", "{said}");

    // Sent without waiting for answers, they stand in the log in the order they were sent.
    for number in 0..15 {
        let text = number.to_string();
        socket.say(&json!({ "id": text, "op": "chat", "stream_id": show, "text": text })).await;
    }
    let mut answers = Vec::new();
    while answers.len() < 15 {
        let heard = socket.hear().await.expect("an answer or an event");
        if heard["ok"].is_object() {
            answers.push((heard["ok"]["seq"].as_u64().expect("a seq"), text(&heard["ok"]["text"])));
        }
    }
    answers.sort_unstable();
    let texts: Vec<String> = answers.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, (0..15).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn presence_and_reactions_are_told_together() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let ann = house.buyer("ann").await;
    let show = seller.announce("Friday").await;
    let mut socket = ann.connect().await;
    let channel = format!("stream:{show}");
    let subscribed = socket.ask(json!({ "id": "1", "op": "subscribe", "channel": channel })).await;
    assert_eq!(subscribed["ok"]["seq"], Value::Null, "unsequenced");
    let presence = socket.hear().await.expect("presence");
    assert_eq!((&presence["update"]["kind"], &presence["update"]["data"]["watchers"]), (&json!("presence"), &json!(1)));
    for id in 0..3 {
        let heart = json!({ "id": id.to_string(), "op": "react", "stream_id": show, "kind": "heart" });
        socket.say(&heart).await;
    }
    let mut hearts = 0;
    while hearts < 3 {
        let heard = socket.hear().await.expect("news");
        hearts += heard["update"]["data"]["count"].as_i64().unwrap_or(0);
    }
    assert_eq!(hearts, 3);
    seller.go_live(&show).await.expect(200);
    let live = socket.hear().await.expect("news");
    assert_eq!(live["update"], json!({ "kind": "stream", "data": { "status": "live" }, "at": live["update"]["at"] }));
}

#[tokio::test]
async fn watchers_are_people_however_many_sockets_they_have() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let (show, lot) = (seller.announce("Friday").await, seller.auction(rules()).await);
    let mut sockets = Vec::new();
    for who in [&ann, &ann, &ann, &ben, &house.nobody] {
        let mut socket = who.connect().await;
        socket.subscribe(&lot, None).await;
        socket.follow(&show).await;
        sockets.push(socket);
    }
    let watchers = async |count: u64| {
        let told = house.nobody.get(format!("/streams/{show}")).await.expect(200);
        assert_eq!((&told["watchers"], &lot.status().await["watchers"]), (&json!(count), &json!(count)));
    };
    watchers(3).await;
    sockets[3].hears_of_watchers(3).await;
    // Whoever has watched without a login turns out to be Ann.
    let login = sockets[4].ask(json!({ "id": "1", "op": "auth", "token": ann.token })).await;
    assert_eq!(login["ok"]["user_id"], ann.id);
    watchers(2).await;
    sockets[3].hears_of_watchers(2).await;
    sockets[4].subscribe(&lot, None).await;
    let snapshot = sockets[4].hear().await.expect("a snapshot");
    assert_eq!(snapshot["snapshot"]["state"]["watchers"], 2, "{snapshot}");
    // She closes one tab after the other, and is gone with the last.
    for tab in [0, 0, 0, 1] {
        watchers(2).await;
        drop(sockets.remove(tab));
    }
    sockets[0].hears_of_watchers(1).await;
    watchers(1).await;
}
