//! What a live connection asks of the services behind it, whichever they are.

use std::future::Future;

use blytz_core::{
    StreamId, Timestamp, UserId,
    wire::{
        auction::{BidAnswer, BidRequest},
        chat::{ChatSend, Message},
        live::{Channel, Since},
    },
};
use serde_json::Value;

use crate::{error::Result, platform::Platform};

/// Somebody who is logged in.
pub trait Member: Clone + Send + Sync + 'static {
    /// Who they are.
    fn id(&self) -> UserId;
    /// When their login is over.
    fn expires_at(&self) -> Timestamp;
    /// Refuses whoever may only look.
    ///
    /// # Errors
    /// 403 `suspended`.
    fn check_active(&self) -> Result<()>;
}

/// What stands behind a live connection. The errors are those of the same verbs over HTTP.
pub trait Backstage: Clone + Send + Sync + 'static {
    /// Somebody logged in.
    type Member: Member;

    /// What has nothing to do with any service.
    fn platform(&self) -> &Platform;

    /// Whose access token this is.
    fn identify(&self, token: &str) -> impl Future<Output = Result<Self::Member>> + Send;

    /// Decides a bid; durable when it returns.
    fn bid(&self, who: &Self::Member, bid: BidRequest) -> impl Future<Output = Result<BidAnswer>> + Send;

    /// Writes in a chat; durable when it returns.
    fn say(&self, who: &Self::Member, message: ChatSend) -> impl Future<Output = Result<Message>> + Send;

    /// Whether there is such a show.
    fn has_show(&self, id: StreamId) -> impl Future<Output = Result<bool>> + Send;

    /// Refuses whoever may not react in a show.
    fn may_react(&self, who: &Self::Member, show: StreamId) -> impl Future<Output = Result<()>> + Send;

    /// The seq of a channel's last event; `None` when there is no such channel, or it has no log.
    fn head(&self, channel: Channel) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// Whether the channel's log has what the client says it saw last.
    fn has(&self, channel: Channel, since: &Since) -> impl Future<Output = Result<bool>> + Send;

    /// The next events after a seq, in order, each with its seq and its JSON; at most `limit`.
    fn events_after(
        &self,
        channel: Channel,
        seq: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(u64, String)>>> + Send;

    /// The channel's state, and the seq that it stands at.
    fn snapshot(&self, channel: Channel) -> impl Future<Output = Result<(u64, Value)>> + Send;
}
