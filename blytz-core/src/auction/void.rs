//! Voiding a bid: what stands is recomputed from the log, as if the struck bids had never been.

use super::{
    event::{Event, Sealed, Stake},
    extension,
    handle::extension_event,
    proxy::{self, Lead, Offer},
    rejection::Rejection,
    rules::{EnglishTerms, Sale},
    state::{Auction, Book},
};
use crate::{
    BidId, Money, Timestamp, UserId,
    wire::auction::{EventData, ExtensionReason},
};

/// An accepted bid or raise, as the log tells it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    stake: Stake,
    exact: bool,
    raise: bool,
}

/// The accepted bids of a log in its order: those that stand, and the ids of those that fell.
#[derive(Debug, Default)]
struct Ledger {
    standing: Vec<Entry>,
    fallen: Vec<BidId>,
}

impl Auction {
    pub(super) fn void(
        &mut self,
        at: Timestamp,
        bid_id: BidId,
        reason: String,
        log: &[Event],
    ) -> Result<Vec<Event>, Rejection> {
        let mut ledger = self.ledger(log);
        if ledger.fallen.contains(&bid_id) {
            return Ok(Vec::new());
        }
        let bidder = ledger.bidder_of(bid_id).ok_or(Rejection::NotFound)?;
        let span = self.live_span(at)?;
        let struck = ledger.strike(bidder, bid_id);
        let closes_at = extension::after_late_bid(&self.terms.rules, &span, at);
        let standing = self.recomputed(&ledger, bidder);
        let voided = EventData::Voided {
            bid_id,
            struck,
            reason,
            price: standing.price,
            leader: standing.leader,
            next_minimum: standing.next_minimum,
            reserve_met: standing.reserve_met,
            bid_count: ledger.standing.iter().filter(|entry| !entry.raise).count() as u64,
            closes_at: closes_at.unwrap_or(span.closes_at),
        };
        let voided = Event { at, data: voided, sealed: Some(Sealed::Void { bidder, stake: standing.stake }) };
        let extended = closes_at.map(|closes_at| extension_event(at, closes_at, ExtensionReason::Void));
        Ok(self.record([Some(voided), extended].into_iter().flatten()))
    }

    fn ledger(&self, log: &[Event]) -> Ledger {
        let mut ledger = Ledger::default();
        for event in log {
            match (&event.data, &event.sealed) {
                (
                    EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. },
                    Some(Sealed::Bid { bidder, bid, .. }),
                ) => {
                    let stake = self.stake(*bidder, *bid_id, *bid, event.at);
                    let exact = !matches!(bid, super::BidKind::Max(_));
                    let raise = matches!(event.data, EventData::MaxRaised { .. });
                    ledger.standing.extend(stake.map(|stake| Entry { stake, exact, raise }));
                }
                (EventData::Voided { bid_id, .. }, Some(Sealed::Void { bidder, .. })) => {
                    let struck = ledger.strike(*bidder, *bid_id);
                    ledger.fallen.extend(struck);
                }
                _ => {}
            }
        }
        ledger
    }

    /// What stands once the ledger's bids are all there is.
    fn recomputed(&self, ledger: &Ledger, voided_bidder: UserId) -> Recomputed {
        match (&self.book, &self.terms.rules.sale) {
            (Book::English(_), Sale::English(terms)) => self.recomputed_english(ledger, terms),
            // Of sealed bids nothing shows. The bidder's bid before the struck one stands again.
            _ => {
                let own = ledger.standing.iter().rfind(|entry| entry.stake.bidder == voided_bidder);
                Recomputed { stake: own.map(|entry| entry.stake), ..Recomputed::default() }
            }
        }
    }

    fn recomputed_english(&self, ledger: &Ledger, terms: &EnglishTerms) -> Recomputed {
        let lead = ledger.lead(terms);
        let minimum = proxy::English { lead, ..proxy::English::default() }.shown_minimum(terms);
        Recomputed {
            stake: lead.map(|lead| lead.stake),
            price: lead.map(|lead| self.money(lead.price)),
            leader: lead.map(|lead| lead.stake.bidder),
            next_minimum: minimum.map(|amount| self.money(amount)),
            reserve_met: terms.reserve.map(|reserve| lead.is_some_and(|lead| lead.meets(reserve))),
        }
    }
}

/// See [`EventData::Voided`] and [`Sealed::Void`].
#[derive(Debug, Default)]
struct Recomputed {
    stake: Option<Stake>,
    price: Option<Money>,
    leader: Option<UserId>,
    next_minimum: Option<Money>,
    reserve_met: Option<bool>,
}

impl Ledger {
    /// Whose bid it is. Two bidders may have used the same id; the later copied the earlier one's
    /// from the public log, and is the one to be struck.
    fn bidder_of(&self, bid_id: BidId) -> Option<UserId> {
        self.standing.iter().rfind(|entry| entry.stake.bid_id == bid_id).map(|entry| entry.stake.bidder)
    }

    /// Takes out a bid and every later one of the same bidder; their ids in log order.
    fn strike(&mut self, bidder: UserId, bid_id: BidId) -> Vec<BidId> {
        let mut struck = Vec::new();
        self.standing.retain(|entry| {
            let stake = entry.stake;
            let falls = stake.bidder == bidder && (!struck.is_empty() || stake.bid_id == bid_id);
            if falls {
                struck.push(stake.bid_id);
            }
            !falls
        });
        struck
    }

    /// Who leads when the standing bids are placed one after the other.
    fn lead(&self, terms: &EnglishTerms) -> Option<Lead> {
        self.standing
            .iter()
            .fold(None, |lead, entry| Some(proxy::place(lead, Offer { stake: entry.stake, exact: entry.exact }, terms)))
    }
}
