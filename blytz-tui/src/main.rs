//! `blytz-tui`: live auctions in the terminal, without the rest of the command line.

use std::path::PathBuf;

use blytz_client::Client;
use blytz_core::AuctionId;
use blytz_tui::{Options, StartScreen};
use clap::Parser;

/// Bid live from the terminal.
///
/// Keys: ? in the program shows them. Without a token it starts as a guest; L logs in.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  blytz-tui\n  blytz-tui --server https://auctions.example --auction 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77"
)]
struct Arguments {
    /// The server's address
    #[arg(long, env = "BLYTZ_SERVER", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    server: String,
    /// An access token, as `blytz login` stores them
    #[arg(long, env = "BLYTZ_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Start at this lot
    #[arg(long, value_name = "ID")]
    auction: Option<AuctionId>,
    /// The configuration file instead of blytz/tui.toml in the configuration folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the picture key (F12) saves the screen as SVG
    #[arg(long, value_name = "FILE", hide = true)]
    picture: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut client = Client::builder(&arguments.server);
    if let Some(token) = arguments.token {
        client = client.access_token(token);
    }
    let options = Options {
        start: arguments.auction.map_or(StartScreen::Lobby, StartScreen::Lot),
        config: arguments.config,
        picture: arguments.picture,
        ..Options::new(client.build()?)
    };
    blytz_tui::run(options).await
}
