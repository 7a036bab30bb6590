//! `blytz demo`: a show with bots, to be watched and joined.

mod audience;
mod bidder;
mod mind;
mod pace;
mod seller;
mod show;
mod stage;

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};

use blytz_client::{Client, wire::chat::ChatSend};
use blytz_tui::{Options, StartScreen};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{task::JoinSet, time::Instant};

use self::{
    audience::{Audience, Summary},
    pace::Pace,
    seller::Evening,
    show::Show,
    stage::{FRIEND, PASSWORD, Stage},
};
use crate::{
    context::Context,
    embedded::{self, House},
    error::Failure,
};

/// How long it lasts without a terminal, unless said.
const HEADLESS_SECONDS: u64 = 60;
/// How much faster than its own pace the show runs without a person in it, unless said.
const HEADLESS_SPEED: f64 = 3.0;
/// In so many of the show's own seconds two lots are sold, however they are fought over.
const TWO_LOTS: f64 = 90.0;
/// What stopping takes: the sockets, the proofs, the server.
const CURTAIN: Duration = Duration::from_secs(1);

/// Take part in a live show with bots, on a server of its own.
///
/// Starts a server in this process with a temporary data folder, puts a show with a dozen bidding
/// bots on it, and opens it in the terminal, with you as one of the bidders. Everything goes away
/// at the end. Without a terminal, or with --headless, what happens is printed as lines, with a
/// summary at the end; then the exit code is 0 only if nothing went wrong.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz demo
  blytz demo --port 8080
  blytz demo --headless --seconds 60
  blytz demo --headless --lots 2
  blytz demo --headless --seed 7 --output json
")]
pub struct Args {
    /// Print what happens instead of opening the show in the terminal
    #[arg(long)]
    headless: bool,
    /// End after this many seconds [default: 60 without a terminal and without --lots, else never]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: Option<u64>,
    /// End when this many lots are sold, however long that takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    lots: Option<u64>,
    /// The server's port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The bots' moods: the same number, the same moods
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many times faster than at its own pace the show runs [default: 1 in the terminal, else 3, or more if there is little time]
    #[arg(long, value_name = "FACTOR")]
    speed: Option<Pace>,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let began = Instant::now();
    let headless = args.headless || !io::stdout().is_terminal();
    ctx.out.note("Setting up a server and a show ...");
    let seconds = args.seconds.or((headless && args.lots.is_none()).then_some(HEADLESS_SECONDS));
    let pace = match args.speed {
        Some(pace) => pace,
        None => Pace::new(usual_speed(headless, seconds)).map_err(Failure::usage)?,
    };
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u16>()));
    let until = seconds.map(|seconds| began + Duration::from_secs(seconds));

    let house = House::open(args.port).await?;
    let stage = Arc::new(Stage::set(&house, Show::load()?, pace).await?);
    invite(ctx, &house, seed);
    let played = play(ctx, &house, &stage, Play { headless, began, until, lots: args.lots, seed }).await;
    let closed = house.close().await;
    let summary = played?;
    closed?;
    match summary.trouble() {
        [] => Ok(()),
        trouble => Err(Failure::failed(format!("{} went wrong; see the summary.", things(trouble.len())))),
    }
}

/// A person gets the show's own pace; without one it hurries, the more the less time there is.
fn usual_speed(headless: bool, seconds: Option<u64>) -> f64 {
    let least = if headless { HEADLESS_SPEED } else { 1.0 };
    seconds.map_or(least, |seconds| (TWO_LOTS / seconds.max(2) as f64).max(least))
}

struct Play {
    headless: bool,
    began: Instant,
    until: Option<Instant>,
    lots: Option<u64>,
    seed: u64,
}

/// Raises the curtain, waits for the end, and says how it went.
async fn play(ctx: &Context, house: &House, stage: &Arc<Stage>, play: Play) -> Result<Summary, Failure> {
    let guest = Client::builder(house.url()).build()?;
    let audience = Audience::new(stage.clone(), guest, play.began, play.headless.then_some(ctx.out));
    let audience = tokio::spawn(audience.watch());
    stage.seller.client.streams().start(stage.stream.id).await?;
    if !play.headless {
        pin_invitation(stage, &house.url()).await?;
    }

    let mut cast = JoinSet::new();
    let mut moods = StdRng::seed_from_u64(play.seed);
    for (person, part) in stage.bidders.iter().zip(&stage.show.cast) {
        cast.spawn(bidder::run(stage.clone(), person.clone(), part.clone(), moods.random()));
    }
    let evening = Evening { until: play.until.map(|until| until - CURTAIN), lots: play.lots };
    let selling = tokio::spawn(seller::run(stage.clone(), evening));
    let outcome =
        if play.headless { sit_through(selling, play.until).await } else { join_in(stage, selling, &play).await };

    stage.over.cancel();
    while cast.join_next().await.is_some() {}
    let summary = audience.await.map_err(anyhow::Error::from)??;
    summary.print(ctx.out)?;
    outcome?;
    Ok(summary)
}

type Selling = tokio::task::JoinHandle<Result<(), Failure>>;

/// Until the seller is done, time is up, or somebody stops it.
async fn sit_through(selling: Selling, until: Option<Instant>) -> Result<(), Failure> {
    tokio::select! {
        sold = selling => sold.map_err(anyhow::Error::from)?,
        () = deadline(until) => Ok(()),
        stopped = embedded::interrupted() => Ok(stopped?),
    }
}

/// Until the person at the terminal has had enough, or time is up.
async fn join_in(stage: &Arc<Stage>, mut selling: Selling, play: &Play) -> Result<(), Failure> {
    let mut options = Options::new(stage.you.client.clone());
    if let Some(first) = stage.queue.first() {
        options.start = StartScreen::Lot(*first);
    }
    tokio::select! {
        left = blytz_tui::run(options) => left?,
        () = deadline(play.until) => {}
        sold = &mut selling, if play.lots.is_some() => return sold.map_err(anyhow::Error::from)?,
    }
    if selling.is_finished() { selling.await.map_err(anyhow::Error::from)? } else { Ok(()) }
}

async fn deadline(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Says where the show is and how to join it.
fn invite(ctx: &Context, house: &House, seed: u64) {
    let url = house.url();
    ctx.out.note(format!("The show is on {url} (seed {seed}). To join it from another terminal:"));
    ctx.out.note(format!(
        "  echo {PASSWORD} | blytz --profile demo --server {url} login --email {FRIEND} --password-file -"
    ));
    ctx.out.note("  blytz --profile demo tui");
}

/// In the terminal nobody sees what was said before: the way in stands above the chat.
async fn pin_invitation(stage: &Stage, url: &str) -> Result<(), Failure> {
    let text = format!(
        "Join from another terminal: blytz --profile demo --server {url} login --email {FRIEND} (password {PASSWORD}), \
         then blytz --profile demo tui"
    );
    let chat = stage.seller.client.chat();
    let message = chat.send(&ChatSend { stream_id: stage.stream.id, message_id: None, text }).await?;
    Ok(chat.pin(stage.stream.id, Some(message.id)).await?)
}

fn things(count: usize) -> String {
    if count == 1 { "One thing".to_owned() } else { format!("{count} things") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_time_makes_haste() {
        for (headless, seconds, expected) in [
            (false, None, 1.0),
            (true, Some(60), 3.0),
            (true, Some(10), 9.0),
            (false, Some(10), 9.0),
            (true, Some(1), 45.0),
            (true, Some(86_400), 3.0),
        ] {
            let speed = usual_speed(headless, seconds);
            assert!((speed - expected).abs() < f64::EPSILON, "{headless} {seconds:?}: {speed}");
            Pace::new(speed).expect("a pace");
        }
    }
}
