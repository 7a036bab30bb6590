//! What rooms share: where they read and write, and which of them are open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use blytz_core::{AuctionId, UserId, auction::receipt::Signer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{committer::Committer, request::Request};
use crate::{
    clock::Clock,
    db::Db,
    platform::{Platform, hub::Hub},
};

/// What every room works with. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    pub db: Db,
    pub clock: Clock,
    pub hub: Hub,
    pub signer: Arc<Signer>,
    pub committer: Committer,
    pub shutdown: CancellationToken,
    doors: Arc<Mutex<HashMap<AuctionId, Door>>>,
}

/// The way into an open room.
pub struct Door {
    pub inbox: mpsc::Sender<Request>,
    /// Whose lot it is, once the room has read that.
    pub seller: Arc<OnceLock<UserId>>,
}

impl Shared {
    pub fn new(platform: &Platform, committer: Committer) -> Self {
        Self {
            db: platform.db.for_rooms(),
            clock: platform.clock.clone(),
            hub: platform.hub.clone(),
            signer: platform.keys.log_signer(),
            committer,
            shutdown: platform.shutdown.clone(),
            doors: Arc::default(),
        }
    }

    /// The ways into the rooms that are open.
    pub fn doors(&self) -> MutexGuard<'_, HashMap<AuctionId, Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a room off the list; requests that are already in its inbox are still served.
    pub fn forget(&self, id: AuctionId) {
        self.doors().remove(&id);
    }
}
