//! The rostrum: a thread of its own for the rooms and the committer.
//!
//! A commit is a handful of steps that each wait for the database's thread. On the threads that
//! serve the sockets every one of these steps would queue behind hundreds of watchers to whom the
//! last events are being written; here they queue behind nothing but other bids.

use std::{io, sync::Arc};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Holds the thread; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Rostrum {
    handle: Handle,
    _last: Arc<DropGuard>,
}

impl Rostrum {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let end = CancellationToken::new();
        let ended = end.clone();
        std::thread::Builder::new()
            .name("blytz-rostrum".to_owned())
            .spawn(move || runtime.block_on(ended.cancelled_owned()))?;
        Ok(Self { handle, _last: Arc::new(end.drop_guard()) })
    }

    /// Where to spawn what works here.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}
