//! `migrate --from … --to …`: a whole shop from SQLite into PostgreSQL.
//!
//! All of it in one transaction there and one here: whoever is killed in the middle leaves an empty
//! database, and what is committed has been read back and compared.

mod check;
mod copy;
mod source;
mod tables;
mod target;
mod value;

use std::{fmt, path::PathBuf};

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::{Connection, PgTransaction, SqliteTransaction};
use uuid::Uuid;

use self::{tables::Table, target::Target, value::Contents};
use super::Failure;
use crate::{
    config::{ConfigError, Options, Secret},
    serve::DatabaseFile,
};

/// `migrate [--from URL --to URL]`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Migrate {
    /// Move the shop in this file: sqlite:FILE. No server may run on it; it stays as it is.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Into this empty database: postgres://USER@HOST/DATABASE.
    ///
    /// Others on this machine can read a command line: leave the password to PGPASSWORD or ~/.pgpass.
    #[arg(long, value_name = "URL", value_parser = secret)]
    to: Option<Secret>,
}

const EXAMPLES: &str = "Examples:
  blytz-server migrate
  blytz-server migrate --from sqlite:blytz-data/blytz.db --to postgres://blytz@localhost/blytz";

/// Never fails, so that nobody repeats what it was given.
#[expect(clippy::unnecessary_wraps, reason = "what clap asks for")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

impl Migrate {
    pub(super) async fn run(self, options: &Options) -> Result<(), Failure> {
        match (self.from, self.to) {
            (None, None) => super::migrate(options).await,
            (Some(from), Some(to)) => transfer(&from, &to).await,
            (Some(_), None) => {
                Err(ConfigError::new("--from is given without --to: where to is the shop moved?").into())
            }
            (None, Some(_)) => Err(ConfigError::new("--to is given without --from: which file is moved?").into()),
        }
    }
}

async fn transfer(from: &str, to: &str) -> Result<(), Failure> {
    let file = source::file(from)?;
    let target = Target::of(to)?;
    // A server on it would go on writing what nobody moves.
    let _lock = file.lock().map_err(anyhow::Error::from)?;
    let moved = move_shop(&file, &target).await?;
    eprintln!("{}", Told { file: file.path().to_owned(), target, moved });
    Ok(())
}

/// What was moved.
struct Moved {
    rows: u64,
    lots: u64,
    keys: u64,
    epoch: Option<Uuid>,
    /// Whether a key is of no use without the operator's.
    encrypted: bool,
}

async fn move_shop(file: &DatabaseFile, target: &Target) -> anyhow::Result<Moved> {
    let mut from = source::open(file).await.with_context(|| format!("{} can't be moved", file.path().display()))?;
    let mut to = target.connect().await.with_context(|| unusable(target))?;
    target::make_tables(&mut to).await.with_context(|| unusable(target))?;
    let mut reading = from.begin().await?;
    let mut writing = target::begin(&mut to).await.with_context(|| unusable(target))?;
    let moved = carry(&mut reading, &mut writing).await.context("Nothing was moved")?;
    reading.rollback().await?;
    from.close().await?;
    // Nothing can fail after this, as it would look as if nothing were moved.
    writing.commit().await.with_context(|| format!("Whether everything is in {target} is not known; {AGAIN}"))?;
    Ok(moved)
}

const AGAIN: &str = "run this again: if it refuses a database that has data, it is";

fn unusable(target: &Target) -> String {
    format!("{target} can't be moved into")
}

/// Copies everything and compares it, in two transactions that others end.
async fn carry(source: &mut SqliteTransaction<'_>, target: &mut PgTransaction<'_>) -> anyhow::Result<Moved> {
    let tables = tables::tables(source, target).await?;
    check::logs_in_sqlite(source).await.context("The SQLite file is damaged")?;
    let counts = source::counts(source, &tables).await?;
    let bar = bar(2 * counts.iter().sum::<u64>());
    let mut left = Vec::new();
    for (table, count) in tables.iter().zip(counts) {
        bar.set_message(table.name);
        let contents = copy::copy(table, source, target, &bar).await.context(table.name)?;
        ensure!(contents.rows == count, "{}: {} rows were read of {count}.", table.name, contents.rows);
        left.push(contents);
    }
    bar.set_message("comparing");
    target::analyze(target).await?;
    for (table, left) in tables.iter().zip(&left) {
        bar.set_message(format!("comparing {}", table.name));
        check::arrived(table, left, target, &bar).await.context(table.name)?;
    }
    check::logs_in_postgres(target).await.context("What arrived is damaged")?;
    bar.finish_and_clear();
    moved(target, &tables, &left).await
}

/// How far it is with so many rows, on stderr; nothing where that is no terminal.
fn bar(len: u64) -> ProgressBar {
    let bar = ProgressBar::new(len);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} rows, {eta} left, {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

const EPOCH: &str = "select epoch from history";

const ENCRYPTED: &str = "select exists (select 1 from signing_keys where encrypted)";

async fn moved(target: &mut PgTransaction<'_>, tables: &[Table], contents: &[Contents]) -> anyhow::Result<Moved> {
    let rows_of = |name| tables.iter().zip(contents).find(|(table, _)| table.name == name).map_or(0, |(_, of)| of.rows);
    Ok(Moved {
        rows: contents.iter().map(|of| of.rows).sum(),
        lots: rows_of("auctions"),
        keys: rows_of("signing_keys"),
        epoch: sqlx::query_scalar(EPOCH).fetch_optional(&mut **target).await?,
        encrypted: sqlx::query_scalar(ENCRYPTED).fetch_one(&mut **target).await?,
    })
}

/// What is said at the end: what was done, and what is to be done.
struct Told {
    file: PathBuf,
    target: Target,
    moved: Moved,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, target, moved: Moved { rows, lots, keys, epoch, encrypted } } = self;
        let (file, tables) = (file.display(), tables::TABLES.len());
        writeln!(f, "Everything in {file} is now in {target} as well: {rows} rows of {tables} tables, {lots} lots.")?;
        match epoch {
            Some(epoch) => writeln!(f, "The epoch {epoch} and {keys} signing keys are kept: logs and receipts go on.")?,
            None => writeln!(f, "It was never served, and has no epoch yet.")?,
        }
        writeln!(f, "Start the server with the URL of --to as --database-url or BLYTZ_DATABASE_URL.")?;
        if *encrypted {
            writeln!(f, "Its keys are encrypted: it needs the same BLYTZ_SECRET_KEY as before.")?;
        }
        write!(
            f,
            "{file} still holds the whole shop. Put it away, so that nobody serves it by mistake: two shops with \
             one epoch and one key would contradict each other."
        )
    }
}
