//! The SQL of this service; no other names its tables.

pub(super) mod addresses;
pub(super) mod sessions;
pub(super) mod users;
