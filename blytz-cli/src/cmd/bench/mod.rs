//! `blytz bench`: a load test of any Blytz server, for its operators.

mod arena;
mod arrivals;
mod commits;
mod load;
mod machine;
mod mark;
mod report;
mod round;
mod tally;
mod watcher;

use std::time::Duration;

use blytz_client::Client;
use blytz_core::ProductId;
use futures_util::{StreamExt, TryStreamExt, stream};

use self::{
    load::{Load, Style},
    machine::Memory,
    report::{Comparison, Report, Setting},
    round::{Line, Outcome},
};
#[cfg(feature = "embedded")]
use crate::embedded::{self, House};
use crate::{context::Context, error::Failure};

/// Rounds of a comparison, hot and cool in turns, so that what the machine does meanwhile hits both.
const TURNS: u32 = 3;
/// How long the disk is asked.
const SYNCING: Duration = Duration::from_secs(1);

/// Load-test a server: bids, refusals and arriving watchers per second, times from bid to answer and to
/// watchers.
///
/// Without --server it starts a server of its own in this process, on a temporary folder. On another
/// server it needs a seller's login (the profile's, --token, or --email) and one started with
/// `--rate-limits off`; it leaves behind accounts, a product and lots that close a minute after the
/// end. It has no business on a server where people buy things.
///
/// Each bidder bids again as soon as the last bid is answered. Bidders use the SDK; watchers are bare
/// sockets that only look for the bid's id, because on a small machine five hundred watchers in the
/// same process would otherwise measure themselves. They arrive before the bids, 32 at a time: how many
/// connect and subscribe a second, and how long it takes from `subscribe` to the snapshot.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz bench
  blytz bench --bidders 50 --watchers 500 --seconds 20
  blytz bench --bidders 1 --watchers 5000 --seconds 1
  blytz bench --lots 50 --watchers 0 --compare 50
  blytz --server http://127.0.0.1:8080 bench --email seller@example.com --password-file secret.txt --pid 4711
")]
pub struct Args {
    /// Bidders, each on a connection of its own
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    bidders: u16,
    /// Watchers, each on a socket of its own, spread over the lots
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=50_000))]
    watchers: u32,
    /// How long bids are made
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Lots that the bidders are spread over: one is hot; with more lots than bidders, each bidder goes round
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    lots: u16,
    /// How bidders behave
    #[arg(long, value_enum, default_value_t)]
    style: Style,
    /// Bid by HTTP requests instead of live connections
    #[arg(long)]
    http: bool,
    /// Then compare, with sealed bids and without watchers: one hot lot, this many cool ones, and the
    /// disk's own commits
    #[arg(long, value_name = "LOTS", num_args = 0..=1, default_missing_value = "50", value_parser = clap::value_parser!(u16).range(2..=1_000))]
    compare: Option<u16>,
    /// The server's process on this machine, to read its memory
    #[arg(long)]
    pid: Option<u32>,
    /// The seller's email address, instead of the profile's login
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// The file with their password; - reads stdin
    #[arg(long, value_name = "FILE", requires = "email")]
    password_file: Option<String>,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    if args.style == Style::Race && args.bidders < 2 * args.lots {
        return Err(Failure::usage("A race needs two bidders on every lot; give more --bidders."));
    }
    machine::allow_many_sockets();
    let target = Target::find(ctx, &args).await?;
    let report = tokio::select! {
        report = measure(ctx, &args, &target) => report,
        stopped = target.interrupted() => stopped.and(Err(Failure::failed("Stopped before the end."))),
    };
    target.close().await?;
    let report = report?;
    report.print(ctx.out)?;
    report.fault().map_or(Ok(()), |fault| Err(Failure::failed(fault)))
}

async fn measure(ctx: &Context, args: &Args, target: &Target) -> Result<Report, Failure> {
    let run = hex::encode(rand::random::<[u8; 4]>());
    let url = target.seller.base_url().to_owned();
    ctx.out.note(format!("Signing up {} bidders ...", args.bidders));
    let cool = args.compare.map_or(0, usize::from);
    let units = usize::from(args.lots) + (cool + 1) * TURNS as usize;
    let stand = Stand {
        seller: target.seller.clone(),
        product: arena::product(&target.seller, &run, units).await?,
        lines: lines(args.http, &arena::bidders(&url, &run, args.bidders).await?).await?,
    };
    ctx.out.note(format!("Connecting {} watchers ...", args.watchers));
    let seconds = Duration::from_secs(args.seconds);
    let load = Load { style: args.style, watchers: args.watchers as usize, lasting: seconds };
    let outcome = stand.round(usize::from(args.lots), load, "bidding").await?;
    let memory = target.pid(args.pid).and_then(Memory::of);
    let comparison = if cool > 0 { Some(stand.compare(cool, seconds, target.folder()).await?) } else { None };
    // Best effort: nobody should find it in the shop.
    drop(target.seller.products().archive(stand.product).await);
    let setting = Setting {
        server: url,
        embedded: target.is_embedded(),
        transport: if args.http { "http" } else { "websocket" },
        style: args.style.name(),
        bidders: usize::from(args.bidders),
        watchers: args.watchers as usize,
        lots: usize::from(args.lots),
    };
    Ok(Report::new(setting, outcome, memory, comparison))
}

async fn lines(http: bool, bidders: &[Client]) -> Result<Vec<Line>, Failure> {
    if http {
        return Ok(bidders.iter().cloned().map(Line::Http).collect());
    }
    Ok(stream::iter(bidders).map(Line::socket).buffered(16).try_collect().await?)
}

/// What every round needs.
struct Stand {
    seller: Client,
    product: ProductId,
    lines: Vec<Line>,
}

impl Stand {
    async fn round(&self, lots: usize, load: Load, what: &str) -> Result<Outcome, Failure> {
        let lots = arena::lots(&self.seller, self.product, lots, load).await?;
        let bar = round::bar(load.lasting, what);
        let outcome = round::run(&self.seller, lots, &self.lines, load, &bar).await;
        bar.finish_and_clear();
        outcome
    }

    /// One hot lot against many cool ones, in turns. Sealed, because there every bid is accepted: what
    /// is compared is the cost of a bid, not how many were overtaken.
    async fn compare(
        &self,
        cool: usize,
        whole: Duration,
        folder: Option<&std::path::Path>,
    ) -> Result<Comparison, Failure> {
        let each = (whole / (2 * TURNS)).max(Duration::from_secs(1));
        let load = Load { style: Style::Sealed, watchers: 0, lasting: each };
        let (mut hot_per_second, mut cool_per_second) = (0.0, 0.0);
        for _ in 0..TURNS {
            for (lots, what, sum) in [(1, "hot", &mut hot_per_second), (cool, "cool", &mut cool_per_second)] {
                let outcome = self.round(lots, load, what).await?;
                *sum += outcome.bids.accepted as f64 / outcome.elapsed / f64::from(TURNS);
            }
        }
        let syncs_per_second = match folder {
            Some(folder) => Some(machine::syncs_per_second(folder, SYNCING).await?),
            None => None,
        };
        Ok(Comparison {
            syncs_per_second,
            hot_per_second,
            cool_per_second,
            cool_lots: cool,
            hot_to_cool: hot_per_second / cool_per_second,
            hot_to_syncs: syncs_per_second.map(|syncs| hot_per_second / syncs),
        })
    }
}

/// The server that is tested.
struct Target {
    seller: Client,
    #[cfg(feature = "embedded")]
    house: Option<House>,
}

impl Target {
    #[cfg(feature = "embedded")]
    async fn find(ctx: &Context, args: &Args) -> Result<Self, Failure> {
        if ctx.names_server() {
            return Ok(Self { seller: elsewhere(ctx, args).await?, house: None });
        }
        let house = House::open(0).await?;
        ctx.out.note(format!("No --server was given: testing one in this process, {}", house.url()));
        let seller = house.seller().await?;
        Ok(Self { seller, house: Some(house) })
    }

    #[cfg(not(feature = "embedded"))]
    async fn find(ctx: &Context, args: &Args) -> Result<Self, Failure> {
        Ok(Self { seller: elsewhere(ctx, args).await? })
    }

    #[cfg(feature = "embedded")]
    fn is_embedded(&self) -> bool {
        self.house.is_some()
    }

    #[cfg(not(feature = "embedded"))]
    fn is_embedded(&self) -> bool {
        false
    }

    /// Where the server's data is, if it is ours.
    #[cfg(feature = "embedded")]
    fn folder(&self) -> Option<&std::path::Path> {
        self.house.as_ref().map(House::folder)
    }

    #[cfg(not(feature = "embedded"))]
    fn folder(&self) -> Option<&std::path::Path> {
        None
    }

    /// Whose memory is the server's.
    fn pid(&self, given: Option<u32>) -> Option<u32> {
        given.or_else(|| self.is_embedded().then(std::process::id))
    }

    /// Returns when this process is to end and has a server to take down before.
    async fn interrupted(&self) -> Result<(), Failure> {
        #[cfg(feature = "embedded")]
        if self.house.is_some() {
            return Ok(embedded::interrupted().await?);
        }
        std::future::pending().await
    }

    #[cfg(feature = "embedded")]
    async fn close(self) -> Result<(), Failure> {
        match self.house {
            Some(house) => house.close().await,
            None => Ok(()),
        }
    }

    #[cfg(not(feature = "embedded"))]
    async fn close(self) -> Result<(), Failure> {
        Ok(())
    }
}

/// A seller on a server that somebody named.
async fn elsewhere(ctx: &Context, args: &Args) -> Result<Client, Failure> {
    let client = if let Some(email) = &args.email {
        let client = ctx.guest()?;
        let password = ctx.password(args.password_file.as_deref(), "Password", false)?;
        client.auth().login(email, &password).await?;
        client
    } else {
        ctx.client().await?
    };
    if client.tokens().is_none() {
        return Err(blytz_client::Error::NotLoggedIn.into());
    }
    if !is_local(client.base_url()) {
        ctx.confirm(&format!("Load-test {} with {} bidders?", client.base_url(), args.bidders))?;
    }
    Ok(client)
}

/// Whether the address is this machine's own.
fn is_local(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or(url);
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|local| host.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_asked_about() {
        for local in ["http://127.0.0.1:8080/", "http://localhost", "https://[::1]:1/x"] {
            assert!(is_local(local), "{local}");
        }
        for foreign in ["https://shop.example/", "http://127.0.0.1.shop.example/", "http://localhost.example:1/"] {
            assert!(!is_local(foreign), "{foreign}");
        }
    }
}
