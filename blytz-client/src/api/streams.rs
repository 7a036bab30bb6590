//! Shows.

use blytz_core::{
    AuctionId, StreamId, UserId,
    wire::{
        Page,
        auction::Auction,
        stream::{LotsUpdate, Stream, StreamInput},
    },
};

use super::query::StreamQuery;
use crate::{call::Call, client::Client, error::Error};

impl Client {
    /// Shows.
    pub fn streams(&self) -> Streams<'_> {
        Streams(self)
    }
}

/// Shows; see [`Client::streams`].
#[derive(Debug, Clone, Copy)]
pub struct Streams<'a>(&'a Client);

impl Streams<'_> {
    /// Sellers: announces a show.
    pub async fn create(self, input: &StreamInput) -> Result<Stream, Error> {
        self.0.call(Call::post("/streams").json(input)?).await
    }

    /// Shows.
    pub async fn list(self, query: &StreamQuery) -> Result<Page<Stream>, Error> {
        let call = Call::get("/streams").word("status", query.status.as_ref()).query("seller_id", query.seller_id);
        self.0.call(call.page(query.cursor.as_ref(), query.limit)).await
    }

    /// One show.
    pub async fn get(self, id: StreamId) -> Result<Stream, Error> {
        self.0.call(Call::get(format!("/streams/{id}"))).await
    }

    /// Its seller: goes live.
    pub async fn start(self, id: StreamId) -> Result<Stream, Error> {
        self.0.call(Call::post(format!("/streams/{id}/start"))).await
    }

    /// Its seller: ends it; not while a lot is live.
    pub async fn end(self, id: StreamId) -> Result<Stream, Error> {
        self.0.call(Call::post(format!("/streams/{id}/end"))).await
    }

    /// The queue of lots.
    pub async fn lots(self, id: StreamId) -> Result<Page<Auction>, Error> {
        self.0.call(Call::get(format!("/streams/{id}/lots"))).await
    }

    /// Its seller: the queue of lots from now on.
    pub async fn set_lots(self, id: StreamId, lots: &[AuctionId]) -> Result<Page<Auction>, Error> {
        let update = LotsUpdate { auction_ids: lots.to_vec() };
        self.0.call(Call::put(format!("/streams/{id}/lots")).json(&update)?).await
    }

    /// Its seller: the user moderates its chat from now on.
    pub async fn add_moderator(self, id: StreamId, user: UserId) -> Result<(), Error> {
        self.0.done(Call::put(format!("/streams/{id}/moderators/{user}"))).await
    }

    /// Its seller: the user moderates no longer.
    pub async fn remove_moderator(self, id: StreamId, user: UserId) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/streams/{id}/moderators/{user}"))).await
    }
}
