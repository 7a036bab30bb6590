//! The one place of this program that asks the machine what time it is and what its environment says.

use blytz_core::Timestamp;

/// What the wall clock says.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}
