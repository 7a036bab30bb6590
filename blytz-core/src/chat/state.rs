//! Where a chat stands, and how a command changes it.

use std::collections::HashMap;

use super::{
    command::{Answer, Command, Draft, Restriction},
    rate::RateWindow,
    refusal::Refusal,
    rules::{Conduct, Member, admit},
};
use crate::{
    MessageId, StreamId, Timestamp, UserId,
    text::{MAX_CHARACTERS, normalise},
    wire::{
        chat::{ChatEvent, ChatEventData, ChatSettings, Message, PublicChatSettings},
        live::UpdateData,
    },
};

/// How often who has long been silent is forgotten, in microseconds.
const SWEEP_US: i64 = 60_000_000;

/// The longest slow mode, in milliseconds: it is of no use to know who spoke before.
pub const LONGEST_SLOW_MODE_MS: i64 = 3_600_000;

/// What a decision leaves to write and to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// For the log, in order.
    pub events: Vec<ChatEvent>,
    /// For the tables beside the log.
    pub writes: Vec<Write>,
    /// For those it concerns.
    pub news: Vec<(UserId, UpdateData)>,
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
    /// Whom it is about.
    pub user_id: UserId,
    /// What they are from now on.
    pub member: Member,
    /// Why, for other moderators.
    pub reason: Option<String>,
    /// The moderator.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// The one row of a chat that moves with every commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The seq of the last event; 0 before the first.
    pub seq: u64,
    /// The moment of the last event.
    pub at: Timestamp,
    /// What its moderators decided for all.
    pub settings: ChatSettings,
    /// The pinned message.
    pub pinned: Option<MessageId>,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, at: Timestamp::from_micros(0), settings: ChatSettings::default(), pinned: None }
    }
}

/// What must be looked up before commands can be decided, as it is outside of the chat: a message_id
/// may be another chat's, and how often somebody may write counts over all of them. Other chats don't
/// wait for this one, so it holds only for the transaction in which it was read.
///
/// It takes in what is decided, so that the next command knows what the one before it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Those of the messages that the commands name which there are, in whichever chat.
    pub messages: HashMap<MessageId, Message>,
    /// When the authors wrote, in whichever chat; who is missing has not written for long.
    pub windows: HashMap<UserId, RateWindow>,
}

/// Where a chat stands: everything of its own that decides who may write what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// Whose chat it is.
    pub stream_id: StreamId,
    /// Where its log ends, and what holds for all.
    pub head: Head,
    /// What moderators decided about single users.
    pub members: HashMap<UserId, Member>,
    /// When people last wrote here.
    pub spoke: HashMap<UserId, Timestamp>,
    /// When the silent were last forgotten.
    pub swept_at: Timestamp,
}

impl Chat {
    /// Decides a command at `now` and takes it as done, and so does `known`. What is returned beside the
    /// answer must be written before anybody is told. A refused command changes nothing.
    ///
    /// The same chat, times, commands and known things always give the same results.
    pub fn decide(
        &mut self,
        now: Timestamp,
        command: &Command,
        known: &mut Known,
    ) -> (Result<Answer, Refusal>, Decision) {
        let at = now.max(self.head.at.plus_micros(1));
        let mut decision = Decision::default();
        let message = command.message_id().and_then(|id| known.messages.get(&id));
        let answer = match (command, message) {
            (Command::Send(draft), Some(message)) => self.replay(draft, message),
            (Command::Send(draft), None) => {
                self.send(at, draft, known.windows.entry(draft.user.id).or_default(), &mut decision)
            }
            (Command::Delete { .. }, message) => self.delete(at, message, &mut decision),
            (Command::Pin { message_id }, message) => self.pin(at, *message_id, message, &mut decision),
            (Command::Restrict { user_id, restriction, reason, by }, _) => {
                self.restrict(at, (*user_id, *restriction), reason.as_deref(), *by, &mut decision);
                Ok(Answer::Done)
            }
            (Command::Settings(settings), _) => {
                self.settle(at, settings, &mut decision);
                Ok(Answer::Done)
            }
        };
        for write in &decision.writes {
            if let Write::Message(message) | Write::Erase(message) = write {
                known.messages.insert(message.id, message.clone());
            }
        }
        (answer, decision)
    }

    /// Forgets who has been silent for longer than any slow mode. Once a minute is enough.
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
        window: &mut RateWindow,
        decision: &mut Decision,
    ) -> Result<Answer, Refusal> {
        let author = draft.author();
        let conduct = Conduct {
            member: self.members.get(&author.id).copied().unwrap_or_default(),
            spoke_at: self.spoke.get(&author.id).copied(),
            window,
        };
        let text = admit(at, draft, conduct, &self.head.settings)?;
        window.record(at);
        self.spoke.insert(author.id, at);
        let id = draft.message_id;
        let data = ChatEventData::Message { id, user: author.clone(), text: text.clone(), deleted: false };
        let seq = self.append(at, data, decision);
        let message = Message { id, stream_id: self.stream_id, seq, user: author, text, at, deleted: false };
        decision.writes.push(Write::Message(message.clone()));
        Ok(Answer::Written(message))
    }

    /// The same message again is the same message. A deleted one can't be compared any more.
    fn replay(&self, draft: &Draft, known: &Message) -> Result<Answer, Refusal> {
        let same_text = || normalise(&draft.text, MAX_CHARACTERS).is_ok_and(|text| text == known.text);
        let same =
            known.stream_id == self.stream_id && known.user.id == draft.user.id && (known.deleted || same_text());
        if same { Ok(Answer::Replayed(known.clone())) } else { Err(Refusal::IdempotencyMismatch) }
    }

    fn delete(&mut self, at: Timestamp, known: Option<&Message>, decision: &mut Decision) -> Result<Answer, Refusal> {
        let known = known.filter(|known| known.stream_id == self.stream_id).ok_or(Refusal::NotFound)?;
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
        (user_id, restriction): (UserId, Restriction),
        reason: Option<&str>,
        by: UserId,
        decision: &mut Decision,
    ) {
        let before = self.members.get(&user_id).copied().unwrap_or_default();
        let (member, until) = match restriction {
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
        self.members.insert(user_id, member);
        self.append(at, ChatEventData::Muted { user_id, until, banned: member.banned }, decision);
        decision.news.push((user_id, UpdateData::Muted { stream_id: self.stream_id, until }));
        let reason = reason.map(str::to_owned);
        decision.writes.push(Write::Ruling(Ruling { user_id, member, reason, by, at }));
    }

    fn pin(
        &mut self,
        at: Timestamp,
        message_id: Option<MessageId>,
        known: Option<&Message>,
        decision: &mut Decision,
    ) -> Result<Answer, Refusal> {
        let here = known.is_some_and(|known| known.stream_id == self.stream_id && !known.deleted);
        if message_id.is_some() && !here {
            return Err(Refusal::NotFound);
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
            let PublicChatSettings { slow_mode_s, max_length, followers_only, min_account_age_s } = after;
            let data = ChatEventData::Settings { slow_mode_s, max_length, followers_only, min_account_age_s };
            self.append(at, data, decision);
        }
    }
}
