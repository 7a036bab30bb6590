//! Logging in with Firebase: real RS256 tokens against a key set that the test serves, and the
//! unsigned tokens of an emulator.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::{StatusCode, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD, Person, START, with};

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

    async fn app(&self) -> House {
        House::open_with(|config| {
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

impl Person {
    async fn show(&self, id_token: &str) -> Answer {
        self.post("/auth/firebase", json!({ "id_token": id_token })).await
    }
}

#[tokio::test]
async fn the_first_login_makes_an_account_and_later_ones_find_it() {
    let google = Google::start().await;
    let house = google.app().await;
    let first = house.nobody.show(&google.token(&claims("f1", "Ann@Example.com"))).await.expect(200);
    assert_eq!(first["user"]["email"], "ann@example.com");
    assert_eq!(first["user"]["display_name"], "Ann Tan");
    let moved = claims("f1", "ann@elsewhere.example");
    let again = house.nobody.show(&google.token(&moved)).await.expect(200);
    assert_eq!(again["user"], first["user"], "the subject decides, not the address");
    assert_eq!(google.fetches(), 1, "keys are kept");

    let ann = house.nobody.show(&google.token(&moved)).await.person(200);
    ann.log_in_with("").await.refused(401, "invalid_credentials");
    ann.change_password("x", PASSWORD).await.refused(401, "invalid_credentials");
    ann.change_password("", PASSWORD).await.expect(204);
    ann.log_in_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_verified_address_links_the_account_that_has_it() {
    let google = Google::start().await;
    let house = google.app().await;
    let ann = house.buyer("ann").await;

    let unverified = with(claims("f1", "ann@example.com"), json!({ "email_verified": false }));
    house.nobody.show(&google.token(&unverified)).await.refused(409, "email_taken");
    ann.profile().await.expect(200);

    let linked = house.nobody.show(&google.token(&claims("f1", "ANN@example.com"))).await.person(200);
    assert_eq!(linked.id, ann.id);
    // Whoever signed up with this address never showed that it was theirs.
    ann.profile().await.refused(401, "unauthenticated");
    house.nobody.log_in("ann@example.com", PASSWORD).await.refused(401, "invalid_credentials");
}

/// Providers tell these addresses apart from the plain one, so whoever owns one of them does not own
/// the other.
#[tokio::test]
async fn an_address_that_only_looks_the_same_opens_no_account() {
    let google = Google::start().await;
    let house = google.app().await;
    let mark = house.nobody.sign_up("mark@kite.example", PASSWORD, "Mark").await.person(201);
    for disguised in [
        "mar\u{212a}@kite.example",
        "MAR\u{212a}@kite.example",
        "mark@\u{212a}ite.example",
        "mark@\u{ff4b}ite.example",
        "mark@kite\u{3002}example",
        "ma\u{200b}rk@kite.example",
        "mark@ki\u{ad}te.example",
    ] {
        let answer = house.nobody.show(&google.token(&claims("f1", disguised))).await;
        answer.refused(422, "validation_failed");
        assert_eq!(answer.body["errors"][0]["pointer"], "/id_token", "{disguised:?}");
    }
    for other in ["m\u{e1}rk@kite.example", "mar\u{138}@kite.example", "m\u{430}rk@kite.example"] {
        let stranger = house.nobody.show(&google.token(&claims(other, other))).await.person(200);
        assert_ne!(stranger.id, mark.id, "{other:?}");
    }
    mark.profile().await.expect(200);
    house.nobody.log_in("mark@kite.example", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_verified_address_is_found_in_any_of_its_spellings() {
    let google = Google::start().await;
    let house = google.app().await;
    let id = house.nobody.sign_up("j\u{f6}rg@b\u{fc}cher.example", PASSWORD, "J").await.person(201).id;
    for (subject, spelling) in [("f1", "jo\u{308}rg@xn--bcher-kva.example"), ("f2", "J\u{f6}RG@B\u{fc}CHER.example")] {
        assert_eq!(
            house.nobody.show(&google.token(&claims(subject, spelling))).await.person(200).id,
            id,
            "{spelling:?}"
        );
    }
    let capital = house.nobody.show(&google.token(&claims("f3", "J\u{d6}RG@b\u{fc}cher.example"))).await.person(200);
    assert_ne!(capital.id, id, "only ASCII letters are without case");
}

#[tokio::test]
async fn an_admin_named_by_the_operator_keeps_the_password() {
    let google = Google::start().await;
    let house = google.app().await;
    let admin = house.admin().await;
    let linked = house.nobody.show(&google.token(&claims("f1", &admin.email))).await.person(200);
    assert_eq!(linked.id, admin.id);
    admin.get("/auth/users").await.expect(200);
    admin.log_in_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_suspended_account_stays_out() {
    let google = Google::start().await;
    let house = google.app().await;
    let (ann, admin) =
        (house.nobody.show(&google.token(&claims("f1", "ann@example.com"))).await.person(200), house.admin().await);
    admin.suspend(&ann.id).await.expect(200);
    house.nobody.show(&google.token(&claims("f1", "ann@example.com"))).await.refused(403, "suspended");
}

#[tokio::test]
async fn only_valid_tokens_of_this_project_count() {
    let (google, stranger) = (Google::start().await, Google::with_key(1).await);
    let house = google.app().await;
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
        ("another project's", google.token(&with(good.clone(), json!({ "aud": "other" })))),
        ("another issuer", google.token(&with(good.clone(), json!({ "iss": "https://securetoken.google.com/other" })))),
        ("expired", google.token(&with(good.clone(), json!({ "exp": now })))),
        ("of the future", google.token(&with(good.clone(), json!({ "iat": now + 61 })))),
        ("of nobody", google.token(&with(good.clone(), json!({ "sub": "" })))),
        ("of nobody with an id", google.token(&with(good.clone(), json!({ "sub": "x".repeat(129) })))),
        ("nonsense", "a.b.c".to_owned()),
        ("endless", "a".repeat(100_000)),
    ];
    for (what, token) in table {
        let answer = house.nobody.show(&token).await;
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!("invalid_credentials")), "{what}");
    }
    let nameless = with(good.clone(), json!({ "email": null }));
    house.nobody.show(&google.token(&nameless)).await.refused(422, "validation_failed");
    house.nobody.log_in("ann@example.com", PASSWORD).await.refused(401, "invalid_credentials");
    house.nobody.show(&google.token(&good)).await.expect(200);
}

#[tokio::test]
async fn keys_are_fetched_again_when_they_are_old_and_not_too_often() {
    let google = Google::start().await;
    let house = google.app().await;
    let token = |seconds: i64| {
        let now = START.as_micros() / 1_000_000 + seconds;
        google.token(&with(claims("f1", "ann@example.com"), json!({ "iat": now, "exp": now + 3_600 })))
    };
    google.broken.store(true, Ordering::SeqCst);
    let answer = house.nobody.show(&token(0)).await;
    answer.refused(503, "unavailable");
    assert_eq!(answer.headers["retry-after"], "60");
    google.broken.store(false, Ordering::SeqCst);
    house.nobody.show(&token(0)).await.refused(503, "unavailable");
    assert_eq!(google.fetches(), 1, "a minute's pause between two attempts");

    house.clock.advance(Duration::from_mins(1));
    house.nobody.show(&token(60)).await.expect(200);
    assert_eq!(google.fetches(), 2);
    let unknown = google.sign(&json!({ "alg": "RS256", "kid": "g2" }), &claims("f1", "ann@example.com"));
    for _ in 0..3 {
        house.nobody.show(&unknown).await.refused(401, "invalid_credentials");
    }
    assert_eq!(google.fetches(), 2, "made-up key ids cause no traffic");

    house.clock.advance(Duration::from_hours(2));
    house.nobody.show(&token(7_260)).await.expect(200);
    assert_eq!(google.fetches(), 3, "max-age is over");
}

#[tokio::test]
async fn an_emulators_tokens_are_unsigned_and_still_checked() {
    let google = Google::start().await;
    let house = House::open_with(|config| {
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
    house.nobody.show(&unsigned(&good)).await.expect(200);
    for wrong in [
        unsigned(&with(good.clone(), json!({ "aud": "other" }))),
        unsigned(&with(good.clone(), json!({ "exp": 1 }))),
        google.token(&good),
        "x".to_owned(),
    ] {
        house.nobody.show(&wrong).await.refused(401, "invalid_credentials");
    }
}
