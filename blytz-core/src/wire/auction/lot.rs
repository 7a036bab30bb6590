//! Making, changing and ending a lot.

use serde::{Deserialize, Serialize};

use super::item::{ItemUpdate, check_item};
use super::rules::RulesInput;
use crate::{
    AuctionId, BidId, ProductId, StreamId, Timestamp, UserId,
    wire::{Check, Faults, present, stated},
};

/// `POST /auction`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuctionInput {
    /// What is sold: one unit of it.
    pub product_id: ProductId,
    /// 1 to 200 characters; the product's title unless said. The same as the item's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub title: Option<String>,
    /// What of the item is not as the product has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub item: Option<ItemUpdate>,
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
        check_item(self.title.as_deref(), self.item.as_ref(), faults);
        self.rules.check_at("/rules", faults);
    }
}

/// `PATCH /auction/{id}`: absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuctionUpdate {
    /// 1 to 200 characters; the same as the item's.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 200))]
    pub title: Option<String>,
    /// What of the item changes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub item: Option<ItemUpdate>,
    /// Opens by itself then; null waits for `start`. Not once live.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Timestamp>))]
    pub starts_at: Option<Option<Timestamp>>,
    /// All the rules anew; the format's and the currency's change is allowed, too. Once live the
    /// close only moves later.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub rules: Option<RulesInput>,
}

impl Check for AuctionUpdate {
    fn check(&self, faults: &mut Faults) {
        check_item(self.title.as_deref(), self.item.as_ref(), faults);
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
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
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
    /// Whether they may not bid on this lot any more; so it is unless this is false, which is for a slip
    /// of the finger.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, default = true))]
    pub block: Option<bool>,
    /// Why: 1 to 200 characters, public.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub reason: String,
}

impl Check for VoidRequest {
    fn check(&self, faults: &mut Faults) {
        faults.text("/reason", &self.reason, 1..=200);
    }
}
