//! The machine against a model of the server, under any schedule of appends, deliveries, cuts,
//! lost and doubled entries, restores, reconnects, logins and logouts: each event once, in order, or
//! a `Resynced`; each bid done once, answered once, and in nobody's name but its maker's.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use blytz_core::{
    AuctionId, BidId, Epoch, Money, Timestamp,
    wire::{
        ErrorCode, Problem,
        auction::{AuctionStatus, BidRequest, EventData, Format, LogEntry, StatusView},
        live::{Channel, Op, Since},
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ConnectionState, LiveEvent,
    machine::{Command, Input, Machine, Output, Refresh, Ticket},
};
use crate::{RetryKind, error::Error, retry::RetryPolicy, session::Login};

const LOTS: [AuctionId; 2] = [AuctionId(Uuid::from_u128(1)), AuctionId(Uuid::from_u128(2))];

fn money(amount: i64) -> Money {
    Money::new(amount, "MYR".parse().expect("a currency"))
}

fn entry(epoch: u128, lot: usize, seq: u64) -> LogEntry {
    LogEntry {
        seq,
        at: Timestamp::from_micros(i64::try_from(seq).expect("small")),
        data: EventData::ReserveMet { price: money(i64::try_from(seq).expect("small")) },
        prev: if seq == 1 { "0".repeat(64) } else { String::new() },
        hash: format!("{epoch}-{lot}-{seq}"),
    }
}

/// The access token of a login's n-th refresh.
fn token(login: u64, refreshes: u64) -> String {
    format!("{login}.{refreshes}")
}

/// Whose token it is, while it holds.
fn identify(refreshes: &HashMap<u64, u64>, given: Option<&String>) -> Option<u64> {
    let login = given?.split('.').next()?.parse().ok()?;
    let last = token(login, refreshes.get(&login).copied().unwrap_or_default());
    (given == Some(&last)).then_some(login)
}

/// The server: one log per lot, one connection at most.
struct Server {
    epoch: u128,
    logs: [Vec<LogEntry>; 2],
    /// Entries before this seq are gone from the log.
    trimmed: u64,
    connection: Option<Connection>,
    /// Bids that were done, and in whose name.
    executed: HashMap<BidId, u64>,
    /// How often each login was refreshed; only the last token of each holds.
    refreshes: HashMap<u64, u64>,
    /// How many bids are answered with 503 after they were done.
    unsure: u32,
}

#[derive(Default)]
struct Connection {
    token: Option<String>,
    following: HashSet<usize>,
    to_client: VecDeque<Value>,
    to_server: VecDeque<Value>,
}

impl Server {
    fn append(&mut self, lot: usize) {
        let log = &mut self.logs[lot];
        let seq = log.len() as u64 + 1;
        let mut next = entry(self.epoch, lot, seq);
        if let Some(last) = log.last() {
            next.prev.clone_from(&last.hash);
        }
        log.push(next.clone());
        if let Some(connection) = self.connection.as_mut().filter(|connection| connection.following.contains(&lot)) {
            connection.to_client.push_back(event(lot, &next));
        }
    }

    /// Goes back to a backup: a new history that shares a beginning with the old one.
    fn restore(&mut self) {
        self.connection = None;
        self.epoch += 1;
        for log in &mut self.logs {
            log.truncate(log.len() / 2);
        }
    }

    fn identify(&self, given: Option<&String>) -> Option<u64> {
        identify(&self.refreshes, given)
    }

    /// Reads one frame of the client.
    fn read(&mut self) {
        let user = self.identify(self.connection.as_ref().and_then(|connection| connection.token.as_ref()));
        let Some(connection) = &mut self.connection else { return };
        let Some(frame) = connection.to_server.pop_front() else { return };
        let re = frame["id"].clone();
        let channel = || frame["channel"].as_str().and_then(|text| text.parse::<Channel>().ok()).expect("a channel");
        let answer = match frame["op"].as_str().expect("an op") {
            "subscribe" => return self.subscribe(&re, channel(), serde_json::from_value(frame["since"].clone()).ok()),
            "unsubscribe" => {
                connection.following.remove(&lot_of(channel()));
                json!({"re": re, "ok": {}})
            }
            "auth" => {
                let given = frame["token"].as_str().map(str::to_owned);
                if identify(&self.refreshes, given.as_ref()).is_none() {
                    return self.refuse(&re, ErrorCode::Unauthenticated);
                }
                connection.token = given;
                json!({"re": re, "ok": {}})
            }
            "bid" => {
                let Some(user) = user else { return self.refuse(&re, ErrorCode::Unauthenticated) };
                let id: BidId = serde_json::from_value(frame["bid_id"].clone()).expect("an id");
                let replayed = self.executed.insert(id, user).is_some();
                if self.unsure > 0 {
                    self.unsure -= 1;
                    return self.refuse(&re, ErrorCode::OutcomeUnknown);
                }
                json!({"re": re, "ok": {"bid_id": id, "replayed": replayed}})
            }
            "ping" => json!({"re": re, "ok": {"server_time": Timestamp::from_micros(0)}}),
            _ => json!({"re": re, "ok": {}}),
        };
        connection.to_client.push_back(answer);
    }

    fn refuse(&mut self, re: &Value, code: ErrorCode) {
        if let Some(connection) = &mut self.connection {
            connection.to_client.push_back(json!({"re": re, "error": Problem::new(code, "")}));
        }
    }

    fn subscribe(&mut self, re: &Value, channel: Channel, since: Option<Since>) {
        let lot = lot_of(channel);
        let (head, epoch) = (self.logs[lot].len() as u64, Epoch(Uuid::from_u128(self.epoch)));
        let status = self.status(lot);
        let Some(connection) = &mut self.connection else { return };
        connection.following.insert(lot);
        let known = since.as_ref().filter(|since| {
            let hash = since.seq.checked_sub(1).and_then(|index| self.logs[lot].get(index as usize)).map(|e| &e.hash);
            since.epoch == epoch && since.seq <= head && since.seq >= self.trimmed && hash == since.hash.as_ref()
        });
        let answer = json!({"channel": channel, "epoch": epoch, "seq": head, "recovered": known.is_some()});
        connection.to_client.push_back(json!({"re": re, "ok": answer}));
        match known {
            Some(since) => {
                let missed = &self.logs[lot][since.seq as usize..];
                connection.to_client.extend(missed.iter().map(|entry| event(lot, entry)));
            }
            None => connection.to_client.push_back(json!({
                "channel": channel,
                "snapshot": {"epoch": epoch, "seq": head, "state": status},
                "reason": if since.is_some() { "epoch" } else { "initial" },
            })),
        }
    }

    fn status(&self, lot: usize) -> StatusView {
        StatusView {
            id: LOTS[lot],
            status: AuctionStatus::Live,
            format: Format::English,
            seq: self.logs[lot].len() as u64,
            epoch: Epoch(Uuid::from_u128(self.epoch)),
            hash: self.logs[lot].last().map(|entry| entry.hash.clone()).unwrap_or_default(),
            price: None,
            next_minimum: None,
            leader: None,
            bid_count: 0,
            reserve_met: None,
            buy_now: None,
            opens_at: None,
            closes_at: None,
            extensions: 0,
            watchers: 0,
            server_time: Timestamp::from_micros(0),
        }
    }
}

fn event(lot: usize, entry: &LogEntry) -> Value {
    json!({"channel": Channel::Auction(LOTS[lot]), "event": entry})
}

fn lot_of(channel: Channel) -> usize {
    LOTS.iter().position(|lot| channel == Channel::Auction(*lot)).expect("one of ours")
}

/// What a program saw of one lot.
#[derive(Default)]
struct Seen {
    /// The state and all entries since, by their hashes.
    at: Option<(u64, String)>,
    resync_announced: bool,
}

/// The access token of a handshake.
#[derive(Debug, Clone, PartialEq)]
struct With(Option<String>);

/// Client and server and what lies between them.
struct World {
    machine: Machine,
    server: Server,
    now: Timestamp,
    /// What the session of the client says.
    login: Login,
    /// Logins that the server has ended.
    ended: HashSet<u64>,
    /// With which token a connection is being made.
    connecting: Option<With>,
    refreshing: Option<Login>,
    seen: HashMap<AuctionId, Seen>,
    answers: BTreeMap<u64, Result<Value, Error>>,
    /// Who was logged in when each bid was made.
    bids: Vec<u64>,
    state: Option<ConnectionState>,
}

impl World {
    fn new() -> Self {
        let server = Server {
            epoch: 1,
            logs: [Vec::new(), Vec::new()],
            trimmed: 0,
            connection: None,
            executed: HashMap::new(),
            refreshes: HashMap::new(),
            unsure: 0,
        };
        let login = Login { number: 0, access_token: Some(token(0, 0)) };
        let mut world = Self {
            machine: Machine::new(Duration::from_mins(1), RetryPolicy::default(), login.clone()),
            login,
            ended: HashSet::new(),
            server,
            now: Timestamp::from_micros(1_700_000_000_000_000),
            connecting: None,
            refreshing: None,
            seen: HashMap::new(),
            answers: BTreeMap::new(),
            bids: Vec::new(),
            state: None,
        };
        world.input(Input::Start);
        for lot in LOTS {
            world.input(Input::Command(Command::Subscribe(Channel::Auction(lot))));
        }
        world
    }

    /// As the driver does it: the machine first learns who is logged in.
    fn input(&mut self, input: Input<'_>) {
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

    fn saw(&mut self, event: LiveEvent) {
        match event {
            LiveEvent::Auction { id, entry } => {
                let seen = self.seen.get_mut(&id).expect("a state comes first");
                let (seq, hash) = seen.at.as_mut().expect("a state comes first");
                assert_eq!(entry.seq, *seq + 1, "each entry once, in order");
                assert!(*seq == 0 || entry.prev == *hash, "of one history");
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
            other => panic!("not expected: {other:?}"),
        }
    }

    fn connect(&mut self, works: bool) {
        let Some(With(token)) = self.connecting.take() else { return };
        if works && (token.is_none() || self.server.identify(token.as_ref()).is_some()) {
            self.server.connection = Some(Connection { token: token.clone(), ..Connection::default() });
            self.input(Input::Connected { token });
        } else {
            self.input(Input::ConnectFailed { token, refused: true, cause: "refused".to_owned() });
        }
    }

    fn cut(&mut self, code: u16) {
        if self.server.connection.take().is_some() {
            self.input(Input::Lost { code, cause: String::new() });
        }
    }

    fn deliver(&mut self) -> bool {
        let frame = self.server.connection.as_mut().and_then(|connection| connection.to_client.pop_front());
        if let Some(frame) = &frame {
            self.input(Input::Frame(&frame.to_string()));
        }
        frame.is_some()
    }

    fn advance(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
        if self.machine.wake_at().is_some_and(|at| at <= self.now) {
            self.input(Input::Tick);
        }
    }

    fn bid(&mut self) {
        let bid = BidRequest {
            auction_id: LOTS[0],
            bid_id: BidId(Uuid::from_u128(self.bids.len() as u128)),
            amount: Some(money(100)),
            max: None,
            buy_now: None,
        };
        let (ticket, login) = (Ticket(self.bids.len() as u64), self.login.number);
        self.bids.push(login);
        self.input(Input::Command(Command::Request(ticket, Op::Bid(bid), login)));
    }

    /// Ends the refresh that is under way; with newer tokens, if they can still be had.
    fn refreshed(&mut self, how: Option<Refresh>) {
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
    fn log_in(&mut self, somebody: bool, told: bool) {
        let number = self.login.number + 1;
        self.login = Login { number, access_token: somebody.then(|| token(number, 0)) };
        if told {
            self.input(Input::Login(self.login.clone()));
        }
    }

    /// The tokens of the login stop to hold; the program may have been quicker.
    fn expire(&mut self, noticed: bool) {
        let refreshes = self.server.refreshes.entry(self.login.number).or_default();
        *refreshes += 1;
        if noticed && self.login.access_token.is_some() {
            self.login.access_token = Some(token(self.login.number, *refreshes));
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Append(lot) => self.server.append(lot),
            Act::Read(frames) => (0..frames).for_each(|_| self.server.read()),
            Act::Deliver(frames) => {
                for _ in 0..frames {
                    self.deliver();
                }
            }
            Act::Lose => self.disturb(|frames, index| drop(frames.remove(index))),
            Act::Double => self.disturb(|frames, index| frames.push_back(frames[index].clone())),
            Act::Cut(code) => self.cut(code),
            Act::Restore => {
                self.cut(1001);
                self.server.restore();
            }
            Act::Trim => self.server.trimmed = self.server.logs[0].len() as u64,
            Act::Connect(works) => self.connect(works),
            Act::Refreshed(0) => self.refreshed(Some(Refresh::Refused)),
            Act::Refreshed(1) => self.refreshed(Some(Refresh::Failed)),
            Act::Refreshed(_) => self.refreshed(None),
            Act::LogIn(somebody, told) => self.log_in(somebody, told),
            Act::Expire(noticed) => self.expire(noticed),
            Act::Advance(millis) => self.advance(millis),
            Act::Bid => self.bid(),
            Act::Unsure => self.server.unsure += 1,
        }
    }

    /// Does something to the first entry on its way. Answers travel in order over TCP; entries
    /// pass through the server's fan-out, which may have faults.
    fn disturb(&mut self, how: impl Fn(&mut VecDeque<Value>, usize)) {
        if let Some(connection) = &mut self.server.connection
            && let Some(index) = connection.to_client.iter().position(|frame| frame.get("event").is_some())
        {
            how(&mut connection.to_client, index);
        }
    }

    /// Lets everything work again; returns whether the client then comes to have all there is.
    fn converges(&mut self) -> bool {
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

    fn is_settled(&self) -> bool {
        let up_to_date = |lot: usize| {
            let last = self.server.logs[lot].last().expect("appended");
            self.seen.get(&LOTS[lot]).and_then(|seen| seen.at.as_ref()) == Some(&(last.seq, last.hash.clone()))
        };
        self.answers.len() == self.bids.len() && (0..LOTS.len()).all(up_to_date)
    }

    /// Whether the connection speaks for whoever is logged in.
    fn speaks_for_the_login(&self) -> bool {
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
}

#[derive(Debug, Clone)]
enum Act {
    Append(usize),
    Read(usize),
    Deliver(usize),
    Lose,
    Double,
    Cut(u16),
    Restore,
    Trim,
    Connect(bool),
    Refreshed(u8),
    Advance(i64),
    Bid,
    Unsure,
    LogIn(bool, bool),
    Expire(bool),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (0..LOTS.len()).prop_map(Act::Append),
        6 => (1..6_usize).prop_map(Act::Read),
        8 => (1..8_usize).prop_map(Act::Deliver),
        2 => Just(Act::Lose),
        2 => Just(Act::Double),
        3 => proptest::sample::select(vec![1000, 1001, 1006, 1008, 4401, 4408, 4429]).prop_map(Act::Cut),
        1 => Just(Act::Restore),
        1 => Just(Act::Trim),
        6 => proptest::bool::weighted(0.8).prop_map(Act::Connect),
        3 => (0..3_u8).prop_map(Act::Refreshed),
        5 => (1..8_000_i64).prop_map(Act::Advance),
        3 => Just(Act::Bid),
        1 => Just(Act::Unsure),
        2 => (proptest::bool::weighted(0.7), proptest::bool::ANY).prop_map(|(who, told)| Act::LogIn(who, told)),
        1 => proptest::bool::ANY.prop_map(Act::Expire),
    ];
    proptest::collection::vec(act, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_event_once_in_order_or_resynced(acts in acts()) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        prop_assert!(world.converges(), "stuck in {:?}", world.state);
        prop_assert!(world.speaks_for_the_login(), "{:?}", world.login);
        for (ticket, answer) in &world.answers {
            let id = BidId(Uuid::from_u128(u128::from(*ticket)));
            let maker = world.bids[*ticket as usize];
            prop_assert!(world.server.executed.get(&id).is_none_or(|name| *name == maker), "in another's name");
            match answer {
                Ok(body) => {
                    prop_assert_eq!(&body["bid_id"], &json!(id));
                    prop_assert!(world.server.executed.contains_key(&id));
                }
                Err(Error::LoginChanged) => prop_assert!(maker != world.login.number),
                Err(error) if error.status() == Some(401) => {}
                // Given up on in time or by the policy: the caller may ask again with the same id.
                Err(error) => prop_assert!(error.retry_kind() != RetryKind::Never, "{error}"),
            }
        }
    }
}

/// A world that is connected and has everything.
fn connected() -> World {
    let mut world = World::new();
    assert!(world.converges());
    world.answers.clear();
    world
}

fn sent_ops(world: &World) -> Vec<String> {
    let frames = &world.server.connection.as_ref().expect("connected").to_server;
    frames.iter().map(|frame| frame["op"].as_str().expect("an op").to_owned()).collect()
}

#[test]
fn a_bid_in_flight_is_sent_again_with_its_id_and_before_all_else() {
    let mut world = connected();
    world.bid();
    world.server.read();
    assert_eq!(world.server.executed.len(), 1, "the server has it");
    world.cut(1006);
    assert!(world.answers.is_empty(), "and nobody was told");
    world.advance(20_000);
    world.connect(true);
    assert_eq!(sent_ops(&world), ["bid", "subscribe", "subscribe", "ping"]);
    while {
        world.server.read();
        world.deliver()
    } {}
    let answer = world.answers[&0].as_ref().expect("accepted");
    assert_eq!(answer["replayed"], true);
    assert_eq!(world.server.executed.len(), 1);
}

#[test]
fn a_withdrawn_bid_is_not_sent_again() {
    let mut world = connected();
    world.cut(1006);
    world.bid();
    world.input(Input::Command(Command::Withdraw(Ticket(0))));
    world.advance(20_000);
    world.connect(true);
    assert_eq!(sent_ops(&world), ["subscribe", "subscribe", "ping"]);
}

#[test]
fn a_reaction_does_not_outlive_its_connection() {
    let mut world = connected();
    let op =
        || Op::React { stream_id: blytz_core::StreamId(Uuid::nil()), kind: blytz_core::wire::live::ReactionKind::Fire };
    world.input(Input::Command(Command::Request(Ticket(7), op(), 0)));
    world.cut(1006);
    world.input(Input::Command(Command::Request(Ticket(8), op(), 0)));
    for ticket in [7, 8] {
        let error = world.answers[&ticket].as_ref().expect_err("lost");
        assert!(error.is_unreachable());
        assert_eq!(error.retry_kind(), RetryKind::Never);
    }
}

#[test]
fn close_codes_choose_the_pause() {
    let wait_after = |code| {
        let mut world = connected();
        world.advance(6_000);
        world.cut(code);
        match world.state {
            Some(ConnectionState::Reconnecting { attempt: 1, wait, .. }) => (wait, world.refreshing.is_some()),
            other => panic!("{other:?}"),
        }
    };
    for code in [1000, 1001, 1006, 4408] {
        let (wait, refreshing) = wait_after(code);
        assert!(wait <= Duration::from_millis(250) && !refreshing, "{code}: {wait:?}");
    }
    assert_eq!(wait_after(4401), (Duration::ZERO, true), "a new token, at once");
    for code in [1008, 4429] {
        assert!(wait_after(code).0 >= Duration::from_secs(5), "{code}");
    }
}

#[test]
fn without_a_login_it_goes_on_watching() {
    let mut world = connected();
    world.advance(6_000);
    world.cut(4401);
    world.refreshed(Some(Refresh::Refused));
    assert_eq!(world.connecting, Some(With(None)));
}

/// Lets client and server say all that they have to say now.
fn settle(world: &mut World) {
    while {
        world.server.read();
        world.deliver()
    } {}
}

#[test]
fn a_login_during_the_handshake_is_told_before_all_else() {
    let mut world = World::new();
    world.log_in(false, true);
    assert_eq!(world.connecting, Some(With(None)), "a handshake in the name of whoever left begins anew");
    for told in [true, false] {
        let mut world = World::new();
        world.log_in(false, true);
        world.log_in(true, told);
        world.bid();
        world.connect(true);
        assert_eq!(sent_ops(&world), ["auth", "bid", "subscribe", "subscribe", "ping"]);
        settle(&mut world);
        assert_eq!(world.server.executed.values().collect::<Vec<_>>(), [&world.login.number]);
        assert!(world.answers[&0].is_ok());
    }
}

#[test]
fn a_login_that_was_not_listened_to_is_brought_along_later() {
    let mut world = World::new();
    world.log_in(false, true);
    world.connect(true);
    settle(&mut world);
    world.log_in(true, true);
    let frame = world.server.connection.as_mut().and_then(|connection| connection.to_server.pop_front());
    let frame = frame.expect("a frame");
    assert_eq!(frame["op"], "auth");
    world.server.refuse(&frame["id"], ErrorCode::RateLimited);
    world.deliver();
    assert!(matches!(world.state, Some(ConnectionState::Reconnecting { wait, .. }) if wait >= Duration::from_secs(5)));
    world.advance(10_000);
    world.input(Input::Tick);
    assert_eq!(world.connecting, Some(With(world.login.access_token.clone())));
}

#[test]
fn switching_accounts_moves_to_another_connection_and_takes_nothing_along() {
    let mut world = connected();
    world.bid();
    // Nobody has told the machine when the next bid is made.
    world.log_in(true, false);
    world.bid();
    assert!(matches!(world.answers[&0], Err(Error::LoginChanged)));
    assert!(world.server.connection.is_none() && !world.answers.contains_key(&1));
    world.connect(true);
    assert_eq!(sent_ops(&world), ["bid", "subscribe", "subscribe", "ping"]);
    settle(&mut world);
    assert_eq!(world.server.executed[&BidId(Uuid::from_u128(1))], world.login.number);
    assert_eq!(world.answers[&0].as_ref().expect_err("given up").retry_kind(), RetryKind::Never);
}

#[test]
fn an_order_of_a_former_login_is_refused_however_late_it_comes() {
    let mut world = connected();
    let former = world.login.number;
    world.log_in(true, true);
    let op =
        Op::React { stream_id: blytz_core::StreamId(Uuid::nil()), kind: blytz_core::wire::live::ReactionKind::Fire };
    world.input(Input::Command(Command::Request(Ticket(0), op, former)));
    assert!(matches!(world.answers[&0], Err(Error::LoginChanged)));
}

#[test]
fn logging_out_leaves_nobody_on_the_connection() {
    let mut world = connected();
    world.bid();
    world.log_in(false, true);
    assert!(matches!(world.answers[&0], Err(Error::LoginChanged)));
    assert_eq!((world.server.connection.is_none(), &world.connecting), (true, &Some(With(None))));
}

#[test]
fn what_became_of_a_former_login_changes_nothing() {
    let ends: [fn() -> Refresh; 3] = [|| Refresh::Refused, || Refresh::Failed, || Refresh::Token("0.1".to_owned())];
    for end in ends {
        let mut world = connected();
        world.advance(6_000);
        world.cut(4401);
        let stale = world.refreshing.clone().expect("asked for");
        world.log_in(true, true);
        let mine = Some(With(world.login.access_token.clone()));
        assert_eq!(world.connecting, mine, "at once, without waiting for the other's tokens");
        world.input(Input::Refreshed(stale.number, end()));
        assert_eq!(world.connecting, mine);
        world.connect(true);
        world.input(Input::Refreshed(stale.number, end()));
        assert_eq!(sent_ops(&world), ["subscribe", "subscribe", "ping"]);
        assert!(world.speaks_for_the_login());
    }
}

#[test]
fn a_refresh_elsewhere_is_told_on_the_same_connection() {
    let mut world = connected();
    world.bid();
    world.expire(true);
    world.input(Input::Tick);
    assert_eq!(sent_ops(&world), ["bid", "auth"]);
    world.refreshed(None);
    settle(&mut world);
    assert!(world.answers[&0].is_ok() && world.speaks_for_the_login());
}

#[test]
fn an_unknown_outcome_is_final_without_an_id_of_ones_own() {
    let mut world = connected();
    let op =
        Op::React { stream_id: blytz_core::StreamId(Uuid::nil()), kind: blytz_core::wire::live::ReactionKind::Fire };
    world.input(Input::Command(Command::Request(Ticket(0), op, world.login.number)));
    let id = world.server.connection.as_ref().expect("connected").to_server[0]["id"].clone();
    let refusal = json!({"re": id, "error": Problem::new(ErrorCode::OutcomeUnknown, "")}).to_string();
    world.input(Input::Frame(&refusal));
    assert!(matches!(world.answers[&0], Err(Error::Unsettled(_))), "{:?}", world.answers);
}

#[test]
fn an_expired_login_is_renewed_before_a_bid_is_given_up() {
    let mut world = connected();
    world.bid();
    let id = world.server.connection.as_ref().expect("connected").to_server[0]["id"].clone();
    let problem = Problem::new(ErrorCode::Unauthenticated, "expired");
    let refusal = json!({"re": id, "error": problem}).to_string();
    world.input(Input::Frame(&refusal));
    assert!(world.refreshing.is_some() && world.answers.is_empty());
    world.server.connection.as_mut().expect("connected").to_server.clear();
    world.refreshed(None);
    assert_eq!(sent_ops(&world), ["auth"], "the bid waits for the login");
    while {
        world.server.read();
        world.deliver()
    } {}
    assert!(world.answers[&0].is_ok());
}

#[test]
fn a_silent_server_is_left() {
    let mut world = connected();
    let silent_since = world.now;
    while world.server.connection.is_some() {
        world.advance(1_000);
    }
    assert_eq!(world.now.micros_since(silent_since), 25_000_000);
    assert!(matches!(world.state, Some(ConnectionState::Reconnecting { .. })), "{:?}", world.state);
}

#[test]
fn closing_answers_everybody() {
    let mut world = connected();
    world.bid();
    world.input(Input::Command(Command::Close));
    assert!(matches!(world.answers[&0], Err(Error::Closed)));
    assert!(matches!(world.state, Some(ConnectionState::Closed { .. })));
    world.bid();
    assert!(matches!(world.answers[&1], Err(Error::Closed)), "and whoever comes later");
    assert_eq!(world.machine.wake_at(), None);
}

#[test]
fn an_entry_of_an_unknown_kind_counts() {
    let mut world = connected();
    let head = world.server.logs[0].len() as u64;
    let frame = json!({
        "channel": Channel::Auction(LOTS[0]),
        "event": {"seq": head + 1, "at": "2026-11-22T03:04:05.000000Z", "kind": "teleported", "data": {}, "hash": "x",
                  "prev": world.server.logs[0].last().map(|entry| &entry.hash)},
    });
    world.machine.handle(world.now, 0, Input::Frame(&frame.to_string()));
    let told = std::iter::from_fn(|| world.machine.next_output())
        .any(|output| matches!(output, Output::Event(event) if matches!(*event, LiveEvent::Unknown { seq, .. } if seq == head + 1)));
    assert!(told);
}

#[test]
fn rubbish_from_the_server_changes_nothing() {
    let mut world = connected();
    for text in ["", "{", "[]", "null", r#"{"re":"999","ok":{}}"#, r#"{"channel":"nowhere","event":{}}"#] {
        world.input(Input::Frame(text));
    }
    assert_eq!(world.state, Some(ConnectionState::Live));
    assert!(world.is_settled());
}
