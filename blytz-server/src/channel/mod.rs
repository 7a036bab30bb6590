//! The one machine behind every sequenced channel.
//!
//! A channel is a log that one room at a time decides about: an auction, a show's chat. What it is
//! about, its [`Ledger`] says; how it is served stands here, once:
//!
//! - `rooms` finds a channel's room or opens one, and wakes those that have something due.
//! - `room` *serves*: it takes what has queued, has it decided, waits for the commit, and answers.
//! - the ledger *decides*: pure functions of the state, the moment and what was read before.
//! - `committer` *writes*: what all rooms of a kind decided since the last commit goes to the disk in
//!   one transaction.
//! - the hub *tells*: only what is durable.
//!
//! Whatever becomes of a commit - beaten by another writer, too late, refused, without an answer - is
//! dealt with here, so that a ledger never sees it.

mod committer;
mod corridor;
mod ground;
mod ledger;
mod room;
mod rooms;
mod rostrum;
#[cfg(test)]
pub mod tests;

pub use self::{
    ground::Ground,
    ledger::{Answers, Batch, Decided, Entry, Ledger, Moment, Unwritten, Verdicts},
    rooms::Rooms,
    rostrum::Rostrum,
};
