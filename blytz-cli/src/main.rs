//! `blytz`: the one program that a person installs.

mod ambient;
mod clean;
mod cli;
mod cmd;
mod config;
mod context;
mod credentials;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod evidence;
mod feed;
mod globals;
mod kept;
mod layout;
mod meeting;
mod output;
mod private;
mod progress;
mod text;
mod values;

use std::{io::Write, process::ExitCode};

use clap::FromArgMatches;

use crate::{
    cli::{Cli, Command},
    context::Context,
    error::Failure,
    globals::Color,
};

#[cfg(feature = "embedded")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let parsed = cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    colour(cli.globals.color);
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure);
            failure.exit().into()
        }
    }
}

fn say(failure: &Failure) {
    let text = failure.to_string();
    let mut stderr = anstream::stderr();
    if !text.is_empty() {
        // Where nobody listens nothing is lost.
        let _ = writeln!(stderr, "blytz: {}", clean::clean(&text));
    }
    if let Some(hint) = failure.hint() {
        let _ = writeln!(stderr, "{hint}");
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(run(cli));
    // Whatever still reads stdin in the background must not keep the program from ending.
    runtime.shutdown_background();
    result
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let ctx = match &cli.command {
        // These know no server and no profile, and shall not fail for the sake of one.
        #[cfg(feature = "embedded")]
        Command::Serve(args) => return cmd::serve::run(args).await,
        Command::Completions(args) => return cmd::shell::completions(cli::command(), args),
        Command::Man(args) => return cmd::shell::man(cli::command(), args),
        _ => &Context::load(cli.globals)?,
    };
    match cli.command {
        #[cfg(feature = "embedded")]
        Command::Demo(args) => cmd::demo::run(ctx, args).await,
        #[cfg(feature = "embedded")]
        Command::Serve(_) => Ok(()),
        Command::Tui(args) => cmd::tui::run(ctx, args).await,
        Command::Signup(args) => cmd::account::signup(ctx, args).await,
        Command::Login(args) => cmd::account::login(ctx, args).await,
        Command::Logout(args) => cmd::account::logout(ctx, args).await,
        Command::Whoami(args) => cmd::account::whoami(ctx, args).await,
        Command::Bid(args) => cmd::bid::run(ctx, args).await,
        Command::Auctions(args) => cmd::auctions::run(ctx, args).await,
        Command::Shows(args) => cmd::shows::run(ctx, args).await,
        Command::Chat(args) => cmd::chat::run(ctx, args).await,
        Command::Products(args) => cmd::products::run(ctx, args).await,
        Command::Users(args) => cmd::users::run(ctx, args).await,
        Command::Simulate(args) => cmd::simulate::run(ctx, &args),
        Command::Verify(args) => cmd::verify::run(ctx, args).await,
        Command::Receipts(args) => cmd::receipts::run(ctx, args).await,
        Command::Keys(args) => cmd::keys::run(ctx, args).await,
        Command::Bench(args) => cmd::bench::run(ctx, args).await,
        Command::Completions(_) | Command::Man(_) => Ok(()),
    }
}

/// Without a wish the streams decide by themselves: colour on a terminal, unless NO_COLOR or
/// TERM=dumb says no.
fn colour(wish: Color) {
    match wish {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}
