//! Why a chat refuses what it is asked.

use crate::{Timestamp, text::InvalidText, wire::ErrorCode};

/// Why a command was refused. The order is the order of precedence: of several reasons, the one that
/// stands first here is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such message in this chat, or its text is gone.
    #[error("there is no such message in this chat")]
    NotFound,
    /// The `message_id` was used before for another message.
    #[error("this message_id belongs to another message")]
    IdempotencyMismatch,
    /// The account is suspended.
    #[error("this account is suspended")]
    Suspended,
    /// Banned from this chat.
    #[error("you are banned from this chat")]
    Banned,
    /// Muted in this chat.
    #[error("you are muted in this chat until {until}")]
    Muted {
        /// Until when.
        until: Timestamp,
    },
    /// The account is younger than the chat asks for.
    #[error("this chat is for accounts that are older for now; yours is old enough from {from} on")]
    TooNew {
        /// From when on it is not.
        from: Timestamp,
    },
    /// Only followers may write for now.
    #[error("only those who watch one of the seller's lots may write in this chat for now")]
    FollowersOnly,
    /// The show is not on air.
    #[error("the show is not live; its chat is open while it is")]
    StreamNotLive,
    /// The name could be taken for the seller's or a moderator's.
    #[error(
        "your display name looks like that of the show's seller or of one of its moderators; \
         choose another one to write in this chat"
    )]
    NameReserved,
    /// The text is no message.
    #[error("text {0}")]
    Invalid(InvalidText),
    /// The text contains a blocked term. Which one is not said.
    #[error("the message contains a term that is blocked in this chat")]
    Blocked,
    /// Too soon after the last message.
    #[error("slow mode is on; the next message may go out in {retry_after} s")]
    SlowMode {
        /// Whole seconds to wait, rounded up.
        retry_after: u64,
    },
    /// Too many messages.
    #[error("too many messages; the next one may go out in {retry_after} s")]
    RateLimited {
        /// Whole seconds to wait, rounded up.
        retry_after: u64,
    },
}

impl Refusal {
    /// The stable code that clients see.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::NotFound,
            Self::IdempotencyMismatch => ErrorCode::IdempotencyMismatch,
            Self::Suspended => ErrorCode::Suspended,
            Self::Banned => ErrorCode::Banned,
            Self::Muted { .. } => ErrorCode::Muted,
            Self::TooNew { .. } | Self::FollowersOnly => ErrorCode::Forbidden,
            Self::StreamNotLive => ErrorCode::StreamNotLive,
            Self::NameReserved => ErrorCode::NameReserved,
            Self::Invalid(_) => ErrorCode::ValidationFailed,
            Self::Blocked => ErrorCode::MessageBlocked,
            Self::SlowMode { .. } => ErrorCode::SlowMode,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
        }
    }

    /// Seconds to wait before the same message may go out, for `Retry-After`.
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::SlowMode { retry_after } | Self::RateLimited { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_code() {
        use ErrorCode as Code;
        const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
        for (refusal, code, status, retry_after) in [
            (Refusal::NotFound, Code::NotFound, 404, None),
            (Refusal::IdempotencyMismatch, Code::IdempotencyMismatch, 422, None),
            (Refusal::Suspended, Code::Suspended, 403, None),
            (Refusal::Banned, Code::Banned, 403, None),
            (Refusal::Muted { until: NOW }, Code::Muted, 403, None),
            (Refusal::TooNew { from: NOW }, Code::Forbidden, 403, None),
            (Refusal::FollowersOnly, Code::Forbidden, 403, None),
            (Refusal::StreamNotLive, Code::StreamNotLive, 409, None),
            (Refusal::NameReserved, Code::NameReserved, 409, None),
            (Refusal::Invalid(InvalidText::Blank), Code::ValidationFailed, 422, None),
            (Refusal::Blocked, Code::MessageBlocked, 422, None),
            (Refusal::SlowMode { retry_after: 2 }, Code::SlowMode, 429, Some(2)),
            (Refusal::RateLimited { retry_after: 3 }, Code::RateLimited, 429, Some(3)),
        ] {
            assert_eq!((refusal.code(), refusal.code().status(), refusal.retry_after()), (code, status, retry_after));
        }
    }
}
