//! What time alone brings about.

use blytz_core::{AuctionId, Timestamp};

use super::Turn;
use crate::{
    effect::Effect,
    model::{Connection, Screen, lot::Lot},
};

/// Lists are asked for again this often.
const LIST_MS: i64 = 10_000;
/// A lot is asked for again this often while the live connection is up: for its watchers.
const LOT_MS: i64 = 15_000;
/// And this often while it is not.
const LOT_OFFLINE_MS: i64 = 3_000;
/// And this often while something about it is missing.
const LOT_MISSING_MS: i64 = 1_500;

impl Turn<'_> {
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.model.now = now;
        self.model.notices.expire(now);
        match self.model.screen {
            Screen::Lobby if self.due(self.model.lobby.asked_at, LIST_MS) => self.ask_lobby(),
            Screen::Desk if self.due(self.model.desk.asked_at, LIST_MS) => self.ask_desk(),
            Screen::Lot(id) => self.keep_up(id),
            _ => {}
        }
        if self.model.screen == Screen::Desk
            && let Some(id) = self.model.desk_floor().map(|lot| lot.id)
        {
            self.keep_up(id);
        }
    }

    /// Asks for a lot again when the live connection can't tell or did not.
    fn keep_up(&mut self, id: AuctionId) {
        let interval = match self.model.lots.get(&id) {
            Some(lot) if lot.is_over() && !self.is_missing_something(lot) => return,
            Some(lot) if !self.is_missing_something(lot) => match self.model.connection {
                Connection::Live { .. } => LOT_MS,
                _ => LOT_OFFLINE_MS,
            },
            _ => LOT_MISSING_MS,
        };
        if self.due(self.model.asked_lots.get(&id).copied(), interval) {
            self.ask_lot(id);
        }
    }

    /// The log names people by id alone, and a close may be late in coming.
    fn is_missing_something(&self, lot: &Lot) -> bool {
        let nameless = |user| !self.model.is_me(user) && !self.model.names.contains_key(&user);
        let overdue = |closes_at| lot.is_live() && self.model.server_now().micros_since(closes_at) > 1_500_000;
        lot.leader.is_some_and(nameless) || lot.closes_at.is_some_and(overdue)
    }

    fn due(&self, asked_at: Option<Timestamp>, interval_ms: i64) -> bool {
        asked_at.is_none_or(|at| self.model.now.micros_since(at) >= interval_ms * 1_000)
    }

    pub(super) fn ask_lobby(&mut self) {
        self.model.lobby.asked_at = Some(self.model.now);
        self.effect(Effect::LoadLobby);
    }

    pub(super) fn ask_lot(&mut self, id: AuctionId) {
        self.model.asked_lots.insert(id, self.model.now);
        self.effect(Effect::LoadLot(id));
    }

    pub(super) fn ask_desk(&mut self) {
        if let Some(me) = &self.model.me {
            let me = me.id;
            self.model.desk.asked_at = Some(self.model.now);
            self.effect(Effect::LoadDesk(me));
        }
    }

    /// Asks for the last part of a lot's log.
    pub(super) fn ask_history(&mut self, id: AuctionId) {
        if let Some(lot) = self.model.lots.get(&id) {
            let after = lot.seq.saturating_sub(100);
            self.effect(Effect::LoadHistory(id, after));
        }
    }
}
