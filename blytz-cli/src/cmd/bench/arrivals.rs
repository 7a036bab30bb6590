//! Watchers arrive: how fast a server lets them connect and subscribe.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    arena::Lot,
    tally::{self, Spread},
    watcher::{Took, Watcher},
};
use crate::error::Failure;

/// So many watchers arrive at a time.
const AT_ONCE: usize = 32;

/// How all watchers arrived.
#[derive(Debug)]
pub struct Arrivals {
    /// From the first to the last, in seconds.
    elapsed: f64,
    connect: Histogram<u32>,
    subscribe: Histogram<u32>,
}

/// The same for people and programs.
#[derive(Debug, Serialize)]
pub struct ArrivalFigures {
    /// Watchers that connected and subscribed.
    pub per_second: f64,
    /// How many of them at a time: times are to be read with this.
    pub at_once: usize,
    pub connect: Spread,
    pub subscribe: Spread,
}

impl Arrivals {
    /// Nothing, where nobody came.
    pub fn figures(&self) -> Option<ArrivalFigures> {
        let subscribe = Spread::of(&self.subscribe);
        (subscribe.count > 0).then(|| ArrivalFigures {
            per_second: subscribe.count as f64 / self.elapsed,
            at_once: AT_ONCE,
            connect: Spread::of(&self.connect),
            subscribe,
        })
    }

    fn note(&mut self, took: Took) {
        let micros = |took: Duration| u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tally::note(&mut self.connect, micros(took.connecting));
        tally::note(&mut self.subscribe, micros(took.subscribing));
    }
}

/// Connects and subscribes so many watchers, spread over the lots.
pub async fn arrive(url: &str, lots: &[Lot], count: usize) -> Result<(Vec<Watcher>, Arrivals), Failure> {
    let mut arrivals = Arrivals { elapsed: 0.0, connect: tally::histogram(2)?, subscribe: tally::histogram(2)? };
    let began = Instant::now();
    // In tasks of their own: on one core, they would measure themselves.
    let mut arriving = stream::iter(0..count)
        .map(|index| {
            let (url, lot) = (url.to_owned(), index % lots.len());
            let id = lots[lot].id;
            tokio::spawn(async move { Watcher::connect(&url, id, lot).await })
        })
        .buffer_unordered(AT_ONCE);
    let mut watchers = Vec::with_capacity(count);
    while let Some(arrived) = arriving.try_next().await.map_err(anyhow::Error::from)? {
        let (watcher, took) = arrived?;
        arrivals.note(took);
        watchers.push(watcher);
    }
    arrivals.elapsed = began.elapsed().as_secs_f64();
    Ok((watchers, arrivals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_counted_a_second_and_timed_apart() {
        let empty = || tally::histogram(2).expect("a histogram");
        let mut arrivals = Arrivals { elapsed: 0.5, connect: empty(), subscribe: empty() };
        assert!(arrivals.figures().is_none(), "nobody came");
        for subscribing in [2, 4] {
            let subscribing = Duration::from_millis(subscribing);
            arrivals.note(Took { connecting: Duration::from_millis(8), subscribing });
        }
        let figures = arrivals.figures().expect("two came");
        assert!((figures.per_second - 4.0).abs() < f64::EPSILON, "{figures:?}");
        assert!((figures.connect.p50_ms - 8.0).abs() < 0.1, "{figures:?}");
        assert!((figures.subscribe.p50_ms - 2.0).abs() < 0.1 && (figures.subscribe.max_ms - 4.0).abs() < 0.1);
    }
}
