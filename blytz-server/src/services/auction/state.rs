//! The public state as the head's row keeps it, so that a status costs one read and no room.

use blytz_core::{
    BidId, Timestamp,
    auction::{Auction, PublicState},
    wire::auction::AuctionStatus,
};
use serde::{Deserialize, Serialize};

/// What anybody may know of an auction after its last commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredState {
    #[serde(flatten)]
    pub public: PublicState,
    pub winning_bid: Option<BidId>,
}

impl StoredState {
    /// The state of an auction at `now`.
    pub(super) fn of(auction: &Auction, now: Timestamp) -> Self {
        let public = auction.public(now);
        let winning_bid = auction.leading_bid().filter(|_| public.status == AuctionStatus::Sold);
        Self { public, winning_bid }
    }
}
