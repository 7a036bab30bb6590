//! What lists can be asked for. Absent fields ask for nothing.

use blytz_core::{
    CategoryId, StreamId, UserId,
    wire::{auction::AuctionStatus, product::ProductStatus, stream::StreamStatus},
};
use serde::Serialize;

use crate::call::Call;

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Where the page starts: the `next_cursor` of the one before.
    pub cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    pub limit: Option<u32>,
}

/// What to look for among users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Part of an email address or display name.
    pub q: Option<String>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    pub limit: Option<u32>,
}

/// What to look for among products.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductQuery {
    /// Words in title, description or tags.
    pub q: Option<String>,
    /// In this category.
    pub category: Option<CategoryId>,
    /// Of this seller.
    pub seller_id: Option<UserId>,
    /// At least this price, in minor units.
    pub min_price: Option<i64>,
    /// At most this price, in minor units.
    pub max_price: Option<i64>,
    /// In this state.
    pub status: Option<ProductStatus>,
    /// In which order, as the server names them.
    pub sort: Option<String>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    pub limit: Option<u32>,
}

/// What to look for among auctions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuctionQuery {
    /// In this state.
    pub status: Option<AuctionStatus>,
    /// In this show.
    pub stream_id: Option<StreamId>,
    /// Of this seller.
    pub seller_id: Option<UserId>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    pub limit: Option<u32>,
}

/// What to look for among shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamQuery {
    /// In this state.
    pub status: Option<StreamStatus>,
    /// Of this seller.
    pub seller_id: Option<UserId>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    pub limit: Option<u32>,
}

impl Call {
    /// The parameters that every list has.
    pub(super) fn page(self, cursor: Option<&String>, limit: Option<u32>) -> Self {
        self.query("cursor", cursor).query("limit", limit)
    }

    /// A parameter whose values are words, as they stand in JSON.
    pub(super) fn word(self, name: &'static str, value: Option<&impl Serialize>) -> Self {
        let word = value.and_then(|value| match serde_json::to_value(value) {
            Ok(serde_json::Value::String(word)) => Some(word),
            _ => None,
        });
        self.query(name, word)
    }
}
