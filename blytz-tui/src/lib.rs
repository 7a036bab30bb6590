//! Live auctions in the terminal.
//!
//! [`run`] takes a [`blytz_client::Client`] and the terminal until the person at it quits. Inside,
//! everything is `update(model, message) → effects` and `draw(model)`: the model never asks the
//! time or the network, and what the network says can't reach the terminal but as plain text.

mod config;
mod effect;
mod format;
mod keymap;
mod message;
mod model;
pub mod picture;
mod requests;
mod runtime;
mod terminal;
mod theme;
mod update;
mod view;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::Context;
use blytz_client::Client;
use blytz_core::AuctionId;

use crate::theme::Base;

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

/// Runs until the person at the terminal quits. The terminal is as it was afterwards, also after a
/// panic.
///
/// # Errors
/// When the configuration is wrong, there is no terminal, or it goes away.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let environment = Base::from_environment(environment_variable);
    let config = match options.config.clone().or_else(config::default_path) {
        Some(path) => config::load(&path, environment)
            .with_context(|| format!("the configuration {} can't be used", path.display()))?,
        None => config::Config::plain_defaults(environment),
    };
    runtime::run(options, config).await
}

#[expect(clippy::disallowed_methods, reason = "the one place where this program reads its environment, at the start")]
fn environment_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
