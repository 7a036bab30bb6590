//! A server of one's own and the people who ask it, by plain HTTP: for tests that look at statuses,
//! codes and bodies rather than at what the SDK makes of them.
#![allow(dead_code, reason = "each test program uses its part")]

#[path = "../document/mod.rs"]
pub mod document;

use blytz_core::Timestamp;
use blytz_server::{Builder, Clock, Config, Running, Server, config::RateLimits};
use document::witness::{Witness, client};
use reqwest::Method;
use serde_json::{Value, json};

pub const START: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);
pub const PASSWORD: &str = "vermilion-quagga-77";

/// A running server over a temporary folder, and its clock, which stands still. Every answer it
/// gives is held against the API's description.
pub struct TestApp {
    pub clock: Clock,
    pub running: Running,
    http: reqwest::Client,
    _folder: Option<tempfile::TempDir>,
    _witness: Witness,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Actor {
    pub id: String,
    pub email: String,
    pub token: String,
    pub refresh_token: String,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server whose configuration `change` may change; limits are off unless it says so.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::in_folder(folder.path());
        config.rate_limits = RateLimits::Off;
        change(&mut config);
        let app = Self::launch(Server::builder().config(config), Clock::manual(START)).await;
        Self { _folder: Some(folder), ..app }
    }

    /// A server as the test has it, over a folder of its own.
    pub async fn launch(server: Builder, clock: Clock) -> Self {
        let witness = Witness::default();
        let server = server.clock(clock.clone()).wrap(witness.around());
        let running = server.launch().await.expect("a server");
        Self { clock, running, http: client(), _folder: None, _witness: witness }
    }

    /// A request whose every detail `build` may say.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        build: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Answer {
        let url = format!("{}{path}", self.running.url());
        let response = build(self.http.request(method, url)).send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        if status >= 400 {
            assert_eq!(headers["content-type"], "application/problem+json", "{path}: {text}");
            assert_eq!(body["status"], status, "{path}: {text}");
            assert!(body["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{path}: {text}");
        }
        Answer { status, body, headers }
    }

    pub async fn get(&self, who: Option<&Actor>, path: &str) -> Answer {
        self.send(Method::GET, path, |request| authorised(request, who)).await
    }

    pub async fn delete(&self, who: Option<&Actor>, path: &str) -> Answer {
        self.send(Method::DELETE, path, |request| authorised(request, who)).await
    }

    pub async fn post(&self, who: Option<&Actor>, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, |request| authorised(request, who).json(&body)).await
    }

    pub async fn put(&self, who: Option<&Actor>, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, |request| authorised(request, who).json(&body)).await
    }

    pub async fn patch(&self, who: Option<&Actor>, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, |request| authorised(request, who).json(&body)).await
    }

    /// A new buyer, `name@example.com`.
    pub async fn buyer(&self, name: &str) -> Actor {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": PASSWORD, "display_name": name });
        self.post(None, "/auth/signup", body).await.actor(201)
    }

    /// The admin; the first call makes the account, as an operator would.
    pub async fn admin(&self) -> Actor {
        let email = "admin@example.com";
        self.running.app().accounts.ensure_admin(email, PASSWORD).await.expect("an admin");
        self.log_in(email, PASSWORD).await.actor(200)
    }

    /// A new buyer whom the admin gives one more role.
    pub async fn with_role(&self, name: &str, role: &str) -> Actor {
        let (actor, admin) = (self.buyer(name).await, self.admin().await);
        let path = format!("/auth/users/{}/roles", actor.id);
        self.put(Some(&admin), &path, json!({ "roles": [role] })).await.expect(200);
        actor
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post(None, "/auth/login", json!({ "email": email, "password": password })).await
    }
}

fn authorised(request: reqwest::RequestBuilder, who: Option<&Actor>) -> reqwest::RequestBuilder {
    match who {
        Some(actor) => request.bearer_auth(&actor.token),
        None => request,
    }
}

impl Answer {
    /// The body, of an answer that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// Checks status and code of a refusal.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
    }

    /// Who a signup or a login is for.
    #[track_caller]
    pub fn actor(self, status: u16) -> Actor {
        let body = self.expect(status);
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned();
        Actor {
            id: text("/user/id"),
            email: text("/user/email"),
            token: text("/tokens/access_token"),
            refresh_token: text("/tokens/refresh_token"),
        }
    }
}
