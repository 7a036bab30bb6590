//! What went wrong, and what to do about it.

use blytz_core::{Money, wire::ErrorCode};

use crate::clean::Clean;

/// A request that was not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError {
    /// The server's code; none when it did not answer.
    pub code: Option<ErrorCode>,
    /// What was wrong, in the server's words or ours.
    pub text: Clean,
    /// With `bid_too_low`: what would do now.
    pub next_minimum: Option<Money>,
    /// Whether this says no for good. Otherwise the request may have been fulfilled all the same.
    pub definite: bool,
    /// Whether the house can't be held to what it answered.
    pub untrue: bool,
}

impl RequestError {
    /// What a person can do about it; empty when nothing.
    pub fn advice(&self) -> &'static str {
        match self.code {
            Some(ErrorCode::BidTooLow) => "bid the new minimum",
            Some(ErrorCode::AlreadyLeading) => "you lead; set a max instead",
            Some(ErrorCode::MaxNotRaised) => "a new max must be above the old one",
            Some(ErrorCode::AuctionClosed) => "it came after the close",
            Some(ErrorCode::AuctionNotLive) => "wait until it opens",
            Some(ErrorCode::AuctionCancelled) => "the lot was called off",
            Some(ErrorCode::RulesChanged) => "look at the lot again, and bid again",
            Some(ErrorCode::BuyNowUnavailable) => "buy-now is over; bid instead",
            Some(ErrorCode::KindNotAllowed) => "this format takes exact amounts",
            Some(ErrorCode::OwnAuction) => "you can't bid on your own lot",
            Some(ErrorCode::Blocked) => "ask the seller why",
            Some(ErrorCode::Suspended | ErrorCode::BiddingSuspended) => "ask the house why",
            Some(ErrorCode::Unauthenticated | ErrorCode::InvalidCredentials) => "log in",
            Some(ErrorCode::RateLimited | ErrorCode::SlowMode) => "wait a moment",
            Some(ErrorCode::Muted) => "you can read, and write later",
            Some(ErrorCode::MessageBlocked) => "write it differently",
            Some(ErrorCode::OutOfStock) => "add stock first",
            Some(ErrorCode::AuctionHasBids) => "void its bids, or ask an admin",
            Some(ErrorCode::Unavailable | ErrorCode::OutcomeUnknown) | None if !self.definite => "ask again",
            _ => "",
        }
    }

    /// What was wrong and what to do, in one line.
    pub fn line(&self) -> String {
        match self.advice() {
            "" => self.text.to_string(),
            advice => format!("{} ({advice})", self.text),
        }
    }
}
