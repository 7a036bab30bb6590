//! A sale in progress: how the lot is sold, and the bids that matter, by format.

use super::{
    bid::{Accepted, BidKind, Lead, Stake},
    dutch::DutchSale,
    event::{Event, FoldError, Sealed},
    proxy::{EnglishSale, ReserveReached},
    sealed::SealedSale,
    terms::Terms,
};
use crate::{BidId, Money, UserId};

/// The terms of a format together with the bids under them, so that neither can be another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sale {
    English(EnglishSale),
    Dutch(DutchSale),
    Sealed(SealedSale),
}

impl Sale {
    /// Nobody has bid.
    pub(super) fn new(terms: &Terms) -> Self {
        match terms {
            Terms::English(terms) => Self::English(EnglishSale::new(terms.clone())),
            Terms::Dutch(terms) => Self::Dutch(DutchSale::new(*terms)),
            Terms::Sealed(terms) => Self::Sealed(SealedSale::new(*terms)),
        }
    }

    /// Whether the format knows this kind of bid.
    pub(super) const fn takes(&self, bid: BidKind) -> bool {
        matches!((self, bid), (Self::English(_), _) | (_, BidKind::Exact(_)))
    }

    /// How far a bid goes. `None` for a buy-now where there is no buy-now price.
    pub(super) fn amount(&self, bid: BidKind) -> Option<i64> {
        match (bid, self) {
            (BidKind::Exact(money) | BidKind::Max(money), _) => Some(money.amount),
            (BidKind::BuyNow, Self::English(sale)) => sale.terms.buy_now,
            (BidKind::BuyNow, Self::Dutch(_) | Self::Sealed(_)) => None,
        }
    }

    /// The bid that leads or won, where that is seen.
    pub(super) const fn lead(&self) -> Option<Lead> {
        match self {
            Self::English(sale) => sale.lead,
            Self::Dutch(sale) => sale.taken,
            Self::Sealed(_) => None,
        }
    }

    /// What this user stands for: a leader's max, a sealed bidder's amount.
    pub(super) fn stake_of(&self, user: UserId) -> Option<Stake> {
        match self {
            Self::English(_) | Self::Dutch(_) => {
                self.lead().map(|lead| lead.stake).filter(|stake| stake.bidder == user)
            }
            Self::Sealed(sale) => sale.bids.get(&user).copied(),
        }
    }

    /// What the auction comes to if it closes as it stands: who pays what.
    pub(super) fn result(&self) -> Option<Lead> {
        match self {
            Self::English(sale) => sale.result(),
            Self::Dutch(sale) => sale.taken,
            Self::Sealed(sale) => sale.result(),
        }
    }

    /// After a `bid` or `max_raised` event: the public part says who leads at which price, the
    /// sealed part how far the bidder goes.
    pub(super) fn bid(
        &mut self,
        event: &Event,
        accepted: Accepted,
        bid_id: BidId,
        price: Option<Money>,
        leader: Option<UserId>,
    ) -> Result<(), FoldError> {
        let Some(Sealed::Bid { bidder, bid, .. }) = event.sealed else { return Err(event.lacks_its_sealed_part()) };
        let out_of_place = || event.out_of_place();
        let amount = self.amount(bid).ok_or_else(out_of_place)?;
        let stake = Stake { bidder, bid_id, amount, at: event.at };
        match (self, price, leader) {
            (Self::Sealed(sale), _, _) => drop(sale.bids.insert(bidder, stake)),
            (Self::Dutch(sale), Some(price), _) => sale.taken = Some(Lead { stake, price: price.amount }),
            (Self::English(sale), Some(price), Some(leader)) => {
                let stake = sale.led_by(leader, stake, accepted).ok_or_else(out_of_place)?;
                sale.lead = Some(Lead { stake, price: price.amount });
            }
            (Self::Dutch(_) | Self::English(_), None, _) | (Self::English(_), _, None) => {
                return Err(out_of_place());
            }
        }
        Ok(())
    }

    /// After a `reserve_met` event.
    pub(super) fn reserve_met(&mut self, event: &Event) -> Result<(), FoldError> {
        match self {
            Self::English(sale) => sale.reserve = ReserveReached::Now,
            Self::Dutch(_) | Self::Sealed(_) => return Err(event.out_of_place()),
        }
        Ok(())
    }

    /// After a `voided` event; whose bids fell.
    pub(super) fn voided(
        &mut self,
        event: &Event,
        price: Option<Money>,
        reserve_met: Option<bool>,
    ) -> Result<UserId, FoldError> {
        let Some(Sealed::Void { bidder, stake }) = event.sealed else { return Err(event.lacks_its_sealed_part()) };
        match self {
            Self::English(sale) => {
                let lead = stake.zip(price).map(|(stake, price)| Lead { stake, price: price.amount });
                sale.void(lead, reserve_met == Some(true));
            }
            Self::Sealed(sale) => sale.void(bidder, stake),
            // Whoever takes a Dutch lot closes it: no bid on it can fall.
            Self::Dutch(_) => return Err(event.out_of_place()),
        }
        Ok(bidder)
    }
}
