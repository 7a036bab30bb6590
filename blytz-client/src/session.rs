//! Who the client is logged in as: tokens, and their refresh, once however many calls want it.
//!
//! Logins are numbered. Whatever is begun under one (a refresh, a logout, a bid that waits for the
//! line) names it again at its end, and changes nothing once another has taken its place.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use blytz_core::wire::account::Tokens;
use tokio::sync::watch;

use crate::store::LoginStore;

/// The login of a client and all its clones.
pub(crate) struct Session {
    state: watch::Sender<State>,
    store: Option<Arc<dyn LoginStore>>,
    /// Held while the state changes and the store is told, so that both change in one order.
    telling: Mutex<()>,
    /// Held while a refresh is under way.
    pub(crate) refreshing: tokio::sync::Mutex<()>,
}

/// What a session stands at; see [`Session::watch`].
#[derive(Default)]
pub(crate) struct State {
    number: u64,
    tokens: Option<Tokens>,
    /// The server refused this refresh token for good; asking again would be noise.
    refused: bool,
}

/// A login, or the want of one, as those know it who act under it.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Login {
    /// Rises whenever somebody logs in or out, and stays through a refresh.
    pub(crate) number: u64,
    /// What the server knows it by.
    pub(crate) access_token: Option<String>,
}

impl fmt::Debug for Login {
    /// Prints no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.access_token.is_some() { "login" } else { "nobody" };
        write!(f, "{kind} {}", self.number)
    }
}

impl Session {
    pub(crate) fn new(tokens: Option<Tokens>, store: Option<Arc<dyn LoginStore>>) -> Self {
        let state = watch::Sender::new(State { tokens, ..State::default() });
        Self { state, store, telling: Mutex::new(()), refreshing: tokio::sync::Mutex::new(()) }
    }

    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.state.borrow().tokens.clone()
    }

    /// Who is logged in now.
    pub(crate) fn login(&self) -> Login {
        let state = self.state.borrow();
        let access_token = state.tokens.as_ref().map(|tokens| tokens.access_token.clone());
        Login { number: state.number, access_token }
    }

    /// The number of the login that holds now.
    pub(crate) fn number(&self) -> u64 {
        self.state.borrow().number
    }

    /// Rings when somebody logs in or out, and when tokens are refreshed.
    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// The tokens of a login, while it holds.
    pub(crate) fn tokens_of(&self, number: u64) -> Option<Tokens> {
        let state = self.state.borrow();
        state.tokens.clone().filter(|_| state.number == number)
    }

    /// Whether the server has said that these tokens can't be refreshed any more.
    pub(crate) fn is_refused(&self, number: u64) -> bool {
        let state = self.state.borrow();
        state.number == number && state.refused
    }

    /// Puts other tokens, or none, in place of the login without telling the store: the program
    /// knows.
    pub(crate) fn replace(&self, tokens: Option<Tokens>) {
        let _order = self.telling();
        self.state.send_if_modified(|state| state.begin(tokens));
    }

    /// Somebody logged in.
    pub(crate) fn begin(&self, tokens: &Tokens) {
        let _order = self.telling();
        self.state.send_if_modified(|state| state.begin(Some(tokens.clone())));
        if let Some(store) = &self.store {
            store.began(tokens);
        }
    }

    /// Somebody logged out; says nothing about whoever logged in meanwhile.
    pub(crate) fn end(&self, number: u64) {
        let _order = self.telling();
        self.state.send_if_modified(|state| state.number == number && state.begin(None));
    }

    /// The server gave newer tokens for a login; false when that holds no longer.
    pub(crate) fn renew(&self, number: u64, tokens: &Tokens) -> bool {
        let _order = self.telling();
        let holds = self.state.send_if_modified(|state| state.renew(number, tokens));
        if let Some(store) = self.store.as_ref().filter(|_| holds) {
            store.renewed(tokens);
        }
        holds
    }

    /// Takes over what another program has made of the same login since `tokens`, if any has.
    pub(crate) fn catch_up(&self, number: u64, tokens: &Tokens) -> Option<Tokens> {
        let newer = self.store.as_ref()?.newer(tokens).filter(|newer| newer.access_token != tokens.access_token)?;
        let _order = self.telling();
        self.state.send_if_modified(|state| state.renew(number, &newer)).then_some(newer)
    }

    /// The server refused `refresh_token` for good.
    pub(crate) fn refuse(&self, number: u64, refresh_token: &str) {
        self.state.send_if_modified(|state| {
            let current = state.tokens.as_ref().is_some_and(|tokens| tokens.refresh_token == refresh_token);
            state.refused |= state.number == number && current;
            // Nobody acts on it who does not ask.
            false
        });
    }

    fn telling(&self) -> std::sync::MutexGuard<'_, ()> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, tokens: Option<Tokens>) -> bool {
        self.refused = false;
        if self.tokens == tokens {
            return false;
        }
        self.tokens = tokens;
        self.number += 1;
        true
    }

    fn renew(&mut self, number: u64, tokens: &Tokens) -> bool {
        if self.number != number {
            return false;
        }
        self.tokens = Some(tokens.clone());
        self.refused = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(name: &str) -> Tokens {
        Tokens {
            access_token: format!("access {name}"),
            refresh_token: format!("refresh {name}"),
            token_type: "Bearer".to_owned(),
            expires_in: 900,
        }
    }

    #[test]
    fn what_ends_late_changes_nothing_of_a_later_login() {
        let session = Session::new(Some(tokens("ann 1")), None);
        let ann = session.login();
        assert!(session.renew(ann.number, &tokens("ann 2")));
        assert_eq!(session.number(), ann.number, "a refresh is the same login");

        session.begin(&tokens("ben 1"));
        let ben = session.login();
        assert_ne!(ben.number, ann.number);
        assert!(!session.renew(ann.number, &tokens("ann 3")));
        session.end(ann.number);
        session.refuse(ann.number, "refresh ben 1");
        assert_eq!((session.login(), session.is_refused(ben.number)), (ben.clone(), false));

        session.end(ben.number);
        assert!(!session.renew(ben.number, &tokens("ben 2")), "who logged out stays out");
        assert_eq!(session.tokens(), None);
    }

    #[test]
    fn the_same_tokens_again_are_the_same_login() {
        let session = Session::new(Some(tokens("ann 1")), None);
        session.refuse(0, "refresh ann 1");
        assert!(session.is_refused(0));
        session.replace(Some(tokens("ann 1")));
        assert_eq!((session.number(), session.is_refused(0)), (0, false));
        assert!(!format!("{:?}", session.login()).contains("access"));
    }
}
