//! Reading, in and outside a transaction, by the same code.

use std::{
    future::Future,
    ops::{Deref, DerefMut},
};

use sqlx::{PgConnection, SqliteConnection, pool::PoolConnection};

use super::{
    Db, Engine, Tx, TxEngine,
    postgres::{PgTransaction, Pooled},
};

/// Where to read: a [`Db`] has what was last committed, a [`Tx`] what it has written itself, too.
pub trait Source: Send {
    /// A connection to read from.
    fn connection(&mut self) -> impl Future<Output = sqlx::Result<Connection<'_>>> + Send;
}

/// A connection of whichever database it is.
pub enum Connection<'a> {
    Sqlite(Held<'a>),
    Postgres(Asked<'a>),
}

/// A connection to SQLite that reads.
pub enum Held<'a> {
    Pooled(PoolConnection<sqlx::Sqlite>),
    Within(&'a mut SqliteConnection),
}

/// A connection to PostgreSQL that reads.
pub enum Asked<'a> {
    Pooled(Pooled),
    Within(&'a mut PgTransaction),
}

impl Source for &Db {
    async fn connection(&mut self) -> sqlx::Result<Connection<'_>> {
        match &self.engine {
            Engine::Sqlite(sqlite) => {
                sqlite.readers(self.lane).acquire().await.map(|pooled| Connection::Sqlite(Held::Pooled(pooled)))
            }
            Engine::Postgres(postgres) => {
                postgres.reader(self.lane).await.map(|pooled| Connection::Postgres(Asked::Pooled(pooled)))
            }
        }
    }
}

impl Source for &mut Tx {
    async fn connection(&mut self) -> sqlx::Result<Connection<'_>> {
        match &mut self.engine {
            TxEngine::Sqlite(transaction, _) => Ok(Connection::Sqlite(Held::Within(transaction))),
            TxEngine::Postgres(transaction) => Ok(Connection::Postgres(Asked::Within(transaction))),
        }
    }
}

impl Deref for Held<'_> {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Pooled(pooled) => pooled,
            Self::Within(transaction) => transaction,
        }
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Pooled(pooled) => pooled,
            Self::Within(transaction) => transaction,
        }
    }
}

impl Asked<'_> {
    /// The connection, unless it was lost.
    pub fn get(&mut self) -> sqlx::Result<&mut PgConnection> {
        match self {
            Self::Pooled(pooled) => pooled.get(),
            Self::Within(transaction) => transaction.get(),
        }
    }

    /// Looks at what was answered on it.
    pub fn seen<T>(&mut self, answer: sqlx::Result<T>) -> sqlx::Result<T> {
        match self {
            Self::Pooled(pooled) => pooled.seen(answer),
            Self::Within(transaction) => transaction.seen(answer),
        }
    }
}
