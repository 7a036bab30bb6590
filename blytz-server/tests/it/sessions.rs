//! Sessions: tokens that are renewed, spent, lost, forged and taken back.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD, Person, START, file_with};

#[tokio::test]
async fn refreshing_rotates_and_a_spent_token_ends_the_session() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let elsewhere = ann.log_in_with(PASSWORD).await.person(200);

    let renewed = ann.refresh().await.renewed();
    assert_ne!(renewed.refresh_token, ann.refresh_token);
    renewed.profile().await.expect(200);
    ann.profile().await.expect(200);

    house.clock.advance(Duration::from_secs(10));
    ann.refresh().await.refused(401, "unauthenticated");
    renewed.refresh().await.refused(401, "unauthenticated");
    renewed.profile().await.refused(401, "unauthenticated");
    ann.profile().await.refused(401, "unauthenticated");
    elsewhere.profile().await.expect(200);
    elsewhere.refresh().await.expect(200);

    for wrong in ["", &renewed.token] {
        let body = json!({ "refresh_token": wrong });
        house.nobody.post("/auth/refresh", body).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn tabs_that_refresh_at_once_all_stay_logged_in() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let answers = join_all((0..8).map(|_| ann.refresh())).await;
    let tabs: Vec<Person> = answers.into_iter().map(Answer::renewed).collect();
    for tab in &tabs {
        assert_eq!(tab.refresh_token, tabs[0].refresh_token, "one successor");
        tab.profile().await.expect(200);
    }
    let next = tabs[7].refresh().await.renewed();
    next.profile().await.expect(200);
    tabs[0].profile().await.expect(200);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_for_ten_seconds() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let first = ann.refresh().await.renewed();
    // Using an access token does not use the refresh token that came with it.
    first.profile().await.expect(200);
    house.clock.advance(Duration::from_millis(9_900));
    let again = ann.refresh().await.renewed();
    assert_eq!(again.refresh_token, first.refresh_token);
    assert_ne!(again.token, first.token, "an access token of its own");
    house.clock.advance(Duration::from_micros(99_999));
    assert_eq!(ann.refresh().await.renewed().refresh_token, first.refresh_token);
    for who in [&first, &again] {
        who.profile().await.expect(200);
    }

    house.clock.advance(Duration::from_micros(1));
    ann.refresh().await.refused(401, "unauthenticated");
    again.profile().await.refused(401, "unauthenticated");
    first.refresh().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn once_its_successor_is_used_a_spent_token_ends_the_session_at_once() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let second = ann.refresh().await.renewed();
    let third = second.refresh().await.renewed();
    let again = second.refresh().await.renewed();
    assert_eq!(again.refresh_token, third.refresh_token, "each has its own ten seconds");
    ann.refresh().await.refused(401, "unauthenticated");
    for who in [&ann, &second, &third, &again] {
        who.profile().await.refused(401, "unauthenticated");
        who.refresh().await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_lost_answer_is_given_again_to_nobody_who_is_out() {
    let house = House::open().await;
    let (ann, bob) = (house.buyer("ann").await, house.buyer("bob").await);
    let renewed_ann = ann.refresh().await.renewed();
    renewed_ann.log_out().await.expect(204);
    ann.refresh().await.refused(401, "unauthenticated");

    let admin = house.admin().await;
    bob.refresh().await.expect(200);
    assert_eq!(admin.suspend(&bob.id).await.expect(200)["status"], "suspended");
    bob.refresh().await.refused(403, "suspended");
    admin.reinstate(&bob.id).await.expect(200);
    bob.refresh().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_lost_answer_survives_a_restart_and_no_token_is_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::open_in(folder.path(), START).await;
    let ann = house.buyer("ann").await;
    let first = ann.refresh().await.renewed();
    house.close().await;
    for token in [&ann.refresh_token, &first.refresh_token] {
        assert_eq!(file_with(token, folder.path()), None);
    }
    let house = House::open_in(folder.path(), START).await;
    let again = ann.at(&house).refresh().await.renewed();
    assert_eq!(again.refresh_token, first.refresh_token);
    again.refresh().await.renewed();
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_is_refreshed() {
    const DAY: Duration = Duration::from_hours(24);
    let house = House::open().await;
    let mut ann = house.buyer("ann").await;
    for _ in 0..4 {
        house.clock.advance(29 * DAY);
        ann = ann.refresh().await.renewed();
    }
    house.clock.advance(30 * DAY);
    ann.refresh().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn an_access_token_lives_fifteen_minutes_by_the_servers_clock() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let expires_at = START.plus_millis(15 * 60 * 1_000);
    let expected = json!({
        "valid": true, "user_id": ann.id, "email": "ann@example.com", "roles": ["buyer"], "expires_at": expires_at,
    });
    assert_eq!(ann.verified().await, expected);
    house.clock.set(expires_at.plus_micros(-1));
    ann.profile().await.expect(200);
    house.clock.set(expires_at);
    ann.profile().await.refused(401, "unauthenticated");
    assert_eq!(ann.verified().await, json!({ "valid": false }));
}

#[tokio::test]
async fn logging_out_ends_this_session_at_once() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let elsewhere = ann.log_in_with(PASSWORD).await.person(200);
    assert_eq!(ann.log_out().await.expect(204), Value::Null);
    ann.profile().await.refused(401, "unauthenticated");
    ann.log_out().await.refused(401, "unauthenticated");
    ann.refresh().await.refused(401, "unauthenticated");
    assert_eq!(ann.verified().await, json!({ "valid": false }));
    elsewhere.profile().await.expect(200);
}

#[tokio::test]
async fn whatever_is_no_token_of_ours_is_refused() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let (head, rest) = ann.token.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let forged = [
        String::new(),
        "nonsense".to_owned(),
        ann.refresh_token.clone(),
        format!("{head}.{body}"),
        format!("{head}.{body}."),
        format!("{head}.{body}.{}", "A".repeat(signature.len())),
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}."),
        format!("{}x", ann.token),
        "x".repeat(6_000),
    ];
    for token in &forged {
        let forger = ann.with_token(token);
        let answer = forger.profile().await;
        answer.refused(401, "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert_eq!(forger.verified().await, json!({ "valid": false }));
    }
    let basic = |request: RequestBuilder| request.header("authorization", format!("Basic {}", ann.token));
    house.nobody.send(Method::GET, "/auth/profile", basic).await.refused(401, "unauthenticated");
    house.nobody.profile().await.refused(401, "unauthenticated");
    let other = House::open().await;
    ann.at(&other).profile().await.refused(401, "unauthenticated");
    let lower = |request: RequestBuilder| request.header("authorization", format!("bearer {}", ann.token));
    house.nobody.send(Method::GET, "/auth/profile", lower).await.expect(200);
}
