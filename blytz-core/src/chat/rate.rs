//! How often one user may write.

use std::collections::VecDeque;

use crate::Timestamp;

/// The length of the window in which messages are counted, in seconds.
pub const WINDOW_S: i64 = 30;

/// Messages per window for everybody.
pub const USER_LIMIT: usize = 20;

/// Messages per window for a show's staff and moderators.
pub const STAFF_LIMIT: usize = 100;

const WINDOW_US: i64 = WINDOW_S * 1_000_000;

/// When one user wrote, over all chats: a sliding window, exact to the microsecond.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateWindow {
    /// The latest messages, oldest first; never more than [`STAFF_LIMIT`].
    sent: VecDeque<Timestamp>,
}

impl RateWindow {
    /// Notes a message that was accepted at `at`. Times are noted in order.
    pub fn record(&mut self, at: Timestamp) {
        if self.sent.len() == STAFF_LIMIT {
            self.sent.pop_front();
        }
        self.sent.push_back(at);
    }

    /// Microseconds until the next message fits under `limit` messages per window; 0 when it fits now.
    pub fn wait_us(&self, now: Timestamp, limit: usize) -> i64 {
        let Some(oldest_that_counts) = self.sent.len().checked_sub(limit).and_then(|index| self.sent.get(index)) else {
            return 0;
        };
        (WINDOW_US - now.micros_since(*oldest_that_counts)).max(0)
    }
}

impl FromIterator<Timestamp> for RateWindow {
    /// The window of a user whose messages, oldest first, are known.
    fn from_iter<I: IntoIterator<Item = Timestamp>>(sent: I) -> Self {
        let mut window = Self::default();
        for at in sent {
            window.record(at);
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn second(s: i64) -> Timestamp {
        Timestamp::from_micros(s * 1_000_000)
    }

    #[test]
    fn the_window_slides() {
        let window: RateWindow = (0..20).map(second).collect();
        assert_eq!(window.wait_us(second(19), USER_LIMIT), 11_000_000);
        assert_eq!(window.wait_us(Timestamp::from_micros(29_999_999), USER_LIMIT), 1);
        assert_eq!(window.wait_us(second(30), USER_LIMIT), 0);
        assert_eq!(window.wait_us(second(19), STAFF_LIMIT), 0);
        assert_eq!(RateWindow::default().wait_us(second(0), USER_LIMIT), 0);
    }

    proptest! {
        /// Whoever waits as told never has more than the limit in any window.
        #[test]
        fn the_limit_holds(gaps in proptest::collection::vec(0_i64..4_000_000, 1..300), staff: bool) {
            let limit = if staff { STAFF_LIMIT } else { USER_LIMIT };
            let (mut now, mut window, mut accepted) = (second(0), RateWindow::default(), Vec::new());
            for gap in gaps {
                now = now.plus_micros(gap);
                let expected = accepted.iter().filter(|at| now.micros_since(**at) < WINDOW_US).count() < limit;
                prop_assert_eq!(window.wait_us(now, limit) == 0, expected);
                if expected {
                    window.record(now);
                    accepted.push(now);
                }
            }
        }
    }
}
