//! What anybody needs to check an auction after its close.

use axum::{Json, extract::State};
use blytz_core::{
    AuctionId,
    auction::{log::Head, proof::Viewer},
    wire::{
        ErrorCode, Problem,
        auction::{AuctionStatus, LogKeys, Proof},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{state::StoredState, store, views::read};
use crate::{
    app::App,
    error::{Error, Result, internal},
    http::PathId,
    services::auth::User,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(keys)).routes(routes!(get))
}

/// The keys that sign receipts, retired ones too.
#[utoipa::path(
    get,
    path = "/auction/keys",
    tag = "auction",
    responses((status = 200, description = "The keys.", body = LogKeys))
)]
async fn keys(State(app): State<App>) -> Json<LogKeys> {
    Json(LogKeys { keys: app.auctions.log_keys() })
}

/// An auction's log with every commitment opened.
#[utoipa::path(
    get,
    path = "/auction/{id}/proof",
    tag = "auction",
    params(("id" = AuctionId, Path)),
    responses(
        (status = 200, description = "The proof; `blytz verify` checks it.", body = Proof),
        (status = 401, description = "The access token is not valid.", body = Problem),
        (status = 404, description = "No such auction.", body = Problem),
        (status = 409, description = "`auction_live`: it is published after the close.", body = Problem),
    )
)]
async fn get(State(app): State<App>, user: Option<User>, PathId(id): PathId<AuctionId>) -> Result<Json<Proof>> {
    let lot = app.auctions.settled(id).await?;
    let state: StoredState = read(&lot.state)?;
    if matches!(state.public.status, AuctionStatus::Scheduled | AuctionStatus::Live) {
        return Err(Error::new(ErrorCode::AuctionLive, "The proof is published once the auction is over."));
    }
    let sold = state.public.status == AuctionStatus::Sold;
    let viewer = match &user {
        Some(user) if super::is_admin(user) => Viewer::Admin,
        Some(user) if sold && state.public.leader == Some(user.id) => Viewer::Winner,
        _ => Viewer::Public,
    };
    let log = store::whole_log(&app.db, id).await?;
    let head = Head { auction_id: id, seq: lot.seq.unsigned_abs(), hash: lot.hash };
    let receipt = app.auctions.shared.signer.sign(&head);
    let events: Vec<_> = log.into_iter().map(|(entry, event)| (entry, event.sealed)).collect();
    Proof::assemble(id, &events, app.auctions.log_keys(), Some(receipt), viewer).map(Json).map_err(internal)
}
