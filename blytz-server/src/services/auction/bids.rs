//! Bidding.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    AuctionId, BidId, Money,
    auction::Rules,
    wire::{
        Problem,
        auction::{AuctionStatus, BidAnswer, BidRecord, BidRequest, MyStanding},
    },
};

use super::{Auctions, store, views::read};
use crate::{
    error::{Error, Result},
    http::{Body, PathId, extract::PathIds},
    services::auth::User,
};

/// Bid: exactly, up to a max, or at the buy-now price.
#[utoipa::path(
    post,
    path = "/auction/bid",
    tag = "auction",
    request_body = BidRequest,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Accepted.", body = BidAnswer),
        (status = 200, description = "Accepted before; the same answer again.", body = BidAnswer),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "`suspended`, `own_auction`, `blocked`.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
        (status = 409, description = "`auction_cancelled`, `auction_not_live`, `auction_closed`, `buy_now_unavailable`, `already_leading`, `max_not_raised`, `bid_too_low`.", body = Problem),
        (status = 422, description = "Invalid shape, `idempotency_mismatch`, `currency_mismatch`, `kind_not_allowed`.", body = Problem),
        (status = 429, description = "`rate_limited`.", body = Problem),
        (status = 503, description = "`unavailable`, `outcome_unknown`: ask again with the same `bid_id`.", body = Problem),
    )
)]
pub async fn bid(
    State(auctions): State<Auctions>,
    Body { who, body }: Body<User, BidRequest>,
) -> Result<(StatusCode, Json<BidAnswer>)> {
    let answer = auctions.bid(&who, body).await?;
    let status = if answer.replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(answer)))
}

/// One of your own bids, for ever.
#[utoipa::path(
    get,
    path = "/auction/{id}/bids/{bid_id}",
    tag = "auction",
    params(("id" = AuctionId, Path), ("bid_id" = BidId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The answer it got, the amount, and whether it was voided.", body = BidRecord),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 404, description = "You made no such bid.", body = Problem),
    )
)]
pub async fn record(
    State(auctions): State<Auctions>,
    user: User,
    PathIds(id, bid_id): PathIds<AuctionId, BidId>,
) -> Result<Json<BidRecord>> {
    let bid = store::own_bid(&auctions.platform.db, id, bid_id, user.id).await?.ok_or_else(Error::not_found)?;
    let lot = store::lot(&auctions.platform.db, id).await?.ok_or_else(Error::not_found)?;
    let money = Money::new(bid.amount, read::<Rules>(&lot.rules)?.currency());
    let (amount, max) = if bid.kind == "max" { (None, Some(money)) } else { (Some(money), None) };
    Ok(Json(BidRecord { answer: bid.answer, amount, max, voided: bid.voided }))
}

/// Where you stand in an auction.
#[utoipa::path(
    get,
    path = "/auction/{id}/me",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Whether you lead, your own max, and whether you watch.", body = MyStanding),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
    )
)]
pub async fn me(
    State(auctions): State<Auctions>,
    user: User,
    PathId(id): PathId<AuctionId>,
) -> Result<Json<MyStanding>> {
    let status = auctions.status(id).await?;
    let lot = store::lot(&auctions.platform.db, id).await?.ok_or_else(Error::not_found)?;
    let currency = read::<Rules>(&lot.rules)?.currency();
    // Whose bid was the highest of a lot that did not sell leads nothing.
    let standing = matches!(status.status, AuctionStatus::Live | AuctionStatus::Sold);
    let max = store::highest_standing(&auctions.platform.db, id, user.id).await?;
    Ok(Json(MyStanding {
        leading: standing && status.leader.is_some_and(|leader| leader.id == user.id),
        max: max.map(|amount| Money::new(amount, currency)),
        watching: store::is_watching(&auctions.platform.db, id, user.id).await?,
    }))
}
