//! `blytz chat tail`: messages as they come, over every reconnect.

use blytz_client::{
    Client, ConnectionState, LiveEvent,
    wire::{
        chat::{ChatEvent, ChatEventData, ChatState, Message},
        live::Channel,
    },
};
use blytz_core::StreamId;
use serde_json::json;

use crate::{context::Context, error::Failure, feed};

pub async fn run(ctx: &Context, client: &Client, show: StreamId, last: usize) -> Result<(), Failure> {
    // Asked once over HTTP, so that a wrong id or a server that is down is said at once.
    let title = client.streams().get(show).await?.title;
    ctx.out.note(format!("{show}: {title}"));
    // Reading needs no account, and a token that nobody holds here can't run out.
    let (live, mut events) = ctx.guest()?.live().connect();
    live.subscribe(Channel::Chat(show));
    let mut tail = Tail { ctx, last, seen: 0 };
    while let Some(event) = events.recv().await {
        tail.print(event)?;
    }
    Ok(())
}

struct Tail<'a> {
    ctx: &'a Context,
    /// Messages of the past to begin with.
    last: usize,
    /// The last seq printed.
    seen: u64,
}

impl Tail<'_> {
    fn print(&mut self, event: LiveEvent) -> Result<(), Failure> {
        let out = self.ctx.out;
        match event {
            LiveEvent::Chat { stream, event } => {
                self.seen = event.seq;
                if out.is_json() {
                    out.json_line(&json!({ "channel": Channel::Chat(stream), "event": event }))
                } else {
                    out.line(feed::chat_line(&event))
                }
            }
            LiveEvent::ChatState { stream, seq, state, resynced, .. } => self.state(stream, seq, &state, resynced),
            LiveEvent::SubscribeRefused { error, .. } => Err(error.into()),
            LiveEvent::State(ConnectionState::Reconnecting { wait, cause, .. }) => {
                out.note(format!("Connection lost ({cause}); again in {} ms.", wait.as_millis()));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The past to begin with; after a resync, of the past only what is new.
    fn state(&mut self, stream: StreamId, seq: u64, state: &ChatState, resynced: bool) -> Result<(), Failure> {
        let out = self.ctx.out;
        if resynced {
            out.note("Messages may have been missed.");
        }
        let skipped = if resynced { 0 } else { state.messages.len().saturating_sub(self.last) };
        let seen = if resynced && self.seen <= seq { self.seen } else { 0 };
        for message in state.messages.iter().skip(skipped).filter(|message| message.seq > seen) {
            if out.is_json() {
                out.json_line(&json!({ "channel": Channel::Chat(stream), "event": as_event(message) }))?;
            } else {
                out.line(feed::message_line(message))?;
            }
        }
        self.seen = seq;
        Ok(())
    }
}

/// A message of a state as the event that it once was.
fn as_event(message: &Message) -> ChatEvent {
    ChatEvent {
        seq: message.seq,
        at: message.at,
        data: ChatEventData::Message {
            id: message.id,
            user: message.user.clone(),
            text: message.text.clone(),
            deleted: message.deleted,
        },
    }
}
