//! The database: one SQL text, written for SQLite and PostgreSQL alike.
//!
//! [`Db`] is what services hold, [`Tx`] what they write through; `on_db!` and `on_tx!` run one
//! piece of code on whichever database is behind them. What the two can't do alike is asked of
//! [`Tx::engine`] where it is done, and there are few such places: many rows in one statement, the
//! search, and rows that are locked where there are several writers.

#[cfg(test)]
#[path = "../../tests/it/cluster.rs"]
#[expect(dead_code, reason = "these tests neither stop a cluster nor copy a database")]
pub(crate) mod cluster;
#[cfg(test)]
pub(crate) mod conformance;
mod errors;
mod health;
mod ids;
mod postgres;
mod run;
mod source;
mod sqlite;
mod write;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use sqlx::AssertSqlSafe;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use self::{
    errors::CommitError,
    postgres::{MIGRATIONS as POSTGRES_MIGRATIONS, Postgres},
    sqlite::{MIGRATIONS, Sqlite},
    write::Work,
};
pub(crate) use self::{
    errors::{is_contention, is_damage, is_duplicate, is_unavailable, is_unknown_table},
    ids::select_in,
    postgres::{answered, check_server, place},
    run::Run,
    source::{Connection, Source},
};

use self::postgres::{PgTransaction, Writer};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It said no, or nothing.
    #[error("the database could not be opened: {0}")]
    Sql(#[from] sqlx::Error),
    /// The PostgreSQL server said no, or nothing.
    #[error("the database {place} could not be opened: {error}; {advice}")]
    NotThere {
        /// Where it should be.
        place: String,
        /// What was said.
        #[source]
        error: sqlx::Error,
        /// What can be done about it.
        advice: &'static str,
    },
    /// A migration failed, or the database is newer than this program.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The linked SQLite is too old.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    OldSqlite(String),
    /// The PostgreSQL server is too old.
    #[error("PostgreSQL {0} is too old: 15 or newer is needed")]
    OldPostgres(i32),
    /// The PostgreSQL database keeps its text in another encoding.
    #[error("the database's encoding is {0}: create one with `create database … encoding 'UTF8' template template0`")]
    Encoding(String),
}

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
    Postgres(Postgres),
}

/// A write transaction. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    pub(crate) engine: TxEngine,
    /// Whether what many wait for is in it, which can't wait for a lock that somebody has.
    hurried: bool,
    /// What follows the commit.
    then: Vec<BoxFuture<'static, ()>>,
    // Released after the transaction, which stands before them.
    turn: [Option<OwnedSemaphorePermit>; 2],
}

#[expect(clippy::large_enum_variant, reason = "there are as many as connections, and none is moved about")]
pub(crate) enum TxEngine {
    Sqlite(sqlx::SqliteTransaction<'static>, Sqlite),
    Postgres(PgTransaction),
}

/// Reads, from a [`Db`] or within a [`Tx`]: `on_db!(from, conn => sqlx::query(..).fetch_all(conn).await)`.
macro_rules! on_db {
    ($from:expr, $conn:ident => $body:expr) => {
        match $crate::db::Source::connection(&mut { $from }).await {
            Ok($crate::db::Connection::Sqlite(mut connection)) => {
                let $conn = &mut *connection;
                $body
            }
            Ok($crate::db::Connection::Postgres(mut connection)) => {
                let asked = async {
                    let $conn = connection.get()?;
                    $body
                };
                let answer = $crate::db::answered(asked).await;
                connection.seen(answer)
            }
            Err(error) => Err(error),
        }
    };
}

/// Runs an expression in a write transaction: `on_tx!(tx, conn => sqlx::query(..).run(conn).await)`.
macro_rules! on_tx {
    ($tx:expr, $conn:ident => $body:expr) => {
        match &mut $tx.engine {
            $crate::db::TxEngine::Sqlite(transaction, _) => {
                let $conn = &mut **transaction;
                $body
            }
            $crate::db::TxEngine::Postgres(transaction) => {
                let asked = async {
                    let $conn = transaction.get()?;
                    $body
                };
                let answer = $crate::db::answered(asked).await;
                transaction.seen(answer)
            }
        }
    };
}

pub(crate) use {on_db, on_tx};

/// Who may write when there is one writer: bids first. Everybody else queues behind `queue`, so
/// that at most one of them at a time stands between a bid and the database. PostgreSQL has as many
/// writers as it has connections, and those of bids are their own.
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
        Ok(Self::over(Engine::Sqlite(sqlite)))
    }

    /// Wraps an open PostgreSQL database and brings its schema up to date.
    pub async fn postgres(postgres: Postgres) -> Result<Self, OpenError> {
        postgres.migrate().await?;
        Ok(Self::over(Engine::Postgres(postgres)))
    }

    /// Wraps an open PostgreSQL database and leaves it as it is, whatever version of the schema it has.
    pub(crate) fn as_it_is(postgres: Postgres) -> Self {
        Self::over(Engine::Postgres(postgres))
    }

    fn over(engine: Engine) -> Self {
        Self {
            engine,
            lane: Lane::Lookups,
            gate: WriteGate::new(),
            writes: TaskTracker::new(),
            health: health::Health::default(),
        }
    }

    /// The same database, read through the lane of the rooms.
    pub(crate) fn for_rooms(&self) -> Self {
        Self { lane: Lane::Rooms, ..self.clone() }
    }

    /// The same database, read through the lane of lists and searches.
    pub(crate) fn for_scans(&self) -> Self {
        Self { lane: Lane::Scans, ..self.clone() }
    }

    /// Whether other processes may write what this one reads.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Begins a write transaction. Keep it short: under five milliseconds, long work in slices.
    pub async fn begin_write(&self) -> Result<Tx, sqlx::Error> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                let queued = turn(&self.gate.queue).await?;
                self.begin_in_turn(sqlite, Some(queued)).await
            }
            Engine::Postgres(postgres) => Ok(Tx::on(TxEngine::Postgres(postgres.begin(Writer::Others).await?))),
        }
    }

    /// Begins a write transaction ahead of everybody who used [`Db::begin_write`]: for bids.
    pub async fn begin_bids(&self) -> Result<Tx, sqlx::Error> {
        match &self.engine {
            Engine::Sqlite(sqlite) => self.begin_in_turn(sqlite, None).await,
            Engine::Postgres(postgres) => {
                let engine = TxEngine::Postgres(postgres.begin(Writer::Bids).await?);
                Ok(Tx { hurried: true, ..Tx::on(engine) })
            }
        }
    }

    /// Begins a write transaction for what many wait for, behind the bids.
    pub(crate) async fn begin_batch(&self) -> Result<Tx, sqlx::Error> {
        Ok(Tx { hurried: true, ..self.begin_write().await? })
    }

    /// Begins a write transaction for who then waits for a lock that others hold. Nobody else waits for
    /// it. None on SQLite, where nobody else writes.
    pub(crate) async fn begin_turn(&self) -> Result<Option<Tx>, sqlx::Error> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(postgres) => Ok(Some(Tx::on(TxEngine::Postgres(postgres.begin(Writer::Turn).await?)))),
        }
    }

    async fn begin_in_turn(&self, sqlite: &Sqlite, queued: Option<OwnedSemaphorePermit>) -> Result<Tx, sqlx::Error> {
        let writing = turn(&self.gate.writer).await?;
        let engine = TxEngine::Sqlite(sqlite.begin_immediate().await?, sqlite.clone());
        Ok(Tx { turn: [Some(writing), queued], ..Tx::on(engine) })
    }

    /// Takes what was deleted out of the files that stand beside the database, too. Gives up at once
    /// when somebody reads, and says so. PostgreSQL does that by itself, in its own time.
    pub async fn scrub(&self) -> Result<bool, sqlx::Error> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                let _queued = turn(&self.gate.queue).await?;
                let _writing = turn(&self.gate.writer).await?;
                sqlite.scrub().await
            }
            Engine::Postgres(_) => Ok(true),
        }
    }

    /// Closes every connection, after the writes that are under way.
    pub async fn close(&self) {
        self.writes.close();
        self.writes.wait().await;
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}

impl Tx {
    fn on(engine: TxEngine) -> Self {
        Self { engine, hurried: false, then: Vec::new(), turn: [None, None] }
    }

    /// Whether something failed in it because another transaction was in its way.
    pub(crate) fn is_contended(&self) -> bool {
        match &self.engine {
            TxEngine::Sqlite(..) => false,
            TxEngine::Postgres(transaction) => transaction.is_contended(),
        }
    }

    /// Has whoever else writes a row wait until this transaction has ended, and waits for who does now:
    /// what is read of it from here on stays as it is. A transaction that writes for all rooms waits for
    /// nobody, and fails. `lock` selects the row by its id; SQLite, which has one writer, does not need it.
    pub(crate) async fn hold(&mut self, lock: &'static str, id: Uuid) -> Result<(), sqlx::Error> {
        match &mut self.engine {
            TxEngine::Sqlite(..) => Ok(()),
            TxEngine::Postgres(transaction) => {
                transaction.run(sqlx::query(locking(lock, self.hurried)).bind(id)).await.map(drop)
            }
        }
    }

    /// The same for many rows, which are locked in the order that `lock` says, so that no two transactions
    /// wait for each other. It takes an array of ids.
    pub(crate) async fn hold_all(&mut self, lock: &'static str, ids: &[Uuid]) -> Result<(), sqlx::Error> {
        match &mut self.engine {
            TxEngine::Postgres(transaction) if !ids.is_empty() => {
                transaction.run(sqlx::query(locking(lock, self.hurried)).bind(ids)).await.map(drop)
            }
            TxEngine::Postgres(_) | TxEngine::Sqlite(..) => Ok(()),
        }
    }

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
        let Self { engine, hurried: _, then, turn } = self;
        commit(engine).await?;
        // Whoever writes next need not wait for it.
        drop(turn);
        for done in then {
            done.await;
        }
        Ok(())
    }
}

/// A statement that locks, as somebody runs it who has time, or none.
fn locking(lock: &'static str, hurried: bool) -> AssertSqlSafe<String> {
    AssertSqlSafe(if hurried { format!("{lock} nowait") } else { lock.to_owned() })
}

async fn commit(engine: TxEngine) -> Result<(), CommitError> {
    match engine {
        TxEngine::Sqlite(transaction, sqlite) => transaction.commit().await.map_err(|error| {
            sqlite.distrust_writer();
            CommitError::of(error)
        }),
        TxEngine::Postgres(transaction) => transaction.commit().await,
    }
}
