//! What happened, as the engine returns it and the log keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    bid::{BidKind, Stake},
    commitment::Nonce,
    rules::Rules,
};
use crate::{Timestamp, UserId, wire::auction::EventData};

/// One thing that happened: its public part, and beside it what only the server may know.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Later than all that was decided before; what one decision says together has one time.
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
        /// Who bid; of a sealed bid the public part does not say.
        bidder: UserId,
        /// How far they go, in clear.
        bid: BidKind,
        /// What the commitment was made with.
        nonce: Nonce,
    },
    /// Beside `voided`.
    Void {
        /// Whose bids fell; they are blocked from then on.
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

/// The events are not the log of an auction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// There is no event.
    #[error("the log is empty")]
    Empty,
    /// The first event is not `scheduled`, or a later one is.
    #[error("`scheduled` is the first event of a log and no other")]
    NotScheduledFirst,
    /// The part that only the server knows is missing or belongs to another kind of event.
    #[error("the sealed part of the event at {at} is missing or of another kind")]
    SealedPart {
        /// When the event happened, by which to find it.
        at: Timestamp,
    },
    /// The event can't happen in this state.
    #[error("the event at {at} can't follow what is before it")]
    OutOfPlace {
        /// When the event happened, by which to find it.
        at: Timestamp,
    },
}

impl Event {
    /// One without a secret.
    pub(super) const fn open(at: Timestamp, data: EventData) -> Self {
        Self { at, data, sealed: None }
    }

    pub(super) const fn out_of_place(&self) -> FoldError {
        FoldError::OutOfPlace { at: self.at }
    }

    pub(super) const fn lacks_its_sealed_part(&self) -> FoldError {
        FoldError::SealedPart { at: self.at }
    }
}
