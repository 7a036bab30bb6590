//! Who watches lots the whole time, over every restart of whatever it is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use blytz_client::{LiveEvent, LiveHandle};
use blytz_core::{
    AuctionId,
    wire::{auction::LogEntry, live::Channel},
};
use tokio::{sync::Notify, task::JoinHandle};

use super::{books::Logs, id_of};
use crate::house::{Lot, Person};

/// Long enough to connect again, however often that was in vain.
const PATIENCE: Duration = Duration::from_mins(1);

/// What somebody saw of each lot, in the order they saw it.
#[derive(Default)]
struct Seen {
    logs: Mutex<HashMap<AuctionId, Vec<LogEntry>>>,
    more: Notify,
}

impl Seen {
    fn logs(&self) -> MutexGuard<'_, HashMap<AuctionId, Vec<LogEntry>>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who watches.
pub struct Watcher {
    seen: Arc<Seen>,
    handle: LiveHandle,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Watches these lots from now on.
    pub fn start(nobody: &Person, lots: &[Lot]) -> Self {
        let client = nobody.client().build().expect("a client");
        let (handle, mut events) = client.live().connect();
        for lot in lots {
            handle.subscribe(Channel::Auction(id_of(lot)));
        }
        let seen = Arc::<Seen>::default();
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                match event {
                    LiveEvent::Auction { id, entry } => {
                        noted.logs().entry(id).or_default().push(entry);
                        noted.more.notify_waiters();
                    }
                    LiveEvent::Fork(fork) => panic!("the house takes something back: {fork:?}"),
                    _ => {}
                }
            }
        });
        Self { seen, handle, task }
    }

    /// Checks that they see every event once and in order, up to the end of these logs.
    pub async fn saw(self, logs: &Logs) {
        for (lot, log) in logs {
            let last = log.last().expect("events").seq;
            loop {
                let more = self.seen.more.notified();
                if self.seen.logs().get(lot).and_then(|log| log.last()).is_some_and(|entry| entry.seq >= last) {
                    break;
                }
                tokio::time::timeout(PATIENCE, more).await.expect("the watcher catches up");
            }
            let seen = self.seen.logs();
            let first = seen[lot].first().expect("events").seq;
            let expected: Vec<_> = log.iter().filter(|entry| entry.seq >= first).cloned().collect();
            assert_eq!(seen[lot], expected, "every event once, in order");
        }
        self.handle.close();
        self.task.await.expect("no watcher panics");
    }
}
