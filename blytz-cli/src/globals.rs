//! The flags that every command takes, and the variables of the environment that stand for them.

use clap::Args;

use crate::output::Format;

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// The server's address (BLYTZ_SERVER) [default: the profile's, or http://127.0.0.1:8080]
    #[arg(long, global = true, env = "BLYTZ_SERVER", value_name = "URL", hide_env = true)]
    pub server: Option<String>,
    /// An access token, instead of the profile's login (BLYTZ_TOKEN)
    #[arg(long, global = true, env = "BLYTZ_TOKEN", value_name = "TOKEN", hide_env = true)]
    pub token: Option<String>,
    /// Which profile of the configuration (BLYTZ_PROFILE)
    #[arg(long, global = true, env = "BLYTZ_PROFILE", value_name = "NAME", hide_env = true)]
    pub profile: Option<String>,
    /// How data is printed: table or json [default: the profile's, or table]
    #[arg(long, short, global = true, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub output: Option<Format>,
    /// Whether to colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Do what can't be undone without asking
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Never ask; fail instead
    #[arg(long, global = true)]
    pub no_input: bool,
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR or TERM=dumb says no.
    #[default]
    Auto,
    Always,
    Never,
}
