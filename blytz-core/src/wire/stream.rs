//! Shows (service auction).

use serde::{Deserialize, Serialize};

use super::{Check, Faults, account::PublicUser};
use crate::{AuctionId, StreamId, Timestamp};

/// Where a show stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StreamStatus {
    /// Announced.
    Scheduled,
    /// On air.
    Live,
    /// Over.
    Ended,
}

impl StreamStatus {
    /// All of them, in the order of a show's life.
    pub const ALL: [Self; 3] = [Self::Scheduled, Self::Live, Self::Ended];

    /// As JSON has it, and stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Live => "live",
            Self::Ended => "ended",
        }
    }
}

/// A show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stream {
    /// The show's id.
    pub id: StreamId,
    /// Who sells.
    pub seller: PublicUser,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    pub status: StreamStatus,
    /// When it is announced for.
    pub starts_at: Option<Timestamp>,
    /// When it went live.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who watches it now: one for each account, and for each connection without a login.
    pub watchers: u64,
}

/// `POST /streams`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StreamInput {
    /// 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub title: String,
    /// When it is announced for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
}

impl Check for StreamInput {
    fn check(&self, faults: &mut Faults) {
        faults.text("/title", &self.title, 1..=200);
    }
}

/// `PUT /streams/{id}/lots`: the queue of lots, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LotsUpdate {
    /// The seller's own auctions, each at most once, at most 500.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashSet<AuctionId>, max_items = 500))]
    pub auction_ids: Vec<AuctionId>,
}

impl Check for LotsUpdate {
    fn check(&self, faults: &mut Faults) {
        if self.auction_ids.len() > 500 {
            faults.invalid("/auction_ids", "must have at most 500 items");
        }
        let mut seen = std::collections::HashSet::new();
        for (index, id) in self.auction_ids.iter().enumerate() {
            if !seen.insert(id) {
                faults.invalid(format!("/auction_ids/{index}"), "must not name an auction twice");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StreamStatus;

    #[test]
    fn a_name_is_that_of_the_json() {
        for status in StreamStatus::ALL {
            let json: StreamStatus = serde_json::from_value(status.name().into()).expect("a status");
            assert_eq!(json, status);
        }
    }
}
