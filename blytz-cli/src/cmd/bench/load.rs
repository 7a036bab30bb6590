//! What a load test asks of a server.

use std::time::Duration;

/// How hard, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub style: Style,
    pub watchers: usize,
    pub lasting: Duration,
}

/// How bidders behave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Style {
    /// Each bids a step above whatever anybody here has bid; who is overtaken on the way is refused
    #[default]
    Ladder,
    /// All bid the next minimum they know of: one gets it, the rest are refused
    Race,
    /// Each raises a sealed bid of their own, so that all is accepted in whatever order it arrives
    Sealed,
}

impl Style {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ladder => "ladder",
            Self::Race => "race",
            Self::Sealed => "sealed",
        }
    }
}
