//! The rules of live-auction commerce, pure.
//!
//! This crate decides: who leads an auction and at what price, when a lot closes, what a chat
//! message may say, what each role may do. It never asks what time it is, never rolls dice and
//! never touches a socket or a disk; time, ids and randomness are arguments, and what happened is
//! returned as events. The same crate therefore serves the server that writes the log, the client
//! that follows it and the checker that re-decides it years later.
//!
//! - [`auction`]: the engine, its event log and the verifier.
//! - [`catalog`]: products and stock.
//! - [`chat`]: what may be said, and how often.
//! - [`account`]: roles, passwords, names.
//! - [`text`]: text in one form.
//! - [`wire`]: the JSON that clients and servers exchange, one type per shape.
#![warn(missing_docs)]

pub mod account;
pub mod auction;
pub mod catalog;
pub mod chat;
pub mod id;
pub mod money;
pub mod text;
pub mod time;
pub mod wire;

pub use id::*;
pub use money::{Currency, Money};
pub use time::Timestamp;
