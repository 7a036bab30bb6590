//! One request to the server, before it is known how often it is sent.

use std::time::Duration;

use reqwest::Method;
use serde::Serialize;

use crate::error::Error;

/// One request, before it is known how often it is sent.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Vec<u8>>,
    /// Sending it twice does it once.
    pub(crate) repeatable: bool,
    /// Never carries a token.
    pub(crate) anonymous: bool,
    /// A status beside 2xx whose body is the answer.
    pub(crate) also_accepts: Option<u16>,
    /// How long one try may take, if that is not what the client's calls may.
    pub(crate) within: Option<Duration>,
}

impl Call {
    fn new(method: Method, path: String, repeatable: bool) -> Self {
        let (query, body, anonymous) = (Vec::new(), None, false);
        Self { method, path, query, body, repeatable, anonymous, also_accepts: None, within: None }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into(), true)
    }

    pub(crate) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path.into(), true)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path.into(), true)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path.into(), false)
    }

    pub(crate) fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path.into(), false)
    }

    /// A JSON body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let encoded = serde_json::to_vec(body).map_err(|source| Error::Decode { request: self.name(), source })?;
        self.body = Some(encoded);
        Ok(self)
    }

    /// A query parameter, left out when there is nothing to say.
    pub(crate) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((name, value.to_string()));
        }
        self
    }

    /// The client's own id in the body makes it exactly-once.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Never carries a token.
    pub(crate) fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// An answer of this status carries the same body as a success.
    pub(crate) fn accepting(mut self, status: u16) -> Self {
        self.also_accepts = Some(status);
        self
    }

    /// How long one try may take, if that is not what the client's calls may.
    pub(crate) fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Whether it changes something in the name of whoever is logged in.
    pub(crate) fn acts_for_somebody(&self) -> bool {
        !self.anonymous && self.method != Method::GET
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
