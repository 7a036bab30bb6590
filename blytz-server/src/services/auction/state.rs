//! The public state as the head's row keeps it, so that a status costs one read and no room.

use blytz_core::{
    BidId, Money, Timestamp, UserId,
    auction::Auction,
    wire::auction::{AuctionStatus, Format},
};
use serde::{Deserialize, Serialize};

/// What anybody may know of an auction after its last commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredState {
    pub status: AuctionStatus,
    pub format: Format,
    pub price: Option<Money>,
    pub next_minimum: Option<Money>,
    pub leader: Option<UserId>,
    pub bid_count: u64,
    pub reserve_met: Option<bool>,
    pub buy_now: Option<Money>,
    pub opens_at: Option<Timestamp>,
    pub closes_at: Option<Timestamp>,
    pub extensions: u64,
    pub winning_bid: Option<BidId>,
}

impl StoredState {
    /// The state of an auction at `now`.
    pub(super) fn of(auction: &Auction, now: Timestamp) -> Self {
        let public = auction.public(now);
        Self {
            status: public.status,
            format: public.format,
            price: public.price,
            next_minimum: public.next_minimum,
            leader: public.leader,
            bid_count: public.bid_count,
            reserve_met: public.reserve_met,
            buy_now: public.buy_now,
            opens_at: public.opens_at,
            closes_at: public.closes_at,
            extensions: public.extensions,
            winning_bid: auction.leading_bid().filter(|_| public.status == AuctionStatus::Sold),
        }
    }

    /// The status as the database filters by it.
    pub(super) const fn status_name(&self) -> &'static str {
        status_name(self.status)
    }
}

/// The name of a status, as in JSON.
pub(super) const fn status_name(status: AuctionStatus) -> &'static str {
    match status {
        AuctionStatus::Scheduled => "scheduled",
        AuctionStatus::Live => "live",
        AuctionStatus::Sold => "sold",
        AuctionStatus::Unsold => "unsold",
        AuctionStatus::Cancelled => "cancelled",
    }
}
