//! Keys at the seller's desk.

use blytz_core::wire::auction::EventData;

use super::Turn;
use crate::{
    effect::Effect,
    keymap::Action,
    model::{
        Pane, Screen,
        prompt::{Prompt, Question},
    },
    theme::Role,
};

impl Turn<'_> {
    pub(super) fn go_to_desk(&mut self) {
        if self.must_log_in() {
            return;
        }
        if self.model.people.me.as_ref().is_some_and(|me| me.seller) {
            self.go(Screen::Desk);
        } else {
            self.notice("The desk is for sellers", Role::Warn);
        }
    }

    pub(super) fn desk_action(&mut self, action: Action) {
        match action {
            Action::Up => self.desk_move(-1),
            Action::Down => self.desk_move(1),
            Action::PageUp => self.desk_move(-10),
            Action::PageDown => self.desk_move(10),
            Action::First => self.desk_move(isize::MIN),
            Action::Last => self.desk_move(isize::MAX),
            Action::NextPane | Action::Right => self.model.desk.pane = self.model.desk.pane.next(),
            Action::Left => self.model.desk.pane = self.model.desk.pane.next().next(),
            Action::Open => self.desk_open(),
            Action::StartShow => self.start_show(),
            Action::StartLot => match self.model.desk_next().map(|lot| lot.id) {
                Some(id) => self.effect(Effect::StartLot(id)),
                None => self.notice("No lot waits to be started", Role::Warn),
            },
            Action::CancelLot => self.ask_cancel(),
            Action::VoidBid => self.ask_void(),
            Action::DeskChat => self.start_writing(),
            Action::DeleteMessage | Action::Mute | Action::Ban => self.moderate(action),
            Action::Back => self.back(),
            _ => {}
        }
    }

    pub(super) fn desk_move(&mut self, by: isize) {
        let bids = self.model.desk_floor().map_or(0, |lot| lot.standing_bids().len());
        let desk = &mut self.model.desk;
        match desk.pane {
            Pane::Main => {
                desk.selected = desk.selected.saturating_add_signed(by).min(desk.queue.len().saturating_sub(1));
            }
            Pane::History => desk.bid = desk.bid.saturating_add_signed(by).min(bids.saturating_sub(1)),
            Pane::Chat => self.scroll_chat(by),
        }
    }

    pub(super) fn desk_open(&mut self) {
        match self.model.desk.pane {
            Pane::Chat => self.start_writing(),
            Pane::History => self.ask_void(),
            Pane::Main => {
                if let Some(id) = self.model.desk_selected().map(|lot| lot.id) {
                    self.go(Screen::Lot(id));
                }
            }
        }
    }

    fn start_show(&mut self) {
        match self.model.desk.show {
            Some(show) => self.effect(Effect::StartShow(show)),
            None => self.notice("You have no show; make one with: blytz shows create", Role::Warn),
        }
    }

    fn ask_cancel(&mut self) {
        let Some(lot) = self.model.desk_selected() else { return };
        if !lot.is_over() {
            let prompt = Prompt::text(Question::CancelLot(lot.id), lot.title.to_string(), "");
            self.ask(prompt);
        } else {
            self.notice("This lot is over", Role::Warn);
        }
    }

    fn ask_void(&mut self) {
        let Some(lot) = self.model.desk_floor().filter(|lot| lot.is_live()) else {
            self.notice("Bids can be voided while a lot is live", Role::Warn);
            return;
        };
        let bids = lot.standing_bids();
        let Some(EventData::Bid { bid_id: bid, bidder, .. }) = bids.get(self.model.desk.bid).map(|row| &row.data)
        else {
            self.notice("There is no bid to void", Role::Warn);
            return;
        };
        let who = bidder.map_or_else(|| "a sealed bidder".to_owned(), |bidder| self.model.people.name(bidder));
        let about = format!("The bid of {who} and every later one of theirs.");
        let prompt = Prompt::text(Question::VoidBid(lot.id, *bid, *bidder), about, "");
        self.ask(prompt);
    }

    fn moderate(&mut self, action: Action) {
        let Some(stream) = self.model.desk.show else { return };
        let Some(line) = self.model.chats.get(&stream).and_then(|chat| chat.selected_line()) else {
            self.model.desk.pane = Pane::Chat;
            self.scroll_chat(-1);
            self.notice("Select a message first", Role::Muted);
            return;
        };
        let who = self.model.people.name(line.user);
        let (message, user) = (line.id, line.user);
        let prompt = match action {
            Action::DeleteMessage => {
                Prompt::yes_or_no(Question::DeleteMessage(message), format!("{who}: {}", line.text))
            }
            Action::Mute => Prompt::text(Question::Mute(stream, user), who, "300"),
            _ => Prompt::yes_or_no(Question::Ban(stream, user), format!("{who} can't write here any more.")),
        };
        self.ask(prompt);
    }
}
