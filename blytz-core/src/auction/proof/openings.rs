//! The openings of a proof, as small as they can be kept: they stand before the events, so all of
//! them wait for theirs.

use super::Flaw;
use crate::{
    AuctionId, BidId, UserId,
    auction::commitment::{Committed, Nonce, Offer},
    wire::auction::{EventData, LogEntry, Opening},
};

/// The most that are taken: far more than any auction has, and few enough to be held.
const MOST: usize = 1 << 22;

/// The opened bids of a proof, in log order.
#[derive(Debug, Clone, Default)]
pub struct Openings {
    bids: Vec<Bid>,
    /// How many of them have met their events.
    met: usize,
}

/// A bid or raise with its opening.
#[derive(Debug, Clone)]
pub(super) struct Bid {
    /// The place of its event in the log.
    pub(super) seq: u64,
    pub(super) id: BidId,
    /// Whose. Before its event is met: as opened, if at all.
    pub(super) bidder: Option<UserId>,
    /// How much, and what it was committed to with; none for a max that is not opened.
    pub(super) offer: Option<(Offer, Nonce)>,
}

impl Openings {
    /// Takes the next opening.
    ///
    /// # Errors
    /// When it opens nothing, or there are too many.
    pub fn push(&mut self, opening: &Opening) -> Result<(), Flaw> {
        let Opening { seq, bid_id, bidder, amount, max, nonce } = opening;
        if self.bids.len() == MOST {
            return Err(Flaw::at(*seq, format!("this checker takes {MOST} openings, and there are more")));
        }
        let (offer, nonce) = match (amount, max, nonce) {
            (None, None, None) => (None, None),
            (Some(amount), None, Some(nonce)) => (Some(Offer::Amount(*amount)), Some(nonce)),
            (None, Some(max), Some(nonce)) => (Some(Offer::Max(*max)), Some(nonce)),
            _ => return Err(Flaw::at(*seq, "an opening has either an amount or a max, and a nonce")),
        };
        let nonce = nonce.map(|nonce| Nonce::from_hex(nonce)).transpose();
        let nonce = nonce.map_err(|invalid| Flaw::at(*seq, invalid.to_string()))?;
        self.bids.push(Bid { seq: *seq, id: *bid_id, bidder: *bidder, offer: offer.zip(nonce) });
        Ok(())
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.bids.len()
    }

    /// How many maxes stay closed.
    pub(super) fn closed(&self) -> usize {
        self.bids.iter().filter(|bid| bid.offer.is_none()).count()
    }

    /// The bids that have met their events, in log order.
    pub(super) fn met(&self) -> &[Bid] {
        &self.bids[..self.met]
    }

    /// The next opening, without a bid.
    pub(super) fn unmet(&self) -> Option<u64> {
        self.bids.get(self.met).map(|bid| bid.seq)
    }

    /// The opening of this event, if it is a bid or a raise: it must be the next one, and fit.
    pub(super) fn meet(
        &mut self,
        entry: &LogEntry,
        auction_id: AuctionId,
        rules_hash: &str,
    ) -> Result<Option<&Bid>, Flaw> {
        let (bid_id, bidder, commitment) = match &entry.data {
            EventData::Bid { bid_id, bidder, commitment, .. } => (*bid_id, *bidder, commitment),
            // Who raises leads, before and after it.
            EventData::MaxRaised { bid_id, leader, commitment, .. } => (*bid_id, *leader, commitment),
            _ => return Ok(None),
        };
        let bid = self.bids.get_mut(self.met).filter(|bid| (bid.seq, bid.id) == (entry.seq, bid_id));
        let bid = bid.ok_or_else(|| Flaw::at(entry.seq, "the next opening is not this bid's"))?;
        let bidder = match (bidder, bid.bidder) {
            (Some(logged), Some(opened)) if logged != opened => {
                return Err(Flaw::at(entry.seq, "the opening names another bidder than the log"));
            }
            (Some(bidder), _) | (None, Some(bidder)) => bidder,
            (None, None) => return Err(Flaw::at(entry.seq, "neither the log nor the opening names the bidder")),
        };
        bid.bidder = Some(bidder);
        let fits = |(offer, nonce): (Offer, Nonce)| {
            Committed { auction_id, bidder, bid_id, rules_hash, offer }.with(&nonce) == *commitment
        };
        if !bid.offer.is_none_or(fits) {
            return Err(Flaw::at(entry.seq, "the opened bid is not the one committed to"));
        }
        self.met += 1;
        Ok(Some(bid))
    }
}
