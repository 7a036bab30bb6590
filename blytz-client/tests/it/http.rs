//! The HTTP side against a server that answers as told.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, http::header};
use blytz_client::{
    Backoff, Client, ClientBuilder, Error, LoginStore, ProductQuery, RetryKind, RetryPolicy, StreamQuery, all_pages,
    new_bid_id,
    wire::{
        ErrorCode, Page,
        account::Tokens,
        auction::BidRequest,
        chat::ChatSend,
        product::{CategoryInput, ProductStatus},
        stream::StreamStatus,
    },
};
use blytz_core::{AuctionId, Epoch, StreamId, UserId};
use futures_util::{StreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use crate::fake::{self, Answer, Asked, Fake, html, ok, problem, tokens};

/// Repeats without a pause.
const AT_ONCE: RetryPolicy = RetryPolicy {
    retries: 3,
    backoff: Backoff { base: Duration::ZERO, cap: Duration::ZERO },
    longest_wait: Duration::from_secs(5),
};

fn client(fake: &Fake) -> ClientBuilder {
    Client::builder(&fake.address).retry(AT_ONCE)
}

async fn always(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (Fake, Client) {
    let fake = Fake::start(move |_, _| answer()).await;
    let client = client(&fake).build().expect("valid");
    (fake, client)
}

fn bid() -> BidRequest {
    let amount = blytz_core::Money::new(1_250, "MYR".parse().expect("a currency"));
    let (auction_id, bid_id) = (AuctionId(Uuid::nil()), new_bid_id());
    BidRequest { auction_id, bid_id, amount: Some(amount), max: None, buy_now: None }
}

fn bid_answer(asked: &Asked) -> Answer {
    let at = "2026-11-22T03:04:05.000000Z";
    ok(json!({
        "bid_id": asked.body["bid_id"], "auction_id": asked.body["auction_id"], "outcome": "leading", "seq": 3, "at": at,
        "price": {"amount": 1250, "currency": "MYR"}, "leader_id": Epoch(Uuid::nil()), "next_minimum": null,
        "closes_at": at, "hash": "h", "replayed": false,
        "receipt": {"key_id": "k", "head_seq": 3, "head_hash": "h", "signature": "s"},
    }))
}

#[tokio::test]
async fn a_bid_is_repeated_with_its_id_while_nothing_is_known() {
    let fake = Fake::start(|asked, before| match before {
        0 => problem(ErrorCode::Unavailable).with(header::RETRY_AFTER, "0"),
        1 => problem(ErrorCode::OutcomeUnknown),
        2 => html(502),
        _ => bid_answer(asked),
    })
    .await;
    let bid = bid();
    let answer = client(&fake).build().expect("valid").auctions().bid(&bid).await.expect("accepted");
    assert_eq!(answer.bid_id, bid.bid_id);
    let asked = fake.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|asked| asked.line == "POST /auction/bid" && asked.body == json!(bid)));
}

#[tokio::test]
async fn a_refused_bid_is_not_repeated() {
    let (fake, client) = always(|| problem(ErrorCode::BidTooLow)).await;
    let error = client.auctions().bid(&bid()).await.expect_err("refused");
    assert_eq!((error.code(), error.status()), (Some(ErrorCode::BidTooLow), Some(409)));
    assert_eq!(error.retry_kind(), RetryKind::Never);
    assert_eq!(error.to_string(), "said so");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn what_is_not_exactly_once_is_never_repeated() {
    for code in [ErrorCode::Unavailable, ErrorCode::OutcomeUnknown, ErrorCode::RateLimited] {
        let (fake, client) = always(move || problem(code)).await;
        let input = CategoryInput { name: "Watches".to_owned(), parent_id: None };
        let error = client.categories().create(&input).await.expect_err("refused");
        assert_eq!(error.code(), Some(code));
        assert_eq!(matches!(error, Error::Unsettled(_)), code == ErrorCode::OutcomeUnknown);
        assert_eq!(fake.asked().len(), 1, "{code}");
    }
    let (fake, client) = always(|| html(503)).await;
    client.categories().create(&CategoryInput { name: "Watches".to_owned(), parent_id: None }).await.expect_err("down");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn reads_are_repeated_as_often_as_the_policy_says() {
    let (fake, client) = always(|| problem(ErrorCode::Unavailable).with(header::RETRY_AFTER, "0")).await;
    let error = client.products().get(Uuid::nil().into()).await.expect_err("still down");
    assert_eq!(error.retry_kind(), RetryKind::After(Duration::ZERO));
    assert_eq!(fake.asked().len(), 4);
}

#[tokio::test]
async fn a_long_retry_after_is_the_callers_to_wait() {
    let (fake, client) = always(|| problem(ErrorCode::RateLimited).with(header::RETRY_AFTER, "60")).await;
    let error = client.products().get(Uuid::nil().into()).await.expect_err("limited");
    assert_eq!(error.retry_kind(), RetryKind::After(Duration::from_mins(1)));
    assert_eq!(error.problem().and_then(|problem| problem.retry_after), Some(60));
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn slow_mode_is_told_not_waited_out() {
    let (fake, client) = always(|| problem(ErrorCode::SlowMode).with(header::RETRY_AFTER, "0")).await;
    let message = ChatSend { stream_id: StreamId(Uuid::nil()), message_id: None, text: "hello".to_owned() };
    let error = client.chat().send(&message).await.expect_err("slow mode");
    assert_eq!(error.code(), Some(ErrorCode::SlowMode));
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_message_without_an_id_gets_one_and_keeps_it() {
    let fake = Fake::start(|asked, before| match before {
        0 => html(504),
        _ => ok(json!({
            "id": asked.body["message_id"], "stream_id": asked.body["stream_id"], "seq": 1, "text": "hello",
            "user": {"id": Uuid::nil(), "display_name": "Ana"}, "at": "2026-11-22T03:04:05.000000Z", "deleted": false,
        })),
    })
    .await;
    let message = ChatSend { stream_id: StreamId(Uuid::nil()), message_id: None, text: "hello".to_owned() };
    client(&fake).build().expect("valid").chat().send(&message).await.expect("sent");
    let asked = fake.asked();
    assert!(asked[0].body["message_id"].is_string());
    assert_eq!(asked[0].body, asked[1].body);
}

#[tokio::test]
async fn the_tokens_are_refreshed_once_for_many_calls() {
    let fake = Fake::start(|asked, _| match (asked.line.as_str(), asked.bearer.as_deref()) {
        ("POST /auth/refresh", None) if asked.body["refresh_token"] == "r1" => {
            ok(json!({"tokens": tokens("a2", "r2")}))
        }
        (line, Some("a2")) if line.starts_with("GET /categories") => ok(json!({"items": [], "next_cursor": null})),
        _ => problem(ErrorCode::Unauthenticated),
    })
    .await;
    let stored = Arc::new(Mutex::new(Vec::new()));
    let store = stored.clone();
    let client = client(&fake)
        .tokens(tokens("a1", "r1"))
        .on_tokens(move |tokens| store.lock().expect("no panic").push(tokens.refresh_token.clone()))
        .build()
        .expect("valid");
    let calls =
        (0..16).map(|_| client.clone()).map(|client| tokio::spawn(async move { client.categories().list().await }));
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("no panic").expect("after the refresh");
    }
    let refreshes = fake.lines().iter().filter(|line| *line == "POST /auth/refresh").count();
    assert_eq!(refreshes, 1);
    assert_eq!(*stored.lock().expect("no panic"), ["r2"]);
    assert_eq!(client.tokens(), Some(tokens("a2", "r2")));
}

#[tokio::test]
async fn a_refused_refresh_is_not_tried_again() {
    let (fake, client) = always(|| problem(ErrorCode::Unauthenticated)).await;
    client.set_tokens(Some(tokens("a1", "r1")));
    for _ in 0..2 {
        let error = client.auth().profile().await.expect_err("not logged in");
        assert_eq!(error.code(), Some(ErrorCode::Unauthenticated));
    }
    assert_eq!(fake.lines(), ["GET /auth/profile", "POST /auth/refresh", "GET /auth/profile"]);
}

#[tokio::test]
async fn wrong_credentials_do_not_refresh() {
    let (fake, client) = always(|| problem(ErrorCode::InvalidCredentials)).await;
    client.set_tokens(Some(tokens("a1", "r1")));
    let error = client.auth().login("ana@example.com", "wrong").await.expect_err("refused");
    assert_eq!(error.code(), Some(ErrorCode::InvalidCredentials));
    let asked = fake.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].bearer, None, "a login carries no token");
    assert_eq!(client.tokens(), Some(tokens("a1", "r1")), "and a failed one changes none");
}

#[tokio::test]
async fn an_access_token_alone_is_not_refreshed() {
    let fake = Fake::start(|_, _| problem(ErrorCode::Unauthenticated)).await;
    let client = client(&fake).access_token("a1").build().expect("valid");
    client.auth().profile().await.expect_err("expired");
    assert_eq!(fake.lines(), ["GET /auth/profile"]);
}

#[tokio::test]
async fn logging_out_forgets_the_tokens_even_if_the_session_is_over() {
    let fake = Fake::start(|_, _| problem(ErrorCode::Unauthenticated)).await;
    let client = client(&fake).access_token("a1").build().expect("valid");
    client.auth().logout().await.expect("logged out");
    assert_eq!(client.tokens(), None);
    assert!(matches!(client.auth().logout().await, Err(Error::NotLoggedIn)));
}

#[tokio::test]
async fn an_answer_that_is_no_problem_document() {
    let (_fake, client) = always(|| html(404)).await;
    let error = client.products().get(Uuid::nil().into()).await.expect_err("a proxy");
    let Error::Unexpected(answer) = &error else { panic!("{error:?}") };
    assert_eq!((answer.status, answer.content_type.as_str()), (404, "text/html"));
    assert_eq!(answer.excerpt, "<html> <h1>Bad [31m gateway</h1></html>", "no escape sequence reaches a terminal");
    assert_eq!((error.code(), error.status(), error.is_unreachable()), (None, Some(404), false));
}

#[tokio::test]
async fn a_success_that_is_not_understood() {
    let (fake, client) = always(|| html(200)).await;
    let error = client.products().get(Uuid::nil().into()).await.expect_err("a captive portal");
    assert!(matches!(&error, Error::Decode { request, .. } if request.starts_with("GET /products/")), "{error}");
    assert_eq!(error.retry_kind(), RetryKind::Never);
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_told_not_followed() {
    let (fake, client) = always(|| html(301).with(header::LOCATION, "https://elsewhere.example/")).await;
    client.set_tokens(Some(tokens("secret", "r1")));
    let error = client.auth().profile().await.expect_err("moved");
    assert!(error.to_string().contains("redirects to https://elsewhere.example/"), "{error}");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn nobody_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let client = Client::builder(address).retry(AT_ONCE).build().expect("valid");
    let error = client.auth().login("ana@example.com", "password").await.expect_err("nobody");
    assert!(error.is_unreachable());
    assert_eq!(error.retry_kind(), RetryKind::SameRequest, "nothing was sent");
}

#[tokio::test]
async fn a_server_that_is_not_ready_says_why() {
    let checks =
        json!({"status": "unavailable", "checks": {"database": {"status": "unavailable", "detail": "locked"}}});
    let body = checks.to_string();
    let (fake, client) = always(move || Answer { status: 503, headers: Vec::new(), body: body.clone() }).await;
    let readiness = client.process().ready().await.expect("an answer");
    assert_eq!(json!(readiness), checks);
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn queries_say_what_is_asked_and_nothing_else() {
    let (fake, client) = always(|| ok(json!({"items": [], "next_cursor": null}))).await;
    client.products().list(&ProductQuery::default()).await.expect("a page");
    let query = ProductQuery {
        q: Some("tin & robot".to_owned()),
        status: Some(ProductStatus::SoldOut),
        min_price: Some(100),
        limit: Some(10),
        ..Default::default()
    };
    client.products().list(&query).await.expect("a page");
    client.auctions().events(AuctionId(Uuid::nil()), 7, None).await.expect("a page");
    let shows =
        StreamQuery { status: Some(StreamStatus::Live), seller_id: Some(UserId(Uuid::nil())), ..Default::default() };
    client.streams().list(&shows).await.expect("a page");
    assert_eq!(
        fake.lines(),
        [
            "GET /products",
            "GET /products?q=tin+%26+robot&min_price=100&status=sold_out&limit=10",
            "GET /auction/00000000-0000-0000-0000-000000000000/events?after=7",
            "GET /streams?status=live&seller_id=00000000-0000-0000-0000-000000000000",
        ]
    );
}

#[tokio::test]
async fn a_prefix_in_the_address_is_kept() {
    let fake = Fake::start(|_, _| ok(json!({"status": "ok"}))).await;
    let client = Client::builder(format!("{}/api/", fake.address)).build().expect("valid");
    client.process().health().await.expect("alive");
    assert_eq!(fake.lines(), ["GET /api/health"]);
}

#[tokio::test]
async fn all_pages_come_once_and_end() {
    let pages = |cursor: Option<String>| async move {
        Ok::<_, Error>(match cursor.as_deref() {
            None => Page { items: vec![1, 2], next_cursor: Some("b".to_owned()) },
            Some("b") => Page { items: vec![3], next_cursor: Some("c".to_owned()) },
            // A faulty server that leads to itself.
            Some(_) => Page { items: vec![4], next_cursor: Some("c".to_owned()) },
        })
    };
    assert_eq!(all_pages(pages).await.expect("pages"), [1, 2, 3, 4]);
}

#[tokio::test]
async fn giving_up_on_a_call_does_not_lose_the_rotated_tokens() {
    let rotated = Arc::new(AtomicBool::new(false));
    let flag = rotated.clone();
    let fake = Fake::start(move |asked, _| match asked.line.as_str() {
        "POST /auth/refresh" => {
            flag.store(true, Ordering::SeqCst);
            ok(json!({"tokens": tokens("a2", "r2")}))
        }
        _ => problem(ErrorCode::Unauthenticated),
    })
    .await;
    let (told, mut stored) = tokio::sync::mpsc::unbounded_channel();
    let client = client(&fake)
        .tokens(tokens("a1", "r1"))
        .on_tokens(move |tokens| drop(told.send(tokens.clone())))
        .build()
        .expect("valid");
    // Abandon the call at the moment the server rotates.
    let caller = client.clone();
    let call = tokio::spawn(async move { caller.auth().profile().await });
    while !rotated.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert_eq!(stored.recv().await, Some(tokens("a2", "r2")));
    assert_eq!(client.tokens(), Some(tokens("a2", "r2")));
}

/// Ann's client, and a server that answers `line` only after Ben has taken her place.
async fn switched_during(line: &'static str, answer: impl Fn() -> Answer + Send + Sync + 'static) -> (Fake, Client) {
    let slot: Arc<OnceLock<Client>> = Arc::default();
    let ann = slot.clone();
    let fake = Fake::start(move |asked, _| {
        if asked.line != line {
            return problem(ErrorCode::Unauthenticated);
        }
        ann.get().expect("there is a client").set_tokens(Some(tokens("ben", "ben's")));
        answer()
    })
    .await;
    let client = client(&fake).tokens(tokens("ann", "ann's")).build().expect("valid");
    slot.set(client.clone()).expect("set once");
    (fake, client)
}

#[tokio::test]
async fn a_bid_is_not_repeated_in_another_name() {
    let answers: [fn() -> Answer; 4] = [
        || problem(ErrorCode::Unavailable),
        || problem(ErrorCode::OutcomeUnknown),
        || html(502),
        || problem(ErrorCode::RateLimited).with(header::RETRY_AFTER, "0"),
    ];
    for answer in answers {
        let (fake, client) = switched_during("POST /auction/bid", answer).await;
        let error = client.auctions().bid(&bid()).await.expect_err("given up");
        assert!(matches!(error, Error::LoginChanged), "{error:?}");
        assert_eq!(error.retry_kind(), RetryKind::Never);
        assert_eq!(fake.asked().len(), 1);
    }
}

#[tokio::test]
async fn an_expired_login_is_not_replaced_by_another() {
    let (fake, client) = switched_during("POST /auction/bid", || problem(ErrorCode::Unauthenticated)).await;
    let error = client.auctions().bid(&bid()).await.expect_err("refused");
    assert_eq!(error.code(), Some(ErrorCode::Unauthenticated));
    let bearers: Vec<_> = fake.asked().into_iter().map(|asked| (asked.line, asked.bearer)).collect();
    assert_eq!(bearers, [("POST /auction/bid".to_owned(), Some("ann".to_owned()))]);
}

#[tokio::test]
async fn a_read_is_finished_in_the_name_it_was_begun_in() {
    let (fake, client) = switched_during("GET /auth/profile", || html(503)).await;
    client.auth().profile().await.expect_err("down");
    let bearers: Vec<_> = fake.asked().into_iter().filter_map(|asked| asked.bearer).collect();
    assert_eq!(bearers, ["ann"; 4]);
}

#[tokio::test]
async fn a_refresh_does_not_overwrite_a_newer_login() {
    let (_fake, client) =
        switched_during("POST /auth/refresh", || ok(json!({"tokens": tokens("ann 2", "ann's 2")}))).await;
    client.auth().profile().await.expect_err("Ann's own tokens were not accepted");
    assert_eq!(client.tokens(), Some(tokens("ben", "ben's")));
}

#[tokio::test]
async fn a_refused_refresh_ends_no_newer_login() {
    let (fake, client) = switched_during("POST /auth/refresh", || problem(ErrorCode::Unauthenticated)).await;
    client.auth().profile().await.expect_err("not logged in");
    client.auth().profile().await.expect_err("not accepted, either");
    let spent: Vec<_> = fake.asked().into_iter().filter(|asked| asked.line == "POST /auth/refresh").collect();
    assert_eq!(spent.iter().map(|asked| &asked.body["refresh_token"]).collect::<Vec<_>>(), ["ann's", "ben's"]);
}

#[tokio::test]
async fn a_logout_does_not_log_a_newer_login_out() {
    for answer in
        [|| Answer { status: 204, headers: Vec::new(), body: String::new() }, || problem(ErrorCode::Unauthenticated)]
    {
        let (_fake, client) = switched_during("POST /auth/logout", answer).await;
        client.auth().logout().await.expect("logged out");
        assert_eq!(client.tokens(), Some(tokens("ben", "ben's")));
    }
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_asked_for_again() {
    let fake = Fake::start(|asked, before| match (asked.line.as_str(), before) {
        ("POST /auth/refresh", 1) => html(502),
        ("POST /auth/refresh", 2) => problem(ErrorCode::OutcomeUnknown),
        ("POST /auth/refresh", _) => ok(json!({"tokens": tokens("a2", "r2")})),
        _ if asked.bearer.as_deref() == Some("a2") => ok(json!({"items": [], "next_cursor": null})),
        _ => problem(ErrorCode::Unauthenticated),
    })
    .await;
    let client = client(&fake).tokens(tokens("a1", "r1")).build().expect("valid");
    client.categories().list().await.expect("after the refresh");
    let spent: Vec<_> = fake.asked().into_iter().map(|asked| asked.body["refresh_token"].clone()).collect();
    assert_eq!(spent, [json!(null), json!("r1"), json!("r1"), json!("r1"), json!(null)]);
    assert_eq!(client.tokens(), Some(tokens("a2", "r2")));
}

/// A place that another program with the same login has put tokens into.
#[derive(Default)]
struct Shared {
    newer: Option<Tokens>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Shared {
    fn tell(&self, what: &str, tokens: &Tokens) {
        self.told.lock().expect("no panic").push(format!("{what} {}", tokens.access_token));
    }
}

impl LoginStore for Shared {
    fn began(&self, tokens: &Tokens) {
        self.tell("began", tokens);
    }

    fn renewed(&self, tokens: &Tokens) {
        self.tell("renewed", tokens);
    }

    fn newer(&self, than: &Tokens) -> Option<Tokens> {
        self.tell("asked since", than);
        self.newer.clone()
    }
}

#[tokio::test]
async fn programs_that_share_a_login_take_over_each_others_tokens() {
    let fresh = tokens("a2", "r2");
    let stale = Tokens { expires_in: 0, ..fresh.clone() };
    for (newer, spent, told) in [
        (Some(fresh), vec![], vec!["asked since a1"]),
        (Some(stale), vec!["r2"], vec!["asked since a1", "renewed a3"]),
        (Some(tokens("a1", "r1")), vec!["r1"], vec!["asked since a1", "renewed a3"]),
        (None, vec!["r1"], vec!["asked since a1", "renewed a3"]),
    ] {
        let fake = Fake::start(|asked, _| match (asked.line.as_str(), asked.bearer.as_deref()) {
            ("POST /auth/refresh", _) => ok(json!({"tokens": tokens("a3", "r3")})),
            (_, Some("a2" | "a3")) => ok(json!({"items": [], "next_cursor": null})),
            _ => problem(ErrorCode::Unauthenticated),
        })
        .await;
        let shared = Shared { newer, ..Shared::default() };
        let log = shared.told.clone();
        let client = client(&fake).tokens(tokens("a1", "r1")).login_store(shared).build().expect("valid");
        client.categories().list().await.expect("with newer tokens");
        let asked = fake.asked().into_iter().filter(|asked| asked.line == "POST /auth/refresh");
        let asked: Vec<_> = asked.map(|asked| asked.body["refresh_token"].clone()).collect();
        assert_eq!(
            (&asked, &*log.lock().expect("no panic")),
            (&spent.into_iter().map(|t| json!(t)).collect(), &told.into_iter().map(str::to_owned).collect())
        );
    }
}

/// A server whose proofs consist of these pieces; after the last one the line is cut, or stays open.
async fn telling(pieces: usize, then: Then) -> String {
    let piece = bytes::Bytes::from(vec![b' '; 1 << 20]);
    let router = axum::Router::new().fallback(move || {
        let pieces = stream::iter(vec![piece.clone(); pieces]).map(Ok::<_, std::io::Error>);
        let body = match then {
            Then::End => Body::from_stream(pieces),
            Then::Cut => Body::from_stream(pieces.chain(stream::iter([Err(std::io::Error::other("it broke"))]))),
            Then::Nothing => Body::from_stream(pieces.chain(stream::pending())),
        };
        std::future::ready(body)
    });
    fake::serve(router).await
}

#[derive(Clone, Copy)]
enum Then {
    End,
    Cut,
    Nothing,
}

async fn downloaded(client: &Client) -> (usize, Result<(), Error>) {
    let mut download = client.auctions().proof_download(AuctionId(Uuid::nil())).await.expect("it begins");
    let mut bytes = 0;
    loop {
        match download.next_piece().await {
            Ok(Some(piece)) => bytes += piece.len(),
            Ok(None) => return (bytes, Ok(())),
            Err(error) => return (bytes, Err(error)),
        }
    }
}

#[tokio::test]
async fn an_answer_of_any_length_can_be_read_as_it_arrives() {
    let client = Client::builder(telling(65, Then::End).await).retry(AT_ONCE).build().expect("a client");
    let (bytes, end) = downloaded(&client).await;
    assert_eq!(bytes, 65 << 20);
    end.expect("all of it");

    let kept = client.auctions().proof(AuctionId(Uuid::nil())).await.expect_err("too long to be kept");
    assert!(matches!(kept, Error::TooLarge { .. }) && !kept.is_unreachable(), "{kept}");
    assert_eq!(kept.retry_kind(), RetryKind::Never);
    assert!(kept.to_string().contains("longer than 64 MiB"), "{kept}");
}

#[tokio::test]
async fn a_download_that_ends_early_says_so() {
    for then in [Then::Cut, Then::Nothing] {
        let client = Client::builder(telling(2, then).await).timeout(Duration::from_millis(300));
        let (_, end) = downloaded(&client.retry(AT_ONCE).build().expect("a client")).await;
        assert!(end.expect_err("a part of it").is_unreachable());
    }
}

#[tokio::test]
async fn a_download_that_is_refused_says_why_and_asks_again_when_told_to() {
    let (fake, client) = always(|| problem(ErrorCode::AuctionLive)).await;
    let refused = client.auctions().proof_download(AuctionId(Uuid::nil())).await.expect_err("live");
    assert_eq!((refused.code(), fake.asked().len()), (Some(ErrorCode::AuctionLive), 1));

    let (fake, client) = always(|| problem(ErrorCode::Unavailable)).await;
    client.auctions().proof_download(AuctionId(Uuid::nil())).await.expect_err("not now");
    assert_eq!(fake.asked().len(), 4);
}
