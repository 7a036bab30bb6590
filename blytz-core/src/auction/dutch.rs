//! Dutch auctions: the price falls until somebody takes it.

use super::{
    bid::{Lead, Stake},
    rejection::Rejection,
    terms::DutchTerms,
};
use crate::{Currency, Money, Timestamp, wire::auction::RulesView};

/// A Dutch auction: its terms, and the bid that took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DutchSale {
    pub(super) terms: DutchTerms,
    pub(super) taken: Option<Lead>,
}

impl DutchSale {
    pub(super) const fn new(terms: DutchTerms) -> Self {
        Self { terms, taken: None }
    }

    /// The price at which this bid takes the lot.
    pub(super) fn decide(&self, opens_at: Timestamp, stake: Stake, currency: Currency) -> Result<i64, Rejection> {
        let price = self.terms.price_at(opens_at, stake.at);
        let too_low = || Rejection::BidTooLow { next_minimum: Money::new(price, currency) };
        if stake.amount < price { Err(too_low()) } else { Ok(price) }
    }
}

/// The price at `now` by a Dutch auction's public rules, and when it falls next: never from its
/// floor. None for other formats.
pub(super) fn falling(rules: &RulesView, opens_at: Timestamp, now: Timestamp) -> Option<(Money, Option<Timestamp>)> {
    let dutch = rules.dutch?;
    let terms = DutchTerms {
        starting_price: rules.starting_price.amount,
        step: dutch.step,
        interval_ms: dutch.interval_ms,
        floor: dutch.floor.amount,
    };
    let price = terms.price_at(opens_at, now);
    let next = (price > terms.floor)
        .then(|| opens_at.plus_millis(terms.interval_ms.saturating_mul(terms.ticks(opens_at, now) + 1)));
    Some((Money::new(price, rules.currency), next))
}

impl DutchTerms {
    /// The price at a moment: `max(floor, start − step × ⌊(at − opens_at) / interval⌋)`.
    pub(super) fn price_at(&self, opens_at: Timestamp, at: Timestamp) -> i64 {
        let fallen = self.step.saturating_mul(self.ticks(opens_at, at));
        self.starting_price.saturating_sub(fallen).max(self.floor)
    }

    /// How often the price has fallen.
    fn ticks(&self, opens_at: Timestamp, at: Timestamp) -> i64 {
        at.micros_since(opens_at).max(0) / self.interval_ms.saturating_mul(1_000).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_falls_with_whole_intervals_down_to_the_floor() {
        let terms = DutchTerms { starting_price: 1_000, step: 300, interval_ms: 1_000, floor: 250 };
        let open = Timestamp::from_micros(5_000_000);
        for (micros, price) in [
            (-1, 1_000),
            (0, 1_000),
            (999_999, 1_000),
            (1_000_000, 700),
            (1_999_999, 700),
            (2_000_000, 400),
            (3_000_000, 250),
            (i64::MAX / 2, 250),
        ] {
            assert_eq!(terms.price_at(open, open.plus_micros(micros)), price, "after {micros} µs");
        }
    }
}
