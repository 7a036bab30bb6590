//! Live auctions in the terminal.
//!
//! [`run`] takes a [`blytz_client::Client`] and the terminal until the person at it quits. Inside,
//! everything is `update(model, message) → effects` and `draw(model)`: the model never asks the
//! time or the network, and what the network says can't reach the terminal but as plain text.

pub mod clean;
mod config;
mod effect;
pub mod format;
mod keymap;
mod message;
mod model;
mod options;
pub mod people;
pub mod picture;
mod requests;
mod runtime;
mod terminal;
mod theme;
mod update;
mod view;
pub mod words;

#[cfg(test)]
mod tests;

use anyhow::Context;

pub use crate::options::{Options, StartScreen};
use crate::theme::Base;

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
