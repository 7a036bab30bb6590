//! Deciding a log again although some maxes stay closed.
//!
//! A winner's maxes above the price may be closed. A fresh engine gets the largest amounts in their
//! place that the log allows: at first as large as money goes, less once the log shows a bid that
//! beat one (and was voided since). The largest that is allowed satisfies every other event, too,
//! if any amount does, so one line of replays finds out whether there are such amounts. What is
//! needed to replay is kept from the first closed max on, in a fraction of the log's size.
//!
//! How often a log makes it go back, and over how many bids its voids go, is for whoever made the log
//! to say. So both are counted, and a log that takes many times what its length does is refused.

use super::{
    Flaw,
    opened::OpenedRules,
    openings::Bid,
    retrial::{Given, Retrial, Seen, Stop},
};
use crate::{
    AuctionId, Currency, Money, Timestamp, UserId,
    auction::Auction,
    money::MAX_AMOUNT,
    wire::auction::{BidOutcome, EventData},
};

/// A log whose hashes and commitments fit, on the way of being decided again.
#[derive(Debug)]
pub(super) struct Replay {
    auction_id: AuctionId,
    rules: OpenedRules,
    closed: Closed,
    retrial: Retrial,
    kept: Option<Kept>,
    work: Work,
}

/// What deciding the log has taken so far, in steps of some hundred nanoseconds.
#[derive(Debug, Default)]
struct Work {
    taken: u64,
    allowed: u64,
}

impl Work {
    /// What any log may take, whatever its length.
    const ANYWAY: u64 = 4_000_000;
    /// What it may take for each event.
    const FOR_EACH: u64 = 500;
    /// How many bids a void goes over in one step.
    const BIDS_PER_STEP: u64 = 16;

    fn next_event(&mut self) {
        self.allowed += Self::FOR_EACH;
    }

    fn take(&mut self, seq: u64, data: &EventData, bids: usize) -> Result<(), Flaw> {
        let over = if matches!(data, EventData::Voided { .. }) { bids as u64 } else { 0 };
        self.taken += 1 + over / Self::BIDS_PER_STEP;
        if self.taken <= Self::ANYWAY + self.allowed {
            return Ok(());
        }
        let what = "so many voids over so many bids, or over maxes that stay closed, take longer to decide again than \
                    this checker gives them; of closed maxes the winner's own proof, or an admin's, has none";
        Err(Flaw::at(seq, what))
    }
}

/// What stands in for the closed maxes. Of one bidder's bids that stand each is above the one before,
/// so these are, too; only who was let in again after a void may begin lower.
#[derive(Debug)]
struct Closed {
    of: Option<UserId>,
    at_most: Vec<i64>,
    amounts: Vec<i64>,
    /// For each that was met: the one before that stood then.
    above: Vec<Option<usize>>,
}

impl Closed {
    fn new(number: usize) -> Self {
        let at_most: Vec<i64> = (0..).map(|below| MAX_AMOUNT - below).take(number).collect();
        let at_most: Vec<i64> = at_most.into_iter().rev().collect();
        Self { of: None, amounts: at_most.clone(), at_most, above: Vec::new() }
    }

    /// The largest amounts within the bounds.
    fn settle(&mut self) {
        self.amounts.clone_from(&self.at_most);
        for (which, before) in self.above.iter().enumerate().rev() {
            if let Some(before) = *before {
                self.amounts[before] = self.amounts[before].min(self.amounts[which] - 1);
            }
        }
    }
}

/// The log from the first closed max on.
#[derive(Debug)]
struct Kept {
    start: Retrial,
    first_seq: u64,
    events: Vec<(Timestamp, Gist)>,
}

/// All that an event says which has been found to follow by the rules: without commitments, in the
/// rules' currency.
#[derive(Debug)]
enum Gist {
    Bid {
        bid: usize,
        outcome: BidOutcome,
        price: Option<i64>,
        leader: Option<UserId>,
        next_minimum: Option<i64>,
        closes_at: Timestamp,
        bid_count: u64,
    },
    Raise {
        bid: usize,
        price: Option<i64>,
        leader: Option<UserId>,
        next_minimum: Option<i64>,
    },
    Other(Box<EventData>),
}

impl Replay {
    pub(super) fn new(auction_id: AuctionId, rules: OpenedRules, closed: usize) -> Self {
        Self {
            auction_id,
            rules,
            closed: Closed::new(closed),
            retrial: Retrial::default(),
            kept: None,
            work: Work::default(),
        }
    }

    /// Decides the next event again. `bids` are those up to it.
    pub(super) fn entry(&mut self, seen: &Seen<'_>, bids: &[Bid]) -> Result<(), Flaw> {
        let closed = seen.bid.and_then(|which| bids.get(which)).filter(|bid| bid.offer.is_none());
        if let (Some(bid), None) = (closed, &self.kept) {
            self.closed.of = bid.bidder;
            self.kept = Some(Kept { start: self.retrial.clone(), first_seq: seen.seq, events: Vec::new() });
        }
        if closed.is_some() {
            self.closed.above.push(self.retrial.last_closed());
        }
        self.work.next_event();
        self.work.take(seen.seq, seen.data, bids.len())?;
        let mut followed = self.retrial.go(seen, given(self.auction_id, &self.rules, &self.closed, bids));
        while let Err(stop) = followed {
            let (bound, kept) = match (stop, &self.kept) {
                (Stop::Less(bound, _), Some(kept)) => (bound, kept),
                (Stop::Flaw(flaw) | Stop::Less(_, flaw), _) => return Err(flaw),
            };
            // Every bound is lower than the amount it replaces, so this ends.
            self.closed.at_most[bound.which] = bound.at_most;
            self.closed.settle();
            self.retrial = kept.start.clone();
            let given = given(self.auction_id, &self.rules, &self.closed, bids);
            followed = kept.again(&mut self.retrial, seen, given, &mut self.work);
        }
        if let Some(kept) = &mut self.kept {
            kept.events.push((seen.at, Gist::of(seen)));
        }
        Ok(())
    }

    /// The auction as the fresh engine leaves it.
    pub(super) fn finish(self) -> Result<Auction, Flaw> {
        let auction = self.retrial.end()?;
        let price = auction.public(auction.last_at()).price.map_or(0, |price| price.amount);
        if self.closed.amounts.iter().any(|amount| *amount <= price) {
            return Err(Flaw::general("a max that is not above the price must be opened"));
        }
        Ok(auction)
    }
}

fn given<'a>(auction_id: AuctionId, rules: &'a OpenedRules, closed: &'a Closed, bids: &'a [Bid]) -> Given<'a> {
    Given { auction_id, rules, bids, closed: &closed.amounts, closed_of: closed.of }
}

impl Kept {
    /// Takes a retrial from the first closed max to this event.
    fn again(&self, retrial: &mut Retrial, seen: &Seen<'_>, given: Given<'_>, work: &mut Work) -> Result<(), Stop> {
        for (seq, (at, gist)) in (self.first_seq..).zip(&self.events) {
            let (bid, data) = gist.told(given);
            work.take(seen.seq, &data, given.bids.len()).map_err(Stop::Flaw)?;
            retrial.go(&Seen { seq, at: *at, data: &data, bid }, given)?;
        }
        retrial.go(seen, given)
    }
}

impl Gist {
    fn of(seen: &Seen<'_>) -> Self {
        let amount = |money: &Option<Money>| money.map(|money| money.amount);
        match (seen.data, seen.bid) {
            (EventData::Bid { outcome, price, leader, next_minimum, closes_at, bid_count, .. }, Some(bid)) => {
                Self::Bid {
                    bid,
                    outcome: *outcome,
                    price: amount(price),
                    leader: *leader,
                    next_minimum: amount(next_minimum),
                    closes_at: *closes_at,
                    bid_count: *bid_count,
                }
            }
            (EventData::MaxRaised { price, leader, next_minimum, .. }, Some(bid)) => {
                Self::Raise { bid, price: amount(price), leader: *leader, next_minimum: amount(next_minimum) }
            }
            (data, _) => Self::Other(Box::new(data.clone())),
        }
    }

    /// The event again, and its place among the bids.
    fn told<'a>(&'a self, given: Given<'_>) -> (Option<usize>, std::borrow::Cow<'a, EventData>) {
        use std::borrow::Cow;
        let currency: Currency = given.rules.view.currency;
        let money = |amount: &Option<i64>| amount.map(|amount| Money::new(amount, currency));
        match self {
            Self::Bid { bid, outcome, price, leader, next_minimum, closes_at, bid_count } => {
                let data = EventData::Bid {
                    bid_id: given.bids[*bid].id,
                    // In English auctions, which alone have maxes, the log names the bidder.
                    bidder: given.bids[*bid].bidder,
                    outcome: *outcome,
                    price: money(price),
                    leader: *leader,
                    next_minimum: money(next_minimum),
                    closes_at: *closes_at,
                    bid_count: *bid_count,
                    commitment: String::new(),
                };
                (Some(*bid), Cow::Owned(data))
            }
            Self::Raise { bid, price, leader, next_minimum } => {
                let data = EventData::MaxRaised {
                    bid_id: given.bids[*bid].id,
                    price: money(price),
                    leader: *leader,
                    next_minimum: money(next_minimum),
                    commitment: String::new(),
                };
                (Some(*bid), Cow::Owned(data))
            }
            Self::Other(data) => (None, Cow::Borrowed(data)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BidId;

    fn voided() -> EventData {
        EventData::Voided {
            bid_id: BidId(uuid::Uuid::nil()),
            bid_seq: 1,
            by: crate::wire::auction::VoidedBy::Seller,
            block: true,
            struck: Vec::new(),
            reason: String::new(),
            price: None,
            leader: None,
            next_minimum: None,
            reserve_met: None,
            bid_count: 0,
            closes_at: Timestamp::from_micros(0),
        }
    }

    /// How many steps a log of so many events is given before it is refused, when all it has are voids
    /// over so many bids.
    fn steps_given(events: u64, bids: usize) -> u64 {
        let mut work = Work::default();
        (0..events).for_each(|_| work.next_event());
        while work.take(1, &voided(), bids).is_ok() {}
        work.taken
    }

    #[test]
    fn the_steps_that_a_log_may_take_grow_with_its_length_and_with_nothing_else() {
        for (events, bids) in [(0, 0), (0, 1_000_000), (4_000, 0), (4_000, 4_000), (100_000, 1_000)] {
            let (given, last) = (Work::ANYWAY + Work::FOR_EACH * events, 1 + bids as u64 / Work::BIDS_PER_STEP);
            let taken = steps_given(events, bids);
            assert!(given < taken && taken <= given + last, "{events} events, {bids} bids: {taken}");
        }
    }
}
