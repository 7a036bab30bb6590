//! Group commit: what all rooms decided since the last commit goes to the disk in one transaction.
//!
//! While a transaction is being written, rooms go on queueing; the next transaction takes all of
//! it. A commit therefore costs one fsync for however many bids waited, and a hot lot is not slower
//! than many cool ones.

use std::time::{Duration, Instant};

use blytz_core::{
    AuctionId, BidId, ProductId, Timestamp, UserId,
    auction::log::Head,
    wire::{ErrorCode, auction::AuctionStatus},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    state::StoredRules,
    store::{self, HeadRow, NewBid, NewEvent},
};
use crate::{
    db::{CommitError, Db, Tx},
    error::{Error, Result},
    services::product::Catalog,
};

/// Batches per transaction: rooms have at most one under way each, so this bounds a transaction
/// by the number of lots that were hot at once.
const MAX_BATCHES: usize = 256;

/// A decision older than this is made anew: its moment has passed.
const FRESH_FOR: Duration = Duration::from_secs(2);

/// What one room decided in one turn.
pub struct Batch {
    pub from: Head,
    pub to: Head,
    pub events: Vec<NewEvent>,
    pub bids: Vec<NewBid>,
    pub status: AuctionStatus,
    pub state: String,
    pub due_at: Option<Timestamp>,
    /// What follows beside the log; most batches have none.
    pub effects: Vec<Effect>,
    pub at: Timestamp,
}

/// What a decision changes beside the log, in the same transaction.
#[derive(Clone)]
pub enum Effect {
    /// Somebody opened the lot by hand, which a show that has ended does not allow.
    OpensByHand,
    /// A void struck bids.
    Strikes(Struck),
    /// The lot has new rules, and a new title if there is one.
    Amends { rules: StoredRules, title: Option<String> },
    /// The lot did not sell: its unit is given back.
    Releases(ProductId),
}

/// Bids that a void struck.
#[derive(Clone)]
pub struct Struck {
    pub bidder: UserId,
    /// The event of the first: every later bid of the bidder fell with it.
    pub from_seq: u64,
    pub ids: Vec<BidId>,
}

/// Why a batch was not written. Nothing of it is in the database, but for [`Unwritten::Unknown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
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
    done: oneshot::Sender<Result<(), Unwritten>>,
}

/// The way into the committer. Cheap to clone; when the last one is dropped, the committer ends.
#[derive(Clone)]
pub struct Committer(mpsc::Sender<Job>);

impl Committer {
    /// Starts the committer and returns its future, to be spawned.
    pub fn new(db: Db, catalog: Catalog) -> (Self, impl Future<Output = ()>) {
        let (sender, inbox) = mpsc::channel(1024);
        (Self(sender), run(db, catalog, inbox))
    }

    /// Writes a batch; returns once it is durable, or is known not to be.
    pub async fn commit(&self, batch: Batch) -> Result<(), Unwritten> {
        let (done, outcome) = oneshot::channel();
        let job = Job { batch, queued: now(), done };
        self.0.send(job).await.map_err(|_| Unwritten::Unavailable)?;
        outcome.await.unwrap_or(Err(Unwritten::Unknown))
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
    tell(stale, Err(Unwritten::Stale));
    match transact(tx, catalog, &jobs).await {
        Ok(written) => {
            let events: usize = jobs.iter().map(|job| job.batch.events.len()).sum();
            metrics::histogram!("blytz_commit_seconds").record(started.elapsed().as_secs_f64());
            metrics::histogram!("blytz_commit_events").record(events as f64);
            for (job, outcome) in jobs.into_iter().zip(written) {
                tell(vec![job], outcome);
            }
        }
        Err(Unwritten::Refused) if jobs.len() > 1 => {
            for job in jobs {
                Box::pin(write(db, catalog, vec![job])).await;
            }
        }
        Err(failure) => tell(jobs, Err(failure)),
    }
}

fn tell(jobs: Vec<Job>, outcome: Result<(), Unwritten>) {
    for job in jobs {
        // A room that is gone has nobody left to answer.
        let _ = job.done.send(outcome);
    }
}

/// Why nothing of a transaction was written: for now, or because of what is in it.
fn refused(error: impl Into<Error>) -> Unwritten {
    match error.into().code() {
        ErrorCode::Unavailable => Unwritten::Unavailable,
        _ => Unwritten::Refused,
    }
}

/// One transaction for all; says of each what became of it.
async fn transact(mut tx: Tx, catalog: &Catalog, jobs: &[Job]) -> Result<Vec<Result<(), Unwritten>>, Unwritten> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        outcomes.push(move_head(&mut tx, &job.batch).await.map_err(refused)?);
    }
    let written = || jobs.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(job, _)| &job.batch);
    // All rooms' rows in one statement each: fifty cool lots are not fifty times the work of a hot one.
    let events: Vec<_> = written().flat_map(Batch::new_events).collect();
    store::append(&mut tx, &events).await.map_err(refused)?;
    let bids: Vec<_> = written().flat_map(Batch::new_bids).collect();
    store::insert_bids(&mut tx, &bids).await.map_err(refused)?;
    for batch in written() {
        carry_out(&mut tx, catalog, batch).await.map_err(refused)?;
    }
    match tx.commit().await {
        Ok(()) => Ok(outcomes),
        Err(CommitError::NotWritten(error)) => Err(refused(error)),
        Err(CommitError::Unknown(error)) => {
            tracing::error!(%error, "a commit's outcome is unknown");
            Err(Unwritten::Unknown)
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
async fn move_head(tx: &mut Tx, batch: &Batch) -> Result<Result<(), Unwritten>> {
    let id: AuctionId = batch.to.auction_id;
    let opens_by_hand = batch.effects.iter().any(|effect| matches!(effect, Effect::OpensByHand));
    if opens_by_hand && store::show_has_ended(tx, id).await? {
        return Ok(Err(Unwritten::ShowEnded));
    }
    let row = HeadRow { status: batch.status, state: &batch.state, due_at: batch.due_at };
    Ok(if store::move_head(tx, &batch.from, &batch.to, &row).await? { Ok(()) } else { Err(Unwritten::Conflict) })
}

async fn carry_out(tx: &mut Tx, catalog: &Catalog, batch: &Batch) -> Result<()> {
    let id = batch.to.auction_id;
    for effect in &batch.effects {
        match effect {
            Effect::OpensByHand => {}
            Effect::Strikes(struck) => store::mark_voided(tx, id, struck.bidder, struck.from_seq).await?,
            Effect::Amends { rules, title } => store::amend_lot(tx, id, title.as_deref(), rules).await?,
            Effect::Releases(product) => catalog.release_unit(tx, *product, "lot not sold", batch.at).await?,
        }
    }
    Ok(())
}

/// Writes the first batch of a log, in whichever transaction its lot is made.
pub async fn begin(tx: &mut Tx, batch: &Batch) -> Result<()> {
    let row = HeadRow { status: batch.status, state: &batch.state, due_at: batch.due_at };
    store::insert_head(tx, &batch.to, &row).await?;
    let events: Vec<_> = batch.new_events().collect();
    Ok(store::append(tx, &events).await?)
}
