//! The one place of this program that asks the machine what time it is and what its environment says.

use blytz_core::Timestamp;
use uuid::Uuid;

/// What the wall clock says.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

/// A fresh UUIDv7.
pub fn new_uuid() -> Uuid {
    blytz_core::id::uuid_v7(now(), rand::random())
}
