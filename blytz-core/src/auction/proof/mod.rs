//! Proofs: what an auction publishes after its close, and the checker that decides it again.
//!
//! A proof is the whole log with the amounts that were secret until the close. Its [`Checker`] needs
//! nothing else: event by event it recomputes hash and commitment, puts the bid before a fresh
//! engine at the logged time, and compares what follows with what the log says. It keeps of a log
//! what its engine needs, so that one of any length is checked while it arrives: [`read()`] does that
//! with JSON, [`verify()`] with a proof that is at hand.

mod assemble;
mod clue;
mod opened;
mod openings;
mod read;
mod replay;
mod retrial;
mod verify;

use serde::Serialize;

use crate::{
    AuctionId, BidId, Money, UserId,
    wire::auction::{AuctionStatus, Head, LogKey, ReserveOpening, RulesView},
};

pub use self::{
    assemble::{IncompleteLog, Opener, Viewer},
    openings::Openings,
    read::{Reading, Unreadable, read},
    verify::{Checker, verify},
};

/// All of a proof but its openings and its events, which grow with the log. Written first, so that
/// the rest can be checked while it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The auction whose log it is.
    pub auction_id: AuctionId,
    /// Its rules, the reserve hidden.
    pub rules: RulesView,
    /// The opened reserve; none without one.
    pub reserve: Option<ReserveOpening>,
    /// The head of the log.
    pub head: Head,
    /// The server's public keys: one of them signed the head, if it has a receipt.
    pub keys: Vec<LogKey>,
}

/// What a proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How the auction ended.
    pub status: AuctionStatus,
    /// Whose bid won; none unless sold.
    pub winner: Option<UserId>,
    /// What the winner pays; none unless sold.
    pub price: Option<Money>,
    /// By which bid they won; none unless sold.
    pub bid_id: Option<BidId>,
    /// Events in the log.
    pub events: u64,
    /// Bids and raises whose commitments were opened and fit.
    pub opened: u64,
    /// Maxes of the winner taken as "above the price", because this proof does not open them.
    pub hidden: u64,
    /// Whether one of the proof's keys signed a head of this log. Without a signature the server
    /// could still show somebody else another log.
    pub signed: bool,
}

/// Where a proof fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", seq.map(|seq| format!("event {seq}: ")).unwrap_or_default())]
pub struct Flaw {
    /// At which event; none when it is the proof as a whole.
    pub seq: Option<u64>,
    /// What does not fit, in a sentence.
    pub what: String,
}

impl Flaw {
    fn at(seq: u64, what: impl Into<String>) -> Self {
        Self { seq: Some(seq), what: what.into() }
    }

    fn general(what: impl Into<String>) -> Self {
        Self { seq: None, what: what.into() }
    }
}
