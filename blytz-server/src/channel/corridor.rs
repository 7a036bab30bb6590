//! What rooms of a kind share, and the doors to them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    committer::Committer,
    ground::Ground,
    ledger::{Ledger, Unwritten},
};
use crate::{
    error::{Error, Result, internal},
    platform::hub::event_frame,
};

/// A command on its way to a room, and where its answer goes.
pub struct Queued<L: Ledger> {
    pub command: L::Command,
    pub reply: oneshot::Sender<Result<L::Answer>>,
}

/// What every room of a kind works with.
pub struct Corridor<L: Ledger> {
    pub ledger: Arc<L>,
    pub ground: Ground,
    pub committer: Committer<L>,
    doors: Mutex<Doors<L>>,
}

/// The way into each room that is open.
pub type Doors<L> = HashMap<<L as Ledger>::Id, mpsc::Sender<Queued<L>>>;

impl<L: Ledger> Corridor<L> {
    /// No room yet, and a committer at work.
    pub fn new(ledger: L, ground: Ground) -> Self {
        let ledger = Arc::new(ledger);
        let (committer, work) = Committer::new(Arc::clone(&ledger));
        // Not one of the tasks to wait for: it ends with the last room, and rooms wait for it.
        ground.rooms.spawn(work);
        Self { ledger, ground, committer, doors: Mutex::default() }
    }

    /// Writes a batch in a transaction that holds its log, past the committer.
    pub async fn write_alone(&self, tx: L::Tx, batch: &Arc<L::Batch>) -> Result<(), Unwritten> {
        let batches = std::slice::from_ref(batch);
        self.ledger.seal(batches);
        let verdicts = self.ledger.write(tx, batches).await?;
        verdicts.into_iter().next().unwrap_or(Err(Unwritten::Unknown))
    }

    /// Tells what a log has after `seq`, up to `head`: what nobody here has heard of. All of it is read
    /// before any of it is told, or what was told when a read fails would be told again.
    pub async fn tell_after(&self, id: L::Id, mut seq: u64, head: u64) -> Result<()> {
        let (topic, mut pages) = (self.ledger.topic(id), Vec::new());
        while seq < head {
            let events = self.ledger.events_after(id, seq).await?;
            let Some(last) = events.last() else {
                return Err(internal(format_args!("the log of {id} ends at {seq} of {head}")));
            };
            seq = last.seq;
            pages.push(events);
        }
        for events in pages {
            let known = events.iter().filter(|event| event.seq <= head);
            let frames = known.map(|event| (event.seq, event_frame(topic.channel(), &event.json)));
            self.ground.hub.publish(topic, frames);
        }
        Ok(())
    }

    /// Takes an idle room off the list. False when somebody queued meanwhile.
    pub fn close(&self, id: L::Id, inbox: &mpsc::Receiver<Queued<L>>) -> bool {
        let mut doors = self.doors();
        if !inbox.is_empty() {
            return false;
        }
        doors.remove(&id);
        true
    }

    /// The lock is poisoned only by a panic in the few lines that hold it, which leave the map whole.
    pub fn doors(&self) -> MutexGuard<'_, Doors<L>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 503: it may or may not have been written.
pub fn outcome_unknown() -> Error {
    Error::outcome_unknown("It is not known whether this was done; ask again with the same id.")
}
