//! The live connection: a WebSocket that comes back by itself and misses nothing.
//!
//! The machine in `machine.rs` decides and does no I/O; `driver.rs`, behind [`Live::connect`], carries out
//! what it decides; [`LiveHandle`] and [`LiveEvents`] are what programs hold.

mod clock;
mod dial;
mod driver;
mod event;
mod follow;
mod handle;
mod incoming;
mod link;
mod machine;
mod request;
#[cfg(test)]
mod tests;
mod transport;

pub use self::{
    clock::ClockOffset,
    driver::Live,
    event::{CloseReason, ConnectionState, LiveEvent},
    handle::{LiveEvents, LiveHandle},
};
