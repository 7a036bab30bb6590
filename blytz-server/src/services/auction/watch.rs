//! Watching lots.

use axum::{extract::State, http::StatusCode};
use blytz_core::{AuctionId, wire::Problem};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::store;
use crate::{
    app::App,
    error::{Error, Result},
    http::PathId,
    services::auth::Active,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(watch, unwatch))
}

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
async fn watch(State(app): State<App>, user: Active, PathId(id): PathId<AuctionId>) -> Result<StatusCode> {
    store::head(&app.db, id).await?.ok_or_else(Error::not_found)?;
    let mut tx = app.db.begin_write().await?;
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
async fn unwatch(State(app): State<App>, user: Active, PathId(id): PathId<AuctionId>) -> Result<StatusCode> {
    store::head(&app.db, id).await?.ok_or_else(Error::not_found)?;
    let mut tx = app.db.begin_write().await?;
    store::unwatch(&mut tx, id, user.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
