//! Watching lots.

use axum::{extract::State, http::StatusCode};
use blytz_core::{AuctionId, wire::Problem};

use super::{Auctions, store};
use crate::{
    error::{Error, Result},
    http::PathId,
    services::auth::Active,
};

/// Watch a lot.
#[utoipa::path(
    post,
    path = "/auction/{id}/watch",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "You watch it."),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
    )
)]
pub async fn watch(
    State(auctions): State<Auctions>,
    user: Active,
    PathId(id): PathId<AuctionId>,
) -> Result<StatusCode> {
    store::head(&auctions.platform.db, id).await?.ok_or_else(Error::not_found)?;
    let mut tx = auctions.platform.db.begin_write().await?;
    store::watch(&mut tx, id, user.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Watch it no longer.
#[utoipa::path(
    delete,
    path = "/auction/{id}/watch",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "You do not watch it."),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
    )
)]
pub async fn unwatch(
    State(auctions): State<Auctions>,
    user: Active,
    PathId(id): PathId<AuctionId>,
) -> Result<StatusCode> {
    store::head(&auctions.platform.db, id).await?.ok_or_else(Error::not_found)?;
    let mut tx = auctions.platform.db.begin_write().await?;
    store::unwatch(&mut tx, id, user.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
