//! What can be asked of a room.

use blytz_core::{
    BidId, Timestamp, UserId,
    auction::{Auction, BidKind, Command, Nonce, Rules},
    wire::auction::BidAnswer,
};
use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// Where a request's answer goes.
pub type Reply<T> = oneshot::Sender<Result<T>>;

/// A bid on its way to a room.
pub struct Bid {
    pub bidder: UserId,
    pub id: BidId,
    pub kind: BidKind,
    pub suspended: bool,
    pub reply: Reply<BidAnswer>,
}

/// New terms for an auction without bids. What is not stated stays as it is when the room decides.
#[expect(clippy::option_option, reason = "as on the wire: absent leaves the opening, null takes it away")]
pub struct Amendment {
    pub rules: Option<Rules>,
    pub starts_at: Option<Option<Timestamp>>,
    pub title: Option<String>,
    pub nonce: Nonce,
}

/// What else can be asked of a room.
pub enum Act {
    Open,
    Tick,
    Amend { amendment: Box<Amendment> },
    Void { bid_id: BidId, bidder: Option<UserId>, reason: String },
    Cancel { reason: String, by_admin: bool },
}

impl Act {
    /// The command, for an auction as it stands. A void is up to several, and made as they are decided.
    pub fn command(&self, auction: &Auction) -> Option<Command> {
        Some(match self {
            Self::Open => Command::Open,
            Self::Tick => Command::Tick,
            Self::Amend { amendment } => Command::Amend {
                rules: amendment.rules.clone().unwrap_or_else(|| auction.rules().clone()),
                starts_at: amendment.starts_at,
                // Rules that stay keep the commitment that stands in the log.
                reserve_nonce: match (&amendment.rules, auction.reserve_nonce()) {
                    (None, Some(nonce)) => *nonce,
                    _ => amendment.nonce,
                },
            },
            Self::Void { .. } => return None,
            Self::Cancel { reason, by_admin } => Command::Cancel { reason: reason.clone(), by_admin: *by_admin },
        })
    }
}

/// A request to a room.
pub enum Request {
    Bid(Bid),
    Act {
        act: Act,
        reply: Reply<()>,
    },
    /// Something that the room keeps a copy of has changed.
    Changed(Copied),
}

/// What rooms keep copies of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The seller's blocklist.
    Blocklist,
    /// In which show the lot is.
    Show,
}

impl Request {
    /// Answers with an error.
    pub fn refuse(self, error: Error) {
        // Whoever asked may have gone; then nobody is there to be told.
        match self {
            Self::Bid(bid) => drop(bid.reply.send(Err(error))),
            Self::Act { reply, .. } => drop(reply.send(Err(error))),
            Self::Changed(_) => {}
        }
    }

    /// Whether it needs a turn of its own: a void reads the log, which must not change meanwhile, an
    /// amendment writes more than events, and an opening that its show forbids takes no bid with it.
    pub const fn stands_alone(&self) -> bool {
        matches!(self, Self::Act { act: Act::Void { .. } | Act::Amend { .. } | Act::Open, .. })
    }
}
