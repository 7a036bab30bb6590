//! A show's chat.

use std::collections::VecDeque;

use blytz_core::{
    MessageId, StreamId, Timestamp, UserId,
    wire::chat::{ChatEvent, ChatEventData, ChatState, Message, ShowRole},
};
use tui_input::Input;

use crate::clean::Clean;

/// How many messages are kept.
const KEPT: usize = 300;
/// The longest message.
pub const MESSAGE_LENGTH: usize = 500;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: MessageId,
    /// Who wrote it.
    pub user: UserId,
    /// What they are in the show; none while the server has not said so.
    pub role: Option<ShowRole>,
    /// What; empty once deleted.
    pub text: Clean,
    /// When.
    pub at: Timestamp,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Whether the server has not confirmed it yet.
    pub pending: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Chat {
    /// The messages, oldest first.
    pub lines: VecDeque<Line>,
    /// The pinned message.
    pub pinned: Option<MessageId>,
    /// Seconds between two messages of one user; 0 is off.
    pub slow_mode_s: u32,
    /// What is being written.
    pub input: Input,
    /// Whether keys go into it.
    pub writing: bool,
    /// The selected message, counted from the newest; none follows the newest.
    pub selected: Option<usize>,
}

impl Chat {
    /// Takes a snapshot in place of everything but what is on its way.
    pub fn replace(&mut self, state: &ChatState) {
        let pending: Vec<Line> = self.lines.drain(..).filter(|line| line.pending).collect();
        self.lines = state.messages.iter().map(line).collect();
        self.pinned = state.pinned;
        self.slow_mode_s = state.settings.slow_mode_s;
        for mine in pending {
            if !self.lines.iter().any(|line| line.id == mine.id) {
                self.lines.push_back(mine);
            }
        }
    }

    /// Takes an entry of the chat's log.
    pub fn apply(&mut self, event: &ChatEvent, stream: StreamId) {
        match &event.data {
            ChatEventData::Message { id, user, text, deleted } => {
                let message = Message {
                    id: *id,
                    stream_id: stream,
                    seq: event.seq,
                    user: user.clone(),
                    text: text.clone(),
                    at: event.at,
                    deleted: *deleted,
                };
                self.add(line(&message));
            }
            ChatEventData::Deleted { id, .. } => {
                if let Some(line) = self.lines.iter_mut().find(|line| line.id == *id) {
                    line.deleted = true;
                    line.text = Clean::default();
                }
            }
            ChatEventData::Pinned { message_id } => self.pinned = *message_id,
            ChatEventData::Settings { slow_mode_s, .. } => self.slow_mode_s = *slow_mode_s,
            ChatEventData::Muted { .. } => {}
        }
    }

    /// Adds a message; one of our own replaces its pending line.
    pub fn add(&mut self, new: Line) {
        if let Some(known) = self.lines.iter().position(|line| line.id == new.id) {
            self.lines.remove(known);
        } else if let Some(selected) = &mut self.selected {
            // The selection stays on its message.
            *selected += 1;
        }
        self.lines.push_back(new);
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    /// Takes a refused message out again.
    pub fn withdraw(&mut self, id: MessageId) -> Option<Clean> {
        let at = self.lines.iter().position(|line| line.id == id && line.pending)?;
        self.lines.remove(at).map(|line| line.text)
    }

    /// The selected message.
    pub fn selected_line(&self) -> Option<&Line> {
        let from_newest = self.selected?;
        self.lines.len().checked_sub(from_newest + 1).and_then(|index| self.lines.get(index))
    }

    /// Moves the selection by so many messages; negative is older.
    pub fn select(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.selected = match self.selected {
            None if by < 0 => Some(by.unsigned_abs().saturating_sub(1).min(last)),
            None => None,
            Some(current) if by < 0 => Some(current.saturating_add(by.unsigned_abs()).min(last)),
            Some(current) => current.checked_sub(by.unsigned_abs()),
        };
    }
}

fn line(message: &Message) -> Line {
    Line {
        id: message.id,
        user: message.user.id,
        role: message.user.role,
        text: if message.deleted { Clean::default() } else { Clean::line(&message.text, MESSAGE_LENGTH) },
        at: message.at,
        deleted: message.deleted,
        pending: false,
    }
}
