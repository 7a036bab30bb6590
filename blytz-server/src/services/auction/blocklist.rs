//! The seller's blocklist: who may not bid on any of their lots.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    UserId,
    wire::{Page, Problem, account::PublicUser, auction::BlockedUser},
};
use uuid::Uuid;

use super::{Auctions, store};
use crate::{
    error::{Error, Result},
    http::{PageQuery, PathId, Query, extract::page_size},
    services::auth::Seller,
};

/// Whom you have blocked.
#[utoipa::path(
    get,
    path = "/auction/blocked",
    tag = "auction",
    params(PageQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Your blocklist.", body = Page<BlockedUser>),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not a seller.", body = Problem),
        (status = 422, description = "Invalid parameters.", body = Problem),
    )
)]
pub async fn list(
    State(auctions): State<Auctions>,
    seller: Seller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<BlockedUser>>> {
    let size = page_size(page.limit);
    let after = match &page.cursor {
        Some(cursor) => cursor
            .parse::<UserId>()
            .map_err(|_| Error::invalid_field("/cursor", "is not a cursor of this list"))?
            .uuid(),
        None => Uuid::nil(),
    };
    let rows = store::blocked(&auctions.platform.db, seller.id, after, size + 1).await?;
    let ids: Vec<UserId> = rows.iter().map(|(user, _)| *user).collect();
    let names = auctions.accounts.names(&ids).await?;
    let more = rows.len() > size;
    let items: Vec<BlockedUser> = rows
        .into_iter()
        .take(size)
        .map(|(id, blocked_at)| BlockedUser {
            user: PublicUser { id, display_name: names.get(&id).cloned().unwrap_or_default() },
            blocked_at,
        })
        .collect();
    let next_cursor = items.last().filter(|_| more).map(|last| last.user.id.to_string());
    Ok(Json(Page { items, next_cursor }))
}

/// Block somebody from all your lots. Their standing bids stay until they are voided.
#[utoipa::path(
    put,
    path = "/auction/blocked/{user_id}",
    tag = "auction",
    params(("user_id" = UserId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Blocked."),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not a seller.", body = Problem),
        (status = 404, description = "No such user.", body = Problem),
        (status = 409, description = "You can't block yourself.", body = Problem),
    )
)]
pub async fn block(
    State(auctions): State<Auctions>,
    seller: Seller,
    PathId(user): PathId<UserId>,
) -> Result<StatusCode> {
    if user == seller.id {
        return Err(Error::conflict("Sellers can't bid on their own lots anyway; block somebody else."));
    }
    if !auctions.accounts.exists(user).await? {
        return Err(Error::not_found());
    }
    let mut tx = auctions.platform.db.begin_write().await?;
    store::block(&mut tx, seller.id, user, auctions.platform.clock.now()).await?;
    tx.commit().await?;
    auctions.shared.blocklist_changed(seller.id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Let somebody bid on your lots again.
#[utoipa::path(
    delete,
    path = "/auction/blocked/{user_id}",
    tag = "auction",
    params(("user_id" = UserId, Path)),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Not blocked."),
        (status = 401, description = "No valid access token.", body = Problem),
        (status = 403, description = "Not a seller.", body = Problem),
    )
)]
pub async fn unblock(
    State(auctions): State<Auctions>,
    seller: Seller,
    PathId(user): PathId<UserId>,
) -> Result<StatusCode> {
    let mut tx = auctions.platform.db.begin_write().await?;
    store::unblock(&mut tx, seller.id, user).await?;
    tx.commit().await?;
    auctions.shared.blocklist_changed(seller.id).await;
    Ok(StatusCode::NO_CONTENT)
}
