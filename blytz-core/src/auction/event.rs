//! What happened, as the engine returns it and the log keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{command::BidKind, log::Nonce, rules::Rules};
use crate::{BidId, Timestamp, UserId, wire::auction::EventData};

/// One thing that happened: its public part, and beside it what only the server may know.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What everybody sees; hashed and sent.
    pub data: EventData,
    /// What nobody sees before the close; stored beside `data`, never sent.
    pub sealed: Option<Sealed>,
}

/// The secret part of an event.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Sealed {
    /// Beside `scheduled` and `amended`.
    Rules {
        /// The rules with the reserve in clear.
        rules: Rules,
        /// What the reserve's commitment was made with; none without a reserve.
        reserve_nonce: Option<Nonce>,
    },
    /// Beside `bid` and `max_raised`.
    Bid {
        /// Whose.
        bidder: UserId,
        /// What was offered.
        bid: BidKind,
        /// What the commitment was made with.
        nonce: Nonce,
    },
    /// Beside `voided`.
    Void {
        /// Whose bids fell.
        bidder: UserId,
        /// English: the offer that leads now. Sealed: what is left of the bidder's own.
        stake: Option<Stake>,
    },
}

impl fmt::Debug for Sealed {
    /// Prints nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rules { .. } => "Rules(***)",
            Self::Bid { .. } => "Bid(***)",
            Self::Void { .. } => "Void(***)",
        })
    }
}

/// A standing offer: how far somebody goes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// Who.
    pub bidder: UserId,
    /// English: the bid by which they took the lead. Sealed: the bid with this amount.
    pub bid_id: BidId,
    /// The max, or the sealed amount, in minor units.
    pub amount: i64,
    /// Since when; the earlier of two equal ones wins.
    pub at: Timestamp,
}

impl fmt::Debug for Stake {
    /// Prints no amount.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stake")
            .field("bidder", &self.bidder)
            .field("bid_id", &self.bid_id)
            .field("amount", &"***")
            .field("at", &self.at)
            .finish()
    }
}
