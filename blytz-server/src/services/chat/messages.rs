//! Writing, reading and erasing messages.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use blytz_core::{
    MessageId, StreamId,
    chat::Command,
    wire::{
        Check, Faults, Page,
        chat::{ChatSend, Message},
        live::Channel,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{chats::Chats, store};
use crate::{
    error::{Error, Result, internal},
    http::{
        Body, PathId, Query,
        extract::{Limit, check_seq},
    },
    live::Sockets,
    services::auth::{Active, User},
};

/// How long whoever erases something waits for the files to be rid of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes in a show's chat.
#[utoipa::path(
    post, path = "/chat/send", tag = "chat", request_body = ChatSend,
    responses(
        (status = 201, description = "The message", body = Message),
        (status = 200, description = "The message, written before under this message_id", body = Message),
        (status = 401),
        (status = 403, description = "Muted, banned, suspended, no follower, or too new an account"),
        (status = 404, description = "No such show"),
        (status = 409, description = "The show is not live, or the name looks like its seller's or a moderator's"),
        (status = 422, description = "Invalid or blocked text"),
        (status = 429, description = "Too many messages, or slow mode"),
        (status = 503, description = "Not now, or the outcome is unknown"),
    )
)]
pub async fn send(
    State(chats): State<Chats>,
    Body { who, body }: Body<User, ChatSend>,
) -> Result<(StatusCode, Json<Message>)> {
    let (message, replayed) = chats.send(&who, body).await?;
    let status = if replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(message)))
}

/// Which messages.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Messages before this seq; a page's `next_cursor` is the seq for the next one.
    #[param(maximum = 9007199254740991_i64)]
    before: Option<u64>,
    /// The same under the name that it has in other lists.
    #[param(maximum = 9007199254740991_i64)]
    cursor: Option<u64>,
    /// Items per page, 1 to 100; 50 unless said.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

impl Check for HistoryQuery {
    fn check(&self, faults: &mut Faults) {
        self.limit.check(faults);
        check_seq("/before", self.before, faults);
        check_seq("/cursor", self.cursor, faults);
    }
}

/// A chat's messages, newest first. Asked for as a WebSocket, it is the live connection, already
/// subscribed to the chat.
#[utoipa::path(
    get, path = "/chat/stream/{id}", tag = "chat", params(("id" = StreamId, Path), HistoryQuery),
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "A page of messages", body = Page<Message>),
        (status = 101, description = "The connection is a WebSocket from here on"),
        (status = 400, description = "No complete WebSocket handshake"),
        (status = 401),
        (status = 403, description = "Pages of this origin may not connect"),
        (status = 404, description = "No such show"),
        (status = 422),
    )
)]
pub async fn history(
    State(chats): State<Chats>,
    State(sockets): State<Sockets>,
    PathId(stream): PathId<StreamId>,
    request: Request,
) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    if parts.headers.contains_key(header::UPGRADE) {
        chats.head(stream).await?.ok_or_else(Error::not_found)?;
        return sockets.answer(parts, Some(Channel::Chat(stream))).await;
    }
    let Query(query) = Query::<HistoryQuery>::from_request_parts(&mut parts, &()).await?;
    let page = chats.history(stream, query.before.or(query.cursor), query.limit.size()).await?;
    Ok(Json(page).into_response())
}

/// Erases a message: its text is gone from the chat and from the log.
#[utoipa::path(
    delete, path = "/chat/message/{id}", tag = "chat", params(("id" = MessageId, Path)),
    responses(
        (status = 204, description = "Erased, now or before"),
        (status = 401),
        (status = 403, description = "Not a moderator here, or one who is muted or banned"),
        (status = 404, description = "No such message"),
    )
)]
pub async fn delete(State(chats): State<Chats>, who: Active, PathId(id): PathId<MessageId>) -> Result<StatusCode> {
    chats.delete(&who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Chats {
    /// Messages before seq `before`, newest first.
    async fn history(&self, stream: StreamId, before: Option<u64>, size: usize) -> Result<Page<Message>> {
        self.access(stream).await?;
        let found = store::history(&self.platform.db, stream, before.unwrap_or(u64::MAX), size + 1).await?;
        Ok(Page::cut(found, size, |last| last.seq.to_string()))
    }

    /// Erases a message's text everywhere.
    async fn delete(&self, user: &User, id: MessageId) -> Result<()> {
        let message = store::message(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        self.moderated(user, message.stream_id).await?;
        let chats = self.clone();
        let erased = async move {
            chats.command(message.stream_id, Command::Delete { message_id: id }).await?;
            // Whoever reads at the moment is in the way. Longer than this it is done behind the answer.
            let scrubbed = chats.platform.tasks.spawn(chats.clone().scrub());
            let _ = tokio::time::timeout(PATIENCE, scrubbed).await;
            Ok(())
        };
        // A task of its own: what a room has erased is scrubbed, whether its moderator waits or not.
        self.platform.tasks.spawn(erased).await.map_err(internal)?
    }

    /// Takes what was erased out of the files beside the database, as soon as nobody reads them.
    async fn scrub(self) {
        let _one = self.scrubbing.lock().await;
        let mut pause = Duration::from_millis(5);
        while !self.platform.shutdown.is_cancelled() {
            match self.platform.db.scrub().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "the write-ahead log could not be emptied"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}
