//! Watching lots.

use axum::{extract::State, http::StatusCode};
use blytz_core::{AuctionId, UserId};

use super::{Auctions, store};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::PathId,
    services::auth::Active,
};

/// Watch a lot.
#[utoipa::path(
    post, path = "/auction/{id}/watch", tag = "auction", params(("id" = AuctionId, Path)),
    responses(
        (status = 204, description = "You watch it."),
        (status = 401, description = "No valid access token."),
        (status = 404, description = "No such auction."),
    )
)]
pub async fn watch(
    State(auctions): State<Auctions>,
    user: Active,
    PathId(id): PathId<AuctionId>,
) -> Result<StatusCode> {
    auctions.watch(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Watch it no longer.
#[utoipa::path(
    delete, path = "/auction/{id}/watch", tag = "auction", params(("id" = AuctionId, Path)),
    responses(
        (status = 204, description = "You do not watch it."),
        (status = 401, description = "No valid access token."),
        (status = 404, description = "No such auction."),
    )
)]
pub async fn unwatch(
    State(auctions): State<Auctions>,
    user: Active,
    PathId(id): PathId<AuctionId>,
) -> Result<StatusCode> {
    auctions.unwatch(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Auctions {
    async fn watch(&self, user: UserId, id: AuctionId) -> Result<()> {
        store::head(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        self.platform.write(async move |tx: &mut Tx| Ok(store::watch(tx, id, user).await?)).await
    }

    async fn unwatch(&self, user: UserId, id: AuctionId) -> Result<()> {
        store::head(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        self.platform.write(async move |tx: &mut Tx| Ok(store::unwatch(tx, id, user).await?)).await
    }
}
