//! A show's queue of lots.

use axum::{Json, extract::State};
use blytz_core::{
    AuctionId, StreamId,
    wire::{
        ErrorCode, Page,
        auction::Auction,
        live::UpdateData,
        stream::{LotsUpdate, StreamStatus},
    },
};

use super::{Auctions, store, streams::not_live};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::{Body, PathId},
    platform::hub::Topic,
    services::auth::{Active, User},
};

/// How many lots of a queue are told as news.
const TOLD: usize = 1_000;

/// A show's lots, in order.
#[utoipa::path(
    get, path = "/streams/{id}/lots", tag = "auction", security((), ("bearer" = [])),
    params(("id" = StreamId, Path)),
    responses(
        (status = 200, description = "All lots of the queue.", body = Page<Auction>),
        (status = 401, description = "The access token is not valid."),
        (status = 404, description = "No such show."),
    )
)]
pub async fn get(
    State(auctions): State<Auctions>,
    viewer: Option<User>,
    PathId(id): PathId<StreamId>,
) -> Result<Json<Page<Auction>>> {
    auctions.queue(id, viewer.as_ref()).await.map(Json)
}

/// Order the queue. Lots that are not named leave it; a live one must stay.
#[utoipa::path(
    put, path = "/streams/{id}/lots", tag = "auction", params(("id" = StreamId, Path)),
    request_body = LotsUpdate,
    responses(
        (status = 200, description = "The queue as it is now.", body = Page<Auction>),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not your show."),
        (status = 404, description = "No such show."),
        (status = 409, description = "`lot_live`, `stream_not_live` (it has ended)."),
        (status = 422, description = "Invalid shape, or an auction that is not yours."),
    )
)]
pub async fn put(
    State(auctions): State<Auctions>,
    PathId(id): PathId<StreamId>,
    Body { who, body }: Body<Active, LotsUpdate>,
) -> Result<Json<Page<Auction>>> {
    auctions.order(&who, id, body.auction_ids).await.map(Json)
}

impl Auctions {
    async fn queue(&self, id: StreamId, viewer: Option<&User>) -> Result<Page<Auction>> {
        store::show(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        self.queued(id, viewer).await
    }

    async fn queued(&self, id: StreamId, viewer: Option<&User>) -> Result<Page<Auction>> {
        let lots = self.settle(store::queue(&self.platform.db, id).await?).await;
        Ok(Page { items: self.views(lots, viewer).await?, next_cursor: None })
    }

    async fn order(&self, who: &User, id: StreamId, lots: Vec<AuctionId>) -> Result<Page<Auction>> {
        self.owned_show(who, id).await?;
        let auctions = self.clone();
        let ordered = async move |tx: &mut Tx| {
            put_in_order(tx, id, &lots).await?;
            tx.then(async move { auctions.tell_queue(id).await });
            Ok(())
        };
        self.platform.write(ordered).await?;
        self.queued(id, Some(who)).await.map_err(Error::after_the_fact)
    }

    /// Tells everybody who watches the show what its queue is now. These are news: whoever misses them
    /// asks for the queue.
    pub(super) async fn tell_queue(&self, id: StreamId) {
        let (hub, topic) = (&self.platform.hub, Topic::Stream(id));
        if !hub.is_watched(topic) {
            return;
        }
        match store::queue_ids(&self.platform.db, id, TOLD).await {
            Ok(auction_ids) => hub.update(topic, UpdateData::Lots { auction_ids }, self.now()),
            Err(error) => tracing::warn!(%error, stream = %id, "the news of a queue could not be told"),
        }
    }
}

/// Makes these lots the show's queue.
async fn put_in_order(tx: &mut Tx, id: StreamId, lots: &[AuctionId]) -> Result<()> {
    let show = store::take_show(tx, id).await?.ok_or_else(Error::not_found)?;
    if show.status == StreamStatus::Ended {
        return Err(not_live("The show has ended; its queue can't change any more."));
    }
    store::hold_lots(tx, lots, show.seller_id).await?;
    if store::live_lots(tx, id).await?.iter().any(|lot| !lots.contains(lot)) {
        return Err(Error::new(ErrorCode::LotLive, "A live lot can't leave the queue; name it, too."));
    }
    store::empty_queue(tx, id).await?;
    for (index, lot) in lots.iter().enumerate() {
        if !store::enqueue(tx, *lot, id, index + 1, show.seller_id).await? {
            let detail = "must be an auction of the show's seller that is not live in another show";
            return Err(Error::invalid_field(format!("/auction_ids/{index}"), detail));
        }
    }
    Ok(())
}
