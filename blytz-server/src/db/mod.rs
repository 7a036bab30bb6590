//! The database: one SQL text, written for SQLite and PostgreSQL alike.
//!
//! [`Db`] is what services hold, [`Tx`] what they write through; `on_db!` and `on_tx!` run one
//! piece of code on whichever database is behind them. Today that is SQLite; another database is
//! another variant here and another arm in the two macros, and nothing in the services.

mod health;
mod ids;
mod source;
mod sqlite;
mod write;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

pub(crate) use self::{
    ids::select_in,
    source::{Connection, Source},
};
pub use self::{
    sqlite::{OpenError, Sqlite},
    write::Work,
};

/// SQLite's migrations, in order. A number means the same tables in both databases.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");

/// A database that is open and migrated. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) engine: Engine,
    pub(crate) lane: Lane,
    gate: WriteGate,
    /// The writes that are under way.
    writes: TaskTracker,
    health: health::Health,
}

/// Whose reads these are. Each lane has connections of its own, so that nobody's search keeps a bid
/// waiting for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// What a room must know before it decides.
    Rooms,
    /// What is found by its key or through an index, and is short.
    Lookups,
    /// Lists and searches that anybody may ask for: few at once, and each for a limited time.
    Scans,
}

/// Which database it is.
#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite(Sqlite),
}

/// A write transaction. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    pub(crate) engine: TxEngine,
    /// What follows the commit.
    then: Vec<BoxFuture<'static, ()>>,
    // Released after the transaction, which stands before them.
    turn: [Option<OwnedSemaphorePermit>; 2],
}

pub(crate) enum TxEngine {
    Sqlite(sqlx::SqliteTransaction<'static>, Sqlite),
}

/// Reads, from a [`Db`] or within a [`Tx`]: `on_db!(from, conn => sqlx::query(..).fetch_all(conn).await)`.
macro_rules! on_db {
    ($from:expr, $conn:ident => $body:expr) => {
        match $crate::db::Source::connection(&mut { $from }).await {
            Ok($crate::db::Connection::Sqlite(mut connection)) => {
                let $conn = &mut *connection;
                $body
            }
            Err(error) => Err(error),
        }
    };
}

/// Runs an expression in a write transaction: `on_tx!(tx, conn => sqlx::query(..).execute(conn).await)`.
macro_rules! on_tx {
    ($tx:expr, $conn:ident => $body:expr) => {
        match &mut $tx.engine {
            $crate::db::TxEngine::Sqlite(transaction, _) => {
                let $conn = &mut **transaction;
                $body
            }
        }
    };
}

pub(crate) use {on_db, on_tx};

/// Who may write when there is one writer: bids first. Everybody else queues behind `queue`, so
/// that at most one of them at a time stands between a bid and the database.
#[derive(Clone)]
struct WriteGate {
    writer: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl WriteGate {
    fn new() -> Self {
        Self { writer: Arc::new(Semaphore::new(1)), queue: Arc::new(Semaphore::new(1)) }
    }
}

/// How long anybody waits for their turn to write before they are told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

async fn turn(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, sqlx::Error> {
    let turn = tokio::time::timeout(PATIENCE, Arc::clone(semaphore).acquire_owned()).await;
    turn.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)
}

impl Db {
    /// Wraps an open SQLite database and brings its schema up to date.
    pub async fn sqlite(sqlite: Sqlite) -> Result<Self, OpenError> {
        sqlite.migrate().await?;
        Ok(Self {
            engine: Engine::Sqlite(sqlite),
            lane: Lane::Lookups,
            gate: WriteGate::new(),
            writes: TaskTracker::new(),
            health: health::Health::default(),
        })
    }

    /// The same database, read through the lane of the rooms.
    pub(crate) fn for_rooms(&self) -> Self {
        Self { lane: Lane::Rooms, ..self.clone() }
    }

    /// The same database, read through the lane of lists and searches.
    pub(crate) fn for_scans(&self) -> Self {
        Self { lane: Lane::Scans, ..self.clone() }
    }

    /// Begins a write transaction. Keep it short: under five milliseconds, long work in slices.
    pub async fn begin_write(&self) -> Result<Tx, sqlx::Error> {
        let queued = turn(&self.gate.queue).await?;
        self.begin(Some(queued)).await
    }

    /// Begins a write transaction ahead of everybody who used [`Db::begin_write`]: for bids.
    pub async fn begin_bids(&self) -> Result<Tx, sqlx::Error> {
        self.begin(None).await
    }

    async fn begin(&self, queued: Option<OwnedSemaphorePermit>) -> Result<Tx, sqlx::Error> {
        let writing = turn(&self.gate.writer).await?;
        let engine = match &self.engine {
            Engine::Sqlite(sqlite) => TxEngine::Sqlite(sqlite.begin_immediate().await?, sqlite.clone()),
        };
        Ok(Tx { engine, then: Vec::new(), turn: [Some(writing), queued] })
    }

    /// Takes what was deleted out of the files that stand beside the database, too. Gives up at once
    /// when somebody reads, and says so.
    pub async fn scrub(&self) -> Result<bool, sqlx::Error> {
        let _queued = turn(&self.gate.queue).await?;
        let _writing = turn(&self.gate.writer).await?;
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.scrub().await,
        }
    }

    /// Closes every connection, after the writes that are under way.
    pub async fn close(&self) {
        self.writes.close();
        self.writes.wait().await;
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing of it was written.
    #[error("nothing was written: {0}")]
    NotWritten(#[from] sqlx::Error),
    /// The database did not say whether it was; ask it before saying anything.
    #[error("whether it was written is not known: {0}")]
    Unknown(sqlx::Error),
}

impl Tx {
    /// Has something done once this transaction is committed, and before whoever wrote hears of it:
    /// caches, rooms and watchers are told of it here.
    pub fn then(&mut self, done: impl Future<Output = ()> + Send + 'static) {
        self.then.push(Box::pin(done));
    }

    /// Makes everything durable that was written through this transaction, and does what was to follow.
    ///
    /// # Errors
    /// Says whether anything may have been written all the same.
    pub async fn commit(self) -> Result<(), CommitError> {
        let Self { engine, then, turn } = self;
        commit(engine).await?;
        // Whoever writes next need not wait for it.
        drop(turn);
        for done in then {
            done.await;
        }
        Ok(())
    }
}

async fn commit(engine: TxEngine) -> Result<(), CommitError> {
    match engine {
        TxEngine::Sqlite(transaction, sqlite) => transaction.commit().await.map_err(|error| {
            sqlite.distrust_writer();
            // A log that is full or locked does not have the record that ends a transaction.
            match sqlite_code(&error) {
                Some(FULL | BUSY) => CommitError::NotWritten(error),
                _ => CommitError::Unknown(error),
            }
        }),
    }
}

// SQLite's primary result codes, https://www.sqlite.org/rescode.html.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NO_MEMORY: i32 = 7;
const READ_ONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const PROTOCOL: i32 = 15;
const NO_DATABASE: i32 = 26;

fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Whether an error says that what is in the file is no database, or a broken one.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(sqlite_code(error), Some(CORRUPT | NO_DATABASE))
}

/// Whether an error says that somebody else has what it takes, and nothing of the connection.
fn is_busy(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
        || matches!(sqlite_code(error), Some(BUSY | LOCKED))
}

/// Whether an error says that the database can't do it now, in contrast to never: its disk is full or
/// gives errors, somebody has it locked, nobody was free to ask it, or it took too long.
pub(crate) fn is_unavailable(error: &sqlx::Error) -> bool {
    use sqlx::Error;
    match error {
        Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed | Error::Io(_) => true,
        Error::Database(_) => matches!(
            sqlite_code(error),
            Some(BUSY | LOCKED | NO_MEMORY | READ_ONLY | INTERRUPT | IO_ERROR | FULL | CANNOT_OPEN | PROTOCOL)
        ),
        _ => false,
    }
}

/// Whether an error says that a unique index has this row already.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
