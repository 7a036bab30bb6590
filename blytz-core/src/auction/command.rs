//! What can be asked of an auction.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{log::Nonce, rules::Rules, void::Ledger};
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

/// Facts about a bidder that live outside the auction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The account is suspended.
    pub suspended: bool,
    /// The seller has blocked them. (Who was blocked by a void, the auction knows itself.)
    pub blocked: bool,
}

/// What can be asked of an auction. See [`super::Auction::handle`].
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens a scheduled auction now. While it is live: nothing.
    Open,
    /// A bid. The caller has looked for a known `bid_id` before.
    Bid {
        /// Whose.
        bidder: UserId,
        /// The client's id for it.
        bid_id: BidId,
        /// What is offered.
        bid: BidKind,
        /// What the auction can't know of the bidder.
        standing: Standing,
        /// Fresh random bytes for the commitment.
        nonce: Nonce,
    },
    /// Changes the rules before the first bid. Once live the close only moves later.
    Amend {
        /// All the rules anew.
        rules: Rules,
        /// `Some` changes when it opens by itself; not once live.
        starts_at: Option<Option<Timestamp>>,
        /// Fresh random bytes for the reserve's commitment.
        reserve_nonce: Nonce,
    },
    /// Strikes a bid and every later one of the same bidder, and blocks them. Again: nothing.
    Void {
        /// Which bid.
        bid_id: BidId,
        /// Whose; needed only when several bidders used this id.
        bidder: Option<UserId>,
        /// Why; public.
        reason: String,
        /// The bids of the whole log so far.
        ledger: Ledger,
    },
    /// Calls the auction off. Again: nothing.
    Cancel {
        /// Why; public.
        reason: String,
        /// An admin may even when there are bids.
        by_admin: bool,
    },
    /// Opens or closes what is due.
    Tick,
    /// The process has started: extends a soft close whose last moments fell into the outage, then
    /// as [`Command::Tick`].
    Resume,
}
