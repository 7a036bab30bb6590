//! The SQL of service product. No other file names its tables.

pub mod categories;
#[cfg(test)]
mod conformance;
mod listing;
pub mod movements;
mod products;
pub mod search;

pub use self::{
    listing::{Filter, list},
    products::{Record, SaveError, find, insert, lots, save, take},
};
