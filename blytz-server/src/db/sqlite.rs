//! SQLite: readers in three lanes, one writer, every commit on the disk before it is said.

use std::{
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    Connection, SqliteConnection, SqlitePool, SqliteTransaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Lane, OpenError, errors::is_busy};

/// The oldest SQLite we run on: earlier ones can lose a write-ahead log reset under concurrency.
const OLDEST: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for a lock of another process. A bid waits for it, too.
const BUSY: Duration = Duration::from_secs(2);

/// How long one statement of a scan may run.
const SCAN: Duration = Duration::from_secs(1);

/// After how many steps of SQLite's machine a scan looks at the time: a fraction of a millisecond.
const STEPS: i32 = 20_000;

/// How long anybody waits for a connection before they are told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// SQLite's migrations, in order. A number means the same tables in both databases.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");

/// A SQLite database file.
#[derive(Clone)]
pub struct Sqlite {
    options: SqliteConnectOptions,
    writer: SqlitePool,
    /// Whether the writer must not be trusted any more: a commit failed on it.
    spoiled: Arc<AtomicBool>,
    rooms: SqlitePool,
    lookups: SqlitePool,
    scans: SqlitePool,
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
            .busy_timeout(BUSY)
            .pragma("cache_size", "-16000")
            // A deleted chat message is overwritten, not only unlinked.
            .pragma("secure_delete", "on")
            .pragma("temp_store", "memory")
            .statement_cache_capacity(256);
        let writer = pool(1).connect_with(options.clone()).await?;
        let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&writer).await?;
        if parse_version(&version) < OLDEST {
            return Err(OpenError::OldSqlite(version));
        }
        let reading = options.clone().read_only(true).create_if_missing(false);
        Ok(Self {
            options,
            writer,
            spoiled: Arc::default(),
            rooms: pool(2).connect_with(reading.clone()).await?,
            lookups: pool(4).connect_with(reading.clone()).await?,
            scans: timed(pool(2)).connect_with(reading).await?,
        })
    }

    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        Ok(MIGRATIONS.run(&self.writer).await?)
    }

    pub(crate) fn readers(&self, lane: Lane) -> &SqlitePool {
        match lane {
            Lane::Rooms => &self.rooms,
            Lane::Lookups => &self.lookups,
            Lane::Scans => &self.scans,
        }
    }

    /// The write connection for what no transaction can do, such as `vacuum into`.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// Begins a write transaction, on a new connection if the last one can't be trusted: after a
    /// commit that failed, SQLite may have rolled back by itself while sqlx believes that the
    /// transaction is open, and would refuse every later one.
    pub(super) async fn begin_immediate(&self) -> sqlx::Result<SqliteTransaction<'static>> {
        if self.spoiled.swap(false, Ordering::AcqRel) {
            self.discard_writer().await?;
        }
        match self.writer.begin_with("BEGIN IMMEDIATE").await {
            // All but a lock or a queue may be the connection's own fault, and it might never get over it.
            Err(error) if !is_busy(&error) => {
                tracing::warn!(%error, "no transaction could begin; the write connection is replaced");
                self.discard_writer().await?;
                self.writer.begin_with("BEGIN IMMEDIATE").await
            }
            begun => begun,
        }
    }

    /// Has the next transaction begin on a connection of its own.
    pub(super) fn distrust_writer(&self) {
        self.spoiled.store(true, Ordering::Release);
    }

    async fn discard_writer(&self) -> sqlx::Result<()> {
        // Closing it may fail like everything else on it; the pool has forgotten it by then.
        if let Err(error) = self.writer.acquire().await?.close().await {
            tracing::debug!(%error, "a write connection did not close in good order");
        }
        Ok(())
    }

    /// Empties the write-ahead log: it still holds the pages as they were before a deletion. Waiting
    /// for a reader would keep bids waiting, so it gives up at once; on a connection of its own, as
    /// no other may lose its patience. False when somebody was in the way.
    pub(super) async fn scrub(&self) -> sqlx::Result<bool> {
        let mut connection = SqliteConnection::connect_with(&self.options.clone().busy_timeout(Duration::ZERO)).await?;
        let scrubbed = sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(&mut connection).await;
        connection.close().await?;
        let (busy, _, _): (i64, i64, i64) = scrubbed?;
        Ok(busy == 0)
    }

    pub(crate) async fn close(&self) {
        for pool in [&self.scans, &self.lookups, &self.rooms, &self.writer] {
            pool.close().await;
        }
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Has SQLite itself stop a statement that runs for too long: nobody else can, once it runs.
fn timed(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.after_connect(|connection, _| Box::pin(limit(connection, SCAN)))
        .before_acquire(|connection, _| Box::pin(async move { limit(connection, SCAN).await.map(|()| true) }))
}

#[expect(clippy::disallowed_methods, reason = "how long a statement runs is monotonic time; no rule sees it")]
async fn limit(connection: &mut SqliteConnection, most: Duration) -> sqlx::Result<()> {
    let started = Instant::now();
    connection.lock_handle().await?.set_progress_handler(STEPS, move || started.elapsed() < most);
    Ok(())
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

    async fn opened() -> (tempfile::TempDir, Sqlite) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sqlite = Sqlite::open(&folder.path().join("t.db")).await.expect("opens");
        (folder, sqlite)
    }

    #[tokio::test]
    async fn commits_are_synchronous_and_readers_cannot_write() {
        let (_folder, sqlite) = opened().await;
        let synchronous: i64 =
            sqlx::query_scalar("pragma synchronous").fetch_one(&sqlite.writer).await.expect("a pragma");
        assert_eq!(synchronous, 2, "FULL");
        for lane in [Lane::Rooms, Lane::Lookups, Lane::Scans] {
            let refused = sqlx::query("create table t (a bigint)").execute(sqlite.readers(lane)).await;
            assert!(refused.is_err(), "{lane:?} must not write");
        }
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_by_itself_does_not_stop_the_next() {
        let (_folder, sqlite) = opened().await;
        // As after a full disk: SQLite has rolled back, and sqlx counts the transaction as open.
        let mut tx = sqlite.begin_immediate().await.expect("begins");
        sqlx::query("rollback").execute(&mut *tx).await.expect("ends it behind sqlx's back");
        assert!(tx.commit().await.is_err());
        sqlite.begin_immediate().await.expect("the next begins").commit().await.expect("and is written");

        let tx = sqlite.begin_immediate().await.expect("begins");
        sqlite.distrust_writer();
        drop(tx);
        sqlite.begin_immediate().await.expect("on a new connection").commit().await.expect("and is written");
    }

    #[tokio::test]
    async fn a_scan_without_end_is_ended() {
        const ENDLESS: &str = "with recursive n (i) as (select 1 union all select i + 1 from n) select max(i) from n";
        let (_folder, sqlite) = opened().await;
        let mut connection = sqlite.scans.acquire().await.expect("a connection");
        limit(&mut connection, Duration::ZERO).await.expect("a limit");
        let error = sqlx::query(ENDLESS).execute(&mut *connection).await.expect_err("it would run for ever");
        assert!(super::super::is_unavailable(&error), "{error}");
        drop(connection);
        sqlx::query("select 1").execute(&sqlite.scans).await.expect("the next one has its own time");
    }

    #[tokio::test]
    async fn what_was_deleted_leaves_the_log_as_soon_as_nobody_reads_it() {
        let (_folder, sqlite) = opened().await;
        let mut tx = sqlite.begin_immediate().await.expect("begins");
        sqlx::query("create table t (a bigint)").execute(&mut *tx).await.expect("a table");
        tx.commit().await.expect("written");
        let mut reader = sqlite.lookups.begin().await.expect("a reader");
        sqlx::query("select * from t").fetch_all(&mut *reader).await.expect("it reads");
        assert!(!sqlite.scrub().await.expect("it answers"), "somebody is in the way");
        reader.rollback().await.expect("ends");
        assert!(sqlite.scrub().await.expect("it answers"));
    }

    #[tokio::test]
    async fn who_reads_lists_keeps_no_room_waiting() {
        let (_folder, sqlite) = opened().await;
        let mut held = Vec::new();
        for (lane, all) in [(Lane::Scans, 2), (Lane::Lookups, 4)] {
            for _ in 0..all {
                held.push(sqlite.readers(lane).acquire().await.expect("a connection"));
            }
            assert!(sqlite.readers(lane).try_acquire().is_none(), "{lane:?} has no more");
        }
        sqlx::query("select 1").execute(sqlite.readers(Lane::Rooms)).await.expect("rooms have their own");
        drop(held);
    }
}
