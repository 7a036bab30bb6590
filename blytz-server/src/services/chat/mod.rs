//! Service chat: a sequenced channel per show, with a room as its single writer.
//!
//! - `messages`: writing, reading, erasing.
//! - `moderation`: mutes, bans, the pin, the settings.
//! - [`Chats`]: the handle that handlers and live connections use.
//! - `room`: one task per chat; has the core decide in memory, writes many decisions in one transaction.
//! - `refused`: why not, as the API says it.

mod chats;
mod doors;
mod messages;
mod moderation;
mod refused;
mod room;
mod store;
#[cfg(test)]
mod tests;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::chats::Chats;
use super::auth::Accounts;
use crate::live::Sockets;

/// The service's routes.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S>
where
    Accounts: FromRef<S>,
    Chats: FromRef<S>,
    Sockets: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(messages::send))
        .routes(routes!(messages::history))
        .routes(routes!(messages::delete))
        .routes(routes!(moderation::mute))
        .routes(routes!(moderation::ban))
        .routes(routes!(moderation::unban))
        .routes(routes!(moderation::pin))
        .routes(routes!(moderation::settings, moderation::set_settings))
}
