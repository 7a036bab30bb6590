//! In whose name a connection speaks, and what becomes of what was asked under another.

use std::time::Duration;

use blytz_core::{
    BidId,
    wire::{ErrorCode, Problem},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{
        event::ConnectionState,
        machine::{Command, Input, Refresh},
        request::Ticket,
    },
    world::{With, World, reaction},
};
use crate::error::{Error, RetryKind};

#[test]
fn without_a_login_it_goes_on_watching() {
    let mut world = World::connected();
    world.advance(6_000);
    world.cut(4401);
    world.refreshed(Some(Refresh::Refused));
    assert_eq!(world.connecting, Some(With(None)));
}

#[test]
fn a_login_during_the_handshake_is_told_before_all_else() {
    let mut world = World::new();
    world.log_in(false, true);
    assert_eq!(world.connecting, Some(With(None)), "a handshake in the name of whoever left begins anew");
    for told in [true, false] {
        let mut world = World::new();
        world.log_in(false, true);
        world.log_in(true, told);
        world.bid();
        world.connect(true);
        assert_eq!(world.sent_ops(), ["auth", "bid", "subscribe", "subscribe", "ping"]);
        world.settle();
        assert_eq!(world.server.executed.values().collect::<Vec<_>>(), [&world.login.number]);
        assert!(world.answers[&0].is_ok());
    }
}

#[test]
fn a_login_that_was_not_listened_to_is_brought_along_later() {
    let mut world = World::new();
    world.log_in(false, true);
    world.connect(true);
    world.settle();
    world.log_in(true, true);
    let frame = world.server.connection.as_mut().and_then(|connection| connection.to_server.pop_front());
    let frame = frame.expect("a frame");
    assert_eq!(frame["op"], "auth");
    world.server.refuse(&frame["id"], ErrorCode::RateLimited);
    world.deliver();
    assert!(matches!(world.state, Some(ConnectionState::Reconnecting { wait, .. }) if wait >= Duration::from_secs(5)));
    world.advance(10_000);
    world.input(Input::Tick);
    assert_eq!(world.connecting, Some(With(world.login.access_token.clone())));
}

#[test]
fn switching_accounts_moves_to_another_connection_and_takes_nothing_along() {
    let mut world = World::connected();
    world.bid();
    // Nobody has told the machine when the next bid is made.
    world.log_in(true, false);
    world.bid();
    assert!(matches!(world.answers[&0], Err(Error::LoginChanged)));
    assert!(world.server.connection.is_none() && !world.answers.contains_key(&1));
    world.connect(true);
    assert_eq!(world.sent_ops(), ["bid", "subscribe", "subscribe", "ping"]);
    world.settle();
    assert_eq!(world.server.executed[&BidId(Uuid::from_u128(1))], world.login.number);
    assert_eq!(world.answers[&0].as_ref().expect_err("given up").retry_kind(), RetryKind::Never);
}

#[test]
fn an_order_of_a_former_login_is_refused_however_late_it_comes() {
    let mut world = World::connected();
    let former = world.login.number;
    world.log_in(true, true);
    world.input(Input::Command(Command::Request(Ticket(0), reaction(), former)));
    assert!(matches!(world.answers[&0], Err(Error::LoginChanged)));
}

#[test]
fn logging_out_leaves_nobody_on_the_connection() {
    let mut world = World::connected();
    world.bid();
    world.log_in(false, true);
    assert!(matches!(world.answers[&0], Err(Error::LoginChanged)));
    assert_eq!((world.server.connection.is_none(), &world.connecting), (true, &Some(With(None))));
}

#[test]
fn what_became_of_a_former_login_changes_nothing() {
    let ends: [fn() -> Refresh; 3] = [|| Refresh::Refused, || Refresh::Failed, || Refresh::Token("0.1".to_owned())];
    for end in ends {
        let mut world = World::connected();
        world.advance(6_000);
        world.cut(4401);
        let stale = world.refreshing.clone().expect("asked for");
        world.log_in(true, true);
        let mine = Some(With(world.login.access_token.clone()));
        assert_eq!(world.connecting, mine, "at once, without waiting for the other's tokens");
        world.input(Input::Refreshed(stale.number, end()));
        assert_eq!(world.connecting, mine);
        world.connect(true);
        world.input(Input::Refreshed(stale.number, end()));
        assert_eq!(world.sent_ops(), ["subscribe", "subscribe", "ping"]);
        assert!(world.speaks_for_the_login());
    }
}

#[test]
fn a_refresh_elsewhere_is_told_on_the_same_connection() {
    let mut world = World::connected();
    world.bid();
    world.expire(true);
    world.input(Input::Tick);
    assert_eq!(world.sent_ops(), ["bid", "auth"]);
    world.refreshed(None);
    world.settle();
    assert!(world.answers[&0].is_ok() && world.speaks_for_the_login());
}

#[test]
fn an_expired_login_is_renewed_before_a_bid_is_given_up() {
    let mut world = World::connected();
    world.bid();
    let id = world.server.connection.as_ref().expect("connected").to_server[0]["id"].clone();
    let problem = Problem::new(ErrorCode::Unauthenticated, "expired");
    let refusal = json!({"re": id, "error": problem}).to_string();
    world.input(Input::Frame(&refusal));
    assert!(world.refreshing.is_some() && world.answers.is_empty());
    world.server.connection.as_mut().expect("connected").to_server.clear();
    world.refreshed(None);
    assert_eq!(world.sent_ops(), ["auth"], "the bid waits for the login");
    world.settle();
    assert!(world.answers[&0].is_ok());
}
