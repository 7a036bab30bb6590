//! What a room knows of its chat, and how it decides. No I/O: the room brings what it looked up and
//! writes what is returned.

use std::collections::HashMap;

use blytz_core::{
    MessageId, StreamId, Timestamp, UserId,
    chat::{self, Author, Member, RateWindow, Refusal},
    text::{MAX_CHARACTERS, normalise},
    wire::{
        ErrorCode, FieldError,
        account::PublicUser,
        chat::{ChatEvent, ChatEventData, ChatSettings, Message, PublicChatSettings},
        live::UpdateData,
    },
};

use crate::error::{Error, Result};

/// How often who has long been silent is forgotten, in microseconds.
const SWEEP_US: i64 = 60_000_000;

/// The longest slow mode, in milliseconds: it is of no use to know who spoke before.
pub const LONGEST_SLOW_MODE_MS: i64 = 3_600_000;

/// What a room is asked to do.
#[derive(Debug, Clone)]
pub enum Command {
    /// Somebody writes.
    Send(Draft),
    /// A moderator erases a message.
    Delete { message_id: MessageId },
    /// A moderator mutes or bans somebody, or lets them in again.
    Restrict { user_id: UserId, restriction: Restriction, reason: Option<String>, by: UserId },
    /// A moderator pins a message, or takes the pin away.
    Pin { message_id: Option<MessageId> },
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
}

/// A message that somebody wants to write, and what is known about them.
#[derive(Debug, Clone)]
pub struct Draft {
    pub author: PublicUser,
    pub suspended: bool,
    pub staff: bool,
    pub follows: bool,
    /// Whether the show is live.
    pub live: bool,
    pub message_id: MessageId,
    pub text: String,
}

/// What a moderator does to one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restriction {
    Mute { seconds: u32 },
    Ban,
    Lift,
}

/// What a room answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The message, now in the log.
    Written(Message),
    /// The message, in the log since before.
    Replayed(Message),
    /// It is so.
    Done,
}

/// What a decision leaves to write and to say.
#[derive(Debug, Default)]
pub struct Decision {
    /// For the log, in order.
    pub events: Vec<ChatEvent>,
    /// For the tables beside the log.
    pub writes: Vec<Write>,
    /// For those it concerns.
    pub news: Vec<(UserId, UpdateData)>,
}

impl Decision {
    /// The messages it makes or changes.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.writes.iter().filter_map(|write| match write {
            Write::Message(message) | Write::Erase(message) => Some(message),
            Write::Ruling(_) => None,
        })
    }
}

/// A row to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new message.
    Message(Message),
    /// A message whose text goes, here and in the log.
    Erase(Message),
    /// What was decided about one user.
    Ruling(Ruling),
}

/// What a moderator decided about one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    pub user_id: UserId,
    pub member: Member,
    pub reason: Option<String>,
    pub by: UserId,
    pub at: Timestamp,
}

/// Where a chat stands: the one row that moves with every commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The seq of the last event; 0 before the first.
    pub seq: u64,
    /// The moment of the last event.
    pub at: Timestamp,
    pub settings: ChatSettings,
    pub pinned: Option<MessageId>,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, at: Timestamp::from_micros(0), settings: ChatSettings::default(), pinned: None }
    }
}

/// Everything that decides who may write what.
#[derive(Debug)]
pub struct Facts {
    pub stream_id: StreamId,
    pub head: Head,
    pub members: HashMap<UserId, Member>,
    /// When people last wrote here.
    pub spoke: HashMap<UserId, Timestamp>,
    /// When the authors of this batch wrote, here or elsewhere. Other chats don't wait for this one, so
    /// it holds only for the transaction in which it was read.
    pub windows: HashMap<UserId, RateWindow>,
    /// When the silent were last forgotten.
    pub swept_at: Timestamp,
}

impl Facts {
    /// Decides a command, and takes it as done. `known` is the message that the command names, if
    /// there is one, in whichever chat.
    pub fn decide(&mut self, now: Timestamp, command: &Command, known: Option<&Message>) -> (Result<Answer>, Decision) {
        let at = now.max(self.head.at.plus_micros(1));
        let mut decision = Decision::default();
        let answer = match command {
            Command::Send(draft) => self.send(at, draft, known, &mut decision),
            Command::Delete { .. } => self.delete(at, known, &mut decision),
            Command::Restrict { user_id, restriction, reason, by } => {
                self.restrict(at, *user_id, *restriction, reason.as_deref(), *by, &mut decision);
                Ok(Answer::Done)
            }
            Command::Pin { message_id } => self.pin(at, *message_id, known, &mut decision),
            Command::Settings(settings) => {
                self.settle(at, settings, &mut decision);
                Ok(Answer::Done)
            }
        };
        (answer, decision)
    }

    /// Once a minute is enough.
    pub fn forget_the_silent(&mut self, now: Timestamp) {
        if now.micros_since(self.swept_at) >= SWEEP_US {
            self.spoke.retain(|_, at| now < at.plus_millis(LONGEST_SLOW_MODE_MS));
            self.swept_at = now;
        }
    }

    fn append(&mut self, at: Timestamp, data: ChatEventData, decision: &mut Decision) -> u64 {
        self.head.seq += 1;
        self.head.at = at;
        decision.events.push(ChatEvent { seq: self.head.seq, at, data });
        self.head.seq
    }

    fn send(
        &mut self,
        at: Timestamp,
        draft: &Draft,
        known: Option<&Message>,
        decision: &mut Decision,
    ) -> Result<Answer> {
        if let Some(known) = known {
            return self.replay(draft, known);
        }
        let author = draft.author.id;
        let window = self.windows.entry(author).or_default();
        let facts = Author {
            suspended: draft.suspended,
            staff: draft.staff,
            follows: draft.follows,
            member: self.members.get(&author).copied().unwrap_or_default(),
            spoke_at: self.spoke.get(&author).copied(),
            window,
        };
        let venue = chat::Venue { live: draft.live, settings: &self.head.settings };
        let text = chat::decide(at, facts, venue, &draft.text).map_err(refused)?;
        window.record(at);
        self.spoke.insert(author, at);
        let data = ChatEventData::Message {
            id: draft.message_id,
            user: draft.author.clone(),
            text: text.clone(),
            deleted: false,
        };
        let seq = self.append(at, data, decision);
        let message = Message {
            id: draft.message_id,
            stream_id: self.stream_id,
            seq,
            user: draft.author.clone(),
            text,
            at,
            deleted: false,
        };
        decision.writes.push(Write::Message(message.clone()));
        Ok(Answer::Written(message))
    }

    /// The same message again is the same message. A deleted one can't be compared any more.
    fn replay(&self, draft: &Draft, known: &Message) -> Result<Answer> {
        let same_text = || normalise(&draft.text, MAX_CHARACTERS).is_ok_and(|text| text == known.text);
        let same =
            known.stream_id == self.stream_id && known.user.id == draft.author.id && (known.deleted || same_text());
        if same {
            Ok(Answer::Replayed(known.clone()))
        } else {
            Err(Error::new(ErrorCode::IdempotencyMismatch, "This message_id belongs to another message."))
        }
    }

    fn delete(&mut self, at: Timestamp, known: Option<&Message>, decision: &mut Decision) -> Result<Answer> {
        let known = known.filter(|known| known.stream_id == self.stream_id).ok_or_else(Error::not_found)?;
        if known.deleted {
            return Ok(Answer::Done);
        }
        let erased = Message { text: String::new(), deleted: true, ..known.clone() };
        self.append(at, ChatEventData::Deleted { id: known.id, message_seq: known.seq }, decision);
        if self.head.pinned == Some(known.id) {
            self.head.pinned = None;
            self.append(at.plus_micros(1), ChatEventData::Pinned { message_id: None }, decision);
        }
        let news = UpdateData::MessageDeleted { stream_id: self.stream_id, message_id: known.id };
        decision.news.push((known.user.id, news));
        decision.writes.push(Write::Erase(erased));
        Ok(Answer::Done)
    }

    fn restrict(
        &mut self,
        at: Timestamp,
        user_id: UserId,
        restriction: Restriction,
        reason: Option<&str>,
        by: UserId,
        decision: &mut Decision,
    ) {
        let before = self.members.get(&user_id).copied().unwrap_or_default();
        let (after, until) = match restriction {
            // A ban says more than a mute does.
            Restriction::Mute { .. } if before.banned => return,
            Restriction::Mute { seconds } => {
                let until = at.plus_millis(i64::from(seconds) * 1_000);
                (Member { muted_until: Some(until), banned: false }, Some(until))
            }
            Restriction::Ban => (Member { muted_until: None, banned: true }, None),
            Restriction::Lift => (Member::default(), Some(at)),
        };
        let lifts_nothing = restriction == Restriction::Lift && !before.banned && before.muted_at(at).is_none();
        if lifts_nothing || (restriction == Restriction::Ban && before.banned) {
            return;
        }
        self.members.insert(user_id, after);
        self.append(at, ChatEventData::Muted { user_id, until, banned: after.banned }, decision);
        decision.news.push((user_id, UpdateData::Muted { stream_id: self.stream_id, until }));
        let reason = reason.map(str::to_owned);
        decision.writes.push(Write::Ruling(Ruling { user_id, member: after, reason, by, at }));
    }

    fn pin(
        &mut self,
        at: Timestamp,
        message_id: Option<MessageId>,
        known: Option<&Message>,
        decision: &mut Decision,
    ) -> Result<Answer> {
        let here = known.is_some_and(|known| known.stream_id == self.stream_id && !known.deleted);
        if message_id.is_some() && !here {
            return Err(Error::not_found());
        }
        if self.head.pinned != message_id {
            self.head.pinned = message_id;
            self.append(at, ChatEventData::Pinned { message_id }, decision);
        }
        Ok(Answer::Done)
    }

    /// Blocked terms change in silence: naming them would teach how to dodge them.
    fn settle(&mut self, at: Timestamp, settings: &ChatSettings, decision: &mut Decision) {
        let before = PublicChatSettings::from(&self.head.settings);
        self.head.settings = settings.clone();
        let after = PublicChatSettings::from(settings);
        if after != before {
            let PublicChatSettings { slow_mode_s, max_length, followers_only } = after;
            self.append(at, ChatEventData::Settings { slow_mode_s, max_length, followers_only }, decision);
        }
    }
}

fn refused(refusal: Refusal) -> Error {
    let detail = refusal.to_string();
    let at_text = |detail: &str| {
        let detail = detail.strip_prefix("text ").unwrap_or(detail).to_owned();
        Error::invalid(vec![FieldError { pointer: "/text".to_owned(), code: refusal.code(), detail }])
    };
    match refusal {
        Refusal::Invalid(_) => at_text(&detail),
        Refusal::Blocked => at_text("contains a term that is blocked in this chat"),
        _ => {
            let error = Error::new(refusal.code(), sentence(&detail));
            refusal.retry_after().map_or(error.clone(), |seconds| error.retry_after(seconds))
        }
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
