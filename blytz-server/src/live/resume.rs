//! What a subscriber gets first: every event it lacks, or a snapshot and the reason why.

use blytz_core::wire::live::{Channel, MAX_BEHIND, ServerFrame, Since, Snapshot, SnapshotReason, Subscribed};

use super::backstage::Backstage;
use crate::{
    error::{Error, Result},
    platform::hub::event_frame,
};

/// How many events are read from the log at a time: what a client holds in memory that asks for a
/// long log and does not read it.
const SLICE: usize = 100;

/// How a subscription begins.
pub enum Start {
    /// With every event after this seq.
    After(u64),
    /// With a snapshot.
    Snapshot(SnapshotReason),
}

/// Decides how a subscription to a sequenced channel begins.
///
/// # Errors
/// 404 when there is no such channel.
pub async fn start(backstage: &impl Backstage, channel: Channel, since: Option<&Since>) -> Result<(u64, Start)> {
    let head = backstage.head(channel).await?.ok_or_else(Error::not_found)?;
    let Some(since) = since else { return Ok((head, Start::Snapshot(SnapshotReason::Initial))) };
    let other_history =
        since.epoch != backstage.platform().hub.epoch() || since.seq > head || !backstage.has(channel, since).await?;
    let start = if other_history {
        Start::Snapshot(SnapshotReason::Epoch)
    } else if head - since.seq > MAX_BEHIND {
        Start::Snapshot(SnapshotReason::TooFar)
    } else {
        Start::After(since.seq)
    };
    Ok((head, start))
}

/// The `ok` of a subscription.
pub fn subscribed(backstage: &impl Backstage, channel: Channel, head: u64, start: &Start) -> Subscribed {
    let recovered = matches!(start, Start::After(_));
    Subscribed { channel, epoch: Some(backstage.platform().hub.epoch()), seq: Some(head), recovered }
}

/// The next frames after `seq`, and the seq of the last; empty at the head.
pub async fn frames_after(
    backstage: &impl Backstage,
    channel: Channel,
    seq: u64,
) -> Result<Vec<(u64, axum::extract::ws::Utf8Bytes)>> {
    let events = backstage.events_after(channel, seq, SLICE).await?;
    Ok(events.into_iter().map(|(seq, json)| (seq, event_frame(channel, &json))).collect())
}

/// The channel's state now, and its seq.
pub async fn snapshot(
    backstage: &impl Backstage,
    channel: Channel,
    reason: SnapshotReason,
) -> Result<(u64, ServerFrame)> {
    let (seq, state) = backstage.snapshot(channel).await?;
    let snapshot = Snapshot { epoch: backstage.platform().hub.epoch(), seq, state };
    Ok((seq, ServerFrame::Snapshot { channel, snapshot, reason }))
}
