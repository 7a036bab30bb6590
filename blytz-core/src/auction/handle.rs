//! Deciding commands: each verb checks, and says what happens; then that is applied.

use super::{
    command::Command,
    commitment::Nonce,
    event::Event,
    extension::{self, Outage},
    phase::Phase,
    published::PublishedRules,
    rejection::Rejection,
    rules::Rules,
    state::Auction,
};
use crate::{
    Timestamp,
    wire::auction::{AuctionStatus, EventData, ExtensionReason},
};

impl Auction {
    /// Decides a command and applies what follows from it. The events are in log order; they carry
    /// `max(now, last event + 1 µs)` as their time, but a close by the clock, whose time is the
    /// close. No events means that nothing had to happen: a repeated `Open` or `Cancel`, or nothing
    /// due.
    ///
    /// An overdue auction takes no commands: send [`Command::Tick`] first.
    ///
    /// # Errors
    /// The first [`Rejection`] in their order that applies; the state is then unchanged.
    pub fn handle(&mut self, now: Timestamp, command: Command) -> Result<Vec<Event>, Rejection> {
        let events = self.decide(now, command)?;
        for event in &events {
            let applied = self.apply(event);
            debug_assert_eq!(applied, Ok(()), "what was decided in a state can follow it");
        }
        Ok(events)
    }

    fn decide(&self, now: Timestamp, command: Command) -> Result<Vec<Event>, Rejection> {
        let at = now.max(self.last_at.plus_micros(1));
        match command {
            Command::Open => self.open(at),
            Command::Bid(bid) => self.bid(at, &bid),
            Command::Amend { rules, starts_at, item_hash, reserve_nonce } => {
                let item_hash = item_hash.unwrap_or_else(|| self.item_hash.clone());
                self.amend(at, rules, starts_at.unwrap_or(self.starts_at), item_hash, reserve_nonce)
            }
            Command::Void { fall, by, block, reason } => self.void(at, fall, by, block, reason),
            Command::Unblock(bidder) => self.unblock(at, bidder),
            Command::Cancel { reason, by_admin } => self.cancel(at, reason, by_admin),
            Command::Tick => Ok(self.tick(now, at).into_iter().collect()),
            Command::Resume(outage) => Ok(self.resume(at, outage).into_iter().collect()),
        }
    }

    fn open(&self, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        match &self.phase {
            Phase::Scheduled => Ok(vec![self.opening(at)]),
            phase => phase.open_at(at).map(|_| Vec::new()),
        }
    }

    fn opening(&self, at: Timestamp) -> Event {
        let closes_at = at.plus_millis(self.rules().duration_ms());
        Event::open(at, EventData::Opened { opens_at: at, closes_at })
    }

    fn amend(
        &self,
        at: Timestamp,
        rules: Rules,
        starts_at: Option<Timestamp>,
        item_hash: String,
        reserve_nonce: Nonce,
    ) -> Result<Vec<Event>, Rejection> {
        if self.bids_taken {
            return Err(Rejection::AuctionLocked);
        }
        let span = match &self.phase {
            Phase::Scheduled => None,
            phase => Some(phase.open_at(at)?),
        };
        if span.is_some() && starts_at != self.starts_at {
            return Err(Rejection::StartFixed);
        }
        let closes_at = span.map(|span| span.closes_at.max(span.opens_at.plus_millis(rules.duration_ms())));
        let published = PublishedRules::new(self.id, rules, reserve_nonce);
        let sealed = Some(published.sealed());
        let PublishedRules { view: rules, hash: rules_hash, .. } = published;
        let data = EventData::Amended { rules, rules_hash, item_hash, starts_at, closes_at };
        Ok(vec![Event { at, data, sealed }])
    }

    fn cancel(&self, at: Timestamp, reason: String, by_admin: bool) -> Result<Vec<Event>, Rejection> {
        match &self.phase {
            Phase::Cancelled { .. } => return Ok(Vec::new()),
            Phase::Scheduled => {}
            phase => drop(phase.open_at(at)?),
        }
        if self.bids_taken && !by_admin {
            return Err(Rejection::AuctionHasBids);
        }
        Ok(vec![Event::open(at, EventData::Cancelled { reason })])
    }

    fn tick(&self, now: Timestamp, at: Timestamp) -> Option<Event> {
        self.poll_timeout().filter(|timeout| *timeout <= now)?;
        match &self.phase {
            Phase::Scheduled => Some(self.opening(at)),
            Phase::Live(span) => Some(self.closing(span.closes_at)),
            Phase::Closed { .. } | Phase::Cancelled { .. } => None,
        }
    }

    /// The close by the clock. Its time is the close, so that all who see it due write the same.
    fn closing(&self, closes_at: Timestamp) -> Event {
        let result = self.sale.result();
        let data = EventData::Closed {
            status: if result.is_some() { AuctionStatus::Sold } else { AuctionStatus::Unsold },
            winner: result.map(|lead| lead.stake.bidder),
            price: result.map(|lead| self.money(lead.price)),
        };
        Event::open(closes_at, data)
    }

    fn resume(&self, at: Timestamp, outage: Outage) -> Option<Event> {
        let Phase::Live(span) = &self.phase else { return None };
        let closes_at = extension::after_outage(self.rules(), span, outage, at)?;
        // Whoever bid after the last that is known of the house was served.
        let from = if self.last_at < outage.to { outage.from.max(self.last_at) } else { outage.from };
        let (from, to) = (Some(from), Some(outage.to));
        Some(Event::open(at, EventData::Extended { closes_at, reason: ExtensionReason::Outage, from, to }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AuctionId, BidId, Currency, Money, UserId,
        auction::{Bid, BidKind, Consignment, Standing},
        id::uuid_v7,
    };

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
        Command::Bid(Bid {
            bidder,
            bid_id: BidId(uuid_v7(OPENS, [amount.to_be_bytes()[6], amount.to_be_bytes()[7], 0, 0, 0, 0, 0, 0, 0, 0])),
            kind: BidKind::Exact(Money::new(amount, Currency::MYR)),
            rules_hash: None,
            standing: Standing::default(),
            nonce: Nonce::from_bytes([0; 32]),
        })
    }

    /// A lot that is open from [`OPENS`] on for a minute.
    fn lot() -> Auction {
        let (id, nonce) = (AuctionId(uuid_v7(OPENS, [9; 10])), Nonce::from_bytes([0; 32]));
        let consigned = Consignment::sample(user(0));
        let (mut lot, _) = Auction::schedule(OPENS.plus_millis(-1), id, consigned, rules(60_000), nonce);
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
