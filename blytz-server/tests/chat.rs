//! A show's chat: writing, moderating, erasing, following it live.

mod actors;

use std::time::Duration;

use actors::{Actor, Answer, TestApp, document::DOCUMENT};
use blytz_core::{StreamId, wire::chat::ChatEvent};
use futures_util::{StreamExt as _, future::join_all};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message as Frame, client::IntoClientRequest as _};

const UNKNOWN: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";

/// A live show and its seller.
async fn show(app: &TestApp) -> (Actor, String) {
    let seller = app.with_role("siti", "seller").await;
    let stream = app.post(Some(&seller), "/streams", json!({ "title": "Ceramics" })).await.expect(201);
    let id = stream["id"].as_str().expect("an id").to_owned();
    app.post(Some(&seller), &format!("/streams/{id}/start"), json!({})).await.expect(200);
    (seller, id)
}

async fn say(app: &TestApp, who: &Actor, stream: &str, text: &str) -> Answer {
    app.post(Some(who), "/chat/send", json!({ "stream_id": stream, "text": text })).await
}

async fn history(app: &TestApp, stream: &str) -> Vec<Value> {
    let page = app.get(None, &format!("/chat/stream/{stream}?limit=100")).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

/// The chat's log, as live connections read it.
async fn log(app: &TestApp, stream: &str) -> Vec<ChatEvent> {
    let stream: StreamId = stream.parse().expect("an id");
    let events = app.running.app().chats.events_after(stream, 0, 10_000).await.expect("events");
    let read = |(seq, json): (u64, String)| {
        let event: ChatEvent = serde_json::from_str(&json).expect("an event");
        assert_eq!(event.seq, seq);
        event
    };
    events.into_iter().map(read).collect()
}

#[tokio::test]
async fn a_message_is_written_once_and_read_by_everybody() {
    let app = TestApp::start().await;
    let (_, stream) = show(&app).await;
    let (mei, ravi) = (app.buyer("mei").await, app.buyer("ravi").await);
    let body = json!({ "stream_id": stream, "message_id": UNKNOWN, "text": "  Lovely glaze\n" });
    app.post(None, "/chat/send", body.clone()).await.refused(401, "unauthenticated");
    let message = app.post(Some(&mei), "/chat/send", body.clone()).await.expect(201);
    assert_eq!(
        message,
        json!({
            "id": UNKNOWN, "stream_id": stream, "seq": 1, "user": { "id": mei.id, "display_name": "mei" },
            "text": "Lovely glaze", "at": app.clock.now(), "deleted": false,
        })
    );
    assert_eq!(app.post(Some(&mei), "/chat/send", body.clone()).await.expect(200), message, "the same again");
    for (who, change) in [(&mei, ("text", json!("Other"))), (&ravi, ("text", json!("Lovely glaze")))] {
        let mut other = body.clone();
        other[change.0] = change.1;
        app.post(Some(who), "/chat/send", other).await.refused(422, "idempotency_mismatch");
    }
    let copies =
        json!({ "stream_id": stream, "message_id": "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d78", "text": "message 2" });
    let copies = join_all((0..10).map(|_| app.post(Some(&ravi), "/chat/send", copies.clone()))).await;
    assert_eq!(copies.iter().filter(|answer| answer.status == 201).count(), 1, "written once");
    assert!(copies.iter().all(|answer| answer.status < 300 && answer.body["seq"] == 2));
    for n in 3..=5 {
        assert_eq!(say(&app, &ravi, &stream, &format!("message {n}")).await.expect(201)["seq"], n);
    }
    let texts = |page: &Value| -> Vec<String> {
        page["items"].as_array().expect("items").iter().map(|m| m["text"].as_str().expect("text").to_owned()).collect()
    };
    let path = format!("/chat/stream/{stream}");
    let page = app.get(None, &format!("{path}?limit=2")).await.expect(200);
    assert_eq!((texts(&page), &page["next_cursor"]), (vec!["message 5".into(), "message 4".into()], &json!("4")));
    let rest = app.get(None, &format!("{path}?before=4")).await.expect(200);
    assert_eq!(texts(&rest), ["message 3", "message 2", "Lovely glaze"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    for bad in ["limit=0", "limit=101", "before=-1", "before=x"] {
        app.get(None, &format!("{path}?{bad}")).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_leaves_no_trace() {
    let app = TestApp::start().await;
    let (seller, stream) = show(&app).await;
    let mei = app.buyer("mei").await;
    for text in ["", "   ", "\u{202e}evil", "bell\u{7}", &"x".repeat(501)] {
        let refused = say(&app, &mei, &stream, text).await;
        refused.refused(422, "validation_failed");
        assert_eq!(refused.body["errors"][0]["pointer"], "/text", "{text:?}");
    }
    for body in [
        json!({ "stream_id": stream }),
        json!({ "stream_id": stream, "text": 7 }),
        json!({ "stream_id": stream, "text": "a", "user": mei.id }),
        json!({ "stream_id": "here", "text": "a" }),
        json!({ "stream_id": stream, "text": "a", "message_id": "1" }),
    ] {
        app.post(Some(&mei), "/chat/send", body).await.refused(422, "validation_failed");
    }
    say(&app, &mei, UNKNOWN, "hello").await.refused(404, "not_found");
    app.get(None, &format!("/chat/stream/{UNKNOWN}")).await.refused(404, "not_found");
    say(&app, &mei, &stream, &"x".repeat(500)).await.expect(201);

    let next = app.post(Some(&seller), "/streams", json!({ "title": "Next" })).await.expect(201);
    let next = next["id"].as_str().expect("an id");
    say(&app, &mei, next, "hello").await.refused(409, "stream_not_live");
    app.post(Some(&seller), &format!("/streams/{stream}/end"), json!({})).await.expect(200);
    say(&app, &mei, &stream, "hello").await.refused(409, "stream_not_live");
    assert_eq!((history(&app, &stream).await.len(), log(&app, &stream).await.len()), (1, 1));
    assert_eq!(log(&app, next).await, []);
}

#[tokio::test]
async fn twenty_messages_in_thirty_seconds_and_a_hundred_for_staff() {
    let app = TestApp::start().await;
    let (seller, stream) = show(&app).await;
    let mei = app.buyer("mei").await;
    let kept = json!({ "stream_id": stream, "message_id": UNKNOWN, "text": "first" });
    app.post(Some(&mei), "/chat/send", kept.clone()).await.expect(201);
    app.clock.advance(Duration::from_secs(10));
    for n in 1..20 {
        say(&app, &mei, &stream, &format!("{n}")).await.expect(201);
    }
    let refused = say(&app, &mei, &stream, "too many").await;
    refused.refused(429, "rate_limited");
    assert_eq!(refused.headers["retry-after"], "20");
    app.post(Some(&mei), "/chat/send", kept).await.expect(200);
    app.clock.advance(Duration::from_secs(20));
    say(&app, &mei, &stream, "now").await.expect(201);
    say(&app, &mei, &stream, "not yet").await.refused(429, "rate_limited");
    for n in 0..100 {
        say(&app, &seller, &stream, &format!("lot {n}")).await.expect(201);
    }
    say(&app, &seller, &stream, "lot 100").await.refused(429, "rate_limited");
}

/// Another live show of this seller.
async fn another_show(app: &TestApp, seller: &Actor) -> String {
    let stream = app.post(Some(seller), "/streams", json!({ "title": "More" })).await.expect(201);
    let id = stream["id"].as_str().expect("an id").to_owned();
    app.post(Some(seller), &format!("/streams/{id}/start"), json!({})).await.expect(200);
    id
}

#[tokio::test]
async fn the_window_is_one_over_all_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let start = || TestApp::start_with(|config| config.data.clone_from(&data));
    let app = start().await;
    let (seller, first) = show(&app).await;
    let (second, third) = (another_show(&app, &seller).await, another_show(&app, &seller).await);
    let (mei, ravi) = (app.buyer("mei").await, app.buyer("ravi").await);
    for n in 0..8 {
        say(&app, &mei, &first, &format!("{n}")).await.expect(201);
    }
    app.clock.advance(Duration::from_secs(10));
    for n in 0..12 {
        say(&app, &mei, &second, &format!("{n}")).await.expect(201);
    }
    for stream in [&first, &second, &third] {
        let refused = say(&app, &mei, stream, "too many").await;
        refused.refused(429, "rate_limited");
        assert_eq!(refused.headers["retry-after"], "20");
        say(&app, &ravi, stream, "others may").await.expect(201);
    }
    let now = app.clock.now();
    app.running.stop().await.expect("a clean stop");

    let app = start().await;
    app.clock.set(now);
    say(&app, &mei, &third, "nor after a restart").await.refused(429, "rate_limited");
    // Messages of one moment are a microsecond apart.
    app.clock.advance(Duration::from_millis(20_001));
    for n in 0..8 {
        say(&app, &mei, if n % 2 == 0 { &first } else { &third }, &format!("{n}")).await.expect(201);
    }
    say(&app, &mei, &third, "too many").await.refused(429, "rate_limited");
}

#[tokio::test]
async fn many_shows_at_once_share_the_window() {
    let app = TestApp::start().await;
    let (seller, first) = show(&app).await;
    let mut shows = vec![first];
    for _ in 1..5 {
        shows.push(another_show(&app, &seller).await);
    }
    let mei = app.buyer("mei").await;
    let messages = (0..60).map(|n| (&shows[n % shows.len()], format!("{n}")));
    let answers = join_all(messages.map(|(stream, text)| {
        let (app, mei) = (&app, &mei);
        async move { say(app, mei, stream, &text).await.status }
    }))
    .await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 20, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 40, "{answers:?}");
}

#[tokio::test]
async fn a_moderators_hundred_are_over_all_shows_too() {
    let app = TestApp::start().await;
    let (seller, first) = show(&app).await;
    let second = another_show(&app, &seller).await;
    let moderator = app.with_role("mod", "moderator").await;
    for n in 0..100 {
        say(&app, &moderator, if n % 2 == 0 { &first } else { &second }, &format!("{n}")).await.expect(201);
    }
    for stream in [&first, &second] {
        say(&app, &moderator, stream, "too many").await.refused(429, "rate_limited");
    }

    // Who is staff in one show is a guest in another, where twenty are the limit, wherever said.
    let host = app.with_role("host", "seller").await;
    let own = another_show(&app, &host).await;
    for n in 0..20 {
        say(&app, &host, &own, &format!("{n}")).await.expect(201);
    }
    say(&app, &host, &first, "hello").await.refused(429, "rate_limited");
    say(&app, &host, &own, "still at home").await.expect(201);
}

#[tokio::test]
async fn slow_mode_is_of_one_chat() {
    let app = TestApp::start().await;
    let (seller, first) = show(&app).await;
    let second = another_show(&app, &seller).await;
    let mei = app.buyer("mei").await;
    for stream in [&first, &second] {
        let path = format!("/chat/stream/{stream}/settings");
        app.put(Some(&seller), &path, json!({ "slow_mode_s": 30 })).await.expect(200);
    }
    say(&app, &mei, &first, "one").await.expect(201);
    say(&app, &mei, &second, "two").await.expect(201);
    say(&app, &mei, &first, "three").await.refused(429, "slow_mode");
}

#[tokio::test]
async fn mutes_end_and_bans_are_lifted() {
    let app = TestApp::start().await;
    let (seller, stream) = show(&app).await;
    let (mei, ravi) = (app.buyer("mei").await, app.buyer("ravi").await);
    let path = |verb: &str| format!("/chat/stream/{stream}/{verb}");
    let done = async |verb: &str, body: Value| {
        assert_eq!(app.post(Some(&seller), &path(verb), body).await.status, 204, "{verb}");
    };
    done("mute", json!({ "user_id": mei.id, "seconds": 60, "reason": "shouting" })).await;
    app.clock.advance(Duration::from_secs(59));
    say(&app, &mei, &stream, "hello").await.refused(403, "muted");
    say(&app, &ravi, &stream, "hello").await.expect(201);
    app.clock.advance(Duration::from_secs(1));
    say(&app, &mei, &stream, "sorry").await.expect(201);

    done("ban", json!({ "user_id": mei.id })).await;
    done("ban", json!({ "user_id": mei.id })).await;
    done("mute", json!({ "user_id": mei.id, "seconds": 1 })).await;
    app.clock.advance(Duration::from_mins(10));
    say(&app, &mei, &stream, "hello").await.refused(403, "banned");
    done("unban", json!({ "user_id": mei.id })).await;
    done("unban", json!({ "user_id": mei.id })).await;
    say(&app, &mei, &stream, "thanks").await.expect(201);
    let kinds: Vec<_> = log(&app, &stream)
        .await
        .iter()
        .map(|event| serde_json::to_value(event).expect("JSON")["kind"].clone())
        .collect();
    assert_eq!(kinds, ["muted", "message", "message", "muted", "muted", "message"], "each change is told once");

    for (verb, body, code, status) in [
        ("mute", json!({ "user_id": mei.id, "seconds": 0 }), "validation_failed", 422),
        ("mute", json!({ "user_id": mei.id }), "validation_failed", 422),
        ("mute", json!({ "user_id": UNKNOWN, "seconds": 60 }), "not_found", 404),
        ("ban", json!({ "user_id": seller.id }), "forbidden", 403),
        ("pin", json!({ "message_id": UNKNOWN }), "not_found", 404),
    ] {
        app.post(Some(&seller), &path(verb), body).await.refused(status, code);
    }
}

#[tokio::test]
async fn only_staff_moderate() {
    let app = TestApp::start().await;
    let (seller, stream) = show(&app).await;
    let (mei, helper, stranger) =
        (app.buyer("mei").await, app.buyer("helper").await, app.with_role("ravi", "seller").await);
    let moderator = app.with_role("mod", "moderator").await;
    let message = say(&app, &mei, &stream, "hello").await.expect(201);
    let erase = format!("/chat/message/{}", message["id"].as_str().expect("an id"));
    let base = format!("/chat/stream/{stream}");
    let requests = [
        ("mute", json!({ "user_id": mei.id, "seconds": 1 })),
        ("ban", json!({ "user_id": mei.id })),
        ("unban", json!({ "user_id": mei.id })),
        ("pin", json!({ "message_id": null })),
    ];
    let settings = format!("{base}/settings");
    for (who, status) in [(None, 401), (Some(&mei), 403), (Some(&helper), 403), (Some(&stranger), 403)] {
        for (verb, body) in &requests {
            assert_eq!(app.post(who, &format!("{base}/{verb}"), body.clone()).await.status, status);
        }
        assert_eq!(app.put(who, &settings, json!({})).await.status, status);
        assert_eq!(app.get(who, &settings).await.status, status);
        assert_eq!(app.delete(who, &erase).await.status, status);
    }
    let appoint = format!("/streams/{stream}/moderators/{}", helper.id);
    assert_eq!(app.put(Some(&seller), &appoint, json!({})).await.status, 204);
    for who in [&seller, &helper, &moderator] {
        for (verb, body) in &requests {
            assert_eq!(app.post(Some(who), &format!("{base}/{verb}"), body.clone()).await.status, 204);
        }
        app.put(Some(who), &settings, json!({})).await.expect(200);
        assert_eq!(app.delete(Some(who), &erase).await.status, 204);
    }
    app.delete(Some(&seller), &format!("/chat/message/{UNKNOWN}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn settings_hold_for_all_but_staff() {
    let app = TestApp::start().await;
    let (seller, stream) = show(&app).await;
    let mei = app.buyer("mei").await;
    let path = format!("/chat/stream/{stream}/settings");
    let set = async |settings: Value| app.put(Some(&seller), &path, settings).await.expect(200);

    let defaults = json!({ "slow_mode_s": 0, "max_length": 500, "blocked_terms": [], "followers_only": false });
    assert_eq!(app.get(Some(&seller), &path).await.expect(200), defaults);
    set(json!({ "slow_mode_s": 30 })).await;
    say(&app, &mei, &stream, "one").await.expect(201);
    app.clock.advance(Duration::from_millis(12_500));
    let refused = say(&app, &mei, &stream, "two").await;
    refused.refused(429, "slow_mode");
    assert_eq!(refused.headers["retry-after"], "18");
    say(&app, &seller, &stream, "a").await.expect(201);
    say(&app, &seller, &stream, "b").await.expect(201);
    app.clock.advance(Duration::from_secs(18));
    say(&app, &mei, &stream, "two").await.expect(201);

    let strict = set(json!({ "max_length": 5, "blocked_terms": ["scam"] })).await;
    assert_eq!(
        strict,
        json!({ "slow_mode_s": 0, "max_length": 5, "blocked_terms": ["scam"], "followers_only": false })
    );
    assert_eq!(app.get(Some(&seller), &path).await.expect(200), strict);
    say(&app, &mei, &stream, "123456").await.refused(422, "validation_failed");
    say(&app, &mei, &stream, "SCAM!").await.refused(422, "message_blocked");
    let before = log(&app, &stream).await.len();
    set(json!({ "max_length": 5, "blocked_terms": ["fake"] })).await;
    let all = log(&app, &stream).await;
    assert_eq!(all.len(), before, "terms change in silence");
    assert!(!serde_json::to_string(&all).expect("JSON").contains("scam"));

    set(json!({ "followers_only": true })).await;
    say(&app, &mei, &stream, "hello").await.refused(403, "forbidden");
    say(&app, &seller, &stream, "hello").await.expect(201);
    let product = json!({
        "title": "Vase", "description": "", "price": { "amount": 100, "currency": "MYR" }, "quantity": 1,
    });
    let product = app.post(Some(&seller), "/products", product).await.expect(201);
    let rules = json!({
        "format": "english", "currency": "MYR", "starting_price": { "amount": 100, "currency": "MYR" },
        "increment": { "fixed": 100 }, "duration_ms": 60_000,
    });
    let lot = json!({ "product_id": product["id"], "stream_id": stream, "rules": rules });
    let lot = app.post(Some(&seller), "/auction", lot).await.expect(201);
    let watch = format!("/auction/{}/watch", lot["id"].as_str().expect("an id"));
    assert_eq!(app.post(Some(&mei), &watch, json!({})).await.status, 204);
    say(&app, &mei, &stream, "hello").await.expect(201);

    for bad in [
        json!({ "slow_mode_s": 3601 }),
        json!({ "max_length": 0 }),
        json!({ "max_length": 501 }),
        json!({ "blocked_terms": [""] }),
        json!({ "loud": true }),
    ] {
        app.put(Some(&seller), &path, bad).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn erasing_takes_the_text_out_of_everything() {
    let app = TestApp::start().await;
    let (seller, stream) = show(&app).await;
    let mei = app.buyer("mei").await;
    let body = json!({ "stream_id": stream, "message_id": UNKNOWN, "text": "my number is 555-0199" });
    app.post(Some(&mei), "/chat/send", body.clone()).await.expect(201);
    say(&app, &mei, &stream, "oops").await.expect(201);
    let pin = format!("/chat/stream/{stream}/pin");
    assert_eq!(app.post(Some(&seller), &pin, json!({ "message_id": UNKNOWN })).await.status, 204);
    for _ in 0..2 {
        assert_eq!(app.delete(Some(&seller), &format!("/chat/message/{UNKNOWN}")).await.status, 204);
    }
    let messages = history(&app, &stream).await;
    assert_eq!((&messages[1]["text"], &messages[1]["deleted"]), (&json!(""), &json!(true)));
    assert_eq!((&messages[0]["text"], &messages[0]["deleted"]), (&json!("oops"), &json!(false)));
    let events = log(&app, &stream).await;
    let told = serde_json::to_value(&events).expect("JSON");
    assert!(!told.to_string().contains("555-0199"), "{told}");
    let kinds: Vec<_> = told.as_array().expect("events").iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["message", "message", "pinned", "deleted", "pinned"]);
    assert_eq!(told[0]["data"]["deleted"], true);
    assert_eq!(told[3]["data"], json!({ "id": UNKNOWN, "message_seq": 1 }));
    assert_eq!(told[4]["data"], json!({ "message_id": null }), "the pin goes with it");
    let (seq, state) = app.running.app().chats.snapshot(stream.parse().expect("an id")).await.expect("a snapshot");
    assert_eq!((seq, state.pinned, state.messages.len()), (5, None, 2));
    assert_eq!(state.messages[0].text, "", "oldest first");

    for file in std::fs::read_dir(&app.running.app().platform.config.data).expect("the data folder") {
        let file = file.expect("a file").path();
        let bytes = std::fs::read(&file).expect("its bytes");
        assert!(!bytes.windows(8).any(|window| window == b"555-0199"), "it is still in {}", file.display());
    }

    let again = app.post(Some(&mei), "/chat/send", body).await.expect(200);
    assert_eq!((&again["text"], &again["deleted"]), (&json!(""), &json!(true)), "a late copy does not bring it back");
    app.post(Some(&seller), &pin, json!({ "message_id": UNKNOWN })).await.refused(404, "not_found");
}

#[tokio::test]
async fn many_at_once_make_one_dense_log() {
    let app = TestApp::start().await;
    let (_, stream) = show(&app).await;
    let names = ["ana", "ben", "chen", "devi", "emi", "farid"];
    let writers = join_all(names.map(|name| app.buyer(name))).await;
    let messages = writers.iter().flat_map(|writer| (0..15).map(move |n| (writer, n)));
    let answers =
        join_all(messages.map(async |(writer, n)| {
            (writer.id.clone(), say(&app, writer, &stream, &format!("{n}")).await.expect(201))
        }))
        .await;
    let mut seqs: Vec<_> = answers.iter().map(|(_, message)| message["seq"].as_u64().expect("a seq")).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=90).collect::<Vec<_>>());
    let events = log(&app, &stream).await;
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), seqs);
    assert!(events.windows(2).all(|pair| pair[0].at < pair[1].at), "each moment is its own");
    for message in history(&app, &stream).await {
        let answered = answers.iter().find(|(_, answer)| answer["id"] == message["id"]).expect("answered");
        assert_eq!((&answered.1, &json!(answered.0)), (&message, &message["user"]["id"]));
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let start = || TestApp::start_with(|config| config.data.clone_from(&data));
    let app = start().await;
    let (seller, stream) = show(&app).await;
    let (mei, ravi) = (app.buyer("mei").await, app.buyer("ravi").await);
    let path = format!("/chat/stream/{stream}");
    let body = json!({ "stream_id": stream, "message_id": UNKNOWN, "text": "hello" });
    let sent = app.post(Some(&ravi), "/chat/send", body.clone()).await.expect(201);
    app.post(Some(&seller), &format!("{path}/mute"), json!({ "user_id": mei.id, "seconds": 600 })).await;
    app.put(Some(&seller), &format!("{path}/settings"), json!({ "slow_mode_s": 60 })).await.expect(200);
    let events = log(&app, &stream).await;
    let now = app.clock.now();
    app.running.stop().await.expect("a clean stop");

    let app = start().await;
    app.clock.set(now.plus_millis(10_000));
    assert_eq!(log(&app, &stream).await, events);
    assert_eq!(app.post(Some(&ravi), "/chat/send", body).await.expect(200), sent);
    say(&app, &mei, &stream, "hello").await.refused(403, "muted");
    let slow = say(&app, &ravi, &stream, "again").await;
    slow.refused(429, "slow_mode");
    assert_eq!(slow.headers["retry-after"], "50");
    app.clock.advance(Duration::from_secs(50));
    assert_eq!(say(&app, &ravi, &stream, "again").await.expect(201)["seq"], 4);
}

#[tokio::test]
async fn the_chat_path_is_a_live_connection_too() {
    let app = TestApp::start().await;
    let (_, stream) = show(&app).await;
    let mei = app.buyer("mei").await;
    say(&app, &mei, &stream, "before").await.expect(201);
    let url = app.running.url().replace("http://", "ws://");
    let connect = async |stream: &str| {
        let mut request = format!("{url}/chat/stream/{stream}").into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "blytz.v1".parse().expect("a header"));
        tokio_tungstenite::connect_async(request).await
    };
    let (mut socket, _) = connect(&stream).await.expect("a connection");
    let mut next = async |until: &str| loop {
        let frame = socket.next().await.expect("a frame").expect("no error");
        let Frame::Text(text) = frame else { continue };
        let value: Value = serde_json::from_str(&text).expect("JSON");
        DOCUMENT.judge_frame(&value, None).unwrap_or_else(|fault| panic!("{fault}: {value}"));
        if value.get(until).is_some() {
            return value;
        }
    };
    let channel = json!(format!("chat:{stream}"));
    let snapshot = next("snapshot").await;
    assert_eq!((&snapshot["channel"], &snapshot["reason"]), (&channel, &json!("initial")));
    assert_eq!(snapshot["snapshot"]["seq"], 1);
    assert_eq!(snapshot["snapshot"]["state"]["messages"][0]["text"], "before");
    let message = say(&app, &mei, &stream, "after").await.expect(201);
    let event = next("event").await;
    assert_eq!(event["channel"], channel);
    assert_eq!(event["event"]["seq"], 2);
    assert_eq!(
        event["event"]["data"],
        json!({ "id": message["id"], "user": message["user"], "text": "after", "deleted": false })
    );
    socket.close(None).await.expect("a close");
    assert!(connect(UNKNOWN).await.is_err(), "there is no such show");
}
