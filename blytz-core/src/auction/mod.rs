//! The auction engine: English with proxies, reserve, buy-now and soft close; Dutch; sealed.
//!
//! An [`Auction`] is the fold of its [`Event`]s. [`Auction::handle`] decides a [`Command`] at a
//! moment the caller names, and returns what happened; [`Auction::poll_timeout`] says when the
//! clock alone will have something to do. Nothing here waits, stores or sends.
//!
//! Two files say what bidding means: `proxy` decides who leads at which price, and `extension` when
//! the close moves. The rest is bookkeeping around them.

pub mod command;
mod dutch;
pub mod event;
mod extension;
mod facts;
mod handle;
pub mod increment;
pub mod log;
pub mod proof;
mod proxy;
mod public;
pub mod recall;
pub mod receipt;
pub mod rejection;
pub mod rules;
pub mod scenario;
mod sealed;
mod slip;
pub mod state;
mod void;

pub use self::{
    command::{BidKind, Command, Standing},
    event::{Event, Sealed},
    log::Nonce,
    public::PublicState,
    rejection::Rejection,
    rules::Rules,
    slip::possible_slip,
    state::{Auction, FoldError},
    void::{Ledger, MAX_STRUCK},
};
