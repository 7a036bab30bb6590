//! Keys on a lot, and in any chat.

use blytz_core::{AuctionId, MessageId, text::without_deceptive, wire::chat::ChatSend};
use crossterm::event::{KeyCode, KeyEvent};

use super::{Turn, keys::type_into};
use crate::{
    clean::Clean,
    effect::Request,
    keymap::Action,
    model::{
        Pane, Screen,
        chat::{Line, MESSAGE_LENGTH},
    },
    theme::Role,
};

impl Turn<'_> {
    pub(super) fn lot_action(&mut self, id: AuctionId, action: Action) {
        match action {
            Action::Bid | Action::Amount | Action::Max | Action::BuyNow | Action::AskAgain => {
                self.bidding_action(id, action);
            }
            Action::StepUp => self.step(1),
            Action::StepDown => self.step(-1),
            Action::Chat => self.start_writing(),
            Action::React => {
                if let Some(stream) = self.model.current_chat() {
                    self.request(Request::React(stream));
                }
            }
            Action::Watch => self.toggle_watch(id),
            Action::NextLot => self.neighbour(id, 1),
            Action::PreviousLot => self.neighbour(id, -1),
            Action::Follow => self.toggle_following(),
            Action::NextPane | Action::Right => self.model.floor.pane = self.model.floor.pane.next(),
            Action::Left => self.model.floor.pane = self.model.floor.pane.next().next(),
            Action::Up => self.lot_move(-1),
            Action::Down => self.lot_move(1),
            Action::PageUp => self.lot_move(-10),
            Action::PageDown => self.lot_move(10),
            Action::Open if self.model.floor.pane == Pane::Chat => self.start_writing(),
            Action::Open => self.bidding_action(id, Action::Bid),
            Action::Back => self.back(),
            _ => {}
        }
    }

    /// Up and down: amounts in the main part, rows elsewhere.
    fn lot_move(&mut self, by: isize) {
        match self.model.floor.pane {
            Pane::Main => self.step(-by.signum()),
            Pane::History => self.scroll_history(by),
            Pane::Chat => self.scroll_chat(by),
        }
    }

    fn step(&mut self, by: isize) {
        let steps = &mut self.model.floor.steps;
        *steps = if by > 0 { (*steps + 1).min(99) } else { steps.saturating_sub(1) };
    }

    pub(super) fn scroll_history(&mut self, by: isize) {
        let rows = self.model.current_lot().map_or(0, |lot| lot.history.len());
        let scroll = &mut self.model.floor.scroll;
        *scroll = scroll.saturating_add_signed(by).min(rows.saturating_sub(1));
    }

    pub(super) fn scroll_chat(&mut self, by: isize) {
        if let Some(chat) = self.model.current_chat().and_then(|id| self.model.chats.get_mut(&id)) {
            chat.select(by);
        }
    }

    fn toggle_watch(&mut self, id: AuctionId) {
        if self.must_log_in() {
            return;
        }
        let watching = !self.model.standings.get(&id).copied().unwrap_or_default().watching;
        self.request(Request::Watch(id, watching));
    }

    fn neighbour(&mut self, id: AuctionId, by: isize) {
        if let Some(next) = self.model.neighbour(id, by) {
            self.enter(Screen::Lot(next));
        }
    }

    /// Says so when nobody is logged in.
    pub(super) fn must_log_in(&mut self) -> bool {
        if self.model.people.me.is_some() {
            return false;
        }
        let key = self.model.keymap.first(Action::Login);
        self.notice(format!("Log in first: {key}"), Role::Warn);
        true
    }

    pub(super) fn is_writing(&self) -> bool {
        self.model.current_chat().and_then(|id| self.model.chats.get(&id)).is_some_and(|chat| chat.writing)
    }

    pub(super) fn start_writing(&mut self) {
        let Some(stream) = self.model.current_chat() else {
            self.notice("This lot is in no show: there is no chat", Role::Muted);
            return;
        };
        if self.must_log_in() {
            return;
        }
        self.model.floor.pane = Pane::Chat;
        self.model.desk.pane = Pane::Chat;
        self.model.chats.entry(stream).or_default().writing = true;
    }

    pub(super) fn chat_key(&mut self, key: KeyEvent) {
        let Some(stream) = self.model.current_chat() else { return };
        let Some(chat) = self.model.chats.get_mut(&stream) else { return };
        match key.code {
            KeyCode::Esc => {
                chat.writing = false;
                chat.selected = None;
                self.model.floor.pane = Pane::Main;
            }
            KeyCode::Enter => self.say(),
            KeyCode::Up => chat.select(-1),
            KeyCode::Down => chat.select(1),
            _ => type_into(&mut chat.input, key),
        }
    }

    fn say(&mut self) {
        let Some(me) = self.model.people.me.as_ref().map(|me| me.id) else { return };
        let (Some(stream), at) = (self.model.current_chat(), self.model.server_now()) else { return };
        let Some(chat) = self.model.chats.get_mut(&stream) else { return };
        // Sent as it was typed: what is shown here has less in it than what may be written.
        let typed = without_deceptive(chat.input.value().trim());
        let text = Clean::line(&typed, MESSAGE_LENGTH);
        if text.is_empty() {
            return;
        }
        chat.input.reset();
        chat.selected = None;
        let id = MessageId((self.ids)());
        chat.add(Line { id, user: me, role: None, text, at, deleted: false, pending: true });
        self.request(Request::Say(ChatSend { stream_id: stream, message_id: Some(id), text: typed }));
    }
}
