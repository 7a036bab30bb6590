//! The lobby: shows and their lots, live first.

use blytz_core::{AuctionId, StreamId, Timestamp};
use tui_input::Input;

/// What a row of the lobby stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A show; its lots follow.
    Show(StreamId),
    /// The heading above lots outside any show.
    Loose,
    Lot(AuctionId),
}

/// What the lobby remembers.
#[derive(Debug, Clone, Default)]
pub struct Lobby {
    /// The selected row's entry; the first one when it is gone.
    pub selected: Option<Entry>,
    pub filter: Input,
    /// Whether keys go into it.
    pub filtering: bool,
    /// Whether the server answered at least once.
    pub loaded: bool,
    /// Why it did not answer the last time.
    pub trouble: Option<String>,
    /// When it was last asked.
    pub asked_at: Option<Timestamp>,
}
