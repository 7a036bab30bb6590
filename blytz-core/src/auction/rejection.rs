//! Why a command was refused.

use crate::{Money, wire::ErrorCode};

/// Why a command was refused. The order is the order of precedence: of several reasons, the one
/// that stands first here is given.
///
/// Texts are for people: they say what was wrong and what would be right, and never name a max or
/// the reserve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such bid or auction.
    #[error("there is no such bid in this auction; use the bid_id of one of its events")]
    NotFound,
    /// The `bid_id` was used before with another body.
    #[error("this bid_id was used before for another bid; make a new bid_id for every new bid")]
    IdempotencyMismatch,
    /// The account is suspended.
    #[error("the account is suspended and can't bid; ask support to reinstate it")]
    Suspended,
    /// The seller bids on their own lot.
    #[error("sellers can't bid on their own auctions")]
    OwnAuction,
    /// Blocked by the seller or in this auction.
    #[error("you are blocked from this auction, by its seller or because a bid of yours was voided")]
    Blocked,
    /// The amount is in another currency.
    #[error("the bid is in another currency than the auction; bid in the currency of its rules")]
    CurrencyMismatch,
    /// The format does not take this kind of bid.
    #[error("this format does not take this kind of bid; Dutch and sealed auctions take only `amount`")]
    KindNotAllowed,
    /// The auction was called off.
    #[error("the auction was cancelled")]
    AuctionCancelled,
    /// The auction has not opened.
    #[error("the auction is not live yet; wait until it opens")]
    AuctionNotLive,
    /// The auction is over.
    #[error("the auction is closed")]
    AuctionClosed,
    /// Buy-now is not offered, or no longer.
    #[error("buy-now is not available, or no longer; bid an amount or a max instead")]
    BuyNowUnavailable,
    /// The leader bids an exact amount.
    #[error("you lead already; raise your max instead of bidding against yourself")]
    AlreadyLeading,
    /// The new max is not above the old one.
    #[error("the new max is not above your present one")]
    MaxNotRaised,
    /// The bid is too low.
    #[error("the bid is too low; the least that would do is {next_minimum}")]
    BidTooLow {
        /// The least that would do now.
        next_minimum: Money,
    },
    /// There are bids; only an admin may cancel.
    #[error("the auction has bids; only an admin may cancel it now")]
    AuctionHasBids,
    /// The rules are frozen.
    #[error("the rules are frozen from the first bid on")]
    AuctionLocked,
    /// The start of an auction that is live.
    #[error("the auction is open already; starts_at can't change any more")]
    StartFixed,
}

impl Rejection {
    /// The stable code that clients branch on.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::NotFound,
            Self::IdempotencyMismatch => ErrorCode::IdempotencyMismatch,
            Self::Suspended => ErrorCode::Suspended,
            Self::OwnAuction => ErrorCode::OwnAuction,
            Self::Blocked => ErrorCode::Blocked,
            Self::CurrencyMismatch => ErrorCode::CurrencyMismatch,
            Self::KindNotAllowed => ErrorCode::KindNotAllowed,
            Self::AuctionCancelled => ErrorCode::AuctionCancelled,
            Self::AuctionNotLive => ErrorCode::AuctionNotLive,
            Self::AuctionClosed => ErrorCode::AuctionClosed,
            Self::BuyNowUnavailable => ErrorCode::BuyNowUnavailable,
            Self::AlreadyLeading => ErrorCode::AlreadyLeading,
            Self::MaxNotRaised => ErrorCode::MaxNotRaised,
            Self::BidTooLow { .. } => ErrorCode::BidTooLow,
            Self::AuctionHasBids => ErrorCode::AuctionHasBids,
            Self::AuctionLocked | Self::StartFixed => ErrorCode::AuctionLocked,
        }
    }
}
