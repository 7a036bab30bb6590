//! What rooms stand on.

use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    platform::{Platform, hub::Hub},
};

/// What every room of a kind works with. Cheap to clone.
#[derive(Clone)]
pub struct Ground {
    /// What time it is.
    pub clock: Clock,
    /// Where events are told.
    pub hub: Hub,
    /// Tasks that must end before the database is closed.
    pub tasks: TaskTracker,
    /// Cancelled when rooms are to end.
    pub shutdown: CancellationToken,
    /// Where rooms and the committer run.
    pub rooms: Handle,
    /// Where channels are read: a long log keeps no room waiting but its own.
    pub readers: Handle,
}

impl Ground {
    /// The ground of a server's rooms that run at `rooms`; what they read is read where this is called.
    pub fn of(platform: &Platform, rooms: Handle) -> Self {
        Self {
            clock: platform.clock.clone(),
            hub: platform.hub.clone(),
            tasks: platform.tasks.clone(),
            shutdown: platform.shutdown.clone(),
            rooms,
            readers: Handle::current(),
        }
    }
}
