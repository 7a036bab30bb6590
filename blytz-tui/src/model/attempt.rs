//! The bids made from this terminal, each from the key press to the server's last word.

use std::collections::VecDeque;

use blytz_core::{
    AuctionId, BidId, Money, Timestamp,
    wire::auction::{BidOutcome, BidRequest},
};

use super::request_error::RequestError;
use crate::format;

/// How many are remembered.
const REMEMBERED: usize = 50;

/// What was bid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BidKind {
    /// An exact amount.
    Exact(Money),
    Max(Money),
    /// The buy-now price.
    BuyNow(Money),
}

impl std::fmt::Debug for BidKind {
    /// Prints no amount: a max is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Exact(_) => "Exact(***)",
            Self::Max(_) => "Max(***)",
            Self::BuyNow(_) => "BuyNow(***)",
        })
    }
}

impl BidKind {
    pub fn words(self) -> String {
        match self {
            Self::Exact(amount) => format::money(amount),
            Self::Max(amount) => format!("max {}", format::money(amount)),
            Self::BuyNow(amount) => format!("buy now at {}", format::money(amount)),
        }
    }
}

/// What is known of a bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptState {
    /// On its way.
    Pending,
    /// Counted.
    Accepted {
        /// What became of it.
        outcome: BidOutcome,
        /// The price after it.
        price: Option<Money>,
    },
    /// Counted, and struck since.
    Voided,
    /// Not counted.
    Refused(RequestError),
    /// Nobody said; asking again with the same id tells.
    Unknown(RequestError),
}

/// A bid made from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its id: one per intention, the same when asked again.
    pub bid: BidId,
    /// On which lot.
    pub auction: AuctionId,
    /// What was bid.
    pub kind: BidKind,
    /// The rules that were on the screen; none when they are not known.
    pub rules_hash: Option<String>,
    /// When the key was pressed, by this machine's clock.
    pub made_at: Timestamp,
    /// What is known of it.
    pub state: AttemptState,
}

impl Attempt {
    /// The request, the same each time.
    pub fn request(&self) -> BidRequest {
        let (amount, max, buy_now) = match self.kind {
            BidKind::Exact(amount) => (Some(amount), None, None),
            BidKind::Max(max) => (None, Some(max), None),
            BidKind::BuyNow(_) => (None, None, Some(true)),
        };
        let rules_hash = self.rules_hash.clone();
        BidRequest { auction_id: self.auction, bid_id: self.bid, rules_hash, amount, max, buy_now }
    }
}

/// The bids made from here, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Attempts(VecDeque<Attempt>);

impl Attempts {
    /// Adds one.
    pub fn push(&mut self, attempt: Attempt) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(attempt);
    }

    /// One by its id.
    pub fn get(&self, bid: BidId) -> Option<&Attempt> {
        self.0.iter().find(|attempt| attempt.bid == bid)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, bid: BidId) -> Option<&mut Attempt> {
        self.0.iter_mut().find(|attempt| attempt.bid == bid)
    }

    /// The latest on a lot.
    pub fn latest_on(&self, auction: AuctionId) -> Option<&Attempt> {
        self.0.iter().rev().find(|attempt| attempt.auction == auction)
    }

    /// The latest without an answer on a lot.
    pub fn unknown_on(&mut self, auction: AuctionId) -> Option<&mut Attempt> {
        let unknown =
            |attempt: &&mut Attempt| attempt.auction == auction && matches!(attempt.state, AttemptState::Unknown(_));
        self.0.iter_mut().rev().find(unknown)
    }

    /// Whether the same bid on the lot is on its way.
    pub fn is_pending(&self, auction: AuctionId, kind: BidKind) -> bool {
        let same = |a: &Attempt| a.auction == auction && a.kind == kind && a.state == AttemptState::Pending;
        self.0.iter().any(same)
    }

    /// Whether a bid on the lot has no answer yet.
    pub fn waits_on(&self, auction: AuctionId) -> bool {
        let waits =
            |a: &Attempt| a.auction == auction && matches!(a.state, AttemptState::Pending | AttemptState::Unknown(_));
        self.0.iter().any(waits)
    }

    /// Whether a bid on the lot counted.
    pub fn accepted_on(&self, auction: AuctionId) -> bool {
        let accepted = |a: &Attempt| a.auction == auction && matches!(a.state, AttemptState::Accepted { .. });
        self.0.iter().any(accepted)
    }

    /// Forgets all: somebody else logged in.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
