//! Deciding a bid: who may bid at all, then what it comes to by the format.

use super::{
    bid::{Accepted, BidKind, Lead, Stake},
    command::Bid,
    commitment::{Committed, Nonce, Offer},
    dutch::DutchSale,
    event::{Event, Sealed},
    extension::{self, Span},
    proxy::{EnglishSale, Ruling},
    rejection::Rejection,
    sale::Sale,
    sealed::SealedSale,
    state::Auction,
};
use crate::{
    Money, Timestamp,
    wire::auction::{AuctionStatus, BidOutcome, EventData, ExtensionReason},
};

/// A bid that was let in.
#[derive(Debug)]
struct Placement {
    span: Span,
    bid: BidKind,
    stake: Stake,
    nonce: Nonce,
}

impl Placement {
    fn event(&self, data: EventData) -> Event {
        let sealed = Sealed::Bid { bidder: self.stake.bidder, bid: self.bid, nonce: self.nonce };
        Event { at: self.stake.at, data, sealed: Some(sealed) }
    }
}

impl Auction {
    pub(super) fn bid(&self, at: Timestamp, asked: &Bid) -> Result<Vec<Event>, Rejection> {
        let span = self.admit(at, asked)?;
        let Bid { bidder, bid_id, kind: bid, nonce, .. } = *asked;
        let amount = self.sale.amount(bid).ok_or(Rejection::BuyNowUnavailable)?;
        let placement = Placement { span, bid, stake: Stake { bidder, bid_id, amount, at }, nonce };
        match &self.sale {
            Sale::English(sale) => self.bid_english(sale, &placement),
            Sale::Dutch(sale) => self.bid_dutch(sale, &placement),
            Sale::Sealed(sale) => self.bid_sealed(sale, &placement),
        }
    }

    /// The refusals that need no look at the other bids, in their order.
    fn admit(&self, at: Timestamp, asked: &Bid) -> Result<Span, Rejection> {
        let Bid { bidder, kind: bid, standing, ref rules_hash, .. } = *asked;
        if standing.suspended {
            Err(Rejection::Suspended)
        } else if bidder == self.seller_id {
            Err(Rejection::OwnAuction)
        } else if standing.blocked || self.has_blocked(bidder) {
            Err(Rejection::Blocked)
        } else if bid.money().is_some_and(|money| money.currency != self.rules().currency()) {
            Err(Rejection::CurrencyMismatch)
        } else if !self.sale.takes(bid) {
            Err(Rejection::KindNotAllowed)
        } else {
            let span = self.phase.open_at(at)?;
            let as_seen = rules_hash.as_ref().is_none_or(|seen| seen == self.rules_hash());
            if as_seen { Ok(span) } else { Err(Rejection::RulesChanged) }
        }
    }

    fn bid_english(&self, sale: &EnglishSale, placement: &Placement) -> Result<Vec<Event>, Rejection> {
        let Placement { bid, stake, .. } = *placement;
        let newly_met = |reached: i64, price: i64| {
            let data = EventData::ReserveMet { price: self.money(price) };
            sale.newly_meets(reached).then(|| Event::open(stake.at, data))
        };
        let events = match sale.decide(self.bids_taken, bid, stake, self.rules().currency())? {
            Ruling::Sold { price } => self.sold(placement, price, newly_met(price, price)),
            Ruling::Leads(Accepted::Raise, lead) => {
                let raised = EventData::MaxRaised {
                    bid_id: stake.bid_id,
                    price: Some(self.money(lead.price)),
                    leader: Some(lead.stake.bidder),
                    next_minimum: self.minimum_after(sale, lead),
                    commitment: self.commitment(placement),
                };
                [Some(placement.event(raised)), newly_met(lead.stake.amount, lead.price), None]
            }
            Ruling::Leads(Accepted::Bid, lead) => {
                let extended = extension::after_late_bid(self.rules(), &placement.span, stake.at);
                let bid = self.placed(sale, placement, lead, extended.unwrap_or(placement.span.closes_at));
                let extended = extended.map(|closes_at| {
                    let data = EventData::extended(closes_at, ExtensionReason::SoftClose);
                    Event::open(stake.at, data)
                });
                [Some(bid), newly_met(lead.stake.amount, lead.price), extended]
            }
        };
        Ok(events.into_iter().flatten().collect())
    }

    fn placed(&self, sale: &EnglishSale, placement: &Placement, lead: Lead, closes_at: Timestamp) -> Event {
        let stake = placement.stake;
        let leads = lead.stake.bidder == stake.bidder;
        placement.event(EventData::Bid {
            bid_id: stake.bid_id,
            bidder: Some(stake.bidder),
            outcome: if leads { BidOutcome::Leading } else { BidOutcome::Outbid },
            price: Some(self.money(lead.price)),
            leader: Some(lead.stake.bidder),
            next_minimum: self.minimum_after(sale, lead),
            closes_at,
            bid_count: self.bid_count + 1,
            commitment: self.commitment(placement),
        })
    }

    fn minimum_after(&self, sale: &EnglishSale, lead: Lead) -> Option<Money> {
        sale.terms.shown_minimum(Some(lead)).map(|amount| self.money(amount))
    }

    fn bid_dutch(&self, sale: &DutchSale, placement: &Placement) -> Result<Vec<Event>, Rejection> {
        let price = sale.decide(placement.span.opens_at, placement.stake, self.rules().currency())?;
        Ok(self.sold(placement, price, None).into_iter().flatten().collect())
    }

    fn bid_sealed(&self, sale: &SealedSale, placement: &Placement) -> Result<Vec<Event>, Rejection> {
        let bid_id = placement.stake.bid_id;
        let commitment = self.commitment(placement);
        let data = match sale.decide(placement.stake, self.rules().currency())? {
            Accepted::Bid => EventData::Bid {
                bid_id,
                bidder: None,
                outcome: BidOutcome::Sealed,
                price: None,
                leader: None,
                next_minimum: None,
                closes_at: placement.span.closes_at,
                bid_count: self.bid_count + 1,
                commitment,
            },
            Accepted::Raise => {
                EventData::MaxRaised { bid_id, price: None, leader: None, next_minimum: None, commitment }
            }
        };
        Ok(vec![placement.event(data)])
    }

    /// The lot goes to this bid at once: the bid, then the close at the same moment.
    fn sold(&self, placement: &Placement, price: i64, reserve_met: Option<Event>) -> [Option<Event>; 3] {
        let Stake { bidder, bid_id, at, .. } = placement.stake;
        let price = Some(self.money(price));
        let bid = placement.event(EventData::Bid {
            bid_id,
            bidder: Some(bidder),
            outcome: BidOutcome::Won,
            price,
            leader: Some(bidder),
            next_minimum: None,
            closes_at: at,
            bid_count: self.bid_count + 1,
            commitment: self.commitment(placement),
        });
        let closed = EventData::Closed { status: AuctionStatus::Sold, winner: Some(bidder), price };
        [Some(bid), reserve_met, Some(Event::open(at, closed))]
    }

    fn commitment(&self, placement: &Placement) -> String {
        let offer = match placement.bid {
            BidKind::Max(max) => Offer::Max(max),
            BidKind::Exact(amount) => Offer::Amount(amount),
            BidKind::BuyNow => Offer::Amount(self.money(placement.stake.amount)),
        };
        let Stake { bidder, bid_id, .. } = placement.stake;
        let committed = Committed { auction_id: self.id, bidder, bid_id, rules_hash: self.rules_hash(), offer };
        committed.with(&placement.nonce)
    }
}
