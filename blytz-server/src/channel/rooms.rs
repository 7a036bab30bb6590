//! Which channels have a room, and the way into it.

use std::{sync::Arc, time::Duration};

use blytz_core::{Timestamp, auction::Outage};
use tokio::{
    sync::{
        OwnedSemaphorePermit, Semaphore,
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    time::MissedTickBehavior,
};

use super::{
    corridor::{Corridor, Queued, outcome_unknown},
    ground::Ground,
    ledger::Ledger,
    room::Room,
};
use crate::error::{Error, Result, internal};

/// How many rooms are opened at once because something is due.
const WAKING: usize = 64;
/// How often channels that are due are looked for, and how far ahead.
const SWEEP: Duration = Duration::from_secs(1);
const AHEAD_MS: i64 = 2_000;
/// How long a command may take before its sender is told to ask again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The rooms of one kind of channel in this process. Cheap to clone.
pub struct Rooms<L: Ledger> {
    corridor: Arc<Corridor<L>>,
    waking: Arc<Semaphore>,
}

impl<L: Ledger> Clone for Rooms<L> {
    fn clone(&self) -> Self {
        Self { corridor: Arc::clone(&self.corridor), waking: Arc::clone(&self.waking) }
    }
}

impl<L: Ledger> std::ops::Deref for Rooms<L> {
    type Target = Corridor<L>;
    fn deref(&self) -> &Corridor<L> {
        &self.corridor
    }
}

impl<L: Ledger> Rooms<L> {
    /// No room yet, and a committer at work.
    pub fn new(ledger: L, ground: Ground) -> Self {
        Self { corridor: Arc::new(Corridor::new(ledger, ground)), waking: Arc::new(Semaphore::new(WAKING)) }
    }

    /// Has a channel's room decide a command; returns once what came of it is durable.
    ///
    /// # Errors
    /// The ledger's refusals; 503 when nothing can be said.
    pub async fn ask(&self, id: L::Id, command: L::Command) -> Result<L::Answer> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(id, Queued { command, reply })?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            // A room that ended without a word left the outcome open.
            Ok(Err(_)) | Err(_) => Err(outcome_unknown()),
        }
    }

    /// Opens a channel's room, so that its timer runs.
    pub fn wake(&self, id: L::Id) {
        self.open(id, None);
    }

    /// Has every channel do what is due. A room that is open has a timer of its own; this opens those
    /// that are not, shortly before they are due, until the process ends. The index of the database is
    /// the only list of what is due: nothing has to be loaded or remembered for it.
    pub async fn sweep(self) {
        let mut made_good = None;
        let mut beat = tokio::time::interval(SWEEP);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.ground.shutdown.cancelled() => return,
                _ = beat.tick() => {}
            }
            let until = self.ground.clock.now().plus_millis(AHEAD_MS);
            let known = self.ground.attendance.outages();
            if let Err(error) = self.wake_met(&known, &mut made_good).await {
                tracing::warn!(%error, kind = L::NAME, "what an outage met can't be looked for");
            }
            if let Err(error) = self.wake_due(until).await {
                tracing::warn!(%error, kind = L::NAME, "what is due can't be looked for");
            }
        }
    }

    /// Has every channel make good for outages as soon as they are known; what is met by one and not yet
    /// due would else hear of it only then.
    async fn wake_met(&self, outages: &[Outage], made_good: &mut Option<Timestamp>) -> Result<()> {
        let before = outages.partition_point(|outage| made_good.is_some_and(|until| outage.to <= until));
        for outage in &outages[before..] {
            for id in self.ledger.met_by(*outage).await? {
                self.wake_in_turn(id).await;
            }
            *made_good = Some(outage.to);
        }
        Ok(())
    }

    /// Opens a channel's room when not too many are being opened. One that is open wakes by itself.
    async fn wake_in_turn(&self, id: L::Id) {
        let is_open = self.doors().get(&id).is_some_and(|door| !door.is_closed());
        if !is_open
            && !self.ground.shutdown.is_cancelled()
            && let Ok(turn) = Arc::clone(&self.waking).acquire_owned().await
        {
            self.open(id, Some(turn));
        }
    }

    async fn wake_due(&self, until: Timestamp) -> Result<()> {
        let mut after = None;
        loop {
            let due = self.ledger.due(until, after).await?;
            let Some(last) = due.last() else { return Ok(()) };
            after = Some(*last);
            for (_, id) in due {
                self.wake_in_turn(id).await;
            }
        }
    }

    /// Queues a command, under the lock, so that no room can end between being found and being asked.
    fn enqueue(&self, id: L::Id, queued: Queued<L>) -> Result<()> {
        let mut doors = self.doors();
        let door = doors.entry(id).or_insert_with(|| self.room(id, None));
        match door.try_send(queued) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Queued { command, .. })) => {
                let full = Err(Error::unavailable("Too many requests are waiting here; ask again in a moment."));
                self.ledger.answered(id, &command, &full, self.ground.clock.now());
                full.map(drop)
            }
            // The room fell over; a new one reads the channel anew.
            Err(TrySendError::Closed(queued)) => {
                *door = self.room(id, None);
                door.try_send(queued).map_err(|_| internal("a new room has no place"))
            }
        }
    }

    fn open(&self, id: L::Id, waking: Option<OwnedSemaphorePermit>) {
        let mut doors = self.doors();
        // A door that is closed is left of a room that fell over.
        if doors.get(&id).is_none_or(mpsc::Sender::is_closed) {
            doors.insert(id, self.room(id, waking));
        }
    }

    fn room(&self, id: L::Id, waking: Option<OwnedSemaphorePermit>) -> mpsc::Sender<Queued<L>> {
        let (door, inbox) = mpsc::channel(L::QUEUE);
        self.ground.tasks.spawn_on(Room::new(Arc::clone(&self.corridor), id, inbox).run(waking), &self.ground.rooms);
        door
    }

    /// Whether a channel has a room.
    #[cfg(test)]
    pub fn is_open(&self, id: L::Id) -> bool {
        self.doors().get(&id).is_some_and(|door| !door.is_closed())
    }
}
