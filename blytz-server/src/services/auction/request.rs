//! What can be asked of a room.

use blytz_core::{
    AuctionId, BidId, Money, Timestamp, UserId,
    auction::{Auction, BidKind, Book, Command, Nonce, Rules, item_hash, recall},
    wire::auction::{BidAnswer, BidOutcome, Item, ItemUpdate, Receipt, VoidedBy},
};
use serde::{Deserialize, Serialize};

/// A bid on its way to a room.
#[derive(Clone)]
pub struct Bid {
    pub bidder: UserId,
    pub id: BidId,
    pub kind: BidKind,
    /// The rules that the bidder saw, if they said so.
    pub rules_hash: Option<String>,
    pub suspended: bool,
    /// What tells its body from others under its id. It is made before the room is asked, whose time
    /// belongs to everybody.
    pub fingerprint: String,
}

/// A bid that was refused: whose, under which id, and the fingerprint of its body.
pub type RefusedBid = (UserId, BidId, String);

impl Bid {
    pub fn new(bidder: UserId, id: BidId, kind: BidKind, rules_hash: Option<String>, suspended: bool) -> Self {
        let fingerprint = recall::fingerprint(kind, rules_hash.as_deref());
        Self { bidder, id, kind, rules_hash, suspended, fingerprint }
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
    pub item: Option<ItemUpdate>,
    pub nonce: Nonce,
}

impl Amendment {
    /// The item afterwards.
    pub fn applied_to(&self, item: &Item) -> Item {
        let mut item = item.clone();
        self.item.clone().unwrap_or_default().apply(self.title.as_deref(), &mut item);
        item
    }
}

/// A bid that somebody wants struck.
#[derive(Clone)]
pub struct Voiding {
    pub bid_id: BidId,
    /// Whose, if that was said.
    pub bidder: Option<UserId>,
    pub by: VoidedBy,
    /// Whether the bidder is blocked from then on.
    pub block: bool,
    pub reason: String,
    pub so_far: SoFar,
}

/// What else can be asked of a room.
#[derive(Clone)]
pub enum Act {
    Open,
    Tick,
    Amend { amendment: Box<Amendment> },
    Void(Box<Voiding>),
    Unblock(UserId),
    Cancel { reason: String, by_admin: bool },
}

impl Act {
    /// The command, for an auction as it stands, with what it then sells if that is known. A void is up to
    /// several, and made as they are decided.
    pub fn command(&self, auction: &Auction, item: Option<&Item>) -> Option<Command> {
        Some(match self {
            Self::Open => Command::Open,
            Self::Amend { amendment } => Command::Amend {
                rules: amendment.rules.clone().unwrap_or_else(|| auction.rules().clone()),
                starts_at: amendment.starts_at,
                item_hash: item.map(item_hash),
                // Rules that stay keep the commitment that stands in the log.
                reserve_nonce: match (&amendment.rules, auction.reserve_nonce()) {
                    (None, Some(nonce)) => *nonce,
                    _ => amendment.nonce,
                },
            },
            // What is due was done before anybody was heard.
            Self::Tick | Self::Void(_) => return None,
            Self::Unblock(bidder) => Command::Unblock(*bidder),
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

/// What an accepted bid is answered, but for the receipt, which is made when it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Acceptance {
    pub bid_id: BidId,
    pub auction_id: AuctionId,
    pub outcome: BidOutcome,
    pub seq: u64,
    pub at: Timestamp,
    pub price: Option<Money>,
    pub leader_id: Option<UserId>,
    pub next_minimum: Option<Money>,
    pub closes_at: Timestamp,
    pub hash: String,
}

impl Acceptance {
    /// The whole answer.
    pub fn with(self, receipt: Receipt) -> BidAnswer {
        let Self { bid_id, auction_id, outcome, seq, at, price, leader_id, next_minimum, closes_at, hash } = self;
        BidAnswer {
            bid_id,
            auction_id,
            outcome,
            seq,
            at,
            price,
            leader_id,
            next_minimum,
            closes_at,
            hash,
            receipt,
            replayed: false,
        }
    }
}
