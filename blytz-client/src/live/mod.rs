//! The live connection: a WebSocket that comes back by itself and misses nothing.
//!
//! The machine in `machine.rs` decides and does no I/O; the driver behind [`Live::connect`] carries out
//! what it decides; [`LiveHandle`] and [`LiveEvents`] are what programs hold.

mod clock;
mod event;
mod follow;
mod handle;
mod incoming;
mod link;
mod machine;
#[cfg(test)]
mod model_tests;
mod request;
mod stream;
mod transport;

pub use self::{
    clock::ClockOffset,
    event::{CloseReason, ConnectionState, LiveEvent},
    handle::{Live, LiveEvents, LiveHandle},
};
