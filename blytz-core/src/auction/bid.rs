//! What a bid is: what somebody offers, and how far they then stand for it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    BidId, Money, Timestamp, UserId,
    wire::{self, FieldError, auction::BidRequest},
};

/// What a bidder offers.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BidKind {
    /// Exactly this amount.
    Exact(Money),
    /// Up to this: the engine bids for them.
    Max(Money),
    /// The buy-now price, at once.
    BuyNow,
}

impl BidKind {
    /// The money in it; none in a buy-now.
    pub const fn money(self) -> Option<Money> {
        match self {
            Self::Exact(money) | Self::Max(money) => Some(money),
            Self::BuyNow => None,
        }
    }

    /// Whether it says what to pay, and not how far to go.
    pub(super) const fn is_exact(self) -> bool {
        !matches!(self, Self::Max(_))
    }
}

impl fmt::Debug for BidKind {
    /// Prints no amount: a max is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact(_) => "Exact(***)",
            Self::Max(_) => "Max(***)",
            Self::BuyNow => "BuyNow",
        })
    }
}

impl TryFrom<&BidRequest> for BidKind {
    type Error = Vec<FieldError>;

    /// # Errors
    /// The faults of the request, when it is not exactly one of `amount`, `max` and `buy_now: true`.
    fn try_from(request: &BidRequest) -> Result<Self, Vec<FieldError>> {
        wire::check(request)?;
        Ok(match (request.amount, request.max) {
            (Some(amount), _) => Self::Exact(amount),
            (None, Some(max)) => Self::Max(max),
            (None, None) => Self::BuyNow,
        })
    }
}

/// A standing offer: how far somebody goes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// Who stands for it, and pays if it wins.
    pub bidder: UserId,
    /// English: the bid by which they took the lead. Sealed: the bid with this amount.
    pub bid_id: BidId,
    /// The max, or the sealed amount, in minor units.
    pub amount: i64,
    /// Since when; the earlier of two equal ones wins.
    pub at: Timestamp,
}

impl fmt::Debug for Stake {
    /// Prints no amount.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stake")
            .field("bidder", &self.bidder)
            .field("bid_id", &self.bid_id)
            .field("amount", &"***")
            .field("at", &self.at)
            .finish()
    }
}

/// Who leads, how far they go, and what they would pay now; or who won at which price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) stake: Stake,
    pub(super) price: i64,
}

impl Lead {
    pub(super) const fn meets(&self, reserve: i64) -> bool {
        self.stake.amount >= reserve
    }
}

/// Whether a bid that is accepted is a bidder's first, or goes further than one they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Counts as a bid.
    Bid,
    /// A leader's higher max, or a higher sealed amount.
    Raise,
}
