//! The accepted bids of a log: all that a void needs of it.
//!
//! A book is of the whole log, or of what follows a base: the auction at some seq, from a snapshot
//! say. The base stands for the bids up to there, so a void of a recent bid costs the distance to
//! the base and not the length of the log. What holds of a book with a base:
//!
//! - Only bids after the base can be struck. For one before it [`Unstruck::FurtherBack`] asks for an
//!   earlier base; it is never taken for one that is not there.
//! - A void after the base that struck a bid from before it takes the base along: its event says
//!   what stood after it, and from there on the book goes. Bids before that void are then before
//!   the base. So whatever the log and the base, the answer is that of the whole log, or none.
//!
//! Ids of bids are public and belong to their bidders, so two bidders may bear the same one. Which
//! bid is meant is asked for, never guessed; which one fell, `bid_seq` says.

use std::collections::BTreeMap;

use super::{
    bid::{Lead, Stake},
    event::{Event, Sealed},
    log::Head,
    rejection::Rejection,
    sale::Sale,
    state::Auction,
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

/// The accepted bids of a log, or of the part of it after a base: those that stand, in its order,
/// and those that fell. A fraction of the log's size.
#[derive(Debug, Clone, Default)]
pub struct Book {
    base: Option<Base>,
    standing: Vec<Entry>,
    fallen: Vec<Entry>,
    /// The last event that was noted, or the base's.
    seq: u64,
    /// The first event that was passed over.
    gap: Option<u64>,
}

/// What the bids up to a seq came to.
#[derive(Debug, Clone)]
struct Base {
    seq: u64,
    sale: Sale,
    bid_count: u64,
    bearers: Bearers,
    /// Voids that took the base along: their seqs, and from which event on they struck.
    taken_along: Vec<(u64, u64)>,
}

/// All accepted bids of a lot under one id, standing or fallen: whose each is, and the seq of its
/// event. It says of the log before a base what the book after it can't know: whether somebody
/// else bears the id of the bid that is to fall.
#[derive(Debug, Clone)]
pub struct Bearers {
    bid_id: BidId,
    seqs: BTreeMap<UserId, u64>,
}

/// Why a book does not say what falls.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unstruck {
    /// There is no such bid, or several bear its id.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// The bid lies before the base: nothing can be said of it from there.
    #[error("the book must begin before event {seq}")]
    FurtherBack {
        /// The base must end before this event, which is no later than the end of the one there was. A
        /// book from there may ask to go back again.
        seq: u64,
    },
    /// The book was not given every event after its base, or of the whole log.
    #[error("event {seq} is missing in the book")]
    Gap {
        /// The first that is missing.
        seq: u64,
    },
}

/// A bid with all that falls with it in one void, and what stands then. [`Book::falls`] says it; it
/// holds until the auction moves on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fall {
    pub(super) bid_id: BidId,
    pub(super) bid_seq: u64,
    pub(super) bidder: UserId,
    pub(super) struck: Vec<BidId>,
    /// Who leads then, where bids are seen.
    pub(super) lead: Option<Lead>,
    /// Where they are not: the bidder's bid before the struck ones, which stands again.
    pub(super) own: Option<Stake>,
    pub(super) bid_count: u64,
}

impl Bearers {
    /// The bearers of this id. Those up to the base must all be named. Bids after it may be, and
    /// are taken from their events in any case, so a list that was read a moment ago will do.
    pub fn new(bid_id: BidId, bids: impl IntoIterator<Item = (UserId, u64)>) -> Self {
        Self { bid_id, seqs: bids.into_iter().collect() }
    }

    /// The event of the bid that is meant, by which to choose a base: the newest that ends before it.
    ///
    /// # Errors
    /// [`Rejection::NotFound`] when nobody, or not this bidder, bears the id, and
    /// [`Rejection::SharedBidId`] when several do and none is named.
    pub fn meant(&self, bidder: Option<UserId>) -> Result<u64, Rejection> {
        let mut meant = self.seqs.iter().filter(|(bearer, _)| bidder.is_none_or(|bidder| bidder == **bearer));
        let (_, seq) = meant.next().ok_or(Rejection::NotFound)?;
        if meant.next().is_some() { Err(Rejection::SharedBidId) } else { Ok(*seq) }
    }
}

impl Fall {
    /// The fall of this bid and of its bidder's later ones, which it takes out of the book.
    fn of(bid: Entry, book: &mut Book, auction: &Auction) -> Self {
        let Entry { seq: bid_seq, stake: Stake { bidder, bid_id, .. }, .. } = bid;
        let struck = book.strike(bidder, bid_seq);
        let (lead, own) = match &auction.sale {
            Sale::English(sale) => (book.lead(&sale.terms), None),
            Sale::Sealed(_) => (None, book.last_of(bidder)),
            Sale::Dutch(_) => (None, None),
        };
        Self { bid_id, bid_seq, bidder, struck, lead, own, bid_count: book.bid_count() }
    }
}

impl Base {
    /// Who bears the id up to here, if that is known.
    fn bearers(&self, bid_id: BidId) -> Option<impl Iterator<Item = (UserId, u64)>> {
        let earlier = self.bearers.seqs.iter().map(|(bidder, seq)| (*bidder, *seq)).filter(|(_, seq)| *seq <= self.seq);
        (self.bearers.bid_id == bid_id).then_some(earlier)
    }

    /// Where a base for this bid must end, which lies before this one: before the bid, and before all
    /// that was struck by later voids, which would take that base along, too.
    fn further_back(&self, seq: u64) -> Unstruck {
        let before = |seq: u64, (void, from): &(u64, u64)| if *void > seq { seq.min(*from) } else { seq };
        Unstruck::FurtherBack { seq: self.taken_along.iter().rev().fold(seq, before) }
    }
}

impl Book {
    /// The book of a whole log with its sealed parts: an event's place in it, from 1, is its seq.
    pub fn of<'a>(log: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut book = Self::default();
        (1..).zip(log).for_each(|(seq, event)| book.note(seq, event));
        book
    }

    /// A book of what follows the log's event at `head`, where the auction stood as `base`. Next
    /// is to be noted the event after that one. `bearers` are those of the bid that is to fall.
    pub fn since(base: &Auction, head: &Head, bearers: Bearers) -> Self {
        let (seq, bid_count, sale) = (head.seq, base.bid_count, base.sale.clone());
        let base = Base { seq, sale, bid_count, bearers, taken_along: Vec::new() };
        Self { base: Some(base), seq, ..Self::default() }
    }

    /// Goes on to the next event of the log, which stands there at `seq`.
    pub fn note(&mut self, seq: u64, event: &Event) {
        if seq != self.seq + 1 {
            self.gap = self.gap.or(Some(self.seq + 1));
        }
        self.seq = seq;
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
            (EventData::Voided { bid_seq, price, bid_count, .. }, Some(Sealed::Void { bidder, stake })) => {
                self.strike(*bidder, *bid_seq);
                if self.base.as_ref().is_some_and(|base| *bid_seq <= base.seq) {
                    self.take_base_along(*bid_seq, *bidder, *stake, *price, *bid_count);
                }
            }
            _ => {}
        }
    }

    /// Moves the base to the void that was just noted, which struck bids from before it.
    fn take_base_along(
        &mut self,
        struck_from: u64,
        bidder: UserId,
        stake: Option<Stake>,
        price: Option<Money>,
        bid_count: u64,
    ) {
        let Some(base) = &mut self.base else { return };
        let noted = self.standing.iter().chain(&self.fallen).filter(|entry| entry.stake.bid_id == base.bearers.bid_id);
        base.bearers.seqs.extend(noted.map(|entry| (entry.stake.bidder, entry.seq)));
        match &mut base.sale {
            Sale::English(sale) => {
                sale.lead = stake.zip(price).map(|(stake, price)| Lead { stake, price: price.amount });
            }
            Sale::Sealed(sale) => {
                sale.bids.extend(self.standing.iter().map(|entry| (entry.stake.bidder, entry.stake)));
                sale.void(bidder, stake);
            }
            // Whoever takes a Dutch lot closes it: no bid on it can fall.
            Sale::Dutch(_) => {}
        }
        base.bid_count = bid_count;
        base.seq = self.seq;
        base.taken_along.push((self.seq, struck_from));
        self.standing.clear();
        self.fallen.clear();
    }

    /// What falls with this bid: itself with every later one of its bidder, in one void, or in
    /// several of which each strikes at most `at_most`, the latest bids first. Each is a void like
    /// any other, and the last leaves what a single one would have left. Nothing, when it has fallen
    /// already.
    ///
    /// All events of the log must have been noted, up to where the auction now stands.
    ///
    /// # Errors
    /// [`Unstruck`] when there is no such bid, when several bidders bear its id and none is named, or
    /// when that can't be said from here.
    pub fn falls(
        &self,
        auction: &Auction,
        bid_id: BidId,
        bidder: Option<UserId>,
        at_most: usize,
    ) -> Result<Vec<Fall>, Unstruck> {
        let first = self.find(bid_id, bidder)?;
        if self.has_fallen(first.seq) {
            return Ok(Vec::new());
        }
        let bidder = first.stake.bidder;
        let falling = self.standing[self.place(first.seq)..].iter().filter(|entry| entry.stake.bidder == bidder);
        let falling: Vec<Entry> = falling.copied().collect();
        let mut book = self.clone();
        // Counted from the end, so that it is the last void that may strike fewer.
        let chunks = falling.rchunks(at_most.max(1)).filter_map(<[Entry]>::first);
        Ok(chunks.map(|entry| Fall::of(*entry, &mut book, auction)).collect())
    }

    /// The bid with this id, standing or fallen; the bidder's, if one is named. Without a name the
    /// id must have one bearer only: else whoever copies an id could have the other bid struck, or
    /// a fallen one taken for it.
    fn find(&self, bid_id: BidId, bidder: Option<UserId>) -> Result<Entry, Unstruck> {
        if let Some(seq) = self.gap {
            return Err(Unstruck::Gap { seq });
        }
        let is_meant = |bearer: UserId| bidder.is_none_or(|bidder| bearer == bidder);
        let noted = self.standing.iter().chain(&self.fallen);
        let mut noted = noted.filter(|entry| entry.stake.bid_id == bid_id && is_meant(entry.stake.bidder));
        let first = noted.next();
        if noted.any(|other| first.is_some_and(|first| first.stake.bidder != other.stake.bidder)) {
            return Err(Rejection::SharedBidId.into());
        }
        let (Some(base), false) = (&self.base, first.is_some() && bidder.is_some()) else {
            // Nobody else is asked about: a bidder bears an id once.
            return first.copied().ok_or_else(|| Rejection::NotFound.into());
        };
        let earlier = base.bearers(bid_id).ok_or(Unstruck::FurtherBack { seq: 1 })?;
        let mut earlier = earlier.filter(|(bearer, _)| is_meant(*bearer));
        match (first, earlier.next(), earlier.next()) {
            (Some(first), None, _) => Ok(*first),
            (None, Some((_, seq)), None) => Err(base.further_back(seq)),
            (None, None, _) => Err(Rejection::NotFound.into()),
            (Some(_), Some(_), _) | (None, Some(_), Some(_)) => Err(Rejection::SharedBidId.into()),
        }
    }

    /// Where the standing bids from this event on begin.
    fn place(&self, seq: u64) -> usize {
        self.standing.partition_point(|entry| entry.seq < seq)
    }

    /// Takes out the bidder's bids from this event on; their ids in log order.
    pub(super) fn strike(&mut self, bidder: UserId, bid_seq: u64) -> Vec<BidId> {
        let from = self.place(bid_seq);
        let fallen: Vec<_> = self.standing.extract_if(from.., |entry| entry.stake.bidder == bidder).collect();
        let struck = fallen.iter().map(|entry| entry.stake.bid_id).collect();
        self.fallen.extend(fallen);
        struck
    }

    /// Whether the bid with its event in this place fell.
    fn has_fallen(&self, seq: u64) -> bool {
        self.fallen.iter().any(|entry| entry.seq == seq)
    }

    /// Standing bids, raises not counted.
    pub(super) fn bid_count(&self) -> u64 {
        let noted = self.standing.iter().filter(|entry| !entry.raise).count() as u64;
        self.base.as_ref().map_or(0, |base| base.bid_count) + noted
    }

    /// The last standing bid of this bidder.
    pub(super) fn last_of(&self, bidder: UserId) -> Option<Stake> {
        let noted = self.standing.iter().map(|entry| entry.stake).rfind(|stake| stake.bidder == bidder);
        noted.or_else(|| self.base.as_ref()?.sale.stake_of(bidder))
    }

    /// Who leads when the standing bids are placed one after the other.
    pub(super) fn lead(&self, terms: &EnglishTerms) -> Option<Lead> {
        let base = self.base.as_ref().and_then(|base| base.sale.lead());
        self.standing.iter().fold(base, |lead, entry| Some(terms.place(lead, entry.stake, entry.exact)))
    }
}
