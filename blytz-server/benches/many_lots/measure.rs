//! One database after the other: filled, served, and asked over HTTP.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, ensure};
use blytz_client::{
    Client, RetryPolicy,
    wire::{
        ErrorCode,
        account::SignupRequest,
        auction::{BidAnswer, BidRequest},
    },
};
use blytz_core::{Currency, Money};
use blytz_server::{
    Clock, Config, Running, Server, clock,
    config::{AdminConfig, RateLimits, Secret},
};
use tokio::{net::TcpListener, time::Instant};

use crate::stock::{Course, Lot, Stock};

/// Longer than anything here takes: what is slow is to be measured, not refused.
pub const PATIENCE: Duration = Duration::from_mins(10);
/// The events of the lot that others bid on meanwhile.
const OTHER: u64 = 100;
const ADMIN: (&str, &str) = ("admin@load.example", "correct horse battery");

/// How much a database holds, and how often is bid.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub lots: u64,
    /// Of each of the lots.
    pub events: u64,
    /// Of the lot that is over.
    pub closed: u64,
    pub bids: usize,
}

impl Size {
    pub fn name(&self) -> String {
        format!("{} × {}", self.lots, self.events)
    }
}

/// One line of the table; none where this machine does not say it.
pub struct Figure {
    pub what: &'static str,
    pub unit: &'static str,
    pub value: Option<f64>,
}

/// What is bid on.
struct Lots {
    /// One of many, or the long one.
    one: Lot,
    other: Lot,
    over: Lot,
}

/// Who bids, and who voids.
struct People {
    bidders: [Client; 2],
    others: [Client; 2],
    shill: Client,
    admin: Client,
}

/// Fills a database and measures a server over it.
pub async fn measure(folder: &Path, size: Size) -> anyhow::Result<Vec<Figure>> {
    // On one port, so that those who have signed up need not log in again.
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let server = launch(folder, port).await?;
    let people = People::sign_up(&server.url()).await?;
    server.stop().await?;
    let lots = Lots::write(folder, size).await?;

    let idle = resident_mb();
    let began = Instant::now();
    let server = launch(folder, port).await?;
    let ready = until_ready(&people.admin, began).await?;
    let mut ladder = Ladder { lot: lots.one, bidders: &people.bidders, made: 0 };
    ladder.bid().await.context("the first bid")?;
    let first = began.elapsed();
    let started = resident_mb();

    let mut bids = Vec::new();
    for _ in 0..size.bids {
        bids.push(ladder.bid().await.context("a bid")?);
    }
    let mut beside = Ladder { lot: lots.other, bidders: &people.others, made: 0 };
    // Its room is loaded before others are timed.
    beside.bid().await.context("a bid on the other lot")?;
    let (void, mut during_void) = beside.during(void(&people, &mut ladder)).await?;
    let (refusal, mut during_refusal) = beside.during(refusal(&people, lots.over)).await?;
    let ended = resident_mb();
    server.stop().await?;

    let ms = |what, took: Duration| Figure { what, unit: "ms", value: Some(took.as_secs_f64() * 1_000.0) };
    let mb = |what, value| Figure { what, unit: "MB", value };
    Ok(vec![
        ms("start until /ready", ready),
        ms("start until the first bid", first),
        ms("a bid, p50", percentile(&mut bids, 50)),
        ms("a bid, p99", percentile(&mut bids, 99)),
        ms("a void of a recent bid", void),
        ms("meanwhile a bid on another lot, p99", percentile(&mut during_void, 99)),
        ms("a bid on a lot that is over", refusal),
        ms("meanwhile a bid on another lot, p99", percentile(&mut during_refusal, 99)),
        mb("resident before the start", idle),
        mb("resident after the start", started),
        mb("resident at the end", ended),
    ])
}

pub async fn launch(folder: &Path, port: u16) -> anyhow::Result<Running> {
    let mut config = Config::in_folder(folder);
    config.rate_limits = RateLimits::Off;
    config.timeouts.request = PATIENCE;
    config.admin = Some(AdminConfig { email: ADMIN.0.to_owned(), password: Secret::new(ADMIN.1) });
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    Server::builder().config(config).listener(listener).launch().await
}

async fn until_ready(client: &Client, began: Instant) -> anyhow::Result<Duration> {
    while client.process().ready().await.is_err() {
        ensure!(began.elapsed() < PATIENCE, "the server does not get ready");
        tokio::task::yield_now().await;
    }
    Ok(began.elapsed())
}

impl Lots {
    async fn write(folder: &Path, size: Size) -> anyhow::Result<Self> {
        let mut stock = Stock::open(&folder.join("blytz.db"), Clock::system().now()).await?;
        let one = stock.lot(size.events, Course::Live).await?;
        for _ in 1..size.lots {
            stock.lot(size.events, Course::Live).await?;
        }
        let other = stock.lot(OTHER, Course::Live).await?;
        let over = stock.lot(size.closed, Course::Sold).await?;
        stock.close().await?;
        Ok(Self { one, other, over })
    }
}

impl People {
    async fn sign_up(url: &str) -> anyhow::Result<Self> {
        let patient = |tokens| {
            let once = RetryPolicy { retries: 0, ..RetryPolicy::default() };
            Client::builder(url).tokens(tokens).retry(once).timeout(PATIENCE).build()
        };
        let nobody = Client::builder(url).build()?;
        let mut bidders = Vec::new();
        for number in 0..5 {
            let request = SignupRequest {
                email: format!("bidder-{number}@load.example"),
                password: ADMIN.1.to_owned(),
                display_name: format!("Bidder {number}"),
            };
            bidders.push(patient(nobody.auth().signup(&request).await?.tokens)?);
        }
        let admin = patient(nobody.auth().login(ADMIN.0, ADMIN.1).await?.tokens)?;
        let [a, b, c, d, shill] = <[Client; 5]>::try_from(bidders).ok().context("five bidders")?;
        Ok(Self { bidders: [a, b], others: [c, d], shill, admin })
    }
}

/// Bids on one lot, one after the other, each the next minimum.
struct Ladder<'a> {
    lot: Lot,
    bidders: &'a [Client; 2],
    made: usize,
}

impl Ladder<'_> {
    /// The next bid, and how long its answer took.
    async fn bid(&mut self) -> anyhow::Result<Duration> {
        self.made += 1;
        let bidders = self.bidders;
        let began = Instant::now();
        self.bid_of(&bidders[self.made % 2]).await?;
        Ok(began.elapsed())
    }

    async fn bid_of(&mut self, bidder: &Client) -> anyhow::Result<BidAnswer> {
        let answer = bidder.auctions().bid(&request(self.lot)).await?;
        self.lot.next = answer.next_minimum.context("a lot that goes on")?;
        Ok(answer)
    }

    /// Something that takes a while, and the bids here that were answered meanwhile, at least one.
    async fn during<T>(
        &mut self,
        something: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(T, Vec<Duration>)> {
        let over = AtomicBool::new(false);
        let watched = async {
            let done = something.await;
            over.store(true, Ordering::Relaxed);
            done
        };
        let bidding = async {
            let mut bids = vec![self.bid().await.context("a bid on the other lot")?];
            while !over.load(Ordering::Relaxed) {
                bids.push(self.bid().await.context("a bid on the other lot")?);
            }
            anyhow::Ok(bids)
        };
        let (done, bids) = tokio::join!(watched, bidding);
        Ok((done?, bids?))
    }
}

/// How long it takes to void the last bid.
async fn void(people: &People, ladder: &mut Ladder<'_>) -> anyhow::Result<Duration> {
    let answer = ladder.bid_of(&people.shill).await.context("the bid to be voided")?;
    let began = Instant::now();
    people.admin.auctions().void(ladder.lot.id, answer.bid_id, "a shill").await.context("a void")?;
    Ok(began.elapsed())
}

/// How long it takes to be told that a lot is over.
async fn refusal(people: &People, lot: Lot) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let refused = people.bidders[0].auctions().bid(&request(lot)).await.err();
    let code = refused.context("a bid on a lot that is over was accepted")?.code();
    ensure!(code == Some(ErrorCode::AuctionClosed), "a lot that is over refuses with {code:?}");
    Ok(began.elapsed())
}

fn request(lot: Lot) -> BidRequest {
    let amount = Money::new(lot.next.amount, Currency::MYR);
    let bid_id = clock::new_id(&Clock::system());
    BidRequest { auction_id: lot.id, bid_id, rules_hash: None, amount: Some(amount), max: None, buy_now: None }
}

fn percentile(times: &mut [Duration], of_hundred: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * of_hundred / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// What this process holds, in megabytes; none where there is no /proc.
fn resident_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok().map(|kilobytes: f64| kilobytes / 1_024.0)
}
