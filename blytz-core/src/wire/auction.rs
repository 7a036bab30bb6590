//! Auctions (service auction): rules, bids, events, proofs.

use serde::{Deserialize, Serialize};

use super::{Check, Faults, account::PublicUser, present, stated};
use crate::{AuctionId, BidId, Currency, Epoch, Money, ProductId, StreamId, Timestamp, UserId};

/// How a lot is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Open ascending bids.
    English,
    /// The price falls until somebody takes it.
    Dutch,
    /// Hidden bids; the highest wins and pays itself.
    SealedFirstPrice,
    /// Hidden bids; the highest wins and pays the second highest.
    SealedSecondPrice,
}

/// One row of an increment table: from this price on, this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IncrementRow {
    /// Minor units; 0 in the first row, rising.
    pub from: i64,
    /// Minor units, at least 1, never falling.
    pub step: i64,
}

/// Increment tables known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NamedIncrement {
    /// As eBay publishes for its US site.
    Ebay,
    /// As Whatnot's shows step.
    Whatnot,
}

/// By how much a bid must beat the price. In an answer a name stands expanded as its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Increment {
    /// Always this many minor units.
    Fixed(i64),
    /// By the price: up to 64 rows.
    Table(Vec<IncrementRow>),
    /// A table known by name.
    Named(NamedIncrement),
}

/// What happens to a max below the reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BelowReserve {
    /// It stays hidden, as above the reserve.
    Proxy,
    /// It is bid in full.
    Full,
}

/// How a late bid moves the close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SoftCloseMode {
    /// To `extend_ms` after the bid, if that is later.
    Reset,
    /// By `extend_ms`.
    Add,
}

/// The protection against last-moment bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SoftClose {
    /// A bid with less than this many milliseconds left moves the close; 1 to 86,400,000.
    pub trigger_ms: i64,
    /// By or to how many milliseconds; 1 to 86,400,000.
    pub extend_ms: i64,
    /// How.
    pub mode: SoftCloseMode,
    /// The most that all extensions together may add, in milliseconds; null is no limit.
    #[serde(default)]
    pub max_total_ms: Option<i64>,
}

/// The falling price of a Dutch auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Dutch {
    /// Minor units per tick, at least 1.
    pub step: i64,
    /// Milliseconds per tick, at least 1.
    pub interval_ms: i64,
    /// The price never falls below this.
    pub floor: Money,
}

/// An auction's rules as its seller states them. [`crate::auction::Rules`] is the checked form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RulesInput {
    /// How the lot is sold.
    pub format: Format,
    /// The currency of all amounts; the product's.
    pub currency: Currency,
    /// The least first bid; for Dutch the price at the opening.
    pub starting_price: Money,
    /// English and sealed: not sold below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve_price: Option<Money>,
    /// English: sold at once at this price, until the first bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buy_now_price: Option<Money>,
    /// English: by how much a bid must beat the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment: Option<Increment>,
    /// From the opening to the close, in milliseconds: 1 to 2,592,000,000 (30 days).
    pub duration_ms: i64,
    /// English: what happens to a max below the reserve; `proxy` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below_reserve: Option<BelowReserve>,
    /// English: the protection against last-moment bids; null is sudden death.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_close: Option<SoftClose>,
    /// Dutch: how the price falls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dutch: Option<Dutch>,
}

impl std::fmt::Debug for RulesInput {
    /// Prints no reserve.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RulesInput")
            .field("format", &self.format)
            .field("starting_price", &self.starting_price)
            .field("reserve_price", &self.reserve_price.map(|_| "***"))
            .finish_non_exhaustive()
    }
}

/// A reserve as the public sees it: a promise that can be checked after the close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReserveCommitment {
    /// Hex SHA-256 of the canonical JSON of `{auction_id, reserve_price, nonce}`.
    pub commitment: String,
}

/// A reserve: in clear for the seller and admins, as a commitment for everybody else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum ReserveView {
    /// In clear.
    Clear(Money),
    /// As a commitment.
    Hidden(ReserveCommitment),
}

impl std::fmt::Debug for ReserveView {
    /// Prints no amount.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clear(_) => f.write_str("Clear(***)"),
            Self::Hidden(hidden) => hidden.fmt(f),
        }
    }
}

/// An auction's rules as answers and events show them. Every field is always present; those that
/// the format does not use are null. `rules_hash` is the SHA-256 of the canonical JSON of this with
/// the reserve hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RulesView {
    /// How the lot is sold.
    pub format: Format,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The least first bid; for Dutch the price at the opening.
    pub starting_price: Money,
    /// Not sold below this.
    pub reserve_price: Option<ReserveView>,
    /// Sold at once at this price.
    pub buy_now_price: Option<Money>,
    /// By how much a bid must beat the price; `fixed` or `table`.
    pub increment: Option<Increment>,
    /// From the opening to the close, in milliseconds.
    pub duration_ms: i64,
    /// What happens to a max below the reserve.
    pub below_reserve: Option<BelowReserve>,
    /// The protection against last-moment bids.
    pub soft_close: Option<SoftClose>,
    /// How the price falls.
    pub dutch: Option<Dutch>,
}

/// `POST /auction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuctionInput {
    /// What is sold: one unit of it.
    pub product_id: ProductId,
    /// 1 to 200 characters; the product's title unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// In which of the seller's shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_id: Option<StreamId>,
    /// Opens by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// How it is sold.
    pub rules: RulesInput,
}

impl Check for AuctionInput {
    fn check(&self, faults: &mut Faults) {
        if let Some(title) = &self.title {
            faults.text("/title", title, 1..=200);
        }
        self.rules.check_at("/rules", faults);
    }
}

/// `PATCH /auction/{id}`: absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuctionUpdate {
    /// 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub title: Option<String>,
    /// Opens by itself then; null waits for `start`. Not once live.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Timestamp>))]
    pub starts_at: Option<Option<Timestamp>>,
    /// All the rules anew; the format's and the currency's change is allowed, too. Once live the
    /// close only moves later.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub rules: Option<RulesInput>,
}

impl Check for AuctionUpdate {
    fn check(&self, faults: &mut Faults) {
        if let Some(title) = &self.title {
            faults.text("/title", title, 1..=200);
        }
        if let Some(rules) = &self.rules {
            rules.check_at("/rules", faults);
        }
    }
}

/// `POST /auction/start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// Which auction opens now.
    pub auction_id: AuctionId,
}

impl Check for StartRequest {
    fn check(&self, _: &mut Faults) {}
}

/// `POST /auction/{id}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// Why: 1 to 200 characters, public.
    pub reason: String,
}

impl Check for CancelRequest {
    fn check(&self, faults: &mut Faults) {
        faults.text("/reason", &self.reason, 1..=200);
    }
}

/// `POST /auction/{id}/void`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VoidRequest {
    /// Which bid; every later one of the same bidder falls with it.
    pub bid_id: BidId,
    /// Whose: needed only when several bidders used the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bidder_id: Option<UserId>,
    /// Why: 1 to 200 characters, public.
    pub reason: String,
}

impl Check for VoidRequest {
    fn check(&self, faults: &mut Faults) {
        faults.text("/reason", &self.reason, 1..=200);
    }
}

/// `POST /auction/bid`, and the `bid` frame: exactly one of `amount`, `max` and `buy_now: true`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BidRequest {
    /// On which auction.
    pub auction_id: AuctionId,
    /// The client's own id for this intention, kept through every retry.
    pub bid_id: BidId,
    /// An exact bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// A proxy bid: the server bids for you up to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    pub head_seq: u64,
    /// The head's hash.
    pub head_hash: String,
    /// Hex Ed25519 signature over the canonical JSON of `{auction_id, seq, hash}` of the head.
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
    pub amount: Option<Money>,
    /// The max, if it was a proxy bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// Where an auction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuctionStatus {
    /// Not open yet.
    Scheduled,
    /// Bids are taken.
    Live,
    /// The hammer fell.
    Sold,
    /// Nobody, or not up to the reserve.
    Unsold,
    /// Called off.
    Cancelled,
}

/// `GET /auction/{id}/status`, and the state in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusView {
    /// The auction's id.
    pub id: AuctionId,
    /// Where it stands.
    pub status: AuctionStatus,
    /// How it is sold.
    pub format: Format,
    /// The seq of the last event.
    pub seq: u64,
    /// Which history the seq belongs to.
    pub epoch: Epoch,
    /// The hash of the last event.
    pub hash: String,
    /// The price: null before the first bid (Dutch: the price of this moment), and while sealed.
    pub price: Option<Money>,
    /// The least that a bid must be; null while sealed (there the starting price holds) and once over.
    pub next_minimum: Option<Money>,
    /// Who leads, or won.
    pub leader: Option<PublicUser>,
    /// Standing accepted bids, raises not counted.
    pub bid_count: u64,
    /// Whether the reserve is met; null without one, and while sealed.
    pub reserve_met: Option<bool>,
    /// The buy-now price while it is open.
    pub buy_now: Option<Money>,
    /// When it opened.
    pub opens_at: Option<Timestamp>,
    /// When it closes or closed.
    pub closes_at: Option<Timestamp>,
    /// How often the close was moved.
    pub extensions: u64,
    /// Connections that watch it now.
    pub watchers: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// A product as an auction shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LotProduct {
    /// The product's id.
    pub id: ProductId,
    /// Its title.
    pub title: String,
    /// Its images.
    pub images: Vec<String>,
}

/// How an auction ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outcome {
    /// `sold`, `unsold` or `cancelled`.
    pub status: AuctionStatus,
    /// Who won.
    pub winner: Option<PublicUser>,
    /// The hammer price.
    pub price: Option<Money>,
    /// The winning bid.
    pub bid_id: Option<BidId>,
}

/// An auction: its status and what does not change with every bid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Auction {
    /// Where it stands now.
    #[serde(flatten)]
    pub status: StatusView,
    /// What is sold.
    pub product: LotProduct,
    /// Who sells.
    pub seller: PublicUser,
    /// What the lot is called.
    pub title: String,
    /// In which show.
    pub stream_id: Option<StreamId>,
    /// When it opens by itself.
    pub starts_at: Option<Timestamp>,
    /// How it is sold.
    pub rules: RulesView,
    /// Hex SHA-256 of the canonical JSON of the rules' public form.
    pub rules_hash: String,
    /// How it ended; null before.
    pub outcome: Option<Outcome>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `GET /auction/{id}/me`: where the asking user stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MyStanding {
    /// Whether they lead; always false while sealed.
    pub leading: bool,
    /// Their own highest standing max or exact bid.
    pub max: Option<Money>,
    /// Whether they watch the lot.
    pub watching: bool,
}

impl std::fmt::Debug for MyStanding {
    /// Prints no amount.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MyStanding")
            .field("leading", &self.leading)
            .field("watching", &self.watching)
            .finish_non_exhaustive()
    }
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
    /// The server was down during the last moments.
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
        /// Who sells.
        seller_id: UserId,
        /// What.
        product_id: ProductId,
        /// When it opens by itself.
        starts_at: Option<Timestamp>,
        /// How; the reserve hidden.
        rules: RulesView,
        /// Hex SHA-256 of the canonical JSON of `rules`.
        rules_hash: String,
    },
    /// The rules were changed before the first bid.
    Amended {
        /// The rules from now on; the reserve hidden.
        rules: RulesView,
        /// Hex SHA-256 of the canonical JSON of `rules`.
        rules_hash: String,
        /// When it opens by itself, from now on.
        #[serde(default)]
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
        /// Hex SHA-256 of the canonical JSON of `{bid_id, amount|max, nonce}`.
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
        /// Hex SHA-256 of the canonical JSON of `{bid_id, amount|max, nonce}`.
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
        bid_seq: u64,
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
    /// The close was moved.
    Extended {
        /// To when.
        closes_at: Timestamp,
        /// Why.
        reason: ExtensionReason,
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

/// One entry of an auction's log: public, hashed, sent to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogEntry {
    /// Its place, dense from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub data: EventData,
    /// The hash of the entry before it; 64 zeros at seq 1.
    pub prev: String,
    /// Hex SHA-256 of the canonical JSON of `{auction_id, seq, at, kind, data, prev}`.
    pub hash: String,
}

/// One of the server's signing keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogKey {
    /// Its id, as receipts name it.
    pub key_id: String,
    /// Always `Ed25519`.
    pub alg: String,
    /// Hex of the 32 bytes of the public key.
    pub public_key: String,
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
    pub nonce: String,
}

/// One opened bid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opening {
    /// The event's seq.
    pub seq: u64,
    /// The bid.
    pub bid_id: BidId,
    /// Whose. While sealed the log does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bidder: Option<UserId>,
    /// The amount, if it was exact (or bought now).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The max, if it was a proxy bid. Absent with `amount` absent, too: a winner's max above the
    /// price, which only the winner and admins see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Money>,
    /// Hex of the commitment's 32 random bytes; null where the amount is not shown.
    pub nonce: Option<String>,
}

/// A head of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Head {
    /// The last event's seq.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// The server's signature under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    /// The opened reserve; null without one.
    pub reserve: Option<ReserveOpening>,
    /// The opened bids, in log order.
    pub openings: Vec<Opening>,
    /// The head of the log.
    pub head: Head,
    /// The server's keys.
    pub keys: Vec<LogKey>,
    /// The whole log.
    pub events: Vec<LogEntry>,
}

/// One entry of the seller's blocklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockedUser {
    /// Who is blocked.
    pub user: PublicUser,
    /// Since when.
    pub blocked_at: Timestamp,
}
