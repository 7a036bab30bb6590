//! The one place of this crate that asks the machine for time and randomness.
//!
//! Everything else takes both as arguments, so that it can be tested without waiting and without
//! luck.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use blytz_core::Timestamp;
use uuid::Uuid;

/// The local wall clock, which people and other programs set and which may jump.
#[expect(clippy::disallowed_methods, reason = "the SDK's drivers need the time; the rest takes it as an argument")]
pub(crate) fn wall_now() -> Timestamp {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, i64::wrapping_neg),
    };
    Timestamp::from_micros(micros)
}

/// A clock that never jumps: the wall clock at its making, then the time that passed since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SteadyClock {
    wall: Timestamp,
    made: Instant,
}

impl SteadyClock {
    #[expect(clippy::disallowed_methods, reason = "see `wall_now`")]
    pub(crate) fn new() -> Self {
        Self { wall: wall_now(), made: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.wall.plus_micros(i64::try_from(self.made.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

/// Evenly distributed bits.
pub(crate) fn entropy() -> u64 {
    rand::random()
}

/// A fresh UUIDv7.
pub(crate) fn new_uuid() -> Uuid {
    blytz_core::id::uuid_v7(wall_now(), rand::random())
}
