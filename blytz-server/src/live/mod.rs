//! The live connection: who watches what, and how they never miss an event.
//!
//! - [`Backstage`]: what a session asks of the services, none of which is named here.
//! - `resume`: what a new or returning subscriber gets first.
//! - `shared`: one read for all who ask for the same at the same time.
//! - `session`: one socket; hears frames, writes frames.
//! - `ops`: what a session does for its client.
//! - `watching`: what a session watches.
//! - `frame`: reading what clients send, strictly.

mod backstage;
mod frame;
mod ops;
mod resume;
mod session;
mod shared;
#[cfg(test)]
mod tests;
mod upgrade;
mod watching;

pub use self::{
    backstage::{Backstage, Member},
    upgrade::{Sockets, router},
};
