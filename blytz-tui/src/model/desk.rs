//! The seller's desk: one show of the logged-in seller.

use std::collections::BTreeMap;

use blytz_core::{AuctionId, ProductId, StreamId, Timestamp};

use super::{Model, Pane, lot::Lot};

/// What the desk remembers.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    /// Which show.
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

impl Model {
    /// The lot selected in the queue.
    pub fn desk_selected(&self) -> Option<&Lot> {
        self.lots.get(self.desk.queue.get(self.desk.selected)?)
    }

    /// The lot whose bids the desk shows: the live one, else the selected one.
    pub fn desk_floor(&self) -> Option<&Lot> {
        let live = self.desk.queue.iter().filter_map(|id| self.lots.get(id)).find(|lot| lot.is_live());
        live.or_else(|| self.desk_selected())
    }

    /// The lot that `start` starts: the selected one if it waits, else the next that waits.
    pub fn desk_next(&self) -> Option<&Lot> {
        use blytz_core::wire::auction::AuctionStatus::Scheduled;
        let waiting = |lot: &&Lot| lot.status == Scheduled;
        let first = || self.desk.queue.iter().filter_map(|id| self.lots.get(id)).find(waiting);
        self.desk_selected().filter(waiting).or_else(first)
    }
}
