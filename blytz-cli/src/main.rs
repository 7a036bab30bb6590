//! `blytz`: the one program that a person installs.

mod ambient;
mod clean;
mod cli;
mod cmd;
mod config;
mod context;
mod credentials;
mod error;
mod output;

use std::{io::Write, process::ExitCode};

use clap::FromArgMatches;

use crate::{
    cli::{Cli, Color, Command},
    context::Context,
    error::Failure,
};

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
            let text = failure.to_string();
            if !text.is_empty() {
                let _ = writeln!(anstream::stderr(), "blytz: {}", clean::clean(&text));
            }
            failure.exit().into()
        }
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    let context = Context::load(cli.globals)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(run(&context, cli.command));
    // Whatever still reads stdin in the background must not keep the program from ending.
    runtime.shutdown_background();
    result
}

async fn run(ctx: &Context, command: Command) -> Result<(), Failure> {
    match command {
        #[cfg(feature = "embedded")]
        Command::Demo(args) => cmd::demo::run(ctx, args).await,
        Command::Bench(args) => cmd::bench::run(ctx, args).await,
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
