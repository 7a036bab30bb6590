//! Where a lot stands, and who may not bid on it.

use serde::{Deserialize, Serialize};

use super::item::Item;
use super::rules::{Format, RulesView};
use crate::{AuctionId, BidId, Epoch, Money, ProductId, StreamId, Timestamp, wire::account::PublicUser};

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

impl AuctionStatus {
    /// As JSON has it, and stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Live => "live",
            Self::Sold => "sold",
            Self::Unsold => "unsold",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing can happen any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Sold | Self::Unsold | Self::Cancelled)
    }
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
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// Which history the seq belongs to.
    pub epoch: Epoch,
    /// The hash of the last event.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
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
    /// Who watches it now: one for each account, and for each connection without a login.
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
    /// The product that it came from, as that is now.
    pub product: LotProduct,
    /// What is sold: the lot's own copy, which later changes of the product don't touch.
    pub item: Item,
    /// Hex SHA-256 of the canonical JSON of `item`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub item_hash: String,
    /// Who sells.
    pub seller: PublicUser,
    /// What the lot is called: its item's title.
    pub title: String,
    /// In which show.
    pub stream_id: Option<StreamId>,
    /// When it opens by itself.
    pub starts_at: Option<Timestamp>,
    /// How it is sold.
    pub rules: RulesView,
    /// Hex SHA-256 of the canonical JSON of the rules' public form.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
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

/// One entry of the seller's blocklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockedUser {
    /// Who is blocked.
    pub user: PublicUser,
    /// Since when.
    pub blocked_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::AuctionStatus::{self, Cancelled, Live, Scheduled, Sold, Unsold};

    #[test]
    fn a_name_is_that_of_the_json() {
        for status in [Scheduled, Live, Sold, Unsold, Cancelled] {
            let json: AuctionStatus = serde_json::from_value(status.name().into()).expect("a status");
            assert_eq!(json, status);
        }
    }
}
