//! Questions over the screen.

use blytz_core::{AuctionId, BidId, MessageId, Money, StreamId, Timestamp, UserId};
use tui_input::Input;

use super::{attempt::BidKind, follow::SETTLES_MS};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// How much to bid.
    Amount(AuctionId),
    /// Up to how much to bid.
    Max(AuctionId),
    /// Whether to bid far above the minimum.
    HighBid(AuctionId, BidKind),
    /// Whether to buy now.
    BuyNow(AuctionId, Money),
    /// Whether to bid under rules that have changed since.
    Anew(AuctionId, BidKind),
    /// Whether to bid although the house was caught.
    Despite(AuctionId, BidKind),
    /// Whether to ask again about a bid although the house was caught.
    AskAgainDespite(AuctionId),
    /// Nothing: what was asked before is of terms that have changed.
    LookAgain,
    /// Why the lot is cancelled.
    CancelLot(AuctionId),
    /// Why the bid, of this bidder unless it is sealed, is voided.
    VoidBid(AuctionId, BidId, Option<UserId>),
    /// Whether to delete the message.
    DeleteMessage(MessageId),
    /// For how many seconds to mute.
    Mute(StreamId, UserId),
    /// Whether to ban.
    Ban(StreamId, UserId),
}

impl Question {
    /// The lot that it is about to bid on, if it is.
    pub const fn bids_on(&self) -> Option<AuctionId> {
        match self {
            Self::Amount(id)
            | Self::Max(id)
            | Self::HighBid(id, _)
            | Self::Anew(id, _)
            | Self::Despite(id, _)
            | Self::BuyNow(id, _) => Some(*id),
            _ => None,
        }
    }
}

/// A question with what was typed so far.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What is asked.
    pub question: Question,
    /// What it is about, in words.
    pub about: String,
    /// What was typed; none for yes or no.
    pub input: Option<Input>,
    /// Why the last answer did not do.
    pub error: Option<String>,
    /// When it came up by itself: nobody has read it in the first moment.
    pub came_at: Option<Timestamp>,
}

impl Prompt {
    /// A question that wants a text.
    pub fn text(question: Question, about: impl Into<String>, value: impl Into<String>) -> Self {
        Self { question, about: about.into(), input: Some(Input::new(value.into())), error: None, came_at: None }
    }

    /// A question that wants yes or no.
    pub fn yes_or_no(question: Question, about: impl Into<String>) -> Self {
        Self { question, about: about.into(), input: None, error: None, came_at: None }
    }

    /// Whether a key that is pressed now can't be meant for it.
    pub fn is_unread(&self, now: Timestamp) -> bool {
        self.came_at.is_some_and(|at| now.micros_since(at) < SETTLES_MS * 1_000)
    }

    /// The heading.
    pub const fn title(&self) -> &'static str {
        match self.question {
            Question::Amount(_) => "Bid an amount",
            Question::Max(_) => "Set a max",
            Question::HighBid(..) => "Bid this much?",
            Question::BuyNow(..) => "Buy now?",
            Question::Anew(..) => "The rules changed: bid all the same?",
            Question::Despite(..) => "Bid all the same?",
            Question::AskAgainDespite(_) => "Send this bid again all the same?",
            Question::LookAgain => "The terms changed",
            Question::CancelLot(_) => "Cancel the lot: why?",
            Question::VoidBid(..) => "Void the bid: why?",
            Question::DeleteMessage(_) => "Delete the message?",
            Question::Mute(..) => "Mute: for how many seconds?",
            Question::Ban(..) => "Ban from this chat?",
        }
    }
}
