//! Bidding.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    AuctionId, BidId, Money, UserId,
    auction::PublicState,
    wire::auction::{AuctionStatus, BidAnswer, BidRecord, BidRequest, MyStanding},
};

use super::{
    Auctions,
    store::{self, Amount},
};
use crate::{
    error::{Error, Result},
    http::{Body, PathId, extract::PathIds},
    services::auth::User,
};

/// Bid: exactly, up to a max, or at the buy-now price.
#[utoipa::path(
    post, path = "/auction/bid", tag = "auction", request_body = BidRequest,
    responses(
        (status = 201, description = "Accepted.", body = BidAnswer),
        (status = 200, description = "Accepted before; the same answer again.", body = BidAnswer),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "`suspended`, `own_auction`, `blocked`."),
        (status = 404, description = "No such auction."),
        (status = 409, description = "`auction_cancelled`, `auction_not_live`, `auction_closed`, `buy_now_unavailable`, `already_leading`, `max_not_raised`, `bid_too_low`."),
        (status = 422, description = "Invalid shape, `idempotency_mismatch`, `currency_mismatch`, `kind_not_allowed`."),
        (status = 429, description = "`rate_limited`."),
        (status = 503, description = "`unavailable`, `outcome_unknown`: ask again with the same `bid_id`."),
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
    get, path = "/auction/{id}/bids/{bid_id}", tag = "auction",
    params(("id" = AuctionId, Path), ("bid_id" = BidId, Path)),
    responses(
        (status = 200, description = "The answer it got, the amount, and whether it was voided.", body = BidRecord),
        (status = 401, description = "No valid access token."),
        (status = 404, description = "You made no such bid."),
    )
)]
pub async fn record(
    State(auctions): State<Auctions>,
    user: User,
    PathIds(id, bid_id): PathIds<AuctionId, BidId>,
) -> Result<Json<BidRecord>> {
    auctions.own_bid(user.id, id, bid_id).await.map(Json)
}

/// Where you stand in an auction.
#[utoipa::path(
    get, path = "/auction/{id}/me", tag = "auction", params(("id" = AuctionId, Path)),
    responses(
        (status = 200, description = "Whether you lead, your own max, and whether you watch.", body = MyStanding),
        (status = 401, description = "No valid access token."),
        (status = 404, description = "No such auction."),
    )
)]
pub async fn me(
    State(auctions): State<Auctions>,
    user: User,
    PathId(id): PathId<AuctionId>,
) -> Result<Json<MyStanding>> {
    auctions.standing(user.id, id).await.map(Json)
}

impl Auctions {
    async fn own_bid(&self, bidder: UserId, id: AuctionId, bid_id: BidId) -> Result<BidRecord> {
        let bid = store::own_bid(&self.platform.db, id, bid_id, bidder).await?.ok_or_else(Error::not_found)?;
        let lot = store::lot(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        let money = |amount| Some(Money::new(amount, lot.rules.currency));
        let (amount, max) = match bid.amount {
            Amount::Exact(amount) => (money(amount), None),
            Amount::Max(max) => (None, money(max)),
        };
        Ok(BidRecord { answer: bid.answer, amount, max, voided: bid.voided })
    }

    async fn standing(&self, bidder: UserId, id: AuctionId) -> Result<MyStanding> {
        let lot = self.settled(id).await?;
        let PublicState { status, leader, .. } = lot.state.public;
        let max = store::highest_standing(&self.platform.db, id, bidder).await?;
        Ok(MyStanding {
            // Whose bid was the highest of a lot that did not sell leads nothing.
            leading: matches!(status, AuctionStatus::Live | AuctionStatus::Sold) && leader == Some(bidder),
            max: max.map(|amount| Money::new(amount, lot.rules.currency)),
            watching: store::is_watching(&self.platform.db, id, bidder).await?,
        })
    }
}
