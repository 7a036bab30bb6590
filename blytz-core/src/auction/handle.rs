//! Deciding commands: each verb checks, then records what happened.

use std::sync::Arc;

use super::{
    command::{BidKind, Command, Standing},
    event::{Event, Sealed, Stake},
    extension,
    log::{Nonce, Offer, bid_commitment},
    proxy::{English, Lead, Verdict},
    rejection::Rejection,
    rules::{DutchTerms, EnglishTerms, Rules, Sale, SealedTerms},
    sealed,
    state::{Auction, Book, Phase, Span, Terms},
};
use crate::{
    BidId, Money, Timestamp, UserId,
    wire::auction::{AuctionStatus, BidOutcome, EventData, ExtensionReason},
};

impl Auction {
    /// Decides a command and applies what follows from it. The events are in log order; they carry
    /// `max(now, last event + 1 µs)` as their time, but a close by the clock, whose time is the
    /// close. No events means that nothing had to happen: a repeated `Open`, `Cancel` or `Void`, or
    /// nothing due.
    ///
    /// An overdue auction takes no commands: send [`Command::Tick`] first.
    ///
    /// # Errors
    /// The first [`Rejection`] in their order that applies; the state is then unchanged.
    pub fn handle(&mut self, now: Timestamp, command: Command) -> Result<Vec<Event>, Rejection> {
        let at = now.max(self.last_at.plus_micros(1));
        match command {
            Command::Open => self.open(at),
            Command::Bid { bidder, bid_id, bid, standing, nonce } => {
                let span = self.admit(at, bidder, bid, standing)?;
                let stake = self.stake(bidder, bid_id, bid, at).ok_or(Rejection::BuyNowUnavailable)?;
                let placement = Placement { at, span, bid, stake, nonce };
                self.bid(&placement)
            }
            Command::Amend { rules, starts_at, reserve_nonce } => {
                self.amend(at, rules, starts_at.unwrap_or(self.starts_at), reserve_nonce)
            }
            Command::Void { bid_id, bidder, reason, ledger } => self.void(at, bid_id, bidder, reason, ledger),
            Command::Cancel { reason, by_admin } => self.cancel(at, reason, by_admin),
            Command::Tick => Ok(self.tick(now, at)),
            Command::Resume => Ok(self.resume(now, at)),
        }
    }

    fn open(&mut self, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        match self.live_span(at) {
            Ok(_) => Ok(Vec::new()),
            Err(Rejection::AuctionNotLive) => {
                let opened = self.opening(at);
                Ok(self.record([opened]))
            }
            Err(rejection) => Err(rejection),
        }
    }

    fn opening(&self, at: Timestamp) -> Event {
        let closes_at = at.plus_millis(self.terms.rules.duration_ms());
        Event { at, data: EventData::Opened { opens_at: at, closes_at }, sealed: None }
    }

    /// Rule 7, and what stands in its way: the auction must be open at `at`.
    pub(super) fn live_span(&self, at: Timestamp) -> Result<Span, Rejection> {
        match &self.phase {
            Phase::Cancelled { .. } => Err(Rejection::AuctionCancelled),
            Phase::Scheduled => Err(Rejection::AuctionNotLive),
            Phase::Live(span) if at < span.closes_at => Ok(*span),
            Phase::Live(_) | Phase::Closed { .. } => Err(Rejection::AuctionClosed),
        }
    }

    /// The refusals that need no look at the other bids, in their order.
    fn admit(&self, at: Timestamp, bidder: UserId, bid: BidKind, standing: Standing) -> Result<Span, Rejection> {
        let rules = &self.terms.rules;
        let kind_allowed = match (&rules.sale, bid) {
            (Sale::English(_), _) | (_, BidKind::Exact(_)) => true,
            (Sale::Dutch(_) | Sale::Sealed(_), BidKind::Max(_) | BidKind::BuyNow) => false,
        };
        if standing.suspended {
            Err(Rejection::Suspended)
        } else if bidder == self.seller_id {
            Err(Rejection::OwnAuction)
        } else if standing.blocked || self.has_blocked(bidder) {
            Err(Rejection::Blocked)
        } else if bid.money().is_some_and(|money| money.currency != rules.currency()) {
            Err(Rejection::CurrencyMismatch)
        } else if !kind_allowed {
            Err(Rejection::KindNotAllowed)
        } else {
            self.live_span(at)
        }
    }

    fn bid(&mut self, placement: &Placement) -> Result<Vec<Event>, Rejection> {
        let terms = Arc::clone(&self.terms);
        match (&self.book, &terms.rules.sale) {
            (Book::English(english), Sale::English(english_terms)) => {
                let english = *english;
                self.bid_english(english, english_terms, placement)
            }
            (_, Sale::Dutch(dutch_terms)) => self.bid_dutch(dutch_terms, placement),
            (_, Sale::Sealed(sealed_terms)) => self.bid_sealed(sealed_terms, placement),
            // A book is made by the rules' format; these can't meet.
            (Book::Dutch(_) | Book::Sealed(_), Sale::English(_)) => Err(Rejection::KindNotAllowed),
        }
    }

    fn bid_english(
        &mut self,
        before: English,
        terms: &EnglishTerms,
        placement: &Placement,
    ) -> Result<Vec<Event>, Rejection> {
        let stake = placement.stake;
        let newly_met = |reached: i64| !before.reserve_met && terms.reserve.is_some_and(|reserve| reached >= reserve);
        match before.decide(terms, self.bids_taken, placement.bid, stake)? {
            Verdict::Won { price } => {
                let reserve_met = newly_met(price).then(|| self.reserve_met(placement.at, price));
                Ok(self.sell(placement, price, reserve_met))
            }
            Verdict::Placed(lead) => {
                let extended = extension::after_late_bid(&self.terms.rules, &placement.span, placement.at);
                let outcome = if lead.stake.bidder == stake.bidder { BidOutcome::Leading } else { BidOutcome::Outbid };
                let bid = EventData::Bid {
                    bid_id: stake.bid_id,
                    bidder: Some(stake.bidder),
                    outcome,
                    price: Some(self.money(lead.price)),
                    leader: Some(lead.stake.bidder),
                    next_minimum: self.minimum_after(lead, terms),
                    closes_at: extended.unwrap_or(placement.span.closes_at),
                    bid_count: self.bid_count + 1,
                    commitment: self.commitment(placement),
                };
                let events = [
                    Some(placement.event(bid)),
                    newly_met(lead.stake.amount).then(|| self.reserve_met(placement.at, lead.price)),
                    extended.map(|closes_at| extension_event(placement.at, closes_at, ExtensionReason::SoftClose)),
                ];
                Ok(self.record(events.into_iter().flatten()))
            }
            Verdict::Raised(lead) => {
                let raised = EventData::MaxRaised {
                    bid_id: stake.bid_id,
                    price: Some(self.money(lead.price)),
                    leader: Some(lead.stake.bidder),
                    next_minimum: self.minimum_after(lead, terms),
                    commitment: self.commitment(placement),
                };
                let reserve_met = newly_met(lead.stake.amount).then(|| self.reserve_met(placement.at, lead.price));
                Ok(self.record([Some(placement.event(raised)), reserve_met].into_iter().flatten()))
            }
        }
    }

    fn bid_dutch(&mut self, terms: &DutchTerms, placement: &Placement) -> Result<Vec<Event>, Rejection> {
        let price = terms.price_at(placement.span.opens_at, placement.at);
        if placement.stake.amount < price {
            return Err(Rejection::BidTooLow { next_minimum: self.money(price) });
        }
        Ok(self.sell(placement, price, None))
    }

    fn bid_sealed(&mut self, terms: &SealedTerms, placement: &Placement) -> Result<Vec<Event>, Rejection> {
        let Book::Sealed(bids) = &self.book else { return Err(Rejection::KindNotAllowed) };
        let bid_id = placement.stake.bid_id;
        let commitment = self.commitment(placement);
        let data = match bids.decide(terms, placement.stake, self.terms.rules.currency())? {
            sealed::Verdict::Placed => EventData::Bid {
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
            sealed::Verdict::Raised => {
                EventData::MaxRaised { bid_id, price: None, leader: None, next_minimum: None, commitment }
            }
        };
        Ok(self.record([placement.event(data)]))
    }

    /// The lot goes to this bid at once: the bid, then the close at the same moment.
    fn sell(&mut self, placement: &Placement, price: i64, reserve_met: Option<Event>) -> Vec<Event> {
        let at = placement.at;
        let bidder = placement.stake.bidder;
        let price = self.money(price);
        let bid = EventData::Bid {
            bid_id: placement.stake.bid_id,
            bidder: Some(bidder),
            outcome: BidOutcome::Won,
            price: Some(price),
            leader: Some(bidder),
            next_minimum: None,
            closes_at: at,
            bid_count: self.bid_count + 1,
            commitment: self.commitment(placement),
        };
        let closed = EventData::Closed { status: AuctionStatus::Sold, winner: Some(bidder), price: Some(price) };
        let closed = Event { at, data: closed, sealed: None };
        self.record([Some(placement.event(bid)), reserve_met, Some(closed)].into_iter().flatten())
    }

    fn amend(
        &mut self,
        at: Timestamp,
        rules: Rules,
        starts_at: Option<Timestamp>,
        reserve_nonce: Nonce,
    ) -> Result<Vec<Event>, Rejection> {
        if self.bids_taken {
            return Err(Rejection::AuctionLocked);
        }
        let span = match self.live_span(at) {
            Ok(span) => Some(span),
            Err(Rejection::AuctionNotLive) => None,
            Err(rejection) => return Err(rejection),
        };
        if span.is_some() && starts_at != self.starts_at {
            return Err(Rejection::StartFixed);
        }
        let closes_at = span.map(|span| span.closes_at.max(span.opens_at.plus_millis(rules.duration_ms())));
        let terms = Terms::new(self.id, rules, Some(reserve_nonce));
        let data = EventData::Amended {
            rules: terms.view().clone(),
            rules_hash: terms.hash().to_owned(),
            starts_at,
            closes_at,
        };
        Ok(self.record([Event { at, data, sealed: Some(terms.sealed()) }]))
    }

    fn cancel(&mut self, at: Timestamp, reason: String, by_admin: bool) -> Result<Vec<Event>, Rejection> {
        match self.live_span(at) {
            Err(Rejection::AuctionCancelled) => return Ok(Vec::new()),
            Ok(_) | Err(Rejection::AuctionNotLive) => {}
            Err(rejection) => return Err(rejection),
        }
        if self.bids_taken && !by_admin {
            return Err(Rejection::AuctionHasBids);
        }
        Ok(self.record([Event { at, data: EventData::Cancelled { reason }, sealed: None }]))
    }

    fn tick(&mut self, now: Timestamp, at: Timestamp) -> Vec<Event> {
        let due = self.poll_timeout().is_some_and(|timeout| timeout <= now);
        let event = match &self.phase {
            Phase::Scheduled if due => self.opening(at),
            Phase::Live(span) if due => self.closing(span.closes_at),
            Phase::Scheduled | Phase::Live(_) | Phase::Closed { .. } | Phase::Cancelled { .. } => return Vec::new(),
        };
        self.record([event])
    }

    /// The close by the clock. Its time is the close, so that all who see it due write the same.
    fn closing(&self, closes_at: Timestamp) -> Event {
        let result = self.result();
        let data = EventData::Closed {
            status: if result.is_some() { AuctionStatus::Sold } else { AuctionStatus::Unsold },
            winner: result.map(|(winner, _)| winner),
            price: result.map(|(_, price)| self.money(price)),
        };
        Event { at: closes_at, data, sealed: None }
    }

    fn resume(&mut self, now: Timestamp, at: Timestamp) -> Vec<Event> {
        let extended = match &self.phase {
            Phase::Live(span) => extension::after_outage(&self.terms.rules, span, at),
            Phase::Scheduled | Phase::Closed { .. } | Phase::Cancelled { .. } => None,
        };
        match extended {
            Some(closes_at) => self.record([extension_event(at, closes_at, ExtensionReason::Outage)]),
            None => self.tick(now, at),
        }
    }

    /// Applies what was decided and hands it out.
    pub(super) fn record(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Event> {
        let events: Vec<Event> = events.into_iter().collect();
        for event in &events {
            let applied = self.apply(event);
            debug_assert_eq!(applied, Ok(()), "what was decided in a state can follow it");
        }
        events
    }

    pub(super) fn money(&self, amount: i64) -> Money {
        self.terms.rules.money(amount)
    }

    fn minimum_after(&self, lead: Lead, terms: &EnglishTerms) -> Option<Money> {
        let after = English { lead: Some(lead), ..English::default() };
        after.shown_minimum(terms).map(|amount| self.money(amount))
    }

    fn reserve_met(&self, at: Timestamp, price: i64) -> Event {
        Event { at, data: EventData::ReserveMet { price: self.money(price) }, sealed: None }
    }

    fn commitment(&self, placement: &Placement) -> String {
        let offer = match placement.bid {
            BidKind::Max(max) => Offer::Max(max),
            BidKind::Exact(amount) => Offer::Amount(amount),
            BidKind::BuyNow => Offer::Amount(self.money(placement.stake.amount)),
        };
        let bid_id: BidId = placement.stake.bid_id;
        bid_commitment(bid_id, offer, &placement.nonce)
    }
}

/// A bid that was let in.
#[derive(Debug)]
struct Placement {
    at: Timestamp,
    span: Span,
    bid: BidKind,
    stake: Stake,
    nonce: Nonce,
}

impl Placement {
    fn event(&self, data: EventData) -> Event {
        let sealed = Sealed::Bid { bidder: self.stake.bidder, bid: self.bid, nonce: self.nonce };
        Event { at: self.at, data, sealed: Some(sealed) }
    }
}

pub(super) fn extension_event(at: Timestamp, closes_at: Timestamp, reason: ExtensionReason) -> Event {
    Event { at, data: EventData::Extended { closes_at, reason }, sealed: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuctionId, Currency, ProductId, id::uuid_v7};

    const OPENS: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn user(number: u8) -> UserId {
        UserId(uuid_v7(OPENS, [number; 10]))
    }

    fn rules(duration_ms: i64) -> Rules {
        let stated = format!(
            r#"{{"format": "english", "currency": "MYR", "starting_price": {{"amount": 1000, "currency": "MYR"}},
            "increment": {{"fixed": 100}}, "duration_ms": {duration_ms}}}"#
        );
        serde_json::from_str(&stated).expect("valid rules")
    }

    fn bid(bidder: u8, amount: i64) -> Command {
        let bidder = user(bidder);
        Command::Bid {
            bidder,
            bid_id: BidId(uuid_v7(OPENS, [amount.to_be_bytes()[6], amount.to_be_bytes()[7], 0, 0, 0, 0, 0, 0, 0, 0])),
            bid: BidKind::Exact(Money::new(amount, Currency::MYR)),
            standing: Standing::default(),
            nonce: Nonce::from_bytes([0; 32]),
        }
    }

    /// A lot that is open from [`OPENS`] on for a minute.
    fn lot() -> Auction {
        let (id, product) = (AuctionId(uuid_v7(OPENS, [9; 10])), ProductId(uuid_v7(OPENS, [8; 10])));
        let nonce = Nonce::from_bytes([0; 32]);
        let (mut lot, _) = Auction::schedule(OPENS.plus_millis(-1), id, user(0), product, None, rules(60_000), nonce);
        lot.handle(OPENS, Command::Open).expect("scheduled");
        lot
    }

    #[test]
    fn nothing_is_taken_by_an_overdue_auction_that_nobody_has_closed_yet() {
        let close = OPENS.plus_millis(60_000);
        let mut lot = lot();
        lot.handle(close.plus_micros(-1), bid(1, 1_000)).expect("in the last microsecond");
        // A second bid at the same moment is decided a microsecond later: at the close.
        assert_eq!(lot.handle(close.plus_micros(-1), bid(2, 1_100)), Err(Rejection::AuctionClosed));
        for now in [close, close.plus_millis(1)] {
            assert_eq!(lot.handle(now, bid(2, 1_100)), Err(Rejection::AuctionClosed));
            assert_eq!(lot.handle(now, Command::Open), Err(Rejection::AuctionClosed));
            let cancel = Command::Cancel { reason: String::new(), by_admin: true };
            assert_eq!(lot.handle(now, cancel), Err(Rejection::AuctionClosed));
        }
        let closed = lot.handle(close.plus_millis(500), Command::Tick).expect("due");
        assert_eq!(closed.iter().map(|event| event.at).collect::<Vec<_>>(), [close]);
    }

    #[test]
    fn commands_of_one_moment_and_of_a_clock_set_back_get_their_own_times_in_order() {
        let mut lot = lot();
        let mut at = |now, command| lot.handle(now, command).expect("acceptable").first().map(|event| event.at);
        let second = OPENS.plus_millis(1_000);
        assert_eq!(at(second, bid(1, 1_000)), Some(second));
        assert_eq!(at(second, bid(2, 1_100)), Some(second.plus_micros(1)));
        assert_eq!(at(OPENS, bid(1, 1_200)), Some(second.plus_micros(2)));
    }

    #[test]
    fn where_money_ends_there_is_no_next_minimum() {
        let mut lot = lot();
        let events = lot.handle(OPENS, bid(1, crate::money::MAX_AMOUNT)).expect("the largest amount");
        let stored = serde_json::to_string(&events[0].data).expect("JSON");
        assert!(serde_json::from_str::<EventData>(&stored).is_ok(), "what is stored can be read: {stored}");
        assert_eq!(lot.public(OPENS).next_minimum, None);
        let too_low = lot.handle(OPENS, bid(2, crate::money::MAX_AMOUNT)).expect_err("nothing is higher");
        assert_eq!(too_low.code(), crate::wire::ErrorCode::BidTooLow);
    }
}
