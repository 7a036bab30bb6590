//! Sealed bids: hidden until the close, one live bid per bidder.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    bid::{Accepted, Lead, Stake},
    rejection::Rejection,
    terms::{Pays, SealedTerms},
};
use crate::{Currency, Money, UserId};

/// A sealed auction: its terms, and every bidder's one live bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SealedSale {
    pub(super) terms: SealedTerms,
    pub(super) bids: BTreeMap<UserId, Stake>,
}

impl SealedSale {
    pub(super) const fn new(terms: SealedTerms) -> Self {
        Self { terms, bids: BTreeMap::new() }
    }

    pub(super) fn decide(&self, stake: Stake, currency: Currency) -> Result<Accepted, Rejection> {
        let least = self.terms.starting_price;
        match self.bids.get(&stake.bidder) {
            Some(own) if stake.amount <= own.amount => Err(Rejection::MaxNotRaised),
            Some(_) => Ok(Accepted::Raise),
            None if stake.amount < least => Err(Rejection::BidTooLow { next_minimum: Money::new(least, currency) }),
            None => Ok(Accepted::Bid),
        }
    }

    /// The bidder's bids fall down to this one, or all of them.
    pub(super) fn void(&mut self, bidder: UserId, left: Option<Stake>) {
        self.bids.remove(&bidder);
        self.bids.extend(left.map(|left| (bidder, left)));
    }

    /// The highest bid, the earlier of equal ones.
    fn highest(&self) -> Option<Stake> {
        self.bids.values().copied().max_by_key(|stake| (stake.amount, Reverse(stake.at)))
    }

    /// Who wins at which price, when the highest bid reaches the reserve.
    pub(super) fn result(&self) -> Option<Lead> {
        let reserve = self.terms.reserve.unwrap_or(0);
        let stake = self.highest().filter(|stake| stake.amount >= reserve)?;
        let price = match self.terms.pays {
            Pays::OwnBid => stake.amount,
            Pays::SecondHighest => {
                let others = self.bids.values().filter(|other| other.bidder != stake.bidder);
                let second = others.map(|other| other.amount).max().unwrap_or(0);
                second.max(reserve).max(self.terms.starting_price)
            }
        };
        Some(Lead { stake, price })
    }
}
