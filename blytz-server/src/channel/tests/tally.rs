//! A third kind of channel, of which nobody had thought: a tally that anybody may add to, and that
//! never falls below nothing. All that a kind has to say stands in this file.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use blytz_core::{StreamId, Timestamp, UserId, auction::Outage, wire::live::UpdateData};
use rand::{RngExt, rngs::StdRng};
use uuid::Uuid;

use super::{
    disk::{Disk, Tables, Transaction, random_id},
    sim::{self, Kind, Told},
};
use crate::{
    Clock,
    channel::{self, Decided, Entry, Ledger, Moment, Unwritten, Verdicts},
    error::{Error, Result, internal},
    platform::hub::Topic,
};

/// A tally after so many changes.
#[derive(Clone, Default)]
pub struct Tally {
    seq: u64,
    total: i64,
}

/// Adds to a tally, or takes away.
#[derive(Debug, Clone)]
pub struct Add {
    /// The sender's id for it.
    pub id: Uuid,
    pub by: i64,
}

/// One or more changes.
pub struct Batch {
    tally: Uuid,
    from: u64,
    rows: Vec<Row>,
}

#[derive(Clone)]
struct Row {
    entry: Entry,
    id: Uuid,
    total: i64,
}

impl channel::Batch for Batch {
    fn events(&self) -> usize {
        self.rows.len()
    }
}

#[derive(Default)]
pub struct Shelf(BTreeMap<Uuid, Vec<Row>>);

impl Tables for Shelf {
    type Batch = Batch;

    fn channel(batch: &Batch) -> Uuid {
        batch.tally
    }

    fn check(&self, batch: &Batch) -> bool {
        self.0[&batch.tally].len() as u64 == batch.from
    }

    fn apply(&mut self, batch: &Batch) {
        self.0.get_mut(&batch.tally).expect("a tally").extend(batch.rows.iter().cloned());
    }
}

pub struct Tallies {
    pub disk: Disk<Shelf>,
    /// When all of them are due.
    pub due: Option<Timestamp>,
    pub met_by_fails: bool,
}

/// What nobody can decide, and what nobody can write.
pub const UNDECIDABLE: i64 = 1_001;
pub const UNWRITABLE: i64 = 1_002;

impl Shelf {
    /// Loses the last rows of a tally, as a standby that did not have them yet.
    pub fn lose(&mut self, id: Uuid, rows: usize) {
        let log = self.0.get_mut(&id).expect("a tally");
        log.truncate(log.len() - rows);
    }
}

impl Ledger for Tallies {
    type Id = Uuid;
    type State = (Uuid, Tally);
    type Command = Add;
    /// The total after it.
    type Answer = i64;
    /// What was answered before.
    type Known = HashMap<Uuid, i64>;
    type Batch = Batch;
    type Tx = Transaction;

    const NAME: &'static str = "tally";
    const QUEUE: usize = 8;
    const TURN: usize = 4;

    fn topic(&self, id: Uuid) -> Topic {
        Topic::Chat(StreamId(id))
    }

    async fn read(&self, id: Uuid, _from: Option<Self::State>) -> Result<Self::State> {
        let read = |shelf: &Shelf| {
            let rows = shelf.0.get(&id).ok_or_else(Error::not_found)?;
            Ok((id, Tally { seq: rows.len() as u64, total: rows.last().map_or(0, |row| row.total) }))
        };
        self.disk.read(read).await?
    }

    fn seq(&self, (_, tally): &Self::State) -> u64 {
        tally.seq
    }

    async fn head(&self, id: Uuid) -> Result<Option<u64>> {
        self.disk.head(|shelf| Some(shelf.0[&id].len() as u64)).await
    }

    async fn events_after(&self, id: Uuid, seq: u64) -> Result<Vec<Entry>> {
        let skip = usize::try_from(seq).expect("a seq");
        self.disk.read(|shelf| shelf.0[&id].iter().skip(skip).take(3).map(|row| row.entry.clone()).collect()).await
    }

    async fn known(&self, (id, _): &Self::State, adds: &[Add]) -> Result<HashMap<Uuid, i64>> {
        let known = |shelf: &Shelf| {
            let asked = shelf.0[id].iter().filter(|row| adds.iter().any(|add| add.id == row.id));
            asked.map(|row| (row.id, row.total)).collect()
        };
        self.disk.read(known).await
    }

    fn stands_alone(&self, add: &Add) -> bool {
        add.by == 7
    }

    fn decide(
        &self,
        (id, before): &Self::State,
        _moment: &Moment,
        adds: &[Add],
        known: &HashMap<Uuid, i64>,
    ) -> Result<Decided<Self>> {
        let (mut tally, mut rows, mut known) = (before.clone(), Vec::new(), known.clone());
        let mut answers = Vec::new();
        for add in adds {
            assert!(add.by != UNDECIDABLE, "it can't be decided");
            let total = tally.total + add.by;
            answers.push(match known.get(&add.id) {
                Some(total) => Ok(*total),
                None if total < 0 => Err(Error::conflict(format!("the tally stands at {}", tally.total))),
                None => {
                    tally = Tally { seq: tally.seq + 1, total };
                    let json = format!("[{},{total}]", add.by).into();
                    rows.push(Row { entry: Entry { seq: tally.seq, json }, id: add.id, total });
                    known.insert(add.id, total);
                    Ok(total)
                }
            });
        }
        let events = rows.iter().map(|row| row.entry.clone()).collect();
        let batch = (!rows.is_empty()).then_some(Batch { tally: *id, from: before.seq, rows });
        let news = answers.iter().flatten().map(|_| (UserId(*id), UpdateData::Presence { watchers: 1 })).collect();
        Ok(Decided { state: (*id, tally), answers: answers.into(), batch, events, news })
    }

    fn due_at(&self, _tally: &Self::State) -> Option<Timestamp> {
        None
    }

    async fn begin(&self) -> Result<Transaction, Unwritten> {
        self.disk.begin().await
    }

    async fn hold(&self, id: Uuid) -> Result<Option<Transaction>, Unwritten> {
        self.disk.hold(id).await
    }

    async fn write(&self, tx: Transaction, batches: &[Arc<Batch>]) -> Verdicts {
        let mut totals = batches.iter().flat_map(|batch| &batch.rows).map(|row| row.total);
        assert!(totals.all(|total| total != UNWRITABLE), "it can't be written");
        self.disk.write(tx, batches).await
    }

    async fn has(&self, batch: &Batch) -> Result<bool> {
        let place = usize::try_from(batch.from).expect("a seq");
        let written = |shelf: &Shelf| {
            let rows = shelf.0[&batch.tally].get(place..place + batch.rows.len());
            rows.is_some_and(|rows| {
                rows.iter().zip(&batch.rows).all(|(row, ours)| (row.id, &row.entry) == (ours.id, &ours.entry))
            })
        };
        self.disk.read(written).await
    }

    fn answered(&self, _id: Uuid, _add: &Add, _answer: &Result<i64>, _at: Timestamp) {}

    async fn due(&self, _until: Timestamp, after: Option<(Timestamp, Uuid)>) -> Result<Vec<(Timestamp, Uuid)>> {
        let Some(due) = self.due.filter(|_| after.is_none()) else { return Ok(Vec::new()) };
        self.disk.read(|shelf| shelf.0.keys().map(|id| (due, *id)).collect()).await
    }

    async fn met_by(&self, _outage: Outage) -> Result<Vec<Uuid>> {
        if self.met_by_fails { Err(internal("nobody can say what it met")) } else { Ok(Vec::new()) }
    }

    fn kept(&self, (_, tally): &Self::State) -> u64 {
        tally.seq
    }

    fn keeps_after(&self, _tally: &Self::State) -> u64 {
        u64::MAX
    }

    async fn keep(&self, _tally: Self::State) -> Result<()> {
        Ok(())
    }
}

impl Kind for Tallies {
    type Tables = Shelf;
    type Ledger = Self;

    fn tables(chance: &mut StdRng) -> Shelf {
        Shelf((0..5).map(|_| (random_id(chance), Vec::new())).collect())
    }

    fn channels(shelf: &Shelf) -> Vec<Uuid> {
        shelf.0.keys().copied().collect()
    }

    fn ledger(disk: &Disk<Shelf>, _clock: &Clock) -> Self {
        Self { disk: disk.clone(), due: None, met_by_fails: false }
    }

    fn log(shelf: &Shelf, id: Uuid) -> Vec<Entry> {
        shelf.0[&id].iter().map(|row| row.entry.clone()).collect()
    }

    fn command(_shelf: &Shelf, _id: Uuid, _now: Timestamp, chance: &mut StdRng) -> Add {
        Add { id: random_id(chance), by: chance.random_range(-10..10) }
    }

    fn check(shelf: &Shelf, told: &Told<Self>) {
        let (rows, (first, last)) = (&shelf.0[&told.id], told.between);
        match &told.answer {
            Ok(total) => {
                let row = rows.iter().find(|row| row.id == told.command.id).expect("what is said is written");
                assert_eq!(row.total, *total);
            }
            Err(error) => {
                let at = |length: usize| length.checked_sub(1).map_or(0, |place| rows[place].total);
                let refuses =
                    |length| at(length) + told.command.by < 0 && error.to_string().ends_with(&at(length).to_string());
                assert!((first..=last).any(refuses), "{error} was never true");
            }
        }
    }

    fn check_all(shelf: &Shelf, told: &[Told<Self>], _outages: &[Outage]) {
        for one in told {
            let times = shelf.0[&one.id].iter().filter(|row| row.id == one.command.id).count();
            assert_eq!(times, usize::from(one.answer.is_ok()), "{:?}", one.command);
        }
        for rows in shelf.0.values() {
            let mut total = 0;
            for row in rows {
                let added: (i64, i64) = serde_json::from_str(&row.entry.json).expect("a row");
                total += added.0;
                assert_eq!((added.1, row.total), (total, total), "one after the other");
                assert!(total >= 0);
            }
        }
    }
}

#[test]
fn a_kind_that_nobody_thought_of_is_served_whatever_fails() {
    sim::stands_whatever_fails::<Tallies>(1);
}

#[test]
fn who_writes_alone_tells_every_change_once() {
    sim::stands_alone::<Tallies>(2);
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    sim::repeats_itself::<Tallies>(7);
}
