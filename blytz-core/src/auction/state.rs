//! Where an auction stands: the fold of its events.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    bid::{Accepted, Lead},
    command::Consignment,
    commitment::Nonce,
    event::{Event, FoldError},
    phase::Phase,
    published::PublishedRules,
    receipt::House,
    rules::Rules,
    sale::Sale,
};
use crate::{
    AuctionId, BidId, Money, ProductId, Timestamp, UserId,
    wire::auction::{EventData, LOG_VERSION},
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
    pub(super) item_hash: String,
    pub(super) published: Arc<PublishedRules>,
    pub(super) phase: Phase,
    pub(super) sale: Sale,
    pub(super) bid_count: u64,
    /// Whether a bid was ever accepted; stays when all are voided. From then on rules are frozen.
    pub(super) bids_taken: bool,
    /// Who may not bid here any more, each by the bid whose void said so.
    pub(super) blocked: BTreeMap<UserId, VoidedBid>,
    pub(super) last_at: Timestamp,
}

/// A bid that was voided, as the log names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidedBid {
    pub(super) bid_id: BidId,
    pub(super) bid_seq: u64,
}

impl Auction {
    /// A new auction and its first event, `scheduled`. The nonce hides the reserve, if there is one.
    pub fn schedule(
        at: Timestamp,
        id: AuctionId,
        consignment: Consignment,
        rules: Rules,
        reserve_nonce: Nonce,
    ) -> (Self, Event) {
        let published = PublishedRules::new(id, rules, reserve_nonce);
        let Consignment { house, seller_id, product_id, starts_at, item_hash } = consignment.clone();
        let House { origin, epoch } = house;
        let data = EventData::Scheduled {
            v: LOG_VERSION,
            origin,
            epoch,
            seller_id,
            product_id,
            starts_at,
            rules: published.view.clone(),
            rules_hash: published.hash.clone(),
            item_hash,
        };
        let event = Event { at, data, sealed: Some(published.sealed()) };
        (Self::scheduled(at, id, consignment, published), event)
    }

    fn scheduled(at: Timestamp, id: AuctionId, consignment: Consignment, published: PublishedRules) -> Self {
        let Consignment { seller_id, product_id, starts_at, item_hash, .. } = consignment;
        Self {
            id,
            seller_id,
            product_id,
            starts_at,
            item_hash,
            sale: Sale::new(&published.rules.terms),
            published: Arc::new(published),
            phase: Phase::Scheduled,
            bid_count: 0,
            bids_taken: false,
            blocked: BTreeMap::new(),
            last_at: at,
        }
    }

    /// The auction that these events, in log order and from the first on, add up to.
    ///
    /// # Errors
    /// [`FoldError`] when they are not an auction's log with its sealed parts.
    pub fn fold<'a>(id: AuctionId, events: impl IntoIterator<Item = &'a Event>) -> Result<Self, FoldError> {
        let mut events = events.into_iter();
        let mut auction = Self::begin(id, events.next().ok_or(FoldError::Empty)?)?;
        for event in events {
            auction.apply(event)?;
        }
        Ok(auction)
    }

    /// The fold of a log's first event alone. With [`Auction::apply`] for every later one, a log can
    /// be folded while it is read, without being held.
    ///
    /// # Errors
    /// [`FoldError`] when no log begins with this event, or its sealed part is missing.
    pub fn begin(id: AuctionId, first: &Event) -> Result<Self, FoldError> {
        let consignment = Consignment::stated_by(&first.data).ok_or(FoldError::NotScheduledFirst)?;
        let published = PublishedRules::stated_by(first, id)?;
        Ok(Self::scheduled(first.at, id, consignment, published))
    }

    /// The fold's step: the state after one more event. It trusts the log: what was decided is
    /// not decided again.
    ///
    /// # Errors
    /// [`FoldError`] when the event can't follow; the state is then as before.
    pub fn apply(&mut self, event: &Event) -> Result<(), FoldError> {
        let out_of_place = || event.out_of_place();
        match &event.data {
            EventData::Scheduled { .. } => return Err(FoldError::NotScheduledFirst),
            EventData::Amended { starts_at, item_hash, closes_at, .. } => {
                self.amended(event, *starts_at, *closes_at)?;
                self.item_hash.clone_from(item_hash);
            }
            EventData::Opened { opens_at, closes_at } => {
                self.phase = self.phase.opened(*opens_at, *closes_at).ok_or_else(out_of_place)?;
            }
            EventData::Bid { bid_id, price, leader, closes_at, bid_count, .. } => {
                let span = self.phase.live_mut().ok_or_else(out_of_place)?;
                self.sale.bid(event, Accepted::Bid, *bid_id, *price, *leader)?;
                span.closes_at = *closes_at;
                self.bid_count = *bid_count;
                self.bids_taken = true;
            }
            EventData::MaxRaised { bid_id, price, leader, .. } => {
                self.sale.bid(event, Accepted::Raise, *bid_id, *price, *leader)?;
            }
            EventData::ReserveMet { .. } => self.sale.reserve_met(event)?,
            EventData::Voided { bid_id, bid_seq, block, price, reserve_met, bid_count, closes_at, .. } => {
                let span = self.phase.live_mut().ok_or_else(out_of_place)?;
                let bidder = self.sale.voided(event, *price, *reserve_met)?;
                span.closes_at = *closes_at;
                self.bid_count = *bid_count;
                if *block {
                    self.blocked.insert(bidder, VoidedBid { bid_id: *bid_id, bid_seq: *bid_seq });
                }
            }
            EventData::Unblocked { bid_seq, .. } => {
                let before = self.blocked.len();
                self.blocked.retain(|_, voided| voided.bid_seq != *bid_seq);
                if self.blocked.len() == before {
                    return Err(out_of_place());
                }
            }
            EventData::Extended { closes_at, reason, .. } => {
                self.phase.live_mut().ok_or_else(out_of_place)?.extended(*closes_at, *reason);
            }
            EventData::Closed { winner, price, .. } => {
                let hammer = self.hammer(event, *winner, *price)?;
                self.phase = self.phase.closed(hammer).ok_or_else(out_of_place)?;
            }
            EventData::Cancelled { .. } => self.phase = self.phase.cancelled().ok_or_else(out_of_place)?,
        }
        self.last_at = event.at;
        Ok(())
    }

    fn amended(
        &mut self,
        event: &Event,
        starts_at: Option<Timestamp>,
        closes_at: Option<Timestamp>,
    ) -> Result<(), FoldError> {
        let published = PublishedRules::stated_by(event, self.id)?;
        self.sale = Sale::new(&published.rules.terms);
        self.published = Arc::new(published);
        self.starts_at = starts_at;
        if let (Some(span), Some(closes_at)) = (self.phase.live_mut(), closes_at) {
            span.amended(event.at, closes_at);
        }
        Ok(())
    }

    /// To whom the hammer falls by a `closed` event, if to anybody.
    fn hammer(&self, event: &Event, winner: Option<UserId>, price: Option<Money>) -> Result<Option<Lead>, FoldError> {
        let (winner, price) = match (winner, price) {
            (Some(winner), Some(price)) => (winner, price.amount),
            (None, None) => return Ok(None),
            (Some(_), None) | (None, Some(_)) => return Err(event.out_of_place()),
        };
        let stake = self.sale.stake_of(winner).ok_or_else(|| event.out_of_place())?;
        Ok(Some(Lead { stake, price }))
    }
}

impl Consignment {
    /// What a log's first event says; none of any other.
    pub(super) fn stated_by(first: &EventData) -> Option<Self> {
        let EventData::Scheduled { origin, epoch, seller_id, product_id, starts_at, item_hash, .. } = first else {
            return None;
        };
        let (origin, item_hash) = (origin.clone(), item_hash.clone());
        let (epoch, seller_id, product_id, starts_at) = (*epoch, *seller_id, *product_id, *starts_at);
        Some(Self { house: House { origin, epoch }, seller_id, product_id, starts_at, item_hash })
    }
}
