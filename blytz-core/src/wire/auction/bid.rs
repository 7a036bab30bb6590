//! A bid, its answer, and what is remembered of it.

use serde::{Deserialize, Serialize};

use crate::{
    AuctionId, BidId, Money, Timestamp, UserId,
    wire::{Check, Faults},
};

/// `POST /auction/bid`, and the `bid` frame: exactly one of `amount`, `max` and `buy_now: true`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "auction_id": "0190a5c2-7e3b-7cc1-9a54-0000000000ac",
    "bid_id": "0190a5c2-7e3b-7cc1-9a54-00000000001b",
    "amount": {"amount": 12500, "currency": "MYR"},
})))]
#[serde(deny_unknown_fields)]
pub struct BidRequest {
    /// On which auction.
    pub auction_id: AuctionId,
    /// The client's own id for this intention, kept through every retry.
    pub bid_id: BidId,
    /// An exact bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::money::Price>))]
    pub amount: Option<Money>,
    /// A proxy bid: the server bids for you up to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::money::Price>))]
    pub max: Option<Money>,
    /// Take it at the buy-now price; only `true` makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buy_now: Option<bool>,
}

impl std::fmt::Debug for BidRequest {
    /// Prints no amount: a max is secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BidRequest")
            .field("auction_id", &self.auction_id)
            .field("bid_id", &self.bid_id)
            .finish_non_exhaustive()
    }
}

impl Check for BidRequest {
    fn check(&self, faults: &mut Faults) {
        let kinds = [self.amount.is_some(), self.max.is_some(), self.buy_now.is_some()];
        if kinds.into_iter().filter(|given| *given).count() != 1 {
            faults.invalid("", "must have exactly one of amount, max and buy_now");
        }
        if self.amount.is_some_and(|amount| !amount.is_price()) {
            faults.invalid("/amount/amount", "must be at least 1 minor unit");
        }
        if self.max.is_some_and(|max| !max.is_price()) {
            faults.invalid("/max/amount", "must be at least 1 minor unit");
        }
        if self.buy_now == Some(false) {
            faults.invalid("/buy_now", "must be true or absent");
        }
    }
}

/// What became of an accepted bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BidOutcome {
    /// The bidder leads.
    Leading,
    /// Accepted, but a standing max beats it.
    Outbid,
    /// The lot is theirs.
    Won,
    /// Taken, unseen until the close.
    Sealed,
}

/// The server's signature under a head of the log at or after a bid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// Which of the server's keys.
    pub key_id: String,
    /// The head's seq.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub head_seq: u64,
    /// The head's hash.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub head_hash: String,
    /// Hex Ed25519 signature over the canonical JSON of `{auction_id, seq, hash}` of the head.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{128}$"))]
    pub signature: String,
}

/// The answer to an accepted bid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BidAnswer {
    /// The bid.
    pub bid_id: BidId,
    /// On which auction.
    pub auction_id: AuctionId,
    /// What became of it.
    pub outcome: BidOutcome,
    /// The seq of its `bid` or `max_raised` event.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// The price after it; null while sealed.
    pub price: Option<Money>,
    /// Who leads after it; null while sealed.
    pub leader_id: Option<UserId>,
    /// The least that the next bidder must bid; null while sealed and once won.
    pub next_minimum: Option<Money>,
    /// When the auction closes.
    pub closes_at: Timestamp,
    /// The hash of its event.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
    /// The server's signature under it.
    pub receipt: Receipt,
    /// Whether this answer was given before.
    pub replayed: bool,
}

/// `GET /auction/{id}/bids/{bid_id}`: a bidder's own bid, for ever.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BidRecord {
    /// The answer it got.
    #[serde(flatten)]
    pub answer: BidAnswer,
    /// The amount, if it was exact (or bought now).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub amount: Option<Money>,
    /// The max, if it was a proxy bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub max: Option<Money>,
    /// Whether it was voided since.
    pub voided: bool,
}

impl std::fmt::Debug for BidRecord {
    /// Prints no amount.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BidRecord").field("answer", &self.answer).field("voided", &self.voided).finish_non_exhaustive()
    }
}
