//! The live connection: who watches what, and how they never miss an event.
//!
//! - [`hub`]: fan-out. Each event is serialised once and shared by everybody who watches.
//! - `resume`: what a new or returning subscriber gets first.
//! - `session`: one socket; hears frames, writes frames.
//! - `ops`: what a session does for its client.
//! - `watching`: what a session watches.
//! - `frame`: reading what clients send, strictly.

mod frame;
pub mod hub;
mod ops;
mod resume;
mod session;
mod upgrade;
mod watching;

pub use self::hub::{Hub, Topic};
pub use self::upgrade::router;
pub(crate) use self::upgrade::serve;
