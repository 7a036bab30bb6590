//! The command line: serving, and what an operator does to a database.

mod admin;
mod backup;
mod keys;
mod openapi;
mod serve;
mod transfer;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub use self::{
    openapi::files as openapi_files,
    serve::{allow_many_sockets, serve},
};
use crate::{
    config::{Config, ConfigError, DatabaseConfig, Layers, Options},
    db::{Db, Postgres},
    platform::attendance,
    serve::{DatabaseFile, Lock, open_database},
};

/// Runs a Blytz server.
///
/// Without a command it serves. Every option is also a BLYTZ_… variable (BLYTZ_LISTEN) and an entry
/// of the configuration file (listen = "…"); flags beat the environment, which beats the file.
#[derive(Debug, Parser)]
#[command(name = "blytz-server", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  blytz-server
  blytz-server --listen 0.0.0.0:8080 --data /var/lib/blytz
  blytz-server admin create --email ann@example.com --password-file secret.txt
  blytz-server backup monday.db

Only in the environment or the file: BLYTZ_SECRET_KEY, BLYTZ_ADMIN_EMAIL, BLYTZ_ADMIN_PASSWORD,
BLYTZ_FIREBASE_PROJECT_ID, BLYTZ_FIREBASE_JWKS_URL, BLYTZ_FIREBASE_AUTH_EMULATOR_HOST.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the database, or bring its schema up to date, and end; or move a shop into PostgreSQL.
    ///
    /// Without --from and --to it is the configured database. With both, everything in a SQLite file is
    /// copied into an empty PostgreSQL database and compared, all of it or nothing: accounts, catalogue,
    /// lots with their logs, chats, and the keys and the epoch, so that receipts and clients go on.
    Migrate(transfer::Migrate),
    /// Print the API's description (OpenAPI, JSON).
    Openapi(openapi::Openapi),
    /// Administrators.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// The keys that sign receipts.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Copy the database to FILE while the server runs.
    Backup {
        /// A file that does not exist yet.
        file: PathBuf,
    },
    /// Replace the database by a backup. The server must not run.
    Restore(backup::Restore),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was asked for wrongly: exit code 2.
    #[error(transparent)]
    Usage(#[from] ConfigError),
    /// It did not work: exit code 1.
    #[error("{}", chain(.0))]
    Failed(#[from] anyhow::Error),
}

/// An error and its causes, each said once: many a library's error says what its cause says, too.
fn chain(error: &anyhow::Error) -> String {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

impl Failure {
    /// The exit code: 2 for a wrong option or value, 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }
}

/// The whole program.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("blytz-server: {failure}");
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    let options = cli.options;
    match cli.command {
        None => runtime.block_on(serve(&options)),
        Some(Command::Migrate(command)) => runtime.block_on(command.run(&options)),
        Some(Command::Openapi(command)) => command.run(),
        Some(Command::Admin(command)) => runtime.block_on(command.run(&options)),
        Some(Command::Keys(command)) => runtime.block_on(command.run(&options)),
        Some(Command::Backup { file }) => runtime.block_on(backup::backup(&options, &file)),
        Some(Command::Restore(command)) => runtime.block_on(command.run(&options)),
    }
}

/// The configuration of a command that does not serve.
fn configure(options: &Options) -> Result<Config, Failure> {
    let layers = Layers::gather(options)?.without_admin();
    Ok(Config::from_layers(&layers)?)
}

/// Keeps servers away from the configured database for as long as the lock lives. Where it is no file,
/// nothing can: whoever serves it is found out, and others must not start meanwhile.
async fn keep_others_out(config: &Config) -> anyhow::Result<Option<Lock>> {
    let DatabaseConfig::Postgres(url) = &config.database else {
        return Ok(DatabaseFile::of(config)?.map(|file| file.lock()).transpose()?);
    };
    // As it is: a server of another version may run on it.
    let db = Db::as_it_is(Postgres::open_url(url).await?);
    let served = attendance::is_served(&db).await;
    db.close().await;
    anyhow::ensure!(!served?, "A server is running on this database; stop it first.");
    Ok(None)
}

async fn migrate(options: &Options) -> Result<(), Failure> {
    let config = configure(options)?;
    // A server on the same folder may be of another version; it is stopped first.
    let _lock = keep_others_out(&config).await?;
    let db = open_database(&config).await?;
    db.close().await;
    eprintln!("The database is up to date.");
    Ok(())
}
