//! A model of the server: it keeps logs, and does each bid once.

use std::collections::{HashMap, HashSet, VecDeque};

use blytz_core::{
    AuctionId, BidId, Epoch, Money, Timestamp,
    auction::{
        Event,
        log::{Head, NO_HASH},
    },
    wire::{
        ErrorCode, Problem,
        auction::{AuctionStatus, EventData, Format, LogEntry, StatusView},
        live::{Channel, Since},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) const LOTS: [AuctionId; 2] = [AuctionId(Uuid::from_u128(1)), AuctionId(Uuid::from_u128(2))];

pub(super) fn money(amount: i64) -> Money {
    Money::new(amount, "MYR".parse().expect("a currency"))
}

/// The next entry of a log, which says in which history it was written.
pub(super) fn entry(epoch: u128, lot: usize, log: &[LogEntry]) -> LogEntry {
    let mut head = log.last().map_or(Head::empty(LOTS[lot]), |last| Head {
        auction_id: LOTS[lot],
        seq: last.seq,
        hash: last.hash.clone(),
    });
    let (at, price) = (i64::try_from(log.len()).expect("small"), i64::try_from(epoch).expect("small"));
    let data = EventData::ReserveMet { price: money(price) };
    head.append(&Event { at: Timestamp::from_micros(at), data, sealed: None })
}

/// The access token of a login's n-th refresh.
pub(super) fn token(login: u64, refreshes: u64) -> String {
    format!("{login}.{refreshes}")
}

/// Whose token it is, while it holds.
pub(super) fn identify(refreshes: &HashMap<u64, u64>, given: Option<&String>) -> Option<u64> {
    let login = given?.split('.').next()?.parse().ok()?;
    let last = token(login, refreshes.get(&login).copied().unwrap_or_default());
    (given == Some(&last)).then_some(login)
}

/// The server: one log per lot, one connection at most.
pub(super) struct Server {
    pub(super) epoch: u128,
    pub(super) logs: [Vec<LogEntry>; 2],
    /// Entries before this seq are gone from the log.
    pub(super) trimmed: u64,
    pub(super) connection: Option<Connection>,
    /// Bids that were done, and in whose name.
    pub(super) executed: HashMap<BidId, u64>,
    /// How often each login was refreshed; only the last token of each holds.
    pub(super) refreshes: HashMap<u64, u64>,
    /// How many bids are answered with 503 after they were done.
    pub(super) unsure: u32,
}

#[derive(Default)]
pub(super) struct Connection {
    pub(super) token: Option<String>,
    pub(super) following: HashSet<usize>,
    pub(super) to_client: VecDeque<Value>,
    pub(super) to_server: VecDeque<Value>,
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            epoch: 1,
            logs: [Vec::new(), Vec::new()],
            trimmed: 0,
            connection: None,
            executed: HashMap::new(),
            refreshes: HashMap::new(),
            unsure: 0,
        }
    }

    pub(super) fn append(&mut self, lot: usize) {
        let next = entry(self.epoch, lot, &self.logs[lot]);
        self.logs[lot].push(next.clone());
        if let Some(connection) = self.connection.as_mut().filter(|connection| connection.following.contains(&lot)) {
            connection.to_client.push_back(event(lot, &next));
        }
    }

    /// Goes back to a backup: a new history that shares a beginning with the old one.
    pub(super) fn restore(&mut self) {
        self.connection = None;
        self.epoch += 1;
        for log in &mut self.logs {
            log.truncate(log.len() / 2);
        }
    }

    pub(super) fn identify(&self, given: Option<&String>) -> Option<u64> {
        identify(&self.refreshes, given)
    }

    /// Reads one frame of the client.
    pub(super) fn read(&mut self) {
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

    pub(super) fn refuse(&mut self, re: &Value, code: ErrorCode) {
        if let Some(connection) = &mut self.connection {
            connection.to_client.push_back(json!({"re": re, "error": Problem::new(code, "")}));
        }
    }

    pub(super) fn subscribe(&mut self, re: &Value, channel: Channel, since: Option<Since>) {
        let lot = lot_of(channel);
        let (head, epoch) = (self.logs[lot].len() as u64, Epoch(Uuid::from_u128(self.epoch)));
        let status = self.status(lot);
        let Some(connection) = &mut self.connection else { return };
        connection.following.insert(lot);
        let ours = since.as_ref().filter(|since| {
            let hash = since.seq.checked_sub(1).and_then(|index| self.logs[lot].get(index as usize)).map(|e| &*e.hash);
            let hash = if since.seq == 0 { Some(NO_HASH) } else { hash };
            since.epoch == epoch && since.seq <= head && hash == since.hash.as_deref()
        });
        let known = ours.filter(|since| since.seq >= self.trimmed);
        let reason = match (&since, ours) {
            (None, _) => "initial",
            (Some(_), Some(_)) => "trimmed",
            (Some(_), None) => "epoch",
        };
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
                "reason": reason,
            })),
        }
    }

    pub(super) fn status(&self, lot: usize) -> StatusView {
        StatusView {
            id: LOTS[lot],
            status: AuctionStatus::Live,
            format: Format::English,
            seq: self.logs[lot].len() as u64,
            epoch: Epoch(Uuid::from_u128(self.epoch)),
            hash: self.logs[lot].last().map_or_else(|| NO_HASH.to_owned(), |entry| entry.hash.clone()),
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

pub(super) fn event(lot: usize, entry: &LogEntry) -> Value {
    json!({"channel": Channel::Auction(LOTS[lot]), "event": entry})
}

pub(super) fn lot_of(channel: Channel) -> usize {
    LOTS.iter().position(|lot| channel == Channel::Auction(*lot)).expect("one of ours")
}
