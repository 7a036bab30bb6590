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
        Ok(self.db.begin_batch().await?)
    }

    async fn hold(&self, stream: StreamId) -> Result<Option<Tx>, Unwritten> {
        let Some(mut tx) = self.db.begin_turn().await? else { return Ok(None) };
        store::hold_head(&mut tx, stream).await?;
        Ok(Some(tx))
    }

    async fn write(&self, mut tx: Tx, batches: &[Arc<Batch>]) -> Verdicts {
        self.hold_authors(&mut tx, batches).await?;
        let mut verdicts = Vec::with_capacity(batches.len());
        for batch in batches {
            verdicts.push(write(&mut tx, batch).await?);
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
    /// Has none of these people write anywhere else until this is written: what counts over all chats is
    /// then counted one after the other.
    async fn hold_authors(&self, tx: &mut Tx, batches: &[Arc<Batch>]) -> sqlx::Result<()> {
        let mut authors: Vec<_> = batches.iter().flat_map(|batch| &batch.windows).map(|(user, _)| *user).collect();
        authors.sort_unstable();
        authors.dedup();
        self.accounts.hold(tx, &authors).await
    }
}

/// The head moves before anything is appended: whoever lost it to another writer writes nothing.
async fn write(tx: &mut Tx, batch: &Batch) -> Result<Result<(), Unwritten>, Unwritten> {
    for (user, window) in &batch.windows {
        if store::window(&mut *tx, *user, batch.windows_at).await? != *window {
            return Ok(Err(Unwritten::Conflict));
        }
    }
    match store::move_head(tx, batch.stream, batch.from, &batch.to).await {
        Ok(true) => {}
        Ok(false) => return Ok(Err(Unwritten::Conflict)),
        Err(error) => return Err(if tx.is_contended() { Unwritten::Conflict } else { error.into() }),
    }
    for event in &batch.events {
        store::append(tx, batch.stream, event.seq, &event.json).await.map_err(beaten)?;
    }
    for write in &batch.writes {
        store::write(tx, batch.stream, write).await.map_err(beaten)?;
    }
    Ok(Ok(()))
}

/// A row that is there already is another writer's: a `message_id` used in two chats at once.
fn beaten(error: sqlx::Error) -> Unwritten {
    if is_duplicate(&error) { Unwritten::Conflict } else { error.into() }
}
