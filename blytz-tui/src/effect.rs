//! What the model asks the world to do. The runtime does it and answers with a message.

use blytz_core::{
    AuctionId, BidId, MessageId, ProductId, StreamId, UserId,
    wire::{auction::BidRequest, chat::ChatSend, live::Channel},
};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open the live connection anew, as whoever is logged in now.
    Connect,
    /// Follow a channel.
    Subscribe(Channel),
    /// Follow it no longer.
    Unsubscribe(Channel),
    /// Bid; exactly once by the request's id.
    Bid(BidRequest),
    /// Write in a chat; exactly once by the message's id.
    Say(ChatSend),
    /// Send a heart to a show.
    React(StreamId),
    /// Ask who is logged in.
    LoadProfile,
    /// Ask for shows and lots.
    LoadLobby,
    /// Ask for a lot.
    LoadLot(AuctionId),
    /// Ask for the entries of a lot's log after this seq.
    LoadHistory(AuctionId, u64),
    /// Ask where the logged-in user stands on a lot.
    LoadStanding(AuctionId),
    /// Ask for the show of a seller and its queue.
    LoadDesk(UserId),
    /// Ask for the lots of a show.
    LoadQueue(StreamId),
    /// Ask what is left of a product.
    LoadStock(ProductId),
    Login(Credentials),
    /// Keep an eye on a lot, or no longer.
    Watch(AuctionId, bool),
    StartShow(StreamId),
    StartLot(AuctionId),
    /// Cancel a lot, for a reason.
    CancelLot(AuctionId, String),
    /// Void a bid, of this bidder unless it is sealed, for a reason.
    VoidBid(AuctionId, BidId, Option<UserId>, String),
    /// Delete a chat message.
    DeleteMessage(MessageId),
    /// Mute somebody for so many seconds.
    Mute(StreamId, UserId, u32),
    /// Ban somebody.
    Ban(StreamId, UserId),
    /// Ring the terminal's bell.
    Bell,
    /// Listen to the mouse, or no longer.
    Mouse(bool),
    /// Save a picture of the screen.
    Picture,
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back to the shell until it says go on.
    Suspend,
    /// End.
    Quit,
}

/// An email address and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The email address.
    pub email: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    /// Prints no field: this holds a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}
