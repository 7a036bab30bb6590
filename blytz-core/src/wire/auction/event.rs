//! What happens in an auction, as its log tells everybody.

use serde::{Deserialize, Serialize};

use super::bid::BidOutcome;
use super::rules::RulesView;
use super::status::AuctionStatus;
use crate::{BidId, Epoch, Money, ProductId, Timestamp, UserId};

/// The format of logs that are written, and the only one that is read. Fields are added to it, absent
/// when unused; another number says that what is there means something else.
pub const LOG_VERSION: u8 = 2;

/// Who had a bid voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VoidedBy {
    /// Who sells the lot.
    Seller,
    /// An admin of the house.
    Admin,
}

/// Why a close was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExtensionReason {
    /// A late bid.
    SoftClose,
    /// A bid was voided late.
    Void,
    /// Nobody was served during the last moments.
    Outage,
}

/// What happened in an auction, as everybody sees it. People are ids; no max and no reserve is in
/// any of these. While sealed, everything but the count, the id and the commitment is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum EventData {
    /// The auction was made.
    Scheduled {
        /// The log's format; see [`LOG_VERSION`].
        #[cfg_attr(feature = "openapi", schema(minimum = 2, maximum = 2))]
        v: u8,
        /// The house's name, as its keys and receipts have it.
        origin: String,
        /// The history of the house in which it was made.
        epoch: Epoch,
        /// Who sells.
        seller_id: UserId,
        /// What.
        product_id: ProductId,
        /// When it opens by itself.
        starts_at: Option<Timestamp>,
        /// How; the reserve hidden.
        rules: RulesView,
        /// Hex SHA-256 of the canonical JSON of `rules`.
        #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
        rules_hash: String,
        /// Hex SHA-256 of the canonical JSON of the lot's item.
        #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
        item_hash: String,
    },
    /// The rules, the item or the opening were changed before the first bid.
    Amended {
        /// The rules from now on; the reserve hidden.
        rules: RulesView,
        /// Hex SHA-256 of the canonical JSON of `rules`.
        #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
        rules_hash: String,
        /// Hex SHA-256 of the canonical JSON of the lot's item from now on.
        #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
        item_hash: String,
        /// When it opens by itself, from now on; absent when it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(nullable = false))]
        starts_at: Option<Timestamp>,
        /// The close from now on; null while scheduled.
        closes_at: Option<Timestamp>,
    },
    /// Bids are taken from now on.
    Opened {
        /// From when.
        opens_at: Timestamp,
        /// Until when.
        closes_at: Timestamp,
    },
    /// A bid was accepted.
    Bid {
        /// Which.
        bid_id: BidId,
        /// Whose; null while sealed.
        bidder: Option<UserId>,
        /// What became of it.
        outcome: BidOutcome,
        /// The price after it.
        price: Option<Money>,
        /// Who leads after it.
        leader: Option<UserId>,
        /// The least that the next bidder must bid; null once won.
        next_minimum: Option<Money>,
        /// The close after it.
        closes_at: Timestamp,
        /// Standing accepted bids.
        bid_count: u64,
        /// Hex SHA-256 of the canonical JSON of `{auction_id, bidder,
        /// bid_id, rules_hash, amount|max, nonce}`.
        #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
        commitment: String,
    },
    /// A leader raised their max (or, while sealed, somebody raised their bid).
    MaxRaised {
        /// The bid that raised it.
        bid_id: BidId,
        /// The price after it.
        price: Option<Money>,
        /// Who leads.
        leader: Option<UserId>,
        /// The least that the next bidder must bid.
        next_minimum: Option<Money>,
        /// Hex SHA-256 of the canonical JSON of `{auction_id, bidder,
        /// bid_id, rules_hash, amount|max, nonce}`.
        #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
        commitment: String,
    },
    /// The price reached the reserve.
    ReserveMet {
        /// The price.
        price: Money,
    },
    /// A bid was voided.
    Voided {
        /// Which.
        bid_id: BidId,
        /// The seq of its own event: several bidders may have used the same id.
        #[cfg_attr(feature = "openapi", schema(minimum = 1))]
        bid_seq: u64,
        /// Who had it voided.
        by: VoidedBy,
        /// Whether its bidder is blocked in this auction from now on; absent when they are.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        #[cfg_attr(feature = "openapi", schema(default = true))]
        block: bool,
        /// All that fell with it, itself first, in log order.
        struck: Vec<BidId>,
        /// Why.
        reason: String,
        /// The price after it.
        price: Option<Money>,
        /// Who leads after it.
        leader: Option<UserId>,
        /// The least that the next bidder must bid.
        next_minimum: Option<Money>,
        /// Whether the reserve is met; null without one.
        reserve_met: Option<bool>,
        /// Standing accepted bids.
        bid_count: u64,
        /// The close after it.
        closes_at: Timestamp,
    },
    /// The seller lets a bidder bid again whom a void had blocked. While sealed nobody may be named,
    /// so it is said by the bid.
    Unblocked {
        /// The bid whose void had blocked them.
        bid_id: BidId,
        /// The seq of that bid's own event.
        #[cfg_attr(feature = "openapi", schema(minimum = 1))]
        bid_seq: u64,
    },
    /// The close was moved.
    Extended {
        /// To when.
        closes_at: Timestamp,
        /// Why.
        reason: ExtensionReason,
        /// Since when nobody had been served; of an outage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(nullable = false))]
        from: Option<Timestamp>,
        /// Until when nobody was served; of an outage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(nullable = false))]
        to: Option<Timestamp>,
    },
    /// The auction is over.
    Closed {
        /// `sold` or `unsold`.
        status: AuctionStatus,
        /// Who won.
        winner: Option<UserId>,
        /// The hammer price.
        price: Option<Money>,
    },
    /// The auction was called off.
    Cancelled {
        /// Why.
        reason: String,
    },
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over like this")]
const fn is_yes(said: &bool) -> bool {
    *said
}

impl EventData {
    /// That the close was moved for something that has no bounds.
    pub const fn extended(closes_at: Timestamp, reason: ExtensionReason) -> Self {
        Self::Extended { closes_at, reason, from: None, to: None }
    }

    /// The hash of the rules that it puts in force.
    pub fn rules_hash(&self) -> Option<&str> {
        match self {
            Self::Scheduled { rules_hash, .. } | Self::Amended { rules_hash, .. } => Some(rules_hash),
            _ => None,
        }
    }

    /// The rules that it puts in force.
    pub const fn rules(&self) -> Option<&RulesView> {
        match self {
            Self::Scheduled { rules, .. } | Self::Amended { rules, .. } => Some(rules),
            _ => None,
        }
    }
}

/// One entry of an auction's log: public, hashed, sent to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogEntry {
    /// Its place, dense from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub data: EventData,
    /// The hash of the entry before it; 64 zeros at seq 1.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub prev: String,
    /// Hex SHA-256 of the canonical JSON of `{auction_id, seq, at, kind, data, prev}`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}
