//! What a commit of many rooms costs: a bid on each of a hundred lots, all at once, again and again.
//!
//! `cargo bench -p blytz-server --bench rooms`, with `-- --help` for the options. On SQLite in a temporary
//! folder, or in an empty PostgreSQL database that `--database-url` names. Machines differ: read one figure
//! beside another of the same run, a hundred rooms beside one.

use std::time::Duration;

use anyhow::{Context, ensure};
use blytz_client::{Client, wire::account::SignupRequest};
use blytz_core::{
    AuctionId, Currency, Money,
    wire::{
        auction::{AuctionInput, BidRequest, Format, Increment, RulesInput},
        product::ProductInput,
    },
};
use blytz_server::{
    Clock, Config, Running, Server, clock,
    config::{AdminConfig, DatabaseConfig, RateLimits, Secret},
};
use clap::Parser;
use futures_util::future::join_all;
use tokio::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Args {
    /// Lots that are bid on at once
    #[arg(long, default_value_t = 100)]
    rooms: usize,
    /// How often
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// An empty PostgreSQL database, in place of a SQLite file
    #[arg(long)]
    database_url: Option<String>,
    /// Said by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

const ADMIN: (&str, &str) = ("admin@load.example", "correct horse battery");
const STEP: i64 = 100;

/// A house with lots, and two who bid on each in turn.
struct House {
    running: Running,
    lots: Vec<AuctionId>,
    tokens: [String; 2],
}

/// How long rounds took, and the commits in them.
struct Round {
    took: Duration,
    commits: f64,
    seconds: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir()?;
    let mut config = Config { rate_limits: RateLimits::Off, ..Config::in_folder(folder.path()) };
    config.admin = Some(AdminConfig { email: ADMIN.0.to_owned(), password: Secret::new(ADMIN.1) });
    if let Some(url) = &args.database_url {
        config.database = DatabaseConfig::Postgres(Secret::new(url.as_str()));
    }
    let house = House::open(config, args.rooms).await?;
    println!("database     {}", if args.database_url.is_some() { "PostgreSQL" } else { "SQLite" });
    println!("{:<12} {:>14} {:>14} {:>12} {:>14}", "rooms", "round p50 ms", "round p99 ms", "commits", "commit ms");
    for rooms in [1, args.rooms] {
        let mut rounds = Vec::with_capacity(args.rounds);
        for number in 0..args.rounds {
            rounds.push(house.round(rooms, number).await?);
        }
        rounds.sort_by_key(|round| round.took);
        let at = |percent: usize| rounds[(rounds.len() - 1) * percent / 100].took.as_secs_f64() * 1_000.0;
        let (commits, seconds) =
            rounds.iter().fold((0.0, 0.0), |sum, round| (sum.0 + round.commits, sum.1 + round.seconds));
        println!(
            "{rooms:<12} {:>14.2} {:>14.2} {:>12.2} {:>14.2}",
            at(50),
            at(99),
            commits / args.rounds as f64,
            seconds / commits * 1_000.0
        );
    }
    house.running.stop().await
}

impl House {
    async fn open(config: Config, rooms: usize) -> anyhow::Result<Self> {
        let running = Server::builder().config(config).launch().await?;
        let nobody = Client::builder(running.url()).build()?;
        let admin = nobody.auth().login(ADMIN.0, ADMIN.1).await?;
        let seller = Client::builder(running.url()).tokens(admin.tokens).build()?;
        let lots = lots(&seller, rooms).await?;
        let mut tokens = Vec::new();
        for name in ["ann", "ben"] {
            let email = format!("{name}@load.example");
            let request = SignupRequest { email, password: ADMIN.1.to_owned(), display_name: name.to_owned() };
            tokens.push(nobody.auth().signup(&request).await?.tokens.access_token);
        }
        let tokens = <[String; 2]>::try_from(tokens).ok().context("two bidders")?;
        Ok(Self { running, lots, tokens })
    }

    /// One bid on each of so many lots, all at once.
    async fn round(&self, rooms: usize, number: usize) -> anyhow::Result<Round> {
        let app = self.running.app();
        let bidder = app.accounts.identify(&self.tokens[number % 2]).await?;
        let lots = self.lots.iter().take(rooms);
        let before = self.commits().await?;
        let began = Instant::now();
        let bids =
            lots.map(|lot| app.auctions.bid(&bidder, bid(*lot, number + if rooms == 1 { 0 } else { 1_000_000 })));
        for answer in join_all(bids).await {
            answer?;
        }
        let took = began.elapsed();
        let after = self.commits().await?;
        ensure!(after.0 > before.0, "nothing was committed");
        Ok(Round { took, commits: after.0 - before.0, seconds: after.1 - before.1 })
    }

    /// How many commits there were, and how long they took together.
    async fn commits(&self) -> anyhow::Result<(f64, f64)> {
        let text = Client::builder(self.running.url()).build()?.process().metrics().await?;
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("{kind=\"auction\"} "));
            line.and_then(|line| line.trim().parse().ok()).unwrap_or(0.0)
        };
        Ok((value("blytz_commit_seconds_count"), value("blytz_commit_seconds_sum")))
    }
}

async fn lots(seller: &Client, rooms: usize) -> anyhow::Result<Vec<AuctionId>> {
    let product = ProductInput {
        title: "A lot of many".to_owned(),
        description: String::new(),
        price: Money::new(STEP, Currency::MYR),
        quantity: i64::try_from(rooms)?,
        category_id: None,
        weight_g: None,
        images: None,
        tax_class: None,
        tags: None,
        sku: None,
        status: None,
    };
    let product_id = seller.products().create(&product).await?.id;
    let rules = RulesInput {
        format: Format::English,
        currency: Currency::MYR,
        starting_price: Money::new(STEP, Currency::MYR),
        reserve_price: None,
        buy_now_price: None,
        increment: Some(Increment::Fixed(STEP)),
        duration_ms: 3_600_000,
        below_reserve: None,
        soft_close: None,
        dutch: None,
    };
    let input = AuctionInput { product_id, title: None, item: None, stream_id: None, starts_at: None, rules };
    let mut lots = Vec::new();
    for _ in 0..rooms {
        let lot = seller.auctions().create(&input).await?.status.id;
        seller.auctions().start(lot).await?;
        lots.push(lot);
    }
    Ok(lots)
}

fn bid(auction_id: AuctionId, number: usize) -> BidRequest {
    let amount = Money::new(STEP * (number as i64 + 1), Currency::MYR);
    let bid_id = clock::new_id(&Clock::system());
    BidRequest { auction_id, bid_id, rules_hash: None, amount: Some(amount), max: None, buy_now: None }
}
