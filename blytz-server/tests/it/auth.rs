//! Service auth from outside: every status and code that clients may rely on.

use std::time::Duration;

use blytz_server::{config::RateLimits, services::auth::EnsuredAdmin};
use serde_json::{Value, json};

use crate::actors::{Actor, Answer, PASSWORD, START, TestApp};

const OTHER_PASSWORD: &str = "cerulean-okapi-88";

fn with_token(actor: &Actor, token: &str) -> Actor {
    Actor { token: token.to_owned(), ..actor.clone() }
}

/// A problem without what differs from request to request.
fn without_request_id(answer: Answer) -> Value {
    let mut body = answer.body;
    body.as_object_mut().expect("a problem").remove("request_id");
    body
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post(None, "/auth/refresh", json!({ "refresh_token": token })).await
}

/// Somebody with the tokens of a refresh.
#[track_caller]
fn renewed(actor: &Actor, answer: Answer) -> Actor {
    let tokens = answer.expect(200)["tokens"].clone();
    let text = |name: &str| tokens[name].as_str().expect("a token").to_owned();
    Actor { token: text("access_token"), refresh_token: text("refresh_token"), ..actor.clone() }
}

async fn verify(app: &TestApp, token: &str) -> Value {
    app.post(None, "/auth/verify", json!({ "token": token })).await.expect(200)
}

async fn suspend(app: &TestApp, actor: &Actor) {
    let path = format!("/auth/users/{}/suspend", actor.id);
    assert_eq!(app.post(Some(&app.admin().await), &path, json!({})).await.expect(200)["status"], "suspended");
}

#[tokio::test]
async fn signing_up_makes_an_account_and_logs_it_in() {
    let app = TestApp::start().await;
    let request = json!({ "email": " Ann@Example.com", "password": PASSWORD, "display_name": "  Ann \u{a0} Tan " });
    let body = app.post(None, "/auth/signup", request).await.expect(201);
    let user = &body["user"];
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user["display_name"], "Ann Tan");
    assert_eq!(user["roles"], json!(["buyer"]));
    assert_eq!(user["status"], "active");
    assert_eq!(user["created_at"], START.to_string());
    assert_eq!(body["tokens"]["token_type"], "Bearer");
    assert_eq!(body["tokens"]["expires_in"], 900);

    for taken in ["ann@example.com", "ANN@EXAMPLE.COM", "ann@example.com "] {
        let request = json!({ "email": taken, "password": OTHER_PASSWORD, "display_name": "Impostor" });
        app.post(None, "/auth/signup", request).await.refused(409, "email_taken");
    }
    let ann = app.log_in("aNN@example.COM", PASSWORD).await.actor(200);
    assert_eq!(json!(ann.id), user["id"]);
    assert_eq!(app.get(Some(&ann), "/auth/profile").await.expect(200), *user);
}

#[tokio::test]
async fn of_many_signups_with_one_address_one_succeeds() {
    let app = TestApp::start().await;
    let sign_up = || {
        app.post(
            None,
            "/auth/signup",
            json!({ "email": "ann@example.com", "password": PASSWORD, "display_name": "Ann" }),
        )
    };
    let answers = futures_util::future::join_all((0..6).map(|_| sign_up())).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_signup_names_every_fault_and_makes_no_account() {
    let app = TestApp::start().await;
    let good = json!({ "email": "ann@example.com", "password": PASSWORD, "display_name": "Ann" });
    let table = [
        ("/email", json!("ann")),
        ("/email", json!("")),
        ("/email", json!(null)),
        ("/email", json!(7)),
        ("/password", json!("tr4v-Nuqe-m")),
        ("/password", json!("x".repeat(129))),
        ("/password", json!("password1234")),
        ("/password", json!("ann@example.com")),
        ("/password", json!(["a", "b"])),
        ("/display_name", json!("")),
        ("/display_name", json!("   ")),
        ("/display_name", json!("a".repeat(51))),
        ("/display_name", json!("Ann\u{202e}nnA")),
    ];
    for (pointer, value) in table {
        let mut request = good.clone();
        *request.pointer_mut(pointer).expect("a field") = value.clone();
        let answer = app.post(None, "/auth/signup", request).await;
        answer.refused(422, "validation_failed");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{value}");
        assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(1), "{value}");
    }
    let answer = app.post(None, "/auth/signup", json!({ "email": "ann", "password": "", "display_name": "" })).await;
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(3));
    let mut extended = good.clone();
    extended["roles"] = json!(["admin"]);
    app.post(None, "/auth/signup", extended).await.refused(422, "validation_failed");
    app.log_in("ann@example.com", PASSWORD).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let wrong = app.log_in(&ann.email, OTHER_PASSWORD).await;
    let unknown = app.log_in("nobody@example.com", OTHER_PASSWORD).await;
    wrong.refused(401, "invalid_credentials");
    unknown.refused(401, "invalid_credentials");
    assert_eq!(without_request_id(wrong), without_request_id(unknown));
    let empty = app.log_in("", "").await;
    empty.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn refreshing_rotates_and_a_spent_token_ends_the_session() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let elsewhere = app.log_in(&ann.email, PASSWORD).await.actor(200);

    let second = refresh(&app, &ann.refresh_token).await.expect(200)["tokens"].clone();
    let second_refresh = second["refresh_token"].as_str().expect("a token");
    let renewed = with_token(&ann, second["access_token"].as_str().expect("a token"));
    assert_ne!(second_refresh, ann.refresh_token);
    app.get(Some(&renewed), "/auth/profile").await.expect(200);
    app.get(Some(&ann), "/auth/profile").await.expect(200);

    app.clock.advance(Duration::from_secs(10));
    refresh(&app, &ann.refresh_token).await.refused(401, "unauthenticated");
    refresh(&app, second_refresh).await.refused(401, "unauthenticated");
    app.get(Some(&renewed), "/auth/profile").await.refused(401, "unauthenticated");
    app.get(Some(&ann), "/auth/profile").await.refused(401, "unauthenticated");
    app.get(Some(&elsewhere), "/auth/profile").await.expect(200);
    refresh(&app, &elsewhere.refresh_token).await.expect(200);

    refresh(&app, "").await.refused(401, "unauthenticated");
    refresh(&app, &renewed.token).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn tabs_that_refresh_at_once_all_stay_logged_in() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let answers = futures_util::future::join_all((0..8).map(|_| refresh(&app, &ann.refresh_token))).await;
    let tabs: Vec<Actor> = answers.into_iter().map(|answer| renewed(&ann, answer)).collect();
    for tab in &tabs {
        assert_eq!(tab.refresh_token, tabs[0].refresh_token, "one successor");
        app.get(Some(tab), "/auth/profile").await.expect(200);
    }
    let next = renewed(&ann, refresh(&app, &tabs[7].refresh_token).await);
    app.get(Some(&next), "/auth/profile").await.expect(200);
    app.get(Some(&tabs[0]), "/auth/profile").await.expect(200);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_for_ten_seconds() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let first = renewed(&ann, refresh(&app, &ann.refresh_token).await);
    // Using an access token does not use the refresh token that came with it.
    app.get(Some(&first), "/auth/profile").await.expect(200);
    app.clock.advance(Duration::from_millis(9_900));
    let again = renewed(&ann, refresh(&app, &ann.refresh_token).await);
    assert_eq!(again.refresh_token, first.refresh_token);
    assert_ne!(again.token, first.token, "an access token of its own");
    app.clock.advance(Duration::from_micros(99_999));
    assert_eq!(renewed(&ann, refresh(&app, &ann.refresh_token).await).refresh_token, first.refresh_token);
    for actor in [&first, &again] {
        app.get(Some(actor), "/auth/profile").await.expect(200);
    }

    app.clock.advance(Duration::from_micros(1));
    refresh(&app, &ann.refresh_token).await.refused(401, "unauthenticated");
    app.get(Some(&again), "/auth/profile").await.refused(401, "unauthenticated");
    refresh(&app, &first.refresh_token).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn once_its_successor_is_used_a_spent_token_ends_the_session_at_once() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let second = renewed(&ann, refresh(&app, &ann.refresh_token).await);
    let third = renewed(&ann, refresh(&app, &second.refresh_token).await);
    let again = renewed(&ann, refresh(&app, &second.refresh_token).await);
    assert_eq!(again.refresh_token, third.refresh_token, "each has its own ten seconds");
    refresh(&app, &ann.refresh_token).await.refused(401, "unauthenticated");
    for actor in [&ann, &second, &third, &again] {
        app.get(Some(actor), "/auth/profile").await.refused(401, "unauthenticated");
        refresh(&app, &actor.refresh_token).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_lost_answer_is_given_again_to_nobody_who_is_out() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.buyer("ann").await, app.buyer("bob").await);
    let renewed_ann = renewed(&ann, refresh(&app, &ann.refresh_token).await);
    app.post(Some(&renewed_ann), "/auth/logout", json!({})).await.expect(204);
    refresh(&app, &ann.refresh_token).await.refused(401, "unauthenticated");

    let admin = app.admin().await;
    refresh(&app, &bob.refresh_token).await.expect(200);
    suspend(&app, &bob).await;
    refresh(&app, &bob.refresh_token).await.refused(403, "suspended");
    app.post(Some(&admin), &format!("/auth/users/{}/reinstate", bob.id), json!({})).await.expect(200);
    refresh(&app, &bob.refresh_token).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_lost_answer_survives_a_restart_and_no_token_is_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_owned();
    let start = || TestApp::start_with(|config| config.data.clone_from(&data));
    let app = start().await;
    let ann = app.buyer("ann").await;
    let first = renewed(&ann, refresh(&app, &ann.refresh_token).await);
    app.running.stop().await.expect("a clean stop");
    for file in std::fs::read_dir(&data).expect("the data folder") {
        let file = file.expect("a file").path();
        let bytes = std::fs::read(&file).expect("its bytes");
        for token in [&ann.refresh_token, &first.refresh_token] {
            let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
            assert!(!found, "a token is in {}", file.display());
        }
    }
    let app = start().await;
    let again = renewed(&ann, refresh(&app, &ann.refresh_token).await);
    assert_eq!(again.refresh_token, first.refresh_token);
    renewed(&ann, refresh(&app, &again.refresh_token).await);
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_is_refreshed() {
    const DAY: Duration = Duration::from_hours(24);
    let app = TestApp::start().await;
    let mut token = app.buyer("ann").await.refresh_token;
    for _ in 0..4 {
        app.clock.advance(29 * DAY);
        let body = refresh(&app, &token).await.expect(200);
        body["tokens"]["refresh_token"].as_str().expect("a token").clone_into(&mut token);
    }
    app.clock.advance(30 * DAY);
    refresh(&app, &token).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn an_access_token_lives_fifteen_minutes_by_the_servers_clock() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let expires_at = START.plus_millis(15 * 60 * 1_000);
    let expected = json!({
        "valid": true, "user_id": ann.id, "email": "ann@example.com", "roles": ["buyer"], "expires_at": expires_at,
    });
    assert_eq!(verify(&app, &ann.token).await, expected);
    app.clock.set(expires_at.plus_micros(-1));
    app.get(Some(&ann), "/auth/profile").await.expect(200);
    app.clock.set(expires_at);
    app.get(Some(&ann), "/auth/profile").await.refused(401, "unauthenticated");
    assert_eq!(verify(&app, &ann.token).await, json!({ "valid": false }));
}

#[tokio::test]
async fn logging_out_ends_this_session_at_once() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let elsewhere = app.log_in(&ann.email, PASSWORD).await.actor(200);
    let answer = app.post(Some(&ann), "/auth/logout", json!({})).await;
    assert_eq!((answer.status, answer.body), (204, Value::Null));
    app.get(Some(&ann), "/auth/profile").await.refused(401, "unauthenticated");
    app.post(Some(&ann), "/auth/logout", json!({})).await.refused(401, "unauthenticated");
    refresh(&app, &ann.refresh_token).await.refused(401, "unauthenticated");
    assert_eq!(verify(&app, &ann.token).await, json!({ "valid": false }));
    app.get(Some(&elsewhere), "/auth/profile").await.expect(200);
}

#[tokio::test]
async fn whatever_is_no_token_of_ours_is_refused() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
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
        let answer = app.get(Some(&with_token(&ann, token)), "/auth/profile").await;
        answer.refused(401, "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert_eq!(verify(&app, token).await, json!({ "valid": false }));
    }
    let basic = |request: reqwest::RequestBuilder| request.header("authorization", format!("Basic {}", ann.token));
    app.send(reqwest::Method::GET, "/auth/profile", basic).await.refused(401, "unauthenticated");
    app.get(None, "/auth/profile").await.refused(401, "unauthenticated");
    let other = TestApp::start().await;
    other.get(Some(&ann), "/auth/profile").await.refused(401, "unauthenticated");
    let lower = |request: reqwest::RequestBuilder| request.header("authorization", format!("bearer {}", ann.token));
    app.send(reqwest::Method::GET, "/auth/profile", lower).await.expect(200);
}

#[tokio::test]
async fn a_profile_can_be_renamed() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    assert_eq!(app.patch(Some(&ann), "/auth/profile", json!({})).await.expect(200)["display_name"], "ann");
    let renamed = app.patch(Some(&ann), "/auth/profile", json!({ "display_name": " Ann  Tan" })).await.expect(200);
    assert_eq!(renamed["display_name"], "Ann Tan");
    assert_eq!(app.get(Some(&ann), "/auth/profile").await.expect(200), renamed);
    for bad in [json!({ "display_name": "" }), json!({ "email": "x@example.com" }), json!({ "roles": ["admin"] })] {
        app.patch(Some(&ann), "/auth/profile", bad).await.refused(422, "validation_failed");
    }
    assert_eq!(app.get(Some(&ann), "/auth/profile").await.expect(200), renamed);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let ann = app.buyer("ann").await;
    let elsewhere = app.log_in(&ann.email, PASSWORD).await.actor(200);
    let change = |from: &str, to: &str| json!({ "current_password": from, "new_password": to });

    app.post(Some(&ann), "/auth/password", change(OTHER_PASSWORD, OTHER_PASSWORD))
        .await
        .refused(401, "invalid_credentials");
    app.post(Some(&ann), "/auth/password", change("", OTHER_PASSWORD)).await.refused(401, "invalid_credentials");
    app.post(Some(&ann), "/auth/password", change(PASSWORD, "short")).await.refused(422, "validation_failed");
    app.post(Some(&ann), "/auth/password", change(PASSWORD, "ann@example.com")).await.refused(422, "validation_failed");
    app.get(Some(&elsewhere), "/auth/profile").await.expect(200);

    let answer = app.post(Some(&ann), "/auth/password", change(PASSWORD, OTHER_PASSWORD)).await;
    assert_eq!((answer.status, answer.body), (204, Value::Null));
    app.get(Some(&ann), "/auth/profile").await.expect(200);
    refresh(&app, &ann.refresh_token).await.expect(200);
    app.get(Some(&elsewhere), "/auth/profile").await.refused(401, "unauthenticated");
    refresh(&app, &elsewhere.refresh_token).await.refused(401, "unauthenticated");
    app.log_in(&ann.email, PASSWORD).await.refused(401, "invalid_credentials");
    app.log_in(&ann.email, OTHER_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_suspended_account_is_somebody_who_may_do_nothing() {
    let app = TestApp::start().await;
    let (ann, admin) = (app.buyer("ann").await, app.admin().await);
    app.get(Some(&ann), "/auth/profile").await.expect(200);
    suspend(&app, &ann).await;
    suspend(&app, &ann).await;

    assert_eq!(app.get(Some(&ann), "/auth/profile").await.expect(200)["status"], "suspended");
    app.patch(Some(&ann), "/auth/profile", json!({ "display_name": "x" })).await.refused(403, "suspended");
    app.get(Some(&ann), "/auth/users").await.refused(403, "suspended");
    app.log_in(&ann.email, PASSWORD).await.refused(403, "suspended");
    app.log_in(&ann.email, OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    refresh(&app, &ann.refresh_token).await.refused(403, "suspended");
    assert_eq!(verify(&app, &ann.token).await, json!({ "valid": false }));

    let path = format!("/auth/users/{}/reinstate", ann.id);
    assert_eq!(app.post(Some(&admin), &path, json!({})).await.expect(200)["status"], "active");
    app.patch(Some(&ann), "/auth/profile", json!({ "display_name": "x" })).await.expect(200);
    refresh(&app, &ann.refresh_token).await.refused(401, "unauthenticated");
    app.log_in(&ann.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn only_admins_manage_users() {
    let app = TestApp::start().await;
    let target = app.buyer("target").await;
    let (roles, suspend, reinstate) = (
        format!("/auth/users/{}/roles", target.id),
        format!("/auth/users/{}/suspend", target.id),
        format!("/auth/users/{}/reinstate", target.id),
    );
    let actors = [
        (None, 401, "unauthenticated"),
        (Some(app.buyer("buyer").await), 403, "forbidden"),
        (Some(app.with_role("seller", "seller").await), 403, "forbidden"),
        (Some(app.with_role("moderator", "moderator").await), 403, "forbidden"),
    ];
    for (who, status, code) in &actors {
        let who = who.as_ref();
        app.get(who, "/auth/users").await.refused(*status, code);
        app.put(who, &roles, json!({ "roles": ["admin"] })).await.refused(*status, code);
        app.post(who, &suspend, json!({})).await.refused(*status, code);
        app.post(who, &reinstate, json!({})).await.refused(*status, code);
    }
    assert_eq!(app.get(Some(&target), "/auth/profile").await.expect(200)["roles"], json!(["buyer"]));

    let second = app.with_role("second", "admin").await;
    let given = app.put(Some(&second), &roles, json!({ "roles": ["seller", "seller"] })).await.expect(200);
    assert_eq!(given["roles"], json!(["buyer", "seller"]));
    assert_eq!(app.get(Some(&target), "/auth/profile").await.expect(200), given, "with the token of before");
    assert_eq!(app.put(Some(&second), &roles, json!({ "roles": [] })).await.expect(200)["roles"], json!(["buyer"]));
    for bad in [json!({ "roles": ["king"] }), json!({ "roles": "admin" }), json!({})] {
        app.put(Some(&second), &roles, bad).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn admins_cannot_undo_themselves() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let of_admin = |verb: &str| format!("/auth/users/{}/{verb}", admin.id);
    app.put(Some(&admin), &of_admin("roles"), json!({ "roles": ["seller"] })).await.refused(409, "conflict");
    app.post(Some(&admin), &of_admin("suspend"), json!({})).await.refused(409, "conflict");
    let kept = app.put(Some(&admin), &of_admin("roles"), json!({ "roles": ["admin", "seller"] })).await.expect(200);
    assert_eq!(kept["roles"], json!(["buyer", "seller", "admin"]));
    for id in ["0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77", "nobody"] {
        let of_nobody = |verb: &str| format!("/auth/users/{id}/{verb}");
        app.put(Some(&admin), &of_nobody("roles"), json!({ "roles": ["seller"] })).await.refused(404, "not_found");
        app.post(Some(&admin), &of_nobody("suspend"), json!({})).await.refused(404, "not_found");
        app.post(Some(&admin), &of_nobody("reinstate"), json!({})).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn users_are_found_by_part_of_address_or_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for name in ["ann", "bob", "100%cotton", "annabel", "under_score"] {
        app.clock.advance(Duration::from_millis(1));
        let email = format!("{}@example.com", name.replace('%', "-"));
        app.post(None, "/auth/signup", json!({ "email": email, "password": PASSWORD, "display_name": name }))
            .await
            .expect(201);
    }
    let found = async |query: &str| -> Vec<Value> {
        let body = app.get(Some(&admin), &format!("/auth/users{query}")).await.expect(200);
        body["items"].as_array().expect("items").iter().map(|user| user["display_name"].clone()).collect()
    };
    assert_eq!(found("?q=ANN").await, ["ann", "annabel"]);
    assert_eq!(found("?q=bob%40example").await, ["bob"]);
    assert_eq!(found("?q=0%25c").await, ["100%cotton"]);
    assert_eq!(found("?q=_").await, ["under_score"]);
    assert_eq!(found("?q=zzz").await, Vec::<Value>::new());
    assert_eq!(found("").await, ["Admin", "ann", "bob", "100%cotton", "annabel", "under_score"]);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let body = app.get(Some(&admin), &format!("/auth/users?limit=4{cursor}")).await.expect(200);
        seen.extend(body["items"].as_array().expect("items").iter().map(|user| user["display_name"].clone()));
        let Some(next) = body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, found("").await);
    for bad in ["limit=0", "limit=101", "limit=x", "limit=-1", "limit=1.0", "cursor=x"] {
        app.get(Some(&admin), &format!("/auth/users?{bad}")).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn addresses_are_their_owners_alone() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.buyer("ann").await, app.buyer("bob").await);
    let input = json!({
        "name": "Ann Tan", "phone": "+60 12-345 6789", "line1": "1 Jalan Ampang", "line2": null,
        "city": "Kuala Lumpur", "state": "WP", "postcode": "50450", "country": "MY",
    });
    let path = "/auth/profile/addresses";
    let made = app.post(Some(&ann), path, input.clone()).await.expect(201);
    let id = made["id"].as_str().expect("an id");
    let one = format!("{path}/{id}");
    let mut expected = input.clone();
    expected["id"] = json!(id);
    assert_eq!(made, expected);
    assert_eq!(app.get(Some(&ann), &one).await.expect(200), expected);
    assert_eq!(app.get(Some(&ann), path).await.expect(200), json!({ "items": [expected], "next_cursor": null }));
    assert_eq!(app.get(Some(&bob), path).await.expect(200), json!({ "items": [], "next_cursor": null }));

    let random = format!("{path}/0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77");
    let theirs = app.get(Some(&bob), &one).await;
    theirs.refused(404, "not_found");
    assert_eq!(without_request_id(theirs), without_request_id(app.get(Some(&bob), &random).await));
    app.put(Some(&bob), &one, input.clone()).await.refused(404, "not_found");
    app.delete(Some(&bob), &one).await.refused(404, "not_found");
    app.get(Some(&ann), &format!("{path}/x")).await.refused(404, "not_found");
    app.get(None, &one).await.refused(401, "unauthenticated");
    app.put(None, &format!("{path}/x"), input.clone()).await.refused(401, "unauthenticated");

    for (field, bad) in [("country", "my"), ("country", "MYS"), ("name", " "), ("postcode", ""), ("phone", "1")] {
        let mut wrong = input.clone();
        wrong[field] = json!(bad);
        for answer in [app.post(Some(&ann), path, wrong.clone()).await, app.put(Some(&ann), &one, wrong).await] {
            answer.refused(422, "validation_failed");
            assert_eq!(answer.body["errors"][0]["pointer"], format!("/{field}"));
        }
    }
    expected["city"] = json!("Shah Alam");
    let mut moved = input;
    moved["city"] = json!("Shah Alam");
    assert_eq!(app.put(Some(&ann), &one, moved).await.expect(200), expected);
    assert_eq!(app.get(Some(&ann), &one).await.expect(200), expected);
    app.delete(Some(&ann), &one).await.expect(204);
    app.delete(Some(&ann), &one).await.refused(404, "not_found");
    app.get(Some(&ann), &one).await.refused(404, "not_found");
}

#[tokio::test]
async fn twenty_wrong_passwords_lock_the_pair_of_account_and_address() {
    let app = TestApp::start_with(|config| config.rate_limits = RateLimits::Default).await;
    let (ann, bob) = (app.buyer("ann").await, app.buyer("bob").await);
    for _ in 0..20 {
        app.log_in(&ann.email, OTHER_PASSWORD).await.refused(401, "invalid_credentials");
        app.log_in(&bob.email, PASSWORD).await.expect(200);
    }
    let locked = app.log_in("ANN@example.com", PASSWORD).await;
    locked.refused(429, "rate_limited");
    assert_eq!(locked.headers["retry-after"], "900");
    app.log_in(&bob.email, PASSWORD).await.expect(200);
    app.clock.advance(Duration::from_mins(15));
    app.log_in(&ann.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn many_guesses_at_once_do_not_slip_past_the_limit_and_many_logins_do_not_meet_it() {
    let app = TestApp::start_with(|config| config.rate_limits = RateLimits::Default).await;
    let (ann, bob) = (app.buyer("ann").await, app.buyer("bob").await);
    let statuses = async |email: &str, password: &str| -> Vec<u16> {
        let logins = (0..40).map(|_| app.log_in(email, password));
        futures_util::future::join_all(logins).await.iter().map(|answer| answer.status).collect()
    };
    let guesses = statuses(&ann.email, OTHER_PASSWORD).await;
    assert_eq!(guesses.iter().filter(|status| **status == 401).count(), 20, "{guesses:?}");
    assert_eq!(guesses.iter().filter(|status| **status == 429).count(), 20, "{guesses:?}");
    assert_eq!(statuses(&bob.email, PASSWORD).await, [200; 40]);
}

#[tokio::test]
async fn signups_are_sixty_an_hour_from_one_address() {
    let app = TestApp::start_with(|config| config.rate_limits = RateLimits::Default).await;
    let sign_up = async |email: &str| {
        let request = json!({ "email": email, "password": PASSWORD, "display_name": "Ann" });
        app.post(None, "/auth/signup", request).await
    };
    sign_up("ann@example.com").await.expect(201);
    for _ in 1..60 {
        sign_up("ann@example.com").await.refused(409, "email_taken");
    }
    let refused = sign_up("bob@example.com").await;
    refused.refused(429, "rate_limited");
    assert_eq!(refused.headers["retry-after"], "3600");
    app.clock.advance(Duration::from_hours(1));
    sign_up("bob@example.com").await.expect(201);
}

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let app = TestApp::start_with(|config| {
        let password = blytz_server::config::Secret::new(PASSWORD);
        config.admin = Some(blytz_server::config::AdminConfig { email: "Root@Example.com".to_owned(), password });
    })
    .await;
    let root = app.log_in("root@example.com", PASSWORD).await.expect(200);
    assert_eq!(root["user"]["roles"], json!(["buyer", "admin"]));

    let accounts = &app.running.app().accounts;
    let ann = app.buyer("ann").await;
    let existing = accounts.ensure_admin("ANN@example.com", OTHER_PASSWORD).await.expect("no fault");
    assert_eq!(existing, EnsuredAdmin::Existed(ann.id.parse().expect("an id")));
    assert_eq!(app.log_in(&ann.email, PASSWORD).await.expect(200)["user"]["roles"], json!(["buyer"]));
    app.log_in(&ann.email, OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    let short = accounts.ensure_admin("new@example.com", "short").await.expect_err("too short").to_string();
    assert_eq!(short, "the admin's password must have 12 to 128 characters");
}

#[tokio::test]
async fn without_a_firebase_project_there_is_no_firebase() {
    let app = TestApp::start().await;
    app.post(None, "/auth/firebase", json!({ "id_token": "x" })).await.refused(404, "not_found");
}
