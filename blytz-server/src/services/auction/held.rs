//! What a room holds of an auction, and what it has read before it decides.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use blytz_core::{
    BidId, Timestamp, UserId,
    auction::{Auction, Event, log::Head},
    wire::auction::Item,
};

use super::{request::RefusedBid, store::KnownBid};
use crate::error::Error;

/// Accepted bids, by bidder and id.
pub type KnownBids = HashMap<(UserId, BidId), KnownBid>;

/// An auction as a room has it.
#[derive(Clone)]
pub struct Held {
    pub auction: Auction,
    pub head: Head,
    /// From which seq on it had to be read from the log.
    pub kept: u64,
    /// The end of the last outage that it was asked to make good for, here and since it was read.
    pub resumed: Option<Timestamp>,
    /// Until when an opening that is due has to wait.
    pub postponed: Option<Timestamp>,
}

/// What a turn must know before it decides.
#[derive(Default)]
pub struct Known {
    /// Those of its bids that were accepted before.
    pub bids: KnownBids,
    /// Those that were refused within the last minute.
    pub refused: HashMap<RefusedBid, (Error, Timestamp)>,
    /// Whom the seller has blocked.
    pub blocked: Arc<HashSet<UserId>>,
    /// What the log has after the bids that a void was given.
    pub since: Vec<(u64, Event)>,
    /// Whether the account of whoever sells a lot that has not opened is suspended: it does not open then.
    pub seller_suspended: bool,
    /// What the lot sells, for an amendment of it.
    pub item: Option<Item>,
}
