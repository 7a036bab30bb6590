//! How the machine gets a connection, loses it and gets the next, and in whose name.

use std::time::Duration;

use blytz_core::{
    Timestamp,
    wire::{
        ErrorCode, Problem,
        live::{CLOSE_EXPIRED, CLOSE_FLOOD, Channel, Op},
    },
};

use super::{
    event::{ConnectionState, LiveEvent},
    follow::Phase,
    machine::{Asked, Link, LiveLink, Machine, Output, Refresh},
};
use crate::{error::Error, retry::Backoff, session::Login};

/// Between reconnects.
const BACKOFF: Backoff = Backoff { base: Duration::from_millis(250), cap: Duration::from_secs(15) };
/// After the server found us too loud, at least this.
const PENANCE: Duration = Duration::from_secs(5);
/// A connection that lasted this long was a good one: the next starts without a grudge.
const HOLDS_AFTER_MS: i64 = 5_000;
/// "Policy violation": the server did not understand us.
const CLOSE_POLICY: u16 = 1008;

impl Machine {
    pub(super) fn connect(&mut self) {
        let token = self.login.access_token.clone().filter(|_| !self.anonymous);
        self.link = Link::Connecting { token: token.clone() };
        self.event(LiveEvent::State(ConnectionState::Connecting { attempt: self.attempt }));
        self.outputs.push_back(Output::Connect { token });
    }

    pub(super) fn connected(&mut self, now: Timestamp, token: Option<String>) {
        if !self.link.is_connecting(token.as_ref()) {
            return;
        }
        self.link = Link::Live(LiveLink { since: now, heard: now, next_ping: now, pings: 0, token, refreshing: false });
        self.clock.forget();
        self.event(LiveEvent::State(ConnectionState::Live));
        // Somebody may have logged in during the handshake, or refreshed the tokens.
        self.authenticate();
        // What may decide an auction goes first.
        self.send_due(now);
        let channels: Vec<Channel> = self.follows.keys().copied().collect();
        for channel in channels {
            self.subscribe(now, channel);
        }
        self.ping(now);
    }

    pub(super) fn lost(&mut self, now: Timestamp, entropy: u64, code: u16, cause: String) {
        let Link::Live(live) = &mut self.link else { return };
        let held = now.micros_since(live.since) >= HOLDS_AFTER_MS * 1_000;
        let expired = if code == CLOSE_EXPIRED { live.token.take() } else { None };
        let least = if matches!(code, CLOSE_FLOOD | CLOSE_POLICY) { PENANCE } else { Duration::ZERO };
        self.forget_the_connection();
        self.try_again(now, entropy, held, least, expired, cause);
    }

    fn forget_the_connection(&mut self) {
        self.asked.clear();
        for follow in self.follows.values_mut() {
            follow.phase = Phase::Off;
        }
        let unanswered = self.requests.cut();
        self.answer_all(unanswered);
    }

    /// The server would not listen to the login now. That says nothing of the login: a new connection
    /// brings it along, after a while.
    pub(super) fn login_postponed(&mut self, now: Timestamp, entropy: u64, error: &Error) {
        self.outputs.push_back(Output::Disconnect);
        self.lost(now, entropy, CLOSE_FLOOD, error.to_string());
    }

    /// Drops a connection that is of no use, and tries again.
    pub(super) fn give_up(&mut self, now: Timestamp, entropy: u64, cause: &str) {
        self.outputs.push_back(Output::Disconnect);
        self.lost(now, entropy, 1006, cause.to_owned());
    }

    pub(super) fn try_again(
        &mut self,
        now: Timestamp,
        entropy: u64,
        held: bool,
        least: Duration,
        refresh: Option<String>,
        cause: String,
    ) {
        self.attempt = if held { 1 } else { self.attempt.saturating_add(1) };
        // A token that expired in the course of things needs no pause, only a new one.
        let at_once = refresh.is_some() && self.attempt == 1;
        let wait = if at_once { Duration::ZERO } else { least + BACKOFF.wait(self.attempt - 1, entropy) };
        self.event(LiveEvent::State(ConnectionState::Reconnecting { attempt: self.attempt, wait, cause }));
        match refresh {
            Some(stale) if at_once => self.refresh(stale),
            refresh => self.link = Link::Waiting { until: now.plus_micros(micros(wait)), refresh },
        }
    }

    pub(super) fn refresh(&mut self, stale: String) {
        self.link = Link::Refreshing { stale: stale.clone() };
        self.ask_for_tokens(stale);
    }

    fn ask_for_tokens(&mut self, stale: String) {
        let stale = Login { number: self.login.number, access_token: Some(stale) };
        self.outputs.push_back(Output::Refresh { stale });
    }

    pub(super) fn refreshed(&mut self, now: Timestamp, entropy: u64, refresh: Refresh) {
        match (&mut self.link, refresh) {
            (Link::Refreshing { .. }, Refresh::Token(token)) => {
                self.login.access_token = Some(token);
                self.anonymous = false;
                self.connect();
            }
            (Link::Refreshing { .. }, Refresh::Refused) => {
                // Watching needs no account; whoever bids is told to log in.
                self.anonymous = true;
                self.connect();
            }
            (Link::Refreshing { stale }, Refresh::Failed) => {
                let stale = std::mem::take(stale);
                // Never at once: the server could not be reached.
                self.attempt = self.attempt.max(1);
                self.try_again(
                    now,
                    entropy,
                    false,
                    Duration::ZERO,
                    Some(stale),
                    "the login could not be renewed".into(),
                );
            }
            (Link::Live(live), Refresh::Token(token)) => {
                live.refreshing = false;
                self.login.access_token = Some(token);
                self.authenticate();
                // The program may have logged in with it already, and had its answer.
                if !self.asked.values().any(|asked| matches!(asked, Asked::Auth)) {
                    self.logged_in(now);
                }
            }
            (Link::Live(live), Refresh::Refused | Refresh::Failed) => {
                live.refreshing = false;
                self.login_failed();
            }
            _ => {}
        }
    }

    /// Somebody else is logged in now, or nobody. What was asked under the former login has its
    /// answer; a connection that spoke for it is replaced, and one that spoke for nobody goes on.
    pub(super) fn logged_in_as(&mut self, login: Login) {
        self.login = login;
        self.anonymous = false;
        let former = self.requests.take_all().into_iter().map(|ticket| (ticket, Error::LoginChanged)).collect();
        self.answer_all(former);
        for follow in self.follows.values_mut() {
            follow.relogged = false;
        }
        match &self.link {
            Link::Live(LiveLink { token: Some(_), .. }) | Link::Connecting { token: Some(_) } => {
                self.outputs.push_back(Output::Disconnect);
                self.forget_the_connection();
                self.attempt = 0;
                self.connect();
            }
            Link::Live(_) => self.authenticate(),
            Link::Refreshing { .. } | Link::Waiting { refresh: Some(_), .. } => self.connect(),
            Link::Idle | Link::Connecting { token: None } | Link::Waiting { refresh: None, .. } | Link::Closed => {}
        }
    }

    /// Tells the server on this connection who the program is, unless it knows.
    pub(super) fn authenticate(&mut self) {
        let (Link::Live(live), Some(token)) = (&mut self.link, &self.login.access_token) else { return };
        if self.anonymous || live.token.as_ref() == Some(token) {
            return;
        }
        live.token = Some(token.clone());
        let token = token.clone();
        self.send(Op::Auth { token }, Asked::Auth);
    }

    /// Holds what was answered with 401 until there is a fresh login.
    pub(super) fn want_login(&mut self) {
        let Link::Live(live) = &mut self.link else { return };
        if let (Some(token), false) = (live.token.clone(), live.refreshing) {
            live.refreshing = true;
            self.ask_for_tokens(token);
        }
    }

    pub(super) fn logged_in(&mut self, now: Timestamp) {
        self.requests.logged_in();
        self.send_due(now);
        for channel in self.channels_in(|phase| phase == Phase::AwaitingLogin) {
            self.subscribe(now, channel);
        }
    }

    pub(super) fn login_failed(&mut self) {
        let refused = self.requests.login_failed();
        self.answer_all(refused);
        for channel in self.channels_in(|phase| phase == Phase::AwaitingLogin) {
            self.follows.remove(&channel);
            let problem = Problem::new(ErrorCode::Unauthenticated, "log in to follow this channel");
            self.event(LiveEvent::SubscribeRefused { channel, error: problem.into() });
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
