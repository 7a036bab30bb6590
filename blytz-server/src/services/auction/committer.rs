//! Group commit: what all rooms decided since the last commit goes to the disk in one transaction.
//!
//! While a transaction is being written, rooms go on queueing; the next transaction takes all of
//! it. A commit therefore costs one fsync for however many bids waited, and a hot lot is not slower
//! than many cool ones.

use std::time::{Duration, Instant};

use blytz_core::{AuctionId, ProductId, Timestamp, auction::log::Head, wire::ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::{
    store::{self, HeadRow, NewBid, NewEvent, Terms},
    turn::Struck,
};
use crate::{
    db::{CommitError, Db, Tx},
    error::Error,
    services::product::Catalog,
};

/// Batches per transaction: rooms have at most one under way each, so this bounds a transaction
/// by the number of lots that were hot at once.
const MAX_BATCHES: usize = 256;

/// A decision older than this is made anew: its moment has passed.
const FRESH_FOR: Duration = Duration::from_secs(2);

/// What one room decided in one turn.
pub(super) struct Batch {
    pub from: Head,
    pub to: Head,
    pub events: Vec<NewEvent>,
    pub bids: Vec<NewBid>,
    pub status: &'static str,
    pub state: String,
    pub due_at: Option<Timestamp>,
    /// Whether somebody opened the lot by hand, which a show that has ended does not allow.
    pub opens: bool,
    /// Bids that a void struck.
    pub struck: Option<Struck>,
    /// New rules, and a new title.
    pub amended: Option<(Terms, Option<String>)>,
    /// The unit to give back, with the reason, when the lot did not sell.
    pub released: Option<(ProductId, &'static str)>,
    pub at: Timestamp,
}

/// Why a batch was not written. Nothing of it is in the database, but for [`Failure::Unknown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Somebody else moved the head.
    Conflict,
    /// It waited too long.
    Stale,
    /// It opens a lot whose show has ended meanwhile.
    ShowEnded,
    /// The database refused it.
    Refused,
    /// The database takes nothing now, whatever it is.
    Unavailable,
    /// The database did not say whether it committed.
    Unknown,
}

struct Job {
    batch: Batch,
    queued: Instant,
    done: oneshot::Sender<Result<(), Failure>>,
}

/// The way into the committer. Cheap to clone; when the last one is dropped, the committer ends.
#[derive(Clone)]
pub(super) struct Committer(mpsc::Sender<Job>);

impl Committer {
    /// Starts the committer and returns its future, to be spawned.
    pub(super) fn new(db: Db, catalog: Catalog) -> (Self, impl Future<Output = ()>) {
        let (sender, inbox) = mpsc::channel(1024);
        (Self(sender), run(db, catalog, inbox))
    }

    /// Writes a batch; returns once it is durable, or is known not to be.
    pub(super) async fn commit(&self, batch: Batch) -> Result<(), Failure> {
        let (done, outcome) = oneshot::channel();
        let job = Job { batch, queued: now(), done };
        self.0.send(job).await.map_err(|_| Failure::Unavailable)?;
        outcome.await.unwrap_or(Err(Failure::Unknown))
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a batch waited is monotonic time; no rule sees it")]
fn now() -> Instant {
    Instant::now()
}

async fn run(db: Db, catalog: Catalog, mut inbox: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    while inbox.recv_many(&mut jobs, MAX_BATCHES).await > 0 {
        write(&db, &catalog, std::mem::take(&mut jobs)).await;
    }
}

/// Writes jobs in one transaction; if that fails, one by one, so that only the guilty one pays.
async fn write(db: &Db, catalog: &Catalog, jobs: Vec<Job>) {
    let started = now();
    let tx = match db.begin_bids().await {
        Ok(tx) => tx,
        Err(error) => return tell(jobs, Err(refused(error))),
    };
    // Asked once the database is ours: waiting for it may have taken long.
    let (jobs, stale): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.queued.elapsed() < FRESH_FOR);
    tell(stale, Err(Failure::Stale));
    match transact(tx, catalog, &jobs).await {
        Ok(written) => {
            let events: usize = jobs.iter().map(|job| job.batch.events.len()).sum();
            metrics::histogram!("blytz_commit_seconds").record(started.elapsed().as_secs_f64());
            metrics::histogram!("blytz_commit_events").record(events as f64);
            for (job, outcome) in jobs.into_iter().zip(written) {
                tell(vec![job], outcome);
            }
        }
        Err(Failure::Refused) if jobs.len() > 1 => {
            for job in jobs {
                Box::pin(write(db, catalog, vec![job])).await;
            }
        }
        Err(failure) => tell(jobs, Err(failure)),
    }
}

fn tell(jobs: Vec<Job>, outcome: Result<(), Failure>) {
    for job in jobs {
        // A room that is gone has nobody left to answer.
        let _ = job.done.send(outcome);
    }
}

/// Why nothing of a transaction was written: for now, or because of what is in it.
fn refused(error: impl Into<Error>) -> Failure {
    match error.into().code() {
        ErrorCode::Unavailable => Failure::Unavailable,
        _ => Failure::Refused,
    }
}

/// One transaction for all; says of each what became of it.
async fn transact(mut tx: Tx, catalog: &Catalog, jobs: &[Job]) -> Result<Vec<Result<(), Failure>>, Failure> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        outcomes.push(move_head(&mut tx, catalog, &job.batch).await.map_err(refused)?);
    }
    let written = || jobs.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(job, _)| &job.batch);
    // All rooms' rows in one statement each: fifty cool lots are not fifty times the work of a hot one.
    let events: Vec<_> = written().flat_map(Batch::new_events).collect();
    store::append(&mut tx, &events).await.map_err(refused)?;
    let bids: Vec<_> = written().flat_map(Batch::new_bids).collect();
    store::insert_bids(&mut tx, &bids).await.map_err(refused)?;
    for batch in written() {
        follow_up(&mut tx, batch).await.map_err(refused)?;
    }
    match tx.commit().await {
        Ok(()) => Ok(outcomes),
        Err(CommitError::NotWritten(error)) => Err(refused(error)),
        Err(CommitError::Unknown(error)) => {
            tracing::error!(%error, "a commit's outcome is unknown");
            Err(Failure::Unknown)
        }
    }
}

impl Batch {
    fn new_events(&self) -> impl Iterator<Item = (AuctionId, &NewEvent)> {
        self.events.iter().map(|event| (self.to.auction_id, event))
    }

    fn new_bids(&self) -> impl Iterator<Item = (AuctionId, &NewBid)> {
        self.bids.iter().map(|bid| (self.to.auction_id, bid))
    }
}

/// Moves the head before anything is inserted, so that a room that is behind writes nothing.
async fn move_head(tx: &mut Tx, catalog: &Catalog, batch: &Batch) -> crate::error::Result<Result<(), Failure>> {
    let id: AuctionId = batch.to.auction_id;
    if batch.opens && store::show_has_ended(tx, id).await? {
        return Ok(Err(Failure::ShowEnded));
    }
    let row = HeadRow { status: batch.status, state: &batch.state, due_at: batch.due_at };
    if !store::move_head(tx, &batch.from, &batch.to, &row).await? {
        return Ok(Err(Failure::Conflict));
    }
    if let Some((product, reason)) = batch.released {
        catalog.release_unit(tx, product, reason, batch.at).await?;
    }
    Ok(Ok(()))
}

/// What few batches have: struck bids, new rules.
async fn follow_up(tx: &mut Tx, batch: &Batch) -> sqlx::Result<()> {
    let id = batch.to.auction_id;
    if let Some(struck) = &batch.struck {
        store::mark_voided(tx, id, struck.bidder, struck.from_seq).await?;
    }
    if let Some((terms, title)) = &batch.amended {
        store::amend_lot(tx, id, title.as_deref(), terms).await?;
    }
    Ok(())
}
