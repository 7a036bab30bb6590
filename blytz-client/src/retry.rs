//! What is sent again by itself, how often and after how long.
//!
//! Only what is safe: reads, PUT, DELETE, and the POSTs that the client's own id makes exactly-once
//! (a bid by `bid_id`, a chat message by `message_id`), always with the same id and in the same name:
//! nothing that acts for somebody is sent again once somebody else has logged in. And only when
//! nothing is known of the outcome, or when the server asked for patience: no answer, 429, 503, and
//! a gateway's own 502 or 504.

use std::time::Duration;

use blytz_core::wire::ErrorCode;

use crate::error::{Error, RetryKind};

/// Full-jitter exponential backoff: the n-th wait is drawn evenly from zero up to a ceiling that
/// doubles. Clients that lost the same server at the same moment thus come back spread out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first ceiling.
    pub base: Duration,
    /// The ceiling that no wait exceeds.
    pub cap: Duration,
}

impl Backoff {
    /// The wait before the attempt after `failures` failures (counted from 0), drawn by `entropy`.
    ///
    /// ```
    /// use std::time::Duration;
    /// let backoff = blytz_client::Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(2) };
    /// assert_eq!(backoff.wait(0, 0), Duration::ZERO);
    /// assert_eq!(backoff.wait(0, u64::MAX), Duration::from_millis(100));
    /// assert_eq!(backoff.wait(60, u64::MAX), Duration::from_secs(2));
    /// ```
    pub fn wait(&self, failures: u32, entropy: u64) -> Duration {
        let base = u64::try_from(self.base.as_micros()).unwrap_or(u64::MAX);
        let cap = u64::try_from(self.cap.as_micros()).unwrap_or(u64::MAX);
        let factor = 1_u64.checked_shl(failures).unwrap_or(u64::MAX);
        let ceiling = base.saturating_mul(factor).min(cap);
        // Scales the 64 random bits to 0..=ceiling without a modulo's bias.
        let drawn = ((u128::from(ceiling) + 1) * u128::from(entropy)) >> 64;
        Duration::from_micros(u64::try_from(drawn).unwrap_or(ceiling))
    }
}

/// How patient a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a safe request is sent again; 0 never.
    pub retries: u32,
    /// The waits in between.
    pub backoff: Backoff,
    /// A `Retry-After` beyond this is not waited for; the error is returned.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// Three times more, from 100 ms up to 2 s; a `Retry-After` of up to 5 s is waited for.
    fn default() -> Self {
        Self {
            retries: 3,
            backoff: Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(2) },
            longest_wait: Duration::from_secs(5),
        }
    }
}

impl RetryPolicy {
    /// How long to wait before sending a repeatable request again after `error`, or `None` when it
    /// is final. `failures` counts the earlier repeats.
    pub(crate) fn next_wait(&self, error: &Error, failures: u32, entropy: u64) -> Option<Duration> {
        // Slow mode is a rule of the chat, not a load to wait out: the writer is told.
        if failures >= self.retries || error.code() == Some(ErrorCode::SlowMode) {
            return None;
        }
        let jitter = self.backoff.wait(failures, entropy);
        match error.retry_kind() {
            RetryKind::Never => None,
            RetryKind::SameRequest => Some(jitter),
            RetryKind::After(least) => (least <= self.longest_wait).then_some(least + jitter),
        }
    }
}
