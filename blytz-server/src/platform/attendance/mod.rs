//! Since when and until when the house is served.
//!
//! Whoever serves says so once a second, in the database, in a bid's turn: that is a beat. Where two of
//! them are further apart than [`LONGEST_SILENCE`], nobody was served, whatever the cause: the process
//! was killed or starved, the machine slept, the database took no writes. Such an outage is written
//! with the beat that ends it, and so is the time before a process's first beat, however short, as a
//! restart cuts every connection. Who decides about lots waits for [`Attendance::attended`], and then
//! makes good for [`Attendance::outages`]: what is known by then is all that has been by then.

#[cfg(test)]
pub mod memory;
mod outages;
mod register;
mod store;

use std::{
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use blytz_core::{Timestamp, auction::Outage};
use tokio::sync::{Mutex, Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::outages::Outages;
use self::register::Register;
use crate::{
    clock::Clock,
    db::{CommitError, Db, is_unknown_table},
};

/// How long after one beat comes the next.
const PACE: Duration = Duration::from_secs(1);

/// How long after a beat the house is taken for served. Longer without another is an outage.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(2);

/// What stands for the last beat before the first.
const NEVER: i64 = i64::MIN;

/// Who is there to serve, and when nobody was. Cheap to clone.
#[derive(Clone)]
pub struct Attendance(Arc<Parts>);

struct Parts {
    register: Register,
    clock: Clock,
    /// When this process's last beat was, in microseconds.
    last: AtomicI64,
    /// Wakes who waits for a beat.
    beaten: Notify,
    /// Another list only when there is another outage.
    outages: RwLock<Arc<[Outage]>>,
    beating: Mutex<Beating>,
    keeper: TaskTracker,
    left: CancellationToken,
}

/// Who beats next, and what they know of the last time.
#[derive(Default)]
struct Beating {
    /// Whether this process has had a beat.
    begun: bool,
    /// Whether the outages in memory are those in the database. After a beat that failed nobody knows.
    settled: bool,
}

/// What a beat wrote.
struct Beat {
    at: Timestamp,
    outage: Option<Outage>,
    /// All of them, where those in memory may be out of date.
    outages: Option<Arc<[Outage]>>,
}

impl Attendance {
    /// Nobody's yet. Comes with the clock that the server is to go by: this one, or later, as time must
    /// not go back behind what has been served, whatever the machine's clock says.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn open(db: &Db, clock: Clock) -> Result<(Self, Clock), sqlx::Error> {
        Self::over(Register::Database(db.clone()), clock).await
    }

    /// As [`Attendance::open`], for a house that is only simulated.
    #[cfg(test)]
    pub async fn simulated(memory: memory::Memory, clock: Clock) -> (Self, Clock) {
        Self::over(Register::Memory(memory), clock).await.expect("what is in memory can be read")
    }

    async fn over(register: Register, clock: Clock) -> Result<(Self, Clock), sqlx::Error> {
        let clock = match register.served_until().await? {
            Some(until) => later_than(until, clock),
            None => clock,
        };
        let parts = Parts {
            register,
            clock: clock.clone(),
            last: AtomicI64::new(NEVER),
            beaten: Notify::new(),
            outages: RwLock::default(),
            beating: Mutex::default(),
            keeper: TaskTracker::new(),
            left: CancellationToken::new(),
        };
        Ok((Self(Arc::new(parts)), clock))
    }

    /// Has this process's first beat, and goes on until [`Attendance::leave`]. Where the database does
    /// not take it, it is tried again every second, and nobody is served until then.
    ///
    /// Whoever follows a process that did not live to its second beat has its own a moment later. Each
    /// first beat ends an outage, and a lot is extended for few of them: a house that falls over again and
    /// again while it starts must not use them up before anybody is served.
    pub async fn begin(&self) {
        if self.0.register.is_false_start().await.unwrap_or(false) {
            self.0.clock.pause(PACE).await;
        }
        if let Err(error) = self.beat().await {
            tracing::error!(%error, "the database does not take that the house is served; no lot goes on until it does");
        }
        self.0.keeper.spawn(self.clone().keep());
    }

    /// Has a last beat: when everybody has been served.
    pub async fn leave(&self) {
        self.0.left.cancel();
        self.0.keeper.close();
        self.0.keeper.wait().await;
        if let Err(error) = self.beat().await {
            tracing::warn!(%error, "until when the house was served could not be written");
        }
    }

    /// Returns once this process has had a beat that is fresh enough to decide by, with the time for
    /// which that holds. Mostly that is at once.
    pub async fn attended(&self) -> Timestamp {
        loop {
            let mut beaten = pin!(self.0.beaten.notified());
            beaten.as_mut().enable();
            if let Some(now) = self.attended_now() {
                return now;
            }
            beaten.await;
        }
    }

    fn attended_now(&self) -> Option<Timestamp> {
        let (now, last) = (self.0.clock.now(), self.0.last.load(Ordering::Acquire));
        let is_fresh = last != NEVER && !is_silence(self.0.clock.served_from(Timestamp::from_micros(last)), now);
        is_fresh.then_some(now)
    }

    /// The newest outages, the oldest of them first.
    pub fn outages(&self) -> Arc<[Outage]> {
        Arc::clone(&self.0.outages.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What changes when there is another outage. It is told before [`Attendance::attended`] returns.
    pub fn watch(&self) -> Outages {
        Outages::of(self)
    }

    /// Says that the house is served. It happens by itself once a second; tests need not wait for that.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn beat(&self) -> Result<(), CommitError> {
        let this = self.clone();
        // A task of its own: who waits for it may go, and a transaction must end all the same.
        let beaten = tokio::spawn(async move { this.beat_in_turn().await }).await;
        beaten.unwrap_or_else(|_| Err(CommitError::Unknown(sqlx::Error::PoolClosed)))
    }

    async fn beat_in_turn(&self) -> Result<(), CommitError> {
        let mut beating = self.0.beating.lock().await;
        let written = self.write(&beating).await;
        beating.settled = written.is_ok();
        let Beat { at, outage, outages } = written?;
        beating.begun = true;
        if let Some(outages) = outages {
            let mut known = self.0.outages.write().unwrap_or_else(PoisonError::into_inner);
            if *known != outages {
                *known = outages;
            }
        }
        if let Some(Outage { from, to }) = outage {
            tracing::warn!(%from, %to, "nobody was served");
            self.0.clock.wake();
        }
        // Who sees this beat sees the outage that it ended.
        self.0.last.store(at.as_micros(), Ordering::Release);
        self.0.beaten.notify_waiters();
        Ok(())
    }

    async fn write(&self, beating: &Beating) -> Result<Beat, CommitError> {
        let mut page = self.0.register.begin().await?;
        // Asked once the database is ours: waiting for it may have taken long.
        let at = self.0.clock.now();
        let until = page.served_until().await?;
        let outage = until.and_then(|until| self.outage(beating, until, at));
        if let Some(outage) = outage {
            page.insert_outage(outage).await?;
        }
        page.serve(at).await?;
        // Where somebody else has served since our last beat, theirs may have ended an outage.
        let alone = until.is_some_and(|until| until.as_micros() == self.0.last.load(Ordering::Acquire));
        let outages =
            if outage.is_some() || !beating.settled || !alone { Some(page.outages().await?.into()) } else { None };
        page.commit().await?;
        Ok(Beat { at, outage, outages })
    }

    /// The outage that a beat at `to` ends, when the house had been served until then.
    fn outage(&self, beating: &Beating, until: Timestamp, to: Timestamp) -> Option<Outage> {
        let from = if beating.begun { self.0.clock.served_from(until) } else { until };
        let is_one = if beating.begun { is_silence(from, to) } else { from < to };
        is_one.then_some(Outage { from, to })
    }

    async fn keep(self) {
        let Parts { clock, left, .. } = &*self.0;
        let mut failing = false;
        loop {
            let next = clock.now().plus_millis(i64::try_from(PACE.as_millis()).unwrap_or(i64::MAX));
            tokio::select! {
                biased;
                () = left.cancelled() => return,
                () = clock.sleep_until(next) => {}
            }
            let beaten = self.beat().await;
            if let Err(error) = &beaten
                && !failing
            {
                tracing::error!(%error, "the database does not take that the house is served; no lot goes on until it does");
            }
            failing = beaten.is_err();
        }
    }
}

/// Whether somebody serves this database now: their beats show. Takes as long as two of them.
///
/// # Errors
/// When the database can't be read.
pub async fn is_served(db: &Db) -> Result<bool, sqlx::Error> {
    let before = match store::served_until(db).await {
        // It has no tables yet.
        Err(error) if is_unknown_table(&error) => return Ok(false),
        before => before?,
    };
    tokio::time::sleep(LONGEST_SILENCE).await;
    Ok(store::served_until(db).await? != before)
}

fn is_silence(from: Timestamp, to: Timestamp) -> bool {
    u128::try_from(to.micros_since(from)).is_ok_and(|micros| micros > LONGEST_SILENCE.as_micros())
}

/// A clock that is past what has been served. Where the machine's is behind that, it is past all that
/// may have been said after the last beat, too, such as a falling price.
fn later_than(until: Timestamp, clock: Clock) -> Clock {
    let behind = u64::try_from(until.micros_since(clock.now())).map(Duration::from_micros).unwrap_or_default();
    if !behind.is_zero() {
        tracing::warn!(
            ?behind,
            served_until = %until,
            "the machine's clock is behind the time until which this house was served; the server goes on from there"
        );
    }
    let said = if behind.is_zero() { 1 } else { i64::try_from(LONGEST_SILENCE.as_micros()).unwrap_or(i64::MAX) };
    clock.not_before(until.plus_micros(said))
}

#[cfg(test)]
mod tests;
