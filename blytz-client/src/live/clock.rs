//! How far the server's clock is from the local one, for countdowns.

use std::{collections::VecDeque, time::Duration};

use blytz_core::Timestamp;

/// The server's clock against the local wall clock. All zeros until the first ping is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockOffset {
    /// Microseconds to add to the local clock to get the server's.
    pub offset_micros: i64,
    /// How long the ping took that told so; the offset is off by at most half of it.
    pub round_trip: Duration,
}

impl ClockOffset {
    /// The server's time at a local moment.
    ///
    /// ```
    /// use blytz_client::{ClockOffset, core::Timestamp};
    /// let clock = ClockOffset { offset_micros: -250, ..Default::default() };
    /// assert_eq!(clock.server_time(Timestamp::from_micros(1_000)), Timestamp::from_micros(750));
    /// ```
    pub fn server_time(&self, local: Timestamp) -> Timestamp {
        local.plus_micros(self.offset_micros)
    }
}

/// Keeps the last few measurements and trusts the quickest: the less time a ping took, the less
/// room there was for one way to be slower than the other.
#[derive(Debug, Default)]
pub(super) struct Estimator {
    samples: VecDeque<ClockOffset>,
}

/// With a ping every ten seconds this forgets after a minute and a half, before drift matters.
const KEPT: usize = 8;

impl Estimator {
    /// Takes the answer to a ping; returns the estimate when it changed.
    pub(super) fn observe(&mut self, sent: Timestamp, server: Timestamp, received: Timestamp) -> Option<ClockOffset> {
        let took = received.micros_since(sent).max(0);
        let sample = ClockOffset {
            offset_micros: server.micros_since(sent.plus_micros(took / 2)),
            round_trip: Duration::from_micros(took.unsigned_abs()),
        };
        let before = self.best();
        if self.samples.len() == KEPT {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        let now = self.best();
        if now == before { None } else { now }
    }

    /// Another server, or the local machine slept: what was measured says nothing any more.
    pub(super) fn forget(&mut self) {
        self.samples.clear();
    }

    fn best(&self) -> Option<ClockOffset> {
        // Among equals the latest, which knows of a drift.
        self.samples.iter().rev().min_by_key(|sample| sample.round_trip).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn the_quickest_answer_tells() {
        let mut clock = Estimator::default();
        let slow = clock.observe(at(0), at(1_090_000), at(200_000)).expect("the first is the best");
        assert_eq!(slow.offset_micros, 990_000);
        let quick = clock.observe(at(300_000), at(1_305_000), at(310_000)).expect("quicker");
        assert_eq!(quick, ClockOffset { offset_micros: 1_000_000, round_trip: Duration::from_millis(10) });
        assert_eq!(clock.observe(at(400_000), at(2_000_000), at(900_000)), None, "slower changes nothing");
        for n in 1..i64::try_from(KEPT).expect("small") {
            clock.observe(at(n * 1_000_000), at(n * 1_000_000 + 1_050_000), at(n * 1_000_000 + 100_000));
        }
        assert_eq!(
            clock.best().map(|best| best.round_trip),
            Some(Duration::from_millis(100)),
            "old ones are forgotten"
        );
    }

    #[test]
    fn a_clock_that_went_back_does_not_panic() {
        let mut clock = Estimator::default();
        let sample = clock.observe(at(1_000), at(i64::MAX), at(0)).expect("first");
        assert_eq!(sample.round_trip, Duration::ZERO);
        assert_eq!(sample.server_time(at(i64::MAX)), at(i64::MAX));
    }
}
