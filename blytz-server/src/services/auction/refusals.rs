//! Refusals of the last minute. A delayed copy of a refused bid must not win after its sender was
//! told no, so the process that refused it repeats the refusal for a while. Nothing of it is kept.

use std::collections::{HashMap, VecDeque};

use blytz_core::{BidId, Timestamp, UserId};

use crate::error::Error;

/// How long a refusal is repeated.
const KEPT_MICROS: i64 = 60_000_000;
/// How many a room remembers; a flood beyond this forgets its own oldest.
const MOST: usize = 50_000;

struct Refusal {
    fingerprint: String,
    error: Error,
    at: Timestamp,
}

/// The refusals of one room.
#[derive(Default)]
pub(super) struct Refusals {
    by_bid: HashMap<(UserId, BidId), Refusal>,
    order: VecDeque<(UserId, BidId, Timestamp)>,
}

impl Refusals {
    /// The refusal of this very bid within the last minute.
    pub(super) fn find(&self, bidder: UserId, bid_id: BidId, fingerprint: &str, now: Timestamp) -> Option<&Error> {
        let refusal = self.by_bid.get(&(bidder, bid_id))?;
        let same = refusal.fingerprint == fingerprint && now.micros_since(refusal.at) < KEPT_MICROS;
        same.then_some(&refusal.error)
    }

    /// Remembers a refusal, unless it is a repetition.
    pub(super) fn note(&mut self, bidder: UserId, bid_id: BidId, fingerprint: String, error: &Error, now: Timestamp) {
        if self.find(bidder, bid_id, &fingerprint, now).is_some() {
            return;
        }
        self.by_bid.insert((bidder, bid_id), Refusal { fingerprint, error: error.clone(), at: now });
        self.order.push_back((bidder, bid_id, now));
        if self.order.len() > MOST {
            self.forget_oldest();
        }
    }

    /// Forgets what is older than a minute.
    pub(super) fn forget_before(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(_, _, at)| now.micros_since(*at) >= KEPT_MICROS) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((bidder, bid_id, at)) = self.order.pop_front() else { return };
        // The id may have been refused again since, with another body.
        if self.by_bid.get(&(bidder, bid_id)).is_some_and(|refusal| refusal.at == at) {
            self.by_bid.remove(&(bidder, bid_id));
        }
    }
}

#[cfg(test)]
mod tests {
    use blytz_core::wire::ErrorCode;

    use super::*;

    #[test]
    fn a_refusal_is_repeated_for_a_minute_and_for_the_same_body_only() {
        let (bidder, bid_id) = (UserId(uuid::Uuid::nil()), BidId(uuid::Uuid::nil()));
        let at = Timestamp::from_micros(0);
        let mut refusals = Refusals::default();
        refusals.note(bidder, bid_id, "a".into(), &Error::new(ErrorCode::AuctionNotLive, "no"), at);
        let found = |refusals: &Refusals, body: &str, millis| {
            refusals.find(bidder, bid_id, body, at.plus_millis(millis)).map(Error::code)
        };
        assert_eq!(found(&refusals, "a", 59_999), Some(ErrorCode::AuctionNotLive));
        assert_eq!(found(&refusals, "b", 0), None);
        assert_eq!(found(&refusals, "a", 60_000), None);
        refusals.forget_before(at.plus_millis(60_000));
        assert!(refusals.by_bid.is_empty() && refusals.order.is_empty());
    }
}
