//! The mouse: clicks on rows, buttons and panes; the wheel scrolls what it is over.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Turn;
use crate::{
    model::{Overlay, Pane, Screen},
    view::{
        buttons,
        layout::{self, DeskLayout, LotLayout},
        lobby,
    },
};

impl Turn<'_> {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) {
        let at = Position::new(mouse.column, mouse.row);
        if self.model.overlay.is_some() {
            return self.mouse_on_overlay(mouse.kind);
        }
        match (mouse.kind, self.model.screen) {
            (MouseEventKind::ScrollUp, _) => self.wheel(at, -1),
            (MouseEventKind::ScrollDown, _) => self.wheel(at, 1),
            (MouseEventKind::Down(MouseButton::Left), Screen::Lobby) => self.click_lobby(at),
            (MouseEventKind::Down(MouseButton::Left), Screen::Lot(_)) => self.click_lot(at),
            (MouseEventKind::Down(MouseButton::Left), Screen::Desk) => self.click_desk(at),
            (MouseEventKind::Down(MouseButton::Right), _) => self.back(),
            _ => {}
        }
    }

    /// A click beside the help closes it. A click beside a question does nothing: it could be a slip.
    fn mouse_on_overlay(&mut self, kind: MouseEventKind) {
        if let Some(Overlay::Help(scroll)) = &mut self.model.overlay {
            match kind {
                MouseEventKind::ScrollUp => *scroll = scroll.saturating_sub(1),
                MouseEventKind::ScrollDown => *scroll = scroll.saturating_add(1),
                MouseEventKind::Down(_) => self.model.overlay = None,
                _ => {}
            }
            let last = crate::view::help::last_scroll(self.model);
            if let Some(Overlay::Help(scroll)) = &mut self.model.overlay {
                *scroll = (*scroll).min(last);
            }
        }
    }

    fn wheel(&mut self, at: Position, by: isize) {
        match self.model.screen {
            Screen::Lobby => self.lobby_move(by),
            Screen::Lot(_) => {
                let layout = LotLayout::of(self.model);
                if layout.chat.contains(at) {
                    self.scroll_chat(by);
                } else if layout.history.contains(at) {
                    self.scroll_history(by);
                }
            }
            Screen::Desk => {
                if let Some(pane) = self.desk_pane_at(at) {
                    self.model.desk.pane = pane;
                    self.desk_move(by);
                }
            }
            Screen::Login => {}
        }
    }

    fn click_lobby(&mut self, at: Position) {
        let rows = lobby::rows_area(self.model.size);
        let entries = self.model.lobby_entries();
        let selected = self.model.lobby_selected(&entries);
        let Some(index) = row_at(rows, at, selected, entries.len()) else { return };
        if index == selected && self.model.lobby.selected.is_some() {
            self.lobby_open();
        } else {
            self.model.lobby.selected = entries.get(index).copied();
        }
    }

    fn click_lot(&mut self, at: Position) {
        let layout = LotLayout::of(self.model);
        if let Some(action) = buttons::action_at(self.model, layout.buttons, at) {
            self.act(action);
        } else if layout.chat_input.contains(at) {
            self.start_writing();
        } else if layout.chat.contains(at) {
            self.model.floor.pane = Pane::Chat;
        } else if layout.history.contains(at) {
            self.model.floor.pane = Pane::History;
        } else if layout.tabs.contains(at) {
            self.model.floor.pane = self.model.floor.pane.next();
        } else {
            self.model.floor.pane = Pane::Main;
        }
    }

    fn desk_pane_at(&self, at: Position) -> Option<Pane> {
        let layout = DeskLayout::of(self.model);
        [(layout.queue, Pane::Main), (layout.bids, Pane::History), (layout.chat, Pane::Chat)]
            .into_iter()
            .find(|(area, _)| area.contains(at))
            .map(|(_, pane)| pane)
    }

    fn click_desk(&mut self, at: Position) {
        let Some(pane) = self.desk_pane_at(at) else { return };
        self.model.desk.pane = pane;
        let layout = DeskLayout::of(self.model);
        match pane {
            Pane::Main => {
                let (selected, len) = (self.model.desk.selected, self.model.desk.queue.len());
                if let Some(index) = row_at(layout::inside(layout.queue), at, selected, len) {
                    self.model.desk.selected = index;
                }
            }
            Pane::History => {
                let len = self.model.desk_floor().map_or(0, |lot| lot.standing_bids().len());
                let rows = layout::inside(layout.bids);
                if let Some(index) = row_at(rows, at, self.model.desk.bid, len) {
                    self.model.desk.bid = index;
                }
            }
            Pane::Chat => {
                if layout.chat_input.contains(at) {
                    self.start_writing();
                }
            }
        }
    }
}

/// The index of the row under the mouse, in a list that keeps its selection in view.
fn row_at(area: Rect, at: Position, selected: usize, len: usize) -> Option<usize> {
    if !area.contains(at) {
        return None;
    }
    let first = layout::window(selected, len, area.height as usize);
    Some(first + usize::from(at.y - area.y)).filter(|index| *index < len)
}
