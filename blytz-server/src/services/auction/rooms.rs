//! Which rooms are open, and the way into them.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use blytz_core::{AuctionId, UserId, wire::ErrorCode};
use tokio::{
    runtime::Handle,
    sync::{
        Semaphore,
        mpsc::{self, error::TrySendError},
        oneshot,
    },
};
use tokio_util::task::TaskTracker;

use super::{
    committer::Committer,
    request::{Act, Copied, Request},
    room::Room,
    shared::{Door, Shared},
    store,
};
use crate::{
    error::{Error, Result},
    platform::Platform,
};

/// How many rooms are loaded at once.
const LOADING: usize = 64;
/// How long a room that could not be loaded waits before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often overdue lots are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// Requests that may wait for a room; one more is told to come back.
const MAX_QUEUED: usize = 4_096;

/// The rooms of this process. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    pub shared: Shared,
    tasks: TaskTracker,
    rostrum: Handle,
    loading: Arc<Semaphore>,
}

impl Rooms {
    pub fn new(platform: &Platform, committer: Committer, rostrum: Handle) -> Self {
        let (tasks, loading) = (platform.tasks.clone(), Arc::new(Semaphore::new(LOADING)));
        Self { shared: Shared::new(platform, committer), tasks, rostrum, loading }
    }

    /// Hands a request to the auction's room, which is opened if need be.
    ///
    /// # Errors
    /// 503 when the room's queue is full.
    pub fn send(&self, id: AuctionId, mut request: Request) -> Result<()> {
        loop {
            let sender = self.room(id, false);
            match sender.try_send(request) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(_)) => {
                    return Err(Error::unavailable("Too many bids are waiting for this auction; ask again."));
                }
                Err(TrySendError::Closed(returned)) => {
                    // It closed for being idle between our look at the list and now.
                    self.forget_closed(id);
                    request = returned;
                }
            }
        }
    }

    /// Has every lot done what is due and was not: the room's own timer is the rule, this is the
    /// net under it, once a second.
    pub async fn sweep(self) {
        let mut beat = tokio::time::interval(SWEEP);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = beat.tick() => {}
                () = self.shared.shutdown.cancelled() => return,
            }
            match store::due_lots(&self.shared.db, self.shared.clock.now()).await {
                Ok(due) => due.into_iter().for_each(|id| self.nudge(id)),
                Err(error) => tracing::warn!(%error, "overdue lots can't be looked for"),
            }
        }
    }

    fn nudge(&self, id: AuctionId) {
        let (reply, _) = oneshot::channel();
        if let Err(error) = self.send(id, Request::Act { act: Act::Tick, reply }) {
            tracing::debug!(%error, "a full room sees to what is due by itself");
        }
    }

    /// Opens a room after a restart.
    pub fn resume(&self, id: AuctionId) {
        self.room(id, true);
    }

    /// Opens a room so that its timer runs.
    pub fn wake(&self, id: AuctionId) {
        self.room(id, false);
    }

    /// Tells a seller's open rooms that their blocklist has changed.
    pub async fn blocklist_changed(&self, seller: UserId) {
        // A room that does not know its seller yet may have read the blocklist before.
        let concerned = |door: &&Door| door.seller.get().is_none_or(|known| *known == seller);
        let rooms = self.shared.doors().values().filter(concerned).map(|door| door.inbox.clone()).collect();
        tell(rooms, Copied::Blocklist).await;
    }

    /// Tells those of these lots' rooms that are open that their lot may be in another show now.
    pub async fn show_changed(&self, lots: impl IntoIterator<Item = AuctionId>) {
        let rooms = {
            let doors = self.shared.doors();
            lots.into_iter().filter_map(|lot| doors.get(&lot)).map(|door| door.inbox.clone()).collect()
        };
        tell(rooms, Copied::Show).await;
    }

    fn room(&self, id: AuctionId, resume: bool) -> mpsc::Sender<Request> {
        let mut doors = self.shared.doors();
        if let Some(door) = doors.get(&id) {
            return door.inbox.clone();
        }
        let (sender, inbox) = mpsc::channel(MAX_QUEUED);
        let seller = Arc::new(OnceLock::new());
        doors.insert(id, Door { inbox: sender.clone(), seller: Arc::clone(&seller) });
        drop(doors);
        let rooms = self.clone();
        let room = async move {
            match rooms.load(id, resume, inbox).await {
                Ok(room) => {
                    seller.get_or_init(|| room.seller_id());
                    room.run().await;
                }
                Err((error, inbox)) => rooms.turn_away(id, &error, inbox).await,
            }
        };
        self.tasks.spawn_on(room, &self.rostrum);
        sender
    }

    /// Loads a room. One that has an outage to make good for is not given up while the database is
    /// busy: opened by somebody else later, it would know nothing of that.
    async fn load(
        &self,
        id: AuctionId,
        resume: bool,
        mut inbox: mpsc::Receiver<Request>,
    ) -> Result<Room, (Error, mpsc::Receiver<Request>)> {
        loop {
            // So many at once: a start opens all rooms that have something due.
            let turn = self.loading.acquire().await;
            let loaded = Room::load(self.shared.clone(), id, resume, inbox).await;
            drop(turn);
            match loaded {
                Err((error, kept)) if resume && error.code() == ErrorCode::Unavailable => {
                    if self.shared.shutdown.is_cancelled() {
                        return Err((error, kept));
                    }
                    inbox = kept;
                    tokio::time::sleep(AGAIN).await;
                }
                loaded => return loaded,
            }
        }
    }

    fn forget_closed(&self, id: AuctionId) {
        let mut doors = self.shared.doors();
        if doors.get(&id).is_some_and(|door| door.inbox.is_closed()) {
            doors.remove(&id);
        }
    }

    /// There is no such room, or it can't be read.
    async fn turn_away(&self, id: AuctionId, error: &Error, mut inbox: mpsc::Receiver<Request>) {
        self.shared.forget(id);
        inbox.close();
        while let Some(request) = inbox.recv().await {
            request.refuse(error.clone());
        }
    }
}

/// Tells rooms that a copy of theirs is out of date. One that is full learns of it behind the requests
/// that were made before; one that has closed reads everything when it is opened again.
async fn tell(rooms: Vec<mpsc::Sender<Request>>, copied: Copied) {
    for room in rooms {
        let _ = room.send(Request::Changed(copied)).await;
    }
}
