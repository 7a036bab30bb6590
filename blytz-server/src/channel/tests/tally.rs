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
    disk::{Disk, Fate, Tables, random_id},
    sim::{self, Kind, Told},
};
use crate::{
    Clock,
    channel::{self, Decided, Entry, Ledger, Moment, Unwritten, Verdicts},
    error::{Error, Result},
    platform::hub::Topic,
};

/// A tally after so many changes.
#[derive(Clone, Default)]
struct Tally {
    seq: u64,
    total: i64,
}

/// Adds to a tally, or takes away.
#[derive(Debug, Clone)]
struct Add {
    /// The sender's id for it.
    id: Uuid,
    by: i64,
}

/// One or more changes.
struct Batch {
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
struct Shelf(BTreeMap<Uuid, Vec<Row>>);

impl Tables for Shelf {
    type Batch = Batch;

    fn channel(batch: &Batch) -> Uuid {
        batch.tally
    }

    fn check(&self, batch: &Batch) -> Result<(), Unwritten> {
        if self.0[&batch.tally].len() as u64 == batch.from { Ok(()) } else { Err(Unwritten::Conflict) }
    }

    fn apply(&mut self, batch: &Batch) {
        self.0.get_mut(&batch.tally).expect("a tally").extend(batch.rows.iter().cloned());
    }
}

struct Tallies(Disk<Shelf>);

impl Ledger for Tallies {
    type Id = Uuid;
    type State = (Uuid, Tally);
    type Command = Add;
    /// The total after it.
    type Answer = i64;
    /// What was answered before.
    type Known = HashMap<Uuid, i64>;
    type Batch = Batch;
    type Tx = Fate;

    const NAME: &'static str = "tally";
    const QUEUE: usize = 8;
    const TURN: usize = 4;

    fn topic(&self, id: Uuid) -> Topic {
        Topic::Chat(StreamId(id))
    }

    async fn read(&self, id: Uuid, _from: Option<Self::State>) -> Result<Self::State> {
        let read = |shelf: &Shelf| {
            let rows = &shelf.0[&id];
            Tally { seq: rows.len() as u64, total: rows.last().map_or(0, |row| row.total) }
        };
        Ok((id, self.0.read(read).await?))
    }

    fn seq(&self, (_, tally): &Self::State) -> u64 {
        tally.seq
    }

    async fn head(&self, id: Uuid) -> Result<Option<u64>> {
        self.0.read(|shelf| Some(shelf.0[&id].len() as u64)).await
    }

    async fn events_after(&self, id: Uuid, seq: u64) -> Result<Vec<Entry>> {
        let skip = usize::try_from(seq).expect("a seq");
        self.0.read(|shelf| shelf.0[&id].iter().skip(skip).take(3).map(|row| row.entry.clone()).collect()).await
    }

    async fn known(&self, (id, _): &Self::State, adds: &[Add]) -> Result<HashMap<Uuid, i64>> {
        let known = |shelf: &Shelf| {
            let asked = shelf.0[id].iter().filter(|row| adds.iter().any(|add| add.id == row.id));
            asked.map(|row| (row.id, row.total)).collect()
        };
        self.0.read(known).await
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
        let batch = (!rows.is_empty()).then(|| Batch { tally: *id, from: before.seq, rows });
        let news = answers.iter().flatten().map(|_| (UserId(*id), UpdateData::Presence { watchers: 1 })).collect();
        Ok(Decided { state: (*id, tally), answers, batch, events, news })
    }

    fn due_at(&self, _tally: &Self::State) -> Option<Timestamp> {
        None
    }

    async fn begin(&self) -> Result<Fate, Unwritten> {
        self.0.begin().await
    }

    async fn write(&self, fate: Fate, batches: &[Arc<Batch>]) -> Verdicts {
        self.0.write(fate, batches).await
    }

    async fn has(&self, batch: &Batch) -> Result<bool> {
        let (place, row) = (usize::try_from(batch.from).expect("a seq"), &batch.rows[0]);
        self.0.read(|shelf| shelf.0[&batch.tally].get(place).is_some_and(|other| other.id == row.id)).await
    }

    fn answered(&self, _id: Uuid, _add: &Add, _answer: &Result<i64>, _at: Timestamp) {}

    async fn due(&self, _until: Timestamp, _after: Option<(Timestamp, Uuid)>) -> Result<Vec<(Timestamp, Uuid)>> {
        Ok(Vec::new())
    }

    async fn met_by(&self, _outage: Outage) -> Result<Vec<Uuid>> {
        Ok(Vec::new())
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
        Self(disk.clone())
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

    fn check_all(shelf: &Shelf, told: &[Told<Self>]) {
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
    let report = sim::run::<Tallies>(1, 10_000);
    assert_eq!(report.accepted + report.refused, 10_000);
    assert!(report.fates.len() == 8 && report.conflicts > 0, "{:?}", report.fates);
    assert!(report.asked_again > 0);
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let [one, again, other] = [7, 7, 8].map(|seed| sim::run::<Tallies>(seed, 500).trace);
    assert_eq!(one, again);
    assert_ne!(one, other);
}
