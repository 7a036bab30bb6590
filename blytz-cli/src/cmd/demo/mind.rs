//! What a bidder makes of a lot: when to move, and how much to offer. Knows no network; time and
//! chance come in from outside, so that a seed repeats a bidder's moods.

use std::time::Duration;

use blytz_client::wire::auction::Format;
use blytz_core::Timestamp;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde::Deserialize;

use super::pace::Pace;

/// How often somebody who is beaten by a little thinks again.
const FEVER: u32 = 3;

/// How somebody bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Temperament {
    /// Waits for the last seconds.
    Sniper,
    /// Leaves a max and lets the server bid.
    Proxy,
    /// Answers every bid with the least.
    Stepper,
    /// Leaps, and takes things at once.
    Jumper,
    /// Talks more than they bid.
    Chatter,
    /// Looks and claps.
    Watcher,
}

/// A lot as a bidder sees it. Amounts are minor units.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    pub format: Format,
    pub live: bool,
    /// Whether this bidder leads.
    pub leading: bool,
    pub price: Option<i64>,
    /// The least that can be bid; while sealed the starting price.
    pub next_minimum: i64,
    /// While it is open.
    pub buy_now: Option<i64>,
    pub opens_at: Timestamp,
    pub closes_at: Timestamp,
    /// When a Dutch price will have fallen to an amount.
    pub dutch: Option<Falling>,
}

/// How a Dutch price falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Falling {
    pub start: i64,
    pub step: i64,
    pub interval_ms: i64,
    pub floor: i64,
}

/// What a bidder offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Exactly this.
    Exact(i64),
    /// Up to this.
    Max(i64),
    /// The buy-now price.
    BuyNow,
}

/// A bidder's mind.
pub struct Mind {
    temperament: Temperament,
    pace: Pace,
    rng: StdRng,
    /// What the lot is worth to them; none: they do not bid on it.
    worth: Option<i64>,
    /// When they will move next.
    due: Option<Timestamp>,
    /// Offers made on this lot.
    offers: u32,
    /// How often they may still find that it is worth more than they thought.
    fever: u32,
}

impl Mind {
    pub fn new(temperament: Temperament, pace: Pace, seed: u64) -> Self {
        Self { temperament, pace, rng: StdRng::seed_from_u64(seed), worth: None, due: None, offers: 0, fever: 0 }
    }

    /// When to move next.
    pub fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// A lot opens: makes up their mind whether they want it and for how much.
    pub fn meet(&mut self, sight: &Sight, estimate: (i64, i64), keen: bool) {
        self.offers = 0;
        self.fever = FEVER;
        self.due = None;
        self.worth = self.wants(keen).then(|| {
            let (low, high) = (estimate.0 as f64, estimate.1 as f64);
            let worth = low + (high - low) * self.rng.random_range(0.0..1.1);
            let worth = if keen { worth * 1.1 } else { worth };
            // Who waits for the end has to beat what the others found worth bidding.
            let worth = if self.temperament == Temperament::Sniper { worth * 1.05 } else { worth };
            // Nobody thinks in sen.
            (worth / 500.0) as i64 * 500
        });
        let Some(worth) = self.worth else { return };
        let first = match (sight.format, self.temperament) {
            (Format::Dutch, _) => {
                let Some(falling) = sight.dutch.filter(|falling| falling.floor <= worth) else { return };
                // Who hesitates lets another have it.
                let hesitation = self.between(0.2, 1.5);
                self.due =
                    Some(sight.opens_at.plus_millis(falling.millis_until(worth)).plus_micros(micros(hesitation)));
                return;
            }
            (Format::SealedFirstPrice | Format::SealedSecondPrice, _) => self.between(1.0, 14.0),
            (Format::English, Temperament::Sniper) => return self.aim(sight),
            (Format::English, Temperament::Proxy) => self.between(2.0, 9.0),
            (Format::English, Temperament::Chatter) => self.between(4.0, 12.0),
            (Format::English, _) => self.between(0.5, 5.0),
        };
        self.due = Some(sight.opens_at.plus_micros(micros(first)));
    }

    /// The lot changed.
    pub fn notice(&mut self, sight: &Sight, now: Timestamp) {
        let Some(worth) = self.worth.filter(|_| sight.format == Format::English) else { return };
        let worth = if sight.live && !sight.leading { self.stretch(worth, sight) } else { worth };
        if !sight.live || sight.leading || sight.next_minimum > worth {
            self.due = None;
            return;
        }
        if self.temperament == Temperament::Sniper {
            self.aim(sight);
            // Too late to wait: as fast as a hand is.
            let reaction = self.between(0.3, 1.2);
            self.due = self.due.map(|due| due.max(now.plus_micros(micros(reaction))));
            return;
        }
        if self.due.is_none() {
            let reaction = match self.temperament {
                Temperament::Stepper => self.between(0.8, 3.5),
                Temperament::Jumper => self.between(0.6, 5.0),
                Temperament::Chatter => self.between(4.0, 9.0),
                _ => self.between(2.0, 5.0),
            };
            self.due = Some(now.plus_micros(micros(reaction)));
        }
    }

    /// It is time: what they offer, if they still want to.
    pub fn offer(&mut self, sight: &Sight) -> Option<Offer> {
        self.due = None;
        let worth = self.worth.filter(|_| sight.live && !sight.leading)?;
        let offer = match sight.format {
            // Who pays their own bid keeps something back.
            Format::SealedFirstPrice => Some(Offer::Exact(worth * 9 / 10)),
            Format::Dutch | Format::SealedSecondPrice => Some(Offer::Exact(worth)),
            Format::English => self.english(sight, worth),
        };
        let offer = offer.filter(|offer| match offer {
            Offer::Exact(amount) | Offer::Max(amount) => *amount >= sight.next_minimum || sight.format == Format::Dutch,
            Offer::BuyNow => true,
        })?;
        self.offers += 1;
        Some(offer)
    }

    fn english(&mut self, sight: &Sight, worth: i64) -> Option<Offer> {
        if sight.next_minimum > worth {
            return None;
        }
        let step = sight.price.map_or(0, |price| sight.next_minimum - price);
        let steps = match self.temperament {
            Temperament::Proxy if self.offers < 2 => return Some(Offer::Max(worth)),
            Temperament::Proxy => return None,
            Temperament::Jumper => {
                let tempted = sight.buy_now.is_some_and(|price| price <= worth * 11 / 10);
                if tempted && self.rng.random_bool(0.5) {
                    return Some(Offer::BuyNow);
                }
                self.rng.random_range(1..=4)
            }
            Temperament::Sniper => self.rng.random_range(0..=2),
            _ => 0,
        };
        Some(Offer::Exact((sight.next_minimum + steps * step).min(worth)))
    }

    /// Who has bid and is beaten by a little may want it more than they thought.
    fn stretch(&mut self, worth: i64, sight: &Sight) -> i64 {
        let beaten_by_a_little = (worth + 1..=worth + worth / 10).contains(&sight.next_minimum);
        if self.offers == 0 || self.fever == 0 || !beaten_by_a_little || self.temperament == Temperament::Proxy {
            return worth;
        }
        self.fever -= 1;
        if !self.rng.random_bool(0.5) {
            return worth;
        }
        self.worth = Some(sight.next_minimum);
        sight.next_minimum
    }

    /// Aims at the last moments before the close as it stands.
    fn aim(&mut self, sight: &Sight) {
        let before = self.between(0.8, 4.0);
        self.due = Some(sight.closes_at.plus_micros(-micros(before)));
    }

    fn wants(&mut self, keen: bool) -> bool {
        let likely = match self.temperament {
            Temperament::Watcher => return false,
            _ if keen => 1.0,
            Temperament::Chatter => 0.35,
            Temperament::Jumper => 0.7,
            _ => 0.8,
        };
        self.rng.random_bool(likely)
    }

    /// Whether they feel like it, so likely.
    pub fn feels_like(&mut self, likely: f64) -> bool {
        self.rng.random_bool(likely.clamp(0.0, 1.0))
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        among.choose(&mut self.rng)
    }

    /// A length of time between so many of the show's seconds.
    pub fn between(&mut self, least: f64, most: f64) -> Duration {
        self.pace.duration(self.rng.random_range(least..most))
    }
}

impl Falling {
    /// Milliseconds from the opening until the price is at most `amount`.
    fn millis_until(self, amount: i64) -> i64 {
        let above = (self.start - amount).max(0);
        let ticks = above / self.step.max(1) + i64::from(above % self.step.max(1) > 0);
        ticks * self.interval_ms
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Timestamp = Timestamp::from_micros(1_000_000_000);
    const TEMPERAMENTS: [Temperament; 5] =
        [Temperament::Sniper, Temperament::Proxy, Temperament::Stepper, Temperament::Jumper, Temperament::Chatter];

    fn mind(temperament: Temperament, seed: u64) -> Mind {
        Mind::new(temperament, Pace::new(1.0).expect("a pace"), seed)
    }

    fn english(next_minimum: i64) -> Sight {
        Sight {
            format: Format::English,
            live: true,
            leading: false,
            price: Some(next_minimum - 1_000),
            next_minimum,
            buy_now: None,
            opens_at: OPEN,
            closes_at: OPEN.plus_millis(24_000),
            dutch: None,
        }
    }

    #[test]
    fn nobody_offers_less_than_the_least_or_more_than_it_is_worth_to_them() {
        for temperament in TEMPERAMENTS {
            for seed in 0..200 {
                let mut mind = mind(temperament, seed);
                let sight = english(60_000);
                mind.meet(&sight, (50_000, 90_000), true);
                let worth = mind.worth.expect("keen on it");
                match mind.offer(&sight) {
                    Some(Offer::Exact(amount) | Offer::Max(amount)) => {
                        assert!((60_000..=worth).contains(&amount), "{temperament:?} {seed}: {amount} of {worth}");
                    }
                    Some(Offer::BuyNow) => panic!("there is no buy-now price"),
                    None => assert!(worth < 60_000, "{temperament:?} {seed}"),
                }
            }
        }
    }

    #[test]
    fn a_sniper_moves_before_the_close_and_again_when_it_moved() {
        let mut mind = mind(Temperament::Sniper, 7);
        let mut sight = english(10_000);
        mind.meet(&sight, (50_000, 90_000), true);
        let due = mind.due().expect("a plan");
        let left = sight.closes_at.micros_since(due);
        assert!((800_000..4_000_000).contains(&left), "{left} µs before the close");

        sight.closes_at = sight.closes_at.plus_millis(8_000);
        mind.notice(&sight, due);
        let again = mind.due().expect("another plan");
        assert!(again > due.plus_millis(3_000), "the aim moved with the close");
        let last = sight.closes_at.plus_micros(-1_000);
        mind.notice(&sight, last);
        assert!(mind.due().expect("a last try") >= last.plus_micros(300_000), "nobody is faster than a hand");
    }

    #[test]
    fn who_leads_or_has_no_money_left_waits() {
        let mut mind = mind(Temperament::Stepper, 7);
        mind.meet(&english(10_000), (50_000, 90_000), true);
        mind.notice(&Sight { leading: true, ..english(10_000) }, OPEN);
        assert_eq!(mind.due(), None);
        mind.notice(&english(10_000), OPEN);
        assert!(mind.due().is_some());
        mind.notice(&english(900_000), OPEN);
        assert_eq!(mind.due(), None);
        assert_eq!(mind.offer(&english(900_000)), None);
    }

    #[test]
    fn a_fever_ends() {
        for seed in 0..50 {
            let mut mind = mind(Temperament::Stepper, seed);
            mind.meet(&english(10_000), (50_000, 90_000), true);
            assert!(mind.offer(&english(10_000)).is_some());
            let sober = mind.worth.expect("keen on it");
            for _ in 0..20 {
                let beaten = mind.worth.expect("still keen") + 1_000;
                mind.notice(&english(beaten), OPEN);
            }
            let fevered = mind.worth.expect("still keen");
            assert!(fevered <= sober + i64::from(FEVER) * 1_000, "{sober} became {fevered}");
        }
    }

    #[test]
    fn a_falling_price_is_taken_when_it_is_low_enough() {
        let falling = Falling { start: 1_000, step: 300, interval_ms: 500, floor: 100 };
        for (amount, expected) in [(1_000, 0), (2_000, 0), (999, 500), (700, 500), (699, 1_000), (100, 1_500)] {
            assert_eq!(falling.millis_until(amount), expected, "{amount}");
        }
    }

    #[test]
    fn a_seed_repeats_a_mind() {
        let course = |seed| {
            let mut mind = mind(Temperament::Jumper, seed);
            mind.meet(&english(10_000), (50_000, 90_000), false);
            (mind.worth, mind.due(), mind.offer(&english(12_000)))
        };
        assert_eq!(course(3), course(3));
        assert_ne!(course(3), course(4));
    }
}
