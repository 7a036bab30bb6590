//! The way into each chat's open room.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use blytz_core::{
    StreamId,
    chat::{Answer, Command},
};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use crate::error::{Error, Result, internal};

/// How many commands may wait for a room; one more is answered with 503.
const QUEUE: usize = 512;

/// A command and where its answer goes.
pub struct Queued {
    pub command: Command,
    pub answer: oneshot::Sender<Result<Answer>>,
}

/// Which rooms are open. Cheap to clone.
#[derive(Clone, Default)]
pub struct Doors(Arc<Mutex<Queues>>);

type Queues = HashMap<StreamId, mpsc::Sender<Queued>>;

impl Doors {
    /// Queues a command for a chat's room, under the lock, so that no room can end between being found
    /// and being asked. Where no room is open, `open` is given the queue of a new one.
    ///
    /// # Errors
    /// 503 when the room's queue is full.
    pub fn enqueue(&self, stream: StreamId, queued: Queued, open: impl FnOnce(mpsc::Receiver<Queued>)) -> Result<()> {
        let mut queues = self.queues();
        let rejected = match queues.entry(stream) {
            Entry::Occupied(room) => match room.get().try_send(queued) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(_)) => {
                    return Err(Error::unavailable("Too many people write at once; try again in a moment."));
                }
                // The room fell over; a new one reads the chat anew.
                Err(TrySendError::Closed(queued)) => queued,
            },
            Entry::Vacant(_) => queued,
        };
        let (sender, receiver) = mpsc::channel(QUEUE);
        sender.try_send(rejected).map_err(|_| internal("a new room has no place"))?;
        queues.insert(stream, sender);
        open(receiver);
        Ok(())
    }

    /// Takes an idle room off the list. False when somebody queued meanwhile.
    pub fn close(&self, stream: StreamId, queue: &mpsc::Receiver<Queued>) -> bool {
        let mut queues = self.queues();
        if !queue.is_empty() {
            return false;
        }
        queues.remove(&stream);
        true
    }

    /// The lock is poisoned only by a panic in the few lines above, which leave the map whole.
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
