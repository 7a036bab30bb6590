//! A show's queue of lots.

use std::collections::HashSet;

use axum::{Json, extract::State};
use blytz_core::{
    AuctionId, StreamId, UserId,
    wire::{
        ErrorCode, Page, Problem,
        auction::Auction,
        live::UpdateData,
        stream::{LotsUpdate, StreamStatus},
    },
};

use super::{Auctions, store, streams};
use crate::{
    error::{Error, Result},
    http::{Body, PathId},
    platform::hub::Topic,
    services::auth::{Active, User},
};

/// A show's lots, in order.
#[utoipa::path(
    get,
    path = "/streams/{id}/lots",
    tag = "auction",
    security((), ("bearer" = [])),
    params(("id" = StreamId, Path)),
    responses(
        (status = 200, description = "All lots of the queue.", body = Page<Auction>),
        (status = 401, description = "The access token is not valid.", body = Problem),
        (status = 404, description = "No such show.", body = Problem),
    )
)]
pub async fn get(
    State(auctions): State<Auctions>,
    viewer: Option<User>,
    PathId(id): PathId<StreamId>,
) -> Result<Json<Page<Auction>>> {
    store::stream(&auctions.platform.db, id).await?.ok_or_else(Error::not_found)?;
    lots(&auctions, id, viewer.as_ref()).await.map(Json)
}

async fn lots(auctions: &Auctions, id: StreamId, viewer: Option<&User>) -> Result<Page<Auction>> {
    let rows = auctions.settle(store::queue(&auctions.platform.db, id).await?).await?;
    Ok(Page { items: auctions.show(&auctions.accounts, rows, viewer).await?, next_cursor: None })
}

/// Order the queue. Lots that are not named leave it; a live one must stay.
#[utoipa::path(
    put,
    path = "/streams/{id}/lots",
    tag = "auction",
    params(("id" = StreamId, Path)),
    request_body = LotsUpdate,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The queue as it is now.", body = Page<Auction>),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your show.", body = Problem),
        (status = 404, description = "No such show.", body = Problem),
        (status = 409, description = "`lot_live`, `stream_not_live` (it has ended).", body = Problem),
        (status = 422, description = "Invalid shape, or an auction that is not yours.", body = Problem),
    )
)]
pub async fn put(
    State(auctions): State<Auctions>,
    PathId(id): PathId<StreamId>,
    Body { who, body }: Body<Active, LotsUpdate>,
) -> Result<Json<Page<Auction>>> {
    let stream = auctions.owned_stream(id, &who).await?;
    order(&auctions, id, UserId(stream.seller_id), body).await?;
    lots(&auctions, id, Some(&who)).await.map(Json).map_err(Error::after_the_fact)
}

/// Puts a show's queue in order, and tells whoever has to know of it.
async fn order(auctions: &Auctions, id: StreamId, seller: UserId, body: LotsUpdate) -> Result<()> {
    let mut tx = auctions.platform.db.begin_write().await?;
    let stream = store::stream_in(&mut tx, id).await?.ok_or_else(Error::not_found)?;
    if streams::status(&stream) == StreamStatus::Ended {
        return Err(streams::not_live("The show has ended; its queue can't change any more."));
    }
    let live = store::live_lots(&mut tx, id).await?;
    if live.iter().any(|lot| !body.auction_ids.contains(lot)) {
        return Err(Error::new(ErrorCode::LotLive, "A live lot can't leave the queue; name it, too."));
    }
    let before = store::show_lots(&mut tx, id).await?;
    store::empty_queue(&mut tx, id).await?;
    for (position, lot) in body.auction_ids.iter().enumerate() {
        if !store::enqueue(&mut tx, *lot, id, position + 1, seller).await? {
            let detail = "must be an auction of the show's seller that is not live in another show";
            return Err(Error::invalid_field(format!("/auction_ids/{position}"), detail));
        }
    }
    tx.commit().await?;
    // To a lot that was in this show before and still is, its place means nothing.
    let now: HashSet<AuctionId> = body.auction_ids.into_iter().collect();
    auctions.shared.show_changed(before.symmetric_difference(&now).copied()).await;
    tell(auctions, id).await;
    Ok(())
}

/// Tells everybody who watches the show what its queue is now. These are news: whoever misses them
/// asks for the queue.
pub(super) async fn tell(auctions: &Auctions, id: StreamId) {
    if auctions.platform.hub.watchers(Topic::Stream(id)) == 0 {
        return;
    }
    match store::queue_ids(&auctions.platform.db, id).await {
        Ok(auction_ids) => auctions.platform.hub.update(
            Topic::Stream(id),
            UpdateData::Lots { auction_ids },
            auctions.platform.clock.now(),
        ),
        Err(error) => tracing::warn!(%error, stream = %id, "the news of a queue could not be told"),
    }
}
