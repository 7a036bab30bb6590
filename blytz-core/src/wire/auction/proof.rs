//! What anybody needs to check an auction after its close.

use serde::{Deserialize, Serialize};

use super::bid::Receipt;
use super::event::LogEntry;
use super::item::Item;
use super::rules::RulesView;
use crate::{AuctionId, BidId, Money, Timestamp, UserId};

/// One of the server's signing keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogKey {
    /// Its id, as receipts name it.
    pub key_id: String,
    /// Always `Ed25519`.
    pub alg: String,
    /// Hex of the 32 bytes of the public key.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub public_key: String,
    /// Since when it signs.
    pub from: Timestamp,
    /// Until when it signed; null while it does.
    pub until: Option<Timestamp>,
}

/// `GET /auction/keys`: all keys, retired ones too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogKeys {
    /// The keys.
    pub keys: Vec<LogKey>,
}

/// The opened reserve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReserveOpening {
    /// The reserve.
    pub reserve_price: Money,
    /// Hex of the commitment's 32 random bytes.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub nonce: String,
}

/// One opened bid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opening {
    /// The event's seq.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// The bid.
    pub bid_id: BidId,
    /// Whose. While sealed the log does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub bidder: Option<UserId>,
    /// The amount, if it was exact (or bought now).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub amount: Option<Money>,
    /// The max, if it was a proxy bid. Absent with `amount` absent, too: a winner's max above the
    /// price, which only the winner and admins see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub max: Option<Money>,
    /// Hex of the commitment's 32 random bytes; null where the amount is not shown.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub nonce: Option<String>,
}

/// A head of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Head {
    /// The last event's seq.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// Its hash.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
    /// The house's signature under exactly this event. Whoever takes it out leaves a proof that proves
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub receipt: Option<Receipt>,
}

/// `GET /auction/{id}/proof`: with the events, all that a checker needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proof {
    /// Which auction.
    pub auction_id: AuctionId,
    /// Its rules, the reserve hidden.
    pub rules: RulesView,
    /// What was sold.
    pub item: Item,
    /// The opened reserve; null without one, and where the auction was cancelled.
    pub reserve: Option<ReserveOpening>,
    /// The opened bids, in log order; none where the auction was cancelled.
    pub openings: Vec<Opening>,
    /// The head of the log.
    pub head: Head,
    /// The server's keys.
    pub keys: Vec<LogKey>,
    /// The whole log.
    pub events: Vec<LogEntry>,
}
