//! What a session watches: admission, the first frames, and the log where frames are missing.

use axum::extract::ws::WebSocket;
use blytz_core::wire::{
    ErrorCode,
    live::{Channel, MAX_FRAME, ServerFrame, Since, SnapshotReason, Subscribed},
};

use super::{
    backstage::{Backstage, Member},
    resume::{Start, Still},
    session::{CLOSE_ERROR, Ended, Session, Stop, close},
};
use crate::{
    error::{Error, Result},
    platform::hub::{Topic, text},
};

/// Channels that one connection may watch.
const MAX_CHANNELS: usize = 256;

impl<B: Backstage> Session<B> {
    /// Registers first and reads the log second, so that nothing falls between the two.
    pub async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        re: Option<String>,
        channel: Channel,
        since: Option<&Since>,
    ) -> Result<(), Stop> {
        let topic = self.admit(channel).await?;
        let fresh = !self.written.contains_key(&topic);
        self.mailbox.subscribe(topic);
        let begun = if channel.is_sequenced() {
            self.begin_sequenced(socket, re, channel, topic, since).await
        } else {
            let subscribed = Subscribed { channel, epoch: None, seq: None, recovered: true };
            self.confirm(socket, re, &subscribed).await.map_err(Stop::from)
        };
        match begun {
            // One system call for the answer and all that comes with it.
            Ok(()) => Ok(self.flush(socket).await?),
            Err(Stop::Refused(refusal)) if fresh => {
                self.mailbox.unsubscribe(topic);
                self.written.remove(&topic);
                Err(Stop::Refused(refusal))
            }
            Err(other) => Err(other),
        }
    }

    /// The topic behind a channel, if this connection may watch it.
    async fn admit(&mut self, channel: Channel) -> Result<Topic> {
        let known = Topic::of(channel, self.login.as_ref().map(|(_, who)| who.id()));
        if self.mailbox.len() >= MAX_CHANNELS && !known.is_some_and(|topic| self.mailbox.watches(topic)) {
            return Err(Error::new(
                ErrorCode::Conflict,
                format!("A connection may watch {MAX_CHANNELS} channels; unsubscribe from one first."),
            ));
        }
        match channel {
            Channel::Me => Ok(Topic::User(self.member().await?.id())),
            Channel::Stream(id) if !self.readings.has_show(id).await? => Err(Error::not_found()),
            other => Topic::of(other, None).ok_or_else(Error::not_found),
        }
    }

    async fn begin_sequenced(
        &mut self,
        socket: &mut WebSocket,
        re: Option<String>,
        channel: Channel,
        topic: Topic,
        since: Option<&Since>,
    ) -> Result<(), Stop> {
        let start = self.readings.start(channel, since).await?;
        let subscribed = self.readings.subscribed(channel, &start);
        self.confirm(socket, re, &subscribed).await?;
        match start {
            Start::After { seq, head } => self.catch_up(socket, channel, topic, seq, head).await?,
            Start::Snapshot(Still { seq, frame }) => {
                self.written.insert(topic, seq);
                self.feed(socket, frame).await?;
            }
        }
        Ok(())
    }

    /// Writes the log from `seq` at least up to `until`, without a flush. What is published meanwhile
    /// waits in the inbox.
    pub async fn catch_up(
        &mut self,
        socket: &mut WebSocket,
        channel: Channel,
        topic: Topic,
        mut seq: u64,
        until: u64,
    ) -> Result<(), Ended> {
        self.written.insert(topic, seq);
        while seq < until {
            let Ok(events) = self.readings.events_after(channel, seq).await else {
                return close(CLOSE_ERROR, "the log can't be read now; reconnect and resume");
            };
            if events.is_empty() {
                break;
            }
            for (at, frame) in events.iter() {
                if frame.len() > MAX_FRAME {
                    // A void of an earlier version, which named more bids than a frame has room for.
                    seq = self.skip_to_now(socket, channel, topic).await?;
                    break;
                }
                self.feed(socket, frame.clone()).await?;
                seq = *at;
                self.written.insert(topic, seq);
            }
        }
        Ok(())
    }

    /// Writes a snapshot in place of what is left of the log; returns its seq.
    async fn skip_to_now(&mut self, socket: &mut WebSocket, channel: Channel, topic: Topic) -> Result<u64, Ended> {
        let Ok(Still { seq, frame }) = self.readings.still(channel, SnapshotReason::Trimmed).await else {
            return close(CLOSE_ERROR, "the log can't be read now; reconnect and resume");
        };
        self.feed(socket, frame).await?;
        self.written.insert(topic, seq);
        Ok(seq)
    }

    async fn confirm(
        &mut self,
        socket: &mut WebSocket,
        re: Option<String>,
        subscribed: &Subscribed,
    ) -> Result<(), Ended> {
        // The chat's own address subscribes without having been asked: there is nothing to answer.
        let Some(re) = re else { return Ok(()) };
        let ok = serde_json::to_value(subscribed).unwrap_or_default();
        self.feed(socket, text(&ServerFrame::Ok { re, ok })).await
    }

    pub fn unsubscribe(&mut self, channel: Channel) -> serde_json::Value {
        let me = self.login.as_ref().map(|(_, who)| who.id());
        if let Some(topic) = Topic::of(channel, me) {
            self.mailbox.unsubscribe(topic);
            self.written.remove(&topic);
        }
        serde_json::json!({ "channel": channel })
    }
}
