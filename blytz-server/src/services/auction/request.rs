//! What can be asked of a room.

use blytz_core::{
    BidId, Timestamp, UserId,
    auction::{Auction, BidKind, Book, Command, Nonce, Rules, recall},
    wire::auction::BidAnswer,
};

/// A bid on its way to a room.
#[derive(Clone)]
pub struct Bid {
    pub bidder: UserId,
    pub id: BidId,
    pub kind: BidKind,
    pub suspended: bool,
    /// What tells its body from others under its id. It is made before the room is asked, whose time
    /// belongs to everybody.
    pub fingerprint: String,
}

/// A bid that was refused: whose, under which id, and the fingerprint of its body.
pub type RefusedBid = (UserId, BidId, String);

impl Bid {
    pub fn new(bidder: UserId, id: BidId, kind: BidKind, suspended: bool) -> Self {
        Self { bidder, id, kind, suspended, fingerprint: recall::fingerprint(kind) }
    }

    /// As it is remembered when it is refused.
    pub fn refused(&self) -> RefusedBid {
        (self.bidder, self.id, self.fingerprint.clone())
    }
}

/// New terms for an auction without bids. What is not stated stays as it is when the room decides.
#[expect(clippy::option_option, reason = "as on the wire: absent leaves the opening, null takes it away")]
#[derive(Clone)]
pub struct Amendment {
    pub rules: Option<Rules>,
    pub starts_at: Option<Option<Timestamp>>,
    pub title: Option<String>,
    pub nonce: Nonce,
}

/// What else can be asked of a room.
#[derive(Clone)]
pub enum Act {
    Open,
    Tick,
    Amend { amendment: Box<Amendment> },
    Void { bid_id: BidId, bidder: Option<UserId>, reason: String, so_far: Box<SoFar> },
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

/// The bids of a log up to an event: a long log is read before its room is asked, which goes on meanwhile.
#[derive(Clone)]
pub struct SoFar {
    pub book: Book,
    pub seq: u64,
}

/// A request to a room.
#[derive(Clone)]
pub enum Request {
    Bid(Bid),
    Act(Act),
}

impl Request {
    /// The bid, if it is one.
    pub const fn bid(&self) -> Option<&Bid> {
        match self {
            Self::Bid(bid) => Some(bid),
            Self::Act(_) => None,
        }
    }
}

/// What a room answers.
#[derive(Debug, Clone)]
pub enum Answer {
    Bid(Box<BidAnswer>),
    Done,
}
