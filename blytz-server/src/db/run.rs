//! Statements that change something and give no rows, by the same code on either database.

use std::future::Future;

use sqlx::{
    PgConnection, Postgres, Sqlite, SqliteConnection, postgres::PgArguments, query::Query, sqlite::SqliteArguments,
};

/// A statement that a connection of this kind can run.
pub(crate) trait Run<C> {
    /// Runs it; how many rows it changed.
    fn run(self, conn: C) -> impl Future<Output = sqlx::Result<u64>> + Send;
}

impl<'c> Run<&'c mut SqliteConnection> for Query<'_, Sqlite, SqliteArguments> {
    async fn run(self, conn: &'c mut SqliteConnection) -> sqlx::Result<u64> {
        self.execute(conn).await.map(|done| done.rows_affected())
    }
}

impl<'c> Run<&'c mut PgConnection> for Query<'_, Postgres, PgArguments> {
    async fn run(self, conn: &'c mut PgConnection) -> sqlx::Result<u64> {
        self.execute(conn).await.map(|done| done.rows_affected())
    }
}
