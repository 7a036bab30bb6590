//! What admins do with other people's accounts.

use std::str::FromStr;

use axum::{Json, extract::State};
use blytz_core::{
    UserId,
    account::Role,
    wire::{
        Check, Faults, Page,
        account::{RolesUpdate, User as Profile},
    },
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    accounts::Accounts,
    store::{
        sessions,
        users::{self, Person},
    },
    who::Admin,
};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::extract::{Body, Limit, PathId, Query},
};

/// Which users to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// Part of an email address or a display name, in any case.
    #[param(max_length = 200)]
    q: Option<String>,
    /// `next_cursor` of the page before, as it was.
    cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

impl Check for UsersQuery {
    fn check(&self, faults: &mut Faults) {
        self.limit.check(faults);
        if let Some(q) = &self.q {
            faults.text("/q", q, 0..=200);
        }
    }
}

/// All accounts, oldest first.
#[utoipa::path(
    get, path = "/auth/users", tag = "auth", security(("bearer" = [])), params(UsersQuery),
    responses(
        (status = 200, description = "A page of accounts", body = Page<Profile>),
        (status = 403, description = "Not an admin"),
    )
)]
pub async fn list(
    State(accounts): State<Accounts>,
    _: Admin,
    Query(query): Query<UsersQuery>,
) -> Result<Json<Page<Profile>>> {
    let after = read_cursor(query.cursor.as_deref(), UserId(Uuid::nil()))?;
    accounts.page(after, query.q.as_deref().unwrap_or_default(), query.limit.size()).await.map(Json)
}

/// Give somebody these roles and no others.
///
/// Everybody stays a buyer. Admins can't take their own role away, so that one is always left.
#[utoipa::path(
    put, path = "/auth/users/{id}/roles", tag = "auth", security(("bearer" = [])), params(("id" = UserId, Path)), request_body = RolesUpdate,
    responses(
        (status = 200, description = "The account as it is now", body = Profile),
        (status = 403, description = "Not an admin"),
        (status = 404, description = "No such user"),
        (status = 409, description = "Your own role of an admin"),
    )
)]
pub async fn put_roles(
    State(accounts): State<Accounts>,
    id: Result<PathId<UserId>>,
    Body { who, body }: Body<Admin, RolesUpdate>,
) -> Result<Json<Profile>> {
    let PathId(id) = id?;
    accounts.set_roles(who.id, id, body.roles).await.map(Json)
}

/// Suspend an account.
///
/// It can't log in, refresh, bid or chat; what it has bid stands.
#[utoipa::path(
    post, path = "/auth/users/{id}/suspend", tag = "auth", security(("bearer" = [])), params(("id" = UserId, Path)),
    responses(
        (status = 200, description = "The account as it is now", body = Profile),
        (status = 403, description = "Not an admin"),
        (status = 404, description = "No such user"),
        (status = 409, description = "Your own account"),
    )
)]
pub async fn suspend(
    State(accounts): State<Accounts>,
    admin: Admin,
    PathId(id): PathId<UserId>,
) -> Result<Json<Profile>> {
    accounts.set_suspended(admin.id, id, true).await.map(Json)
}

/// Reinstate a suspended account. It has to log in again.
#[utoipa::path(
    post, path = "/auth/users/{id}/reinstate", tag = "auth", security(("bearer" = [])), params(("id" = UserId, Path)),
    responses(
        (status = 200, description = "The account as it is now", body = Profile),
        (status = 403, description = "Not an admin"),
        (status = 404, description = "No such user"),
    )
)]
pub async fn reinstate(
    State(accounts): State<Accounts>,
    admin: Admin,
    PathId(id): PathId<UserId>,
) -> Result<Json<Profile>> {
    accounts.set_suspended(admin.id, id, false).await.map(Json)
}

/// Where a page starts: after this id. `start` is before every id.
pub fn read_cursor<T: FromStr>(cursor: Option<&str>, start: T) -> Result<T> {
    let Some(text) = cursor else { return Ok(start) };
    text.parse().map_err(|_| Error::invalid_field("/cursor", "is not the next_cursor of a page before"))
}

impl Accounts {
    async fn page(&self, after: UserId, text: &str, size: usize) -> Result<Page<Profile>> {
        let found = users::page_of_users(&self.platform.db.for_scans(), after, text.trim(), size + 1).await?;
        Ok(Page::cut(found, size, |last| last.id.to_string()).map(|person| Profile::from(&person)))
    }

    async fn set_roles(&self, by: UserId, id: UserId, mut roles: Vec<Role>) -> Result<Profile> {
        roles.push(Role::Buyer);
        roles.sort_unstable();
        roles.dedup();
        if id == by && !roles.contains(&Role::Admin) {
            return Err(Error::conflict("You can't take the role of an admin from yourself; another admin can."));
        }
        let accounts = self.clone();
        let changed = async move |tx: &mut Tx| {
            let person = users::set_roles(tx, id, &roles).await?.ok_or_else(Error::not_found)?;
            Ok(accounts.learn(tx, person))
        };
        self.platform.write(changed).await
    }

    async fn set_suspended(&self, by: UserId, id: UserId, suspended: bool) -> Result<Profile> {
        if suspended && id == by {
            return Err(Error::conflict("You can't suspend yourself; another admin can."));
        }
        let accounts = self.clone();
        let changed = async move |tx: &mut Tx| {
            let person = users::set_suspended(tx, id, suspended).await?.ok_or_else(Error::not_found)?;
            if suspended {
                sessions::close_sessions(tx, id).await?;
            }
            Ok(accounts.learn(tx, person))
        };
        self.platform.write(changed).await
    }

    /// An account that was changed, which is remembered once `tx` is committed, unless a later change
    /// is remembered already.
    pub(super) fn learn(&self, tx: &mut Tx, person: Person) -> Profile {
        let (accounts, profile) = (self.clone(), Profile::from(&person));
        tx.then(async move { drop(accounts.remember(person)) });
        profile
    }
}
