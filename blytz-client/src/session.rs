//! Who the client is logged in as: tokens, and their refresh, once however many calls want it.

use std::sync::{Arc, PoisonError, RwLock};

use blytz_core::wire::account::Tokens;
use tokio::sync::{Mutex, watch};

/// Told about new tokens.
pub(crate) type TokenCallback = Arc<dyn Fn(&Tokens) + Send + Sync>;

/// The tokens of a client and all its clones.
pub(crate) struct Session {
    state: RwLock<State>,
    on_tokens: Option<TokenCallback>,
    /// Held while a refresh is under way.
    pub(crate) refreshing: Mutex<()>,
    /// The access token as the live connection follows it.
    access: watch::Sender<Option<String>>,
}

#[derive(Default)]
struct State {
    tokens: Option<Tokens>,
    /// The server refused this refresh token for good; asking again would be noise.
    refused: bool,
}

impl Session {
    pub(crate) fn new(tokens: Option<Tokens>, on_tokens: Option<TokenCallback>) -> Self {
        let access = watch::Sender::new(tokens.as_ref().map(|tokens| tokens.access_token.clone()));
        Self { state: RwLock::new(State { tokens, refused: false }), on_tokens, refreshing: Mutex::new(()), access }
    }

    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).tokens.clone()
    }

    pub(crate) fn access_token(&self) -> Option<String> {
        self.access.borrow().clone()
    }

    /// Follows the access token.
    pub(crate) fn watch_access(&self) -> watch::Receiver<Option<String>> {
        self.access.subscribe()
    }

    /// The refresh token, if there is one that the server has not refused.
    pub(crate) fn refresh_token(&self) -> Option<String> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let token = &state.tokens.as_ref()?.refresh_token;
        (!state.refused && !token.is_empty()).then(|| token.clone())
    }

    /// Replaces the tokens without telling the callback: the program knows.
    pub(crate) fn set(&self, tokens: Option<Tokens>) {
        let access = tokens.as_ref().map(|tokens| tokens.access_token.clone());
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = State { tokens, refused: false };
        self.access.send_if_modified(|current| {
            let changed = *current != access;
            *current = access;
            changed
        });
    }

    /// Takes tokens that the server just gave, and tells the callback.
    pub(crate) fn receive(&self, tokens: &Tokens) {
        self.set(Some(tokens.clone()));
        if let Some(callback) = &self.on_tokens {
            callback(tokens);
        }
    }

    /// The server refused `refresh_token` for good.
    pub(crate) fn refuse(&self, refresh_token: &str) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.tokens.as_ref().is_some_and(|tokens| tokens.refresh_token == refresh_token) {
            state.refused = true;
        }
    }
}
