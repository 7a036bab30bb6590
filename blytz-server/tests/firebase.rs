//! Logging in with Firebase: real RS256 tokens against a key set that the test serves, and the
//! unsigned tokens of an emulator.

mod actors;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actors::{Answer, PASSWORD, START, TestApp};
use axum::http::{StatusCode, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

const PROJECT: &str = "blytz-test";

/// What Google is to us: a key, and a place where its public half is served.
struct Google {
    key: RsaKeyPair,
    url: String,
    fetches: Arc<AtomicUsize>,
    broken: Arc<AtomicBool>,
}

impl Google {
    async fn start() -> Self {
        Self::with_key(0).await
    }

    /// With one of two RSA keys, as ring makes none: the first of appendix A.2 of RFC 7515, the second
    /// of that of RFC 7517, both printed there for everybody.
    async fn with_key(index: usize) -> Self {
        let published: Value = serde_json::from_str(include_str!("published_keys.json")).expect("JSON");
        let part = |name: &str| BASE64.decode(published["keys"][index][name].as_str().expect("text")).expect("base64");
        let key = RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: part("n"), e: vec![1, 0, 1] },
            d: part("d"),
            p: part("p"),
            q: part("q"),
            dP: part("dp"),
            dQ: part("dq"),
            qInv: part("qi"),
        })
        .expect("a key");
        let modulus = &published["keys"][index]["n"];
        let jwk = json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "g1", "n": modulus, "e": "AQAB" });
        let keys = json!({ "keys": [jwk] }).to_string();
        let (fetches, broken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, fails) = (Arc::clone(&fetches), Arc::clone(&broken));
        let answer = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let status = if fails.load(Ordering::SeqCst) { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
            std::future::ready((status, [(header::CACHE_CONTROL, "public, max-age=7200")], keys.clone()))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/keys", axum::routing::get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { key, url, fetches, broken }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{message}.{}", BASE64.encode(signature))
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "RS256", "kid": "g1", "typ": "JWT" }), claims)
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    async fn app(&self) -> TestApp {
        TestApp::start_with(|config| {
            config.firebase.project_id = Some(PROJECT.to_owned());
            config.firebase.jwks_url = Some(self.url.clone());
        })
        .await
    }
}

fn claims(subject: &str, email: &str) -> Value {
    let now = START.as_micros() / 1_000_000;
    json!({
        "iss": format!("https://securetoken.google.com/{PROJECT}"), "aud": PROJECT, "sub": subject,
        "iat": now, "exp": now + 3_600, "auth_time": now, "email": email, "email_verified": true, "name": "Ann Tan",
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

async fn log_in(app: &TestApp, token: &str) -> Answer {
    app.post(None, "/auth/firebase", json!({ "id_token": token })).await
}

#[tokio::test]
async fn the_first_login_makes_an_account_and_later_ones_find_it() {
    let google = Google::start().await;
    let app = google.app().await;
    let first = log_in(&app, &google.token(&claims("f1", "Ann@Example.com"))).await.expect(200);
    assert_eq!(first["user"]["email"], "ann@example.com");
    assert_eq!(first["user"]["display_name"], "Ann Tan");
    let moved = claims("f1", "ann@elsewhere.example");
    let again = log_in(&app, &google.token(&moved)).await.expect(200);
    assert_eq!(again["user"], first["user"], "the subject decides, not the address");
    assert_eq!(google.fetches(), 1, "keys are kept");

    let ann = log_in(&app, &google.token(&moved)).await.actor(200);
    app.log_in(&ann.email, "").await.refused(401, "invalid_credentials");
    let wrong = json!({ "current_password": "x", "new_password": PASSWORD });
    app.post(Some(&ann), "/auth/password", wrong).await.refused(401, "invalid_credentials");
    let first_password = json!({ "current_password": "", "new_password": PASSWORD });
    app.post(Some(&ann), "/auth/password", first_password).await.expect(204);
    app.log_in(&ann.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_verified_address_links_the_account_that_has_it() {
    let google = Google::start().await;
    let app = google.app().await;
    let ann = app.buyer("ann").await;

    let unverified = with(claims("f1", "ann@example.com"), "email_verified", json!(false));
    log_in(&app, &google.token(&unverified)).await.refused(409, "email_taken");
    app.get(Some(&ann), "/auth/profile").await.expect(200);

    let linked = log_in(&app, &google.token(&claims("f1", "ANN@example.com"))).await.actor(200);
    assert_eq!(linked.id, ann.id);
    // Whoever signed up with this address never showed that it was theirs.
    app.get(Some(&ann), "/auth/profile").await.refused(401, "unauthenticated");
    app.log_in("ann@example.com", PASSWORD).await.refused(401, "invalid_credentials");
}

/// Providers tell these addresses apart from the plain one, so whoever owns one of them does not own
/// the other.
#[tokio::test]
async fn an_address_that_only_looks_the_same_opens_no_account() {
    let google = Google::start().await;
    let app = google.app().await;
    let mark = app.post(
        None,
        "/auth/signup",
        json!({
            "email": "mark@kite.example", "password": PASSWORD, "display_name": "Mark",
        }),
    );
    let mark = mark.await.actor(201);
    for disguised in [
        "mar\u{212a}@kite.example",
        "MAR\u{212a}@kite.example",
        "mark@\u{212a}ite.example",
        "mark@\u{ff4b}ite.example",
        "mark@kite\u{3002}example",
        "ma\u{200b}rk@kite.example",
        "mark@ki\u{ad}te.example",
    ] {
        let answer = log_in(&app, &google.token(&claims("f1", disguised))).await;
        answer.refused(422, "validation_failed");
        assert_eq!(answer.body["errors"][0]["pointer"], "/id_token", "{disguised:?}");
    }
    for other in ["m\u{e1}rk@kite.example", "mar\u{138}@kite.example", "m\u{430}rk@kite.example"] {
        let stranger = log_in(&app, &google.token(&claims(other, other))).await.actor(200);
        assert_ne!(stranger.id, mark.id, "{other:?}");
    }
    app.get(Some(&mark), "/auth/profile").await.expect(200);
    app.log_in("mark@kite.example", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_verified_address_is_found_in_any_of_its_spellings() {
    let google = Google::start().await;
    let app = google.app().await;
    let request = json!({ "email": "j\u{f6}rg@b\u{fc}cher.example", "password": PASSWORD, "display_name": "J" });
    let id = app.post(None, "/auth/signup", request).await.actor(201).id;
    for (subject, spelling) in [("f1", "jo\u{308}rg@xn--bcher-kva.example"), ("f2", "J\u{f6}RG@B\u{fc}CHER.example")] {
        assert_eq!(log_in(&app, &google.token(&claims(subject, spelling))).await.actor(200).id, id, "{spelling:?}");
    }
    let capital = log_in(&app, &google.token(&claims("f3", "J\u{d6}RG@b\u{fc}cher.example"))).await.actor(200);
    assert_ne!(capital.id, id, "only ASCII letters are without case");
}

#[tokio::test]
async fn an_admin_named_by_the_operator_keeps_the_password() {
    let google = Google::start().await;
    let app = google.app().await;
    let admin = app.admin().await;
    let linked = log_in(&app, &google.token(&claims("f1", &admin.email))).await.actor(200);
    assert_eq!(linked.id, admin.id);
    app.get(Some(&admin), "/auth/users").await.expect(200);
    app.log_in(&admin.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_suspended_account_stays_out() {
    let google = Google::start().await;
    let app = google.app().await;
    let (ann, admin) =
        (log_in(&app, &google.token(&claims("f1", "ann@example.com"))).await.actor(200), app.admin().await);
    app.post(Some(&admin), &format!("/auth/users/{}/suspend", ann.id), json!({})).await.expect(200);
    log_in(&app, &google.token(&claims("f1", "ann@example.com"))).await.refused(403, "suspended");
}

#[tokio::test]
async fn only_valid_tokens_of_this_project_count() {
    let (google, stranger) = (Google::start().await, Google::with_key(1).await);
    let app = google.app().await;
    let good = claims("f1", "ann@example.com");
    let now = START.as_micros() / 1_000_000;
    let unsigned = format!(
        "{}.{}.",
        BASE64.encode(json!({ "alg": "none", "kid": "g1" }).to_string()),
        BASE64.encode(good.to_string())
    );
    let table = [
        ("another key under the same id", stranger.token(&good)),
        ("an unknown key id", google.sign(&json!({ "alg": "RS256", "kid": "g2" }), &good)),
        ("no key id", google.sign(&json!({ "alg": "RS256" }), &good)),
        ("another algorithm", google.sign(&json!({ "alg": "RS512", "kid": "g1" }), &good)),
        ("no algorithm", unsigned),
        ("another project's", google.token(&with(good.clone(), "aud", json!("other")))),
        ("another issuer", google.token(&with(good.clone(), "iss", json!("https://securetoken.google.com/other")))),
        ("expired", google.token(&with(good.clone(), "exp", json!(now)))),
        ("of the future", google.token(&with(good.clone(), "iat", json!(now + 61)))),
        ("of nobody", google.token(&with(good.clone(), "sub", json!("")))),
        ("of nobody with an id", google.token(&with(good.clone(), "sub", json!("x".repeat(129))))),
        ("nonsense", "a.b.c".to_owned()),
        ("endless", "a".repeat(100_000)),
    ];
    for (what, token) in table {
        let answer = log_in(&app, &token).await;
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!("invalid_credentials")), "{what}");
    }
    let nameless = with(good.clone(), "email", Value::Null);
    log_in(&app, &google.token(&nameless)).await.refused(422, "validation_failed");
    app.log_in("ann@example.com", PASSWORD).await.refused(401, "invalid_credentials");
    log_in(&app, &google.token(&good)).await.expect(200);
}

#[tokio::test]
async fn keys_are_fetched_again_when_they_are_old_and_not_too_often() {
    let google = Google::start().await;
    let app = google.app().await;
    let token = |seconds: i64| {
        let now = START.as_micros() / 1_000_000 + seconds;
        google.token(&with(with(claims("f1", "ann@example.com"), "iat", json!(now)), "exp", json!(now + 3_600)))
    };
    google.broken.store(true, Ordering::SeqCst);
    let answer = log_in(&app, &token(0)).await;
    answer.refused(503, "unavailable");
    assert_eq!(answer.headers["retry-after"], "60");
    google.broken.store(false, Ordering::SeqCst);
    log_in(&app, &token(0)).await.refused(503, "unavailable");
    assert_eq!(google.fetches(), 1, "a minute's pause between two attempts");

    app.clock.advance(Duration::from_mins(1));
    log_in(&app, &token(60)).await.expect(200);
    assert_eq!(google.fetches(), 2);
    let unknown = google.sign(&json!({ "alg": "RS256", "kid": "g2" }), &claims("f1", "ann@example.com"));
    for _ in 0..3 {
        log_in(&app, &unknown).await.refused(401, "invalid_credentials");
    }
    assert_eq!(google.fetches(), 2, "made-up key ids cause no traffic");

    app.clock.advance(Duration::from_hours(2));
    log_in(&app, &token(7_260)).await.expect(200);
    assert_eq!(google.fetches(), 3, "max-age is over");
}

#[tokio::test]
async fn an_emulators_tokens_are_unsigned_and_still_checked() {
    let google = Google::start().await;
    let app = TestApp::start_with(|config| {
        config.firebase.project_id = Some(PROJECT.to_owned());
        config.firebase.auth_emulator_host = Some("127.0.0.1:9099".to_owned());
    })
    .await;
    let unsigned = |claims: &Value| {
        format!(
            "{}.{}.",
            BASE64.encode(json!({ "alg": "none", "typ": "JWT" }).to_string()),
            BASE64.encode(claims.to_string())
        )
    };
    let good = claims("f1", "ann@example.com");
    log_in(&app, &unsigned(&good)).await.expect(200);
    for wrong in [
        unsigned(&with(good.clone(), "aud", json!("other"))),
        unsigned(&with(good.clone(), "exp", json!(1))),
        google.token(&good),
        "x".to_owned(),
    ] {
        log_in(&app, &wrong).await.refused(401, "invalid_credentials");
    }
}
