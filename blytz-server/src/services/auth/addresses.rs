//! One's own address book. Other people's addresses are not there to be found.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    AddressId, UserId,
    wire::{
        Page,
        account::{Address, AddressInput, AddressUpdate},
        check,
    },
};
use uuid::Uuid;

use super::{
    accounts::Accounts,
    store::{addresses as store, users},
    users::read_cursor,
    who::{Active, User},
};
use crate::{
    clock::new_id,
    db::Tx,
    error::{Error, Result},
    http::extract::{Body, PageQuery, PathId, Query},
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
pub async fn list(
    State(accounts): State<Accounts>,
    user: User,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Address>>> {
    let after = read_cursor(query.cursor.as_deref(), AddressId(Uuid::nil()))?;
    accounts.addresses(user.id, after, query.limit.size()).await.map(Json)
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
pub async fn create(
    State(accounts): State<Accounts>,
    Body { who, body }: Body<Active, AddressInput>,
) -> Result<(StatusCode, Json<Address>)> {
    Ok((StatusCode::CREATED, Json(accounts.add_address(who.id, body).await?)))
}

/// One of one's own addresses.
#[utoipa::path(
    get, path = "/auth/profile/addresses/{id}", tag = "auth", security(("bearer" = [])), params(("id" = AddressId, Path)),
    responses(
        (status = 200, description = "The address", body = Address),
        (status = 404, description = "No such address of yours"),
    )
)]
pub async fn get(State(accounts): State<Accounts>, user: User, PathId(id): PathId<AddressId>) -> Result<Json<Address>> {
    accounts.address(user.id, id).await.map(Json)
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
pub async fn put(
    State(accounts): State<Accounts>,
    id: Result<PathId<AddressId>>,
    Body { who, body }: Body<Active, AddressInput>,
) -> Result<Json<Address>> {
    let PathId(id) = id?;
    accounts.replace_address(who.id, id, body).await.map(Json)
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
pub async fn patch(
    State(accounts): State<Accounts>,
    id: Result<PathId<AddressId>>,
    Body { who, body }: Body<Active, AddressUpdate>,
) -> Result<Json<Address>> {
    let PathId(id) = id?;
    let address = body.over(accounts.address(who.id, id).await?);
    check(&address).map_err(Error::invalid)?;
    accounts.replace_address(who.id, id, address).await.map(Json)
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
pub async fn delete(
    State(accounts): State<Accounts>,
    user: Active,
    PathId(id): PathId<AddressId>,
) -> Result<StatusCode> {
    accounts.delete_address(user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Accounts {
    async fn addresses(&self, of: UserId, after: AddressId, size: usize) -> Result<Page<Address>> {
        let found = store::page(&self.platform.db, of, after, size + 1).await?;
        Ok(Page::cut(found, size, |last| last.id.to_string()))
    }

    async fn address(&self, of: UserId, id: AddressId) -> Result<Address> {
        store::address(&self.platform.db, of, id).await?.ok_or_else(Error::not_found)
    }

    async fn add_address(&self, of: UserId, input: AddressInput) -> Result<Address> {
        let id = new_id(&self.platform.clock);
        let added = async move |tx: &mut Tx| {
            // Two that are added at once are counted one after the other.
            users::hold(tx, of).await?;
            if store::count(tx, of).await? >= MOST {
                let detail = format!("An address book holds at most {MOST} addresses; delete one first.");
                return Err(Error::conflict(detail));
            }
            store::insert(tx, of, id, &input).await?.ok_or_else(Error::not_found)
        };
        self.platform.write(added).await
    }

    async fn replace_address(&self, of: UserId, id: AddressId, input: AddressInput) -> Result<Address> {
        let replaced = async move |tx: &mut Tx| store::update(tx, of, id, &input).await?.ok_or_else(Error::not_found);
        self.platform.write(replaced).await
    }

    async fn delete_address(&self, of: UserId, id: AddressId) -> Result<()> {
        let deleted = async move |tx: &mut Tx| {
            if store::delete(tx, of, id).await? { Ok(()) } else { Err(Error::not_found()) }
        };
        self.platform.write(deleted).await
    }
}
