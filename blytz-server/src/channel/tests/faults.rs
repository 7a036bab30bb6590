//! What falls over, or can't be read, takes nobody else with it; what is in doubt is settled.

use std::{future::ready, sync::Arc, time::Duration};

use blytz_core::{Epoch, wire::ErrorCode};
use rand::{SeedableRng, rngs::StdRng};
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    disk::{Disk, Fate, House, random_id},
    sim::{Kind, NOW},
    tally::{Add, Tallies, UNDECIDABLE, UNWRITABLE},
};
use crate::{
    Clock,
    channel::{Ground, Ledger, Rooms},
    clock::Chance,
    platform::{
        attendance::{Attendance, memory::Memory},
        hub::Hub,
    },
};

/// A house of one node with tallies, in which nothing fails by chance.
async fn house(ledger: impl FnOnce(Tallies) -> Tallies) -> (Rooms<Tallies>, Vec<Uuid>) {
    node_of(House::Alone, ledger).await
}

/// One node of such a house.
async fn node_of(house: House, ledger: impl FnOnce(Tallies) -> Tallies) -> (Rooms<Tallies>, Vec<Uuid>) {
    let mut chance = StdRng::seed_from_u64(1);
    let disk = Disk::new(Tallies::tables(&mut chance), house, 1);
    disk.heal();
    let ids = disk.peek(Tallies::channels);
    let memory = Memory::new(|| Box::pin(ready(Ok(()))));
    // Somebody was there before: whoever begins after them ends an outage.
    let (before, _) = Attendance::simulated(memory.clone(), Clock::simulated(NOW)).await;
    before.beat().await.expect("it is taken");
    let (attendance, clock) = Attendance::simulated(memory, Clock::simulated(NOW)).await;
    attendance.begin().await;
    let ground = Ground {
        clock: clock.clone(),
        chance: Chance::seeded(1),
        attendance,
        hub: Hub::new(Epoch(Uuid::nil())),
        tasks: TaskTracker::new(),
        shutdown: CancellationToken::new(),
        rooms: Handle::current(),
        readers: Handle::current(),
    };
    (Rooms::new(ledger(Tallies::ledger(&disk, &clock)), ground), ids)
}

fn add(by: i64) -> Add {
    Add { id: random_id(&mut StdRng::seed_from_u64(by.unsigned_abs())), by }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_fell_over_is_opened_again_for_what_is_due() {
    let (rooms, ids) = house(|ledger| ledger).await;
    let fallen = rooms.ask(ids[0], add(UNDECIDABLE)).await.expect_err("nobody decided it");
    assert_eq!(fallen.code(), ErrorCode::OutcomeUnknown);
    assert!(!rooms.is_open(ids[0]));
    rooms.wake(ids[0]);
    assert!(rooms.is_open(ids[0]));
    assert_eq!(rooms.ask(ids[0], add(3)).await.expect("it is added"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_falls_over_takes_no_other_room_with_it() {
    let (rooms, ids) = house(|ledger| ledger).await;
    let fallen = rooms.ask(ids[0], add(UNWRITABLE)).await.expect_err("nobody wrote it");
    assert_eq!(fallen.code(), ErrorCode::OutcomeUnknown);
    assert_eq!(rooms.ask(ids[1], add(3)).await.expect("it is added"), 3);
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_a_commit_a_change_is_made_once_and_answered() {
    use Fate::{LostInSilence, Refused, Slow, WrittenInSilence, Zombie};
    for fates in [
        &[WrittenInSilence][..],
        &[LostInSilence],
        &[Zombie],
        &[Slow],
        &[WrittenInSilence, LostInSilence],
        &[LostInSilence, WrittenInSilence],
        // Nobody said whether it was written, and now it is refused: the log knows.
        &[WrittenInSilence, Refused],
        &[LostInSilence, Refused],
        &[WrittenInSilence, WrittenInSilence, Refused],
    ] {
        let (rooms, ids) = house(|ledger| ledger).await;
        let mut watcher = rooms.ground.hub.open();
        watcher.subscribe(rooms.ledger.topic(ids[0]));
        rooms.ledger.disk.foresee(fates);
        for (by, total) in [(3, 3), (4, 7)] {
            let answer = rooms.ask(ids[0], add(by)).await;
            assert_eq!(answer.unwrap_or_else(|error| panic!("{fates:?}: {error}")), total, "{fates:?}");
            let told = std::iter::from_fn(|| watcher.try_recv()).map(|delivery| delivery.frames.len()).sum::<usize>();
            assert_eq!(told, 1, "{fates:?}: who watches hears of it before it is answered, and once");
        }
        let log = rooms.ledger.disk.peek(|shelf| Tallies::log(shelf, ids[0]));
        assert_eq!(log.len(), 2, "{fates:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_goes_by_the_log_that_is_there_when_it_has_lost_what_was_said() {
    let (rooms, ids) = node_of(House::Shared, |ledger| ledger).await;
    for (by, total) in [(3, 3), (4, 7), (5, 12)] {
        assert_eq!(rooms.ask(ids[0], add(by)).await.expect("it is added"), total);
    }
    rooms.ledger.disk.set(|shelf| shelf.lose(ids[0], 2)).await.expect("they are lost");
    let error = rooms.ask(ids[0], add(6)).await.expect_err("what it would be added to is not there");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    assert_eq!(rooms.ask(ids[0], add(7)).await.expect("it is added to what there is"), 10);
    assert_eq!(rooms.ledger.disk.peek(|shelf| Tallies::log(shelf, ids[0])).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_does_not_exist_keeps_no_room() {
    let (rooms, _) = house(|ledger| ledger).await;
    rooms.wake(Uuid::max());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!rooms.is_open(Uuid::max()));
    let missing = rooms.ask(Uuid::max(), add(1)).await.expect_err("there is none");
    assert_eq!(missing.code(), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn what_is_due_is_woken_where_nobody_can_say_what_an_outage_met() {
    let (rooms, ids) = house(|ledger| Tallies { due: Some(NOW), met_by_fails: true, ..ledger }).await;
    assert!(!rooms.ground.attendance.outages().is_empty());
    rooms.ground.tasks.spawn(rooms.clone().sweep());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(ids.iter().all(|id| rooms.is_open(*id)));
    // A sweep ends while it waits, and with it the rooms.
    rooms.ground.shutdown.cancel();
    rooms.ground.tasks.close();
    rooms.ground.tasks.wait().await;
    assert_eq!(Arc::strong_count(&rooms.ledger), 2, "ours, and the committer's");
}
