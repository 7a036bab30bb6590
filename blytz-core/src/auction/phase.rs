//! The phases of an auction, and what is true in each.

use super::{bid::Lead, extension::Span, rejection::Rejection};
use crate::{Timestamp, wire::auction::AuctionStatus};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Scheduled,
    Live(Span),
    /// The hammer fell to a bid, or to none.
    Closed {
        span: Span,
        hammer: Option<Lead>,
    },
    /// Called off, maybe before it opened.
    Cancelled {
        span: Option<Span>,
    },
}

impl Phase {
    pub(super) const fn status(&self) -> AuctionStatus {
        match self {
            Self::Scheduled => AuctionStatus::Scheduled,
            Self::Live(_) => AuctionStatus::Live,
            Self::Closed { hammer: Some(_), .. } => AuctionStatus::Sold,
            Self::Closed { hammer: None, .. } => AuctionStatus::Unsold,
            Self::Cancelled { .. } => AuctionStatus::Cancelled,
        }
    }

    pub(super) const fn span(&self) -> Option<&Span> {
        match self {
            Self::Scheduled => None,
            Self::Live(span) | Self::Closed { span, .. } => Some(span),
            Self::Cancelled { span } => span.as_ref(),
        }
    }

    pub(super) const fn live_mut(&mut self) -> Option<&mut Span> {
        match self {
            Self::Live(span) => Some(span),
            Self::Scheduled | Self::Closed { .. } | Self::Cancelled { .. } => None,
        }
    }

    /// Rule 7, and what stands in its way: bids are taken until right before the close.
    pub(super) fn open_at(&self, at: Timestamp) -> Result<Span, Rejection> {
        match self {
            Self::Cancelled { .. } => Err(Rejection::AuctionCancelled),
            Self::Scheduled => Err(Rejection::AuctionNotLive),
            Self::Live(span) if at < span.closes_at => Ok(*span),
            Self::Live(_) | Self::Closed { .. } => Err(Rejection::AuctionClosed),
        }
    }

    /// What follows `opened`; it can't follow twice.
    pub(super) const fn opened(&self, opens_at: Timestamp, closes_at: Timestamp) -> Option<Self> {
        match self {
            Self::Scheduled => Some(Self::Live(Span::new(opens_at, closes_at))),
            Self::Live(_) | Self::Closed { .. } | Self::Cancelled { .. } => None,
        }
    }

    /// What follows `closed`: only what is live can be.
    pub(super) const fn closed(&self, hammer: Option<Lead>) -> Option<Self> {
        match self {
            Self::Live(span) => Some(Self::Closed { span: *span, hammer }),
            Self::Scheduled | Self::Closed { .. } | Self::Cancelled { .. } => None,
        }
    }

    /// What follows `cancelled`: only what is not over can be.
    pub(super) const fn cancelled(&self) -> Option<Self> {
        match self {
            Self::Scheduled => Some(Self::Cancelled { span: None }),
            Self::Live(span) => Some(Self::Cancelled { span: Some(*span) }),
            Self::Closed { .. } | Self::Cancelled { .. } => None,
        }
    }
}
