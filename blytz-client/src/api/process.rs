//! What every server process says about itself.

use blytz_core::wire::process::{Health, Readiness};

use crate::{call::Call, client::Client, error::Error};

impl Client {
    /// The server's own state.
    pub fn process(&self) -> Process<'_> {
        Process(self)
    }
}

/// The server's own state; see [`Client::process`].
#[derive(Debug, Clone, Copy)]
pub struct Process<'a>(&'a Client);

impl Process<'_> {
    /// Whether it lives.
    pub async fn health(self) -> Result<Health, Error> {
        self.0.call(Call::get("/health").anonymous()).await
    }

    /// Whether it can work; a server that can't is an `Ok` whose checks say why.
    pub async fn ready(self) -> Result<Readiness, Error> {
        self.0.call(Call::get("/ready").anonymous().accepting(503)).await
    }

    /// Its metrics, in Prometheus's text form.
    pub async fn metrics(self) -> Result<String, Error> {
        self.0.text(Call::get("/metrics").anonymous()).await
    }

    /// Its API's description.
    pub async fn openapi(self) -> Result<serde_json::Value, Error> {
        self.0.call(Call::get("/openapi.json").anonymous()).await
    }
}
