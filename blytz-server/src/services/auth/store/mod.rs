//! The SQL of this service; no other names its tables.

pub mod addresses;
#[cfg(test)]
mod conformance;
pub mod sessions;
pub mod users;
