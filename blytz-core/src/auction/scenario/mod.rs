//! An auction told as a table: rules in a header, then a row per command with what is expected of
//! it. People read and write these; the engine replays them.
//!
//! ```text
//! title:          Equal maxes: the earlier wins, at that max
//! rules:          2 3
//! format:         english
//! starting_price: 10.00
//! increment:      1.00
//! duration:       60
//!
//! time | who | command   | outcome | price | leader | next
//! 0    | -   | open      | opened  | -     | -      | 10.00
//! 1    | ana | max 50.00 | leading | 10.00 | ana    | 11.00
//! 2    | ben | max 50.00 | outbid  | 50.00 | ana    | 51.00
//! ```
//!
//! **Header.** `title`; `rules` (what the scenario shows); then the auction's rules: `format`,
//! `currency` (MYR unless said), `starting_price`, `reserve_price`, `buy_now_price`, `increment`
//! (`1.00`, `ebay`, `whatnot`, or a table `0: 0.50, 10.00: 1.00`), `duration`, `below_reserve`,
//! `soft_close` (`last 10, reset 10` or `last 10, add 5, cap 30`), `dutch`
//! (`step 1.00, every 1, floor 5.00`), and `starts_at`. Amounts are major units, times are seconds.
//! Lines that begin with `#` are for the reader.
//!
//! **Commands.** `open`, `tick`, `resume 55 to 90` (nobody was served from second 55 to second 90),
//! `bid 12.00`, `max 50.00`, `buy now` (each with an optional `as LABEL`, which names its `bid_id`),
//! `void LABEL` (with `of NAME` where several bidders used the label, and `, no block`),
//! `unblock NAME`, `cancel`, `amend KEY: VALUE; …` with keys of the header, `suspend NAME` and
//! `block NAME`; `look` (from then on their bids name the rules that they saw). Who is `seller` or
//! `admin` acts as such; `-` is the clock or the house. Before a row the clock does what is due, but
//! before `tick` and `resume`: a lot that was overdue when an outage ended is closed by a `tick` after it.
//!
//! **Columns.** `time`, `who` and `command` are always there. The others are expectations, and may
//! be left out: `outcome` (see [`Course`]), `price`, `leader`, `next`, `close`, `bids`, `reserve`,
//! `buy now`, `extensions`, `status`. An empty cell expects nothing, `-` expects none.

mod parse;
mod run;

pub use self::run::{Course, Line, Mismatch};

use std::collections::BTreeMap;

use super::{BidKind, Outage, Rules};
use crate::{Timestamp, wire::auction::Item};

/// The moment that scenarios call 0: 2026-01-01T00:00:00Z.
pub const ZERO: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A scenario that can be run. Made by `text.parse()`.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is about, in a sentence.
    pub title: String,
    /// What it shows: numbers of the auction rules.
    pub shows: Vec<String>,
    /// The rules of the auction.
    pub rules: Rules,
    /// When it opens by itself.
    pub starts_at: Option<Timestamp>,
    /// The table's rows, in order of time.
    pub steps: Vec<Step>,
}

/// One row: a command, and what is expected of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// The row's line in the text, from 1.
    pub line: usize,
    /// When the command comes.
    pub at: Timestamp,
    /// Who; `-` for the clock.
    pub who: String,
    /// What, as it was written.
    pub text: String,
    /// What, as it was understood.
    pub action: Action,
    /// The expected cells by column; columns with empty cells are absent.
    pub expected: BTreeMap<Column, String>,
}

/// What a row asks for.
#[derive(Debug, Clone)]
pub enum Action {
    /// Open now.
    Open,
    /// Do what is due.
    Tick,
    /// Make good for an outage.
    Resume(Outage),
    /// Bid.
    Bid {
        /// How they bid.
        bid: BidKind,
        /// The name of its `bid_id`; the row's own unless given.
        label: String,
    },
    /// Look at the lot: bids of theirs name the rules that they saw, from then on.
    Look,
    /// Void the bid of this label.
    Void {
        /// The name of its `bid_id`.
        label: String,
        /// Whose bid it is, if that is said.
        of: Option<String>,
        /// Whether its bidder is blocked from then on.
        block: bool,
    },
    /// Let somebody bid again whom a void had blocked.
    Unblock {
        /// Whom.
        name: String,
    },
    /// Cancel; an admin may with bids.
    Cancel,
    /// Change rules.
    Amend {
        /// The rules from now on.
        rules: Box<Rules>,
        /// As [`super::Command::Amend`] has it.
        starts_at: Option<Option<Timestamp>>,
    },
    /// Suspend an account.
    Suspend {
        /// Who, by the name in the table.
        name: String,
    },
    /// Put somebody on the seller's blocklist.
    Block {
        /// Whom.
        name: String,
    },
}

impl Scenario {
    /// What is sold: called as the scenario is.
    pub fn item(&self) -> Item {
        let (title, description) = (self.title.clone(), String::new());
        Item { title, description, images: Vec::new(), weight_g: None, condition: None }
    }
}

/// A column that can be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// What became of the command.
    Outcome,
    /// The price after it.
    Price,
    /// Who leads after it.
    Leader,
    /// The next minimum after it.
    Next,
    /// The close after it, in seconds.
    Close,
    /// Standing bids.
    Bids,
    /// `met`, `not met`, or `-` without a reserve.
    Reserve,
    /// The buy-now price while it is open.
    BuyNow,
    /// How often the close was moved.
    Extensions,
    /// The auction's status.
    Status,
}

impl Column {
    /// All of them, in the order in which a course is printed.
    pub const ALL: [Self; 10] = [
        Self::Outcome,
        Self::Price,
        Self::Leader,
        Self::Next,
        Self::Close,
        Self::Bids,
        Self::Reserve,
        Self::BuyNow,
        Self::Extensions,
        Self::Status,
    ];

    /// Its name in a table's head.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Price => "price",
            Self::Leader => "leader",
            Self::Next => "next",
            Self::Close => "close",
            Self::Bids => "bids",
            Self::Reserve => "reserve",
            Self::BuyNow => "buy now",
            Self::Extensions => "extensions",
            Self::Status => "status",
        }
    }
}

/// The text is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl ScenarioError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}
