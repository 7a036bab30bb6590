//! What time alone brings about.

use blytz_core::{AuctionId, Timestamp, wire::stream::StreamStatus};

use super::Turn;
use crate::{
    effect::Effect,
    model::{Connection, Screen, follow::Mode, lot::Lot},
};

/// Lists are asked for again this often.
const LIST_MS: i64 = 10_000;
/// A lot is asked for again this often while the live connection is up: for its watchers.
const LOT_MS: i64 = 15_000;
/// And this often while it is not.
const LOT_OFFLINE_MS: i64 = 3_000;
/// And this often while its close is overdue or it is not known at all.
const LOT_MISSING_MS: i64 = 1_500;
/// And this often while its leader has no name: nobody wants to lose to a number.
const LOT_NAMELESS_MS: i64 = 500;

impl Turn<'_> {
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.model.now = now;
        self.model.notices.expire(now);
        match self.model.screen {
            Screen::Lobby if self.due(self.model.lobby.asked_at, LIST_MS) => self.ask_lobby(),
            Screen::Desk if self.due(self.model.desk.asked_at, LIST_MS) => self.ask_desk(),
            Screen::Lot(id) => {
                self.keep_up(id);
                self.keep_up_with_the_show();
            }
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
            None => LOT_MISSING_MS,
            Some(lot) if self.leader_is_nameless(lot) => LOT_NAMELESS_MS,
            Some(lot) if self.is_overdue(lot) => LOT_MISSING_MS,
            Some(lot) if lot.is_over() => return,
            Some(_) => match self.model.connection {
                Connection::Live { .. } => LOT_MS,
                _ => LOT_OFFLINE_MS,
            },
        };
        if self.due(self.model.asked_lots.get(&id).copied(), interval) {
            self.ask_lot(id);
        }
    }

    /// A lot that went live while the connection was down was never announced.
    fn keep_up_with_the_show(&mut self) {
        let Some(lot) = self.model.current_lot().filter(|lot| lot.is_over()) else { return };
        let Some(stream) = lot.stream.filter(|_| self.model.following.mode == Mode::On) else { return };
        let ended = self.model.shows.get(&stream).is_some_and(|show| show.status == StreamStatus::Ended);
        let asked_at = self.model.queues.get(&stream).and_then(|queue| queue.asked_at);
        if !ended && self.model.following.hop.is_none() && self.due(asked_at, LIST_MS) {
            self.ask_queue();
        }
    }

    /// The log names people by id alone; the lot's state names its leader. Asks for it at once, but
    /// not for every bid of a fast lot: the next tick asks for what came too soon.
    pub(super) fn ask_leaders_name(&mut self, id: AuctionId) {
        let nameless = self.model.lots.get(&id).is_some_and(|lot| self.leader_is_nameless(lot));
        let due = self.due(self.model.asked_lots.get(&id).copied(), LOT_NAMELESS_MS);
        if nameless && due && self.shows_lot(id) {
            self.ask_lot(id);
        }
    }

    fn leader_is_nameless(&self, lot: &Lot) -> bool {
        lot.state.leader.is_some_and(|user| !self.model.people.knows(user))
    }

    /// A close may be late in coming.
    fn is_overdue(&self, lot: &Lot) -> bool {
        let overdue = |closes_at| self.model.server_now().micros_since(closes_at) > 1_500_000;
        lot.is_live() && lot.state.closes_at.is_some_and(overdue)
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
        if let Some(me) = &self.model.people.me {
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
