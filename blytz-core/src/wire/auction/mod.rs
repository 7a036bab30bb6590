//! Auctions (service auction): rules, bids, events, proofs.

mod bid;
mod event;
mod item;
mod lot;
mod proof;
mod rules;
mod status;

pub use self::{bid::*, event::*, item::*, lot::*, proof::*, rules::*, status::*};
