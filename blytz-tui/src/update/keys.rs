//! Keys: to the overlay, to a text being written, else by the keymap.

use blytz_core::text::{MAX_BYTES, Unseen, count_up_to};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, backend::crossterm::EventHandler};

use super::Turn;
use crate::{
    effect::Effect,
    keymap::{Action, Key},
    model::{Overlay, Screen},
};

/// The longest text that can be typed anywhere, in characters as people count them.
const TYPED_LENGTH: usize = 500;

impl Turn<'_> {
    pub(super) fn key(&mut self, key: KeyEvent) {
        let action = self.model.keymap.action(self.model.place(), Key::from(key));
        if typed(key).is_none() && self.always(action) {
            return;
        }
        match &self.model.overlay {
            Some(Overlay::Help(_)) => self.help_key(action),
            Some(Overlay::Prompt(_)) => self.prompt_key(key),
            None if self.model.screen == Screen::Login => self.login_key(key),
            None if self.model.screen == Screen::Lobby && self.model.lobby.filtering => self.filter_key(key),
            None if self.is_writing() => self.chat_key(key),
            None => {
                if let Some(action) = action {
                    self.act(action);
                }
            }
        }
    }

    /// What works even while a text is being written.
    pub(super) fn always(&mut self, action: Option<Action>) -> bool {
        match action {
            Some(Action::Quit) => self.effect(Effect::Quit),
            Some(Action::Suspend) => self.effect(Effect::Suspend),
            Some(Action::Redraw) => self.effect(Effect::Redraw),
            Some(Action::Picture) => self.effect(Effect::Picture),
            _ => return false,
        }
        true
    }

    /// Does what a key, or a click on a button, stands for.
    pub(super) fn act(&mut self, action: Action) {
        if self.always(Some(action)) {
            return;
        }
        match action {
            Action::Help => self.model.overlay = Some(Overlay::Help(0)),
            Action::Mouse => {
                self.model.mouse = !self.model.mouse;
                let mouse = self.model.mouse;
                self.effect(Effect::Mouse(mouse));
                let text = if mouse { "The mouse is on" } else { "The mouse is off: select text as you like" };
                self.notice(text, crate::theme::Role::Accent);
            }
            Action::Lobby => self.go(Screen::Lobby),
            Action::Login => self.go(Screen::Login),
            Action::Desk => self.go_to_desk(),
            _ => match self.model.screen {
                Screen::Lobby => self.lobby_action(action),
                Screen::Lot(id) => self.lot_action(id, action),
                Screen::Desk => self.desk_action(action),
                Screen::Login => {}
            },
        }
    }

    fn help_key(&mut self, action: Option<Action>) {
        let Some(Overlay::Help(scroll)) = &mut self.model.overlay else { return };
        match action {
            Some(Action::Down) => *scroll = scroll.saturating_add(1),
            Some(Action::Up) => *scroll = scroll.saturating_sub(1),
            Some(Action::PageDown) => *scroll = scroll.saturating_add(10),
            Some(Action::PageUp) => *scroll = scroll.saturating_sub(10),
            Some(Action::First) => *scroll = 0,
            _ => self.model.overlay = None,
        }
        let last = crate::view::help::last_scroll(self.model);
        if let Some(Overlay::Help(scroll)) = &mut self.model.overlay {
            *scroll = (*scroll).min(last);
        }
    }
}

/// Lets a text take a key.
pub(super) fn type_into(input: &mut Input, key: KeyEvent) {
    let refused = |c| is_never_meant(c) || is_full(&format!("{}{c}", input.value()));
    if !matches!(key.code, KeyCode::Char(c) if typed(key).is_some() && refused(c)) {
        input.handle_event(&Event::Key(key));
    }
}

/// What has no meaning in any text. The parts of a flag or a word come one by one: whether they make one
/// shows in the whole text only.
fn is_never_meant(c: char) -> bool {
    let kind = Unseen::of(c);
    matches!(kind, Some(Unseen::Control | Unseen::Reordering | Unseen::Hidden | Unseen::ByteOrderMark))
}

fn is_full(text: &str) -> bool {
    text.len() > MAX_BYTES || count_up_to(text, TYPED_LENGTH + 1) > TYPED_LENGTH
}

/// The character that a key writes, where there is something to write into.
pub(super) fn typed(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::CONTROL) => Some(c),
        _ => None,
    }
}
