//! The live connection's decisions, without I/O: what happened comes in with the time and some
//! entropy, what to do comes out. The driver carries it out.
//!
//! Per connection every channel is asked for again from the last entry that was delivered, and
//! bids and messages without an answer are sent again under their own ids. A connection speaks for
//! one login, and a request goes out under the login that it was made under, or not at all.

use std::{
    collections::{HashMap, VecDeque, btree_map::Entry},
    time::Duration,
};

use blytz_core::{
    Timestamp,
    wire::live::{Channel, ClientFrame, MAX_FRAME, Op},
};
use serde_json::Value;

use super::{
    clock::Estimator,
    event::{ConnectionState, LiveEvent},
    follow::{Follow, Follows, Phase},
    request::{self, Requests, Stage, Ticket},
};
use crate::{error::Error, retry::RetryPolicy, session::Login};

/// Pings: a few at once to learn the clock, then to keep it and to notice a dead line.
const FIRST_PINGS: u32 = 3;
const FIRST_PING_EVERY_MS: i64 = 1_000;
const PING_EVERY_MS: i64 = 10_000;
/// Two pings went unanswered and nothing else came: the line is dead.
const DEAD_AFTER_MS: i64 = 25_000;

/// What happened.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    /// The program wants a connection.
    Start,
    /// The upgrade with this access token succeeded.
    Connected { token: Option<String> },
    /// It did not. `refused`: it was answered with 401.
    ConnectFailed { token: Option<String>, refused: bool, cause: String },
    /// A text frame arrived.
    Frame(&'a str),
    /// The connection is gone.
    Lost { code: u16, cause: String },
    /// The tokens of the login of this number were to be refreshed.
    Refreshed(u64, Refresh),
    /// The program logged in, out, or refreshed.
    Login(Login),
    /// The program wants something.
    Command(Command),
    /// A moment passed that [`Machine::wake_at`] named.
    Tick,
}

/// What became of refreshing the tokens.
#[derive(Debug)]
pub(crate) enum Refresh {
    /// The new access token.
    Token(String),
    /// There is no login any more.
    Refused,
    /// The server could not be asked.
    Failed,
}

/// What the program wants.
#[derive(Debug)]
pub(crate) enum Command {
    /// Follow a channel.
    Subscribe(Channel),
    /// Follow it no longer.
    Unsubscribe(Channel),
    /// Bid, chat or react, in the name of the login of this number.
    Request(Ticket, Op, u64),
    /// Nobody waits for the answer any more.
    Withdraw(Ticket),
    /// End.
    Close,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Output {
    /// Make a connection, in place of one that is being made.
    Connect { token: Option<String> },
    /// Drop the connection, or the attempt to make one.
    Disconnect,
    /// Send a text frame; if it acts for a login, only while that one holds.
    Send { text: String, acts_for: Option<u64> },
    /// Refresh the tokens of this login, unless its access token has been replaced already.
    Refresh { stale: Login },
    /// Tell the program.
    Event(Box<LiveEvent>),
    /// Answer a request of the program.
    Answer(Ticket, Result<Value, Error>),
}

#[derive(Debug)]
pub(super) enum Link {
    Idle,
    /// Until the next try; `refresh` names a token to be replaced first.
    Waiting {
        until: Timestamp,
        refresh: Option<String>,
    },
    Refreshing {
        stale: String,
    },
    /// With this access token.
    Connecting {
        token: Option<String>,
    },
    Live(LiveLink),
    Closed,
}

impl Link {
    /// Whether this attempt is the one that counts: a login since has made another.
    pub(super) fn is_connecting(&self, with: Option<&String>) -> bool {
        matches!(self, Self::Connecting { token } if token.as_ref() == with)
    }
}

#[derive(Debug)]
pub(super) struct LiveLink {
    pub(super) since: Timestamp,
    /// The last frame.
    pub(super) heard: Timestamp,
    pub(super) next_ping: Timestamp,
    pub(super) pings: u32,
    /// Whom the server takes us for.
    pub(super) token: Option<String>,
    pub(super) refreshing: bool,
}

/// What a frame of ours asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    Ping { sent: Timestamp },
    Auth,
    Subscribe(Channel),
    Request(Ticket),
}

/// The state of a live connection.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(super) link: Link,
    /// Whom the program is logged in as.
    pub(super) login: Login,
    /// Tries since a connection last held.
    pub(super) attempt: u32,
    /// The server has ended the login: connect without it until there is another.
    pub(super) anonymous: bool,
    pub(super) follows: Follows,
    pub(super) requests: Requests,
    pub(super) asked: HashMap<u64, Asked>,
    last_id: u64,
    pub(super) clock: Estimator,
    timeout_ms: i64,
    pub(super) policy: RetryPolicy,
    pub(super) outputs: VecDeque<Output>,
}

impl Machine {
    /// `timeout`: how long an answer may take. `policy`: how requests are repeated that were
    /// answered with 429 or 503.
    pub(crate) fn new(timeout: Duration, policy: RetryPolicy, login: Login) -> Self {
        Self {
            link: Link::Idle,
            login,
            attempt: 0,
            anonymous: false,
            follows: Follows::new(),
            requests: Requests::default(),
            asked: HashMap::new(),
            last_id: 0,
            clock: Estimator::default(),
            timeout_ms: millis(timeout),
            policy,
            outputs: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub(crate) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whom it takes the program for.
    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// When to come back with a [`Input::Tick`].
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        let link = match &self.link {
            Link::Waiting { until, .. } => Some(*until),
            Link::Live(live) => {
                let delayed = self.follows.values().filter_map(|follow| match follow.phase {
                    Phase::Delayed(until) => Some(until),
                    _ => None,
                });
                delayed.chain([live.next_ping, live.heard.plus_millis(DEAD_AFTER_MS)]).min()
            }
            Link::Closed => return None,
            Link::Idle | Link::Refreshing { .. } | Link::Connecting { .. } => None,
        };
        link.into_iter().chain(self.requests.wake_at()).min()
    }

    /// Takes in what happened at `now`; `entropy` spreads reconnects.
    pub(crate) fn handle(&mut self, now: Timestamp, entropy: u64, input: Input<'_>) {
        if matches!(self.link, Link::Closed) {
            if let Input::Command(Command::Request(ticket, ..)) = input {
                self.outputs.push_back(Output::Answer(ticket, Err(Error::Closed)));
            }
            return;
        }
        match input {
            Input::Start => {
                if matches!(self.link, Link::Idle) {
                    self.connect();
                }
            }
            Input::Connected { token } => self.connected(now, token),
            Input::ConnectFailed { token, refused, cause } => {
                if self.link.is_connecting(token.as_ref()) {
                    let refused = token.filter(|_| refused);
                    self.try_again(now, entropy, false, Duration::ZERO, refused, cause);
                }
            }
            Input::Frame(text) => self.frame(now, entropy, text),
            Input::Lost { code, cause } => self.lost(now, entropy, code, cause),
            // What became of a login that holds no longer is nobody's business.
            Input::Refreshed(number, _) if number != self.login.number => {}
            Input::Refreshed(_, refresh) => self.refreshed(now, entropy, refresh),
            Input::Login(login) if login.number != self.login.number => self.logged_in_as(login),
            // Newer tokens of the same login; the end of the former ones was not its end.
            Input::Login(login) => {
                self.login = login;
                self.anonymous = false;
                self.authenticate();
            }
            Input::Command(command) => self.command(now, command),
            Input::Tick => self.tick(now, entropy),
        }
    }

    // ---- what the program wants ----

    fn command(&mut self, now: Timestamp, command: Command) {
        match command {
            Command::Subscribe(channel) => {
                if let Entry::Vacant(place) = self.follows.entry(channel) {
                    place.insert(Follow::new());
                    self.subscribe(now, channel);
                }
            }
            Command::Unsubscribe(channel) => {
                if self.follows.remove(&channel).is_some() && self.is_live() {
                    self.send_unanswered(Op::Unsubscribe { channel });
                }
            }
            Command::Request(ticket, _, login) if login != self.login.number => {
                self.outputs.push_back(Output::Answer(ticket, Err(Error::LoginChanged)));
            }
            Command::Request(ticket, op, _) => {
                self.requests.add(ticket, op, now.plus_millis(self.timeout_ms));
                let waits = self.requests.get_mut(ticket).is_some_and(|request| request.is_exactly_once());
                if self.is_live() {
                    self.send_due(now);
                } else if !waits {
                    self.requests.remove(ticket);
                    self.outputs.push_back(Output::Answer(ticket, Err(request::not_connected())));
                }
            }
            Command::Withdraw(ticket) => drop(self.requests.remove(ticket)),
            Command::Close => self.close(),
        }
    }

    fn close(&mut self) {
        let unanswered = self.requests.take_all().into_iter().map(|ticket| (ticket, Error::Closed)).collect();
        self.answer_all(unanswered);
        self.link = Link::Closed;
        self.outputs.push_back(Output::Disconnect);
        self.event(LiveEvent::State(ConnectionState::CLOSED));
    }

    fn tick(&mut self, now: Timestamp, entropy: u64) {
        let overdue = self.requests.overdue(now);
        self.answer_all(overdue);
        match &mut self.link {
            Link::Waiting { until, refresh } if *until <= now => match refresh.take() {
                Some(stale) => self.refresh(stale),
                None => self.connect(),
            },
            Link::Live(live) if live.heard.plus_millis(DEAD_AFTER_MS) <= now => {
                self.give_up(now, entropy, "the server went silent");
            }
            Link::Live(live) => {
                let ping_due = live.next_ping <= now;
                if ping_due && !self.channels_in(|phase| self.is_ignored(now, phase)).is_empty() {
                    return self.give_up(now, entropy, "the server left a subscription unanswered");
                }
                if ping_due {
                    self.ping(now);
                }
                self.send_due(now);
                for channel in self.channels_in(|phase| matches!(phase, Phase::Delayed(until) if until <= now)) {
                    self.subscribe(now, channel);
                }
            }
            _ => {}
        }
    }

    fn is_ignored(&self, now: Timestamp, phase: Phase) -> bool {
        matches!(phase, Phase::Asked { at, .. } if at.plus_millis(self.timeout_ms) <= now)
    }

    // ---- what goes out ----

    fn is_live(&self) -> bool {
        matches!(self.link, Link::Live(_))
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn send(&mut self, op: Op, asked: Asked) -> u64 {
        let id = self.next_id();
        self.asked.insert(id, asked);
        self.outputs.extend(encode(id, op).map(|text| Output::Send { text, acts_for: None }));
        id
    }

    /// Sends what is done whether its answer matters or not.
    pub(super) fn send_unanswered(&mut self, op: Op) {
        let id = self.next_id();
        self.outputs.extend(encode(id, op).map(|text| Output::Send { text, acts_for: None }));
    }

    pub(super) fn ping(&mut self, now: Timestamp) {
        let Link::Live(live) = &mut self.link else { return };
        live.pings = live.pings.saturating_add(1);
        let every = if live.pings < FIRST_PINGS { FIRST_PING_EVERY_MS } else { PING_EVERY_MS };
        live.next_ping = now.plus_millis(every);
        self.send(Op::Ping, Asked::Ping { sent: now });
    }

    pub(super) fn subscribe(&mut self, now: Timestamp, channel: Channel) {
        if !self.is_live() {
            return;
        }
        let Some(follow) = self.follows.get(&channel) else { return };
        let since = follow.since();
        let id = self.send(Op::Subscribe { channel, since }, Asked::Subscribe(channel));
        if let Some(follow) = self.follows.get_mut(&channel) {
            follow.ask(id, now);
        }
    }

    pub(super) fn send_due(&mut self, now: Timestamp) {
        if !self.is_live() {
            return;
        }
        for ticket in self.requests.due(now) {
            let id = self.next_id();
            let Some(request) = self.requests.get_mut(ticket) else { continue };
            match encode(id, request.op.clone()) {
                Some(text) if text.len() <= MAX_FRAME => {
                    request.stage = Stage::Sent;
                    self.asked.insert(id, Asked::Request(ticket));
                    self.outputs.push_back(Output::Send { text, acts_for: Some(self.login.number) });
                }
                _ => {
                    self.requests.remove(ticket);
                    self.outputs.push_back(Output::Answer(ticket, Err(request::too_large())));
                }
            }
        }
    }

    pub(super) fn event(&mut self, event: LiveEvent) {
        self.outputs.push_back(Output::Event(Box::new(event)));
    }

    pub(super) fn answer_all(&mut self, answers: Vec<(Ticket, Error)>) {
        self.outputs.extend(answers.into_iter().map(|(ticket, error)| Output::Answer(ticket, Err(error))));
    }

    pub(super) fn channels_in(&self, wanted: impl Fn(Phase) -> bool) -> Vec<Channel> {
        self.follows.iter().filter(|(_, follow)| wanted(follow.phase)).map(|(channel, _)| *channel).collect()
    }
}

/// A frame's text. Wire types always encode; were one not to, nothing is sent rather than rubbish.
fn encode(id: u64, op: Op) -> Option<String> {
    serde_json::to_string(&ClientFrame { id: id.to_string(), op }).ok()
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
