//! Chat.

use blytz_core::{
    MessageId, StreamId,
    wire::{
        Page,
        chat::{BanRequest, ChatSend, ChatSettings, Message, MuteRequest, PinRequest},
    },
};

use crate::{ambient, call::Call, client::Client, error::Error};

impl Client {
    /// What is said in shows, and who may say it.
    pub fn chat(&self) -> Chat<'_> {
        Chat(self)
    }
}

/// Chat; see [`Client::chat`].
#[derive(Debug, Clone, Copy)]
pub struct Chat<'a>(&'a Client);

impl Chat<'_> {
    /// Writes. Without a `message_id` one is made, so that a repeat writes once.
    pub async fn send(self, message: &ChatSend) -> Result<Message, Error> {
        let message = with_id(message.clone());
        self.0.call(Call::post("/chat/send").json(&message)?.repeatable()).await
    }

    /// Messages, newest first; those before seq `before` when it is given.
    pub async fn history(
        self,
        stream: StreamId,
        before: Option<u64>,
        limit: Option<u32>,
    ) -> Result<Page<Message>, Error> {
        self.0.call(Call::get(format!("/chat/stream/{stream}")).query("before", before).query("limit", limit)).await
    }

    /// Moderators: erases a message.
    pub async fn delete(self, id: MessageId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/chat/message/{id}"))).await
    }

    /// Moderators: keeps somebody silent for a while.
    pub async fn mute(self, stream: StreamId, request: &MuteRequest) -> Result<(), Error> {
        self.0.done(Call::post(format!("/chat/stream/{stream}/mute")).json(request)?).await
    }

    /// Moderators: keeps somebody out.
    pub async fn ban(self, stream: StreamId, request: &BanRequest) -> Result<(), Error> {
        self.0.done(Call::post(format!("/chat/stream/{stream}/ban")).json(request)?).await
    }

    /// Moderators: lets somebody in again.
    pub async fn unban(self, stream: StreamId, request: &BanRequest) -> Result<(), Error> {
        self.0.done(Call::post(format!("/chat/stream/{stream}/unban")).json(request)?).await
    }

    /// Moderators: pins a message, or takes the pin away.
    pub async fn pin(self, stream: StreamId, message_id: Option<MessageId>) -> Result<(), Error> {
        self.0.done(Call::post(format!("/chat/stream/{stream}/pin")).json(&PinRequest { message_id })?).await
    }

    /// Moderators: the settings, blocked terms too.
    pub async fn settings(self, stream: StreamId) -> Result<ChatSettings, Error> {
        self.0.call(Call::get(format!("/chat/stream/{stream}/settings"))).await
    }

    /// Moderators: the settings from now on.
    pub async fn set_settings(self, stream: StreamId, settings: &ChatSettings) -> Result<ChatSettings, Error> {
        self.0.call(Call::put(format!("/chat/stream/{stream}/settings")).json(settings)?).await
    }
}

/// The message with an id of its own.
pub(crate) fn with_id(mut message: ChatSend) -> ChatSend {
    message.message_id.get_or_insert_with(|| MessageId(ambient::new_uuid()));
    message
}
