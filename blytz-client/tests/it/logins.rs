//! Logins: tokens that are refreshed, shared, replaced and forgotten.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use axum::http::header;
use blytz_client::{
    Client, Error, LoginStore, RetryKind,
    wire::{ErrorCode, account::Tokens},
};
use serde_json::json;

use crate::fake::{Answer, Fake, always, bid, client, html, ok, problem, tokens};

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
