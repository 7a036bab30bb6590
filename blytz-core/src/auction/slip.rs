//! An offer that may be a slip of the finger: what every way in asks about before it is bid.

use crate::Money;

/// From so many times the least on, an offer is asked about: a digit too much costs money.
const HIGH: i64 = 10;

/// How many times the least an offer is, rounded down, when that is so much that it may be a slip.
/// Both are minor units of the same currency. A least of nothing counts as one unit.
///
/// ```
/// use blytz_core::{Money, auction::possible_slip};
/// let myr = |amount| Money::new(amount, "MYR".parse().expect("a currency"));
/// assert_eq!(possible_slip(myr(99_99), myr(10_00)), None);
/// assert_eq!(possible_slip(myr(100_00), myr(10_00)), Some(10));
/// ```
pub fn possible_slip(offer: Money, least: Money) -> Option<i64> {
    let times = offer.amount / least.amount.max(1);
    (times >= HIGH).then_some(times)
}
