//! The machine against a model of the server, under any schedule of appends, deliveries, cuts,
//! lost and doubled entries, restores, reconnects, logins and logouts: each event once, in order, or
//! a `Resynced`; each bid done once, answered once, and in nobody's name but its maker's.

use std::collections::VecDeque;

use blytz_core::BidId;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{super::machine::Refresh, server::LOTS, world::World};
use crate::error::{Error, RetryKind};

impl World {
    fn act(&mut self, act: &Act) {
        match *act {
            Act::Append(lot) => self.server.append(lot),
            Act::Read(frames) => (0..frames).for_each(|_| self.server.read()),
            Act::Deliver(frames) => {
                for _ in 0..frames {
                    self.deliver();
                }
            }
            Act::Lose => self.disturb(|frames, index| drop(frames.remove(index))),
            Act::Double => self.disturb(|frames, index| frames.push_back(frames[index].clone())),
            Act::Cut(code) => self.cut(code),
            Act::Restore => {
                self.cut(1001);
                self.server.restore();
            }
            Act::Trim => self.server.trimmed = self.server.logs[0].len() as u64,
            Act::Connect(works) => self.connect(works),
            Act::Refreshed(0) => self.refreshed(Some(Refresh::Refused)),
            Act::Refreshed(1) => self.refreshed(Some(Refresh::Failed)),
            Act::Refreshed(_) => self.refreshed(None),
            Act::LogIn(somebody, told) => self.log_in(somebody, told),
            Act::Expire(noticed) => self.expire(noticed),
            Act::Advance(millis) => self.advance(millis),
            Act::Bid => self.bid(),
            Act::Unsure => self.server.unsure += 1,
        }
    }

    /// Does something to the first entry on its way. Answers travel in order over TCP; entries
    /// pass through the server's fan-out, which may have faults.
    fn disturb(&mut self, how: impl Fn(&mut VecDeque<Value>, usize)) {
        if let Some(connection) = &mut self.server.connection
            && let Some(index) = connection.to_client.iter().position(|frame| frame.get("event").is_some())
        {
            how(&mut connection.to_client, index);
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    Append(usize),
    Read(usize),
    Deliver(usize),
    Lose,
    Double,
    Cut(u16),
    Restore,
    Trim,
    Connect(bool),
    Refreshed(u8),
    Advance(i64),
    Bid,
    Unsure,
    LogIn(bool, bool),
    Expire(bool),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (0..LOTS.len()).prop_map(Act::Append),
        6 => (1..6_usize).prop_map(Act::Read),
        8 => (1..8_usize).prop_map(Act::Deliver),
        2 => Just(Act::Lose),
        2 => Just(Act::Double),
        3 => proptest::sample::select(vec![1000, 1001, 1006, 1008, 4401, 4408, 4429]).prop_map(Act::Cut),
        1 => Just(Act::Restore),
        1 => Just(Act::Trim),
        6 => proptest::bool::weighted(0.8).prop_map(Act::Connect),
        3 => (0..3_u8).prop_map(Act::Refreshed),
        5 => (1..8_000_i64).prop_map(Act::Advance),
        3 => Just(Act::Bid),
        1 => Just(Act::Unsure),
        2 => (proptest::bool::weighted(0.7), proptest::bool::ANY).prop_map(|(who, told)| Act::LogIn(who, told)),
        1 => proptest::bool::ANY.prop_map(Act::Expire),
    ];
    proptest::collection::vec(act, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_event_once_in_order_or_resynced(acts in acts()) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        prop_assert!(world.converges(), "stuck in {:?}", world.state);
        prop_assert!(world.forks.is_empty(), "an honest server is not accused: {:?}", world.forks);
        prop_assert!(world.speaks_for_the_login(), "{:?}", world.login);
        for (ticket, answer) in &world.answers {
            let id = BidId(Uuid::from_u128(u128::from(*ticket)));
            let maker = world.bids[*ticket as usize];
            prop_assert!(world.server.executed.get(&id).is_none_or(|name| *name == maker), "in another's name");
            match answer {
                Ok(body) => {
                    prop_assert_eq!(&body["bid_id"], &json!(id));
                    prop_assert!(world.server.executed.contains_key(&id));
                }
                Err(Error::LoginChanged) => prop_assert!(maker != world.login.number),
                Err(error) if error.status() == Some(401) => {}
                // Given up on in time or by the policy: the caller may ask again with the same id.
                Err(error) => prop_assert!(error.retry_kind() != RetryKind::Never, "{error}"),
            }
        }
    }
}
