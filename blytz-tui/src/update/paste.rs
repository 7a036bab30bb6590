//! Text that nobody types: pasted, whether the terminal says so or sends it as keys. It goes into the
//! text being written, or nowhere. No paste is ever an act.

use blytz_core::text::MAX_BYTES;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::Input;

use super::{
    Turn,
    keys::{type_into, typed},
};
use crate::{
    keymap::{Action, Key},
    model::{Overlay, Screen},
    theme::Role,
};

/// So many keys may come at once from fingers: a slow line holds one back until the next is there.
const TYPED_AT_ONCE: usize = 2;

impl Turn<'_> {
    /// Keys that came at once. Many of them, with something to read among them, are a paste on a
    /// terminal that does not announce one.
    pub(super) fn keys(&mut self, keys: &[KeyEvent]) {
        let keys: Vec<KeyEvent> = keys.iter().copied().filter(|key| key.kind != KeyEventKind::Release).collect();
        let text = keys.iter().any(|key| typed(*key).is_some() || is_gap(*key));
        if text && keys.len() > TYPED_AT_ONCE && !self.is_held_down(&keys) {
            return self.paste_keys(&keys);
        }
        for key in keys {
            let asked = self.asked();
            self.key(key);
            // Nobody has read the question yet that this key brought up.
            if self.asked().is_some_and(|question| Some(question) != asked) {
                break;
            }
        }
    }

    /// What the terminal announces as a paste.
    pub(super) fn paste(&mut self, text: &str) {
        let key = |c| match c {
            '\n' | '\r' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        let keys: Vec<KeyEvent> = text.chars().map(|c| KeyEvent::new(key(c), KeyModifiers::NONE)).collect();
        self.paste_keys(&keys);
    }

    /// Ends of lines and tabs become one space between words. Keys that write nothing go on editing
    /// the text, and those that work everywhere work here, too.
    fn paste_keys(&mut self, keys: &[KeyEvent]) {
        let mut gap = false;
        // What would not fit into any text is not even looked at: a paste may be a whole book.
        for key in keys.iter().copied().take(MAX_BYTES) {
            if is_gap(key) {
                gap = true;
                continue;
            }
            let action = self.model.keymap.action(self.model.place(), Key::from(key));
            if typed(key).is_none() && self.always(action) {
                continue;
            }
            let Some(input) = self.text_target() else { continue };
            if std::mem::take(&mut gap) && !input.value().is_empty() {
                type_into(input, KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE));
            }
            type_into(input, key);
        }
        if self.text_target().is_none() {
            self.notice("Taken for a paste: none of it counts as a key here", Role::Muted);
        }
    }

    fn text_target(&mut self) -> Option<&mut Input> {
        let writing = self.is_writing();
        let chat = self.model.current_chat();
        match (&mut self.model.overlay, self.model.screen) {
            (Some(Overlay::Prompt(prompt)), _) => prompt.input.as_mut(),
            (Some(Overlay::Help(_)), _) => None,
            (None, Screen::Login) => Some(self.model.login.focused()),
            (None, Screen::Lobby) if self.model.lobby.filtering => Some(&mut self.model.lobby.filter),
            _ if writing => chat.and_then(|id| self.model.chats.get_mut(&id)).map(|chat| &mut chat.input),
            _ => None,
        }
    }

    /// Whether it is one key that only moves around, held down on a line or a machine that is slow.
    fn is_held_down(&mut self, keys: &[KeyEvent]) -> bool {
        let Some((first, rest)) = keys.split_first() else { return false };
        let action = self.model.keymap.action(self.model.place(), Key::from(*first));
        let moves = action.is_some_and(|action| {
            matches!(
                action,
                Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::StepUp | Action::StepDown
            )
        });
        moves && self.text_target().is_none() && rest.iter().all(|key| key.code == first.code)
    }

    /// The question that waits for a yes or no.
    fn asked(&self) -> Option<crate::model::prompt::Question> {
        match &self.model.overlay {
            Some(Overlay::Prompt(prompt)) if prompt.input.is_none() => Some(prompt.question),
            _ => None,
        }
    }
}

/// Parts two words of a text, and does something as a key.
fn is_gap(key: KeyEvent) -> bool {
    matches!(key.code, KeyCode::Enter | KeyCode::Tab)
}
