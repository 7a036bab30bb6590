//! `blytz tui`: bidding live, with the profile's login.

use std::{io::IsTerminal, path::PathBuf};

use blytz_core::AuctionId;
use blytz_tui::{Options, StartScreen};

use crate::{context::Context, error::Failure};

/// Bid live from the terminal.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz tui
  blytz tui --auction LOT
  blytz tui --server https://auctions.example --profile shop
")]
pub struct Args {
    /// Start at this lot
    #[arg(long, value_name = "LOT")]
    auction: Option<AuctionId>,
    /// The configuration file instead of blytz/tui.toml in the configuration folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the picture key saves the screen as SVG
    #[arg(long, value_name = "FILE", hide = true)]
    picture: Option<PathBuf>,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::usage("This needs a terminal; `blytz auctions watch` prints plain lines."));
    }
    let client = ctx.client().await?;
    let options = Options {
        start: args.auction.map_or(StartScreen::Lobby, StartScreen::Lot),
        config: args.config,
        picture: args.picture,
        ..Options::new(client)
    };
    // A house that is met in there is told of afterwards.
    let _held = ctx.out.hold_notes();
    Ok(blytz_tui::run(options).await?)
}
