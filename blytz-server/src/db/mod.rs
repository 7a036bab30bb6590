//! The database: one SQL text, written for SQLite and PostgreSQL alike.
//!
//! [`Db`] is what services hold, [`Tx`] what they write through; `on_db!` and `on_tx!` run one
//! piece of code on whichever database is behind them. Today that is SQLite; another database is
//! another variant here and another arm in the two macros, and nothing in the services.

mod sqlite;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::sqlite::{OpenError, Sqlite};

/// The migrations, in order; portable text, so every database runs the same files.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// A database that is open and migrated. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) engine: Engine,
    gate: WriteGate,
}

/// Which database it is.
#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite(Sqlite),
}

/// A write transaction. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    pub(crate) engine: TxEngine,
    // Released after the transaction, which stands before them.
    _turn: [Option<OwnedSemaphorePermit>; 2],
}

pub(crate) enum TxEngine {
    Sqlite(sqlx::SqliteTransaction<'static>),
}

/// Runs an expression on a read connection: `on_db!(db, pool => sqlx::query(..).fetch_all(pool).await)`.
macro_rules! on_db {
    ($db:expr, $pool:ident => $body:expr) => {
        match &$db.engine {
            $crate::db::Engine::Sqlite(sqlite) => {
                let $pool = sqlite.readers();
                $body
            }
        }
    };
}

/// Runs an expression in a write transaction: `on_tx!(tx, conn => sqlx::query(..).execute(conn).await)`.
macro_rules! on_tx {
    ($tx:expr, $conn:ident => $body:expr) => {
        match &mut $tx.engine {
            $crate::db::TxEngine::Sqlite(transaction) => {
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

async fn turn(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, sqlx::Error> {
    Arc::clone(semaphore).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)
}

impl Db {
    /// Wraps an open SQLite database and brings its schema up to date.
    pub async fn sqlite(sqlite: Sqlite) -> Result<Self, OpenError> {
        sqlite.migrate().await?;
        Ok(Self { engine: Engine::Sqlite(sqlite), gate: WriteGate::new() })
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
            Engine::Sqlite(sqlite) => TxEngine::Sqlite(sqlite.begin_immediate().await?),
        };
        Ok(Tx { engine, _turn: [Some(writing), queued] })
    }

    /// Takes what was deleted out of the files that stand beside the database, too. Gives up at once
    /// when somebody reads: the next deletion, or the stop, does it then.
    pub async fn scrub(&self) -> Result<(), sqlx::Error> {
        let _queued = turn(&self.gate.queue).await?;
        let _writing = turn(&self.gate.writer).await?;
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.scrub().await,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        on_db!(self, pool => sqlx::query("select 1").execute(pool).await).map(drop)
    }

    /// Closes every connection, after writing what is still in memory.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

impl Tx {
    /// Makes everything durable that was written through this transaction.
    ///
    /// # Errors
    /// An error leaves open whether it was written; ask the database before saying anything.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self.engine {
            TxEngine::Sqlite(transaction) => transaction.commit().await,
        }
    }
}

/// Whether an error says that a unique index has this row already.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
