//! Counting and timing.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use blytz_client::Error;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Times up to a minute; whatever takes longer counts as one.
const LONGEST_US: u64 = 60_000_000;

/// For times in microseconds, to so many digits.
pub fn histogram(digits: u8) -> anyhow::Result<Histogram<u32>> {
    Histogram::new_with_bounds(1, LONGEST_US, digits).context("A histogram can't be made")
}

/// Notes a time in microseconds.
pub fn note(histogram: &mut Histogram<u32>, micros: u64) {
    histogram.saturating_record(micros.clamp(1, LONGEST_US));
}

/// Counted while it runs, for the progress bar.
#[derive(Debug, Default)]
pub struct Progress {
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl Progress {
    /// Accepted and refused so far.
    pub fn read(&self) -> (u64, u64) {
        (self.accepted.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }
}

/// What one bidder, or all of them, met with.
#[derive(Debug)]
pub struct Bids {
    pub accepted: u64,
    /// By code.
    pub refused: BTreeMap<&'static str, u64>,
    /// Without an answer that says yes or no.
    pub failed: u64,
    /// One of the failures, for people.
    pub failure: Option<String>,
    /// From sending to the answer, whichever it was, in microseconds.
    pub latency: Histogram<u32>,
}

impl Bids {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { accepted: 0, refused: BTreeMap::new(), failed: 0, failure: None, latency: histogram(3)? })
    }

    pub fn accept(&mut self, progress: &Progress, micros: u64) {
        progress.accepted.fetch_add(1, Ordering::Relaxed);
        self.accepted += 1;
        note(&mut self.latency, micros);
    }

    pub fn refuse(&mut self, progress: &Progress, error: &Error, micros: u64) {
        let Some(code) = error.code() else {
            self.failed += 1;
            self.failure.get_or_insert_with(|| error.to_string());
            return;
        };
        progress.refused.fetch_add(1, Ordering::Relaxed);
        *self.refused.entry(code.as_str()).or_default() += 1;
        note(&mut self.latency, micros);
    }

    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    pub fn merge(&mut self, other: Self) -> anyhow::Result<()> {
        self.accepted += other.accepted;
        self.failed += other.failed;
        self.failure = self.failure.take().or(other.failure);
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.latency.add(&other.latency).context("Histograms don't fit")
    }
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub count: u64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Spread {
    pub fn of(histogram: &Histogram<u32>) -> Self {
        let quantile = |q| millis(histogram.value_at_quantile(q));
        Self {
            count: histogram.len(),
            p50_ms: quantile(0.50),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            max_ms: if histogram.is_empty() { 0.0 } else { millis(histogram.max()) },
        }
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use blytz_client::wire::{ErrorCode, Problem};

    use super::*;

    #[test]
    fn bidders_add_up() {
        let progress = Progress::default();
        let mut all = Bids::new().expect("a tally");
        for _ in 0..2 {
            let mut one = Bids::new().expect("a tally");
            one.accept(&progress, 1_000);
            one.refuse(&progress, &Error::from(Problem::new(ErrorCode::BidTooLow, "")), 3_000);
            one.refuse(&progress, &Error::NotLoggedIn, 5_000);
            all.merge(one).expect("alike");
        }
        assert_eq!((all.accepted, all.refused(), all.failed), (2, 2, 2));
        assert_eq!(all.refused.get("bid_too_low"), Some(&2));
        assert_eq!(progress.read(), (2, 2));
        let spread = Spread::of(&all.latency);
        assert_eq!(spread.count, 4, "what was not answered is not timed");
        assert!((spread.p50_ms - 1.0).abs() < 0.01 && (spread.max_ms - 3.0).abs() < 0.01, "{spread:?}");
    }
}
