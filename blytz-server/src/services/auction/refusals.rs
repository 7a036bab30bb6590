//! Refusals of the last minute. A delayed copy of a refused bid must not win after its sender was
//! told no, so the process that refused it repeats the refusal for a while. Nothing of it is kept.

use std::collections::{HashMap, VecDeque};

use blytz_core::{AuctionId, Timestamp};

use super::request::{Bid, RefusedBid};
use crate::error::Error;

/// How long a refusal is repeated.
const KEPT_MICROS: i64 = 60_000_000;
/// How many are remembered of one auction; a flood beyond this forgets its own oldest.
const MOST: usize = 50_000;

/// The refusals of this process.
#[derive(Default)]
pub struct Refusals {
    lots: HashMap<AuctionId, OfLot>,
    swept_at: Option<Timestamp>,
}

/// The refusals of one auction.
#[derive(Default)]
struct OfLot {
    by_bid: HashMap<RefusedBid, (Error, Timestamp)>,
    order: VecDeque<(RefusedBid, Timestamp)>,
}

impl Refusals {
    /// What these very bids were told, and when.
    pub fn of<'a>(
        &self,
        id: AuctionId,
        bids: impl Iterator<Item = &'a Bid>,
    ) -> HashMap<RefusedBid, (Error, Timestamp)> {
        let Some(lot) = self.lots.get(&id) else { return HashMap::new() };
        bids.map(Bid::refused).filter_map(|key| lot.by_bid.get(&key).cloned().map(|refused| (key, refused))).collect()
    }

    /// Remembers a refusal, unless it is a repetition.
    pub fn note(&mut self, id: AuctionId, bid: RefusedBid, error: &Error, now: Timestamp) {
        self.sweep(now);
        let lot = self.lots.entry(id).or_default();
        lot.forget_before(now);
        if lot.by_bid.contains_key(&bid) {
            return;
        }
        lot.by_bid.insert(bid.clone(), (error.clone(), now));
        lot.order.push_back((bid, now));
        if lot.order.len() > MOST {
            lot.forget_oldest();
        }
    }

    /// Once a minute every auction forgets, those on which nobody bids any more too.
    fn sweep(&mut self, now: Timestamp) {
        if self.swept_at.is_some_and(|swept_at| is_current(swept_at, now)) {
            return;
        }
        self.swept_at = Some(now);
        self.lots.retain(|_, lot| {
            lot.forget_before(now);
            !lot.order.is_empty()
        });
    }
}

/// Whether what was said then is still repeated.
pub const fn is_current(at: Timestamp, now: Timestamp) -> bool {
    now.micros_since(at) < KEPT_MICROS
}

impl OfLot {
    /// Forgets what is older than a minute.
    fn forget_before(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(_, at)| !is_current(*at, now)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((bid, _)) = self.order.pop_front() else { return };
        self.by_bid.remove(&bid);
    }
}

#[cfg(test)]
mod tests {
    use blytz_core::{BidId, Currency, Money, UserId, auction::BidKind, wire::ErrorCode};
    use uuid::Uuid;

    use super::*;

    fn bid(amount: i64) -> Bid {
        let kind = BidKind::Exact(Money::new(amount, Currency::MYR));
        Bid::new(UserId(Uuid::nil()), BidId(Uuid::nil()), kind, None, false)
    }

    #[test]
    fn a_refusal_is_repeated_for_a_minute_and_for_the_same_body_only() {
        let (one, other) = (AuctionId(Uuid::nil()), AuctionId(Uuid::max()));
        let at = Timestamp::from_micros(0);
        let key = |amount| bid(amount).refused();
        let mut refusals = Refusals::default();
        refusals.note(one, key(1), &Error::new(ErrorCode::AuctionNotLive, "no"), at);
        refusals.note(one, key(2), &Error::new(ErrorCode::BidTooLow, "no"), at);
        let found = |refusals: &Refusals, id, amount, millis| {
            let found = refusals.of(id, std::iter::once(&bid(amount)));
            let current = found.into_values().find(|(_, noted)| is_current(*noted, at.plus_millis(millis)));
            current.map(|(error, _)| error.code())
        };
        assert_eq!(found(&refusals, one, 1, 59_999), Some(ErrorCode::AuctionNotLive));
        assert_eq!(found(&refusals, one, 2, 0), Some(ErrorCode::BidTooLow), "each body has its own");
        assert_eq!(found(&refusals, one, 3, 0), None);
        assert_eq!(found(&refusals, other, 1, 0), None, "and each auction");
        assert_eq!(found(&refusals, one, 1, 60_000), None);
        refusals.note(other, key(1), &Error::new(ErrorCode::BidTooLow, "no"), at.plus_millis(60_000));
        assert_eq!(refusals.lots.keys().collect::<Vec<_>>(), [&other], "what is old is forgotten");
    }
}
