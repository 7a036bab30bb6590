//! The parts of a screen.

/// Which part of a screen has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The main part: bidding, or the queue of the desk.
    #[default]
    Main,
    /// The history of bids.
    History,
    Chat,
}

impl Pane {
    /// The next one, around.
    pub const fn next(self) -> Self {
        match self {
            Self::Main => Self::History,
            Self::History => Self::Chat,
            Self::Chat => Self::Main,
        }
    }
}
