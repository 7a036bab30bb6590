//! What can happen to the model: keys, time, news from the live connection, answers to requests.

use blytz_core::{
    AuctionId, BidId, MessageId, ProductId, StreamId, Timestamp,
    wire::{
        account::User,
        auction::{Auction, BidAnswer, LogEntry, MyStanding, StatusView},
        chat::{ChatEvent, ChatState},
        live::{Channel, Update},
        product::Inventory,
        stream::Stream,
    },
};
use crossterm::event::{KeyEvent, MouseEvent};

use crate::{clean::Clean, model::request_error::RequestError};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// Time passed; this machine's clock. One comes before every other message, too.
    Tick(Timestamp),
    /// Keys were pressed: one, unless several came at once.
    Keys(Vec<KeyEvent>),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The live connection has news.
    News(News),
    /// A request was answered.
    Reply(Reply),
}

/// News from the live connection.
#[derive(Debug, Clone)]
pub enum News {
    /// It is on the way for the first time.
    Connecting,
    Up,
    /// It was lost and is tried again.
    Reconnecting {
        /// Which try is next.
        attempt: u32,
        /// In how many microseconds.
        in_micros: i64,
    },
    /// It was given up.
    Closed(Clean),
    /// An entry of an auction's log.
    Auction(AuctionId, Box<LogEntry>),
    /// The state of an auction, which replaces what was known.
    AuctionState(Box<StatusView>),
    /// An entry of a chat's log.
    Chat(StreamId, ChatEvent),
    /// The state of a chat, which replaces what was known.
    ChatState(StreamId, Box<ChatState>),
    /// Unsequenced news.
    Update(Channel, Update),
    /// Something was missed, and a state replaced it.
    Resynced(Channel),
    /// How many microseconds the server's clock is ahead of this machine's.
    Clock(i64),
    /// The house contradicts itself about a lot.
    Fork(AuctionId, Clean),
    /// A channel can't be followed.
    SubscribeRefused(Channel, RequestError),
}

/// An answer to a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Shows and lots.
    Lobby(Result<(Vec<Stream>, Vec<Auction>), RequestError>),
    Lot(AuctionId, Result<Box<Auction>, RequestError>),
    /// A part of a lot's log.
    History(AuctionId, Result<Vec<LogEntry>, RequestError>),
    /// Where the logged-in user stands.
    Standing(AuctionId, Result<MyStanding, RequestError>),
    /// What became of a bid.
    Bid(BidId, Result<Box<BidAnswer>, RequestError>),
    /// What became of a chat message.
    Said(StreamId, MessageId, Result<(), RequestError>),
    /// Who is logged in, after the login form.
    LoggedIn(Result<Box<User>, RequestError>),
    /// Who is logged in, at the start.
    Profile(Result<Box<User>, RequestError>),
    /// The seller's show with its queue of lots; none when there is no show.
    Desk(Result<Option<(Stream, Vec<Auction>)>, RequestError>),
    /// The lots of a show, in the seller's order.
    Queue(StreamId, Result<Vec<Auction>, RequestError>),
    /// What is left of a product.
    Stock(ProductId, Result<Inventory, RequestError>),
    /// A lot is watched now, or no longer.
    Watching(AuctionId, bool, Result<(), RequestError>),
    /// Something was done, in words; with the lot as it is now if it was about one.
    Done(&'static str, Result<Option<Box<Auction>>, RequestError>),
    /// A picture was saved there.
    Picture(Result<String, String>),
}
