//! English bidding: exact bids and maxes, the reserve and buy-now. An exact bid is a max of its
//! amount that does not hide.

use super::{command::BidKind, event::Stake, rejection::Rejection, rules::EnglishTerms};
use crate::{Money, money::MAX_AMOUNT, wire::auction::BelowReserve};

/// Where an English auction stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct English {
    pub(super) lead: Option<Lead>,
    pub(super) reserve_met: bool,
    /// Stays when a void takes the lead below the reserve again: a buy-now ended is not reopened.
    pub(super) reserve_ever_met: bool,
}

/// Who leads, how far they go, and what they would pay now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) stake: Stake,
    pub(super) price: i64,
}

impl Lead {
    pub(super) fn meets(&self, reserve: i64) -> bool {
        self.stake.amount >= reserve
    }
}

/// One bid to be placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) stake: Stake,
    pub(super) exact: bool,
}

/// What an acceptable bid does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Bought at the buy-now price.
    Won { price: i64 },
    /// A bid of somebody who did not lead.
    Placed(Lead),
    /// The leader goes further.
    Raised(Lead),
}

impl English {
    /// The least that somebody who does not lead must bid.
    pub(super) fn next_minimum(&self, terms: &EnglishTerms) -> i64 {
        self.lead.map_or(terms.starting_price, |lead| terms.steps.above(lead.price))
    }

    /// The next minimum as it is shown: none when money can't go that far.
    pub(super) fn shown_minimum(&self, terms: &EnglishTerms) -> Option<i64> {
        Some(self.next_minimum(terms)).filter(|minimum| *minimum <= MAX_AMOUNT)
    }

    /// The buy-now price while it is open: until the first bid, or until the reserve is first met.
    pub(super) fn buy_now(&self, terms: &EnglishTerms, bids_taken: bool) -> Option<i64> {
        let ended = if terms.reserve.is_some() { self.reserve_ever_met } else { bids_taken };
        terms.buy_now.filter(|_| !ended)
    }

    /// Decides a bid; `stake.amount` is that of `bid`.
    pub(super) fn decide(
        &self,
        terms: &EnglishTerms,
        bids_taken: bool,
        bid: BidKind,
        stake: Stake,
    ) -> Result<Verdict, Rejection> {
        let buy_now = self.buy_now(terms, bids_taken);
        let money = match (bid, buy_now) {
            (BidKind::BuyNow, Some(price)) => return Ok(Verdict::Won { price }),
            (BidKind::BuyNow, None) => return Err(Rejection::BuyNowUnavailable),
            (BidKind::Exact(amount), Some(price)) if amount.amount >= price => return Ok(Verdict::Won { price }),
            (BidKind::Exact(money) | BidKind::Max(money), _) => money,
        };
        let exact = matches!(bid, BidKind::Exact(_));
        let offer = Offer { stake, exact };
        if let Some(lead) = self.lead.filter(|lead| lead.stake.bidder == stake.bidder) {
            return match () {
                () if exact => Err(Rejection::AlreadyLeading),
                () if stake.amount <= lead.stake.amount => Err(Rejection::MaxNotRaised),
                () => Ok(Verdict::Raised(place(Some(lead), offer, terms))),
            };
        }
        let minimum = self.next_minimum(terms);
        if stake.amount < minimum {
            return Err(Rejection::BidTooLow { next_minimum: Money::new(minimum, money.currency) });
        }
        Ok(Verdict::Placed(place(self.lead, offer, terms)))
    }
}

/// The lead after an offer: rules 2 to 5, without asking whether the offer was high enough. That
/// makes it the step of a recomputation after a void, too.
pub(super) fn place(lead: Option<Lead>, offer: Offer, terms: &EnglishTerms) -> Lead {
    let Offer { stake, exact } = offer;
    let placed = match lead {
        None => Lead { stake, price: if exact { stake.amount } else { terms.starting_price } },
        Some(lead) if lead.stake.bidder == stake.bidder => {
            let amount = lead.stake.amount.max(stake.amount);
            Lead { stake: Stake { amount, ..lead.stake }, price: lead.price }
        }
        Some(Lead { stake: beaten, price }) if stake.amount > beaten.amount => {
            let needed = stake.amount.min(terms.steps.above(beaten.amount));
            Lead { stake, price: if exact { stake.amount } else { price.max(needed) } }
        }
        Some(Lead { stake: leader, price }) => {
            Lead { stake: leader, price: price.max(leader.amount.min(terms.steps.above(stake.amount))) }
        }
    };
    lifted_to_reserve(placed, terms)
}

/// Rule 5: a leader who reaches the reserve pays at least that; until then `full` shows their max.
fn lifted_to_reserve(lead: Lead, terms: &EnglishTerms) -> Lead {
    let price = match (terms.reserve, terms.below_reserve) {
        (Some(reserve), _) if lead.meets(reserve) => lead.price.max(reserve),
        (Some(_), BelowReserve::Full) => lead.stake.amount,
        (Some(_), BelowReserve::Proxy) | (None, _) => lead.price,
    };
    Lead { price, ..lead }
}
