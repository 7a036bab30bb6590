//! Group commit: what all rooms of a kind decided since the last commit goes to the disk in one
//! transaction.
//!
//! While a transaction is being written, rooms go on queueing; the next transaction takes all of
//! it. A commit therefore costs one fsync for however many commands waited, and a hot channel is not
//! slower than many cool ones.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::ledger::{Batch, Ledger, Unwritten};

/// Batches per transaction: rooms have at most one under way each, so this bounds a transaction
/// by the number of channels that were hot at once.
const MAX_BATCHES: usize = 256;

/// A decision older than this is made anew: its moment has passed.
const FRESH_FOR: Duration = Duration::from_secs(2);

struct Job<L: Ledger> {
    batch: Arc<L::Batch>,
    /// When it is too old to be written; never for what may be written already.
    stale_at: Option<Instant>,
    done: oneshot::Sender<Result<(), Unwritten>>,
}

/// The way into the committer; when the last one is dropped, the committer ends.
pub struct Committer<L: Ledger>(mpsc::Sender<Job<L>>);

impl<L: Ledger> Clone for Committer<L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<L: Ledger> Committer<L> {
    /// A committer, and its future, to be spawned.
    pub fn new(ledger: Arc<L>) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, inbox) = mpsc::channel(1_024);
        (Self(sender), run(ledger, inbox))
    }

    /// Writes a batch; returns once it is durable, or is known not to be.
    pub async fn commit(&self, batch: Arc<L::Batch>) -> Result<(), Unwritten> {
        self.write(batch, Some(Instant::now() + FRESH_FOR)).await
    }

    /// Writes a batch once more of which nobody knows whether it was written, however old it is.
    pub async fn settle(&self, batch: Arc<L::Batch>) -> Result<(), Unwritten> {
        self.write(batch, None).await
    }

    async fn write(&self, batch: Arc<L::Batch>, stale_at: Option<Instant>) -> Result<(), Unwritten> {
        let (done, outcome) = oneshot::channel();
        self.0.send(Job { batch, stale_at, done }).await.map_err(|_| Unwritten::Unavailable)?;
        outcome.await.unwrap_or(Err(Unwritten::Unknown))
    }
}

async fn run<L: Ledger>(ledger: Arc<L>, mut inbox: mpsc::Receiver<Job<L>>) {
    let mut jobs = Vec::new();
    while inbox.recv_many(&mut jobs, MAX_BATCHES).await > 0 {
        let writing = AssertUnwindSafe(write(&*ledger, std::mem::take(&mut jobs)));
        // Whoever waits for these hears that nobody knows; every other room is served on.
        if writing.catch_unwind().await.is_err() {
            tracing::error!(kind = L::NAME, "a commit fell over");
        }
    }
}

/// Writes jobs in one transaction; if that is refused, one by one, so that only the guilty one pays.
async fn write<L: Ledger>(ledger: &L, jobs: Vec<Job<L>>) {
    let started = Instant::now();
    let tx = match ledger.begin().await {
        Ok(tx) => tx,
        Err(failure) => return tell(jobs, &Err(failure)),
    };
    // Asked once the database is ours: waiting for it may have taken long.
    let now = Instant::now();
    let (jobs, stale): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|job| job.stale_at.is_none_or(|stale_at| now < stale_at));
    tell(stale, &Err(Unwritten::Stale));
    if jobs.is_empty() {
        return;
    }
    let batches: Vec<_> = jobs.iter().map(|job| Arc::clone(&job.batch)).collect();
    ledger.seal(&batches);
    match ledger.write(tx, &batches).await {
        Ok(verdicts) => {
            let events: usize = batches.iter().map(|batch| batch.events()).sum();
            metrics::histogram!("blytz_commit_seconds", "kind" => L::NAME).record(started.elapsed().as_secs_f64());
            metrics::histogram!("blytz_commit_events", "kind" => L::NAME).record(events as f64);
            for (job, verdict) in jobs.into_iter().zip(verdicts) {
                tell(vec![job], &verdict);
            }
        }
        Err(Unwritten::Refused(_) | Unwritten::Conflict) if jobs.len() > 1 => {
            for job in jobs {
                Box::pin(write(ledger, vec![job])).await;
            }
        }
        Err(failure) => tell(jobs, &Err(failure)),
    }
}

fn tell<L: Ledger>(jobs: Vec<Job<L>>, verdict: &Result<(), Unwritten>) {
    for job in jobs {
        // A room that is gone has nobody left to answer.
        let _ = job.done.send(verdict.clone());
    }
}
