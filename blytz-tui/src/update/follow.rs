//! Going along with a show: when the lot on the screen is over and another one is live, the screen
//! moves there by itself, after a notice.

use blytz_core::AuctionId;

use super::Turn;
use crate::{
    effect::Request,
    keymap::Action,
    model::{
        Screen,
        follow::{Following, Hop, Mode},
        lot::Lot,
    },
    theme::Role,
};

/// So long the notice is shown before the screen moves.
const HOP_MS: i64 = 4_000;

impl Turn<'_> {
    /// After every message: begins, holds back, calls off or makes the move.
    pub(super) fn settle_following(&mut self) {
        let Screen::Lot(id) = self.model.screen else {
            self.model.following.hop = None;
            return;
        };
        if self.model.following.lot != Some(id) {
            self.model.following = Following::opened(id, Mode::default());
        }
        let live = self.model.lots.get(&id).is_some_and(Lot::is_live);
        if live && self.model.following.mode == Mode::Undecided {
            self.model.following.mode = Mode::On;
        }
        self.ask_queue_once();
        let (held, now) = (self.model.is_busy(), self.model.now);
        let running = |hop: &Hop| !hop.held && !held;
        let target = self.model.lot_to_follow().map(|lot| lot.id);
        let hop = target.map(|to| match self.model.following.hop.filter(running) {
            Some(hop) if hop.to == to => hop,
            _ => Hop { to, at: now.plus_millis(HOP_MS), held },
        });
        self.model.following.hop = hop;
        if let Some(hop) = hop
            && !hop.held
            && now >= hop.at
        {
            self.move_along(hop.to);
        }
    }

    fn move_along(&mut self, to: AuctionId) {
        let pane = self.model.floor.pane;
        self.enter(Screen::Lot(to));
        // Who was reading the chat goes on reading it: it is the same one.
        self.model.floor.pane = pane;
        self.model.following = Following { moved_at: Some(self.model.now), ..Following::opened(to, Mode::On) };
        if let Some(title) = self.model.lots.get(&to).map(|lot| lot.title.to_string()) {
            self.notice(format!("The show goes on with {title}"), Role::Accent);
        }
    }

    pub(super) fn toggle_following(&mut self) {
        if self.model.current_chat().is_none() {
            self.notice("This lot is in no show", Role::Muted);
            return;
        }
        let key = self.model.keymap.first(Action::Follow);
        let following = &mut self.model.following;
        if following.mode == Mode::On {
            following.mode = Mode::Off;
            self.notice(format!("Staying here; {key} follows the show again"), Role::Accent);
        } else {
            following.mode = Mode::On;
            self.notice("Following the show: the next lot comes by itself", Role::Accent);
        }
    }

    fn ask_queue_once(&mut self) {
        if let Some(stream) = self.model.current_chat()
            && self.model.queues.get(&stream).is_none_or(|queue| queue.asked_at.is_none())
        {
            self.ask_queue();
        }
    }

    /// Asks which lots the show on the screen has.
    pub(super) fn ask_queue(&mut self) {
        if let (Screen::Lot(_), Some(stream)) = (self.model.screen, self.model.current_chat()) {
            self.model.queues.entry(stream).or_default().asked_at = Some(self.model.now);
            self.request(Request::LoadQueue(stream));
        }
    }
}
