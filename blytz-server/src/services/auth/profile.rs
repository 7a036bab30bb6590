//! One's own account.

use std::net::IpAddr;

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    UserId,
    account::normalise_display_name,
    wire::account::{PasswordChange, ProfileUpdate, User as Profile},
};

use super::{
    accounts::Accounts,
    sessions::{check_new_password, invalid_credentials},
    store::users,
    who::{Active, User},
};
use crate::{
    db::Tx,
    error::{Error, Result},
    http::{Body, ClientAddr},
};

/// One's own account.
#[utoipa::path(
    get, path = "/auth/profile", tag = "auth", security(("bearer" = [])),
    responses(
        (status = 200, description = "The account", body = Profile),
    )
)]
pub async fn get(State(accounts): State<Accounts>, user: User) -> Result<Json<Profile>> {
    let person = accounts.person(user.id).await?.ok_or_else(Error::not_found)?;
    Ok(Json(Profile::from(&*person)))
}

/// Change one's own account.
#[utoipa::path(
    patch, path = "/auth/profile", tag = "auth", security(("bearer" = [])), request_body = ProfileUpdate,
    responses(
        (status = 200, description = "The account as it is now", body = Profile),
        (status = 403, description = "`suspended`"),
    )
)]
pub async fn patch(
    State(accounts): State<Accounts>,
    Body { who, body }: Body<Active, ProfileUpdate>,
) -> Result<Json<Profile>> {
    accounts.rename(who.id, body.display_name).await.map(Json)
}

/// Change one's password.
///
/// This session stays, all others end. An account that has no password yet, because it came from
/// elsewhere, sets its first one with an empty `current_password`.
#[utoipa::path(
    post, path = "/auth/password", tag = "auth", security(("bearer" = [])), request_body = PasswordChange,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 401, description = "Not logged in, or `invalid_credentials`: the current password is wrong"),
        (status = 403, description = "`suspended`"),
        (status = 429, description = "Too many wrong passwords"),
    )
)]
pub async fn change_password(
    State(accounts): State<Accounts>,
    ClientAddr(address): ClientAddr,
    Body { who, body }: Body<Active, PasswordChange>,
) -> Result<StatusCode> {
    accounts.change_password(address, &who, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Accounts {
    async fn rename(&self, id: UserId, display_name: Option<String>) -> Result<Profile> {
        let person = self.person(id).await?.ok_or_else(Error::not_found)?;
        let Some(name) = display_name else { return Ok(Profile::from(&*person)) };
        let accounts = self.clone();
        let renamed = async move |tx: &mut Tx| {
            let name = normalise_display_name(&name);
            let person = users::set_name(tx, &person, &name).await?.ok_or_else(Error::not_found)?;
            Ok(accounts.learn(tx, person))
        };
        self.platform.write(renamed).await
    }

    async fn change_password(&self, address: IpAddr, who: &User, change: PasswordChange) -> Result<()> {
        check_new_password("/new_password", &change.new_password, &[&who.email, &who.display_name])?;
        let before = users::credentials(&self.platform.db, &who.email).await?.and_then(|found| found.password_hash);
        let sets_first = before.is_none() && change.current_password.is_empty();
        if !sets_first {
            let current = &change.current_password;
            let compared = self.compare_password(address, &who.email, current, before.as_deref()).await?;
            if !compared.is_right() {
                return Err(invalid_credentials("The current password is wrong."));
            }
        }
        let hash = self.hasher.turn().await?.hash(&change.new_password).await?;
        let (accounts, id, kept) = (self.clone(), who.id, who.session);
        let changed = async move |tx: &mut Tx| {
            if !users::set_password(tx, id, &hash, before.as_deref()).await? {
                return Err(invalid_credentials("The current password is wrong: it has just been changed."));
            }
            accounts.end_others(tx, id, Some(kept)).await
        };
        self.platform.write(changed).await
    }
}
