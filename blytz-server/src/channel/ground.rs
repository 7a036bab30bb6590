//! What rooms stand on.

use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::ledger::Moment;
use crate::{
    clock::{Chance, Clock},
    platform::{
        Platform,
        attendance::{Attendance, Outages},
        hub::Hub,
    },
};

/// What every room of a kind works with. Cheap to clone.
#[derive(Clone)]
pub struct Ground {
    /// What time it is.
    pub clock: Clock,
    /// Where random bytes come from.
    pub chance: Chance,
    /// Whether the house is served, and when it was not.
    pub attendance: Attendance,
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
    /// A moment at which the house is served: what is decided in it can be. Waits for one if need be.
    /// The outages are those that `outages` knows then, seen by it at once: a later one wakes its owner.
    pub async fn moment(&self, outages: &mut Outages) -> Moment {
        let now = self.attendance.attended().await;
        Moment { now, outages: outages.take(), chance: self.chance.clone() }
    }

    /// The ground of a server's rooms that run at `rooms`; what they read is read where this is called.
    pub fn of(platform: &Platform, rooms: Handle) -> Self {
        Self {
            clock: platform.clock.clone(),
            chance: Chance::system(),
            attendance: platform.attendance.clone(),
            hub: platform.hub.clone(),
            tasks: platform.tasks.clone(),
            shutdown: platform.shutdown.clone(),
            rooms,
            readers: Handle::current(),
        }
    }
}
