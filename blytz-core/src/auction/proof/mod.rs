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
mod received;
mod replay;
mod retrial;
mod trust;
mod verify;

use serde::Serialize;

use crate::{
    AuctionId, BidId, Epoch, Money, Timestamp, UserId,
    wire::auction::{AuctionStatus, Head, Item, LogKey, ReserveOpening, RulesView, VoidedBy},
};

pub use self::{
    assemble::{IncompleteLog, Opener, Viewer},
    openings::Openings,
    read::{Reading, Unreadable, read},
    trust::{Trust, TrustedKeys},
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
    /// What was sold.
    pub item: Item,
    /// The opened reserve; none without one, and none of a cancelled auction.
    pub reserve: Option<ReserveOpening>,
    /// The head of the log.
    pub head: Head,
    /// The house's public keys, by its own word.
    pub keys: Vec<LogKey>,
}

/// What a proof proves, and what the house did on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The house whose key signed the last event.
    pub origin: String,
    /// That key.
    pub key_id: String,
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
    /// Bids and raises of a cancelled auction, which nobody opens: of what came of them only the chain was
    /// checked.
    pub unopened: u64,
    /// Receipts that were kept of this auction, each of which stands in the log.
    pub receipts: u64,
    /// When nobody was served, as far as the close was moved for it.
    pub outages: Vec<OutageSeen>,
    /// What the seller or an admin struck.
    pub voids: Vec<VoidSeen>,
    /// The histories of the house in which the log began and ended, if they are not the same: it was
    /// restored from a backup in between.
    pub restored: Option<[Epoch; 2]>,
}

/// An outage that a log tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutageSeen {
    /// The event that says it.
    pub seq: u64,
    /// Since when nobody was served.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Where the close was moved to.
    pub closes_at: Timestamp,
}

/// A void that a log tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VoidSeen {
    /// The event that says it.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who wanted it.
    pub by: VoidedBy,
    /// Whether it blocked the bidder.
    pub block: bool,
    /// How many bids and raises fell.
    pub struck: u64,
    /// Why, in their words.
    pub reason: String,
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
