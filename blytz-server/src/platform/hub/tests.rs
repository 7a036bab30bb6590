//! Who is told what, and who counts as a watcher.

use super::*;

fn hub() -> Hub {
    Hub::new(Epoch(uuid::Uuid::nil()))
}

fn topic() -> Topic {
    Topic::Auction(AuctionId(uuid::Uuid::nil()))
}

#[test]
fn everybody_gets_each_event_once_in_order() {
    let hub = hub();
    let (mut early, mut late) = (hub.open(), hub.open());
    early.subscribe(topic());
    early.subscribe(topic());
    hub.publish(topic(), [(1, "one".into())]);
    late.subscribe(topic());
    hub.publish(topic(), [(2, "two".into()), (3, "three".into())]);
    let seqs = |mailbox: &mut Mailbox| -> Vec<_> {
        let deliveries = std::iter::from_fn(|| mailbox.try_recv());
        deliveries.flat_map(|delivery| delivery.frames.iter().filter_map(|f| f.seq).collect::<Vec<_>>()).collect()
    };
    assert_eq!(seqs(&mut early), [1, 2, 3]);
    assert_eq!(seqs(&mut late), [2, 3]);
}

#[test]
fn a_full_outbox_is_slow_for_events_and_only_poorer_in_news() {
    let hub = hub();
    let mut stalled = hub.open();
    stalled.subscribe(topic());
    for seq in 1..=OUTBOX as u64 {
        hub.publish(topic(), [(seq, "x".into())]);
    }
    let bid = UpdateData::Presence { watchers: 1 };
    hub.update(topic(), bid, Timestamp::from_micros(0));
    assert!(!stalled.slow().is_cancelled());
    hub.publish(topic(), [(OUTBOX as u64 + 1, "x".into())]);
    assert!(stalled.slow().is_cancelled());
}

#[test]
fn a_dropped_mailbox_watches_nothing() {
    let hub = hub();
    let mut mailbox = hub.open();
    mailbox.subscribe(topic());
    assert_eq!(hub.watchers(topic()), 1);
    drop(mailbox);
    assert_eq!(hub.watchers(topic()), 0);
    assert!(lock(&hub.0.topics).is_empty(), "nothing is kept of whom nobody watches");
}

fn somebody(number: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(number))
}

/// One act of a session, by its number.
#[derive(Debug, Clone, Copy)]
enum Act {
    Come(usize),
    Leave(usize),
    HangUp(usize),
    LogIn(usize, u128),
}

#[test]
fn people_are_counted_however_many_sockets_they_have() {
    use Act::{Come, HangUp, Leave, LogIn};
    const ANN: u128 = 1;
    const BEN: u128 = 2;
    // What happens, and how many watch then.
    let cases: [(&str, &[(Act, u64)]); 7] = [
        ("sockets without a login are one each", &[(Come(0), 1), (Come(1), 2), (Leave(0), 1), (Leave(1), 0)]),
        (
            "three tabs are one person until the last is closed",
            &[
                (LogIn(0, ANN), 0),
                (LogIn(1, ANN), 0),
                (LogIn(2, ANN), 0),
                (Come(0), 1),
                (Come(1), 1),
                (Come(2), 1),
                (HangUp(0), 1),
                (Leave(1), 1),
                (HangUp(2), 0),
            ],
        ),
        ("two people are two", &[(LogIn(0, ANN), 0), (LogIn(1, BEN), 0), (Come(0), 1), (Come(1), 2)]),
        ("whoever comes twice is there once", &[(Come(0), 1), (Come(0), 1), (Leave(0), 0), (Leave(0), 0)]),
        (
            "a login while watching makes one of two",
            &[(LogIn(0, ANN), 0), (Come(0), 1), (Come(1), 2), (LogIn(1, ANN), 1), (HangUp(0), 1), (HangUp(1), 0)],
        ),
        (
            "another login on one of two tabs makes two",
            &[(LogIn(0, ANN), 0), (LogIn(1, ANN), 0), (Come(0), 1), (Come(1), 1), (LogIn(1, BEN), 2)],
        ),
        ("the same login again changes nothing", &[(Come(0), 1), (LogIn(0, ANN), 1), (LogIn(0, ANN), 1)]),
    ];
    for (case, steps) in cases {
        let hub = hub();
        let mut sessions: Vec<Option<Mailbox>> = (0..3).map(|_| Some(hub.open())).collect();
        for (step, &(act, watchers)) in steps.iter().enumerate() {
            match act {
                Come(who) => sessions[who].as_mut().expect("open").subscribe(topic()),
                Leave(who) => sessions[who].as_mut().expect("open").unsubscribe(topic()),
                HangUp(who) => drop(sessions[who].take()),
                LogIn(who, user) => sessions[who].as_mut().expect("open").speak_for(somebody(user)),
            }
            assert_eq!(hub.watchers(topic()), watchers, "{case}: step {step}, {act:?}");
            assert_eq!(hub.is_watched(topic()), watchers > 0, "{case}: step {step}, {act:?}");
        }
    }
}

#[test]
fn presence_is_told_to_who_comes_and_where_the_number_is_another() {
    let show = Topic::Stream(StreamId(uuid::Uuid::nil()));
    let hub = hub();
    let is_told = || std::mem::take(&mut *lock(&hub.0.pulse)).into_values().any(|pulse| pulse.presence);
    let (mut first, mut second) = (hub.open(), hub.open());
    first.speak_for(somebody(1));
    assert!(!is_told(), "who watches nothing");
    first.subscribe(show);
    assert!(is_told(), "who comes");
    second.subscribe(show);
    assert!(is_told(), "who comes");
    second.speak_for(somebody(1));
    assert!(is_told(), "one less");
    drop(second);
    assert!(!is_told(), "a tab that nobody was counted for");
    first.unsubscribe(show);
    assert!(is_told(), "nobody is left");
}
