//! A database in memory that fails in every way a database can.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    sync::{Mutex as Lock, OwnedMutexGuard},
    time::{Instant, timeout},
};
use uuid::Uuid;

use crate::{
    channel::{Unwritten, Verdicts},
    error::{Error, Result, internal},
};

/// What a kind of channel keeps, in memory.
pub trait Tables: Send + 'static {
    /// What a turn leaves to write.
    type Batch: Send + Sync + 'static;

    /// The channel that a batch locks.
    fn channel(batch: &Self::Batch) -> Uuid;

    /// Whether a batch can be written now: its place in the log is free, and its rows are new.
    fn check(&self, batch: &Self::Batch) -> bool;

    /// Writes it.
    fn apply(&mut self, batch: &Self::Batch);
}

/// What happens to one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is written and said to be.
    Written,
    /// The database takes so long to begin that what was decided is stale.
    Slow,
    /// It is refused, for no reason that anybody could know.
    Refused,
    /// It is written, and nobody says so.
    WrittenInSilence,
    /// It is not written, and nobody says so.
    LostInSilence,
    /// Nobody says so, and it is written or rolled back later, by a server that had only been slow.
    Zombie,
    /// The database is gone for a while: neither read nor written.
    Gone,
    /// The disk is full for a while: what is written is refused, what is read is not.
    Full,
}

impl Fate {
    const ALL: [(Self, u32); 8] = [
        (Self::Written, 880),
        (Self::Slow, 20),
        (Self::Refused, 25),
        (Self::WrittenInSilence, 25),
        (Self::LostInSilence, 20),
        (Self::Zombie, 26),
        (Self::Gone, 2),
        (Self::Full, 2),
    ];

    /// Whoever writes alone has no slow server that could still be at it.
    fn draw(chance: &mut StdRng, house: House) -> Self {
        match (Self::any(chance), house) {
            (Self::Zombie, House::Alone) => Self::LostInSilence,
            (fate, _) => fate,
        }
    }

    fn any(chance: &mut StdRng) -> Self {
        let mut left = chance.random_range(0..Self::ALL.iter().map(|(_, weight)| weight).sum());
        for (fate, weight) in Self::ALL {
            if left < weight {
                return fate;
            }
            left -= weight;
        }
        Self::Written
    }
}

/// Who writes to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum House {
    /// One node, which knows whatever is written.
    Alone,
    /// Two.
    Shared,
}

/// A transaction that has begun: what becomes of it, and the channel that it holds, if it does.
pub struct Transaction {
    fate: Fate,
    held: Option<(Uuid, OwnedMutexGuard<()>)>,
}

/// How long who wants to hold a channel waits for another.
const LOCKED: Duration = Duration::from_secs(2);

/// A database that the nodes of a house share. Cheap to clone.
pub struct Disk<T: Tables>(Arc<Mutex<Inside<T>>>);

struct Inside<T: Tables> {
    tables: T,
    chance: StdRng,
    house: House,
    /// Whether everything works from here on.
    calm: bool,
    /// What becomes of the next transactions, whatever else.
    fated: VecDeque<Fate>,
    /// Until when whoever wants to say that the house is served has to wait.
    held_until: Instant,
    gone_until: Instant,
    full_until: Instant,
    /// Transactions of which nobody knows, the database neither.
    zombies: Vec<Vec<Arc<T::Batch>>>,
    /// Who holds a channel, and who stands in line for it.
    locks: BTreeMap<Uuid, Arc<Lock<()>>>,
    /// Which fates there were.
    seen: BTreeSet<Fate>,
    /// How often a channel was held.
    held: usize,
    conflicts: usize,
    trace: Vec<String>,
}

impl<T: Tables> Clone for Disk<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Tables> Disk<T> {
    pub fn new(tables: T, house: House, seed: u64) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(Inside {
            tables,
            chance: StdRng::seed_from_u64(seed),
            house,
            calm: false,
            fated: VecDeque::new(),
            held_until: now,
            gone_until: now,
            full_until: now,
            zombies: Vec::new(),
            locks: BTreeMap::new(),
            seen: BTreeSet::new(),
            held: 0,
            conflicts: 0,
            trace: Vec::new(),
        })))
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        self.0.lock().expect("no test panics while it holds this")
    }

    /// From here on nothing fails any more.
    pub fn heal(&self) {
        let mut inside = self.inside();
        inside.calm = true;
        (inside.gone_until, inside.full_until) = (Instant::now(), Instant::now());
    }

    /// Decides what becomes of the next transactions.
    pub fn foresee(&self, fates: &[Fate]) {
        self.inside().fated.extend(fates);
    }

    /// Which fates there were, how many batches were beaten by another writer's, and how often a channel
    /// was held.
    pub fn seen(&self) -> (BTreeSet<Fate>, usize, usize) {
        let inside = self.inside();
        (inside.seen.clone(), inside.conflicts, inside.held)
    }

    /// What is there, whether the database works or not.
    pub fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.inside().tables)
    }

    /// Notes what happened.
    pub fn note(&self, line: impl FnOnce() -> String) {
        let line = line();
        self.inside().trace.push(line);
    }

    /// All that happened.
    pub fn trace(&self) -> Vec<String> {
        std::mem::take(&mut self.inside().trace)
    }

    /// Randomness that belongs to this run.
    pub fn chance<R>(&self, draw: impl FnOnce(&mut StdRng) -> R) -> R {
        draw(&mut self.inside().chance)
    }

    async fn takes_time(&self) {
        let micros = self.chance(|chance| chance.random_range(50..2_000));
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }

    /// Reads.
    pub async fn read<R>(&self, look: impl FnOnce(&T) -> R) -> Result<R> {
        self.takes_time().await;
        let mut inside = self.inside();
        if Instant::now() < inside.gone_until {
            return Err(Error::unavailable("The database is gone."));
        }
        // Who was only slow may come to an end at any time.
        if !inside.zombies.is_empty() && inside.chance.random_ratio(1, 20) {
            let zombie = inside.zombies.remove(0);
            inside.end(&zombie);
        }
        Ok(look(&inside.tables))
    }

    /// As [`crate::channel::Ledger::head`].
    pub async fn head(&self, look: impl FnOnce(&T) -> Option<u64>) -> Result<Option<u64>> {
        let house = self.inside().house;
        match house {
            House::Alone => Ok(None),
            House::Shared => self.read(look).await,
        }
    }

    /// Lets a beat of the house begin. Now and then all of them have to wait, and then for too long.
    pub async fn beat(&self) -> Result<(), sqlx::Error> {
        self.takes_time().await;
        let held_until = {
            let mut inside = self.inside();
            let (now, is_calm) = (Instant::now(), inside.calm);
            if now < inside.gone_until.max(inside.full_until) {
                return Err(sqlx::Error::PoolTimedOut);
            }
            if !is_calm && inside.chance.random_ratio(1, 40) {
                inside.held_until = now + Duration::from_secs(4);
            }
            inside.held_until
        };
        tokio::time::sleep_until(held_until).await;
        Ok(())
    }

    /// Writes something that no channel's log depends on.
    pub async fn set(&self, change: impl FnOnce(&mut T)) -> Result<()> {
        self.takes_time().await;
        let mut inside = self.inside();
        if Instant::now() < inside.gone_until.max(inside.full_until) {
            return Err(Error::unavailable("The database takes nothing."));
        }
        change(&mut inside.tables);
        Ok(())
    }

    /// Begins a transaction, which is told its fate.
    pub async fn begin(&self) -> Result<Transaction, Unwritten> {
        Ok(Transaction { fate: self.fate().await?, held: None })
    }

    /// As [`crate::channel::Ledger::hold`].
    pub async fn hold(&self, id: Uuid) -> Result<Option<Transaction>, Unwritten> {
        if self.inside().house == House::Alone {
            return Ok(None);
        }
        let fate = self.fate().await?;
        let lock = Arc::clone(self.inside().locks.entry(id).or_default());
        let Ok(guard) = timeout(LOCKED, lock.lock_owned()).await else { return Err(Unwritten::Conflict) };
        let mut inside = self.inside();
        inside.wait_for_zombies(id);
        inside.held += 1;
        Ok(Some(Transaction { fate, held: Some((id, guard)) }))
    }

    async fn fate(&self) -> Result<Fate, Unwritten> {
        self.takes_time().await;
        let fate = {
            let mut inside = self.inside();
            if Instant::now() < inside.gone_until.max(inside.full_until) {
                return Err(Unwritten::Unavailable);
            }
            let fate = match inside.fated.pop_front() {
                Some(fate) => fate,
                None if inside.calm => Fate::Written,
                None => inside.draw(),
            };
            inside.seen.insert(fate);
            fate
        };
        if fate == Fate::Slow {
            tokio::time::sleep(Duration::from_millis(2_500)).await;
        }
        Ok(fate)
    }

    /// Writes batches in a transaction. What another one holds is left out.
    pub async fn write(&self, transaction: Transaction, batches: &[Arc<T::Batch>]) -> Verdicts {
        self.takes_time().await;
        let Transaction { fate, held } = transaction;
        let ours = held.as_ref().map(|(id, _)| *id);
        let mut inside = self.inside();
        let now = Instant::now();
        let verdicts = match fate {
            Fate::Gone => {
                inside.gone_until = now + Duration::from_secs(40);
                Err(Unwritten::Unavailable)
            }
            Fate::Full => {
                inside.full_until = now + Duration::from_secs(20);
                Err(Unwritten::Unavailable)
            }
            Fate::Refused => Err(Unwritten::Refused(internal("refused by chance"))),
            Fate::LostInSilence => Err(Unwritten::Unknown),
            Fate::Zombie => {
                let verdicts = inside.verdicts(batches, ours, |_, _| {});
                let held = batches.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok());
                let held = held.map(|(batch, _)| Arc::clone(batch)).collect();
                inside.zombies.push(held);
                Err(Unwritten::Unknown)
            }
            Fate::Written | Fate::Slow | Fate::WrittenInSilence => {
                let verdicts = inside.verdicts(batches, ours, T::apply);
                if fate == Fate::WrittenInSilence { Err(Unwritten::Unknown) } else { Ok(verdicts) }
            }
        };
        let line = format!("{fate:?} of {} -> {verdicts:?}", batches.len());
        inside.trace.push(line);
        verdicts
    }
}

impl<T: Tables> Inside<T> {
    fn draw(&mut self) -> Fate {
        Fate::draw(&mut self.chance, self.house)
    }

    /// What each batch's compare-and-set says. Each sees what those before it have written.
    fn verdicts(
        &mut self,
        batches: &[Arc<T::Batch>],
        ours: Option<Uuid>,
        write: fn(&mut T, &T::Batch),
    ) -> Vec<Result<(), Unwritten>> {
        let verdict = |batch: &Arc<T::Batch>| {
            let is_free = !self.is_held(T::channel(batch), ours) && self.tables.check(batch);
            if is_free {
                write(&mut self.tables, batch);
                return Ok(());
            }
            self.conflicts += 1;
            Err(Unwritten::Conflict)
        };
        batches.iter().map(verdict).collect()
    }

    /// Whether another transaction holds a channel: one that stands there, or one that has not ended.
    fn is_held(&self, id: Uuid, ours: Option<Uuid>) -> bool {
        let by_a_zombie = || self.zombies.iter().flatten().any(|batch| T::channel(batch) == id);
        let by_another = || self.locks.get(&id).is_some_and(|lock| lock.try_lock().is_err());
        ours != Some(id) && (by_a_zombie() || by_another())
    }

    /// A transaction that has not ended holds its locks: who wants to have them waits for its end.
    fn wait_for_zombies(&mut self, id: Uuid) {
        let is_wanted = |zombie: &mut Vec<Arc<T::Batch>>| zombie.iter().any(|batch| T::channel(batch) == id);
        let ending: Vec<_> = self.zombies.extract_if(.., is_wanted).collect();
        for zombie in ending {
            self.end(&zombie);
        }
    }

    /// It is committed after all, or rolled back.
    fn end(&mut self, zombie: &[Arc<T::Batch>]) {
        let committed = self.chance.random_bool(0.5);
        self.trace.push(format!("a zombie of {} ends: {committed}", zombie.len()));
        if committed {
            for batch in zombie {
                self.tables.apply(batch);
            }
        }
    }
}

/// An id that follows from the run's seed.
pub fn random_id(chance: &mut StdRng) -> Uuid {
    let mut bytes = [0; 16];
    chance.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
