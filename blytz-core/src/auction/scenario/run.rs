//! Running a scenario: its course, and where it differs from what was expected.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Action, Column, Scenario, Step, ZERO};
use crate::{
    AuctionId, BidId, Epoch, Money, ProductId, Timestamp, UserId,
    auction::{
        Auction, Bid, Book, Command, Consignment, Event, Nonce, Rejection, Standing, Unstruck, item_hash,
        recall::{Known, fingerprint, recall},
        receipt::House,
    },
    id::uuid_v7,
    wire::auction::{BidOutcome, EventData, VoidedBy},
};

/// What happened, line by line.
///
/// The outcome of a line is, for a bid, `leading`, `outbid`, `won`, `sealed`, `raised` or `replay`;
/// for other commands the event's kind (`sold` and `unsold` for a close), or `-` when nothing had to
/// happen. What was announced with it follows after commas: `leading, reserve_met, extended`. A
/// refusal is its code; `bid_too_low` says the least that would do.
#[derive(Debug, Clone)]
pub struct Course {
    /// One line per row of the scenario, and one for everything the clock did in between.
    pub lines: Vec<Line>,
    /// All events, with their sealed parts.
    pub log: Vec<Event>,
    /// The auction at the end.
    pub auction: Auction,
}

/// One line of a course.
#[derive(Debug, Clone)]
pub struct Line {
    /// The row's line in the text; `None` for what the clock did by itself.
    pub row: Option<usize>,
    /// When, in seconds.
    pub time: String,
    /// Whose command it is; `-` for the clock.
    pub who: String,
    /// The command as the table says it.
    pub command: String,
    /// What became of it.
    pub cells: BTreeMap<Column, String>,
}

/// A cell that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The row's line in the text.
    pub row: usize,
    /// Where the table errs.
    pub column: Column,
    /// What was expected.
    pub expected: String,
    /// What happened.
    pub actual: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, column, expected, actual } = self;
        write!(f, "line {row}: {} is `{actual}`, expected `{expected}`", column.name())
    }
}

impl Scenario {
    /// Runs all commands, and the clock to the close after them.
    pub fn run(&self) -> Course {
        let mut runner = Runner::new(self);
        for step in &self.steps {
            runner.catch_up(step);
            runner.step(step);
        }
        if let Some(close) = runner.auction.closes_at().filter(|_| !runner.auction.is_over()) {
            runner.clock(close);
        }
        runner.course()
    }

    /// The cells of a course of this scenario that are not as expected.
    pub fn mismatches(&self, course: &Course) -> Vec<Mismatch> {
        let rows = self.steps.iter().filter_map(|step| {
            let line = course.lines.iter().find(|line| line.row == Some(step.line))?;
            Some((step, line))
        });
        let cells = rows.flat_map(|(step, line)| {
            step.expected.iter().map(move |(column, expected)| Mismatch {
                row: step.line,
                column: *column,
                expected: expected.clone(),
                actual: line.cells.get(column).cloned().unwrap_or_default(),
            })
        });
        cells.filter(|cell| cell.expected != cell.actual).collect()
    }
}

impl fmt::Display for Course {
    /// An aligned table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["time", "who", "command"].into_iter().chain(Column::ALL.into_iter().map(Column::name));
        let mut rows: Vec<Vec<&str>> = vec![head.collect()];
        rows.extend(self.lines.iter().map(|line| {
            let cells = Column::ALL.iter().map(|column| line.cells.get(column).map_or("", String::as_str));
            [&*line.time, &*line.who, &*line.command].into_iter().chain(cells).collect()
        }));
        let columns = rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|index| {
                rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", cells.join(" | ").trim_end())?;
        }
        Ok(())
    }
}

/// An id made of a number: scenarios need ids that are theirs alone, not unguessable ones.
fn uuid(kind: u8, number: usize) -> uuid::Uuid {
    let [.., a, b, c, d] = number.to_be_bytes();
    uuid_v7(ZERO, [kind, 0, 0, 0, 0, 0, a, b, c, d])
}

/// The seconds since [`ZERO`], without needless decimals.
fn seconds(at: Timestamp) -> String {
    let micros = at.micros_since(ZERO);
    let text = format!("{}.{:06}", micros / 1_000_000, micros.unsigned_abs() % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

struct Runner {
    auction: Auction,
    log: Vec<Event>,
    lines: Vec<Line>,
    users: Names,
    bids: Names,
    known: BTreeMap<(UserId, BidId), Known>,
    suspended: BTreeSet<UserId>,
    blocked: BTreeSet<UserId>,
    /// The hash of the rules that somebody saw.
    seen: BTreeMap<UserId, String>,
    nonces: u8,
}

/// Names and the ids that they stand for.
struct Names {
    kind: u8,
    names: Vec<String>,
}

impl Names {
    fn id(&mut self, name: &str) -> uuid::Uuid {
        let known = self.names.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        uuid(self.kind, number)
    }

    fn name(&self, id: uuid::Uuid) -> &str {
        let index = (0..self.names.len()).find(|number| uuid(self.kind, *number) == id);
        index.and_then(|index| self.names.get(index)).map_or("?", String::as_str)
    }
}

impl Runner {
    fn new(scenario: &Scenario) -> Self {
        let mut users = Names { kind: 1, names: Vec::new() };
        let seller = UserId(users.id("seller"));
        let consignment = Consignment {
            house: House { origin: "scenario".to_owned(), epoch: Epoch(uuid(5, 0)) },
            seller_id: seller,
            product_id: ProductId(uuid(4, 0)),
            starts_at: scenario.starts_at,
            item_hash: item_hash(&scenario.item()),
        };
        let (at, id) = (ZERO.plus_millis(-1_000), AuctionId(uuid(3, 0)));
        let (auction, scheduled) =
            Auction::schedule(at, id, consignment, scenario.rules.clone(), Nonce::from_bytes([0; 32]));
        Self {
            auction,
            log: vec![scheduled],
            lines: Vec::new(),
            users,
            bids: Names { kind: 2, names: Vec::new() },
            known: BTreeMap::new(),
            suspended: BTreeSet::new(),
            blocked: BTreeSet::new(),
            seen: BTreeMap::new(),
            nonces: 0,
        }
    }

    /// Lets the clock do what it would have done before this row. A row that is the clock itself,
    /// or the end of an outage, in which there was none, stands alone.
    fn catch_up(&mut self, step: &Step) {
        if matches!(step.action, Action::Tick | Action::Resume(_)) {
            return;
        }
        while let Some(due) = self.auction.poll_timeout().filter(|due| *due <= step.at) {
            self.clock(due);
        }
    }

    fn clock(&mut self, at: Timestamp) {
        let outcome = self.ask(at, Command::Tick);
        self.line(None, at, "-", "tick", outcome);
    }

    fn step(&mut self, step: &Step) {
        let outcome = match &step.action {
            Action::Suspend { name } => {
                let user = UserId(self.users.id(name));
                self.suspended.insert(user);
                "-".to_owned()
            }
            Action::Block { name } => {
                let user = UserId(self.users.id(name));
                self.blocked.insert(user);
                "-".to_owned()
            }
            Action::Look => {
                let user = UserId(self.users.id(&step.who));
                self.seen.insert(user, self.auction.rules_hash().to_owned());
                "-".to_owned()
            }
            Action::Bid { bid, label } => {
                let bidder = UserId(self.users.id(&step.who));
                let bid_id = BidId(self.bids.id(label));
                self.bid(step.at, bidder, bid_id, *bid)
            }
            Action::Open => self.ask(step.at, Command::Open),
            Action::Tick => self.ask(step.at, Command::Tick),
            Action::Resume(outage) => self.ask(step.at, Command::Resume(*outage)),
            Action::Void { label, of, block } => {
                let bid_id = BidId(self.bids.id(label));
                let bidder = of.as_ref().map(|name| UserId(self.users.id(name)));
                let by = if step.who == "admin" { VoidedBy::Admin } else { VoidedBy::Seller };
                self.void(step.at, bid_id, bidder, by, *block)
            }
            Action::Unblock { name } => {
                let user = UserId(self.users.id(name));
                self.ask(step.at, Command::Unblock(user))
            }
            Action::Cancel => {
                let by_admin = step.who == "admin";
                self.ask(step.at, Command::Cancel { reason: "as told".to_owned(), by_admin })
            }
            Action::Amend { rules, starts_at } => {
                let reserve_nonce = self.nonce();
                let rules = (**rules).clone();
                self.ask(step.at, Command::Amend { rules, starts_at: *starts_at, item_hash: None, reserve_nonce })
            }
        };
        self.line(Some(step.line), step.at, &step.who, &step.text, outcome);
    }

    fn bid(&mut self, at: Timestamp, bidder: UserId, bid_id: BidId, bid: crate::auction::BidKind) -> String {
        let rules_hash = self.seen.get(&bidder).cloned();
        let fingerprint = fingerprint(bid, rules_hash.as_deref());
        if let Some(known) = self.known.get(&(bidder, bid_id)) {
            return match recall(known, &fingerprint) {
                Ok(()) => "replay".to_owned(),
                Err(rejection) => refusal(&rejection),
            };
        }
        let standing =
            Standing { suspended: self.suspended.contains(&bidder), blocked: self.blocked.contains(&bidder) };
        let nonce = self.nonce();
        let before = self.log.len();
        let bid = Bid { bidder, bid_id, kind: bid, rules_hash, standing, nonce };
        let outcome = self.ask(at, Command::Bid(bid));
        if self.log.len() > before {
            self.known.insert((bidder, bid_id), Known { fingerprint });
        }
        outcome
    }

    fn void(&mut self, at: Timestamp, bid_id: BidId, bidder: Option<UserId>, by: VoidedBy, block: bool) -> String {
        match Book::of(&self.log).falls(&self.auction, bid_id, bidder, usize::MAX) {
            Ok(falls) => match falls.into_iter().next() {
                Some(fall) => self.ask(at, Command::Void { fall, by, block, reason: "as told".to_owned() }),
                None => "-".to_owned(),
            },
            Err(Unstruck::Refused(rejection)) => refusal(&rejection),
            Err(unsaid @ (Unstruck::FurtherBack { .. } | Unstruck::Gap { .. })) => unsaid.to_string(),
        }
    }

    fn ask(&mut self, at: Timestamp, command: Command) -> String {
        match self.auction.handle(at, command) {
            Ok(events) => {
                let told: Vec<_> = events.iter().map(|event| told(&event.data)).collect();
                self.log.extend(events);
                if told.is_empty() { "-".to_owned() } else { told.join(", ") }
            }
            Err(rejection) => refusal(&rejection),
        }
    }

    fn nonce(&mut self) -> Nonce {
        self.nonces = self.nonces.wrapping_add(1);
        Nonce::from_bytes([self.nonces; 32])
    }

    fn line(&mut self, row: Option<usize>, at: Timestamp, who: &str, command: &str, outcome: String) {
        let state = self.auction.public(at);
        let none = || "-".to_owned();
        let money = |money: Option<Money>| money.map_or_else(none, Money::to_decimal);
        let reserve = match state.reserve_met {
            None => "-",
            Some(true) => "met",
            Some(false) => "not met",
        };
        let leader = state.leader.map_or("-", |leader| self.users.name(leader.uuid()));
        let cells = [
            (Column::Outcome, outcome),
            (Column::Price, money(state.price)),
            (Column::Leader, leader.to_owned()),
            (Column::Next, money(state.next_minimum)),
            (Column::Close, state.closes_at.map_or_else(none, seconds)),
            (Column::Bids, state.bid_count.to_string()),
            (Column::Reserve, reserve.to_owned()),
            (Column::BuyNow, money(state.buy_now)),
            (Column::Extensions, state.extensions.to_string()),
            (Column::Status, state.status.name().to_owned()),
        ];
        let (who, command) = (who.to_owned(), command.to_owned());
        self.lines.push(Line { row, time: seconds(at), who, command, cells: cells.into() });
    }

    fn course(self) -> Course {
        Course { lines: self.lines, log: self.log, auction: self.auction }
    }
}

fn refusal(rejection: &Rejection) -> String {
    match rejection {
        Rejection::BidTooLow { next_minimum } => format!("bid_too_low {}", next_minimum.to_decimal()),
        other => other.code().to_string(),
    }
}

const fn told(data: &EventData) -> &'static str {
    match data {
        EventData::Scheduled { .. } => "scheduled",
        EventData::Amended { .. } => "amended",
        EventData::Opened { .. } => "opened",
        EventData::Bid { outcome: BidOutcome::Leading, .. } => "leading",
        EventData::Bid { outcome: BidOutcome::Outbid, .. } => "outbid",
        EventData::Bid { outcome: BidOutcome::Won, .. } => "won",
        EventData::Bid { outcome: BidOutcome::Sealed, .. } => "sealed",
        EventData::MaxRaised { .. } => "raised",
        EventData::ReserveMet { .. } => "reserve_met",
        EventData::Voided { .. } => "voided",
        EventData::Unblocked { .. } => "unblocked",
        EventData::Extended { .. } => "extended",
        EventData::Closed { status, .. } => status.name(),
        EventData::Cancelled { .. } => "cancelled",
    }
}
