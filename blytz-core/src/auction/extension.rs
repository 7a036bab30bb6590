//! The soft close: late bids move the close, so that nobody wins by being the last to press.

use super::{rules::Rules, state::Span};
use crate::{Timestamp, wire::auction::SoftCloseMode};

/// Where a bid or void at `at` moves the close; `None` where it stays.
pub(super) fn after_late_bid(rules: &Rules, span: &Span, at: Timestamp) -> Option<Timestamp> {
    let soft_close = rules.soft_close()?;
    if !is_late(soft_close.trigger_ms, span, at) {
        return None;
    }
    let wanted = match soft_close.mode {
        SoftCloseMode::Reset => at.plus_millis(soft_close.extend_ms),
        SoftCloseMode::Add => span.closes_at.plus_millis(soft_close.extend_ms),
    };
    within_cap(rules, span, wanted)
}

/// Where a start at `at` moves the close of a lot whose last moments fell into an outage; `None`
/// where it stays, or where the cap leaves nobody time to bid.
pub(super) fn after_outage(rules: &Rules, span: &Span, at: Timestamp) -> Option<Timestamp> {
    let soft_close = rules.soft_close()?;
    if !is_late(soft_close.trigger_ms, span, at) {
        return None;
    }
    within_cap(rules, span, at.plus_millis(soft_close.extend_ms)).filter(|closes_at| *closes_at > at)
}

fn is_late(trigger_ms: i64, span: &Span, at: Timestamp) -> bool {
    at.plus_millis(trigger_ms) > span.closes_at
}

fn within_cap(rules: &Rules, span: &Span, wanted: Timestamp) -> Option<Timestamp> {
    let max_total_ms = rules.soft_close().and_then(|soft_close| soft_close.max_total_ms);
    let cap = max_total_ms.map(|most| span.opens_at.plus_millis(rules.duration_ms()).plus_millis(most));
    let closes_at = cap.map_or(wanted, |cap| wanted.min(cap));
    (closes_at > span.closes_at).then_some(closes_at)
}
