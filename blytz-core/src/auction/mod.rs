//! The auction engine: English with proxies, reserve, buy-now and soft close; Dutch; sealed.
//!
//! An [`Auction`] is the fold of its [`Event`]s. [`Auction::handle`] decides a [`Command`] at a
//! moment the caller names, and returns what happened; [`Auction::poll_timeout`] says when the
//! clock alone will have something to do. Nothing here waits, stores or sends.
//!
//! Two files say what bidding means: `proxy` decides who leads at which price, and `extension` when
//! the close moves. The rest is bookkeeping around them.

mod bid;
mod bidding;
mod book;
pub mod command;
pub mod commitment;
mod dutch;
pub mod event;
mod extension;
mod facts;
mod handle;
pub mod increment;
pub mod log;
mod phase;
pub mod proof;
mod proxy;
mod public;
mod published;
pub mod recall;
pub mod receipt;
pub mod rejection;
pub mod rules;
mod sale;
pub mod scenario;
mod sealed;
mod slip;
pub mod snapshot;
mod state;
mod stated;
mod terms;
mod tree;
mod void;

pub use self::{
    bid::{BidKind, Stake},
    book::{Bearers, Book, Fall, Unstruck},
    command::{Bid, Command, Consignment, Standing},
    commitment::{Nonce, item_hash},
    event::{Event, FoldError, Sealed},
    extension::{MAX_OUTAGES, Outage},
    public::PublicState,
    rejection::Rejection,
    rules::Rules,
    slip::possible_slip,
    snapshot::{Snapshot, SnapshotError},
    state::Auction,
    void::MAX_STRUCK,
};
