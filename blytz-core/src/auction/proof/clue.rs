//! What an event tells of the maxes that stay closed: how large one can be, at most, if the event is
//! to follow.

use super::openings::Bid;
use crate::{
    Timestamp, UserId,
    auction::{Auction, commitment::Offer, increment::Steps},
    wire::auction::{BidOutcome, EventData},
};

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Clue {
    #[default]
    Nothing,
    Bid(Met),
    /// Without the voided bids this is the price, and they lead.
    Void {
        price: i64,
        leads: UserId,
    },
}

/// A bid met this leader, with this outcome at this price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    outcome: BidOutcome,
    price: i64,
    /// None if it stays closed.
    offer: Option<Offer>,
    pub(super) leader: Option<Leader>,
}

/// Who led before a bid, and how far they go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leader {
    pub(super) user: UserId,
    pub(super) max: i64,
}

impl Clue {
    pub(super) fn of(at: Timestamp, data: &EventData, bid: Option<&Bid>, auction: Option<&Auction>) -> Self {
        match (data, bid) {
            (EventData::Bid { outcome, price: Some(price), .. }, Some(bid)) => Self::Bid(Met {
                outcome: *outcome,
                price: price.amount,
                offer: bid.offer.map(|(offer, _)| offer),
                leader: auction.and_then(|auction| leader(auction, at)),
            }),
            (EventData::Voided { price: Some(price), leader: Some(leads), .. }, _) => {
                Self::Void { price: price.amount, leads: *leads }
            }
            _ => Self::Nothing,
        }
    }
}

fn leader(auction: &Auction, at: Timestamp) -> Option<Leader> {
    let user = auction.public(at).leader?;
    Some(Leader { user, max: auction.leader_max_for(user)?.amount })
}

impl Met {
    /// How large the bid can be.
    pub(super) fn own_at_most(&self, steps: &Steps) -> Option<i64> {
        let leader = self.leader?;
        match self.outcome {
            // It drove the leader to a step above it, or to their max: then it is not above that.
            BidOutcome::Outbid if self.price < leader.max => below_a_step(steps, self.price),
            BidOutcome::Outbid => Some(leader.max),
            // It did not reach a step above the one it beat: the price is all of it.
            BidOutcome::Leading => Some(self.price),
            BidOutcome::Won | BidOutcome::Sealed => None,
        }
    }

    /// How large the leader's max can be.
    pub(super) fn leaders_at_most(&self, steps: &Steps) -> Option<i64> {
        match (self.outcome, self.offer?) {
            // It held, driven to the last.
            (BidOutcome::Outbid, _) => Some(self.price),
            // It was beaten by a max, which had to go a step above it.
            (BidOutcome::Leading, Offer::Max(max)) if self.price < max.amount => below_a_step(steps, self.price),
            (BidOutcome::Leading, offer) => Some(offer.money().amount - 1),
            (BidOutcome::Won | BidOutcome::Sealed, _) => None,
        }
    }
}

/// The amount that with its step makes `price`.
pub(super) fn below_a_step(steps: &Steps, price: i64) -> Option<i64> {
    let fits = |amount: &i64| steps.above(*amount) == price;
    match steps {
        Steps::Fixed(step) => Some(price - step).filter(fits),
        Steps::Table(rows) => rows.iter().map(|row| price - row.step).find(fits),
    }
}
