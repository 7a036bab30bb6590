//! A show's chat: writing, moderating, erasing, following it live.

use std::time::Duration;

use blytz_core::{StreamId, wire::chat::ChatEvent};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::house::{House, Person, START, Show, UNKNOWN, each, file_with, items, new_id, product, rules, text};

async fn history(house: &House, show: &Show) -> Vec<Value> {
    let page = house.nobody.get(format!("/chat/stream/{show}?limit=100")).await.expect(200);
    items(&page).cloned().collect()
}

/// The chat's log, as live connections read it.
async fn log(house: &House, show: &Show) -> Vec<ChatEvent> {
    let stream: StreamId = show.id.parse().expect("an id");
    let events = house.app().chats.events_after(stream, 0, 10_000).await.expect("events");
    let read = |(seq, json): (u64, String)| {
        let event: ChatEvent = serde_json::from_str(&json).expect("an event");
        assert_eq!(event.seq, seq);
        event
    };
    events.into_iter().map(read).collect()
}

#[tokio::test]
async fn a_message_is_written_once_and_read_by_everybody() {
    let house = House::open().await;
    let show = house.seller("siti").await.host("Ceramics").await;
    let (mei, ravi) = (house.buyer("mei").await, house.buyer("ravi").await);
    let send = async |who: &Person| who.say_as(UNKNOWN, &show, "  Lovely glaze\n").await;
    send(&house.nobody).await.refused(401, "unauthenticated");
    let message = send(&mei).await.expect(201);
    assert_eq!(
        message,
        json!({
            "id": UNKNOWN, "stream_id": show, "seq": 1, "user": { "id": mei.id, "display_name": "mei", "role": null },
            "text": "Lovely glaze", "at": house.clock.now(), "deleted": false,
        })
    );
    assert_eq!(send(&mei).await.expect(200), message, "the same again");
    mei.say_as(UNKNOWN, &show, "Other").await.refused(422, "idempotency_mismatch");
    ravi.say_as(UNKNOWN, &show, "Lovely glaze").await.refused(422, "idempotency_mismatch");
    let id = new_id();
    let copies = join_all((0..10).map(|_| ravi.say_as(&id, &show, "message 2"))).await;
    assert_eq!(copies.iter().filter(|answer| answer.status == 201).count(), 1, "written once");
    assert!(copies.iter().all(|answer| answer.status < 300 && answer.body["seq"] == 2));
    for n in 3..=5 {
        assert_eq!(ravi.say(&show, &format!("message {n}")).await.expect(201)["seq"], n);
    }
    let path = format!("/chat/stream/{show}");
    let page = house.nobody.get(format!("{path}?limit=2")).await.expect(200);
    assert_eq!(each(&page, "text"), ["message 5", "message 4"]);
    assert_eq!(page["next_cursor"], "4");
    let rest = house.nobody.get(format!("{path}?before=4")).await.expect(200);
    assert_eq!(each(&rest, "text"), ["message 3", "message 2", "Lovely glaze"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    for bad in ["limit=0", "limit=101", "before=-1", "before=x"] {
        house.nobody.get(format!("{path}?{bad}")).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_leaves_no_trace() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let mei = house.buyer("mei").await;
    for text in ["", "   ", "\u{202e}evil", "bell\u{7}", &"x".repeat(501)] {
        mei.say(&show, text).await.refused_for("/text");
    }
    for body in [
        json!({ "stream_id": show }),
        json!({ "stream_id": show, "text": 7 }),
        json!({ "stream_id": show, "text": "a", "user": mei.id }),
        json!({ "stream_id": "here", "text": "a" }),
        json!({ "stream_id": show, "text": "a", "message_id": "1" }),
    ] {
        mei.post("/chat/send", body).await.refused(422, "validation_failed");
    }
    mei.say(UNKNOWN, "hello").await.refused(404, "not_found");
    house.nobody.get(format!("/chat/stream/{UNKNOWN}")).await.refused(404, "not_found");
    mei.say(&show, &"x".repeat(500)).await.expect(201);

    let next = seller.announce("Next").await;
    mei.say(&next, "hello").await.refused(409, "stream_not_live");
    seller.end(&show).await.expect(200);
    mei.say(&show, "hello").await.refused(409, "stream_not_live");
    assert_eq!((history(&house, &show).await.len(), log(&house, &show).await.len()), (1, 1));
    assert_eq!(log(&house, &next).await, []);
}

#[tokio::test]
async fn a_message_has_as_many_characters_as_people_see() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let mei = house.buyer("mei").await;
    let scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
    for said in [scotland, family, "\u{5e9}\u{5dc}\u{5d5}\u{5dd} (A)\u{200f}!", "\u{2764}\u{fe0f}"] {
        assert_eq!(mei.say(&show, said).await.expect(201)["text"], *said);
    }
    assert_eq!(mei.say(&show, "\u{feff}pasted\u{feff}").await.expect(201)["text"], "pasted");
    mei.say(&show, &"e\u{323}\u{301}".repeat(500)).await.expect(201);
    mei.say(&show, &scotland.repeat(142)).await.expect(201);
    for refused in
        [&scotland.repeat(143), &format!("z{}", "\u{335}".repeat(2_000)), "hi\u{e0061}", "a\u{200b}b", "\u{feff}"]
    {
        mei.say(&show, refused).await.refused_for("/text");
    }
    let row = format!("\u{1f525}{}", "\u{e0100}".repeat(50));
    for hidden in ["\u{1d159}\u{3164}\u{a0}", "a\u{1d173}b", "a\u{ffff}b", "a\u{e000}b", "a\u{200d}\u{200d}b", &row] {
        mei.say(&show, hidden).await.refused_for("/text");
    }
    seller.set(&show, json!({ "max_length": 2 })).await.expect(200);
    mei.say(&show, &scotland.repeat(2)).await.expect(201);
    mei.say(&show, &scotland.repeat(3)).await.refused_for("/text");
}

#[tokio::test]
async fn who_somebody_is_stands_beside_their_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::open_in(folder.path(), START).await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let (mei, helper) = (house.buyer("mei").await, house.buyer("helper").await);
    let (moderator, admin) = (house.with_role("mod", "moderator").await, house.admin().await);
    let other = house.seller("ravi").await;
    helper.say(&show, "before").await.expect(201);
    seller.put(format!("/streams/{show}/moderators/{}", helper.id), json!({})).await.expect(204);
    let roles = [
        (&seller, json!("seller")),
        (&helper, json!("moderator")),
        (&moderator, json!("moderator")),
        (&admin, json!("admin")),
        (&mei, Value::Null),
        (&other, Value::Null),
    ];
    for (who, role) in &roles {
        let message = who.say(&show, "hello").await.expect(201);
        assert_eq!((&message["user"]["role"], &message["user"]["id"]), (role, &json!(who.id)));
    }
    seller.delete(format!("/streams/{show}/moderators/{}", helper.id)).await.expect(204);
    let at_the_time: Vec<Value> = [Value::Null].into_iter().chain(roles.map(|(_, role)| role)).collect();
    let told = async |house: &House| -> Vec<Value> {
        let events = log(house, &show).await.into_iter().map(|event| serde_json::to_value(event).expect("JSON"));
        events.map(|event| event["data"]["user"]["role"].clone()).collect()
    };
    assert_eq!(told(&house).await, at_the_time);
    let first = history(&house, &show).await.pop().expect("a message");
    seller.delete(format!("/chat/message/{}", text(&first["id"]))).await.expect(204);
    let second = history(&house, &show).await.remove(at_the_time.len() - 2);
    seller.delete(format!("/chat/message/{}", text(&second["id"]))).await.expect(204);
    let now = house.clock.now();
    house.close().await;

    let house = House::open_in(folder.path(), now).await;
    let kept: Vec<Value> =
        history(&house, &show).await.iter().rev().map(|message| message["user"]["role"].clone()).collect();
    assert_eq!(kept, at_the_time);
    assert_eq!(told(&house).await[..at_the_time.len()], at_the_time, "erasing takes the text alone");
}

#[tokio::test]
async fn names_of_staff_are_for_staff_alone() {
    let house = House::open().await;
    let seller = house.seller("Siti").await;
    let show = seller.host("Ceramics").await;
    let elsewhere = house.seller("ravi").await.host("Brass").await;
    let helper = house.buyer("helper").await;
    let double = house.buyer("double").await;
    let call =
        async |name: &str| drop(double.patch("/auth/profile", json!({ "display_name": name })).await.expect(200));
    for name in ["Siti", "SITI", "s\u{456}ti", "Siti \u{2714}", "S1ti", "S\u{ed}t\u{ef}"] {
        call(name).await;
        double.say(&elsewhere, "hello").await.expect(201);
        double.say(&show, "hello").await.refused(409, "name_reserved");
    }
    call("Helper.").await;
    double.say(&show, "hello").await.expect(201);
    let appoint = format!("/streams/{show}/moderators/{}", helper.id);
    seller.put(&appoint, json!({})).await.expect(204);
    double.say(&show, "hello").await.refused(409, "name_reserved");
    helper.say(&show, "it is me").await.expect(201);
    seller.delete(&appoint).await.expect(204);
    double.say_as(UNKNOWN, &show, "hello").await.expect(201);
    seller.put(&appoint, json!({})).await.expect(204);
    double.say_as(UNKNOWN, &show, "hello").await.expect(200);
    call("Double").await;
    double.say(&show, "hello").await.expect(201);
}

#[tokio::test]
async fn who_is_kept_out_does_nothing_there() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let elsewhere = house.seller("ravi").await.host("Brass").await;
    let (mei, helper) = (house.buyer("mei").await, house.buyer("helper").await);
    let message = mei.say(&show, "hello").await.expect(201);
    seller.put(format!("/streams/{show}/moderators/{}", helper.id), json!({})).await.expect(204);
    let (mut of_mei, mut of_helper) = (mei.connect().await, helper.connect().await);
    let heart = |show: &Show| json!({ "id": "1", "op": "react", "stream_id": show, "kind": "heart" });
    for (verb, code) in [("mute", "muted"), ("ban", "banned")] {
        for who in [&mei, &helper] {
            let body =
                if verb == "mute" { json!({ "user_id": who.id, "seconds": 60 }) } else { json!({ "user_id": who.id }) };
            seller.moderate(&show, verb, body).await.expect(204);
            who.say(&show, "hello").await.refused(403, code);
        }
        for socket in [&mut of_mei, &mut of_helper] {
            let refused = socket.ask(heart(&show)).await;
            assert_eq!((&refused["error"]["code"], &refused["error"]["status"]), (&json!(code), &json!(403)));
            assert_eq!(socket.ask(heart(&elsewhere)).await["ok"], json!({}));
            let chat = json!({ "id": "2", "op": "chat", "stream_id": show, "text": "hello" });
            assert_eq!(socket.ask(chat).await["error"]["code"], code);
        }
        for (verb, body) in [
            ("unban", json!({ "user_id": helper.id })),
            ("unban", json!({ "user_id": mei.id })),
            ("mute", json!({ "user_id": mei.id, "seconds": 1 })),
            ("pin", json!({ "message_id": message["id"] })),
        ] {
            helper.moderate(&show, verb, body).await.refused(403, code);
        }
        helper.delete(format!("/chat/message/{}", text(&message["id"]))).await.refused(403, code);
        helper.set(&show, json!({})).await.refused(403, code);
        helper.settings(&show).await.refused(403, code);
    }
    for who in [&mei, &helper] {
        seller.moderate(&show, "unban", json!({ "user_id": who.id })).await.expect(204);
    }
    assert_eq!(of_mei.ask(heart(&show)).await["ok"], json!({}));
    helper.moderate(&show, "pin", json!({ "message_id": message["id"] })).await.expect(204);
}

#[tokio::test]
async fn a_show_may_ask_for_an_accounts_age() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    seller.set(&show, json!({ "min_account_age_s": 3_600 })).await.expect(200);
    seller.say(&show, "however new the seller").await.expect(201);
    let mei = house.buyer("mei").await;
    let mut socket = mei.connect().await;
    let heart = json!({ "id": "1", "op": "react", "stream_id": show, "kind": "heart" });
    mei.say(&show, "hello").await.refused(403, "forbidden");
    assert_eq!(socket.ask(heart.clone()).await["error"]["code"], "forbidden");
    house.clock.advance(Duration::from_secs(3_599));
    let mei = mei.refresh().await.renewed();
    mei.say(&show, "hello").await.refused(403, "forbidden");
    house.clock.advance(Duration::from_secs(1));
    mei.say(&show, "hello").await.expect(201);
    let mut socket = mei.connect().await;
    assert_eq!(socket.ask(heart).await["ok"], json!({}));
    let (_, state) = house.app().chats.snapshot(show.id.parse().expect("an id")).await.expect("a snapshot");
    assert_eq!(state.settings.min_account_age_s, 3_600, "everybody may know");
}

#[tokio::test]
async fn twenty_messages_in_thirty_seconds_and_a_hundred_for_staff() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let mei = house.buyer("mei").await;
    mei.say_as(UNKNOWN, &show, "first").await.expect(201);
    house.clock.advance(Duration::from_secs(10));
    for n in 1..20 {
        mei.say(&show, &format!("{n}")).await.expect(201);
    }
    mei.say(&show, "too many").await.refused_for_now("rate_limited", 20);
    mei.say_as(UNKNOWN, &show, "first").await.expect(200);
    house.clock.advance(Duration::from_secs(20));
    mei.say(&show, "now").await.expect(201);
    mei.say(&show, "not yet").await.refused(429, "rate_limited");
    for n in 0..100 {
        seller.say(&show, &format!("lot {n}")).await.expect(201);
    }
    seller.say(&show, "lot 100").await.refused(429, "rate_limited");
}

#[tokio::test]
async fn the_window_is_one_over_all_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::open_in(folder.path(), START).await;
    let seller = house.seller("siti").await;
    let first = seller.host("Ceramics").await;
    let (second, third) = (seller.host("More").await, seller.host("More").await);
    let (mei, ravi) = (house.buyer("mei").await, house.buyer("ravi").await);
    for n in 0..8 {
        mei.say(&first, &format!("{n}")).await.expect(201);
    }
    house.clock.advance(Duration::from_secs(10));
    for n in 0..12 {
        mei.say(&second, &format!("{n}")).await.expect(201);
    }
    for show in [&first, &second, &third] {
        mei.say(show, "too many").await.refused_for_now("rate_limited", 20);
        ravi.say(show, "others may").await.expect(201);
    }
    let now = house.clock.now();
    house.close().await;

    let house = House::open_in(folder.path(), now).await;
    let mei = mei.at(&house);
    mei.say(&third, "nor after a restart").await.refused(429, "rate_limited");
    // Messages of one moment are a microsecond apart.
    house.clock.advance(Duration::from_millis(20_001));
    for n in 0..8 {
        mei.say([&first, &third][n % 2], &n.to_string()).await.expect(201);
    }
    mei.say(&third, "too many").await.refused(429, "rate_limited");
}

#[tokio::test]
async fn many_shows_at_once_share_the_window() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let first = seller.host("Ceramics").await;
    let mut shows = vec![first];
    for _ in 1..5 {
        shows.push(seller.host("More").await);
    }
    let mei = house.buyer("mei").await;
    let messages = (0..60).map(|n| (&shows[n % shows.len()], n.to_string()));
    let answers = join_all(messages.map(async |(show, text)| mei.say(show, &text).await.status)).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 20, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 40, "{answers:?}");
}

#[tokio::test]
async fn a_moderators_hundred_are_over_all_shows_too() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let first = seller.host("Ceramics").await;
    let second = seller.host("More").await;
    let moderator = house.with_role("mod", "moderator").await;
    for n in 0..100 {
        moderator.say([&first, &second][n % 2], &n.to_string()).await.expect(201);
    }
    for show in [&first, &second] {
        moderator.say(show, "too many").await.refused(429, "rate_limited");
    }

    // Who is staff in one show is a guest in another, where twenty are the limit, wherever said.
    let host = house.seller("host").await;
    let own = host.host("More").await;
    for n in 0..20 {
        host.say(&own, &format!("{n}")).await.expect(201);
    }
    host.say(&first, "hello").await.refused(429, "rate_limited");
    host.say(&own, "still at home").await.expect(201);
}

#[tokio::test]
async fn slow_mode_is_of_one_chat() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let first = seller.host("Ceramics").await;
    let second = seller.host("More").await;
    let mei = house.buyer("mei").await;
    for show in [&first, &second] {
        seller.set(show, json!({ "slow_mode_s": 30 })).await.expect(200);
    }
    mei.say(&first, "one").await.expect(201);
    mei.say(&second, "two").await.expect(201);
    mei.say(&first, "three").await.refused(429, "slow_mode");
}

#[tokio::test]
async fn mutes_end_and_bans_are_lifted() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let (mei, ravi) = (house.buyer("mei").await, house.buyer("ravi").await);
    let done = async |verb: &str, body: Value| drop(seller.moderate(&show, verb, body).await.expect(204));
    done("mute", json!({ "user_id": mei.id, "seconds": 60, "reason": "shouting" })).await;
    house.clock.advance(Duration::from_secs(59));
    mei.say(&show, "hello").await.refused(403, "muted");
    ravi.say(&show, "hello").await.expect(201);
    house.clock.advance(Duration::from_secs(1));
    mei.say(&show, "sorry").await.expect(201);

    done("ban", json!({ "user_id": mei.id })).await;
    done("ban", json!({ "user_id": mei.id })).await;
    done("mute", json!({ "user_id": mei.id, "seconds": 1 })).await;
    house.clock.advance(Duration::from_mins(10));
    mei.say(&show, "hello").await.refused(403, "banned");
    done("unban", json!({ "user_id": mei.id })).await;
    done("unban", json!({ "user_id": mei.id })).await;
    mei.say(&show, "thanks").await.expect(201);
    let kinds: Vec<_> = log(&house, &show)
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
        seller.moderate(&show, verb, body).await.refused(status, code);
    }
}

#[tokio::test]
async fn only_staff_moderate() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let (mei, helper, stranger) = (house.buyer("mei").await, house.buyer("helper").await, house.seller("ravi").await);
    let moderator = house.with_role("mod", "moderator").await;
    let message = mei.say(&show, "hello").await.expect(201);
    let erase = format!("/chat/message/{}", text(&message["id"]));
    let requests = [
        ("mute", json!({ "user_id": mei.id, "seconds": 1 })),
        ("ban", json!({ "user_id": mei.id })),
        ("unban", json!({ "user_id": mei.id })),
        ("pin", json!({ "message_id": null })),
    ];
    for (who, status) in [(&house.nobody, 401), (&mei, 403), (&helper, 403), (&stranger, 403)] {
        for (verb, body) in &requests {
            assert_eq!(who.moderate(&show, verb, body.clone()).await.status, status);
        }
        assert_eq!(who.set(&show, json!({})).await.status, status);
        assert_eq!(who.settings(&show).await.status, status);
        assert_eq!(who.delete(&erase).await.status, status);
    }
    let appoint = format!("/streams/{show}/moderators/{}", helper.id);
    assert_eq!(seller.put(&appoint, json!({})).await.status, 204);
    for who in [&seller, &helper, &moderator] {
        for (verb, body) in &requests {
            who.moderate(&show, verb, body.clone()).await.expect(204);
        }
        who.set(&show, json!({})).await.expect(200);
        assert_eq!(who.delete(&erase).await.status, 204);
    }
    seller.delete(format!("/chat/message/{UNKNOWN}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn settings_hold_for_all_but_staff() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let mei = house.buyer("mei").await;
    let set = async |settings: Value| seller.set(&show, settings).await.expect(200);

    let defaults = json!({
        "slow_mode_s": 0, "max_length": 500, "blocked_terms": [], "followers_only": false, "min_account_age_s": 0,
    });
    assert_eq!(seller.settings(&show).await.expect(200), defaults);
    set(json!({ "slow_mode_s": 30 })).await;
    mei.say(&show, "one").await.expect(201);
    house.clock.advance(Duration::from_millis(12_500));
    mei.say(&show, "two").await.refused_for_now("slow_mode", 18);
    seller.say(&show, "a").await.expect(201);
    seller.say(&show, "b").await.expect(201);
    house.clock.advance(Duration::from_secs(18));
    mei.say(&show, "two").await.expect(201);

    let strict = set(json!({ "max_length": 5, "blocked_terms": ["scam"] })).await;
    assert_eq!(
        strict,
        json!({
            "slow_mode_s": 0, "max_length": 5, "blocked_terms": ["scam"], "followers_only": false,
            "min_account_age_s": 0,
        })
    );
    assert_eq!(seller.settings(&show).await.expect(200), strict);
    mei.say(&show, "123456").await.refused(422, "validation_failed");
    for disguised in ["SCAM!", "sc\u{430}m", "\u{405}\u{421}\u{410}\u{41c}"] {
        mei.say(&show, disguised).await.refused(422, "message_blocked");
    }
    let before = log(&house, &show).await.len();
    set(json!({ "max_length": 5, "blocked_terms": ["fake"] })).await;
    let all = log(&house, &show).await;
    assert_eq!(all.len(), before, "terms change in silence");
    assert!(!serde_json::to_string(&all).expect("JSON").contains("scam"));

    set(json!({ "followers_only": true })).await;
    mei.say(&show, "hello").await.refused(403, "forbidden");
    seller.say(&show, "hello").await.expect(201);
    let product = seller.list(product(1)).await;
    let lot = json!({ "product_id": product["id"], "stream_id": show, "rules": rules() });
    let lot = seller.put_up_as(lot).await;
    mei.post(format!("/auction/{lot}/watch"), json!({})).await.expect(204);
    mei.say(&show, "hello").await.expect(201);

    for bad in [
        json!({ "slow_mode_s": 3601 }),
        json!({ "min_account_age_s": 7_776_001 }),
        json!({ "min_account_age_s": -1 }),
        json!({ "max_length": 0 }),
        json!({ "max_length": 501 }),
        json!({ "blocked_terms": [""] }),
        json!({ "loud": true }),
    ] {
        seller.set(&show, bad).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn erasing_takes_the_text_out_of_everything() {
    let house = House::open().await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let mei = house.buyer("mei").await;
    let send = || mei.say_as(UNKNOWN, &show, "my number is 555-0199");
    send().await.expect(201);
    mei.say(&show, "oops").await.expect(201);
    let pin = || seller.moderate(&show, "pin", json!({ "message_id": UNKNOWN }));
    pin().await.expect(204);
    for _ in 0..2 {
        seller.delete(format!("/chat/message/{UNKNOWN}")).await.expect(204);
    }
    let messages = history(&house, &show).await;
    assert_eq!((&messages[1]["text"], &messages[1]["deleted"]), (&json!(""), &json!(true)));
    assert_eq!((&messages[0]["text"], &messages[0]["deleted"]), (&json!("oops"), &json!(false)));
    let events = log(&house, &show).await;
    let told = serde_json::to_value(&events).expect("JSON");
    assert!(!told.to_string().contains("555-0199"), "{told}");
    let kinds: Vec<_> = told.as_array().expect("events").iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["message", "message", "pinned", "deleted", "pinned"]);
    assert_eq!(told[0]["data"]["deleted"], true);
    assert_eq!(told[3]["data"], json!({ "id": UNKNOWN, "message_seq": 1 }));
    assert_eq!(told[4]["data"], json!({ "message_id": null }), "the pin goes with it");
    let (seq, state) = house.app().chats.snapshot(show.id.parse().expect("an id")).await.expect("a snapshot");
    assert_eq!((seq, state.pinned, state.messages.len()), (5, None, 2));
    assert_eq!(state.messages[0].text, "", "oldest first");

    assert_eq!(file_with("555-0199", &house.app().platform.config.data), None);

    let again = send().await.expect(200);
    assert_eq!((&again["text"], &again["deleted"]), (&json!(""), &json!(true)), "a late copy does not bring it back");
    pin().await.refused(404, "not_found");
}

#[tokio::test]
async fn many_at_once_make_one_dense_log() {
    let house = House::open().await;
    let show = house.seller("siti").await.host("Ceramics").await;
    let names = ["ana", "ben", "chen", "devi", "emi", "farid"];
    let writers = join_all(names.map(|name| house.buyer(name))).await;
    let messages = writers.iter().flat_map(|writer| (0..15).map(move |n| (writer, n)));
    let say =
        async |(writer, n): (&Person, i32)| (writer.id.clone(), writer.say(&show, &n.to_string()).await.expect(201));
    let answers = join_all(messages.map(say)).await;
    let mut seqs: Vec<_> = answers.iter().map(|(_, message)| message["seq"].as_u64().expect("a seq")).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=90).collect::<Vec<_>>());
    let events = log(&house, &show).await;
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), seqs);
    assert!(events.windows(2).all(|pair| pair[0].at < pair[1].at), "each moment is its own");
    for message in history(&house, &show).await {
        let answered = answers.iter().find(|(_, answer)| answer["id"] == message["id"]).expect("answered");
        assert_eq!((&answered.1, &json!(answered.0)), (&message, &message["user"]["id"]));
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::open_in(folder.path(), START).await;
    let seller = house.seller("siti").await;
    let show = seller.host("Ceramics").await;
    let (mei, ravi) = (house.buyer("mei").await, house.buyer("ravi").await);
    let sent = ravi.say_as(UNKNOWN, &show, "hello").await.expect(201);
    seller.moderate(&show, "mute", json!({ "user_id": mei.id, "seconds": 600 })).await;
    seller.set(&show, json!({ "slow_mode_s": 60 })).await.expect(200);
    let events = log(&house, &show).await;
    let now = house.clock.now();
    house.close().await;

    let house = House::open_in(folder.path(), now.plus_millis(10_000)).await;
    let (mei, ravi) = (mei.at(&house), ravi.at(&house));
    assert_eq!(log(&house, &show).await, events);
    assert_eq!(ravi.say_as(UNKNOWN, &show, "hello").await.expect(200), sent);
    mei.say(&show, "hello").await.refused(403, "muted");
    ravi.say(&show, "again").await.refused_for_now("slow_mode", 50);
    house.clock.advance(Duration::from_secs(50));
    assert_eq!(ravi.say(&show, "again").await.expect(201)["seq"], 4);
}

#[tokio::test]
async fn the_chat_path_is_a_live_connection_too() {
    let house = House::open().await;
    let show = house.seller("siti").await.host("Ceramics").await;
    let mei = house.buyer("mei").await;
    mei.say(&show, "before").await.expect(201);
    let mut socket = house.nobody.connect_to(&format!("/chat/stream/{show}")).await;
    let mut next = async |until: &str| loop {
        let frame = socket.hear().await.expect("a frame");
        if frame.get(until).is_some() {
            return frame;
        }
    };
    let channel = json!(format!("chat:{show}"));
    let snapshot = next("snapshot").await;
    assert_eq!((&snapshot["channel"], &snapshot["reason"]), (&channel, &json!("initial")));
    assert_eq!(snapshot["snapshot"]["seq"], 1);
    assert_eq!(snapshot["snapshot"]["state"]["messages"][0]["text"], "before");
    let message = mei.say(&show, "after").await.expect(201);
    let event = next("event").await;
    assert_eq!(event["channel"], channel);
    assert_eq!(event["event"]["seq"], 2);
    assert_eq!(
        event["event"]["data"],
        json!({ "id": message["id"], "user": message["user"], "text": "after", "deleted": false })
    );
    socket.0.close(None).await.expect("a close");
    let refused = house.nobody.knock(&format!("/chat/stream/{UNKNOWN}"), None).await;
    assert_eq!(refused.err(), Some(404), "there is no such show");
}
