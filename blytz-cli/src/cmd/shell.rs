//! `blytz completions` and `blytz man`: what the shell and the manual know of this program.

use std::{fs, io::Write, path::PathBuf};

use clap_complete::Shell;

use crate::error::Failure;

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz completions bash > ~/.local/share/bash-completion/completions/blytz
  blytz completions zsh > ~/.zfunc/_blytz
  blytz completions fish > ~/.config/fish/completions/blytz.fish
")]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print the manual page, or write all of them.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz man | man -l -
  blytz man --dir ~/.local/share/man/man1
")]
pub struct Man {
    /// Write a page per command into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn completions(mut command: clap::Command, args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "blytz", &mut script);
    print(&script)
}

pub fn man(command: clap::Command, args: &Man) -> Result<(), Failure> {
    let command = examples_last(command.disable_help_subcommand(true));
    match &args.dir {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            print(&page)
        }
        Some(dir) => {
            fs::create_dir_all(dir)?;
            Ok(clap_mangen::generate_to(command, dir)?)
        }
    }
}

/// In a manual page the examples stand at the end, and nothing of a template.
fn examples_last(command: clap::Command) -> clap::Command {
    let examples = command.get_before_help().map(ToString::to_string);
    let command = match examples {
        Some(examples) => command.after_help(examples),
        None => command,
    };
    command.mut_subcommands(examples_last)
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}
