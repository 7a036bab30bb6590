//! What is sent again and what is not, when a server is left, and what is made of odd frames.

use std::time::Duration;

use blytz_core::wire::{ErrorCode, Problem, live::Channel};
use serde_json::json;

use super::{
    super::{
        event::{ConnectionState, LiveEvent},
        machine::{Command, Input, Output},
        request::Ticket,
    },
    server::LOTS,
    world::{World, reaction},
};
use crate::error::{Error, RetryKind};

#[test]
fn a_bid_in_flight_is_sent_again_with_its_id_and_before_all_else() {
    let mut world = World::connected();
    world.bid();
    world.server.read();
    assert_eq!(world.server.executed.len(), 1, "the server has it");
    world.cut(1006);
    assert!(world.answers.is_empty(), "and nobody was told");
    world.advance(20_000);
    world.connect(true);
    assert_eq!(world.sent_ops(), ["bid", "subscribe", "subscribe", "ping"]);
    world.settle();
    let answer = world.answers[&0].as_ref().expect("accepted");
    assert_eq!(answer["replayed"], true);
    assert_eq!(world.server.executed.len(), 1);
}

#[test]
fn a_withdrawn_bid_is_not_sent_again() {
    let mut world = World::connected();
    world.cut(1006);
    world.bid();
    world.input(Input::Command(Command::Withdraw(Ticket(0))));
    world.advance(20_000);
    world.connect(true);
    assert_eq!(world.sent_ops(), ["subscribe", "subscribe", "ping"]);
}

#[test]
fn a_reaction_does_not_outlive_its_connection() {
    let mut world = World::connected();
    world.input(Input::Command(Command::Request(Ticket(7), reaction(), 0)));
    world.cut(1006);
    world.input(Input::Command(Command::Request(Ticket(8), reaction(), 0)));
    for ticket in [7, 8] {
        let error = world.answers[&ticket].as_ref().expect_err("lost");
        assert!(error.is_unreachable());
        assert_eq!(error.retry_kind(), RetryKind::Never);
    }
}

#[test]
fn close_codes_choose_the_pause() {
    let wait_after = |code| {
        let mut world = World::connected();
        world.advance(6_000);
        world.cut(code);
        match world.state {
            Some(ConnectionState::Reconnecting { attempt: 1, wait, .. }) => (wait, world.refreshing.is_some()),
            other => panic!("{other:?}"),
        }
    };
    for code in [1000, 1001, 1006, 4408] {
        let (wait, refreshing) = wait_after(code);
        assert!(wait <= Duration::from_millis(250) && !refreshing, "{code}: {wait:?}");
    }
    assert_eq!(wait_after(4401), (Duration::ZERO, true), "a new token, at once");
    for code in [1008, 4429] {
        assert!(wait_after(code).0 >= Duration::from_secs(5), "{code}");
    }
}

#[test]
fn an_unknown_outcome_is_final_without_an_id_of_ones_own() {
    let mut world = World::connected();
    world.input(Input::Command(Command::Request(Ticket(0), reaction(), world.login.number)));
    let id = world.server.connection.as_ref().expect("connected").to_server[0]["id"].clone();
    let refusal = json!({"re": id, "error": Problem::new(ErrorCode::OutcomeUnknown, "")}).to_string();
    world.input(Input::Frame(&refusal));
    assert!(matches!(world.answers[&0], Err(Error::Unsettled(_))), "{:?}", world.answers);
}

#[test]
fn a_silent_server_is_left() {
    let mut world = World::connected();
    let silent_since = world.now;
    while world.server.connection.is_some() {
        world.advance(1_000);
    }
    assert_eq!(world.now.micros_since(silent_since), 25_000_000);
    assert!(matches!(world.state, Some(ConnectionState::Reconnecting { .. })), "{:?}", world.state);
}

#[test]
fn closing_answers_everybody() {
    let mut world = World::connected();
    world.bid();
    world.input(Input::Command(Command::Close));
    assert!(matches!(world.answers[&0], Err(Error::Closed)));
    assert!(matches!(world.state, Some(ConnectionState::Closed { .. })));
    world.bid();
    assert!(matches!(world.answers[&1], Err(Error::Closed)), "and whoever comes later");
    assert_eq!(world.machine.wake_at(), None);
}

#[test]
fn an_entry_of_an_unknown_kind_counts() {
    let mut world = World::connected();
    let head = world.server.logs[0].len() as u64;
    let frame = json!({
        "channel": Channel::Auction(LOTS[0]),
        "event": {"seq": head + 1, "at": "2026-11-22T03:04:05.000000Z", "kind": "teleported", "data": {}, "hash": "x",
                  "prev": world.server.logs[0].last().map(|entry| &entry.hash)},
    });
    world.machine.handle(world.now, 0, Input::Frame(&frame.to_string()));
    let told = std::iter::from_fn(|| world.machine.next_output())
        .any(|output| matches!(output, Output::Event(event) if matches!(*event, LiveEvent::Unknown { seq, .. } if seq == head + 1)));
    assert!(told);
}

#[test]
fn rubbish_from_the_server_changes_nothing() {
    let mut world = World::connected();
    for text in ["", "{", "[]", "null", r#"{"re":"999","ok":{}}"#, r#"{"channel":"nowhere","event":{}}"#] {
        world.input(Input::Frame(text));
    }
    assert_eq!(world.state, Some(ConnectionState::Live));
    assert!(world.is_settled());
}
