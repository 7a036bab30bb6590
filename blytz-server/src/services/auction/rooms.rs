//! Which rooms are open, and the way into them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use blytz_core::{AuctionId, UserId, auction::receipt::Signer, wire::ErrorCode};
use tokio::{
    runtime::Handle,
    sync::{
        Semaphore,
        mpsc::{self, error::TrySendError},
        oneshot,
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    committer::Committer,
    request::{Act, Copied, Request},
    room::{MAX_QUEUED, Room},
    store,
};
use crate::{
    clock::Clock,
    db::Db,
    error::{Error, Result},
    platform::{Platform, hub::Hub},
};

/// How many rooms are loaded at once.
const LOADING: usize = 64;
/// How long a room that could not be loaded waits before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often overdue lots are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// What every room works with. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    pub db: Db,
    pub clock: Clock,
    pub hub: Hub,
    pub signer: Arc<Signer>,
    pub committer: Committer,
    pub shutdown: CancellationToken,
    pub tasks: TaskTracker,
    pub rostrum: Handle,
    open: Arc<Mutex<HashMap<AuctionId, Door>>>,
    loading: Arc<Semaphore>,
}

/// The way into an open room.
struct Door {
    inbox: mpsc::Sender<Request>,
    /// Whose lot it is, once the room has read that.
    seller: Arc<OnceLock<UserId>>,
}

impl Shared {
    pub fn new(platform: &Platform, committer: Committer, rostrum: Handle) -> Self {
        Self {
            db: platform.db.for_rooms(),
            clock: platform.clock.clone(),
            hub: platform.hub.clone(),
            signer: platform.keys.log_signer(),
            committer,
            shutdown: platform.shutdown.clone(),
            tasks: platform.tasks.clone(),
            rostrum,
            open: Arc::default(),
            loading: Arc::new(Semaphore::new(LOADING)),
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<AuctionId, Door>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a room off the list; requests that are already in its inbox are still served.
    pub fn forget(&self, id: AuctionId) {
        self.open().remove(&id);
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
                () = self.shutdown.cancelled() => return,
            }
            match store::due_lots(&self.db, self.clock.now()).await {
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
        let rooms = self.open().values().filter(concerned).map(|door| door.inbox.clone()).collect();
        tell(rooms, Copied::Blocklist).await;
    }

    /// Tells those of these lots' rooms that are open that their lot may be in another show now.
    pub async fn show_changed(&self, lots: impl IntoIterator<Item = AuctionId>) {
        let rooms = {
            let open = self.open();
            lots.into_iter().filter_map(|lot| open.get(&lot)).map(|door| door.inbox.clone()).collect()
        };
        tell(rooms, Copied::Show).await;
    }

    fn room(&self, id: AuctionId, resume: bool) -> mpsc::Sender<Request> {
        let mut open = self.open();
        if let Some(door) = open.get(&id) {
            return door.inbox.clone();
        }
        let (sender, inbox) = mpsc::channel(MAX_QUEUED);
        let seller = Arc::new(OnceLock::new());
        open.insert(id, Door { inbox: sender.clone(), seller: Arc::clone(&seller) });
        drop(open);
        let shared = self.clone();
        let room = async move {
            match shared.load(id, resume, inbox).await {
                Ok(room) => {
                    seller.get_or_init(|| room.seller_id());
                    room.run().await;
                }
                Err((error, inbox)) => shared.turn_away(id, &error, inbox).await,
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
            let loaded = Room::load(self.clone(), id, resume, inbox).await;
            drop(turn);
            match loaded {
                Err((error, kept)) if resume && error.code() == ErrorCode::Unavailable => {
                    if self.shutdown.is_cancelled() {
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
        let mut open = self.open();
        if open.get(&id).is_some_and(|door| door.inbox.is_closed()) {
            open.remove(&id);
        }
    }

    /// There is no such room, or it can't be read.
    async fn turn_away(&self, id: AuctionId, error: &Error, mut inbox: mpsc::Receiver<Request>) {
        self.forget(id);
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
