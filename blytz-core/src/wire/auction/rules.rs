//! How a lot is sold.

use serde::{Deserialize, Serialize};

use crate::{Currency, Money};

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

impl Format {
    /// Whether bids stay unseen until the close.
    pub const fn is_sealed(self) -> bool {
        matches!(self, Self::SealedFirstPrice | Self::SealedSecondPrice)
    }
}

/// One row of an increment table: from this price on, this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IncrementRow {
    /// Minor units; 0 in the first row, rising.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 9007199254740991_i64))]
    pub from: i64,
    /// Minor units, at least 1, never falling.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9007199254740991_i64))]
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
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 86_400_000))]
    pub trigger_ms: i64,
    /// By or to how many milliseconds; 1 to 86,400,000.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 86_400_000))]
    pub extend_ms: i64,
    /// How.
    pub mode: SoftCloseMode,
    /// The most that all extensions together may add, in milliseconds; null is no limit.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2_592_000_000_i64))]
    pub max_total_ms: Option<i64>,
}

/// The falling price of a Dutch auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Dutch {
    /// Minor units per tick, at least 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9007199254740991_i64))]
    pub step: i64,
    /// Milliseconds per tick, at least 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2_592_000_000_i64))]
    pub interval_ms: i64,
    /// The price never falls below this.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Price))]
    pub floor: Money,
}

/// An auction's rules as its seller states them; fields that the format does not use are null or
/// absent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "format": "english", "currency": "MYR", "starting_price": {"amount": 12500, "currency": "MYR"},
    "increment": {"fixed": 100}, "duration_ms": 60000,
    "soft_close": {"trigger_ms": 10000, "extend_ms": 10000, "mode": "reset"},
})))]
#[serde(deny_unknown_fields)]
pub struct RulesInput {
    /// How the lot is sold.
    pub format: Format,
    /// The currency of all amounts; the product's.
    pub currency: Currency,
    /// The least first bid; for Dutch the price at the opening.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Price))]
    pub starting_price: Money,
    /// English and sealed: not sold below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::money::Price>))]
    pub reserve_price: Option<Money>,
    /// English: sold at once at this price, until the first bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::money::Price>))]
    pub buy_now_price: Option<Money>,
    /// English: by how much a bid must beat the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment: Option<Increment>,
    /// From the opening to the close, in milliseconds: 1 to 2,592,000,000 (30 days).
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2_592_000_000_i64))]
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
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
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
