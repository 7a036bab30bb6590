//! What can be asked of an auction.

use super::{bid::BidKind, book::Fall, commitment::Nonce, extension::Outage, rules::Rules};
use crate::{BidId, Timestamp, UserId};

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
        /// Who bids; never the seller.
        bidder: UserId,
        /// The client's id for it.
        bid_id: BidId,
        /// How far they go, and whether that shows.
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
    /// Strikes a bid and every later one of the same bidder, and blocks them.
    Void {
        /// What falls, and what stands then, by [`super::Book::falls`].
        fall: Fall,
        /// Why; public.
        reason: String,
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
    /// Makes good for an outage: extends a soft close whose last moments fell into it, and does nothing
    /// to any other auction, nor for an outage that has been made good for. So whoever loads an
    /// auction offers it every outage that is known, in order, and sends [`Command::Tick`] after
    /// them: what is overdue and was not extended closes then.
    Resume(Outage),
}
