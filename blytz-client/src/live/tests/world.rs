//! The machine, the model of the server, and what lies between them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use blytz_core::{
    AuctionId, BidId, StreamId, Timestamp,
    wire::{
        auction::BidRequest,
        live::{Channel, Op, ReactionKind},
    },
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{
        event::{ConnectionState, LiveEvent},
        machine::{Command, Input, Machine, Output, Refresh},
        request::Ticket,
    },
    server::{Connection, LOTS, Server, money, token},
};
use crate::{error::Error, evidence::Fork, retry::RetryPolicy, session::Login};

/// What a program saw of one lot.
#[derive(Default)]
pub(super) struct Seen {
    /// The state and all entries since, by their hashes.
    pub(super) at: Option<(u64, String)>,
    pub(super) resync_announced: bool,
}

/// The access token of a handshake.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct With(pub(super) Option<String>);

/// Client and server and what lies between them.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) server: Server,
    pub(super) now: Timestamp,
    /// What the session of the client says.
    pub(super) login: Login,
    /// Logins that the server has ended.
    pub(super) ended: HashSet<u64>,
    /// With which token a connection is being made.
    pub(super) connecting: Option<With>,
    pub(super) refreshing: Option<Login>,
    pub(super) seen: HashMap<AuctionId, Seen>,
    pub(super) answers: BTreeMap<u64, Result<Value, Error>>,
    /// Who was logged in when each bid was made.
    pub(super) bids: Vec<u64>,
    pub(super) state: Option<ConnectionState>,
    /// What the server was caught at.
    pub(super) forks: Vec<Fork>,
}

impl World {
    pub(super) fn new() -> Self {
        let login = Login { number: 0, access_token: Some(token(0, 0)) };
        let mut world = Self {
            machine: Machine::new(Duration::from_mins(1), RetryPolicy::default(), login.clone()),
            login,
            ended: HashSet::new(),
            server: Server::new(),
            now: Timestamp::from_micros(1_700_000_000_000_000),
            connecting: None,
            refreshing: None,
            seen: HashMap::new(),
            answers: BTreeMap::new(),
            bids: Vec::new(),
            state: None,
            forks: Vec::new(),
        };
        world.input(Input::Start);
        for lot in LOTS {
            world.input(Input::Command(Command::Subscribe(Channel::Auction(lot))));
        }
        world
    }

    /// A world that is connected and has everything.
    pub(super) fn connected() -> Self {
        let mut world = Self::new();
        assert!(world.converges());
        world.answers.clear();
        world
    }

    /// As the driver does it: the machine first learns who is logged in.
    pub(super) fn input(&mut self, input: Input<'_>) {
        if *self.machine.login() != self.login {
            self.machine.handle(self.now, u64::MAX / 2, Input::Login(self.login.clone()));
        }
        self.machine.handle(self.now, u64::MAX / 2, input);
        while let Some(output) = self.machine.next_output() {
            match output {
                Output::Connect { token } => {
                    assert!(self.server.connection.is_none(), "one connection at a time");
                    self.connecting = Some(With(token));
                }
                Output::Disconnect => {
                    self.connecting = None;
                    self.server.connection = None;
                }
                Output::Send { text, acts_for } => {
                    assert!(acts_for.is_none_or(|login| login == self.login.number), "nobody acts who logged out");
                    // A line that was cut takes nothing; the machine learns of it next.
                    let Some(connection) = &mut self.server.connection else { continue };
                    connection.to_server.push_back(serde_json::from_str(&text).expect("JSON"));
                }
                Output::Refresh { stale } => self.refreshing = Some(stale),
                Output::Event(event) => self.saw(*event),
                Output::Answer(ticket, result) => {
                    assert!(self.answers.insert(ticket.0, result).is_none(), "answered once");
                }
            }
        }
    }

    pub(super) fn saw(&mut self, event: LiveEvent) {
        match event {
            LiveEvent::Auction { id, entry } => {
                let seen = self.seen.get_mut(&id).expect("a state comes first");
                let (seq, hash) = seen.at.as_mut().expect("a state comes first");
                assert_eq!(entry.seq, *seq + 1, "each entry once, in order");
                assert!(entry.prev == *hash || !self.forks.is_empty(), "of one history");
                (*seq, *hash) = (entry.seq, entry.hash);
                assert!(!seen.resync_announced, "the state follows at once");
            }
            LiveEvent::AuctionState { id, status, resynced } => {
                let seen = self.seen.entry(id).or_default();
                assert_eq!(resynced, seen.at.is_some(), "only what was known is replaced");
                assert_eq!(resynced, seen.resync_announced, "and said so");
                *seen = Seen { at: Some((status.seq, status.hash)), resync_announced: false };
            }
            LiveEvent::Resynced { channel: Channel::Auction(id) } => {
                self.seen.get_mut(&id).expect("known").resync_announced = true;
            }
            LiveEvent::State(state) => self.state = Some(state),
            LiveEvent::Clock(_) => {}
            LiveEvent::Fork(fork) => self.forks.push(fork),
            other => panic!("not expected: {other:?}"),
        }
    }

    pub(super) fn connect(&mut self, works: bool) {
        let Some(With(token)) = self.connecting.take() else { return };
        if works && (token.is_none() || self.server.identify(token.as_ref()).is_some()) {
            self.server.connection = Some(Connection { token: token.clone(), ..Connection::default() });
            self.input(Input::Connected { token });
        } else {
            self.input(Input::ConnectFailed { token, refused: true, cause: "refused".to_owned() });
        }
    }

    pub(super) fn cut(&mut self, code: u16) {
        if self.server.connection.take().is_some() {
            self.input(Input::Lost { code, cause: String::new() });
        }
    }

    pub(super) fn deliver(&mut self) -> bool {
        let frame = self.server.connection.as_mut().and_then(|connection| connection.to_client.pop_front());
        if let Some(frame) = &frame {
            self.input(Input::Frame(&frame.to_string()));
        }
        frame.is_some()
    }

    pub(super) fn advance(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
        if self.machine.wake_at().is_some_and(|at| at <= self.now) {
            self.input(Input::Tick);
        }
    }

    pub(super) fn bid(&mut self) {
        let bid = BidRequest {
            auction_id: LOTS[0],
            bid_id: BidId(Uuid::from_u128(self.bids.len() as u128)),
            rules_hash: None,
            amount: Some(money(100)),
            max: None,
            buy_now: None,
        };
        let (ticket, login) = (Ticket(self.bids.len() as u64), self.login.number);
        self.bids.push(login);
        self.input(Input::Command(Command::Request(ticket, Op::Bid(bid), login)));
    }

    /// Ends the refresh that is under way; with newer tokens, if they can still be had.
    pub(super) fn refreshed(&mut self, how: Option<Refresh>) {
        let Some(stale) = self.refreshing.take() else { return };
        let holds = stale.number == self.login.number;
        let newer = || Refresh::Token(self.login.access_token.clone().unwrap_or_default());
        let how = match how {
            Some(how) => how,
            None if !holds || self.ended.contains(&stale.number) => Refresh::Refused,
            None if stale.access_token != self.login.access_token => newer(),
            None => {
                let refreshes = self.server.refreshes.entry(stale.number).or_default();
                *refreshes += 1;
                self.login.access_token = Some(token(stale.number, *refreshes));
                Refresh::Token(token(stale.number, *refreshes))
            }
        };
        if matches!(how, Refresh::Refused) && holds {
            self.ended.insert(stale.number);
        }
        self.input(Input::Refreshed(stale.number, how));
    }

    /// Somebody logs in, or out. `told`: the driver notices at once rather than with the next input.
    pub(super) fn log_in(&mut self, somebody: bool, told: bool) {
        let number = self.login.number + 1;
        self.login = Login { number, access_token: somebody.then(|| token(number, 0)) };
        if told {
            self.input(Input::Login(self.login.clone()));
        }
    }

    /// The tokens of the login stop to hold; the program may have been quicker.
    pub(super) fn expire(&mut self, noticed: bool) {
        let refreshes = self.server.refreshes.entry(self.login.number).or_default();
        *refreshes += 1;
        if noticed && self.login.access_token.is_some() {
            self.login.access_token = Some(token(self.login.number, *refreshes));
        }
    }

    /// Lets client and server say all that they have to say now.
    pub(super) fn settle(&mut self) {
        while {
            self.server.read();
            self.deliver()
        } {}
    }

    /// Lets everything work again; returns whether the client then comes to have all there is.
    pub(super) fn converges(&mut self) -> bool {
        self.server.unsure = 0;
        (0..LOTS.len()).for_each(|lot| self.server.append(lot));
        for _ in 0..2_000 {
            self.connect(true);
            self.refreshed(None);
            self.server.read();
            if self.deliver() {
                continue;
            }
            if self.is_settled() {
                return true;
            }
            if self.server.connection.as_ref().is_none_or(|connection| connection.to_server.is_empty()) {
                let wait = self.machine.wake_at().map_or(0, |at| at.micros_since(self.now).max(0) / 1_000 + 1);
                self.advance(wait);
            }
        }
        false
    }

    pub(super) fn is_settled(&self) -> bool {
        let up_to_date = |lot: usize| {
            let last = self.server.logs[lot].last().expect("appended");
            self.seen.get(&LOTS[lot]).and_then(|seen| seen.at.as_ref()) == Some(&(last.seq, last.hash.clone()))
        };
        self.answers.len() == self.bids.len() && (0..LOTS.len()).all(up_to_date)
    }

    /// Whether the connection speaks for whoever is logged in.
    pub(super) fn speaks_for_the_login(&self) -> bool {
        let connection = self.server.connection.as_ref().expect("connected");
        let login = &self.login;
        // An expired token is noticed when somebody wants something of it.
        let holds = self.server.identify(login.access_token.as_ref()).is_some();
        match &connection.token {
            Some(token) if holds && !self.ended.contains(&login.number) => login.access_token.as_ref() == Some(token),
            Some(token) => token.starts_with(&format!("{}.", login.number)),
            None => !holds || self.ended.contains(&login.number),
        }
    }

    /// The ops of the frames on their way to the server.
    pub(super) fn sent_ops(&self) -> Vec<String> {
        let frames = &self.server.connection.as_ref().expect("connected").to_server;
        frames.iter().map(|frame| frame["op"].as_str().expect("an op").to_owned()).collect()
    }
}

pub(super) fn reaction() -> Op {
    Op::React { stream_id: StreamId(Uuid::nil()), kind: ReactionKind::Fire }
}
