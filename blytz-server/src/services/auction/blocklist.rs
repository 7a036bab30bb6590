//! The seller's blocklist: who may not bid on any of their lots.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    UserId,
    wire::{Page, auction::BlockedUser},
};

use super::{Auctions, store};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::{PageQuery, PathId, Query},
    services::auth::Seller,
};

/// Whom you have blocked.
#[utoipa::path(
    get, path = "/auction/blocked", tag = "auction", params(PageQuery),
    responses(
        (status = 200, description = "Your blocklist.", body = Page<BlockedUser>),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not a seller."),
        (status = 422, description = "Invalid parameters."),
    )
)]
pub async fn list(
    State(auctions): State<Auctions>,
    seller: Seller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<BlockedUser>>> {
    let not_ours = |_| Error::invalid_field("/cursor", "is not a cursor of this list");
    let after = page.cursor.map(|cursor| cursor.parse().map_err(not_ours)).transpose()?;
    auctions.blocked(seller.id, after, page.limit.size()).await.map(Json)
}

/// Block somebody from all your lots. Their standing bids stay until they are voided.
#[utoipa::path(
    put, path = "/auction/blocked/{user_id}", tag = "auction", params(("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "Blocked."),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not a seller."),
        (status = 404, description = "No such user."),
        (status = 409, description = "You can't block yourself."),
    )
)]
pub async fn block(
    State(auctions): State<Auctions>,
    seller: Seller,
    PathId(user): PathId<UserId>,
) -> Result<StatusCode> {
    auctions.block(seller.id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let somebody bid on your lots again.
#[utoipa::path(
    delete, path = "/auction/blocked/{user_id}", tag = "auction", params(("user_id" = UserId, Path)),
    responses(
        (status = 204, description = "Not blocked."),
        (status = 401, description = "No valid access token."),
        (status = 403, description = "Not a seller."),
    )
)]
pub async fn unblock(
    State(auctions): State<Auctions>,
    seller: Seller,
    PathId(user): PathId<UserId>,
) -> Result<StatusCode> {
    auctions.unblock(seller.id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Auctions {
    async fn blocked(&self, seller: UserId, after: Option<UserId>, size: usize) -> Result<Page<BlockedUser>> {
        let found = store::blocked(&self.platform.db, seller, after, size + 1).await?;
        let page = Page::cut(found, size, |(last, _)| last.to_string());
        let people = self.accounts.people(page.items.iter().map(|(user, _)| *user)).await?;
        Ok(page.map(|(user, blocked_at)| BlockedUser { user: people.of(user), blocked_at }))
    }

    async fn block(&self, seller: UserId, user: UserId) -> Result<()> {
        if user == seller {
            return Err(Error::conflict("Sellers can't bid on their own lots anyway; block somebody else."));
        }
        if !self.accounts.exists(user).await? {
            return Err(Error::not_found());
        }
        let (blocklists, now) = (self.blocklists.clone(), self.now());
        let blocked = async move |tx: &mut Tx| {
            store::block(tx, seller, user, now).await?;
            tx.then(async move { blocklists.forget(seller) });
            Ok(())
        };
        self.platform.write(blocked).await
    }

    async fn unblock(&self, seller: UserId, user: UserId) -> Result<()> {
        let blocklists = self.blocklists.clone();
        let unblocked = async move |tx: &mut Tx| {
            store::unblock(tx, seller, user).await?;
            tx.then(async move { blocklists.forget(seller) });
            Ok(())
        };
        self.platform.write(unblocked).await
    }
}
