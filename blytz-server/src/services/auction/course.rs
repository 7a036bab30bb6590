//! An auction's course: opened, changed, called off, a bid struck.

use axum::{Json, extract::State};
use blytz_core::{
    AuctionId, StreamId, UserId,
    auction::{Nonce, Rules},
    wire::{
        Problem,
        auction::{Auction, AuctionStatus, AuctionUpdate, CancelRequest, StartRequest, VoidRequest},
        stream::StreamStatus,
    },
};

use super::{
    Auctions, check_owner,
    lots::{check_opening, checked},
    request::{Act, Amendment},
    schedule::other_currency,
    state::StoredState,
    store::LotRow,
    streams,
    views::read,
};
use crate::{
    clock::random_bytes,
    error::{Error, Result},
    http::{Body, PathId},
    services::auth::{Active, User},
};

/// Open a lot now.
#[utoipa::path(
    post,
    path = "/auction/start",
    tag = "auction",
    request_body = StartRequest,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Live (also if it was before).", body = Auction),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your auction.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
        (status = 409, description = "`auction_closed`, `auction_cancelled`, `stream_not_live`.", body = Problem),
        (status = 422, description = "Invalid shape.", body = Problem),
    )
)]
pub async fn start(
    State(auctions): State<Auctions>,
    Body { who, body }: Body<Active, StartRequest>,
) -> Result<Json<Auction>> {
    let lot = auctions.owned(body.auction_id, &who).await?;
    let state: StoredState = read(&lot.state)?;
    if let (AuctionStatus::Scheduled, Some(stream)) = (state.public.status, lot.stream_id) {
        let access = auctions.stream_access(StreamId(stream)).await?.ok_or_else(Error::not_found)?;
        if access.status != StreamStatus::Live {
            return Err(streams::not_live("The lot belongs to a show that is not live; start the show first."));
        }
    }
    auctions.act(body.auction_id, Act::Open).await?;
    auctions.one(body.auction_id, Some(&who)).await.map(Json).map_err(Error::after_the_fact)
}

/// Change an auction before its first bid.
#[utoipa::path(
    patch,
    path = "/auction/{id}",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    request_body = AuctionUpdate,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed.", body = Auction),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your auction.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
        (status = 409, description = "`auction_locked`, `auction_closed`, `auction_cancelled`.", body = Problem),
        (status = 422, description = "Invalid shape, `currency_mismatch`.", body = Problem),
    )
)]
pub async fn amend(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Body { who, body }: Body<Active, AuctionUpdate>,
) -> Result<Json<Auction>> {
    let lot = auctions.owned(id, &who).await?;
    let before: Rules = read(&lot.rules)?;
    let rules = body.rules.as_ref().map(checked).transpose()?;
    check_opening(body.starts_at.flatten(), auctions.platform.clock.now())?;
    if rules.as_ref().is_some_and(|rules| rules.currency() != before.currency()) {
        return Err(other_currency(before.currency()));
    }
    let nonce = Nonce::from_bytes(random_bytes());
    let amendment = Amendment { rules, starts_at: body.starts_at, title: body.title, nonce };
    auctions.act(id, Act::Amend { amendment: Box::new(amendment) }).await?;
    auctions.one(id, Some(&who)).await.map(Json).map_err(Error::after_the_fact)
}

/// Call an auction off. With bids, only an admin may.
#[utoipa::path(
    post,
    path = "/auction/{id}/cancel",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    request_body = CancelRequest,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Cancelled (also if it was before).", body = Auction),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your auction.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
        (status = 409, description = "`auction_has_bids`, `auction_closed`.", body = Problem),
        (status = 422, description = "Invalid shape.", body = Problem),
    )
)]
pub async fn cancel(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Body { who, body }: Body<Active, CancelRequest>,
) -> Result<Json<Auction>> {
    auctions.owned(id, &who).await?;
    let by_admin = super::is_admin(&who);
    auctions.act(id, Act::Cancel { reason: body.reason, by_admin }).await?;
    auctions.one(id, Some(&who)).await.map(Json).map_err(Error::after_the_fact)
}

/// Strike a bid, and every later one of the same bidder.
#[utoipa::path(
    post,
    path = "/auction/{id}/void",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    request_body = VoidRequest,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Voided (also if it was before).", body = Auction),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not your auction.", body = Problem),
        (status = 404, description = "No such auction, or no such bid in it.", body = Problem),
        (
            status = 409,
            description = "`auction_not_live`, `auction_closed`, `auction_cancelled`, or `conflict`: several bidders \
                used this `bid_id`, and `bidder_id` is not given.",
            body = Problem
        ),
        (status = 422, description = "Invalid shape.", body = Problem),
    )
)]
pub async fn void(
    State(auctions): State<Auctions>,
    PathId(id): PathId<AuctionId>,
    Body { who, body }: Body<Active, VoidRequest>,
) -> Result<Json<Auction>> {
    auctions.owned(id, &who).await?;
    let VoidRequest { bid_id, bidder_id: bidder, reason } = body;
    auctions.act(id, Act::Void { bid_id, bidder, reason }).await?;
    auctions.one(id, Some(&who)).await.map(Json).map_err(Error::after_the_fact)
}

impl Auctions {
    /// An auction that this user may change.
    async fn owned(&self, id: AuctionId, user: &User) -> Result<LotRow> {
        let lot = self.settled(id).await?;
        check_owner(user, UserId(lot.seller_id))?;
        Ok(lot)
    }
}
