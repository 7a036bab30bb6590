//! Chat (service chat).

use serde::{Deserialize, Serialize};

use super::{Check, Faults, account::PublicUser};
use crate::{MessageId, StreamId, Timestamp, UserId, text};

/// `POST /chat/send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChatSend {
    /// Which show's chat.
    pub stream_id: StreamId,
    /// The client's own id for this message, kept through every retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// 1 to 500 characters as people count them (grapheme clusters), and at most 4,000 bytes, after
    /// normalising. Control characters, direction overrides and what only hides something are refused;
    /// direction marks and emoji sequences are not.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub text: String,
}

impl Check for ChatSend {
    fn check(&self, faults: &mut Faults) {
        faults.check("/text", text::normalise(&self.text, text::MAX_CHARACTERS));
    }
}

/// What somebody is in a show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ShowRole {
    /// Whose show it is.
    Seller,
    /// Appointed for the show, or a moderator of every chat.
    Moderator,
    /// An admin of the house.
    Admin,
}

impl ShowRole {
    /// The role as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seller => "seller",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }
}

impl std::fmt::Display for ShowRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who wrote a message, as they were when they wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Author {
    /// The user's id.
    pub id: UserId,
    /// What they were called.
    pub display_name: String,
    /// What they were in that show. Names can be chosen, this can't. Null for everybody else, and for
    /// messages from before it was noted.
    pub role: Option<ShowRole>,
}

impl From<&Author> for PublicUser {
    fn from(author: &Author) -> Self {
        Self { id: author.id, display_name: author.display_name.clone() }
    }
}

/// A chat message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// The message's id.
    pub id: MessageId,
    /// Which show's chat.
    pub stream_id: StreamId,
    /// Its place in the chat's log, from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// Who wrote it.
    pub user: Author,
    /// What they wrote; empty once deleted.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// `POST /chat/stream/{id}/mute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MuteRequest {
    /// Whom.
    pub user_id: UserId,
    /// For how long: 1 to 604,800 seconds (a week).
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 604_800))]
    pub seconds: u32,
    /// Why: up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub reason: Option<String>,
}

impl Check for MuteRequest {
    fn check(&self, faults: &mut Faults) {
        if !(1..=604_800).contains(&self.seconds) {
            faults.invalid("/seconds", "must be an integer from 1 to 604800");
        }
        check_reason(self.reason.as_deref(), faults);
    }
}

/// `POST /chat/stream/{id}/ban` and `…/unban`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BanRequest {
    /// Whom.
    pub user_id: UserId,
    /// Why: up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub reason: Option<String>,
}

impl Check for BanRequest {
    fn check(&self, faults: &mut Faults) {
        check_reason(self.reason.as_deref(), faults);
    }
}

fn check_reason(reason: Option<&str>, faults: &mut Faults) {
    if let Some(reason) = reason {
        faults.text("/reason", reason, 0..=200);
    }
}

/// `POST /chat/stream/{id}/pin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PinRequest {
    /// Which message; null, which has to be said, takes the pin away.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub message_id: Option<MessageId>,
}

impl Check for PinRequest {
    fn check(&self, _: &mut Faults) {}
}

/// What a chat's moderators decided for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ChatSettings {
    /// Seconds between two messages of one user; 0 is off; up to 3,600.
    #[cfg_attr(feature = "openapi", schema(maximum = 3_600))]
    pub slow_mode_s: u32,
    /// Characters a message may have, as people count them: 1 to 500.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 500))]
    pub max_length: u32,
    /// Terms that keep a message out: up to 200, each of 1 to 50 characters. Not shown to the public.
    #[cfg_attr(feature = "openapi", schema(max_items = 200, min_length = 1, max_length = 50))]
    pub blocked_terms: Vec<String>,
    /// Whether only those who watch one of the seller's lots or the show's staff may write.
    pub followers_only: bool,
    /// How old an account must be to write or react, in seconds; 0 is off; up to 7,776,000 (90 days). Who
    /// was banned does not come back by signing up again.
    #[cfg_attr(feature = "openapi", schema(maximum = 7_776_000))]
    pub min_account_age_s: u32,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self { slow_mode_s: 0, max_length: 500, blocked_terms: Vec::new(), followers_only: false, min_account_age_s: 0 }
    }
}

impl Check for ChatSettings {
    fn check(&self, faults: &mut Faults) {
        if self.slow_mode_s > 3_600 {
            faults.invalid("/slow_mode_s", "must be an integer from 0 to 3600");
        }
        if !(1..=500).contains(&self.max_length) {
            faults.invalid("/max_length", "must be an integer from 1 to 500");
        }
        if self.min_account_age_s > 7_776_000 {
            faults.invalid("/min_account_age_s", "must be an integer from 0 to 7776000");
        }
        if self.blocked_terms.len() > 200 {
            faults.invalid("/blocked_terms", "must have at most 200 items");
        }
        for (index, term) in self.blocked_terms.iter().enumerate() {
            faults.text(&format!("/blocked_terms/{index}"), term, 1..=50);
        }
    }
}

/// What happened in a chat, in the order of its log. The blocked terms are in no event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum ChatEventData {
    /// Somebody wrote.
    Message {
        /// The message's id.
        id: MessageId,
        /// Who wrote it.
        user: Author,
        /// What; empty once deleted.
        text: String,
        /// Whether it was deleted since.
        deleted: bool,
    },
    /// A message was deleted; its text is gone from the log, too.
    Deleted {
        /// Which.
        id: MessageId,
        /// Its seq.
        message_seq: u64,
    },
    /// A message was pinned, or the pin was taken away.
    Pinned {
        /// Which.
        message_id: Option<MessageId>,
    },
    /// The settings changed.
    Settings {
        /// Seconds between two messages of one user.
        slow_mode_s: u32,
        /// Characters a message may have.
        max_length: u32,
        /// Whether only followers may write.
        followers_only: bool,
        /// How old an account must be to write or react, in seconds. Not in events from before there was
        /// such a setting.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required))]
        min_account_age_s: u32,
    },
    /// Somebody was muted, banned or let in again.
    Muted {
        /// Who.
        user_id: UserId,
        /// Until when; null for a ban, the past for one lifted.
        until: Option<Timestamp>,
        /// Whether this is a ban.
        banned: bool,
    },
}

/// One entry of a chat's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatEvent {
    /// Its place in the log, dense from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub data: ChatEventData,
}

/// What replaces everything a client knew of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatState {
    /// The last 50 messages, oldest first.
    pub messages: Vec<Message>,
    /// The settings; blocked terms left out.
    pub settings: PublicChatSettings,
    /// The pinned message.
    pub pinned: Option<MessageId>,
}

/// The settings that everybody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicChatSettings {
    /// Seconds between two messages of one user.
    pub slow_mode_s: u32,
    /// Characters a message may have.
    pub max_length: u32,
    /// Whether only followers may write.
    pub followers_only: bool,
    /// How old an account must be to write or react, in seconds.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub min_account_age_s: u32,
}

impl From<&ChatSettings> for PublicChatSettings {
    fn from(settings: &ChatSettings) -> Self {
        Self {
            slow_mode_s: settings.slow_mode_s,
            max_length: settings.max_length,
            followers_only: settings.followers_only,
            min_account_age_s: settings.min_account_age_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_roles_and_ages_is_still_read() {
        let user = r#"{ "id": "0190a5c2-7e3b-7cc1-9a54-0000000000a1", "display_name": "Ann Tan" }"#;
        let author: Author = serde_json::from_str(user).expect("an author");
        assert_eq!(author.role, None);
        let settings: ChatSettings =
            serde_json::from_str(r#"{ "slow_mode_s": 5, "max_length": 200 }"#).expect("settings");
        assert_eq!(settings, ChatSettings { slow_mode_s: 5, max_length: 200, ..ChatSettings::default() });
        let event = r#"{ "seq": 6, "at": "2026-11-22T03:04:46.000000Z", "kind": "settings",
            "data": { "slow_mode_s": 5, "max_length": 200, "followers_only": true } }"#;
        let event: ChatEvent = serde_json::from_str(event).expect("an event");
        assert!(matches!(event.data, ChatEventData::Settings { min_account_age_s: 0, followers_only: true, .. }));
    }
}
