//! Going along with a show from lot to lot.

use blytz_core::{AuctionId, Timestamp};

/// After a move nothing is bid for so long: whoever presses a key in that moment means the lot
/// they were looking at.
pub const SETTLES_MS: i64 = 1_000;

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

    /// Whether the screen moved by itself a moment ago.
    pub fn has_just_moved(&self, now: Timestamp) -> bool {
        self.moved_at.is_some_and(|at| now.micros_since(at) < SETTLES_MS * 1_000)
    }
}
