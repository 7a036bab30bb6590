//! What rooms stand on.

use std::sync::Arc;

use blytz_core::auction::Outage;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::ledger::Moment;
use crate::{
    clock::{Chance, Clock},
    platform::{Platform, attendance::Attendance, hub::Hub},
};

/// What every room of a kind works with. Cheap to clone.
#[derive(Clone)]
pub struct Ground {
    /// What time it is.
    pub clock: Clock,
    /// Where random bytes come from.
    pub chance: Chance,
    /// Whether the house is served, and when it was not; none in a simulated one, which always is.
    pub attendance: Option<Attendance>,
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
    pub async fn moment(&self) -> Moment {
        let chance = self.chance.clone();
        match &self.attendance {
            Some(attendance) => {
                let now = attendance.attended().await;
                Moment { now, outages: attendance.outages(), chance }
            }
            None => Moment { now: self.clock.now(), outages: Arc::default(), chance },
        }
    }

    /// What changes with every outage.
    pub fn outages(&self) -> watch::Receiver<Arc<[Outage]>> {
        self.attendance.as_ref().map_or_else(|| watch::channel(Arc::default()).1, Attendance::watch)
    }

    /// The ground of a server's rooms that run at `rooms`; what they read is read where this is called.
    pub fn of(platform: &Platform, rooms: Handle) -> Self {
        Self {
            clock: platform.clock.clone(),
            chance: Chance::system(),
            attendance: Some(platform.attendance.clone()),
            hub: platform.hub.clone(),
            tasks: platform.tasks.clone(),
            shutdown: platform.shutdown.clone(),
            rooms,
            readers: Handle::current(),
        }
    }
}
