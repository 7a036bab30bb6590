//! A run: two nodes over one database, clients that ask, watchers that listen.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use blytz_core::{Epoch, Timestamp, auction::Outage};
use rand::{RngExt, rngs::StdRng};
use tokio::{runtime::Handle, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::disk::{Disk, Fate, House, Tables};
use crate::{
    Clock,
    channel::{Entry, Ground, Ledger, Rooms, room::IDLE},
    clock::Chance,
    error::{Error, Result},
    platform::{
        attendance::{Attendance, memory::Memory},
        hub::{Hub, Mailbox, Topic, event_frame},
    },
};

/// When every run begins.
pub const NOW: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);

/// A kind of channel that can be simulated.
pub trait Kind: Sized + Send + 'static {
    type Tables: Tables;
    type Ledger: Ledger<Command: Clone, Answer: Clone>;

    /// Whether a copy of what was refused is refused as well.
    const REMEMBERS: bool = false;

    /// The channels that there are at the beginning.
    fn tables(chance: &mut StdRng) -> Self::Tables;

    /// Their ids.
    fn channels(tables: &Self::Tables) -> Vec<<Self::Ledger as Ledger>::Id>;

    /// A node's ledger over the shared database.
    fn ledger(disk: &Disk<Self::Tables>, clock: &Clock) -> Self::Ledger;

    /// The whole log of a channel as it was written.
    fn log(tables: &Self::Tables, id: <Self::Ledger as Ledger>::Id) -> Vec<Entry>;

    /// The same as it is now, where anything of it is ever rewritten.
    fn rewritten(tables: &Self::Tables, id: <Self::Ledger as Ledger>::Id) -> Vec<Entry> {
        Self::log(tables, id)
    }

    /// Something that somebody asks of a channel.
    fn command(
        tables: &Self::Tables,
        id: <Self::Ledger as Ledger>::Id,
        now: Timestamp,
        chance: &mut StdRng,
    ) -> <Self::Ledger as Ledger>::Command;

    /// Whether an answer is true, given what the log held when it was asked for, and holds now.
    fn check(tables: &Self::Tables, told: &Told<Self>);

    /// Whether the whole is sound when all is over: each accepted command stands there once, and what
    /// was refused does not.
    fn check_all(tables: &Self::Tables, told: &[Told<Self>], outages: &[Outage]);
}

/// What somebody was told for good.
pub struct Told<K: Kind> {
    pub id: <K::Ledger as Ledger>::Id,
    pub command: <K::Ledger as Ledger>::Command,
    pub answer: Result<<K::Ledger as Ledger>::Answer>,
    /// How long the log was when it was first asked, and when it was answered.
    pub between: (usize, usize),
    /// How often it was asked.
    pub asked: usize,
}

/// How a run went.
pub struct Report {
    pub trace: Vec<String>,
    pub fates: BTreeSet<Fate>,
    pub conflicts: usize,
    /// How often a room stood in line.
    pub held: usize,
    pub accepted: usize,
    pub refused: usize,
    pub asked_again: usize,
    /// How often nobody was served.
    pub outages: usize,
}

const CLIENTS: usize = 12;

/// One node of the house.
struct Node<K: Kind> {
    rooms: Rooms<K::Ledger>,
    attendance: Attendance,
    watcher: Watcher<<K::Ledger as Ledger>::Id>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

/// Whatever happens to a house of two nodes, all of it happens, and what is left is sound.
pub fn stands_whatever_fails<K: Kind>(seed: u64) {
    let report = run::<K>(House::Shared, seed, 10_000);
    assert_eq!(report.accepted + report.refused, 10_000);
    assert!(report.fates.len() == 8 && report.conflicts > 0 && report.held > 0, "{:?}", report.fates);
    assert!(report.asked_again > 0 && report.accepted > 1_000, "{} accepted", report.accepted);
}

/// The same of a house of one node, where whoever watches must hear everything from it.
pub fn stands_alone<K: Kind>(seed: u64) {
    let report = run::<K>(House::Alone, seed, 5_000);
    assert_eq!(report.accepted + report.refused, 5_000);
    assert_eq!(report.fates.len(), 7, "{:?}", report.fates);
}

/// What happens follows from the seed.
pub fn repeats_itself<K: Kind>(seed: u64) {
    let [one, again, other] = [seed, seed, seed + 1].map(|seed| run::<K>(House::Shared, seed, 500).trace);
    assert_eq!(one, again);
    assert_ne!(one, other);
}

/// Runs so many commands against a house in which everything fails, heals it, and checks what is left.
fn run<K: Kind>(house: House, seed: u64, commands: usize) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(simulate::<K>(house, seed, commands))
}

async fn simulate<K: Kind>(house: House, seed: u64, commands: usize) -> Report {
    let mut chance = <StdRng as rand::SeedableRng>::seed_from_u64(seed);
    let disk = Disk::new(K::tables(&mut chance), house, seed);
    let clock = Clock::simulated(NOW);
    let memory = memory(&disk);
    let mut nodes: Vec<Mutex<Node<K>>> = Vec::new();
    for number in 0..if house == House::Alone { 1 } else { 2 } {
        nodes.push(Mutex::new(node(&disk, &memory, &clock, house, seed + number).await));
    }
    let nodes = Arc::new(nodes);
    let told = Arc::new(Mutex::new(Vec::new()));
    let clients = (0..CLIENTS).map(|client| {
        let (disk, clock, nodes, told) = (disk.clone(), clock.clone(), Arc::clone(&nodes), Arc::clone(&told));
        let share = commands / CLIENTS + usize::from(client < commands % CLIENTS);
        tokio::spawn(async move {
            for _ in 0..share {
                let one = ask(&disk, &clock, &nodes).await;
                told.lock().expect("no panic").push(one);
                for node in nodes.iter() {
                    node.lock().expect("no panic").watcher.listen::<K>(&disk);
                }
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    // Late in the run everything works again: whoever still waits gets an answer.
    let healer = disk.clone();
    let healed = Arc::clone(&told);
    tokio::spawn(async move {
        while healed.lock().expect("no panic").len() < commands * 19 / 20 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        healer.heal();
    });
    for client in clients {
        client.await.expect("a client found what it was told to be true");
    }
    for node in nodes.iter() {
        let watcher = &mut node.lock().expect("no panic").watcher;
        watcher.listen::<K>(&disk);
        // From now on rooms end for idleness, and one that is opened knows nothing of what was told.
        watcher.may_miss = house == House::Shared;
    }
    // What nobody asked for comes to its end as well.
    tokio::time::sleep(Duration::from_mins(3)).await;
    for node in nodes.iter() {
        let (shutdown, tasks, attendance) = {
            let node = node.lock().expect("no panic");
            (node.shutdown.clone(), node.tasks.clone(), node.attendance.clone())
        };
        shutdown.cancel();
        tasks.close();
        tasks.wait().await;
        attendance.leave().await;
        let mut node = node.lock().expect("no panic");
        node.watcher.listen::<K>(&disk);
        node.watcher.check::<K>(&disk, house);
    }
    let outages = memory.outages().await;
    report(&disk, &told.lock().expect("no panic"), &outages)
}

/// Where it stands until when the house was served: on the same disk.
fn memory<T: Tables>(disk: &Disk<T>) -> Memory {
    let disk = disk.clone();
    Memory::new(move || {
        let disk = disk.clone();
        Box::pin(async move { disk.beat().await })
    })
}

fn report<K: Kind>(disk: &Disk<K::Tables>, told: &[Told<K>], outages: &[Outage]) -> Report {
    disk.peek(|tables| K::check_all(tables, told, outages));
    let (fates, conflicts, held) = disk.seen();
    Report {
        trace: disk.trace(),
        fates,
        conflicts,
        held,
        accepted: told.iter().filter(|one| one.answer.is_ok()).count(),
        refused: told.iter().filter(|one| one.answer.is_err()).count(),
        asked_again: told.iter().filter(|one| one.asked > 1).count(),
        outages: outages.len(),
    }
}

async fn node<K: Kind>(disk: &Disk<K::Tables>, memory: &Memory, clock: &Clock, house: House, seed: u64) -> Node<K> {
    let (attendance, clock) = Attendance::simulated(memory.clone(), clock.clone()).await;
    attendance.begin().await;
    let (hub, tasks, shutdown) = (Hub::new(Epoch(uuid::Uuid::nil())), TaskTracker::new(), CancellationToken::new());
    let ground = Ground {
        clock: clock.clone(),
        chance: Chance::seeded(seed),
        attendance: attendance.clone(),
        hub: hub.clone(),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
        rooms: Handle::current(),
        readers: Handle::current(),
    };
    let ledger = K::ledger(disk, &clock);
    let channels = disk.peek(|tables| {
        let channels = K::channels(tables).into_iter();
        channels.map(|id| (ledger.topic(id), id, K::log(tables, id).len() as u64)).collect::<Vec<_>>()
    });
    let watcher = Watcher::new(&hub, house, channels);
    let rooms = Rooms::new(ledger, ground);
    tasks.spawn(rooms.clone().sweep());
    Node { rooms, attendance, watcher, shutdown, tasks }
}

/// Asks until there is an answer that says something.
async fn ask<K: Kind>(disk: &Disk<K::Tables>, clock: &Clock, nodes: &[Mutex<Node<K>>]) -> Told<K> {
    let pause = disk.chance(|chance| chance.random_range(0..40));
    tokio::time::sleep(Duration::from_millis(pause)).await;
    let channels = disk.peek(|tables| K::channels(tables));
    let id = channels[disk.chance(|chance| chance.random_range(0..channels.len()))];
    let draw = disk.chance(RngExt::random::<u64>);
    let mut chance = <StdRng as rand::SeedableRng>::seed_from_u64(draw);
    let command = disk.peek(|tables| K::command(tables, id, clock.now(), &mut chance));
    let length = || disk.peek(|tables| K::log(tables, id).len());
    let before = length();
    for asked in 1.. {
        let node = disk.chance(|chance| chance.random_range(0..nodes.len()));
        let rooms = nodes[node].lock().expect("no panic").rooms.clone();
        let asking = rooms.ask(id, command.clone());
        let answer = if K::REMEMBERS && disk.chance(|chance| chance.random_ratio(1, 20)) {
            // A copy of it, as a network makes them, right behind.
            tokio::join!(biased; asking, rooms.ask(id, command.clone())).0
        } else {
            asking.await
        };
        disk.note(|| format!("{id} at node {node}: {}", outcome(&answer)));
        if answer.as_ref().is_err_and(says_nothing) {
            assert!(asked < 1_000, "{id} is never answered");
            let pause = disk.chance(|chance| chance.random_range(100..3_000));
            tokio::time::sleep(Duration::from_millis(pause)).await;
            continue;
        }
        let told = Told { id, command, answer, between: (before, length()), asked };
        disk.peek(|tables| K::check(tables, &told));
        return told;
    }
    unreachable!("a thousand times is enough")
}

fn outcome<A: std::fmt::Debug>(answer: &Result<A>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => error.to_string(),
    }
}

/// 503 and a fault of ours say nothing about what was asked.
fn says_nothing(error: &Error) -> bool {
    error.status() >= 500
}

/// Somebody who watches every channel at one node, as a live session does.
struct Watcher<Id> {
    mailbox: Mailbox,
    ids: BTreeMap<String, (Topic, Id)>,
    seen: BTreeMap<String, Vec<Entry>>,
    /// Up to which event of a channel it was told; none before the first where others write as well.
    told: BTreeMap<String, (u64, Instant)>,
    /// Whether there may be events that it is not told of.
    may_miss: bool,
}

impl<Id: Copy> Watcher<Id> {
    fn new(hub: &Hub, house: House, channels: Vec<(Topic, Id, u64)>) -> Self {
        let mut mailbox = hub.open();
        let (mut ids, mut told) = (BTreeMap::new(), BTreeMap::new());
        for (topic, id, length) in channels {
            mailbox.subscribe(topic);
            let name = topic.channel().to_string();
            if house == House::Alone {
                told.insert(name.clone(), (length, Instant::now()));
            }
            ids.insert(name, (topic, id));
        }
        Self { mailbox, ids, seen: BTreeMap::new(), told, may_miss: false }
    }

    /// Everything is told once and in order. A room that is open leaves nothing out, whoever wrote it;
    /// one that had nothing to tell for long may have ended, and another opened.
    fn follow(&mut self, name: &str, seq: u64) {
        if let Some((last, at)) = self.told.insert(name.to_owned(), (seq, Instant::now())) {
            assert!(seq > last, "{name} {seq} was told twice: after {last}");
            let may_miss = self.may_miss || at.elapsed() >= IDLE;
            assert!(may_miss || seq == last + 1, "{name} {seq} was told after {last}");
        }
    }

    /// Takes what was told. It must stand in the log by now; where a seq is missing, the log has it.
    fn listen<K: Kind<Ledger: Ledger<Id = Id>>>(&mut self, disk: &Disk<K::Tables>) {
        while let Some(delivery) = self.mailbox.try_recv() {
            let name = delivery.topic.channel().to_string();
            let (topic, id) = self.ids[&name];
            let (log, rewritten) = disk.peek(|tables| (K::log(tables, id), K::rewritten(tables, id)));
            for frame in delivery.frames.iter() {
                let seq = frame.seq.expect("sequenced");
                self.follow(&name, seq);
                let seen = self.seen.entry(name.clone()).or_default();
                let place = usize::try_from(seq).expect("a seq") - 1;
                let entry = log.get(place).unwrap_or_else(|| panic!("{name} {seq} was told and is not written"));
                let told = |entry: &Entry| frame.text == event_frame(topic.channel(), &entry.json);
                assert!(told(entry) || told(&rewritten[place]), "{} is not what is written", frame.text);
                let missing = log.iter().take(place + 1).skip(seen.len());
                seen.extend(missing.cloned());
            }
        }
    }

    /// At the end whoever comes back gets the rest, and has the whole log, each event once.
    fn check<K: Kind<Ledger: Ledger<Id = Id>>>(&mut self, disk: &Disk<K::Tables>, house: House) {
        for (name, (_, id)) in &self.ids {
            let log = disk.peek(|tables| K::log(tables, *id));
            let told = self.told.get(name).map(|(seq, _)| *seq);
            assert!(house == House::Shared || told == Some(log.len() as u64), "{name} was told up to {told:?}");
            let seen = self.seen.entry(name.clone()).or_default();
            seen.extend(log.iter().skip(seen.len()).cloned());
            assert_eq!(*seen, log, "{name}");
            assert!((1..).zip(&log).all(|(seq, entry)| entry.seq == seq), "{name}: seqs are dense");
        }
    }
}
