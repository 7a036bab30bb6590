//! What anybody may know of an auction's state: the fold of its public events.
//!
//! A state is read from a [`StatusView`] or begins with the `scheduled` event, goes on with each
//! event of the log, and is asked at a moment for what the clock changes. It is the same that
//! [`super::Auction::public`] says, without the secrets that an auction decides by.

use serde::{Deserialize, Serialize};

use super::dutch;
use crate::{
    Money, Timestamp, UserId,
    wire::auction::{AuctionStatus, BidOutcome, EventData, Format, RulesView, StatusView},
};

/// What anybody may know of an auction's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicState {
    /// Where it stands.
    pub status: AuctionStatus,
    /// How it is sold.
    pub format: Format,
    /// None before the first bid, and while sealed. A live Dutch price is that of the moment asked for.
    pub price: Option<Money>,
    /// The least that a bid must be: none while sealed (there the starting price holds) and once over.
    pub next_minimum: Option<Money>,
    /// Who leads, or won.
    pub leader: Option<UserId>,
    /// Standing accepted bids, raises not counted.
    pub bid_count: u64,
    /// Whether the reserve is met; none without a reserve, and while sealed.
    pub reserve_met: Option<bool>,
    /// The buy-now price while it is open.
    pub buy_now: Option<Money>,
    /// When it opened; none before.
    pub opens_at: Option<Timestamp>,
    /// When it closes or closed.
    pub closes_at: Option<Timestamp>,
    /// How often the close was moved.
    pub extensions: u64,
}

impl From<&StatusView> for PublicState {
    fn from(view: &StatusView) -> Self {
        Self {
            status: view.status,
            format: view.format,
            price: view.price,
            next_minimum: view.next_minimum,
            leader: view.leader.as_ref().map(|leader| leader.id),
            bid_count: view.bid_count,
            reserve_met: view.reserve_met,
            buy_now: view.buy_now,
            opens_at: view.opens_at,
            closes_at: view.closes_at,
            extensions: view.extensions,
        }
    }
}

impl PublicState {
    /// That of an auction just made under these rules.
    pub fn scheduled(rules: &RulesView) -> Self {
        let is_open = !rules.format.is_sealed();
        Self {
            status: AuctionStatus::Scheduled,
            format: rules.format,
            price: None,
            next_minimum: is_open.then_some(rules.starting_price),
            leader: None,
            bid_count: 0,
            reserve_met: rules.reserve_price.as_ref().filter(|_| is_open).map(|_| false),
            buy_now: rules.buy_now_price,
            opens_at: None,
            closes_at: None,
            extensions: 0,
        }
    }

    /// The fold's step: the state after one more event. `rules` are those in force: the last that an
    /// event stated, see [`EventData::rules`].
    pub fn apply(&mut self, rules: &RulesView, data: &EventData) {
        match data {
            EventData::Scheduled { rules, .. } => *self = Self::scheduled(rules),
            EventData::Amended { rules, closes_at, .. } => {
                let Self { status, opens_at, extensions, .. } = *self;
                *self = Self { status, opens_at, closes_at: *closes_at, extensions, ..Self::scheduled(rules) };
            }
            EventData::Opened { opens_at, closes_at } => {
                self.status = AuctionStatus::Live;
                (self.opens_at, self.closes_at) = (Some(*opens_at), Some(*closes_at));
            }
            EventData::Bid { outcome, price, leader, next_minimum, closes_at, bid_count, .. } => {
                (self.price, self.leader, self.next_minimum) = (*price, *leader, *next_minimum);
                (self.closes_at, self.bid_count) = (Some(*closes_at), *bid_count);
                // Buy-now ends with the first bid; with a reserve, once that is met.
                if self.reserve_met.is_none() || *outcome == BidOutcome::Won {
                    self.buy_now = None;
                }
            }
            EventData::MaxRaised { price, leader, next_minimum, .. } => {
                (self.price, self.leader, self.next_minimum) = (*price, *leader, *next_minimum);
            }
            EventData::ReserveMet { .. } => (self.reserve_met, self.buy_now) = (Some(true), None),
            EventData::Voided { price, leader, next_minimum, reserve_met, bid_count, closes_at, .. } => {
                (self.price, self.leader, self.next_minimum) = (*price, *leader, *next_minimum);
                (self.reserve_met, self.bid_count) = (*reserve_met, *bid_count);
                self.closes_at = Some(*closes_at);
            }
            EventData::Unblocked { .. } => {}
            EventData::Extended { closes_at, .. } => {
                self.closes_at = Some(*closes_at);
                self.extensions += 1;
            }
            EventData::Closed { status, winner, price } => {
                self.end(*status, *winner, *price);
                if self.format.is_sealed() {
                    // Whoever wins a sealed auction has reached the reserve, and nobody else would not win.
                    self.reserve_met = rules.reserve_price.as_ref().map(|_| winner.is_some());
                }
            }
            EventData::Cancelled { .. } => self.end(AuctionStatus::Cancelled, None, None),
        }
    }

    fn end(&mut self, status: AuctionStatus, winner: Option<UserId>, price: Option<Money>) {
        self.status = status;
        (self.next_minimum, self.buy_now) = (None, None);
        // Of an English auction everybody saw who led at which price, and that stays to be seen.
        if self.format != Format::English {
            (self.leader, self.price) = (winner, price);
        }
    }

    /// As it is at `now`. Without events only the price of a live Dutch auction changes.
    #[must_use]
    pub fn at(&self, rules: &RulesView, now: Timestamp) -> Self {
        let falling = self.falling(rules, now).map(|(price, _)| price);
        Self { price: falling.or(self.price), next_minimum: falling.or(self.next_minimum), ..self.clone() }
    }

    /// The price at `now` of a Dutch auction that nobody has taken, and when it falls next: never
    /// from its floor.
    fn falling(&self, rules: &RulesView, now: Timestamp) -> Option<(Money, Option<Timestamp>)> {
        let is_open = self.status == AuctionStatus::Live && self.leader.is_none();
        dutch::falling(rules, self.opens_at.filter(|_| is_open)?, now)
    }

    /// When the price of a live Dutch auction falls next after `now`; none at its floor.
    pub fn next_drop(&self, rules: &RulesView, now: Timestamp) -> Option<Timestamp> {
        self.falling(rules, now).and_then(|(_, next)| next)
    }

    /// The least that a bid must be at `now`, in whichever format: while sealed the starting price,
    /// none once it is over or where money ends.
    pub fn least(&self, rules: &RulesView, now: Timestamp) -> Option<Money> {
        if self.format.is_sealed() {
            Some(rules.starting_price).filter(|_| !self.status.is_over())
        } else {
            self.at(rules, now).next_minimum
        }
    }

    /// Whether a bid at `now` would come so late that a soft close moves.
    pub fn in_soft_close(&self, rules: &RulesView, now: Timestamp) -> bool {
        let Some((soft_close, left)) = rules.soft_close.zip(self.time_left(now)) else { return false };
        left < soft_close.trigger_ms.saturating_mul(1_000)
    }

    /// Microseconds from `now` to the close, 0 when that is due; none unless it is live.
    pub fn time_left(&self, now: Timestamp) -> Option<i64> {
        let closes_at = self.closes_at.filter(|_| self.status == AuctionStatus::Live)?;
        Some(closes_at.micros_since(now).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENS: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn live(rules: &str) -> (RulesView, PublicState) {
        let rules = serde_json::from_str::<super::super::Rules>(rules).expect("rules").view(None);
        let mut state = PublicState::scheduled(&rules);
        let closes_at = OPENS.plus_millis(rules.duration_ms);
        state.apply(&rules, &EventData::Opened { opens_at: OPENS, closes_at });
        (rules, state)
    }

    #[test]
    fn a_dutch_price_falls_by_itself_down_to_its_floor() {
        let (rules, state) = live(
            r#"{"format": "dutch", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
            "duration_ms": 60000, "dutch": {"step": 300, "interval_ms": 1000, "floor": {"amount": 500, "currency": "MYR"}}}"#,
        );
        for (after_ms, least, next_drop_ms) in
            [(0, 1_000, Some(1_000)), (999, 1_000, Some(1_000)), (1_000, 700, Some(2_000)), (2_000, 500, None)]
        {
            let now = OPENS.plus_millis(after_ms);
            assert_eq!(state.least(&rules, now).map(|least| least.amount), Some(least), "after {after_ms} ms");
            assert_eq!(
                state.next_drop(&rules, now),
                next_drop_ms.map(|at| OPENS.plus_millis(at)),
                "after {after_ms} ms"
            );
        }
    }

    #[test]
    fn a_sealed_bid_needs_the_starting_price_while_time_is_left() {
        let (rules, mut state) = live(
            r#"{"format": "sealed_first_price", "currency": "MYR", "duration_ms": 60000,
            "starting_price": {"amount": 1000, "currency": "MYR"}}"#,
        );
        assert_eq!(state.least(&rules, OPENS), Some(rules.starting_price));
        assert_eq!(state.time_left(OPENS.plus_millis(59_999)), Some(1_000));
        assert_eq!(state.time_left(OPENS.plus_millis(70_000)), Some(0));
        state.apply(&rules, &EventData::Cancelled { reason: String::new() });
        assert_eq!((state.least(&rules, OPENS), state.time_left(OPENS)), (None, None));
    }

    #[test]
    fn the_last_moments_are_those_in_which_a_bid_moves_the_close() {
        let (rules, state) = live(
            r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
            "increment": {"fixed": 100}, "duration_ms": 60000,
            "soft_close": {"trigger_ms": 10000, "extend_ms": 10000, "mode": "reset"}}"#,
        );
        let late = [49_999, 50_000, 50_001].map(|ms| state.in_soft_close(&rules, OPENS.plus_millis(ms)));
        assert_eq!(late, [false, false, true]);
    }
}
