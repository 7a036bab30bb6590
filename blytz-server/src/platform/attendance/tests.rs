//! What is an outage and what is not, and who is told of it when.

use std::path::Path;

use futures_util::FutureExt;

use super::*;
use crate::db::Sqlite;

const NOON: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);

fn second(second: i64) -> Timestamp {
    NOON.plus_millis(second * 1_000)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn outage(from: Timestamp, to: Timestamp) -> Outage {
    Outage { from, to }
}

/// A process over this folder's database, as a start leaves it before its first beat.
async fn process(folder: &Path, at: Timestamp) -> (Attendance, Clock) {
    let sqlite = Sqlite::open(&folder.join("t.db")).await.expect("opens");
    let db = Db::sqlite(sqlite).await.expect("a schema");
    Attendance::open(&db, Clock::manual(at)).await.expect("it can be read")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn db(attendance: &Attendance) -> &Db {
    match &attendance.0.register {
        Register::Database(db) => db,
        Register::Memory(_) => unreachable!("these are about the database"),
    }
}

async fn beat(attendance: &Attendance) {
    attendance.beat().await.expect("the database takes it");
}

fn is_attended(attendance: &Attendance) -> bool {
    attendance.attended().now_or_never().is_some()
}

#[tokio::test]
async fn a_house_that_was_never_served_has_had_no_outage() {
    let folder = folder();
    let (attendance, clock) = process(folder.path(), NOON).await;
    assert!(!is_attended(&attendance), "before the first beat");
    beat(&attendance).await;
    assert_eq!(attendance.attended().await, NOON);
    clock.advance(seconds(60));
    assert_eq!(attendance.attended().await, second(60), "time that a test lets pass is served");
    beat(&attendance).await;
    assert_eq!(*attendance.outages(), []);
}

#[tokio::test]
async fn every_restart_is_an_outage_however_short_or_clean() {
    let folder = folder();
    for (at, known) in [
        (NOON, vec![]),
        (second(1), vec![outage(NOON, second(1))]),
        // At the same moment, as far as the clock can tell.
        (second(1), vec![outage(NOON, second(1)), outage(second(1), second(1).plus_micros(1))]),
    ] {
        let (attendance, _) = process(folder.path(), at).await;
        beat(&attendance).await;
        beat(&attendance).await;
        assert_eq!(*attendance.outages(), *known);
    }
    let (attendance, clock) = process(folder.path(), second(10)).await;
    attendance.begin().await;
    clock.advance(seconds(5));
    attendance.leave().await;
    let (attendance, _) = process(folder.path(), second(16)).await;
    beat(&attendance).await;
    assert_eq!(attendance.outages().last(), Some(&outage(second(15), second(16))), "from the last beat on");
}

#[tokio::test]
async fn who_was_away_is_attended_again_when_the_outage_is_known() {
    let folder = folder();
    let (attendance, clock) = process(folder.path(), NOON).await;
    beat(&attendance).await;
    clock.suspend(LONGEST_SILENCE);
    assert!(is_attended(&attendance), "so long nobody misses anything");
    beat(&attendance).await;
    assert_eq!(*attendance.outages(), []);

    clock.advance(seconds(8));
    clock.suspend(seconds(30));
    assert!(!is_attended(&attendance));
    let mut told = attendance.watch();
    let waiting = tokio::spawn({
        let attendance = attendance.clone();
        async move { (attendance.attended().await, attendance.outages()) }
    });
    tokio::task::yield_now().await;
    beat(&attendance).await;
    let (now, known) = waiting.await.expect("it ends");
    assert_eq!((now, &*known), (second(40), &[outage(second(10), second(40))][..]));
    assert!(told.changed().now_or_never().is_some());
    assert_eq!(told.take(), known);

    clock.advance(seconds(60));
    beat(&attendance).await;
    assert!(told.changed().now_or_never().is_none(), "once for each");
    told.forget();
    assert!(told.changed().now_or_never().is_some(), "until it has been taken for good");
}

#[tokio::test]
async fn a_database_that_took_no_writes_was_an_outage() {
    let folder = folder();
    let (attendance, clock) = process(folder.path(), NOON).await;
    beat(&attendance).await;
    let writing = db(&attendance).begin_bids().await.expect("a turn");
    clock.suspend(seconds(60));
    // The beat waits for its turn, and asks for the time when it has it.
    let mut late = std::pin::pin!(attendance.beat());
    assert!(late.as_mut().now_or_never().is_none());
    tokio::task::yield_now().await;
    clock.advance(seconds(1));
    drop(writing);
    late.await.expect("it is taken now");
    assert_eq!(*attendance.outages(), [outage(NOON, second(61))]);
}

#[tokio::test]
async fn time_goes_on_where_it_was_served_whatever_the_machines_clock_says() {
    let folder = folder();
    let (attendance, clock) = process(folder.path(), NOON).await;
    beat(&attendance).await;
    clock.advance(seconds(3_600));
    beat(&attendance).await;
    let (attendance, clock) = process(folder.path(), NOON).await;
    // As long as after its last beat the house may have shown what follows from the time.
    assert_eq!(clock.now(), second(3_602));
    beat(&attendance).await;
    assert_eq!(*attendance.outages(), [outage(second(3_600), second(3_602))]);
}

#[tokio::test]
async fn the_newest_outages_are_known_the_oldest_first() {
    let folder = folder();
    let (attendance, _) = process(folder.path(), second(10_000)).await;
    let mut tx = db(&attendance).begin_write().await.expect("a turn");
    for number in 0..1_005 {
        store::insert_outage(&mut tx, outage(second(number), second(number + 1))).await.expect("written");
    }
    tx.commit().await.expect("written");
    beat(&attendance).await;
    let known = attendance.outages();
    assert_eq!(
        (known.len(), known[0], known[999]),
        (1_000, outage(second(5), second(6)), outage(second(1_004), second(1_005)))
    );
}

#[tokio::test]
async fn who_serves_beside_others_hears_of_the_outages_that_their_beats_ended() {
    let clock = Clock::manual(NOON);
    let memory = memory::Memory::new(|| Box::pin(std::future::ready(Ok(()))));
    let (one, _) = Attendance::simulated(memory.clone(), clock.clone()).await;
    let (other, _) = Attendance::simulated(memory, clock.clone()).await;
    beat(&one).await;
    clock.advance(seconds(1));
    beat(&other).await;
    let before = other.outages().len();
    clock.suspend(seconds(30));
    beat(&one).await;
    assert_eq!(one.outages().last(), Some(&outage(second(1), second(31))));
    beat(&other).await;
    assert_eq!(other.outages(), one.outages());
    assert_eq!(other.outages().len(), before + 1, "one for all");
}

#[tokio::test]
async fn whoever_follows_one_that_never_got_going_is_told_so() {
    let folder = folder();
    let is_false_start =
        async |attendance: &Attendance| attendance.0.register.is_false_start().await.expect("a register");
    let (first, _) = process(folder.path(), NOON).await;
    assert!(!is_false_start(&first).await, "nobody was there before");
    beat(&first).await;
    let (second_one, clock) = process(folder.path(), second(10)).await;
    assert!(!is_false_start(&second_one).await, "the first never missed anything");
    beat(&second_one).await;
    let (third, _) = process(folder.path(), second(11)).await;
    assert!(is_false_start(&third).await, "one beat, which ended an outage");
    clock.advance(seconds(1));
    beat(&second_one).await;
    assert!(!is_false_start(&third).await, "it lived to its second beat");
}
