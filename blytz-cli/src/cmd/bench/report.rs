//! What a load test found: one document for programs, a few lines for people.

use std::collections::BTreeMap;

use blytz_tui::words::count;
use serde::Serialize;

use super::{
    arrivals::ArrivalFigures,
    commits::Commits,
    machine::Memory,
    round::{Outcome, Watched},
    tally::{Bids, Spread},
};
use crate::{error::Failure, output::Output};

/// What a load test found.
#[derive(Debug, Serialize)]
pub struct Report {
    pub server: String,
    /// Whether the server ran in the same process.
    pub embedded: bool,
    pub transport: &'static str,
    pub style: &'static str,
    pub bidders: usize,
    pub watchers: usize,
    pub lots: usize,
    pub seconds: f64,
    /// How the watchers arrived; null without any.
    pub arrivals: Option<ArrivalFigures>,
    pub bids: BidFigures,
    pub bid_to_answer: Spread,
    pub bid_to_watcher: Spread,
    pub events: u64,
    pub deliveries: u64,
    pub deliveries_per_second: f64,
    /// Events that a watcher did not get though it got later ones; anything but 0 is a fault.
    pub missing: u64,
    /// Watchers that were cut off, or had not seen the end half a minute after it.
    pub watchers_lost: usize,
    /// As the server counts them, of everything it does.
    pub commits: Option<Commits>,
    pub memory: Option<Memory>,
    pub comparison: Option<Comparison>,
}

#[derive(Debug, Serialize)]
pub struct BidFigures {
    pub accepted: u64,
    pub accepted_per_second: f64,
    pub refused: u64,
    pub refused_per_second: f64,
    pub refused_by_code: BTreeMap<&'static str, u64>,
    pub failed: u64,
    pub failure: Option<String>,
}

/// Figures of the same machine in the same minute, to be set against each other.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The disk's own commits a second, one after the other; only of a server in this process.
    pub syncs_per_second: Option<f64>,
    /// Sealed bids accepted a second on one lot, without watchers.
    pub hot_per_second: f64,
    /// On many lots with the same bidders.
    pub cool_per_second: f64,
    pub cool_lots: usize,
    /// Near 1 or above: a hot lot is not slower than many cool ones.
    pub hot_to_cool: f64,
    /// Above 1: a bid costs less than a commit of its own.
    pub hot_to_syncs: Option<f64>,
}

impl BidFigures {
    fn of(bids: Bids, elapsed: f64) -> Self {
        Self {
            accepted: bids.accepted,
            accepted_per_second: bids.accepted as f64 / elapsed,
            refused: bids.refused(),
            refused_per_second: bids.refused() as f64 / elapsed,
            refused_by_code: bids.refused,
            failed: bids.failed,
            failure: bids.failure,
        }
    }
}

/// How the load test was made.
pub struct Setting {
    pub server: String,
    pub embedded: bool,
    pub transport: &'static str,
    pub style: &'static str,
    pub bidders: usize,
    pub watchers: usize,
    pub lots: usize,
}

impl Report {
    pub fn new(setting: Setting, outcome: Outcome, memory: Option<Memory>, comparison: Option<Comparison>) -> Self {
        let Outcome { elapsed, arrivals, bids, watched, commits } = outcome;
        let Watched { latency, deliveries, missing, lost, events } = watched;
        Self {
            server: setting.server,
            embedded: setting.embedded,
            transport: setting.transport,
            style: setting.style,
            bidders: setting.bidders,
            watchers: setting.watchers,
            lots: setting.lots,
            seconds: elapsed,
            arrivals: arrivals.figures(),
            bid_to_answer: Spread::of(&bids.latency),
            bid_to_watcher: Spread::of(&latency),
            bids: BidFigures::of(bids, elapsed),
            events,
            deliveries,
            deliveries_per_second: deliveries as f64 / elapsed,
            missing,
            watchers_lost: lost,
            commits,
            memory,
            comparison,
        }
    }

    /// Whether something happened that must not.
    pub fn fault(&self) -> Option<String> {
        if self.missing > 0 {
            return Some(format!("{} events were skipped on the way to watchers.", self.missing));
        }
        if self.watchers_lost > 0 {
            return Some(format!("{} watchers were cut off or did not see the end.", self.watchers_lost));
        }
        if self.bids.failed > 0 {
            let why = self.bids.failure.as_deref().unwrap_or("no answer");
            return Some(format!("{} bids had no answer; one of them: {why}", self.bids.failed));
        }
        (self.bids.accepted == 0).then(|| "No bid was accepted.".to_owned())
    }

    pub fn print(&self, out: Output) -> Result<(), Failure> {
        out.record(self, || {
            let mut lines = vec![
                ("server", format!("{}{}", self.server, if self.embedded { ", in this process" } else { "" })),
                ("load", self.load()),
            ];
            if let Some(arrivals) = &self.arrivals {
                lines.extend(arrivals.lines());
            }
            lines.extend([
                ("accepted", rate(self.bids.accepted, self.bids.accepted_per_second)),
                ("refused", self.refusals()),
                ("bid to answer", spread(&self.bid_to_answer)),
                ("bid to watcher", spread(&self.bid_to_watcher)),
                (
                    "events",
                    format!(
                        "{} in the logs; {} delivered",
                        self.events,
                        rate(self.deliveries, self.deliveries_per_second)
                    ),
                ),
            ]);
            lines.extend(self.commits.map(|commits| ("commits", describe(commits))));
            lines.extend(self.memory.map(|memory| ("memory", self.memory_line(memory))));
            if let Some(comparison) = &self.comparison {
                lines.extend(comparison.lines());
            }
            lines
        })
    }

    fn load(&self) -> String {
        format!(
            "{} bidders over {} ({}), {} watchers, {} for {:.1} s",
            self.bidders,
            self.transport,
            self.style,
            self.watchers,
            count(self.lots as u64, "lot"),
            self.seconds
        )
    }

    fn refusals(&self) -> String {
        let by_code: Vec<_> = self.bids.refused_by_code.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let total = rate(self.bids.refused, self.bids.refused_per_second);
        if by_code.is_empty() { total } else { format!("{total}: {}", by_code.join(", ")) }
    }

    fn memory_line(&self, memory: Memory) -> String {
        let whose = if self.embedded { "server and load together" } else { "the server" };
        format!("{} resident, {} at most ({whose})", mebibytes(memory.resident), mebibytes(memory.peak))
    }
}

impl ArrivalFigures {
    fn lines(&self) -> [(&'static str, String); 3] {
        let Self { per_second, at_once, connect, subscribe } = self;
        [
            ("arrivals", format!("{} ({per_second:.0}/s), {at_once} at a time", subscribe.count)),
            ("to connect", spread(connect)),
            ("to subscribe", spread(subscribe)),
        ]
    }
}

impl Comparison {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("one hot lot", format!("{:.0} sealed bids/s, without watchers", self.hot_per_second)),
            ("cool lots", format!("{:.0} sealed bids/s on {} lots", self.cool_per_second, self.cool_lots)),
            ("hot : cool", format!("{:.2} (near 1 or above: a hot lot is not slower)", self.hot_to_cool)),
        ];
        if let (Some(syncs), Some(ratio)) = (self.syncs_per_second, self.hot_to_syncs) {
            lines.push(("disk", format!("{syncs:.0} commits/s one by one")));
            lines.push(("bids : commits", format!("{ratio:.2} (above 1: a bid costs less than a commit)")));
        }
        lines
    }
}

fn rate(count: u64, per_second: f64) -> String {
    format!("{count} ({per_second:.0}/s)")
}

fn spread(spread: &Spread) -> String {
    if spread.count == 0 {
        return "-".to_owned();
    }
    let Spread { p50_ms, p95_ms, p99_ms, max_ms, .. } = spread;
    format!("p50 {p50_ms:.1} ms, p95 {p95_ms:.1} ms, p99 {p99_ms:.1} ms, max {max_ms:.1} ms")
}

fn describe(commits: Commits) -> String {
    let Commits { count, per_second, events_each, mean_ms } = commits;
    format!("{count:.0} ({per_second:.0}/s) of {events_each:.1} events and {mean_ms:.2} ms on average")
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / 1_048_576.0)
}
