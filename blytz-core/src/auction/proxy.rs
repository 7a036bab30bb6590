//! English bidding: exact bids and maxes, the reserve and buy-now. An exact bid is a max of its
//! amount that does not hide.

use std::sync::Arc;

use super::{
    bid::{Accepted, BidKind, Lead, Stake},
    rejection::Rejection,
    terms::EnglishTerms,
};
use crate::{Currency, Money, UserId, money::MAX_AMOUNT, wire::auction::BelowReserve};

/// An English auction: its terms, and what bids have come to under them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EnglishSale {
    pub(super) terms: Arc<EnglishTerms>,
    pub(super) lead: Option<Lead>,
    pub(super) reserve: ReserveReached,
}

/// Whether the leader reaches the reserve; never, where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReserveReached {
    Never,
    Now,
    /// A void took the lead below it again. A buy-now that ended with it is not reopened.
    Before,
}

/// What an acceptable bid comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ruling {
    /// The lot is bought at the buy-now price.
    Sold { price: i64 },
    /// This leads from now on: the bid, the one that beats it, or the leader's that went further.
    Leads(Accepted, Lead),
}

impl EnglishSale {
    pub(super) const fn new(terms: Arc<EnglishTerms>) -> Self {
        Self { terms, lead: None, reserve: ReserveReached::Never }
    }

    /// The buy-now price while it is open: until the first bid, or until the reserve is first met.
    pub(super) fn buy_now(&self, bids_taken: bool) -> Option<i64> {
        let ended = if self.terms.reserve.is_some() { self.reserve != ReserveReached::Never } else { bids_taken };
        self.terms.buy_now.filter(|_| !ended)
    }

    /// Whether a lead that goes so far meets a reserve that was not met.
    pub(super) fn newly_meets(&self, amount: i64) -> bool {
        self.reserve != ReserveReached::Now && self.terms.reserve.is_some_and(|reserve| amount >= reserve)
    }

    /// Decides a bid; `stake.amount` is that of `bid`.
    pub(super) fn decide(
        &self,
        bids_taken: bool,
        bid: BidKind,
        stake: Stake,
        currency: Currency,
    ) -> Result<Ruling, Rejection> {
        match (bid, self.buy_now(bids_taken)) {
            (BidKind::BuyNow, None) => return Err(Rejection::BuyNowUnavailable),
            (BidKind::BuyNow, Some(price)) => return Ok(Ruling::Sold { price }),
            (BidKind::Exact(_), Some(price)) if stake.amount >= price => return Ok(Ruling::Sold { price }),
            (BidKind::Exact(_) | BidKind::Max(_), _) => {}
        }
        let own = self.lead.filter(|lead| lead.stake.bidder == stake.bidder);
        let minimum = self.terms.next_minimum(self.lead);
        let accepted = match own {
            Some(_) if bid.is_exact() => return Err(Rejection::AlreadyLeading),
            Some(own) if stake.amount <= own.stake.amount => return Err(Rejection::MaxNotRaised),
            Some(_) => Accepted::Raise,
            None if stake.amount < minimum => {
                return Err(Rejection::BidTooLow { next_minimum: Money::new(minimum, currency) });
            }
            None => Accepted::Bid,
        };
        Ok(Ruling::Leads(accepted, self.terms.place(self.lead, stake, bid.is_exact())))
    }

    /// The lead after a logged bid, when this is the leader: who keeps it, takes it, or goes further.
    pub(super) fn led_by(&self, leader: UserId, stake: Stake, accepted: Accepted) -> Option<Stake> {
        match self.lead.map(|lead| lead.stake) {
            Some(own) if leader == stake.bidder && accepted == Accepted::Raise => {
                Some(Stake { amount: stake.amount, ..own })
            }
            _ if leader == stake.bidder => Some(stake),
            before => before.filter(|before| leader == before.bidder),
        }
    }

    /// The lead after a void, and whether it reaches the reserve.
    pub(super) fn void(&mut self, lead: Option<Lead>, reserve_met: bool) {
        self.lead = lead;
        self.reserve = match self.reserve {
            _ if reserve_met => ReserveReached::Now,
            ReserveReached::Never => ReserveReached::Never,
            ReserveReached::Now | ReserveReached::Before => ReserveReached::Before,
        };
    }

    /// Who pays what if it closes as it stands.
    pub(super) fn result(&self) -> Option<Lead> {
        self.lead.filter(|lead| self.terms.reserve.is_none_or(|reserve| lead.meets(reserve)))
    }
}

impl EnglishTerms {
    /// The least that somebody who does not lead must bid.
    pub(super) fn next_minimum(&self, lead: Option<Lead>) -> i64 {
        lead.map_or(self.starting_price, |lead| self.steps.above(lead.price))
    }

    /// The next minimum as it is shown: none when money can't go that far.
    pub(super) fn shown_minimum(&self, lead: Option<Lead>) -> Option<i64> {
        Some(self.next_minimum(lead)).filter(|minimum| *minimum <= MAX_AMOUNT)
    }

    /// The lead after a bid: rules 2 to 5, without asking whether the bid was high enough. That
    /// makes it the step of a recomputation after a void, too.
    pub(super) fn place(&self, lead: Option<Lead>, stake: Stake, exact: bool) -> Lead {
        let placed = match lead {
            None => Lead { stake, price: if exact { stake.amount } else { self.starting_price } },
            Some(lead) if lead.stake.bidder == stake.bidder => {
                let amount = lead.stake.amount.max(stake.amount);
                Lead { stake: Stake { amount, ..lead.stake }, price: lead.price }
            }
            Some(Lead { stake: beaten, price }) if stake.amount > beaten.amount => {
                let needed = stake.amount.min(self.steps.above(beaten.amount));
                Lead { stake, price: if exact { stake.amount } else { price.max(needed) } }
            }
            Some(Lead { stake: leader, price }) => {
                Lead { stake: leader, price: price.max(leader.amount.min(self.steps.above(stake.amount))) }
            }
        };
        self.lifted_to_reserve(placed)
    }

    /// Rule 5: a leader who reaches the reserve pays at least that; until then `full` shows their max.
    fn lifted_to_reserve(&self, lead: Lead) -> Lead {
        let price = match (self.reserve, self.below_reserve) {
            (Some(reserve), _) if lead.meets(reserve) => lead.price.max(reserve),
            (Some(_), BelowReserve::Full) => lead.stake.amount,
            (Some(_), BelowReserve::Proxy) | (None, _) => lead.price,
        };
        Lead { price, ..lead }
    }
}
