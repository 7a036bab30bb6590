//! What the live connection finds behind it: the services of this process.

use blytz_core::{
    StreamId, Timestamp, UserId,
    wire::{
        auction::{BidAnswer, BidRequest},
        chat::{ChatSend, Message},
        live::{Channel, Since},
    },
};
use serde_json::Value;

use crate::{
    error::{Error, Result, internal},
    live::{Backstage, Member},
    platform::Platform,
    services::{
        auction::Auctions,
        auth::{Accounts, User},
        chat::Chats,
    },
};

/// The services that a live connection speaks to.
#[derive(Clone)]
pub struct Stage {
    pub platform: Platform,
    pub accounts: Accounts,
    pub auctions: Auctions,
    pub chats: Chats,
}

impl Member for User {
    fn id(&self) -> UserId {
        self.id
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    fn check_active(&self) -> Result<()> {
        User::check_active(self)
    }
}

impl Backstage for Stage {
    type Member = User;

    fn platform(&self) -> &Platform {
        &self.platform
    }

    async fn identify(&self, token: &str) -> Result<User> {
        self.accounts.identify(token).await
    }

    async fn bid(&self, user: &User, bid: BidRequest) -> Result<BidAnswer> {
        self.auctions.bid(user, bid).await
    }

    async fn say(&self, user: &User, message: ChatSend) -> Result<Message> {
        self.chats.send(user, message).await.map(|(message, _)| message)
    }

    async fn has_show(&self, id: StreamId) -> Result<bool> {
        self.auctions.stream_access(id).await.map(|show| show.is_some())
    }

    async fn may_react(&self, user: &User, show: StreamId) -> Result<()> {
        self.chats.may_react(user, show).await
    }

    async fn head(&self, channel: Channel) -> Result<Option<u64>> {
        match channel {
            Channel::Auction(id) => self.auctions.head(id).await,
            Channel::Chat(id) => self.chats.head(id).await,
            Channel::Stream(_) | Channel::Me => Ok(None),
        }
    }

    /// Chats have no hashes.
    async fn has(&self, channel: Channel, since: &Since) -> Result<bool> {
        let (Channel::Auction(id), Some(hash)) = (channel, &since.hash) else { return Ok(true) };
        Ok(self.auctions.hash_at(id, since.seq).await?.as_ref() == Some(hash))
    }

    async fn events_after(&self, channel: Channel, seq: u64, limit: usize) -> Result<Vec<(u64, String)>> {
        match channel {
            Channel::Auction(id) => self.auctions.events_after(id, seq, limit).await,
            Channel::Chat(id) => self.chats.events_after(id, seq, limit).await,
            Channel::Stream(_) | Channel::Me => Ok(Vec::new()),
        }
    }

    async fn snapshot(&self, channel: Channel) -> Result<(u64, Value)> {
        match channel {
            Channel::Auction(id) => {
                let status = self.auctions.status(id).await?;
                Ok((status.seq, serde_json::to_value(&status).map_err(internal)?))
            }
            Channel::Chat(id) => {
                let (seq, state) = self.chats.snapshot(id).await?;
                Ok((seq, serde_json::to_value(&state).map_err(internal)?))
            }
            Channel::Stream(_) | Channel::Me => Err(Error::not_found()),
        }
    }
}
