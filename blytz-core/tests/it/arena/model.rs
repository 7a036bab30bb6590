//! A second opinion: English bidding written down again, slowly and from the published rules'
//! words alone. The model keeps nothing but the list of accepted bids; who leads, at which price
//! and with which max it works out from the whole list, every time anew.

use std::collections::BTreeSet;

use super::{OPENS, myr};
use blytz_core::{
    BidId, Timestamp, UserId,
    auction::{BidKind, Rejection},
    wire::auction::{BelowReserve, BidOutcome, Increment, RulesInput, SoftCloseMode},
};

#[derive(Clone, Copy)]
struct Accepted {
    bidder: UserId,
    bid_id: BidId,
    amount: i64,
    exact: bool,
    raise: bool,
}

pub struct Model<'a> {
    rules: &'a RulesInput,
    /// All that was accepted and not struck, in order.
    bids: Vec<Accepted>,
    struck: Vec<Accepted>,
    blocked: BTreeSet<UserId>,
    any_bid_ever: bool,
    reserve_ever_met: bool,
    opens_at: Timestamp,
    pub closes_at: Timestamp,
    pub extensions: u64,
    bought: Option<UserId>,
    last_at: Timestamp,
}

impl<'a> Model<'a> {
    /// An auction under these rules that opened at [`OPENS`].
    pub fn opened(rules: &'a RulesInput) -> Self {
        Self {
            rules,
            bids: vec![],
            struck: vec![],
            blocked: BTreeSet::new(),
            any_bid_ever: false,
            reserve_ever_met: false,
            opens_at: OPENS,
            closes_at: OPENS.plus_millis(rules.duration_ms),
            extensions: 0,
            bought: None,
            last_at: OPENS,
        }
    }

    pub fn bid_count(&self) -> u64 {
        self.bids.iter().filter(|bid| !bid.raise).count() as u64
    }

    fn step(&self, price: i64) -> i64 {
        match self.rules.increment.as_ref().expect("English rules have one") {
            Increment::Fixed(step) => *step,
            Increment::Table(rows) => rows.iter().take_while(|row| row.from <= price).last().expect("from 0 on").step,
            Increment::Named(_) => panic!("the strategy names no table"),
        }
    }

    /// Who leads after the first `n` bids and how far they go: the highest, the earliest of equals.
    fn leader(&self, n: usize) -> Option<(UserId, i64)> {
        let highest = self.bids[..n].iter().map(|bid| bid.amount).max()?;
        let first = self.bids[..n].iter().find(|bid| bid.amount == highest)?;
        Some((first.bidder, highest))
    }

    fn reserve(&self) -> Option<i64> {
        self.rules.reserve_price.map(|price| price.amount)
    }

    /// The price after the first `n` bids.
    fn price(&self, n: usize) -> Option<i64> {
        let bid = self.bids[..n].last()?;
        let (_, max) = self.leader(n)?;
        let before = self.price(n - 1).zip(self.leader(n - 1));
        let by_bids = match before {
            None if bid.exact => bid.amount,
            None => self.rules.starting_price.amount,
            Some((price, (leader, _))) if leader == bid.bidder => price,
            Some((price, (_, old_max))) => {
                let newcomer_leads = bid.amount > old_max;
                let loser = if newcomer_leads { old_max } else { bid.amount };
                let winner = if newcomer_leads { bid.amount } else { old_max };
                let by_proxy = price.max(winner.min(loser + self.step(loser)));
                if newcomer_leads && bid.exact { bid.amount } else { by_proxy }
            }
        };
        Some(match self.reserve() {
            Some(reserve) if max >= reserve => by_bids.max(reserve),
            Some(_) if self.rules.below_reserve == Some(BelowReserve::Full) => max,
            _ => by_bids,
        })
    }

    pub fn current_price(&self) -> Option<i64> {
        if self.bought.is_some() {
            return self.rules.buy_now_price.map(|price| price.amount);
        }
        self.price(self.bids.len())
    }

    pub fn current_leader(&self) -> Option<(UserId, i64)> {
        self.bought.map_or_else(|| self.leader(self.bids.len()), |buyer| Some((buyer, i64::MAX)))
    }

    pub fn next_minimum(&self) -> i64 {
        self.current_price().map_or(self.rules.starting_price.amount, |price| price + self.step(price))
    }

    pub fn reserve_met(&self) -> Option<bool> {
        self.reserve().map(|reserve| self.current_leader().is_some_and(|(_, max)| max >= reserve))
    }

    pub fn buy_now(&self) -> Option<i64> {
        let over = if self.reserve().is_some() { self.reserve_ever_met } else { self.any_bid_ever };
        self.rules.buy_now_price.map(|price| price.amount).filter(|_| !over && self.bought.is_none())
    }

    fn is_live(&self, at: Timestamp) -> bool {
        self.bought.is_none() && at < self.closes_at
    }

    fn stamp(&self, now: Timestamp) -> Timestamp {
        now.max(self.last_at.plus_micros(1))
    }

    pub fn bid(
        &mut self,
        now: Timestamp,
        bidder: UserId,
        bid_id: BidId,
        bid: BidKind,
    ) -> Result<BidOutcome, Rejection> {
        let at = self.stamp(now);
        if self.blocked.contains(&bidder) {
            return Err(Rejection::Blocked);
        }
        if !self.is_live(at) {
            return Err(Rejection::AuctionClosed);
        }
        let leads = self.current_leader().filter(|(leader, _)| *leader == bidder);
        let buys = match (bid, self.buy_now()) {
            (BidKind::BuyNow, None) => return Err(Rejection::BuyNowUnavailable),
            (BidKind::BuyNow, Some(_)) => true,
            (BidKind::Exact(amount), Some(price)) => amount.amount >= price,
            (BidKind::Exact(_) | BidKind::Max(_), _) => false,
        };
        let exact = !matches!(bid, BidKind::Max(_));
        let amount = bid.money().map_or(0, |money| money.amount);
        if !buys {
            match leads {
                Some(_) if exact => return Err(Rejection::AlreadyLeading),
                Some((_, max)) if amount <= max => return Err(Rejection::MaxNotRaised),
                None if amount < self.next_minimum() => {
                    return Err(Rejection::BidTooLow { next_minimum: myr(self.next_minimum()) });
                }
                Some(_) | None => {}
            }
        }
        self.last_at = at;
        self.any_bid_ever = true;
        self.bids.push(Accepted { bidder, bid_id, amount, exact, raise: leads.is_some() && !buys });
        if buys {
            self.bought = Some(bidder);
            self.closes_at = at;
        } else if leads.is_none() {
            self.extend(at);
        }
        self.reserve_ever_met |= self.reserve_met() == Some(true);
        Ok(match self.current_leader() {
            _ if buys => BidOutcome::Won,
            Some((leader, _)) if leader == bidder => BidOutcome::Leading,
            _ => BidOutcome::Outbid,
        })
    }

    fn extend(&mut self, at: Timestamp) {
        let Some(soft_close) = self.rules.soft_close else { return };
        if self.closes_at.micros_since(at) >= soft_close.trigger_ms * 1_000 {
            return;
        }
        let mut wanted = match soft_close.mode {
            SoftCloseMode::Reset => self.closes_at.max(at.plus_millis(soft_close.extend_ms)),
            SoftCloseMode::Add => self.closes_at.plus_millis(soft_close.extend_ms),
        };
        if let Some(most) = soft_close.max_total_ms {
            wanted = wanted.min(self.opens_at.plus_millis(self.rules.duration_ms + most));
        }
        if wanted > self.closes_at {
            self.closes_at = wanted;
            self.extensions += 1;
        }
    }

    pub fn void(
        &mut self,
        now: Timestamp,
        bid_id: BidId,
        bidder: Option<UserId>,
        block: bool,
    ) -> Result<(), Rejection> {
        let accepted = self.bids.iter().chain(&self.struck).filter(|bid| bid.bid_id == bid_id);
        let bearers: BTreeSet<UserId> = accepted.map(|bid| bid.bidder).collect();
        let bidder = match bidder {
            Some(bidder) if bearers.contains(&bidder) => bidder,
            None if bearers.len() > 1 => return Err(Rejection::SharedBidId),
            None => *bearers.first().ok_or(Rejection::NotFound)?,
            Some(_) => return Err(Rejection::NotFound),
        };
        let Some(place) = self.bids.iter().position(|bid| (bid.bid_id, bid.bidder) == (bid_id, bidder)) else {
            return Ok(());
        };
        let at = self.stamp(now);
        if !self.is_live(at) {
            return Err(Rejection::AuctionClosed);
        }
        self.last_at = at;
        let (earlier, later) = self.bids.split_at(place);
        let (falls, stays): (Vec<_>, Vec<_>) = later.iter().partition(|bid| bid.bidder == bidder);
        self.struck.extend(falls);
        self.bids = earlier.iter().copied().chain(stays).collect();
        if block {
            self.blocked.insert(bidder);
        }
        if self.rules.soft_close.is_some() {
            self.extend(at);
        } else if self.closes_at.micros_since(at) < 30_000_000 {
            self.closes_at = at.plus_millis(30_000);
            self.extensions += 1;
        }
        Ok(())
    }

    pub fn unblock(&mut self, now: Timestamp, bidder: UserId) -> Result<(), Rejection> {
        if !self.blocked.contains(&bidder) {
            return Ok(());
        }
        let at = self.stamp(now);
        if !self.is_live(at) {
            return Err(Rejection::AuctionClosed);
        }
        self.last_at = at;
        self.blocked.remove(&bidder);
        Ok(())
    }
}
