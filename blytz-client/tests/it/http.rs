//! The HTTP side against a server that answers as told.

use std::time::Duration;

use axum::http::header;
use blytz_client::{
    Client, Error, ProductQuery, RetryKind, StreamQuery, all_pages,
    wire::{
        ErrorCode, Page,
        chat::ChatSend,
        product::{CategoryInput, ProductStatus},
        stream::StreamStatus,
    },
};
use blytz_core::{AuctionId, StreamId, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::fake::{AT_ONCE, Answer, Fake, always, bid, bid_answer, client, html, ok, problem, tokens};

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
