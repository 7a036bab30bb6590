//! A bid, its answer, and what is remembered of it.

use serde::{Deserialize, Serialize};

use crate::{
    AuctionId, BidId, Epoch, Money, Timestamp, UserId,
    wire::{Check, Faults, stated},
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
    /// The `rules_hash` of the rules that the bidder saw: if they are others by now, the bid is refused
    /// with `rules_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, pattern = "^[0-9a-f]{64}$"))]
    pub rules_hash: Option<String>,
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
        if self.rules_hash.as_deref().is_some_and(|hash| !is_digest(hash)) {
            faults.invalid("/rules_hash", "must be 64 digits of lower-case hex, as the auction shows it");
        }
        if self.buy_now == Some(false) {
            faults.invalid("/buy_now", "must be true or absent");
        }
    }
}

/// Whether a text is what a SHA-256 looks like everywhere here.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
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

/// What the house can't take back: its signature under a bid's event, and under a head of the log at or
/// after it. One signature is under the root of a tree of all receipts of a commit (RFC 6962); `index`,
/// `size` and `path` lead from this one to the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Which of the house's keys.
    pub key_id: String,
    /// The house's name.
    pub origin: String,
    /// The history of the house.
    pub epoch: Epoch,
    /// The auction.
    pub auction_id: AuctionId,
    /// The bid; null for an event that no bid made.
    pub bid_id: Option<BidId>,
    /// The seq of its event.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// The hash of its event.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
    /// Where the log ended when it was signed.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub head_seq: u64,
    /// The hash there.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub head_hash: String,
    /// The leaf's place in the tree, from 0.
    pub index: u64,
    /// How many leaves the tree has.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub size: u64,
    /// What stands beside the way from the leaf to the root, in hex, from the leaf on.
    pub path: Vec<String>,
    /// Hex Ed25519 signature over the canonical JSON of `{origin, epoch, root, size}`.
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
