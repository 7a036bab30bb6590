//! Going along with a show from lot to lot.

use blytz_core::{AuctionId, Timestamp};

use super::{Model, Screen, lot::Lot};

/// After a move nothing is bid for so long: whoever presses a key in that moment means the lot
/// they were looking at.
const SETTLES_MS: i64 = 1_000;

/// Whether the lot screen goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// As soon as the lot on the screen is seen live: who opens another one came for that one.
    #[default]
    Undecided,
    /// Yes.
    On,
    /// No: the person at the terminal said so.
    Off,
}

/// A move to the next lot that is about to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// Where to.
    pub to: AuctionId,
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// Whether it waits until something at the terminal is finished.
    pub held: bool,
}

/// How the lot screen goes along with the show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Following {
    /// The lot this is about.
    pub lot: Option<AuctionId>,
    /// Whether it goes along.
    pub mode: Mode,
    /// The move that is about to happen.
    pub hop: Option<Hop>,
    /// When the screen moved to this lot by itself.
    pub moved_at: Option<Timestamp>,
}

impl Following {
    /// For a lot that was opened by hand.
    pub fn opened(lot: AuctionId, mode: Mode) -> Self {
        Self { lot: Some(lot), mode, hop: None, moved_at: None }
    }
}

impl Model {
    /// The lot that the show went on to while the one on the screen is over; the latest to open
    /// when there are several.
    pub fn lot_to_follow(&self) -> Option<&Lot> {
        let lot = self.current_lot().filter(|lot| lot.is_over() && self.following.mode == Mode::On)?;
        let stream = lot.stream?;
        let now = self.server_now();
        self.lots
            .values()
            .filter(|other| other.stream == Some(stream) && other.time_left(now).is_some_and(|left| left > 0))
            .max_by_key(|other| (other.opens_at, other.id))
    }

    /// Whether something was begun at the lot screen that a move would interrupt: a question, a
    /// message, a bid without its answer.
    pub fn is_busy(&self) -> bool {
        let Screen::Lot(id) = self.screen else { return false };
        let writing = self.current_chat().and_then(|id| self.chats.get(&id)).is_some_and(|chat| chat.writing);
        self.overlay.is_some() || writing || self.attempts.waits_on(id)
    }

    /// Whether the screen moved by itself a moment ago.
    pub fn has_just_moved(&self) -> bool {
        self.following.moved_at.is_some_and(|at| self.now.micros_since(at) < SETTLES_MS * 1_000)
    }
}
