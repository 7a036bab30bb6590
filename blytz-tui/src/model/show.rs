//! Shows.

use blytz_core::{
    AuctionId, StreamId, Timestamp, UserId,
    wire::stream::{Stream, StreamStatus},
};

use crate::clean::Clean;

/// A show as the lobby lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Show {
    pub id: StreamId,
    pub seller: UserId,
    /// What it is called.
    pub title: Clean,
    /// Where it stands.
    pub status: StreamStatus,
    /// When it is announced for.
    pub starts_at: Option<Timestamp>,
    /// How many watch.
    pub watchers: u64,
    /// Hearts and the like since this program came.
    pub reactions: u64,
}

/// The lots of a show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    /// In the seller's order.
    pub lots: Vec<AuctionId>,
    /// When the server was last asked for them.
    pub asked_at: Option<Timestamp>,
}

impl From<&Stream> for Show {
    fn from(stream: &Stream) -> Self {
        Self {
            id: stream.id,
            seller: stream.seller.id,
            title: Clean::title(&stream.title),
            status: stream.status,
            starts_at: stream.starts_at,
            watchers: stream.watchers,
            reactions: 0,
        }
    }
}

impl Show {
    /// Live shows first, then announced ones, then those over.
    pub const fn rank(&self) -> u8 {
        match self.status {
            StreamStatus::Live => 0,
            StreamStatus::Scheduled => 1,
            StreamStatus::Ended => 2,
        }
    }
}
