//! The SQLite file: nobody else's while it is moved, and read at one moment.

use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, SqliteTransaction, sqlite::SqliteConnectOptions};

use super::{super::Failure, tables::Table};
use crate::{
    config::ConfigError,
    db::{Db, Sqlite},
    serve::DatabaseFile,
};

/// The file that `--from` names. It must be there, as a move makes none.
pub(super) fn file(url: &str) -> Result<DatabaseFile, Failure> {
    if !url.starts_with("sqlite:") {
        // Not repeated: it may be the other URL, with its password.
        return Err(ConfigError::new("--from is no SQLite file: expected sqlite:FILE.").into());
    }
    let file = DatabaseFile::at(url).map_err(|error| ConfigError::new(format!("--from: {error}")))?;
    if !file.path().is_file() {
        return Err(ConfigError::new(format!("There is no database at {}.", file.path().display())).into());
    }
    Ok(file)
}

const MADE_BY_MIGRATIONS: &str = "select exists (select 1 from sqlite_schema where name = '_sqlx_migrations')";

/// Brings the file's schema up to date, so that it is the one that PostgreSQL gets, and opens it to be
/// read. Whoever may only read can't tidy up, and would leave an empty log beside it.
pub(super) async fn open(file: &DatabaseFile) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file.path()).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let ours: bool = sqlx::query_scalar(MADE_BY_MIGRATIONS).fetch_one(&mut connection).await?;
    connection.close().await?;
    ensure!(ours, "It is no database of a shop.");
    let sqlite = Sqlite::open(file.path()).await?;
    let db = Db::sqlite(sqlite.clone()).await;
    sqlite.close().await;
    db?;
    let reading = options.read_only(false).pragma("query_only", "on");
    Ok(SqliteConnection::connect_with(&reading).await?)
}

/// How many rows each of the tables has.
pub(super) async fn counts(source: &mut SqliteTransaction<'_>, tables: &[Table]) -> anyhow::Result<Vec<u64>> {
    let mut counts = Vec::new();
    for table in tables {
        let count = sqlx::query_scalar::<_, i64>(AssertSqlSafe(table.count())).fetch_one(&mut **source).await;
        counts.push(count.with_context(|| table.name)?.unsigned_abs());
    }
    Ok(counts)
}
