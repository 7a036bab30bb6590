//! What a program says that starts this one.

use std::path::PathBuf;

use blytz_client::Client;
use blytz_core::AuctionId;

/// What to show first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartScreen {
    /// Shows and lots.
    #[default]
    Lobby,
    /// One lot.
    Lot(AuctionId),
    /// The login form.
    Login,
}

/// What [`run`] needs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server, and who is logged in there. Tokens of a login in the program go to the client,
    /// which tells its `on_tokens` callback.
    pub client: Client,
    /// What to show first.
    pub start: StartScreen,
    /// The configuration file; `blytz/tui.toml` in the XDG configuration folder unless said.
    pub config: Option<PathBuf>,
    /// Where the picture key saves; a new file in the current folder each time unless said.
    pub picture: Option<PathBuf>,
}

impl Options {
    /// The lobby of a server, with everything else as it comes.
    pub fn new(client: Client) -> Self {
        Self { client, start: StartScreen::default(), config: None, picture: None }
    }
}
