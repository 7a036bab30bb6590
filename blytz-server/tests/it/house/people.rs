use blytz_client::{Client, ClientBuilder, wire::account::Tokens};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::House;
use crate::document::witness::client;

pub const PASSWORD: &str = "vermilion-quagga-77";

/// Somebody who asks a server.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub token: String,
    pub refresh_token: String,
    logged_in: bool,
    pub server: String,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
    asked_by: Person,
}

impl Person {
    /// Whoever is not logged in.
    pub fn nobody(server: String) -> Self {
        let nothing = String::new;
        let (id, email, token, refresh_token) = (nothing(), nothing(), nothing(), nothing());
        Self { id, email, token, refresh_token, logged_in: false, server, http: client() }
    }

    /// Whoever is not logged in where this person is.
    pub fn stranger(&self) -> Self {
        Self { http: self.http.clone(), ..Self::nobody(self.server.clone()) }
    }

    /// The same person at another server, or at one that has been started again.
    pub fn at(&self, house: &House) -> Self {
        self.beside(&house.nobody)
    }

    /// The same person at the server that somebody else asks.
    pub fn beside(&self, other: &Self) -> Self {
        Self { server: other.server.clone(), ..self.clone() }
    }

    /// The same person with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), logged_in: true, ..self.clone() }
    }

    /// A request whose every detail `build` may say.
    pub async fn send(
        &self,
        method: Method,
        path: impl AsRef<str>,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        self.try_send(method, path, build).await.expect("an answer")
    }

    /// The same at a server that may be gone before it has answered.
    async fn try_send(
        &self,
        method: Method,
        path: impl AsRef<str>,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> reqwest::Result<Answer> {
        let path = path.as_ref();
        let mut request = self.http.request(method, format!("{}{path}", self.server));
        if let Some(bearer) = self.bearer() {
            request = request.header("authorization", bearer);
        }
        let response = build(request).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        if status >= 400 {
            assert_eq!(headers["content-type"], "application/problem+json", "{path}: {text}");
            assert_eq!(body["status"], status, "{path}: {text}");
            assert!(body["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{path}: {text}");
        }
        Ok(Answer { status, body, headers, asked_by: self.clone() })
    }

    /// The SDK in their name.
    pub fn client(&self) -> ClientBuilder {
        let (access_token, refresh_token) = (self.token.clone(), self.refresh_token.clone());
        let tokens = Tokens { access_token, refresh_token, token_type: "Bearer".to_owned(), expires_in: 900 };
        let client = Client::builder(&self.server);
        if self.logged_in { client.tokens(tokens) } else { client }
    }

    /// What they show at the door.
    pub fn bearer(&self) -> Option<String> {
        self.logged_in.then(|| format!("Bearer {}", self.token))
    }

    pub async fn get(&self, path: impl AsRef<str>) -> Answer {
        self.send(Method::GET, path, |request| request).await
    }

    pub async fn delete(&self, path: impl AsRef<str>) -> Answer {
        self.send(Method::DELETE, path, |request| request).await
    }

    pub async fn post(&self, path: impl AsRef<str>, body: Value) -> Answer {
        self.send(Method::POST, path, |request| request.json(&body)).await
    }

    /// Nothing, when the server is gone before it has answered.
    pub async fn try_post(&self, path: impl AsRef<str>, body: Value) -> Option<Answer> {
        self.try_send(Method::POST, path, |request| request.json(&body)).await.ok()
    }

    pub async fn put(&self, path: impl AsRef<str>, body: Value) -> Answer {
        self.send(Method::PUT, path, |request| request.json(&body)).await
    }

    pub async fn patch(&self, path: impl AsRef<str>, body: Value) -> Answer {
        self.send(Method::PATCH, path, |request| request.json(&body)).await
    }

    /// Posts a body as it is, as the type that is named.
    pub async fn post_raw(&self, path: impl AsRef<str>, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send(Method::POST, path, |request| request.header("content-type", kind).body(body)).await
    }

    /// Every item of a list, page by page; `path` has a query already.
    pub async fn pages(&self, path: impl AsRef<str>) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(format!("{}{cursor}", path.as_ref())).await.expect(200);
            all.extend(items(&page).cloned());
            let Some(next) = page["next_cursor"].as_str() else { return all };
            cursor = format!("&cursor={next}");
        }
    }

    pub async fn sign_up(&self, email: &str, password: &str, name: &str) -> Answer {
        self.post("/auth/signup", json!({ "email": email, "password": password, "display_name": name })).await
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/auth/login", json!({ "email": email, "password": password })).await
    }

    /// Logs this person in once more, elsewhere.
    pub async fn log_in_with(&self, password: &str) -> Answer {
        self.stranger().log_in(&self.email, password).await
    }

    pub async fn refresh(&self) -> Answer {
        let body = json!({ "refresh_token": self.refresh_token });
        Answer { asked_by: self.clone(), ..self.stranger().post("/auth/refresh", body).await }
    }

    pub async fn profile(&self) -> Answer {
        self.get("/auth/profile").await
    }

    /// What somebody who is shown their access token is told of it.
    pub async fn verified(&self) -> Value {
        self.stranger().post("/auth/verify", json!({ "token": self.token })).await.expect(200)
    }

    pub async fn change_password(&self, from: &str, to: &str) -> Answer {
        self.post("/auth/password", json!({ "current_password": from, "new_password": to })).await
    }

    pub async fn log_out(&self) -> Answer {
        self.post("/auth/logout", json!({})).await
    }

    pub async fn give_roles(&self, id: &str, roles: Value) -> Answer {
        self.put(format!("/auth/users/{id}/roles"), json!({ "roles": roles })).await
    }

    pub async fn suspend(&self, id: &str) -> Answer {
        self.post(format!("/auth/users/{id}/suspend"), json!({})).await
    }

    pub async fn reinstate(&self, id: &str) -> Answer {
        self.post(format!("/auth/users/{id}/reinstate"), json!({})).await
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

    /// Checks that one field alone is named as wrong.
    #[track_caller]
    pub fn refused_for(&self, pointer: &str) {
        self.refused(422, "validation_failed");
        assert_eq!(self.body["errors"][0]["pointer"], pointer, "{}", self.body);
        assert_eq!(self.body["errors"].as_array().map(Vec::len), Some(1), "{}", self.body);
    }

    /// Checks that it is too much for now, and for how many seconds.
    #[track_caller]
    pub fn refused_for_now(&self, code: &str, retry_after: u64) {
        self.refused(429, code);
        assert_eq!(self.headers["retry-after"], retry_after.to_string(), "{}", self.body);
    }

    /// A problem without what differs from request to request.
    pub fn without_request_id(mut self) -> Value {
        self.body.as_object_mut().expect("a problem").remove("request_id");
        self.body
    }

    /// Whoever a signup or a login is for.
    #[track_caller]
    pub fn person(mut self, status: u16) -> Person {
        assert_eq!(self.status, status, "{}", self.body);
        (self.asked_by.id, self.asked_by.email) = (text(&self.body["user"]["id"]), text(&self.body["user"]["email"]));
        self.with_its_tokens(status)
    }

    /// Whoever asked, with the tokens of a refresh.
    #[track_caller]
    pub fn renewed(self) -> Person {
        self.with_its_tokens(200)
    }

    #[track_caller]
    fn with_its_tokens(self, status: u16) -> Person {
        let person = self.asked_by.clone();
        let tokens = self.expect(status)["tokens"].take();
        Person { refresh_token: text(&tokens["refresh_token"]), ..person.with_token(&text(&tokens["access_token"])) }
    }
}

/// The items of a page.
#[track_caller]
pub fn items(page: &Value) -> impl Iterator<Item = &Value> {
    page["items"].as_array().expect("a list").iter()
}

/// One field of every item of a page.
#[track_caller]
pub fn each(page: &Value, field: &str) -> Vec<String> {
    items(page).map(|item| text(&item[field])).collect()
}

#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
