//! What the database keeps of an auction beside its log, so that looking at one costs a read and no
//! room.

use blytz_core::{
    BidId, Timestamp,
    auction::{Auction, PublicState, item_hash},
    wire::auction::{AuctionStatus, Item},
};
use serde::{Deserialize, Serialize};

use crate::error::{Result, internal};

/// What anybody may know of an auction after its last commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredState {
    #[serde(flatten)]
    pub public: PublicState,
    pub winning_bid: Option<BidId>,
}

impl StoredState {
    /// The state of an auction at `now`.
    pub fn of(auction: &Auction, now: Timestamp) -> Self {
        let public = auction.public(now);
        let winning_bid = auction.leading_bid().filter(|_| public.status == AuctionStatus::Sold);
        Self { public, winning_bid }
    }
}

/// The part of an auction that an amendment changes, as its row has it.
#[derive(Clone)]
pub struct StoredRules {
    pub starts_at: Option<Timestamp>,
    pub rules: String,
    pub rules_view: String,
    pub rules_hash: String,
}

impl StoredRules {
    /// The rules of an auction.
    pub fn of(auction: &Auction) -> Result<Self> {
        Ok(Self {
            starts_at: auction.starts_at(),
            rules: json(auction.rules())?,
            rules_view: json(auction.rules_view())?,
            rules_hash: auction.rules_hash().to_owned(),
        })
    }
}

/// What a lot sells, as its row has it.
#[derive(Clone)]
pub struct StoredItem {
    pub title: String,
    pub item: String,
    pub item_hash: String,
}

impl StoredItem {
    pub fn of(item: &Item) -> Result<Self> {
        Ok(Self { title: item.title.clone(), item: json(item)?, item_hash: item_hash(item) })
    }
}

/// As it is stored.
pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(internal)
}
