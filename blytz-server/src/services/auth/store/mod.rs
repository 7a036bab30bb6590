//! The SQL of this service; no other names its tables.

pub mod addresses;
pub mod sessions;
pub mod users;
