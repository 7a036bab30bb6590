//! The accepted bids of a log: all that a void needs of it.
//!
//! Ids of bids are public and belong to their bidders, so two bidders may bear the same one. Which
//! bid is meant is asked for, never guessed; which one fell, `bid_seq` says.

use super::{
    bid::{Lead, Stake},
    event::{Event, Sealed},
    rejection::Rejection,
    terms::EnglishTerms,
};
use crate::{BidId, Money, UserId, wire::auction::EventData};

/// An accepted bid or raise, as the log tells it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The place of its event in the log.
    pub(super) seq: u64,
    pub(super) stake: Stake,
    exact: bool,
    raise: bool,
}

/// The accepted bids of a log: those that stand, in its order, and those that fell. A fraction of
/// the log's size.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    standing: Vec<Entry>,
    fallen: Vec<Entry>,
}

impl Ledger {
    /// The ledger of a whole log with its sealed parts: an event's place in it, from 1, is its seq.
    pub fn of<'a>(log: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut ledger = Self::default();
        (1..).zip(log).for_each(|(seq, event)| ledger.note(seq, event));
        ledger
    }

    /// Goes on to the next event of the log, which stands there at `seq`.
    pub fn note(&mut self, seq: u64, event: &Event) {
        match (&event.data, &event.sealed) {
            (
                EventData::Bid { bid_id, price, .. } | EventData::MaxRaised { bid_id, price, .. },
                Some(Sealed::Bid { bidder, bid, .. }),
            ) => {
                // Who bought now pays the price that is logged.
                let stake = bid.money().or(*price).map(|Money { amount, .. }| Stake {
                    bidder: *bidder,
                    bid_id: *bid_id,
                    amount,
                    at: event.at,
                });
                let exact = bid.is_exact();
                let raise = matches!(event.data, EventData::MaxRaised { .. });
                self.standing.extend(stake.map(|stake| Entry { seq, stake, exact, raise }));
            }
            (EventData::Voided { bid_seq, .. }, Some(Sealed::Void { bidder, .. })) => {
                self.strike(*bidder, *bid_seq);
            }
            _ => {}
        }
    }

    /// The bids to void, one after the other, so that this one falls with every later one of its
    /// bidder and no void strikes more than `at_most`: the latest first, itself last. Each is a void
    /// like any other, and the last leaves what a single one would have left.
    ///
    /// # Errors
    /// As [`super::Command::Void`], when the bid is not to be found.
    pub fn falls(
        &self,
        bid_id: BidId,
        bidder: Option<UserId>,
        at_most: usize,
    ) -> Result<Vec<(BidId, UserId)>, Rejection> {
        let first = self.find(bid_id, bidder)?;
        let Stake { bidder, .. } = first.stake;
        // With a bid that has fallen already nothing falls again.
        let stands = self.standing.iter().any(|entry| entry.seq == first.seq);
        let falls = |entry: &&Entry| stands && entry.stake.bidder == bidder && entry.seq > first.seq;
        let falling = self.standing.iter().filter(falls);
        let ids: Vec<BidId> = falling.map(|entry| entry.stake.bid_id).collect();
        // Counted from the end, so that it is the last void that may strike fewer.
        let cuts = ids.rchunks(at_most.max(1)).filter(|chunk| chunk.len() == at_most).filter_map(<[BidId]>::first);
        Ok(cuts.copied().chain([bid_id]).map(|bid_id| (bid_id, bidder)).collect())
    }

    /// The bid with this id, standing or fallen; the bidder's, if one is named. Without a name the
    /// id must have one bearer only: else whoever copies an id could have the other bid struck, or
    /// a fallen one taken for it.
    pub(super) fn find(&self, bid_id: BidId, bidder: Option<UserId>) -> Result<Entry, Rejection> {
        let is_meant =
            |entry: &&Entry| entry.stake.bid_id == bid_id && bidder.is_none_or(|bidder| entry.stake.bidder == bidder);
        let mut bearers = self.standing.iter().chain(&self.fallen).filter(is_meant);
        let first = bearers.next().ok_or(Rejection::NotFound)?;
        match bearers.find(|entry| entry.stake.bidder != first.stake.bidder) {
            Some(_) => Err(Rejection::SharedBidId),
            None => Ok(*first),
        }
    }

    /// Takes out the bidder's bids from this event on; their ids in log order.
    pub(super) fn strike(&mut self, bidder: UserId, bid_seq: u64) -> Vec<BidId> {
        let falls = |entry: &mut Entry| entry.stake.bidder == bidder && entry.seq >= bid_seq;
        let fallen: Vec<_> = self.standing.extract_if(.., falls).collect();
        let struck = fallen.iter().map(|entry| entry.stake.bid_id).collect();
        self.fallen.extend(fallen);
        struck
    }

    /// Whether the bid with its event in this place fell.
    pub(super) fn has_fallen(&self, seq: u64) -> bool {
        self.fallen.iter().any(|entry| entry.seq == seq)
    }

    /// Standing bids, raises not counted.
    pub(super) fn bid_count(&self) -> u64 {
        self.standing.iter().filter(|entry| !entry.raise).count() as u64
    }

    /// The last standing bid of this bidder.
    pub(super) fn last_of(&self, bidder: UserId) -> Option<Stake> {
        self.standing.iter().map(|entry| entry.stake).rfind(|stake| stake.bidder == bidder)
    }

    /// Who leads when the standing bids are placed one after the other.
    pub(super) fn lead(&self, terms: &EnglishTerms) -> Option<Lead> {
        self.standing.iter().fold(None, |lead, entry| Some(terms.place(lead, entry.stake, entry.exact)))
    }
}
