//! The machine in a house that is only simulated: databases that fail in every way, clients that ask
//! again, watchers that must miss nothing.
//!
//! All of it runs on one thread in simulated time. What happens follows from the seed and from nothing
//! else, so that whatever goes wrong once can be looked at again.

mod faults;
mod tally;

pub mod disk;
pub mod sim;
