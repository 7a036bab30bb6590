//! One's own address book. Other people's addresses are not there to be found.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    AddressId,
    wire::{
        Page,
        account::{Address, AddressInput, AddressUpdate},
        check,
    },
};
use uuid::Uuid;

use super::{
    accounts::Accounts,
    store::addresses as store,
    users::read_cursor,
    who::{Active, User},
};
use crate::{
    clock::new_id,
    error::{Error, Result},
    http::extract::{Body, PageQuery, PathId, Query, page_size},
};

/// How many addresses a user may keep.
const MOST: i64 = 100;

/// One's own addresses, oldest first.
#[utoipa::path(
    get, path = "/auth/profile/addresses", tag = "auth", security(("bearer" = [])), params(PageQuery),
    responses(
        (status = 200, description = "A page of addresses", body = Page<Address>),
    )
)]
pub(super) async fn list(
    State(accounts): State<Accounts>,
    user: User,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Address>>> {
    let after = read_cursor(query.cursor.as_deref(), AddressId(Uuid::nil()))?;
    let size = page_size(query.limit);
    let mut items = store::page(&accounts.platform.db, user.id, after, size + 1).await?;
    let more = items.len() > size;
    items.truncate(size);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page { items, next_cursor }))
}

/// A new address.
#[utoipa::path(
    post, path = "/auth/profile/addresses", tag = "auth", security(("bearer" = [])), request_body = AddressInput,
    responses(
        (status = 201, description = "The address", body = Address),
        (status = 403, description = "`suspended`"),
        (status = 409, description = "There are too many addresses"),
    )
)]
pub(super) async fn create(
    State(accounts): State<Accounts>,
    Body { who, body }: Body<Active, AddressInput>,
) -> Result<(StatusCode, Json<Address>)> {
    let mut tx = accounts.platform.db.begin_write().await?;
    if store::count(&mut tx, who.id).await? >= MOST {
        return Err(Error::conflict(format!("An address book holds at most {MOST} addresses; delete one first.")));
    }
    let address =
        store::insert(&mut tx, who.id, new_id(&accounts.platform.clock), &body).await?.ok_or_else(Error::not_found)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(address)))
}

/// One of one's own addresses.
#[utoipa::path(
    get, path = "/auth/profile/addresses/{id}", tag = "auth", security(("bearer" = [])), params(("id" = AddressId, Path)),
    responses(
        (status = 200, description = "The address", body = Address),
        (status = 404, description = "No such address of yours"),
    )
)]
pub(super) async fn get(
    State(accounts): State<Accounts>,
    user: User,
    PathId(id): PathId<AddressId>,
) -> Result<Json<Address>> {
    store::address(&accounts.platform.db, user.id, id).await?.map(Json).ok_or_else(Error::not_found)
}

/// Replace one of one's own addresses.
#[utoipa::path(
    put, path = "/auth/profile/addresses/{id}", tag = "auth", security(("bearer" = [])), params(("id" = AddressId, Path)),
    request_body = AddressInput,
    responses(
        (status = 200, description = "The address as it is now", body = Address),
        (status = 403, description = "`suspended`"),
        (status = 404, description = "No such address of yours"),
    )
)]
pub(super) async fn put(
    State(accounts): State<Accounts>,
    id: Result<PathId<AddressId>>,
    Body { who, body }: Body<Active, AddressInput>,
) -> Result<Json<Address>> {
    let PathId(id) = id?;
    let mut tx = accounts.platform.db.begin_write().await?;
    let address = store::update(&mut tx, who.id, id, &body).await?.ok_or_else(Error::not_found)?;
    tx.commit().await?;
    Ok(Json(address))
}

/// Change parts of one of one's own addresses.
#[utoipa::path(
    patch, path = "/auth/profile/addresses/{id}", tag = "auth", security(("bearer" = [])), params(("id" = AddressId, Path)),
    request_body = AddressUpdate,
    responses(
        (status = 200, description = "The address as it is now", body = Address),
        (status = 403, description = "`suspended`"),
        (status = 404, description = "No such address of yours"),
    )
)]
pub(super) async fn patch(
    State(accounts): State<Accounts>,
    id: Result<PathId<AddressId>>,
    Body { who, body }: Body<Active, AddressUpdate>,
) -> Result<Json<Address>> {
    let PathId(id) = id?;
    let before = store::address(&accounts.platform.db, who.id, id).await?.ok_or_else(Error::not_found)?;
    let input = body.over(before);
    check(&input).map_err(Error::invalid)?;
    let mut tx = accounts.platform.db.begin_write().await?;
    let address = store::update(&mut tx, who.id, id, &input).await?.ok_or_else(Error::not_found)?;
    tx.commit().await?;
    Ok(Json(address))
}

/// Delete one of one's own addresses.
#[utoipa::path(
    delete, path = "/auth/profile/addresses/{id}", tag = "auth", security(("bearer" = [])), params(("id" = AddressId, Path)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`suspended`"),
        (status = 404, description = "No such address of yours"),
    )
)]
pub(super) async fn delete(
    State(accounts): State<Accounts>,
    user: Active,
    PathId(id): PathId<AddressId>,
) -> Result<StatusCode> {
    let mut tx = accounts.platform.db.begin_write().await?;
    if !store::delete(&mut tx, user.id, id).await? {
        return Err(Error::not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
