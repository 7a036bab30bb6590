//! One round: bidders bid in a closed loop, watchers watch, everything is counted.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use blytz_client::{
    Client, ConnectionState, Error, LiveEvent, LiveHandle,
    wire::auction::{BidAnswer, BidRequest},
};
use blytz_core::{Currency, Money};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use super::{
    arena::{self, Lot, Move},
    arrivals::{self, Arrivals},
    commits::{Commits, Counters},
    load::{Load, Style},
    mark::Marks,
    tally::{self, Bids, Progress},
    watcher::Seen,
};
use crate::error::Failure;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_mins(1);
/// How long watchers may take to see the last event once the last bid is answered.
const CATCH_UP: Duration = Duration::from_secs(30);
/// In a race the leader looks again after this.
const PAUSE: Duration = Duration::from_millis(1);

/// How a bidder reaches the server.
#[derive(Debug, Clone)]
pub enum Line {
    Socket(LiveHandle),
    Http(Client),
}

impl Line {
    /// A live connection that stands.
    pub async fn socket(client: &Client) -> anyhow::Result<Self> {
        let (handle, mut events) = client.live().connect();
        let live = async {
            while let Some(event) = events.recv().await {
                match event {
                    LiveEvent::State(ConnectionState::Live) => return Ok(()),
                    LiveEvent::State(ConnectionState::Reconnecting { cause, .. }) => anyhow::bail!("{cause}"),
                    _ => {}
                }
            }
            anyhow::bail!("the connection ended")
        };
        tokio::time::timeout(CONNECT, live).await.context("A bidder can't connect in time")??;
        Ok(Self::Socket(handle))
    }

    async fn bid(&self, bid: BidRequest) -> Result<BidAnswer, Error> {
        match self {
            Self::Socket(handle) => handle.bid(bid).await,
            Self::Http(client) => client.auctions().bid(&bid).await,
        }
    }
}

/// What a round came to.
pub struct Outcome {
    pub elapsed: f64,
    pub arrivals: Arrivals,
    pub bids: Bids,
    pub watched: Watched,
    pub commits: Option<Commits>,
}

/// What all watchers saw.
pub struct Watched {
    pub latency: Histogram<u32>,
    pub deliveries: u64,
    pub missing: u64,
    /// Watchers that were cut off or did not see the end.
    pub lost: usize,
    /// Events in the logs of all lots.
    pub events: u64,
}

/// Runs a round on fresh lots and leaves them to close by themselves.
pub async fn run(
    seller: &Client,
    lots: Vec<Lot>,
    lines: &[Line],
    load: Load,
    bar: &ProgressBar,
) -> Result<Outcome, Failure> {
    let lots = Arc::new(lots);
    let marks = Marks::new(rand::random(), Instant::now());
    let socket = socket_url(seller.base_url());
    let (watchers, arrivals) = arrivals::arrive(&socket, &lots, load.watchers).await?;
    arena::open(seller, &lots).await?;

    let (finish, heads) = watch::channel(None);
    let mut watching = JoinSet::new();
    for watcher in watchers {
        watching.spawn(watcher.watch(marks, heads.clone()));
    }
    let before = Counters::read(seller).await;
    let began = Instant::now();
    let bids = bid(&lots, lines, load, marks, bar).await?;
    let elapsed = began.elapsed().as_secs_f64();
    let commits = before.zip(Counters::read(seller).await).and_then(|(before, after)| after.since(before, elapsed));

    let heads = arena::heads(seller, &lots).await?;
    let events = heads.iter().sum();
    finish.send_replace(Some(heads));
    let watched = collect(watching, load.watchers, events).await?;
    Ok(Outcome { elapsed, arrivals, bids, watched, commits })
}

async fn bid(
    lots: &Arc<Vec<Lot>>,
    lines: &[Line],
    load: Load,
    marks: Marks,
    bar: &ProgressBar,
) -> Result<Bids, Failure> {
    let progress = Arc::new(Progress::default());
    let end = Instant::now() + load.lasting;
    let mut bidding = JoinSet::new();
    for (index, line) in lines.iter().enumerate() {
        let bidder = Bidder {
            number: u16::try_from(index).map_err(anyhow::Error::from)?,
            line: line.clone(),
            bidders: lines.len(),
            lots: lots.clone(),
            style: load.style,
            marks,
            progress: progress.clone(),
        };
        bidding.spawn(bidder.bid_until(end));
    }
    let mut all = Bids::new()?;
    let mut beat = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            done = bidding.join_next() => match done {
                Some(bids) => all.merge(bids.map_err(anyhow::Error::from)??)?,
                None => return Ok(all),
            },
            _ = beat.tick() => {
                let left = end.saturating_duration_since(Instant::now());
                bar.set_position(u64::try_from(load.lasting.saturating_sub(left).as_millis()).unwrap_or(0));
                let (accepted, refused) = progress.read();
                bar.set_message(format!("{accepted} accepted, {refused} refused"));
            }
        }
    }
}

struct Bidder {
    number: u16,
    /// How many there are.
    bidders: usize,
    line: Line,
    lots: Arc<Vec<Lot>>,
    style: Style,
    marks: Marks,
    progress: Arc<Progress>,
}

impl Bidder {
    async fn bid_until(self, end: Instant) -> anyhow::Result<Bids> {
        let mut bids = Bids::new()?;
        let money = |amount| Some(Money::new(amount, Currency::MYR));
        let mut turn = 0;
        // However busy the machine is, each has its turn.
        while turn == 0 || Instant::now() < end {
            let lot = &self.lots[place(self.number, turn, self.bidders, self.lots.len())];
            turn += 1;
            let step = lot.next_move(self.number, self.style);
            let blank = |bid_id| BidRequest {
                auction_id: lot.id,
                bid_id,
                rules_hash: None,
                amount: None,
                max: None,
                buy_now: None,
            };
            let sent = self.marks.micros();
            let bid_id = self.marks.id(self.number, sent);
            let request = match step {
                Move::Exact(amount) => BidRequest { amount: money(amount), ..blank(bid_id) },
                Move::Max(max) => BidRequest { max: money(max), ..blank(bid_id) },
                Move::Wait => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let answer = self.line.bid(request).await;
            let took = self.marks.micros() - sent;
            match answer {
                Ok(answer) => {
                    lot.learn(self.number, &answer);
                    bids.accept(&self.progress, took);
                }
                Err(error) => {
                    lot.learn_minimum(error.problem().and_then(|problem| problem.next_minimum));
                    bids.refuse(&self.progress, &error, took);
                    if error.code().is_none() {
                        // A server that is gone is not asked in a tight loop.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
        Ok(bids)
    }
}

/// Which lot a bidder bids on. Where lots outnumber the bidders, each goes on to the next one with every bid, so
/// that none is left out; otherwise they stay.
fn place(number: u16, turn: usize, bidders: usize, lots: usize) -> usize {
    (usize::from(number) + if lots > bidders { turn } else { 0 }) % lots
}

async fn collect(
    mut watching: JoinSet<anyhow::Result<Seen>>,
    watchers: usize,
    events: u64,
) -> Result<Watched, Failure> {
    let mut watched = Watched { latency: tally::histogram(2)?, deliveries: 0, missing: 0, lost: watchers, events };
    let deadline = Instant::now() + CATCH_UP;
    while let Ok(Some(seen)) = tokio::time::timeout_at(deadline, watching.join_next()).await {
        let seen = seen.map_err(anyhow::Error::from)??;
        watched.latency.add(&seen.latency).context("Histograms don't fit")?;
        watched.deliveries += seen.events;
        watched.missing += seen.missing;
        watched.lost -= usize::from(seen.complete);
    }
    Ok(watched)
}

/// A bar on stderr, where it is a terminal.
pub fn bar(lasting: Duration, what: &str) -> ProgressBar {
    let millis = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(millis), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{prefix:>12} {wide_bar} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(what.to_owned());
    bar
}

fn socket_url(base: &str) -> String {
    // http to ws, https to wss.
    format!("{}/ws", base.trim_end_matches('/').replacen("http", "ws", 1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_lot_is_left_out() {
        let visits = |bidder, bidders, lots| [0, 1, 2].map(|turn| super::place(bidder, turn, bidders, lots));
        assert_eq!(visits(1, 2, 3), [1, 2, 0], "more lots than bidders");
        assert_eq!(visits(1, 2, 2), [1, 1, 1]);
        assert_eq!(visits(4, 5, 3), [1, 1, 1]);
    }

    #[test]
    fn the_socket_is_beside_the_api() {
        assert_eq!(super::socket_url("http://127.0.0.1:8080/"), "ws://127.0.0.1:8080/ws");
        assert_eq!(super::socket_url("https://http.example/api"), "wss://http.example/api/ws");
    }
}
