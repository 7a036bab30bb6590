//! A house that does not stay with what it said is caught, and goes on being followed.

use blytz_core::wire::{auction::LogEntry, live::Channel};
use serde_json::{Value, json};

use super::{
    super::machine::Input,
    server::{LOTS, entry, event},
    world::World,
};
use crate::evidence::Fork;

/// A connected client that has three entries of each lot.
fn watching() -> World {
    let mut world = World::connected();
    (0..2).for_each(|_| world.server.append(0));
    world.settle();
    assert!(world.forks.is_empty());
    world
}

fn show(world: &mut World, entry: &LogEntry) {
    world.input(Input::Frame(&event(0, entry).to_string()));
}

fn reconnect(world: &mut World) {
    world.cut(1006);
    world.advance(20_000);
    world.connect(true);
    world.settle();
}

/// Where two histories part, as it was caught.
fn parting(world: &World) -> Option<(u64, &str, &str)> {
    match world.forks.as_slice() {
        [Fork::Histories { auction_id, seq, before, now }] if *auction_id == LOTS[0] => Some((*seq, before, now)),
        _ => None,
    }
}

#[test]
fn an_entry_that_was_changed_is_not_what_its_hash_says() {
    let mut world = watching();
    let honest = entry(1, 0, &world.server.logs[0]);
    let changed = LogEntry { data: entry(7, 0, &world.server.logs[0]).data, ..honest.clone() };
    show(&mut world, &changed);
    let (seq, hash) = (honest.seq, honest.hash);
    assert_eq!(world.forks, [Fork::Changed { auction_id: LOTS[0], seq, hash }]);
}

/// What a newer house says besides is hashed with the rest, and no reason to cry.
#[test]
fn members_that_are_not_known_are_hashed_as_they_came() {
    let mut world = watching();
    let next = entry(1, 0, &world.server.logs[0]);
    let mut frame = event(0, &next);
    frame["event"]["data"]["more"] = json!(1);
    let hash = blytz_core::auction::log::received_hash(LOTS[0], &frame["event"]).expect("an object");
    frame["event"]["hash"] = Value::String(hash);
    world.input(Input::Frame(&frame.to_string()));
    assert!(world.forks.is_empty(), "{:?}", world.forks);
}

#[test]
fn an_entry_that_follows_another_history_is_one() {
    let mut world = watching();
    let log = world.server.logs[0].clone();
    let mut other = log[..2].to_vec();
    other.push(entry(9, 0, &other));
    let next = entry(1, 0, &other);
    show(&mut world, &next);
    assert_eq!(parting(&world), Some((3, &*log[2].hash, &*other[2].hash)));
    assert_eq!(world.seen[&LOTS[0]].at, Some((4, next.hash)), "what it shows goes on");
}

#[test]
fn another_entry_in_a_place_that_was_told_is_one() {
    let mut world = watching();
    let log = world.server.logs[0].clone();
    let other = entry(9, 0, &log[..2]);
    show(&mut world, &other);
    assert_eq!(parting(&world), Some((3, &*log[2].hash, &*other.hash)));
    assert_eq!(world.seen[&LOTS[0]].at, Some((3, log[2].hash.clone())));
}

#[test]
fn a_history_that_was_rewritten_while_nobody_watched_is_one() {
    let mut world = watching();
    let before = world.server.logs[0].clone();
    world.server.logs[0].truncate(1);
    world.server.epoch = 9;
    (0..3).for_each(|_| world.server.append(0));
    world.server.epoch = 1;
    let now = world.server.logs[0].clone();
    reconnect(&mut world);
    assert_eq!(parting(&world), Some((3, &*before[2].hash, &*now[3].hash)));
    world.server.append(0);
    world.settle();
    assert_eq!(world.seen[&LOTS[0]].at.as_ref().map(|(seq, _)| *seq), Some(5), "it is followed on");
}

#[test]
fn a_history_that_became_shorter_is_one() {
    let mut world = watching();
    let before = world.server.logs[0].clone();
    world.server.logs[0].truncate(1);
    reconnect(&mut world);
    assert_eq!(parting(&world), Some((3, &*before[2].hash, &*before[0].hash)));
}

/// A house that was restored from a backup says so, by a new epoch.
#[test]
fn a_new_epoch_is_no_fork_and_neither_is_a_missing_entry() {
    let mut world = watching();
    world.server.restore();
    world.cut(1006);
    reconnect(&mut world);
    assert!(world.forks.is_empty(), "{:?}", world.forks);

    let mut world = watching();
    world.server.append(0);
    let _lost = world.server.connection.as_mut().and_then(|connection| connection.to_client.pop_front());
    world.server.append(0);
    world.settle();
    assert!(world.forks.is_empty(), "{:?}", world.forks);
    assert_eq!(world.seen[&LOTS[0]].at.as_ref().map(|(seq, _)| *seq), Some(5), "{:?}", Channel::Auction(LOTS[0]));
}
