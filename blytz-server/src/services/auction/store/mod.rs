//! The SQL of service auction. Nobody else names its tables.

mod bids;
mod log;
mod lots;
mod people;
mod streams;

pub(super) use self::{bids::*, log::*, lots::*, people::*, streams::*};
