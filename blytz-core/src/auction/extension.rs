//! The soft close: late bids move the close, so that nobody wins by being the last to press, nor by
//! the house's going away.

use serde::{Deserialize, Serialize};

use super::rules::Rules;
use crate::{
    Timestamp,
    wire::auction::{ExtensionReason, SoftClose, SoftCloseMode},
};

/// How often a lot is extended for outages, at most: a house that goes away all the time must come to
/// an end, too.
pub const MAX_OUTAGES: u8 = 3;

/// How long a lot without a soft close stays open after a void, at least.
const LEFT_AFTER_VOID_MS: i64 = 30_000;

/// A time in which nobody was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// The last moment at which somebody may have been served.
    pub from: Timestamp,
    /// The first moment at which somebody may have been served again.
    pub to: Timestamp,
}

/// From the opening to the close, as often as it was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) opens_at: Timestamp,
    pub(super) closes_at: Timestamp,
    pub(super) extensions: u64,
    /// How many of these were for outages.
    pub(super) outages: u8,
    /// Since when it has been open under the rules that it has. Outages that ended by then don't count:
    /// there was no lot, or other rules have judged them.
    pub(super) ruled_since: Timestamp,
}

impl Span {
    pub(super) const fn new(opens_at: Timestamp, closes_at: Timestamp) -> Self {
        Self { opens_at, closes_at, extensions: 0, outages: 0, ruled_since: opens_at }
    }

    /// Follows `amended`.
    pub(super) const fn amended(&mut self, at: Timestamp, closes_at: Timestamp) {
        (self.closes_at, self.ruled_since) = (closes_at, at);
    }

    /// Follows `extended`.
    pub(super) fn extended(&mut self, closes_at: Timestamp, reason: ExtensionReason) {
        self.closes_at = closes_at;
        self.extensions += 1;
        self.outages = self.outages.saturating_add(u8::from(reason == ExtensionReason::Outage));
    }
}

/// Where a bid or void at `at` moves the close; `None` where it stays.
pub(super) fn after_late_bid(rules: &Rules, span: &Span, at: Timestamp) -> Option<Timestamp> {
    let soft_close = rules.soft_close().filter(|soft_close| is_late(soft_close, span, at))?;
    let wanted = match soft_close.mode {
        SoftCloseMode::Reset => at.plus_millis(soft_close.extend_ms),
        SoftCloseMode::Add => span.closes_at.plus_millis(soft_close.extend_ms),
    };
    within_cap(rules, soft_close, span, wanted)
}

/// Where a void at `at` moves the close; `None` where it stays. It may leave anybody in the lead, so there
/// is time to bid on: as after a late bid, and where late bids move nothing, half a minute.
pub(super) fn after_void(rules: &Rules, span: &Span, at: Timestamp) -> Option<Timestamp> {
    match rules.soft_close() {
        Some(_) => after_late_bid(rules, span, at),
        None => Some(at.plus_millis(LEFT_AFTER_VOID_MS)).filter(|wanted| *wanted > span.closes_at),
    }
}

/// Where an outage that is made good for at `at` moves the close; `None` where it stays: the last
/// moments did not fall into it, enough of them came after it, or the cap leaves nobody time to bid.
///
/// An outage that was offered once does nothing ever after. If it moved the close, that is an
/// extension after its end by now, or at the cap; and so it is for every outage that was over by `at`.
/// If it did not, then for a reason that stays, as none depends on `at` but the cap, and the close
/// only moves away.
pub(super) fn after_outage(rules: &Rules, span: &Span, outage: Outage, at: Timestamp) -> Option<Timestamp> {
    let soft_close = rules.soft_close()?;
    let was_one = outage.from < outage.to && outage.to <= at;
    let counts = span.outages < MAX_OUTAGES && outage.to > span.ruled_since;
    let met_the_last_moments = outage.from < span.closes_at && is_late(soft_close, span, outage.to);
    let left_too_little = outage.to.plus_millis(soft_close.extend_ms) > span.closes_at;
    let moves = was_one && counts && met_the_last_moments && left_too_little;
    let with_time_to_bid = || within_cap(rules, soft_close, span, at.plus_millis(soft_close.extend_ms));
    moves.then(with_time_to_bid).flatten().filter(|closes_at| *closes_at > at)
}

fn is_late(soft_close: &SoftClose, span: &Span, at: Timestamp) -> bool {
    at.plus_millis(soft_close.trigger_ms) > span.closes_at
}

fn within_cap(rules: &Rules, soft_close: &SoftClose, span: &Span, wanted: Timestamp) -> Option<Timestamp> {
    let last = soft_close.max_total_ms.map(|most| span.opens_at.plus_millis(rules.duration_ms()).plus_millis(most));
    let closes_at = last.map_or(wanted, |last| wanted.min(last));
    (closes_at > span.closes_at).then_some(closes_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::auction::RulesInput;

    /// A minute, with this soft close.
    fn rules(soft_close: &str) -> Rules {
        let text = format!(
            r#"{{"format": "english", "currency": "MYR", "starting_price": {{"amount": 1, "currency": "MYR"}},
            "increment": {{"fixed": 1}}, "duration_ms": 60000, "soft_close": {soft_close}}}"#
        );
        let stated: RulesInput = serde_json::from_str(&text).expect("rules");
        Rules::try_from(&stated).expect("valid rules")
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn span(closes_at: i64) -> Span {
        Span::new(second(0), second(closes_at))
    }

    #[test]
    fn late_bids_move_the_close() {
        let reset = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "reset"}"#;
        let add = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "add"}"#;
        let capped = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "add", "max_total_ms": 12000}"#;
        for (soft_close, closes_at, at, moved) in [
            ("null", 60, 59, None),
            (reset, 60, 50, None),
            (reset, 60, 51, None),
            (reset, 60, 52, None),
            (reset, 60, 53, Some(61)),
            (reset, 60, 59, Some(67)),
            (add, 60, 50, None),
            (add, 60, 51, Some(68)),
            (capped, 60, 51, Some(68)),
            (capped, 68, 59, Some(72)),
            (capped, 72, 71, None),
        ] {
            let decided = after_late_bid(&rules(soft_close), &span(closes_at), second(at));
            assert_eq!(decided, moved.map(second), "{soft_close}: closing at {closes_at}, a bid at {at}");
        }
    }

    const OPEN: &str = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "add"}"#;
    const SHORT: &str = r#"{"trigger_ms": 30000, "extend_ms": 5000, "mode": "reset"}"#;
    const EARLY: &str = r#"{"trigger_ms": 5000, "extend_ms": 20000, "mode": "reset"}"#;
    const LONG: &str = r#"{"trigger_ms": 90000, "extend_ms": 70000, "mode": "reset"}"#;
    const CAPPED: &str = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "add", "max_total_ms": 12000}"#;

    fn outage(from: i64, to: i64) -> Outage {
        Outage { from: second(from), to: second(to) }
    }

    #[test]
    fn an_outage_of_the_last_moments_moves_the_close_if_that_leaves_time() {
        for (soft_close, (from, to), at, moved) in [
            ("null", (55, 59), 59, None),
            ("null", (55, 90), 90, None),
            // Before the last moments, up to them, into them, and all of them.
            (OPEN, (20, 49), 49, None),
            (OPEN, (20, 50), 50, None),
            (OPEN, (20, 55), 55, Some(63)),
            (OPEN, (20, 90), 90, Some(98)),
            (EARLY, (20, 55), 55, None),
            (EARLY, (20, 56), 56, Some(76)),
            // Within them, and from within them to beyond the close.
            (OPEN, (51, 55), 55, Some(63)),
            (OPEN, (59, 60), 60, Some(68)),
            (OPEN, (59, 90), 90, Some(98)),
            // From the close on, and after it.
            (OPEN, (60, 90), 90, None),
            (OPEN, (70, 90), 90, None),
            // It is told later.
            (OPEN, (51, 55), 59, Some(67)),
            (OPEN, (51, 55), 300, Some(308)),
            (OPEN, (20, 50), 300, None),
            (OPEN, (60, 90), 300, None),
            // As much time was left as an extension gives, and stays left when it is told later.
            (OPEN, (40, 51), 51, None),
            (OPEN, (40, 52), 52, None),
            (OPEN, (40, 52), 59, None),
            (OPEN, (40, 53), 53, Some(61)),
            (SHORT, (31, 55), 55, None),
            (SHORT, (31, 56), 56, Some(61)),
            // Over before the lot opened, though its last moments are longer than the lot.
            (LONG, (-9, -1), 59, None),
            (LONG, (-9, 0), 59, None),
            (LONG, (-9, 1), 1, Some(71)),
            (LONG, (1, 2), 59, Some(129)),
            // To the cap, and beyond it.
            (CAPPED, (55, 66), 66, Some(72)),
            (CAPPED, (55, 71), 71, Some(72)),
            (CAPPED, (55, 72), 72, None),
            (CAPPED, (55, 66), 72, None),
            (CAPPED, (55, 90), 90, None),
            // No outage: without a length, back in time, or not over yet.
            (OPEN, (55, 55), 55, None),
            (OPEN, (57, 55), 59, None),
            (OPEN, (51, 56), 55, None),
        ] {
            let decided = after_outage(&rules(soft_close), &span(60), outage(from, to), second(at));
            assert_eq!(decided, moved.map(second), "{soft_close}: nobody served from {from} to {to}, told at {at}");
        }
    }

    #[test]
    fn what_has_been_made_good_for_counts_no_more_and_neither_does_a_fourth_outage() {
        let rules = rules(OPEN);
        let mut span = span(60);
        let mut offer = |from, to, at| {
            let moved = after_outage(&rules, &span, outage(from, to), second(at));
            if let Some(closes_at) = moved {
                span.extended(closes_at, ExtensionReason::Outage);
            }
            moved
        };
        for (from, to, at, moved) in [
            (55, 70, 80, Some(88)),
            // The same again, a part of it, and another that was over when it was made good for.
            (55, 70, 80, None),
            (56, 57, 85, None),
            (71, 80, 85, None),
            (79, 81, 81, Some(89)),
            (82, 85, 90, Some(98)),
            (91, 95, 95, None),
        ] {
            assert_eq!(offer(from, to, at), moved.map(second), "from {from} to {to}, told at {at}");
        }
    }

    #[test]
    fn what_other_rules_have_judged_is_not_judged_again() {
        let mut span = span(60);
        assert_eq!(after_outage(&rules(OPEN), &span, outage(30, 45), second(45)), None);
        span.amended(second(46), second(60));
        let longer = rules(r#"{"trigger_ms": 30000, "extend_ms": 30000, "mode": "reset"}"#);
        assert_eq!(after_outage(&longer, &span, outage(30, 45), second(47)), None);
        assert_eq!(after_outage(&longer, &span, outage(30, 47), second(47)), Some(second(77)));
    }

    #[test]
    fn a_void_leaves_time_to_bid_on() {
        let reset = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "reset"}"#;
        for (soft_close, closes_at, at, moved) in [
            ("null", 60, 29, None),
            ("null", 60, 30, None),
            ("null", 60, 31, Some(61)),
            ("null", 60, 59, Some(89)),
            ("null", 89, 80, Some(110)),
            (reset, 60, 50, None),
            (reset, 60, 53, Some(61)),
            (CAPPED, 72, 71, None),
        ] {
            let decided = after_void(&rules(soft_close), &span(closes_at), second(at));
            assert_eq!(decided, moved.map(second), "{soft_close}: closing at {closes_at}, a void at {at}");
        }
    }
}
