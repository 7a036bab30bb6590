//! One's own account.

use axum::{Json, extract::State, http::StatusCode};
use blytz_core::{
    SessionId, UserId,
    account::normalise_display_name,
    wire::account::{PasswordChange, ProfileUpdate, User as Profile},
};

use super::{
    accounts::Accounts,
    sessions::{check_new_password, invalid_credentials},
    store::{sessions, users},
    who::{Active, User},
};
use crate::{
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
pub(super) async fn get(State(accounts): State<Accounts>, user: User) -> Result<Json<Profile>> {
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
pub(super) async fn patch(
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
pub(super) async fn change_password(
    State(accounts): State<Accounts>,
    ClientAddr(address): ClientAddr,
    Body { who, body }: Body<Active, PasswordChange>,
) -> Result<StatusCode> {
    check_new_password("/new_password", &body.new_password, &[&who.email, &who.display_name])?;
    let accounts = &accounts;
    let before = users::credentials(&accounts.platform.db, &who.email).await?.and_then(|found| found.password_hash);
    let sets_first = before.is_none() && body.current_password.is_empty();
    let right = sets_first
        || accounts
            .is_password(&accounts.platform.limits, address, &who.email, &body.current_password, before.as_deref())
            .await?
            .is_right();
    if !right {
        return Err(invalid_credentials("The current password is wrong."));
    }
    let hash = accounts.hasher.turn().await?.hash(&body.new_password).await?;
    accounts.set_password(who.id, who.session, &hash, before.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Accounts {
    async fn rename(&self, id: UserId, display_name: Option<String>) -> Result<Profile> {
        let person = self.person(id).await?.ok_or_else(Error::not_found)?;
        let Some(name) = display_name else { return Ok(Profile::from(&*person)) };
        let mut tx = self.platform.db.begin_write().await?;
        let person =
            users::set_name(&mut tx, &person, &normalise_display_name(&name)).await?.ok_or_else(Error::not_found)?;
        tx.commit().await?;
        Ok(self.learn(person))
    }

    async fn set_password(&self, id: UserId, kept: SessionId, hash: &str, before: Option<&str>) -> Result<()> {
        let mut tx = self.platform.db.begin_write().await?;
        if !users::set_password(&mut tx, id, hash, before).await? {
            return Err(invalid_credentials("The current password is wrong: it has just been changed."));
        }
        let ended = sessions::end_others(&mut tx, id, kept).await?;
        tx.commit().await?;
        for session in ended {
            self.forget_session(session);
        }
        Ok(())
    }
}
