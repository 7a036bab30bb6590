//! What a show's seller and moderators decide.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    MessageId, StreamId, UserId,
    chat::{Command, Restriction},
    wire::chat::{BanRequest, ChatSettings, MuteRequest, PinRequest},
};

use super::{chats::Chats, store};
use crate::{
    error::{Error, Result},
    http::{Body, PathId},
    services::auth::{Active, User},
};

/// Keeps somebody silent for a while.
#[utoipa::path(
    post, path = "/chat/stream/{id}/mute", tag = "chat", params(("id" = StreamId, Path)), request_body = MuteRequest,
    responses(
        (status = 204, description = "Muted"),
        (status = 401),
        (status = 403, description = "Not a moderator here, or one who is muted or banned"),
        (status = 404, description = "No such show or user"),
    )
)]
pub async fn mute(
    State(chats): State<Chats>,
    PathId(stream): PathId<StreamId>,
    Body { who, body }: Body<Active, MuteRequest>,
) -> Result<StatusCode> {
    let mute = Restriction::Mute { seconds: body.seconds };
    chats.restrict(&who, stream, body.user_id, mute, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps somebody out until let in again.
#[utoipa::path(
    post, path = "/chat/stream/{id}/ban", tag = "chat", params(("id" = StreamId, Path)), request_body = BanRequest,
    responses(
        (status = 204, description = "Banned, now or before"),
        (status = 401),
        (status = 403, description = "Not a moderator here, or one who is muted or banned"),
        (status = 404, description = "No such show or user"),
    )
)]
pub async fn ban(
    State(chats): State<Chats>,
    PathId(stream): PathId<StreamId>,
    Body { who, body }: Body<Active, BanRequest>,
) -> Result<StatusCode> {
    chats.restrict(&who, stream, body.user_id, Restriction::Ban, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets somebody in again: ends a ban and a mute.
#[utoipa::path(
    post, path = "/chat/stream/{id}/unban", tag = "chat", params(("id" = StreamId, Path)), request_body = BanRequest,
    responses(
        (status = 204, description = "Nothing keeps them out any more"),
        (status = 401),
        (status = 403, description = "Not a moderator here, or one who is muted or banned"),
        (status = 404, description = "No such show or user"),
    )
)]
pub async fn unban(
    State(chats): State<Chats>,
    PathId(stream): PathId<StreamId>,
    Body { who, body }: Body<Active, BanRequest>,
) -> Result<StatusCode> {
    chats.restrict(&who, stream, body.user_id, Restriction::Lift, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pins a message; null takes the pin away.
#[utoipa::path(
    post, path = "/chat/stream/{id}/pin", tag = "chat", params(("id" = StreamId, Path)), request_body = PinRequest,
    responses(
        (status = 204, description = "Pinned"),
        (status = 401),
        (status = 403, description = "Not a moderator here, or one who is muted or banned"),
        (status = 404, description = "No such show or message"),
    )
)]
pub async fn pin(
    State(chats): State<Chats>,
    PathId(stream): PathId<StreamId>,
    Body { who, body }: Body<Active, PinRequest>,
) -> Result<StatusCode> {
    chats.pin(&who, stream, body.message_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The settings, blocked terms too.
#[utoipa::path(
    get, path = "/chat/stream/{id}/settings", tag = "chat", params(("id" = StreamId, Path)),
    responses(
        (status = 200, description = "The settings", body = ChatSettings),
        (status = 401),
        (status = 403, description = "Not a moderator here, or one who is muted or banned"),
        (status = 404, description = "No such show"),
    )
)]
pub async fn settings(
    State(chats): State<Chats>,
    who: Active,
    PathId(stream): PathId<StreamId>,
) -> Result<Json<ChatSettings>> {
    chats.settings(&who, stream).await.map(Json)
}

/// The settings from now on; what is left out is as in a new chat.
#[utoipa::path(
    put, path = "/chat/stream/{id}/settings", tag = "chat", params(("id" = StreamId, Path)),
    request_body = ChatSettings,
    responses(
        (status = 200, description = "The settings", body = ChatSettings),
        (status = 401),
        (status = 403, description = "Not a moderator here, or one who is muted or banned"),
        (status = 404, description = "No such show"),
    )
)]
pub async fn set_settings(
    State(chats): State<Chats>,
    PathId(stream): PathId<StreamId>,
    Body { who, body }: Body<Active, ChatSettings>,
) -> Result<Json<ChatSettings>> {
    chats.set_settings(&who, stream, body.clone()).await?;
    Ok(Json(body))
}

impl Chats {
    /// Mutes or bans somebody, or lets them in again.
    async fn restrict(
        &self,
        user: &User,
        stream: StreamId,
        target: UserId,
        restriction: Restriction,
        reason: Option<String>,
    ) -> Result<()> {
        let access = self.moderated(user, stream).await?;
        if !self.accounts.exists(target).await? {
            return Err(Error::not_found());
        }
        let staff = target == access.seller_id || self.accounts.moderates(target).await?;
        if staff && restriction != Restriction::Lift {
            return Err(Error::forbidden(
                "The show's seller and those who moderate every chat can't be kept out of it.",
            ));
        }
        let command = Command::Restrict { user_id: target, restriction, reason, by: user.id };
        self.command(stream, command).await.map(drop)
    }

    /// Pins a message, or takes the pin away.
    async fn pin(&self, user: &User, stream: StreamId, message_id: Option<MessageId>) -> Result<()> {
        self.moderated(user, stream).await?;
        self.command(stream, Command::Pin { message_id }).await.map(drop)
    }

    /// The settings with their blocked terms, for moderators.
    async fn settings(&self, user: &User, stream: StreamId) -> Result<ChatSettings> {
        self.moderated(user, stream).await?;
        Ok(store::head(&self.platform.db, stream).await?.settings)
    }

    /// Decides for all.
    async fn set_settings(&self, user: &User, stream: StreamId, settings: ChatSettings) -> Result<()> {
        self.moderated(user, stream).await?;
        self.command(stream, Command::Settings(settings)).await.map(drop)
    }
}
