//! What a chat is asked to do, and what it answers.

use crate::{
    MessageId, Timestamp, UserId,
    wire::{
        account::PublicUser,
        chat::{Author, ChatSettings, Message, ShowRole},
    },
};

/// What a chat is asked to do. Whether a moderator may ask it has been looked at before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Somebody writes.
    Send(Draft),
    /// A moderator erases a message.
    Delete {
        /// Which.
        message_id: MessageId,
    },
    /// A moderator mutes or bans somebody, or lets them in again.
    Restrict {
        /// Whom.
        user_id: UserId,
        /// What becomes of them.
        restriction: Restriction,
        /// Why, for other moderators.
        reason: Option<String>,
        /// The moderator.
        by: UserId,
    },
    /// A moderator pins a message, or takes the pin away.
    Pin {
        /// Which; none takes the pin away.
        message_id: Option<MessageId>,
    },
    /// A moderator decides for all.
    Settings(ChatSettings),
}

impl Command {
    /// The message that must be looked up before this can be decided.
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Self::Send(draft) => Some(draft.message_id),
            Self::Delete { message_id } => Some(*message_id),
            Self::Pin { message_id } => *message_id,
            Self::Restrict { .. } | Self::Settings(_) => None,
        }
    }

    /// The user whose rate window must be looked up before this can be decided, unless the message is
    /// known already.
    pub fn author(&self) -> Option<UserId> {
        match self {
            Self::Send(draft) => Some(draft.user.id),
            _ => None,
        }
    }
}

/// What a show knows of somebody before it asks what its chat has of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participant {
    /// What they are in the show. Slow mode, followers-only and the age of an account are not for who is
    /// something, and they may write more often.
    pub role: Option<ShowRole>,
    /// Whether the account is suspended.
    pub suspended: bool,
    /// When the account was made.
    pub joined_at: Timestamp,
}

/// A message that somebody wants to write, and what is known about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Who.
    pub user: PublicUser,
    /// What they are in the show.
    pub participant: Participant,
    /// Whether they watch one of the seller's lots.
    pub follows: bool,
    /// Whether their name could be taken for that of the show's seller or one of its moderators
    /// ([`is_name_reserved`](super::is_name_reserved)), and is not theirs.
    pub name_reserved: bool,
    /// Whether the show is live.
    pub live: bool,
    /// The message's id, kept through every retry.
    pub message_id: MessageId,
    /// What they typed.
    pub text: String,
}

impl Draft {
    /// How everybody will see who wrote it.
    pub fn author(&self) -> Author {
        let PublicUser { id, display_name } = self.user.clone();
        Author { id, display_name, role: self.participant.role }
    }
}

/// What a moderator does to one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restriction {
    /// Silent for a while.
    Mute {
        /// For how long.
        seconds: u32,
    },
    /// Out until let in again.
    Ban,
    /// Nothing keeps them out any more.
    Lift,
}

/// What a chat answers to a command that it did not refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The message, now in the log.
    Written(Message),
    /// The message, in the log since before.
    Replayed(Message),
    /// It is so.
    Done,
}
