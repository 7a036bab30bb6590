//! The command line, as clap, shell completions and man pages see it.

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::{cmd, output::Format};

/// Serve, bid, watch, verify and administrate a Blytz server from the terminal.
#[derive(Debug, Parser)]
#[command(name = "blytz", version, subcommand_required = true, arg_required_else_help = true, before_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  blytz demo                                  a show with bots, to watch and to bid in
  blytz serve                                 a server on this machine
  blytz signup --server http://127.0.0.1:8080
  blytz auctions list --status live
  blytz bid LOT --amount 12.50
";

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

#[derive(Debug, Subcommand)]
pub enum Command {
    #[cfg(feature = "embedded")]
    Demo(cmd::demo::Args),
    #[cfg(feature = "embedded")]
    Serve(cmd::serve::Args),
    Tui(cmd::tui::Args),
    Signup(cmd::account::Signup),
    Login(cmd::account::Login),
    Logout(cmd::account::Logout),
    Whoami(cmd::account::Whoami),
    Bid(cmd::bid::Args),
    Auctions(cmd::auctions::Args),
    Shows(cmd::shows::Args),
    Chat(cmd::chat::Args),
    Products(cmd::products::Args),
    Users(cmd::users::Args),
    Simulate(cmd::simulate::Args),
    Verify(cmd::verify::Args),
    Bench(cmd::bench::Args),
    Completions(cmd::shell::Completions),
    Man(cmd::shell::Man),
}

/// The whole command line. In every help the examples stand before the options.
pub fn command() -> clap::Command {
    examples_first(Cli::command())
}

const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

fn examples_first(command: clap::Command) -> clap::Command {
    command.help_template(TEMPLATE).mut_subcommands(examples_first)
}
