//! Accounts from outside: every status and code that clients may rely on.

use std::time::Duration;

use blytz_server::{
    config::{AdminConfig, Secret},
    services::auth::EnsuredAdmin,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    house::{House, PASSWORD, START, UNKNOWN, each, text, with},
    shop::an_address,
};

const OTHER_PASSWORD: &str = "cerulean-okapi-88";

#[tokio::test]
async fn signing_up_makes_an_account_and_logs_it_in() {
    let house = House::open().await;
    let nobody = &house.nobody;
    let body = nobody.sign_up(" Ann@Example.com", PASSWORD, "  Ann \u{a0} Tan ").await.expect(201);
    let user = &body["user"];
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user["display_name"], "Ann Tan");
    assert_eq!(user["roles"], json!(["buyer"]));
    assert_eq!(user["status"], "active");
    assert_eq!(user["created_at"], START.to_string());
    assert_eq!(body["tokens"]["token_type"], "Bearer");
    assert_eq!(body["tokens"]["expires_in"], 900);

    for taken in ["ann@example.com", "ANN@EXAMPLE.COM", "ann@example.com "] {
        nobody.sign_up(taken, OTHER_PASSWORD, "Impostor").await.refused(409, "email_taken");
    }
    let ann = nobody.log_in("aNN@example.COM", PASSWORD).await.person(200);
    assert_eq!(json!(ann.id), user["id"]);
    assert_eq!(ann.profile().await.expect(200), *user);
}

#[tokio::test]
async fn of_many_signups_with_one_address_one_succeeds() {
    let house = House::open().await;
    let signups = (0..6).map(|_| house.nobody.sign_up("ann@example.com", PASSWORD, "Ann"));
    let answers = join_all(signups).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_signup_names_every_fault_and_makes_no_account() {
    let house = House::open().await;
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
        *request.pointer_mut(pointer).expect("a field") = value;
        let answer = house.nobody.post("/auth/signup", request).await;
        answer.refused_for(pointer);
    }
    let answer = house.nobody.sign_up("ann", "", "").await;
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(3));
    house
        .nobody
        .post("/auth/signup", with(good, json!({ "roles": ["admin"] })))
        .await
        .refused(422, "validation_failed");
    house.nobody.log_in("ann@example.com", PASSWORD).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let wrong = ann.log_in_with(OTHER_PASSWORD).await;
    let unknown = house.nobody.log_in("nobody@example.com", OTHER_PASSWORD).await;
    wrong.refused(401, "invalid_credentials");
    unknown.refused(401, "invalid_credentials");
    assert_eq!(wrong.without_request_id(), unknown.without_request_id());
    house.nobody.log_in("", "").await.refused(401, "invalid_credentials");
    // Too long for an address, and with what no database may be asked for.
    let nobodys = format!("{}\0", "\u{e4}".repeat(600));
    house.nobody.log_in(&nobodys, PASSWORD).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_profile_can_be_renamed() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    assert_eq!(ann.patch("/auth/profile", json!({})).await.expect(200)["display_name"], "ann");
    let renamed = ann.patch("/auth/profile", json!({ "display_name": " Ann  Tan" })).await.expect(200);
    assert_eq!(renamed["display_name"], "Ann Tan");
    assert_eq!(ann.profile().await.expect(200), renamed);
    for bad in [json!({ "display_name": "" }), json!({ "email": "x@example.com" }), json!({ "roles": ["admin"] })] {
        ann.patch("/auth/profile", bad).await.refused(422, "validation_failed");
    }
    assert_eq!(ann.profile().await.expect(200), renamed);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    let elsewhere = ann.log_in_with(PASSWORD).await.person(200);
    ann.change_password(OTHER_PASSWORD, OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    ann.change_password("", OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    ann.change_password(PASSWORD, "short").await.refused(422, "validation_failed");
    ann.change_password(PASSWORD, "ann@example.com").await.refused(422, "validation_failed");
    elsewhere.profile().await.expect(200);

    assert_eq!(ann.change_password(PASSWORD, OTHER_PASSWORD).await.expect(204), Value::Null);
    ann.profile().await.expect(200);
    ann.refresh().await.expect(200);
    elsewhere.profile().await.refused(401, "unauthenticated");
    elsewhere.refresh().await.refused(401, "unauthenticated");
    ann.log_in_with(PASSWORD).await.refused(401, "invalid_credentials");
    ann.log_in_with(OTHER_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_suspended_account_is_somebody_who_may_do_nothing() {
    let house = House::open().await;
    let (ann, admin) = (house.buyer("ann").await, house.admin().await);
    ann.profile().await.expect(200);
    assert_eq!(admin.suspend(&ann.id).await.expect(200)["status"], "suspended");
    assert_eq!(admin.suspend(&ann.id).await.expect(200)["status"], "suspended");

    assert_eq!(ann.profile().await.expect(200)["status"], "suspended");
    ann.patch("/auth/profile", json!({ "display_name": "x" })).await.refused(403, "suspended");
    ann.get("/auth/users").await.refused(403, "suspended");
    ann.log_in_with(PASSWORD).await.refused(403, "suspended");
    ann.log_in_with(OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    ann.refresh().await.refused(403, "suspended");
    assert_eq!(ann.verified().await, json!({ "valid": false }));

    assert_eq!(admin.reinstate(&ann.id).await.expect(200)["status"], "active");
    ann.patch("/auth/profile", json!({ "display_name": "x" })).await.expect(200);
    ann.refresh().await.refused(401, "unauthenticated");
    ann.log_in_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn only_admins_manage_users() {
    let house = House::open().await;
    let target = house.buyer("target").await;
    let people = [
        (house.nobody.clone(), 401, "unauthenticated"),
        (house.buyer("buyer").await, 403, "forbidden"),
        (house.seller("sita").await, 403, "forbidden"),
        (house.with_role("moderator", "moderator").await, 403, "forbidden"),
    ];
    for (who, status, code) in people {
        who.get("/auth/users").await.refused(status, code);
        who.give_roles(&target.id, json!(["admin"])).await.refused(status, code);
        who.suspend(&target.id).await.refused(status, code);
        who.reinstate(&target.id).await.refused(status, code);
    }
    assert_eq!(target.profile().await.expect(200)["roles"], json!(["buyer"]));

    let second = house.with_role("second", "admin").await;
    let given = second.give_roles(&target.id, json!(["seller", "seller"])).await.expect(200);
    assert_eq!(given["roles"], json!(["buyer", "seller"]));
    assert_eq!(target.profile().await.expect(200), given, "with the token of before");
    assert_eq!(second.give_roles(&target.id, json!([])).await.expect(200)["roles"], json!(["buyer"]));
    for bad in [json!(["king"]), json!("admin")] {
        second.give_roles(&target.id, bad).await.refused(422, "validation_failed");
    }
    second.put(format!("/auth/users/{}/roles", target.id), json!({})).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn admins_cannot_undo_themselves() {
    let house = House::open().await;
    let admin = house.admin().await;
    admin.give_roles(&admin.id, json!(["seller"])).await.refused(409, "conflict");
    admin.suspend(&admin.id).await.refused(409, "conflict");
    let kept = admin.give_roles(&admin.id, json!(["admin", "seller"])).await.expect(200);
    assert_eq!(kept["roles"], json!(["buyer", "seller", "admin"]));
    for id in [UNKNOWN, "nobody"] {
        admin.give_roles(id, json!(["seller"])).await.refused(404, "not_found");
        admin.suspend(id).await.refused(404, "not_found");
        admin.reinstate(id).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn users_are_found_by_part_of_address_or_name() {
    let house = House::open().await;
    let admin = house.admin().await;
    for name in ["ann", "bob", "100%cotton", "annabel", "under_score"] {
        house.clock.advance(Duration::from_millis(1));
        let email = format!("{}@example.com", name.replace('%', "-"));
        house.nobody.sign_up(&email, PASSWORD, name).await.expect(201);
    }
    let found = async |query: &str| each(&admin.get(format!("/auth/users{query}")).await.expect(200), "display_name");
    assert_eq!(found("?q=ANN").await, ["ann", "annabel"]);
    assert_eq!(found("?q=bob%40example").await, ["bob"]);
    assert_eq!(found("?q=0%25c").await, ["100%cotton"]);
    assert_eq!(found("?q=_").await, ["under_score"]);
    assert_eq!(found("?q=zzz").await, [""; 0]);
    assert_eq!(found("").await, ["Admin", "ann", "bob", "100%cotton", "annabel", "under_score"]);

    let seen = admin.pages("/auth/users?limit=4").await;
    assert_eq!(each(&json!({ "items": seen }), "display_name"), found("").await);
    for bad in ["limit=0", "limit=101", "limit=x", "limit=-1", "limit=1.0", "cursor=x"] {
        admin.get(format!("/auth/users?{bad}")).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn addresses_are_their_owners_alone() {
    let house = House::open().await;
    let (ann, bob) = (house.buyer("ann").await, house.buyer("bob").await);
    let input = an_address();
    let path = "/auth/profile/addresses";
    let made = ann.post(path, input.clone()).await.expect(201);
    let one = format!("{path}/{}", text(&made["id"]));
    let expected = with(input.clone(), json!({ "id": made["id"] }));
    assert_eq!(made, expected);
    assert_eq!(ann.get(&one).await.expect(200), expected);
    assert_eq!(ann.get(path).await.expect(200), json!({ "items": [expected], "next_cursor": null }));
    assert_eq!(bob.get(path).await.expect(200), json!({ "items": [], "next_cursor": null }));

    let theirs = bob.get(&one).await;
    theirs.refused(404, "not_found");
    assert_eq!(theirs.without_request_id(), bob.get(format!("{path}/{UNKNOWN}")).await.without_request_id());
    bob.put(&one, input.clone()).await.refused(404, "not_found");
    bob.delete(&one).await.refused(404, "not_found");
    ann.get(format!("{path}/x")).await.refused(404, "not_found");
    house.nobody.get(&one).await.refused(401, "unauthenticated");
    house.nobody.put(format!("{path}/x"), input.clone()).await.refused(401, "unauthenticated");

    for (field, bad) in [("country", "my"), ("country", "MYS"), ("name", " "), ("postcode", ""), ("phone", "1")] {
        let wrong = with(input.clone(), json!({ field: bad }));
        for answer in [ann.post(path, wrong.clone()).await, ann.put(&one, wrong).await] {
            answer.refused_for(&format!("/{field}"));
        }
    }
    let move_to = json!({ "city": "Shah Alam" });
    let expected = with(expected, move_to.clone());
    assert_eq!(ann.put(&one, with(input, move_to)).await.expect(200), expected);
    assert_eq!(ann.get(&one).await.expect(200), expected);
    ann.delete(&one).await.expect(204);
    ann.delete(&one).await.refused(404, "not_found");
    ann.get(&one).await.refused(404, "not_found");
}

#[tokio::test]
async fn twenty_wrong_passwords_lock_the_pair_of_account_and_address() {
    let house = House::open_limited().await;
    let (ann, bob) = (house.buyer("ann").await, house.buyer("bob").await);
    for _ in 0..20 {
        ann.log_in_with(OTHER_PASSWORD).await.refused(401, "invalid_credentials");
        bob.log_in_with(PASSWORD).await.expect(200);
    }
    house.nobody.log_in("ANN@example.com", PASSWORD).await.refused_for_now("rate_limited", 900);
    bob.log_in_with(PASSWORD).await.expect(200);
    house.clock.advance(Duration::from_mins(15));
    ann.log_in_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn many_guesses_at_once_do_not_slip_past_the_limit_and_many_logins_do_not_meet_it() {
    let house = House::open_limited().await;
    let (ann, bob) = (house.buyer("ann").await, house.buyer("bob").await);
    let statuses = async |email: &str, password: &str| -> Vec<u16> {
        let logins = (0..40).map(|_| house.nobody.log_in(email, password));
        join_all(logins).await.iter().map(|answer| answer.status).collect()
    };
    let guesses = statuses(&ann.email, OTHER_PASSWORD).await;
    assert_eq!(guesses.iter().filter(|status| **status == 401).count(), 20, "{guesses:?}");
    assert_eq!(guesses.iter().filter(|status| **status == 429).count(), 20, "{guesses:?}");
    assert_eq!(statuses(&bob.email, PASSWORD).await, [200; 40]);
}

#[tokio::test]
async fn signups_are_sixty_an_hour_from_one_address() {
    let house = House::open_limited().await;
    let sign_up = async |email: &str| house.nobody.sign_up(email, PASSWORD, "Ann").await;
    sign_up("ann@example.com").await.expect(201);
    for _ in 1..60 {
        sign_up("ann@example.com").await.refused(409, "email_taken");
    }
    sign_up("bob@example.com").await.refused_for_now("rate_limited", 3600);
    house.clock.advance(Duration::from_hours(1));
    sign_up("bob@example.com").await.expect(201);
}

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let house = House::open_with(|config| {
        let password = Secret::new(PASSWORD);
        config.admin = Some(AdminConfig { email: "Root@Example.com".to_owned(), password });
    })
    .await;
    let root = house.nobody.log_in("root@example.com", PASSWORD).await.expect(200);
    assert_eq!(root["user"]["roles"], json!(["buyer", "admin"]));

    let accounts = &house.app().accounts;
    let ann = house.buyer("ann").await;
    let existing = accounts.ensure_admin("ANN@example.com", OTHER_PASSWORD).await.expect("no fault");
    assert_eq!(existing, EnsuredAdmin::Existed(ann.id.parse().expect("an id")));
    assert_eq!(ann.log_in_with(PASSWORD).await.expect(200)["user"]["roles"], json!(["buyer"]));
    ann.log_in_with(OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    let short = accounts.ensure_admin("new@example.com", "short").await.expect_err("too short").to_string();
    assert_eq!(short, "the admin's password must have 12 to 128 characters");
}

#[tokio::test]
async fn without_a_firebase_project_there_is_no_firebase() {
    let house = House::open().await;
    house.nobody.post("/auth/firebase", json!({ "id_token": "x" })).await.refused(404, "not_found");
}
