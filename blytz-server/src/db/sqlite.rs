//! SQLite: several readers, one writer, every commit on the disk before it is said.

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// The oldest SQLite we run on: earlier ones can lose a write-ahead log reset under concurrency.
const OLDEST: (u32, u32, u32) = (3, 51, 3);

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite said no.
    #[error("the database could not be opened: {0}")]
    Sql(#[from] sqlx::Error),
    /// A migration failed, or the database is newer than this program.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The linked SQLite is too old.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    TooOld(String),
}

/// A SQLite database file.
#[derive(Clone)]
pub struct Sqlite {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Sqlite {
    /// Opens (and creates, if need be) the database at `path`.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Self::connect(SqliteConnectOptions::new().filename(path)).await
    }

    /// Opens the database that a `sqlite:` URL names.
    pub async fn open_url(url: &str) -> Result<Self, OpenError> {
        Self::connect(SqliteConnectOptions::from_str(url)?).await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, OpenError> {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("cache_size", "-16000")
            // A deleted chat message is overwritten, not only unlinked.
            .pragma("secure_delete", "on")
            .pragma("temp_store", "memory")
            .statement_cache_capacity(256);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?;
        let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&writer).await?;
        if parse_version(&version) < OLDEST {
            return Err(OpenError::TooOld(version));
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(6)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self { readers, writer })
    }

    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        Ok(super::MIGRATIONS.run(&self.writer).await?)
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// The write connection for what no transaction can do, such as `vacuum into`.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(super) async fn begin_immediate(&self) -> Result<sqlx::SqliteTransaction<'static>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Empties the write-ahead log: it still holds the pages as they were before a deletion.
    pub(super) async fn scrub(&self) -> Result<(), sqlx::Error> {
        let mut writer = self.writer.acquire().await?;
        // Waiting for a reader would keep bids waiting.
        sqlx::query("pragma busy_timeout = 0").execute(&mut *writer).await?;
        let scrubbed = sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut *writer).await;
        sqlx::query("pragma busy_timeout = 5000").execute(&mut *writer).await?;
        scrubbed.map(drop)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn parse_version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(parse_version("3.51.3") >= OLDEST);
        assert!(parse_version("3.100.0") >= OLDEST);
        assert!(parse_version("3.51.2") < OLDEST);
        assert!(parse_version("3.9.9") < OLDEST);
    }

    #[tokio::test]
    async fn commits_are_synchronous_and_readers_cannot_write() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sqlite = Sqlite::open(&folder.path().join("t.db")).await.expect("opens");
        let synchronous: i64 =
            sqlx::query_scalar("pragma synchronous").fetch_one(&sqlite.writer).await.expect("a pragma");
        assert_eq!(synchronous, 2, "FULL");
        let refused = sqlx::query("create table t (a bigint)").execute(&sqlite.readers).await;
        assert!(refused.is_err(), "a reader must not write");
    }
}
