//! Keys in the lobby.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Turn, keys::type_into};
use crate::{
    keymap::Action,
    model::{
        Screen,
        follow::{Following, Mode},
        lobby::Entry,
    },
    theme::Role,
};

impl Turn<'_> {
    pub(super) fn lobby_action(&mut self, action: Action) {
        match action {
            Action::Up => self.lobby_move(-1),
            Action::Down => self.lobby_move(1),
            Action::PageUp => self.lobby_move(-10),
            Action::PageDown => self.lobby_move(10),
            Action::First => self.lobby_move(isize::MIN),
            Action::Last => self.lobby_move(isize::MAX),
            Action::Open | Action::Right => self.lobby_open(),
            Action::Filter => self.model.lobby.filtering = true,
            Action::Refresh => {
                self.ask_lobby();
                self.notice("Asked the server again", Role::Muted);
            }
            Action::Back => self.model.lobby.filter.reset(),
            _ => {}
        }
    }

    pub(super) fn filter_key(&mut self, key: KeyEvent) {
        match key.code {
            KeyCode::Esc => {
                self.model.lobby.filter.reset();
                self.model.lobby.filtering = false;
            }
            KeyCode::Enter => self.model.lobby.filtering = false,
            KeyCode::Up => self.lobby_move(-1),
            KeyCode::Down => self.lobby_move(1),
            _ => {
                type_into(&mut self.model.lobby.filter, key);
                // The best match is selected while one types.
                self.model.lobby.selected = None;
            }
        }
    }

    pub(super) fn lobby_move(&mut self, by: isize) {
        let entries = self.model.lobby_entries();
        let last = entries.len().saturating_sub(1);
        let index = self.model.lobby_selected(&entries).saturating_add_signed(by).min(last);
        self.model.lobby.selected = entries.get(index).copied();
    }

    pub(super) fn lobby_open(&mut self) {
        let entries = self.model.lobby_entries();
        match entries.get(self.model.lobby_selected(&entries)) {
            Some(Entry::Lot(id)) => self.go(Screen::Lot(*id)),
            // A show opens at its live lot, or the one that comes next.
            Some(Entry::Show(show)) => {
                let lots = self.model.sorted_lots(|lot| lot.stream == Some(*show));
                match lots.first() {
                    Some(id) => {
                        self.go(Screen::Lot(*id));
                        // Who opens a show came for all of it.
                        self.model.following = Following::opened(*id, Mode::On);
                    }
                    None => self.notice("This show has no lots yet", Role::Muted),
                }
            }
            Some(Entry::Loose) | None => {}
        }
    }
}
