//! How a client is made.

use std::{sync::Arc, time::Duration};

use blytz_core::wire::account::Tokens;
use reqwest::Url;

use crate::{
    client::Client,
    error::Error,
    evidence::{Evidence, Remembered, Word},
    retry::RetryPolicy,
    session::Session,
    store::{Callback, LoginStore},
    tls,
};

impl Client {
    /// Begins a client of the server at `base_url`, like `http://127.0.0.1:8080`.
    pub fn builder(base_url: impl AsRef<str>) -> ClientBuilder {
        ClientBuilder::new(base_url.as_ref())
    }
}

/// Makes a [`Client`]; begin with [`Client::builder`].
#[must_use = "call `build`"]
pub struct ClientBuilder {
    base_url: String,
    tokens: Option<Tokens>,
    store: Option<Arc<dyn LoginStore>>,
    evidence: Option<Arc<dyn Evidence>>,
    timeout: Duration,
    user_agent: String,
    retry: RetryPolicy,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            base_url: base_url.to_owned(),
            tokens: None,
            store: None,
            evidence: None,
            timeout: Duration::from_secs(15),
            user_agent: concat!("blytz-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            retry: RetryPolicy::default(),
        }
    }

    /// The tokens of an earlier session; they are refreshed when they expire.
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// An access token alone; it can't be refreshed.
    pub fn access_token(self, token: impl Into<String>) -> Self {
        self.tokens(Tokens {
            access_token: token.into(),
            refresh_token: String::new(),
            token_type: "Bearer".to_owned(),
            expires_in: 0,
        })
    }

    /// Called with the new tokens after signing up, logging in and every refresh, so that a program
    /// can store them. A refresh token works once: who keeps an old one ends the session.
    pub fn on_tokens(self, callback: impl Fn(&Tokens) + Send + Sync + 'static) -> Self {
        self.login_store(Callback(callback))
    }

    /// Where the login is kept, in place of [`Self::on_tokens`], for logins that several programs
    /// share: they take over each other's tokens instead of refreshing one token twice.
    pub fn login_store(mut self, store: impl LoginStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Where keys of houses and receipts are kept; unless said, keys are remembered for as long as the
    /// client lives, and receipts are checked and not kept.
    pub fn evidence(mut self, evidence: impl Evidence + 'static) -> Self {
        self.evidence = Some(Arc::new(evidence));
        self
    }

    /// How long one attempt of a request, and an answer on the live connection, may take; 15 s
    /// unless said.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The `User-Agent` header.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How patiently safe requests are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`] when the address is no http(s) URL or TLS can't be set up.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = parse_base(&self.base_url)?;
        let tls = tls::config(base_url.scheme() == "https")?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.timeout.min(Duration::from_secs(5)))
            .timeout(self.timeout)
            .tcp_nodelay(true)
            .user_agent(&self.user_agent)
            .build()
            .map_err(|error| Error::Config(format!("the HTTP client can't be set up: {error}")))?;
        let word = Word::new(self.evidence.unwrap_or_else(|| Arc::<Remembered>::default()));
        let session = Session::new(self.tokens, self.store);
        Ok(Client::assemble(http, tls, base_url, session, word, self.timeout, self.retry))
    }
}

/// Accepts `https://host[:port][/prefix]`, and `host:port` alone as http.
fn parse_base(text: &str) -> Result<Url, Error> {
    let text = text.trim();
    let wrong = |why: &str| Error::Config(format!("the server's address {text:?} {why}"));
    let spelled = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url = Url::parse(&spelled).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must begin with http:// or https://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must have neither ? nor #"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Config("the server's address must not contain a user name or password".to_owned()));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (given, expected) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("localhost:8080", "http://localhost:8080/"),
            (" https://shop.example/api/ ", "https://shop.example/api"),
        ] {
            assert_eq!(parse_base(given).expect(given).as_str(), expected, "{given}");
        }
        for wrong in ["", "ftp://host", "http://", "http://host?x=1", "http://host/#top", "http://me:secret@host"] {
            let error = parse_base(wrong).expect_err(wrong);
            assert!(matches!(error, Error::Config(_)), "{wrong}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn https_needs_no_provider_from_the_program() {
        for address in ["https://shop.example", "http://shop.example"] {
            ClientBuilder::new(address).build().expect(address);
        }
    }
}
