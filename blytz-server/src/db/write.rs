//! Writing: begun, committed and told in a task that nobody can end in the middle.

use std::{future::Future, panic::resume_unwind};

use tracing::Instrument;

use super::{CommitError, Db, Tx};

/// What is done in a transaction: `async move |tx: &mut Tx| { … }`.
pub trait Work<'t, T>: FnOnce(&'t mut Tx) -> Self::Done {
    /// The work under way.
    type Done: Future<Output = T> + Send + 't;
}

impl<'t, T, D, W> Work<'t, T> for W
where
    D: Future<Output = T> + Send + 't,
    W: FnOnce(&'t mut Tx) -> D,
{
    type Done = D;
}

impl Db {
    /// Does this in one transaction, which is committed when it succeeds and leaves nothing when it
    /// does not. Then comes what [`Tx::then`] noted. Keep it short: under five milliseconds, long
    /// work in slices.
    ///
    /// All of it happens in a task of its own: who hangs up, or runs out of patience, ends the waiting
    /// and not the work. [`Db::close`] waits for it.
    ///
    /// # Errors
    /// Those of the work; and when the database does not take it.
    pub async fn write<T, E>(&self, work: impl for<'t> Work<'t, Result<T, E>> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<sqlx::Error> + From<CommitError> + Send + 'static,
    {
        let db = self.clone();
        let written = async move {
            let mut tx = db.begin_write().await?;
            let value = work(&mut tx).await?;
            tx.commit().await?;
            Ok(value)
        };
        match self.writes.spawn(written.in_current_span()).await {
            Ok(written) => written,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is going down.
                Err(_) => Err(CommitError::Unknown(sqlx::Error::PoolClosed).into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use super::*;
    use crate::db::{Run, Sqlite, on_db, on_tx};

    async fn opened() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let db = Db::sqlite(Sqlite::open(&folder.path().join("t.db")).await.expect("opens")).await.expect("a schema");
        let made = db.write(async |tx: &mut Tx| {
            on_tx!(tx, conn => sqlx::query("create table t (a bigint)").run(conn).await)?;
            Ok::<_, CommitError>(())
        });
        made.await.expect("written");
        (folder, db)
    }

    async fn insert(tx: &mut Tx) -> Result<(), CommitError> {
        on_tx!(tx, conn => sqlx::query("insert into t values (1)").run(conn).await)?;
        Ok(())
    }

    async fn rows(db: &Db) -> i64 {
        on_db!(db, conn => sqlx::query_scalar("select count(*) from t").fetch_one(conn).await).expect("a count")
    }

    #[tokio::test]
    async fn who_hangs_up_cuts_no_work_and_what_follows_the_commit_is_done() {
        let (_folder, db) = opened().await;
        let (begun, goes_on, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, waits, tells, writer) = (Arc::clone(&begun), Arc::clone(&goes_on), Arc::clone(&told), db.clone());
        let client = tokio::spawn(async move {
            let written = writer.write(async move |tx: &mut Tx| {
                begins.notify_one();
                waits.notified().await;
                tx.then(async move { tells.notify_one() });
                insert(tx).await
            });
            written.await
        });
        begun.notified().await;
        client.abort();
        assert!(client.await.expect_err("it hung up").is_cancelled());
        goes_on.notify_one();
        told.notified().await;
        assert_eq!(rows(&db).await, 1);
    }

    #[tokio::test]
    async fn what_fails_leaves_nothing_and_tells_nobody() {
        let (_folder, db) = opened().await;
        let written: Result<(), CommitError> = db
            .write(async |tx: &mut Tx| {
                insert(tx).await?;
                tx.then(async { panic!("nobody is told") });
                Err(CommitError::NotWritten(sqlx::Error::RowNotFound))
            })
            .await;
        assert!(matches!(written, Err(CommitError::NotWritten(sqlx::Error::RowNotFound))));
        assert_eq!(rows(&db).await, 0);
    }

    #[tokio::test]
    async fn the_database_is_closed_after_the_last_write() {
        let (_folder, db) = opened().await;
        let (begun, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, waits, writer) = (Arc::clone(&begun), Arc::clone(&goes_on), db.clone());
        let client = tokio::spawn(async move {
            let written = writer.write(async move |tx: &mut Tx| {
                begins.notify_one();
                waits.notified().await;
                insert(tx).await
            });
            written.await
        });
        begun.notified().await;
        let closed = async {
            goes_on.notify_one();
            db.close().await;
        };
        closed.await;
        client.await.expect("it ended").expect("written before the end");
    }
}
