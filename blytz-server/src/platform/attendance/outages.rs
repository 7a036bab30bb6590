//! The outages as somebody follows them.

use std::{pin::pin, sync::Arc};

use blytz_core::auction::Outage;

use super::Attendance;

/// What one follower has seen of the outages. Who waits is woken in the order of waiting, so that a
/// simulated house does the same every time.
#[derive(Clone)]
pub struct Outages {
    attendance: Attendance,
    /// None when nothing counts as seen.
    seen: Option<Arc<[Outage]>>,
}

impl Outages {
    pub(super) fn of(attendance: &Attendance) -> Self {
        Self { attendance: attendance.clone(), seen: Some(attendance.outages()) }
    }

    /// The newest outages, the oldest of them first. They are seen now.
    pub fn take(&mut self) -> Arc<[Outage]> {
        let known = self.attendance.outages();
        self.seen = Some(Arc::clone(&known));
        known
    }

    /// Whatever was seen has to be seen again: nothing came of it.
    pub fn forget(&mut self) {
        self.seen = None;
    }

    /// Returns once there are others than have been seen.
    pub async fn changed(&self) {
        loop {
            let mut beaten = pin!(self.attendance.0.beaten.notified());
            beaten.as_mut().enable();
            let known = self.attendance.outages();
            if self.seen.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, &known)) {
                return;
            }
            beaten.await;
        }
    }
}
