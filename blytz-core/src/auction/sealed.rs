//! Sealed bids: hidden until the close, one live bid per bidder.

use std::collections::BTreeMap;

use super::{
    event::Stake,
    rejection::Rejection,
    rules::{Pays, SealedTerms},
};
use crate::{Currency, Money, UserId};

/// Every bidder's one live bid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SealedBids(pub(super) BTreeMap<UserId, Stake>);

/// Whether an acceptable bid is a bidder's first or takes the place of their standing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Placed,
    Raised,
}

impl SealedBids {
    pub(super) fn decide(&self, terms: &SealedTerms, stake: Stake, currency: Currency) -> Result<Verdict, Rejection> {
        match self.0.get(&stake.bidder) {
            Some(own) if stake.amount <= own.amount => Err(Rejection::MaxNotRaised),
            Some(_) => Ok(Verdict::Raised),
            None if stake.amount < terms.starting_price => {
                Err(Rejection::BidTooLow { next_minimum: Money::new(terms.starting_price, currency) })
            }
            None => Ok(Verdict::Placed),
        }
    }

    /// The highest bid, the earlier of equal ones.
    fn highest(&self) -> Option<Stake> {
        self.0.values().copied().max_by_key(|stake| (stake.amount, std::cmp::Reverse(stake.at)))
    }

    /// Who wins at which price, when the highest bid reaches the reserve.
    pub(super) fn result(&self, terms: &SealedTerms) -> Option<(Stake, i64)> {
        let winner = self.highest().filter(|stake| stake.amount >= terms.reserve.unwrap_or(0))?;
        let price = match terms.pays {
            Pays::OwnBid => winner.amount,
            Pays::SecondHighest => {
                let others = self.0.values().filter(|stake| stake.bidder != winner.bidder);
                let second = others.map(|stake| stake.amount).max().unwrap_or(0);
                second.max(terms.reserve.unwrap_or(0)).max(terms.starting_price)
            }
        };
        Some((winner, price))
    }
}
