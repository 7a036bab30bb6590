//! What a subscriber gets first: every event it lacks, or a snapshot and the reason why.
//!
//! Thousands subscribe to the same at once: when a show goes live, or when a server that was away is
//! back. What one of them has to read, all of them do, so that all reads are [`Shared`], and so are the
//! frames that are made of them.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use blytz_core::{
    Epoch, StreamId,
    wire::live::{Channel, MAX_BEHIND, ServerFrame, Since, Snapshot, SnapshotReason, Subscribed},
};

use super::{backstage::Backstage, shared::Shared};
use crate::{
    error::{Error, Result},
    platform::hub::{event_frame, text},
};

/// How many events are read from the log at a time: what a client holds in memory that asks for a
/// long log and does not read it.
const SLICE: usize = 100;

/// How a subscription begins.
pub enum Start {
    /// With every event after this one, up to the head. What is newer than the head was not published
    /// when the subscriber registered, so the hub brings it.
    After { seq: u64, head: u64 },
    /// With a snapshot.
    Snapshot(Still),
}

/// A channel's state at one seq, as it is sent.
#[derive(Clone)]
pub struct Still {
    pub seq: u64,
    pub frame: Utf8Bytes,
}

/// Some of a channel's events in order, each with its seq, as they are sent.
pub type Slice = Arc<[(u64, Utf8Bytes)]>;

/// What the subscribers of one server read. Ask only after registering with the hub: every read begins
/// after it was asked for. Cheap to clone.
#[derive(Clone)]
pub struct Readings {
    epoch: Epoch,
    heads: Shared<Channel, Option<u64>>,
    /// By the seq and the hash that a client says it saw there.
    marks: Shared<(Channel, u64, String), bool>,
    /// By the seq that they come after.
    slices: Shared<(Channel, u64), Slice>,
    stills: Shared<(Channel, SnapshotReason), Still>,
    shows: Shared<StreamId, bool>,
}

/// Reads that `$backstage` makes of a `$key`.
macro_rules! shared {
    ($backstage:ident, $key:pat => $read:expr) => {{
        let stage = $backstage.clone();
        Shared::new($backstage.platform().tasks.clone(), move |$key| {
            let $backstage = stage.clone();
            async move { $read }
        })
    }};
}

impl Readings {
    /// What is read behind this stage.
    pub fn of(backstage: &impl Backstage) -> Self {
        let epoch = backstage.platform().hub.epoch();
        Self {
            epoch,
            heads: shared!(backstage, channel => backstage.head(channel).await),
            marks: shared!(backstage, (channel, seq, hash) => {
                backstage.has(channel, &Since { epoch, seq, hash: Some(hash) }).await
            }),
            slices: shared!(backstage, (channel, seq) => slice(&backstage, channel, seq).await),
            stills: shared!(backstage, (channel, reason) => still(&backstage, epoch, channel, reason).await),
            shows: shared!(backstage, id => backstage.has_show(id).await),
        }
    }

    /// How a subscription to a sequenced channel begins.
    ///
    /// # Errors
    /// 404 when there is no such channel.
    pub async fn start(&self, channel: Channel, since: Option<&Since>) -> Result<Start> {
        // A snapshot says itself where the head is.
        let Some(since) = since else { return self.still(channel, SnapshotReason::Initial).await.map(Start::Snapshot) };
        let head = self.heads.get(channel).await?.ok_or_else(Error::not_found)?;
        if since.epoch != self.epoch || since.seq > head || !self.has(channel, since).await? {
            self.still(channel, SnapshotReason::Epoch).await.map(Start::Snapshot)
        } else if head - since.seq > MAX_BEHIND {
            self.still(channel, SnapshotReason::TooFar).await.map(Start::Snapshot)
        } else {
            Ok(Start::After { seq: since.seq, head })
        }
    }

    /// The `ok` of a subscription.
    pub fn subscribed(&self, channel: Channel, start: &Start) -> Subscribed {
        let (seq, recovered) = match start {
            Start::After { head, .. } => (*head, true),
            Start::Snapshot(still) => (still.seq, false),
        };
        Subscribed { channel, epoch: Some(self.epoch), seq: Some(seq), recovered }
    }

    /// The next events after `seq`; none at the head.
    ///
    /// # Errors
    /// When the log can't be read.
    pub async fn events_after(&self, channel: Channel, seq: u64) -> Result<Slice> {
        self.slices.get((channel, seq)).await
    }

    /// The channel's state now.
    ///
    /// # Errors
    /// 404 when there is no such channel.
    pub async fn still(&self, channel: Channel, reason: SnapshotReason) -> Result<Still> {
        self.stills.get((channel, reason)).await
    }

    /// Whether there is such a show.
    ///
    /// # Errors
    /// When that can't be read.
    pub async fn has_show(&self, id: StreamId) -> Result<bool> {
        self.shows.get(id).await
    }

    /// Whether the log has what the client says it saw last. Without a hash there is nothing to look up.
    async fn has(&self, channel: Channel, since: &Since) -> Result<bool> {
        let Some(hash) = since.hash.clone() else { return Ok(true) };
        self.marks.get((channel, since.seq, hash)).await
    }
}

async fn slice(backstage: &impl Backstage, channel: Channel, seq: u64) -> Result<Slice> {
    let events = backstage.events_after(channel, seq, SLICE).await?;
    Ok(events.into_iter().map(|(seq, json)| (seq, event_frame(channel, &json))).collect())
}

async fn still(backstage: &impl Backstage, epoch: Epoch, channel: Channel, reason: SnapshotReason) -> Result<Still> {
    let (seq, state) = backstage.snapshot(channel).await?;
    let snapshot = Snapshot { epoch, seq, state };
    Ok(Still { seq, frame: text(&ServerFrame::Snapshot { channel, snapshot, reason }) })
}
