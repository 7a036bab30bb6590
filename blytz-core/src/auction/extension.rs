//! The soft close: late bids move the close, so that nobody wins by being the last to press.

use super::rules::Rules;
use crate::{
    Timestamp,
    wire::auction::{SoftClose, SoftCloseMode},
};

/// From the opening to the close, as often as it was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) opens_at: Timestamp,
    pub(super) closes_at: Timestamp,
    pub(super) extensions: u64,
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

/// Where a start at `at` moves the close of a lot whose last moments fell into an outage; `None`
/// where it stays, or where the cap leaves nobody time to bid.
pub(super) fn after_outage(rules: &Rules, span: &Span, at: Timestamp) -> Option<Timestamp> {
    let soft_close = rules.soft_close().filter(|soft_close| is_late(soft_close, span, at))?;
    within_cap(rules, soft_close, span, at.plus_millis(soft_close.extend_ms)).filter(|closes_at| *closes_at > at)
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
        Span { opens_at: second(0), closes_at: second(closes_at), extensions: 0 }
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

    #[test]
    fn an_outage_of_the_last_moments_moves_the_close_if_that_leaves_time() {
        let open = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "add"}"#;
        let capped = r#"{"trigger_ms": 10000, "extend_ms": 8000, "mode": "add", "max_total_ms": 12000}"#;
        for (soft_close, at, moved) in [
            ("null", 59, None),
            ("null", 90, None),
            (open, 50, None),
            (open, 51, None),
            (open, 55, Some(63)),
            (open, 90, Some(98)),
            (capped, 66, Some(72)),
            (capped, 71, Some(72)),
            (capped, 72, None),
            (capped, 90, None),
        ] {
            let decided = after_outage(&rules(soft_close), &span(60), second(at));
            assert_eq!(decided, moved.map(second), "{soft_close}: a start at {at}");
        }
    }
}
