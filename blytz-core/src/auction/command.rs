//! What can be asked of an auction.

use super::{bid::BidKind, book::Fall, commitment::Nonce, extension::Outage, receipt::House, rules::Rules};
use crate::{BidId, ProductId, Timestamp, UserId, wire::auction::VoidedBy};

/// What a seller hands over to be auctioned, and to which house. Stands in the log's first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consignment {
    /// Who auctions it.
    pub house: House,
    /// Who sells, and may not bid.
    pub seller_id: UserId,
    /// One unit of this is sold.
    pub product_id: ProductId,
    /// When it opens by itself.
    pub starts_at: Option<Timestamp>,
    /// [`super::item_hash`] of what bidders are shown.
    pub item_hash: String,
}

/// A bid that is asked for.
#[derive(Debug, Clone)]
pub struct Bid {
    /// Who bids.
    pub bidder: UserId,
    /// The client's id for it.
    pub bid_id: BidId,
    /// How far they go, and whether that shows.
    pub kind: BidKind,
    /// The hash of the rules that they saw, if they say it: other rules by now refuse the bid.
    pub rules_hash: Option<String>,
    /// What the auction can't know of the bidder.
    pub standing: Standing,
    /// Fresh random bytes for the commitment.
    pub nonce: Nonce,
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
    Bid(Bid),
    /// Changes the rules or the item before the first bid. Once live the close only moves later.
    Amend {
        /// All the rules anew.
        rules: Rules,
        /// `Some` changes when it opens by itself; not once live.
        starts_at: Option<Option<Timestamp>>,
        /// `Some` is of another item than before.
        item_hash: Option<String>,
        /// Fresh random bytes for the reserve's commitment.
        reserve_nonce: Nonce,
    },
    /// Strikes a bid and every later one of the same bidder.
    Void {
        /// What falls, and what stands then, by [`super::Book::falls`].
        fall: Fall,
        /// Who wants it.
        by: VoidedBy,
        /// Whether the bidder is blocked from then on.
        block: bool,
        /// Why; public.
        reason: String,
    },
    /// Lets somebody bid again whom a void had blocked. Who is not blocked: nothing.
    Unblock(UserId),
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

#[cfg(test)]
impl Consignment {
    /// Of this seller, to a house of tests.
    pub(super) fn sample(seller_id: UserId) -> Self {
        let (uuid, item_hash) = (uuid::Uuid::from_u128(8), "ab".repeat(32));
        let house = House { origin: "shop.example".to_owned(), epoch: crate::Epoch(uuid) };
        Self { house, seller_id, product_id: ProductId(uuid), starts_at: None, item_hash }
    }
}
