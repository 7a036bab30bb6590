//! What a subscriber gets first: every event it lacks, or a snapshot and the reason why.

use blytz_core::wire::live::{Channel, MAX_BEHIND, ServerFrame, Since, Snapshot, SnapshotReason, Subscribed};
use serde_json::Value;

use super::hub::event_frame;
use crate::{
    app::App,
    error::{Error, Result, internal},
};

/// How many events are read from the log at a time: what a client holds in memory that asks for a
/// long log and does not read it.
const SLICE: usize = 100;

/// How a subscription begins.
pub(super) enum Start {
    /// With every event after this seq.
    After(u64),
    /// With a snapshot.
    Snapshot(SnapshotReason),
}

/// Decides how a subscription to a sequenced channel begins.
///
/// # Errors
/// 404 when there is no such channel.
pub(super) async fn start(app: &App, channel: Channel, since: Option<&Since>) -> Result<(u64, Start)> {
    let head = head(app, channel).await?.ok_or_else(Error::not_found)?;
    let Some(since) = since else { return Ok((head, Start::Snapshot(SnapshotReason::Initial))) };
    let other_history = since.epoch != app.hub.epoch() || since.seq > head || !hash_fits(app, channel, since).await?;
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
pub(super) fn subscribed(app: &App, channel: Channel, head: u64, start: &Start) -> Subscribed {
    let recovered = matches!(start, Start::After(_));
    Subscribed { channel, epoch: Some(app.hub.epoch()), seq: Some(head), recovered }
}

async fn head(app: &App, channel: Channel) -> Result<Option<u64>> {
    match channel {
        Channel::Auction(id) => app.auctions.head(id).await,
        Channel::Chat(id) => app.chats.head(id).await,
        Channel::Stream(_) | Channel::Me => Ok(None),
    }
}

/// Whether the log has the client's hash where the client says. Chats have no hashes.
async fn hash_fits(app: &App, channel: Channel, since: &Since) -> Result<bool> {
    let (Channel::Auction(id), Some(hash)) = (channel, &since.hash) else { return Ok(true) };
    Ok(app.auctions.hash_at(id, since.seq).await?.as_ref() == Some(hash))
}

/// The next frames after `seq`, and the seq of the last; empty at the head.
pub(super) async fn frames_after(
    app: &App,
    channel: Channel,
    seq: u64,
) -> Result<Vec<(u64, axum::extract::ws::Utf8Bytes)>> {
    let events = match channel {
        Channel::Auction(id) => app.auctions.events_after(id, seq, SLICE).await?,
        Channel::Chat(id) => app.chats.events_after(id, seq, SLICE).await?,
        Channel::Stream(_) | Channel::Me => Vec::new(),
    };
    Ok(events.into_iter().map(|(seq, json)| (seq, event_frame(channel, &json))).collect())
}

/// The channel's state now, and its seq.
pub(super) async fn snapshot(app: &App, channel: Channel, reason: SnapshotReason) -> Result<(u64, ServerFrame)> {
    let (seq, state) = match channel {
        Channel::Auction(id) => {
            let status = app.auctions.status(id).await?;
            (status.seq, to_value(&status)?)
        }
        Channel::Chat(id) => {
            let (seq, state) = app.chats.snapshot(id).await?;
            (seq, to_value(&state)?)
        }
        Channel::Stream(_) | Channel::Me => return Err(Error::not_found()),
    };
    let snapshot = Snapshot { epoch: app.hub.epoch(), seq, state };
    Ok((seq, ServerFrame::Snapshot { channel, snapshot, reason }))
}

pub(super) fn to_value(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(internal)
}
