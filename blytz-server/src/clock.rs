//! Where time and chance come from. The rules take both as arguments; this is the one place that
//! asks the machine for them, so that a test can put its own in.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use blytz_core::Timestamp;
use rand::Rng;
use tokio::sync::watch;

/// A clock that every part of one server shares. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    /// The wall clock at the start and monotonic time since: it can't jump while an auction runs.
    System { started_at: Timestamp, started: Instant },
    /// Simulated time: that of a runtime whose clock is paused.
    #[cfg(test)]
    Simulated { started_at: Timestamp, started: tokio::time::Instant },
    /// A clock that stands still until somebody moves it.
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine what time it is")]
    pub fn system() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at = Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX));
        Self(Source::System { started_at, started: Instant::now() })
    }

    /// A clock for tests: it stands at `now` until [`Clock::set`] moves it.
    pub fn manual(now: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(now))))
    }

    /// A clock that goes with the simulated time of a paused runtime, and starts at `now`.
    #[cfg(test)]
    pub fn simulated(now: Timestamp) -> Self {
        Self(Source::Simulated { started_at: now, started: tokio::time::Instant::now() })
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { started_at, started } => {
                started_at.plus_micros(i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX))
            }
            #[cfg(test)]
            Source::Simulated { started_at, started } => {
                started_at.plus_micros(i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX))
            }
            Source::Manual(now) => *now.borrow(),
        }
    }

    /// Moves a manual clock to `now` and wakes who sleeps until then; the machine's clock stays.
    pub fn set(&self, now: Timestamp) {
        if let Source::Manual(sender) = &self.0 {
            sender.send_replace(now);
        }
    }

    /// Moves a manual clock ahead.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus_micros(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)));
    }

    /// Returns once it is `deadline` or later.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        if let Source::Manual(sender) = &self.0 {
            // An error means that the clock is gone, and with it everybody who could wait.
            let _ = sender.subscribe().wait_for(|now| *now >= deadline).await;
        }
        while let Ok(left @ 1..) = u64::try_from(deadline.micros_since(self.now())) {
            tokio::time::sleep(Duration::from_micros(left)).await;
        }
    }
}

/// `N` random bytes from the operating system's generator by way of a thread-local one.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A fresh UUIDv7 at the clock's time.
pub fn new_id<T: From<uuid::Uuid>>(clock: &Clock) -> T {
    T::from(blytz_core::id::uuid_v7(clock.now(), random_bytes()))
}
