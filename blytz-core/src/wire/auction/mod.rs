//! Auctions (service auction): rules, bids, events, proofs.

mod bid;
mod event;
mod lot;
mod proof;
mod rules;
mod status;

pub use self::{bid::*, event::*, lot::*, proof::*, rules::*, status::*};
