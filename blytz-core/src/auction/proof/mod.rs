//! Proofs: what an auction publishes after its close, and the checker that decides it again.
//!
//! A proof is the whole log with the amounts that were secret until the close. [`verify()`] needs
//! nothing else: it recomputes every hash and commitment, then puts every bid before a fresh
//! engine, in log order and at the logged times, and compares what follows with what the log says.

mod assemble;
mod replay;
mod verify;

use crate::{
    BidId, Money, UserId,
    wire::auction::{AuctionStatus, LogEntry},
};

pub use self::{
    assemble::{IncompleteLog, Viewer},
    verify::verify,
};

/// What a proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How the auction ended.
    pub status: AuctionStatus,
    /// Who won.
    pub winner: Option<UserId>,
    /// The hammer price.
    pub price: Option<Money>,
    /// The winning bid.
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
    fn at(entry: &LogEntry, what: impl Into<String>) -> Self {
        Self { seq: Some(entry.seq), what: what.into() }
    }

    fn general(what: impl Into<String>) -> Self {
        Self { seq: None, what: what.into() }
    }
}
