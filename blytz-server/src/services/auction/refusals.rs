//! Refusals of the last minute. A delayed copy of a refused bid must not win after its sender was
//! told no, so the process that refused it repeats the refusal for a while. Nothing of it is kept.

use std::collections::{HashMap, VecDeque};

use blytz_core::{BidId, Timestamp, UserId};

use crate::error::Error;

/// How long a refusal is repeated.
const KEPT_MICROS: i64 = 60_000_000;
/// How many a room remembers; a flood beyond this forgets its own oldest.
const MOST: usize = 50_000;

/// A bid that was refused: whose, under which id, and the fingerprint of its body.
pub type RefusedBid = (UserId, BidId, String);

/// The refusals of one room.
#[derive(Default)]
pub struct Refusals {
    by_bid: HashMap<RefusedBid, (Error, Timestamp)>,
    order: VecDeque<(RefusedBid, Timestamp)>,
}

impl Refusals {
    /// The refusal of this very bid within the last minute.
    pub fn find(&self, bid: &RefusedBid, now: Timestamp) -> Option<&Error> {
        self.by_bid.get(bid).filter(|(_, at)| now.micros_since(*at) < KEPT_MICROS).map(|(error, _)| error)
    }

    /// Remembers a refusal, unless it is a repetition.
    pub fn note(&mut self, bid: RefusedBid, error: &Error, now: Timestamp) {
        if self.find(&bid, now).is_some() {
            return;
        }
        self.by_bid.insert(bid.clone(), (error.clone(), now));
        self.order.push_back((bid, now));
        if self.order.len() > MOST {
            self.forget_oldest();
        }
    }

    /// Forgets what is older than a minute.
    pub fn forget_before(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(_, at)| now.micros_since(*at) >= KEPT_MICROS) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((bid, at)) = self.order.pop_front() else { return };
        // It may have been refused again since.
        if self.by_bid.get(&bid).is_some_and(|(_, noted)| *noted == at) {
            self.by_bid.remove(&bid);
        }
    }
}

#[cfg(test)]
mod tests {
    use blytz_core::wire::ErrorCode;

    use super::*;

    #[test]
    fn a_refusal_is_repeated_for_a_minute_and_for_the_same_body_only() {
        let bid = |body: &str| (UserId(uuid::Uuid::nil()), BidId(uuid::Uuid::nil()), body.to_owned());
        let at = Timestamp::from_micros(0);
        let mut refusals = Refusals::default();
        refusals.note(bid("a"), &Error::new(ErrorCode::AuctionNotLive, "no"), at);
        refusals.note(bid("b"), &Error::new(ErrorCode::BidTooLow, "no"), at);
        let found = |refusals: &Refusals, body: &str, millis| {
            refusals.find(&bid(body), at.plus_millis(millis)).map(Error::code)
        };
        assert_eq!(found(&refusals, "a", 59_999), Some(ErrorCode::AuctionNotLive));
        assert_eq!(found(&refusals, "b", 0), Some(ErrorCode::BidTooLow), "each body has its own");
        assert_eq!(found(&refusals, "c", 0), None);
        assert_eq!(found(&refusals, "a", 60_000), None);
        refusals.forget_before(at.plus_millis(60_000));
        assert!(refusals.by_bid.is_empty() && refusals.order.is_empty());
    }
}
