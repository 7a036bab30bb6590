//! Bidders made up for a rule set. The same seed makes the same ones on every machine.

use std::collections::BTreeMap;

use blytz_client::wire::auction::Format;
use blytz_core::{
    Money, Timestamp,
    auction::{
        BidKind, Rules,
        scenario::{Action, Column, Scenario, Step, ZERO},
    },
};

/// A scenario in which `bidders` bid `bids` times, each up to what the lot is worth to them.
pub fn invent(rules: Rules, starts_at: Option<Timestamp>, bidders: u8, bids: u16, seed: u64) -> Scenario {
    let mut dice = Dice(seed);
    let bidders: Vec<_> = (0..bidders).map(|number| Bidder::new(number, &rules, &mut dice)).collect();
    let mut scenario = Scenario { title: String::new(), shows: Vec::new(), rules, starts_at, steps: Vec::new() };
    let opening = starts_at.unwrap_or(ZERO);
    if starts_at.is_none() {
        scenario.steps.push(step(1, ZERO, "-", "open".to_owned(), Action::Open));
    }
    for (at, line) in moments(&scenario.rules, opening, bids, &mut dice).into_iter().zip(2..) {
        // Somebody begins to think about it; the first who wants to bids.
        let first = dice.below(bidders.len() as u64) as usize;
        let seen = look(&scenario, at);
        let mut asked = bidders.iter().cycle().skip(first).take(bidders.len());
        let Some((bidder, bid)) =
            asked.find_map(|bidder| Some((bidder, bidder.decide(&scenario.rules, &seen, &mut dice)?)))
        else {
            continue;
        };
        let text = match bid {
            BidKind::Exact(amount) => format!("bid {}", amount.to_decimal()),
            BidKind::Max(max) => format!("max {}", max.to_decimal()),
            BidKind::BuyNow => "buy now".to_owned(),
        };
        scenario.steps.push(step(line, at, &bidder.name, text, Action::Bid { bid, label: format!("row {line}") }));
    }
    scenario
}

fn step(line: usize, at: Timestamp, who: &str, text: String, action: Action) -> Step {
    Step { line, at, who: who.to_owned(), text, action, expected: BTreeMap::new() }
}

/// When somebody bids: every other time late, for that is when people do.
fn moments(rules: &Rules, opening: Timestamp, bids: u16, dice: &mut Dice) -> Vec<Timestamp> {
    let duration = rules.duration_ms().unsigned_abs().max(1);
    let mut moments: Vec<_> = (0..bids)
        .map(|number| {
            let early = dice.below(duration);
            let left = duration - early;
            if number % 2 == 0 { early } else { duration - left / 8 - 1 }
        })
        .map(|millis| opening.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX)))
        .collect();
    moments.sort_unstable();
    moments
}

struct Bidder {
    name: String,
    /// What the lot is worth to them.
    worth: Money,
    /// Says it at once and lets the proxy do the rest.
    patient: bool,
}

impl Bidder {
    fn new(number: u8, rules: &Rules, dice: &mut Dice) -> Self {
        let start = rules.starting_price();
        // From a little under the starting price to four times as much; the reserve counts, too.
        let basis = rules.reserve_price().map_or(start.amount, |reserve| reserve.amount.max(start.amount));
        let percent = 80 + i64::try_from(dice.below(320)).unwrap_or(0);
        let worth = if rules.format() == Format::Dutch { 20 + percent / 5 } else { percent };
        let amount = (i128::from(basis) * i128::from(worth) / 100).clamp(1, (1 << 53) - 1);
        Self {
            name: char::from(b'a' + number % 26).to_string(),
            worth: Money::new(i64::try_from(amount).unwrap_or(1), start.currency),
            patient: dice.below(4) == 0,
        }
    }

    /// What they do, seeing what everybody sees.
    fn decide(&self, rules: &Rules, seen: &BTreeMap<Column, String>, dice: &mut Dice) -> Option<BidKind> {
        let cell = |column| seen.get(&column).map_or("-", String::as_str);
        let open = cell(Column::Status) == "live";
        if rules.format() != Format::English {
            return open.then_some(BidKind::Exact(self.worth));
        }
        let leads = cell(Column::Leader) == self.name;
        let next = Money::parse_decimal(cell(Column::Next), self.worth.currency).ok()?;
        if !open || leads || next.amount > self.worth.amount {
            return None;
        }
        if self.patient {
            return Some(BidKind::Max(self.worth));
        }
        let room = (self.worth.amount - next.amount).unsigned_abs() / 4;
        let more = if dice.below(4) == 0 { i64::try_from(dice.below(room + 1)).unwrap_or(0) } else { 0 };
        Some(BidKind::Exact(Money::new(next.amount + more, next.currency)))
    }
}

/// The auction as it stands at `at`, after all steps so far.
fn look(scenario: &Scenario, at: Timestamp) -> BTreeMap<Column, String> {
    let mut until_now = scenario.clone();
    until_now.steps.push(step(usize::MAX, at, "-", "tick".to_owned(), Action::Tick));
    let course = until_now.run();
    course.lines.into_iter().find(|line| line.row == Some(usize::MAX)).map(|line| line.cells).unwrap_or_default()
}

/// SplitMix64: small, and the same everywhere and always.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end`, `end` left out.
    fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.roll() % end }
    }
}
