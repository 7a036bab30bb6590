//! Who asks too often is told so, whatever they ask, and however they ask it.

use std::time::Duration;

use blytz_server::config::RateLimits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    house::{Answer, House, PASSWORD, Person, money, new_id, rules},
    socket::Socket,
};

const SECOND: Duration = Duration::from_secs(1);

/// How many of many are let through; `ask` says whether it was.
async fn let_through(mut ask: impl AsyncFnMut(usize) -> bool) -> usize {
    for number in 0..3_000 {
        if !ask(number).await {
            return number;
        }
    }
    panic!("nobody counts");
}

fn is_let_through(answer: &Answer) -> bool {
    if answer.status == 429 {
        answer.refused_for_now("rate_limited", 1);
    }
    answer.status != 429
}

#[tokio::test]
async fn what_is_refused_before_it_is_read_counts_as_a_bid_of_its_sender() {
    let house = House::open_limited().await;
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let id = new_id();
    let bid = json!({ "auction_id": id, "bid_id": id, "amount": money(1) }).to_string();
    let bodies = [
        ("text/plain", bid.clone(), 415),
        ("application/json", "{".to_owned(), 400),
        ("application/json", "{}".to_owned(), 422),
        ("application/json", " ".repeat(1024 * 1024 + 1), 413),
        ("application/json", bid, 404),
    ];
    let malformed = async |who: &Person, number: usize| {
        let (kind, body, status) = &bodies[number % bodies.len()];
        let answer = who.post_raw("/auction/bid", kind, body.clone()).await;
        assert!(!is_let_through(&answer) || answer.status == *status, "{}", answer.body);
        is_let_through(&answer)
    };
    assert_eq!(let_through(async |number| malformed(&ann, number).await).await, 60);
    house.clock.advance(SECOND);
    assert_eq!(let_through(async |number| malformed(&ann, number).await).await, 20);
    assert_eq!(let_through(async |number| malformed(&ben, number).await).await, 60, "another bidder");
    ann.profile().await.expect(200);
}

#[tokio::test]
async fn who_is_not_logged_in_counts_by_address_whatever_they_ask() {
    let house = House::open_limited().await;
    let ann = house.buyer("ann").await;
    house.clock.advance(10 * SECOND);
    let forger = ann.with_token("x");
    let anything = async |number: usize| {
        let answer = match number % 5 {
            0 => house.nobody.post_raw("/auction/bid", "application/json", "{").await,
            1 => forger.post_raw("/auction/bid", "application/json", "{}").await,
            2 => house.nobody.get("/nowhere").await,
            3 => house.nobody.delete("/auction/bid").await,
            _ => house.nobody.post_raw("/chat/send", "text/plain", "").await,
        };
        is_let_through(&answer)
    };
    assert_eq!(let_through(anything).await, 200);
    house.clock.advance(SECOND);
    assert_eq!(let_through(anything).await, 50);
    ann.profile().await.expect(200);
}

#[tokio::test]
async fn watchers_of_the_process_are_always_answered() {
    let house = House::open_limited().await;
    assert_eq!(let_through(async |_| is_let_through(&house.nobody.get("/auction/keys").await)).await, 200);
    let paths = ["/health", "/ready"];
    for number in 0..500 {
        assert_eq!(house.nobody.get(paths[number % 2]).await.status, 200);
    }
}

#[tokio::test]
async fn behind_a_proxy_what_the_client_made_up_escapes_no_limit() {
    let house = House::open_with(|config| {
        config.rate_limits = RateLimits::Default;
        config.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
    })
    .await;
    let ask = async |forwarded: String| {
        let build = |request: reqwest::RequestBuilder| request.header("x-forwarded-for", forwarded);
        is_let_through(&house.nobody.send(Method::GET, "/auction/keys", build).await)
    };
    // Each from another address, if one believed what stands before the junk.
    assert_eq!(let_through(async |number| ask(format!("10.8.{}.1, x", number % 256)).await).await, 200);
    assert_eq!(let_through(async |number| ask(format!("x{number}, 203.0.113.9")).await).await, 200);
    assert_eq!(let_through(async |number| ask(format!("198.51.100.7:{}", 1024 + number)).await).await, 200);
}

/// What a socket answers to `frame`, which must come from the limit if it is a refusal at all.
async fn said(socket: &mut Socket, frame: Value) -> bool {
    let answer = socket.ask(frame).await;
    let limited = answer["error"]["code"] == "rate_limited";
    if limited {
        assert_eq!((&answer["error"]["status"], &answer["error"]["retry_after"]), (&json!(429), &json!(1)));
    }
    !limited
}

#[tokio::test]
async fn twenty_sockets_may_ask_no_more_than_one() {
    let house = House::open_limited().await;
    let seller = house.seller("sita").await;
    let lot = seller.auction(rules()).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(house.nobody.connect().await);
    }
    house.clock.advance(10 * SECOND);
    let ops = [
        json!({ "id": "1", "op": "subscribe", "channel": format!("auction:{lot}") }),
        json!({ "id": "1", "op": "unsubscribe", "channel": format!("auction:{lot}") }),
        json!({ "id": "1", "op": "ping" }),
        json!({ "id": "1", "op": "dance" }),
        json!({ "id": "1", "op": "bid" }),
    ];
    let mut ask = async |number: usize| said(&mut sockets[number % 20], ops[number / 20 % ops.len()].clone()).await;
    assert_eq!(let_through(&mut ask).await, 200);
    house.clock.advance(SECOND);
    assert_eq!(let_through(&mut ask).await, 50);
    assert!(!is_let_through(&house.nobody.get("/auction/keys").await), "the same limit as over HTTP");
    seller.profile().await.expect(200);
}

#[tokio::test]
async fn a_user_s_sockets_and_requests_are_counted_together() {
    let house = House::open_limited().await;
    let ann = house.buyer("ann").await;
    let (mut first, mut second) = (ann.connect().await, ann.connect().await);
    house.clock.advance(10 * SECOND);
    let ping = json!({ "id": "1", "op": "ping" });
    let asked = let_through(async |number| match number % 3 {
        0 => said(&mut first, ping.clone()).await,
        1 => said(&mut second, ping.clone()).await,
        _ => is_let_through(&ann.profile().await),
    });
    assert_eq!(asked.await, 200);

    // Bids have a limit of their own, also those that nobody can read.
    let id = new_id();
    let malformed = json!({ "id": "1", "op": "bid", "auction_id": id });
    let unknown = json!({ "auction_id": id, "bid_id": id, "amount": money(1) });
    let bids = let_through(async |number| match number % 3 {
        0 => {
            // So that there are never five bad frames in a row.
            let mut good = unknown.clone();
            (good["id"], good["op"]) = (json!("1"), json!("bid"));
            said(&mut first, good).await
        }
        1 => said(&mut first, malformed.clone()).await,
        _ => is_let_through(&ann.post("/auction/bid", unknown.clone()).await),
    });
    assert_eq!(bids.await, 60);
    let mut stranger = house.nobody.connect().await;
    assert!(said(&mut stranger, ping).await, "another's limit is untouched");
}

#[tokio::test]
async fn whoever_floods_a_socket_is_cut_off_also_with_pings() {
    use futures_util::SinkExt;
    use tokio_tungstenite::tungstenite::Message;

    let house = House::open_limited().await;
    let mut socket = house.nobody.connect().await;
    for _ in 0..500 {
        if socket.0.feed(Message::Ping(Vec::new().into())).await.is_err() {
            break;
        }
    }
    let _ = socket.0.flush().await;
    assert_eq!(socket.hear().await, Err(4429));
}

#[tokio::test]
async fn an_address_may_fail_to_log_in_three_hundred_times() {
    let house = House::open_limited().await;
    let ann = house.buyer("ann").await;
    let home = "127.0.0.1".parse().expect("an address");
    for number in 0..299 {
        // An attempt counts as failed unless it is said to have succeeded.
        let limits = &house.app().platform.limits;
        let _ = limits.login(&format!("{number}@example.com"), home).expect("not too many so far");
    }
    ann.log_in_with(PASSWORD).await.expect(200);
    house.nobody.log_in("nobody@example.com", "wrong-wrong-wrong").await.refused(401, "invalid_credentials");
    ann.log_in_with(PASSWORD).await.refused_for_now("rate_limited", 900);
    house.clock.advance(900 * SECOND);
    ann.log_in_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn the_order_of_refusal_is_the_same_over_http_and_over_a_socket() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (ann, eve) = (house.buyer("ann").await, house.buyer("eve").await);
    let admin = house.admin().await;
    admin.suspend(&eve.id).await.expect(200);
    let show = seller.host("Friday").await;
    let lot = seller.auction(rules()).await;

    let known = format!(r#""auction_id":"{lot}","bid_id":"{}""#, new_id());
    let unknown = format!(r#""auction_id":"{}","bid_id":"{}""#, new_id(), new_id());
    let amount = r#""amount":{"amount":1000,"currency":"MYR"}"#;
    let dollars = r#""amount":{"amount":1000,"currency":"USD"}"#;
    let cases: [(&str, &str, String, [u16; 3]); 12] = [
        // For nobody, for Ann, and for Eve, who is suspended.
        ("/auction/bid", "bid", r#""amount":NaN"#.to_owned(), [400, 400, 400]),
        ("/auction/bid", "bid", r#""amount":1"#.to_owned(), [401, 422, 422]),
        ("/auction/bid", "bid", format!(r"{known},{amount},{amount}"), [401, 422, 422]),
        ("/auction/bid", "bid", format!(r#"{known},{amount},"surprise":1"#), [401, 422, 422]),
        ("/auction/bid", "bid", format!("{unknown},{amount}"), [401, 404, 404]),
        ("/auction/bid", "bid", format!("{known},{dollars}"), [401, 422, 403]),
        ("/chat/send", "chat", r#""text":"#.to_owned(), [400, 400, 400]),
        ("/chat/send", "chat", r#""text":7"#.to_owned(), [401, 422, 422]),
        ("/chat/send", "chat", format!(r#""stream_id":"{show}","text":"""#), [401, 422, 422]),
        ("/chat/send", "chat", format!(r#""stream_id":"{}","text":"hi""#, new_id()), [401, 404, 404]),
        ("/chat/send", "chat", format!(r#""stream_id":"{show}","text":"hi","text":"ho""#), [401, 422, 422]),
        ("/chat/send", "chat", format!(r#""stream_id":"{show}","text":"hi""#), [401, 201, 403]),
    ];
    for (path, op, fields, statuses) in cases {
        for (who, status) in [&house.nobody, &ann, &eve].into_iter().zip(statuses) {
            let http = who.post_raw(path, "application/json", format!("{{{fields}}}")).await;
            assert_eq!(http.status, status, "{path} {fields}: {}", http.body);
            let mut socket = who.connect().await;
            socket.say_raw(format!(r#"{{"id":"1","op":"{op}",{fields}}}"#)).await;
            let answer = socket.answer().await;
            if status < 400 {
                assert!(answer["ok"].is_object(), "{op} {fields}: {answer}");
            } else {
                let said = (&answer["error"]["status"], &answer["error"]["code"]);
                assert_eq!(said, (&json!(status), &http.body["code"]), "{op} {fields}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn a_socket_quotes_little_of_what_it_can_not_read() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let long = "\u{1f3a9}".repeat(15_000);
    for frame in [
        format!(r#"{{"id":"1","op":"ping","{long}":1}}"#),
        format!(r#"{{"id":"1","op":"ping","{long}":1,"{long}":1}}"#).replace(&long, &long[..long.len() / 3]),
        format!(r#"{{"id":"1","op":"{long}"}}"#),
        format!(r#"{{"id":"{long}","op":"ping"}}"#),
        format!(r#"{{"id":"1","op":"subscribe","channel":"{long}"}}"#),
        format!(r#"{{"id":"1","op":"bid","auction_id":"{long}"}}"#),
        format!(r#"{{"id":"1","op":"react","kind":"{long}"}}"#),
    ] {
        let mut socket = ann.connect().await;
        socket.say_raw(frame.clone()).await;
        let answer = socket.hear().await.expect("an answer");
        assert_eq!(answer["error"]["status"], 422, "{answer}");
        let text = answer.to_string();
        let start: String = frame.chars().take(40).collect();
        assert!(text.matches('\u{1f3a9}').count() <= 100 && text.len() < 2_000, "{start}: {} bytes", text.len());
    }
}
