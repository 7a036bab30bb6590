//! The client and how a call travels: attempt, refresh, repeat.

use std::{fmt, sync::Arc, time::Duration};

use blytz_core::wire::account::{RefreshRequest, Refreshed, Tokens};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Response, Url, header};
use serde::de::DeserializeOwned;

use crate::{
    ambient, answer,
    call::Call,
    download::Download,
    error::{Error, TransportError},
    evidence::Word,
    retry::RetryPolicy,
    session::{Login, Session},
};

/// So long one try of a refresh may take: a second one still falls into the time for which the
/// server gives the same successor again.
const REFRESH_PATIENCE: Duration = Duration::from_secs(4);

/// How long a download may take as a whole; that it goes on at all is looked at by the piece.
const NO_END: Duration = Duration::from_hours(24);

/// A client of one Blytz server. Clones share connections and tokens and cost nothing.
///
/// ```no_run
/// # async fn example() -> Result<(), blytz_client::Error> {
/// let client = blytz_client::Client::builder("http://127.0.0.1:8080").build()?;
/// client.auth().login("ana@example.com", "correct horse battery").await?;
/// for auction in client.auctions().list(&Default::default()).await?.items {
///     println!("{} {:?}", auction.title, auction.status.price);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    http: reqwest::Client,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) proxies: Matcher,
    pub(crate) base_url: Url,
    pub(crate) session: Session,
    pub(crate) word: Word,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
}

impl fmt::Debug for Client {
    /// Prints the address and whether there are tokens, never the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.base_url())
            .field("has_tokens", &self.tokens().is_some())
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn assemble(
        http: reqwest::Client,
        tls: Arc<rustls::ClientConfig>,
        base_url: Url,
        session: Session,
        word: Word,
        timeout: Duration,
        retry: RetryPolicy,
    ) -> Self {
        // As reqwest has just read them for HTTP, and by the same rules: they are of the same library.
        let proxies = Matcher::from_system();
        Self { shared: Arc::new(Shared { http, tls, proxies, base_url, session, word, timeout, retry }) }
    }

    /// The server's address without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.shared.base_url.as_str().trim_end_matches('/')
    }

    /// The tokens it uses now.
    pub fn tokens(&self) -> Option<Tokens> {
        self.shared.session.tokens()
    }

    /// Uses other tokens from now on, or none: to the client this is another login, whoever it may
    /// be. What was asked under the former one is not sent again. The builder's store is not told.
    pub fn set_tokens(&self, tokens: Option<Tokens>) {
        self.shared.session.replace(tokens);
    }

    /// Sends `call` and reads the answer's body as `T`.
    pub(crate) async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let body = self.answer(&call).await?;
        serde_json::from_slice(&body).map_err(|source| Error::Decode { request: call.name(), source })
    }

    /// Sends `call` and reads the answer's body as text.
    pub(crate) async fn text(&self, call: Call) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.answer(&call).await?).into_owned())
    }

    /// Sends `call`; the answer's body says nothing.
    pub(crate) async fn done(&self, call: Call) -> Result<(), Error> {
        self.answer(&call).await.map(drop)
    }

    /// The body of a 2xx answer, after as many repeats as are safe and one refresh of the tokens.
    async fn answer(&self, call: &Call) -> Result<Vec<u8>, Error> {
        let mut tries = self.tries(call);
        loop {
            let attempt = async {
                self.check_login(call, &tries)?;
                self.attempt(call, tries.login.access_token.as_deref()).await
            };
            match attempt.await {
                Ok(body) => return Ok(body),
                Err(error) => self.prepare_again(call, error, &mut tries).await?,
            }
        }
    }

    /// Sends `call`; the answer's body is read by whoever wants it, as it arrives. Until it begins,
    /// what fails is repeated as always.
    pub(crate) async fn download(&self, call: Call) -> Result<Download, Error> {
        let call = call.within(NO_END);
        let mut tries = self.tries(&call);
        loop {
            let begun = self.begin(&call, tries.login.access_token.as_deref());
            let late = |_| Err(TransportError::late(&call.name(), call.repeatable).into());
            match tokio::time::timeout(self.shared.timeout, begun).await.unwrap_or_else(late) {
                Ok(response) => return Ok(Download::new(call.name(), response, self.shared.timeout)),
                Err(error) => self.prepare_again(&call, error, &mut tries).await?,
            }
        }
    }

    /// Who asks is settled now. Whoever logs in meanwhile asked for nothing.
    fn tries(&self, call: &Call) -> Tries {
        let login = if call.anonymous { Login::default() } else { self.shared.session.login() };
        Tries { login, failures: 0, refreshed: false }
    }

    fn check_login(&self, call: &Call, tries: &Tries) -> Result<(), Error> {
        let same = !call.acts_for_somebody() || self.shared.session.number() == tries.login.number;
        if same { Ok(()) } else { Err(Error::LoginChanged) }
    }

    /// Gets ready to send a call again after an error, or returns that when it is final.
    async fn prepare_again(&self, call: &Call, error: Error, tries: &mut Tries) -> Result<(), Error> {
        // A 401 is given before anything is done, so any request may be repeated after it.
        if tries.login.access_token.is_some() && !tries.refreshed && error.wants_login() {
            tries.refreshed = true;
            let Ok(tokens) = self.refresh(&tries.login).await else { return Err(error) };
            tries.login.access_token = Some(tokens.access_token);
            return Ok(());
        }
        if !call.repeatable {
            return Err(error);
        }
        let Some(wait) = self.patience(&error, tries.failures) else { return Err(error) };
        tracing::debug!(request = call.name(), %error, ?wait, "asking again");
        tries.failures += 1;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn patience(&self, error: &Error, failures: u32) -> Option<Duration> {
        self.shared.retry.next_wait(error, failures, ambient::entropy())
    }

    async fn attempt(&self, call: &Call, token: Option<&str>) -> Result<Vec<u8>, Error> {
        let response = self.begin(call, token).await?;
        answer::whole_body(call, response).await
    }

    /// Sends a call once; the answer is no refusal, and its body still to be read.
    async fn begin(&self, call: &Call, token: Option<&str>) -> Result<Response, Error> {
        let broken = |error| TransportError::from_http(&call.name(), error, call.repeatable);
        let mut request = self.shared.http.request(call.method.clone(), self.address(call));
        request = request.header(header::ACCEPT, "application/json, application/problem+json, */*;q=0.1");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(within) = call.within {
            request = request.timeout(within);
        }
        if let Some(body) = &call.body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = request.send().await.map_err(broken)?;
        if response.status().is_success() || call.also_accepts == Some(response.status().as_u16()) {
            return Ok(response);
        }
        Err(answer::refusal(call, response).await)
    }

    fn address(&self, call: &Call) -> Url {
        let mut url = self.shared.base_url.clone();
        let path = format!("{}{}", url.path().trim_end_matches('/'), call.path);
        url.set_path(&path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }

    /// Newer tokens of a login whose access token does not hold any more: those that another call or
    /// another program got since, else from the server. It runs to its end even when the caller gives
    /// up: the server has rotated the token by then, and the old one presented again much later would
    /// end the session.
    pub(crate) async fn refresh(&self, stale: &Login) -> Result<Tokens, Error> {
        let (client, stale) = (self.clone(), stale.clone());
        let task = tokio::spawn(async move {
            let session = &client.shared.session;
            let _turn = session.refreshing.lock().await;
            let mut tokens = session.tokens_of(stale.number).ok_or(Error::LoginChanged)?;
            if stale.access_token.as_ref() != Some(&tokens.access_token) {
                return Ok(tokens);
            }
            if let Some(newer) = session.catch_up(stale.number, &tokens) {
                if newer.expires_in > 0 {
                    return Ok(newer);
                }
                tokens = newer;
            }
            client.rotate(stale.number, tokens).await
        });
        task.await.map_err(|_| TransportError::new("the refresh of the login was interrupted", false))?
    }

    /// Exchanges a refresh token. When no answer comes it is asked again: within ten seconds the
    /// server gives the same successor for it.
    async fn rotate(&self, number: u64, tokens: Tokens) -> Result<Tokens, Error> {
        let session = &self.shared.session;
        if tokens.refresh_token.is_empty() || session.is_refused(number) {
            return Err(Error::NotLoggedIn);
        }
        let request = RefreshRequest { refresh_token: tokens.refresh_token };
        let call = Call::post("/auth/refresh")
            .json(&request)?
            .anonymous()
            .repeatable()
            .within(REFRESH_PATIENCE.min(self.shared.timeout));
        let mut failures = 0;
        let body = loop {
            let error = match self.attempt(&call, None).await {
                Ok(body) => break body,
                Err(error) => error,
            };
            let Some(wait) = self.patience(&error, failures) else {
                if error.ends_login() {
                    session.refuse(number, &request.refresh_token);
                }
                return Err(error);
            };
            failures += 1;
            tokio::time::sleep(wait).await;
        };
        let Refreshed { tokens } =
            serde_json::from_slice(&body).map_err(|source| Error::Decode { request: call.name(), source })?;
        if session.renew(number, &tokens) { Ok(tokens) } else { Err(Error::LoginChanged) }
    }
}

/// What has been tried of a call.
struct Tries {
    /// In whose name it is asked.
    login: Login,
    failures: u32,
    refreshed: bool,
}
