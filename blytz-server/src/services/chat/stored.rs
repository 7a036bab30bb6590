//! Chats as the database keeps them, for their rooms.

use std::{collections::HashMap, sync::Arc};

use blytz_core::{
    MessageId, StreamId, Timestamp, UserId,
    chat::{Chat, LONGEST_SLOW_MODE_MS, RateWindow},
    wire::chat::Message,
};

use super::{
    ledger::{Batch, ChatStore},
    store,
};
use crate::{
    channel::{Entry, Unwritten, Verdicts},
    db::{CommitError, Db, Tx, is_duplicate},
    error::Result,
    services::auth::Accounts,
};

/// How many events are read at once.
const SLICE: usize = 500;

/// The database, written behind the bids.
pub struct Stored {
    pub db: Db,
    pub accounts: Accounts,
}

impl ChatStore for Stored {
    type Tx = Tx;

    async fn chat(&self, stream: StreamId, now: Timestamp) -> Result<Chat> {
        Ok(Chat {
            stream_id: stream,
            head: store::head(&self.db, stream).await?,
            members: store::members(&self.db, stream).await?,
            spoke: store::spoke(&self.db, stream, now.plus_millis(-LONGEST_SLOW_MODE_MS)).await?,
            swept_at: now,
        })
    }

    async fn head(&self, stream: StreamId) -> Result<Option<u64>> {
        if !self.db.is_shared() {
            return Ok(None);
        }
        Ok(Some(store::head(&self.db, stream).await?.seq))
    }

    async fn events_after(&self, stream: StreamId, after: u64) -> Result<Vec<Entry>> {
        let events = store::events_after(&self.db, stream, after, SLICE).await?;
        Ok(events.into_iter().map(|(seq, json)| Entry { seq, json: json.into() }).collect())
    }

    async fn messages(&self, ids: &[MessageId]) -> Result<HashMap<MessageId, Message>> {
        store::messages(&self.db, ids).await
    }

    async fn windows(&self, people: &[UserId], now: Timestamp) -> Result<HashMap<UserId, RateWindow>> {
        let mut windows = HashMap::new();
        for user in people {
            windows.insert(*user, store::window(&self.db, *user, now).await?);
        }
        Ok(windows)
    }

    async fn begin(&self) -> Result<Tx, Unwritten> {
        Ok(self.db.begin_write().await?)
    }

    async fn hold(&self, stream: StreamId) -> Result<Option<Tx>, Unwritten> {
        if !self.db.is_shared() {
            return Ok(None);
        }
        let mut tx = self.db.begin_write().await?;
        store::hold_head(&mut tx, stream).await?;
        Ok(Some(tx))
    }

    async fn write(&self, mut tx: Tx, batches: &[Arc<Batch>]) -> Verdicts {
        let verdicts = move_heads(&mut tx, batches).await?;
        let written =
            || batches.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok()).map(|(batch, _)| &**batch);
        self.hold_authors(&mut tx, written()).await?;
        for batch in written() {
            // One by one: somebody may have written in several of these chats.
            check_windows(&mut tx, batch).await?;
            append(&mut tx, batch).await?;
        }
        match tx.commit().await {
            Ok(()) => Ok(verdicts),
            Err(CommitError::NotWritten(error)) => Err(error.into()),
            Err(CommitError::Unknown(error)) => {
                tracing::error!(%error, "a commit of chat messages has an unknown outcome");
                Err(Unwritten::Unknown)
            }
        }
    }
}

impl Stored {
    /// Has whoever writes elsewhere in the name of these authors at this moment be waited for, and wait.
    async fn hold_authors<'b>(&self, tx: &mut Tx, batches: impl Iterator<Item = &'b Batch>) -> Result<(), Unwritten> {
        let mut authors: Vec<_> = batches.flat_map(|batch| &batch.windows).map(|(user, _)| *user).collect();
        authors.sort_unstable();
        authors.dedup();
        Ok(self.accounts.hold(tx, &authors).await?)
    }
}

/// Checks that no author has written elsewhere since it was decided that they may.
async fn check_windows(tx: &mut Tx, batch: &Batch) -> Result<(), Unwritten> {
    for (user, window) in &batch.windows {
        if store::window(&mut *tx, *user, batch.windows_at).await? != *window {
            return Err(Unwritten::Conflict);
        }
    }
    Ok(())
}

/// Moves the heads, always in the same order, so that no two writers wait for each other. Whoever lost a
/// head to another writer writes nothing.
async fn move_heads(tx: &mut Tx, batches: &[Arc<Batch>]) -> Verdicts {
    let mut order: Vec<usize> = (0..batches.len()).collect();
    order.sort_unstable_by_key(|index| batches[*index].stream);
    let mut verdicts = vec![Ok(()); batches.len()];
    for index in order {
        let batch = &batches[index];
        if !store::move_head(tx, batch.stream, batch.from, &batch.to).await? {
            verdicts[index] = Err(Unwritten::Conflict);
        }
    }
    Ok(verdicts)
}

async fn append(tx: &mut Tx, batch: &Batch) -> Result<(), Unwritten> {
    for event in &batch.events {
        store::append(tx, batch.stream, event.seq, &event.json).await.map_err(beaten)?;
    }
    for write in &batch.writes {
        store::write(tx, batch.stream, write).await.map_err(beaten)?;
    }
    Ok(())
}

/// A row that is there already is another writer's: a `message_id` used in two chats at once.
fn beaten(error: sqlx::Error) -> Unwritten {
    if is_duplicate(&error) { Unwritten::Conflict } else { error.into() }
}
