//! The command line, as clap, shell completions and man pages see it.

use clap::{CommandFactory, Parser, Subcommand};

use crate::{cmd, globals::Globals};

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
    Receipts(cmd::receipts::Args),
    Keys(cmd::keys::Args),
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
