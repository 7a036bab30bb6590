//! Where an auction stands: the fold of its events.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    command::BidKind,
    event::{Event, Sealed, Stake},
    log::{Nonce, reserve_commitment, rules_hash},
    proxy::{English, Lead},
    rules::{Rules, Sale},
    sealed::SealedBids,
};
use crate::{
    AuctionId, BidId, Money, ProductId, Timestamp, UserId,
    wire::auction::{EventData, Format, RulesView},
};

/// One auction. Its state is the fold of its events, and nothing else: [`Auction::handle`] decides
/// a command, applies the events it returns, and the same events give the same state again with
/// [`Auction::fold`].
#[derive(Debug, Clone, PartialEq)]
pub struct Auction {
    pub(super) id: AuctionId,
    pub(super) seller_id: UserId,
    pub(super) product_id: ProductId,
    pub(super) starts_at: Option<Timestamp>,
    pub(super) terms: Arc<Terms>,
    pub(super) phase: Phase,
    pub(super) book: Book,
    pub(super) bid_count: u64,
    /// Whether a bid was ever accepted; stays when all are voided. From then on rules are frozen.
    pub(super) bids_taken: bool,
    pub(super) blocked: BTreeSet<UserId>,
    pub(super) last_at: Timestamp,
}

/// The rules with their public form and what was committed to. Shared by clones of the auction.
#[derive(Debug, PartialEq)]
pub(super) struct Terms {
    pub(super) rules: Rules,
    view: RulesView,
    hash: String,
    reserve_nonce: Option<Nonce>,
}

impl Terms {
    /// `nonce` is used only where there is a reserve to commit to.
    pub(super) fn new(id: AuctionId, rules: Rules, nonce: Option<Nonce>) -> Self {
        let committed = rules.reserve_price().zip(nonce);
        let view = rules.view(committed.map(|(reserve, nonce)| reserve_commitment(id, reserve, &nonce)));
        let hash = rules_hash(&view);
        Self { rules, view, hash, reserve_nonce: committed.map(|(_, nonce)| nonce) }
    }
}

/// From the opening to the close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) opens_at: Timestamp,
    pub(super) closes_at: Timestamp,
    pub(super) extensions: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Scheduled,
    Live(Span),
    Closed { span: Span, hammer: Option<Hammer> },
    Cancelled { span: Option<Span> },
}

/// How a lot was sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hammer {
    pub(super) winner: UserId,
    pub(super) bid_id: Option<BidId>,
    pub(super) price: i64,
}

/// The bids that matter, by format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Book {
    English(English),
    /// At most one bid: it wins.
    Dutch(Option<Lead>),
    Sealed(SealedBids),
}

impl Book {
    fn empty(format: Format) -> Self {
        match format {
            Format::English => Self::English(English::default()),
            Format::Dutch => Self::Dutch(None),
            Format::SealedFirstPrice | Format::SealedSecondPrice => Self::Sealed(SealedBids::default()),
        }
    }
}

/// The events are not the log of an auction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// There is no event.
    #[error("the log is empty")]
    Empty,
    /// The first event is not `scheduled`, or a later one is.
    #[error("`scheduled` is the first event of a log and no other")]
    NotScheduledFirst,
    /// The part that only the server knows is missing or belongs to another kind of event.
    #[error("the sealed part of the event at {at} is missing or of another kind")]
    SealedPart {
        /// The event's time.
        at: Timestamp,
    },
    /// The event can't happen in this state.
    #[error("the event at {at} can't follow what is before it")]
    OutOfPlace {
        /// The event's time.
        at: Timestamp,
    },
}

impl Auction {
    /// A new auction and its first event, `scheduled`. The nonce hides the reserve, if there is one.
    pub fn schedule(
        at: Timestamp,
        id: AuctionId,
        seller_id: UserId,
        product_id: ProductId,
        starts_at: Option<Timestamp>,
        rules: Rules,
        reserve_nonce: Nonce,
    ) -> (Self, Event) {
        let auction = Self::scheduled(at, id, seller_id, product_id, starts_at, rules, Some(reserve_nonce));
        let event = Event {
            at,
            data: EventData::Scheduled {
                seller_id,
                product_id,
                starts_at,
                rules: auction.terms.view.clone(),
                rules_hash: auction.terms.hash.clone(),
            },
            sealed: Some(auction.terms.sealed()),
        };
        (auction, event)
    }

    fn scheduled(
        at: Timestamp,
        id: AuctionId,
        seller_id: UserId,
        product_id: ProductId,
        starts_at: Option<Timestamp>,
        rules: Rules,
        reserve_nonce: Option<Nonce>,
    ) -> Self {
        Self {
            id,
            seller_id,
            product_id,
            starts_at,
            book: Book::empty(rules.format()),
            terms: Arc::new(Terms::new(id, rules, reserve_nonce)),
            phase: Phase::Scheduled,
            bid_count: 0,
            bids_taken: false,
            blocked: BTreeSet::new(),
            last_at: at,
        }
    }

    /// The auction that these events, in log order and from the first on, add up to.
    ///
    /// # Errors
    /// [`FoldError`] when they are not an auction's log with its sealed parts.
    pub fn fold<'a>(id: AuctionId, events: impl IntoIterator<Item = &'a Event>) -> Result<Self, FoldError> {
        let mut events = events.into_iter();
        let first = events.next().ok_or(FoldError::Empty)?;
        let EventData::Scheduled { seller_id, product_id, starts_at, .. } = &first.data else {
            return Err(FoldError::NotScheduledFirst);
        };
        let Some(Sealed::Rules { rules, reserve_nonce }) = &first.sealed else {
            return Err(FoldError::SealedPart { at: first.at });
        };
        let mut auction =
            Self::scheduled(first.at, id, *seller_id, *product_id, *starts_at, rules.clone(), *reserve_nonce);
        for event in events {
            auction.apply(event)?;
        }
        Ok(auction)
    }

    /// The fold's step: the state after one more event. It trusts the log: what was decided is
    /// not decided again.
    ///
    /// # Errors
    /// [`FoldError`] when the event can't follow; the state is then as before.
    pub fn apply(&mut self, event: &Event) -> Result<(), FoldError> {
        let at = event.at;
        match &event.data {
            EventData::Scheduled { .. } => return Err(FoldError::NotScheduledFirst),
            EventData::Amended { starts_at, closes_at, .. } => self.amended(event, *starts_at, *closes_at)?,
            EventData::Opened { opens_at, closes_at } => {
                self.phase = Phase::Live(Span { opens_at: *opens_at, closes_at: *closes_at, extensions: 0 });
            }
            EventData::Bid { bid_id, price, leader, closes_at, bid_count, .. } => {
                self.span_mut(at)?;
                self.bid_applied(event, *bid_id, *price, *leader)?;
                self.span_mut(at)?.closes_at = *closes_at;
                self.bid_count = *bid_count;
                self.bids_taken = true;
            }
            EventData::MaxRaised { bid_id, price, leader, .. } => self.bid_applied(event, *bid_id, *price, *leader)?,
            EventData::ReserveMet { .. } => {
                let Book::English(english) = &mut self.book else { return Err(FoldError::OutOfPlace { at }) };
                english.reserve_met = true;
                english.reserve_ever_met = true;
            }
            EventData::Voided { price, reserve_met, bid_count, closes_at, .. } => {
                self.span_mut(at)?;
                self.voided(event, *price, *reserve_met)?;
                self.span_mut(at)?.closes_at = *closes_at;
                self.bid_count = *bid_count;
            }
            EventData::Extended { closes_at, .. } => {
                let span = self.span_mut(at)?;
                span.closes_at = *closes_at;
                span.extensions += 1;
            }
            EventData::Closed { winner, price, .. } => {
                let span = *self.span_mut(at)?;
                let hammer = winner.zip(*price).map(|(winner, price)| Hammer {
                    winner,
                    bid_id: self.bid_of(winner),
                    price: price.amount,
                });
                self.phase = Phase::Closed { span, hammer };
            }
            EventData::Cancelled { .. } => self.phase = Phase::Cancelled { span: self.span().copied() },
        }
        self.last_at = at;
        Ok(())
    }

    fn amended(
        &mut self,
        event: &Event,
        starts_at: Option<Timestamp>,
        closes_at: Option<Timestamp>,
    ) -> Result<(), FoldError> {
        let Some(Sealed::Rules { rules, reserve_nonce }) = &event.sealed else {
            return Err(FoldError::SealedPart { at: event.at });
        };
        self.book = Book::empty(rules.format());
        self.terms = Arc::new(Terms::new(self.id, rules.clone(), *reserve_nonce));
        self.starts_at = starts_at;
        if let (Phase::Live(span), Some(closes_at)) = (&mut self.phase, closes_at) {
            span.closes_at = closes_at;
        }
        Ok(())
    }

    /// A `bid` or `max_raised` event: the public part says who leads at which price, the sealed
    /// part how far the bidder goes.
    fn bid_applied(
        &mut self,
        event: &Event,
        bid_id: BidId,
        price: Option<Money>,
        leader: Option<UserId>,
    ) -> Result<(), FoldError> {
        let Some(Sealed::Bid { bidder, bid, .. }) = &event.sealed else {
            return Err(FoldError::SealedPart { at: event.at });
        };
        let out_of_place = FoldError::OutOfPlace { at: event.at };
        let stake = self.stake(*bidder, bid_id, *bid, event.at).ok_or(out_of_place.clone())?;
        match &mut self.book {
            Book::Sealed(bids) => {
                bids.0.insert(stake.bidder, stake);
            }
            Book::Dutch(taken) => {
                let price = price.ok_or(out_of_place)?.amount;
                *taken = Some(Lead { stake, price });
            }
            Book::English(english) => {
                let price = price.ok_or(out_of_place.clone())?.amount;
                let raised = matches!(event.data, EventData::MaxRaised { .. });
                let stake = match english.lead {
                    Some(lead) if raised && leader == Some(stake.bidder) => {
                        Stake { amount: stake.amount, ..lead.stake }
                    }
                    _ if leader == Some(stake.bidder) => stake,
                    Some(lead) if leader == Some(lead.stake.bidder) => lead.stake,
                    _ => return Err(out_of_place),
                };
                english.lead = Some(Lead { stake, price });
            }
        }
        Ok(())
    }

    fn voided(&mut self, event: &Event, price: Option<Money>, reserve_met: Option<bool>) -> Result<(), FoldError> {
        let Some(Sealed::Void { bidder, stake }) = &event.sealed else {
            return Err(FoldError::SealedPart { at: event.at });
        };
        match &mut self.book {
            Book::Sealed(bids) => {
                bids.0.remove(bidder);
                bids.0.extend(stake.map(|left| (left.bidder, left)));
            }
            Book::English(english) => {
                english.lead = stake.zip(price).map(|(stake, price)| Lead { stake, price: price.amount });
                english.reserve_met = reserve_met.unwrap_or(false);
            }
            Book::Dutch(_) => return Err(FoldError::OutOfPlace { at: event.at }),
        }
        self.blocked.insert(*bidder);
        Ok(())
    }

    fn span_mut(&mut self, at: Timestamp) -> Result<&mut Span, FoldError> {
        match &mut self.phase {
            Phase::Live(span) => Ok(span),
            Phase::Scheduled | Phase::Closed { .. } | Phase::Cancelled { .. } => Err(FoldError::OutOfPlace { at }),
        }
    }

    pub(super) fn span(&self) -> Option<&Span> {
        match &self.phase {
            Phase::Scheduled => None,
            Phase::Live(span) | Phase::Closed { span, .. } => Some(span),
            Phase::Cancelled { span } => span.as_ref(),
        }
    }

    /// How far a bid goes. `None` for a buy-now where there is no buy-now price.
    pub(super) fn stake(&self, bidder: UserId, bid_id: BidId, bid: BidKind, at: Timestamp) -> Option<Stake> {
        let money = bid.money().or_else(|| self.terms.rules.buy_now_price())?;
        Some(Stake { bidder, bid_id, amount: money.amount, at })
    }

    /// The standing bid of a winner.
    fn bid_of(&self, winner: UserId) -> Option<BidId> {
        match &self.book {
            Book::English(English { lead, .. }) | Book::Dutch(lead) => lead.map(|lead| lead.stake.bid_id),
            Book::Sealed(bids) => bids.0.get(&winner).map(|stake| stake.bid_id),
        }
    }

    /// What the auction comes to if it closes as it stands: who pays what.
    pub(super) fn result(&self) -> Option<(UserId, i64)> {
        match (&self.book, &self.terms.rules.sale) {
            (Book::English(english), Sale::English(terms)) => english
                .lead
                .filter(|lead| terms.reserve.is_none_or(|reserve| lead.meets(reserve)))
                .map(|lead| (lead.stake.bidder, lead.price)),
            (Book::Sealed(bids), Sale::Sealed(terms)) => bids.result(terms).map(|(stake, price)| (stake.bidder, price)),
            (Book::Dutch(taken), _) => taken.map(|lead| (lead.stake.bidder, lead.price)),
            // A book is made by the rules' format; these can't meet.
            (Book::English(_) | Book::Sealed(_), _) => None,
        }
    }
}

impl Terms {
    pub(super) fn sealed(&self) -> Sealed {
        Sealed::Rules { rules: self.rules.clone(), reserve_nonce: self.reserve_nonce }
    }

    pub(super) const fn view(&self) -> &RulesView {
        &self.view
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    pub(super) const fn reserve_nonce(&self) -> Option<&Nonce> {
        self.reserve_nonce.as_ref()
    }
}
