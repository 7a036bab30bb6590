//! The seller's desk: one show of the logged-in seller.

use std::collections::BTreeMap;

use blytz_core::{AuctionId, ProductId, StreamId, Timestamp};

use super::pane::Pane;

/// What the desk remembers.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    pub show: Option<StreamId>,
    /// Its queue of lots, in the seller's order.
    pub queue: Vec<AuctionId>,
    /// The selected lot.
    pub selected: usize,
    /// The selected bid, counted from the newest.
    pub bid: usize,
    /// Which part has the keys.
    pub pane: Pane,
    /// What is left of the lots' products.
    pub stock: BTreeMap<ProductId, i64>,
    /// Whether the server answered at least once.
    pub loaded: bool,
    /// When it was last asked.
    pub asked_at: Option<Timestamp>,
}
