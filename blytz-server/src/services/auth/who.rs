//! Who asks: extractors that handlers name in their signatures, so that a handler's type says who
//! may call it.

use std::ops::Deref;

use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::{header, request::Parts},
};
use blytz_core::{
    SessionId, Timestamp, UserId,
    account::{Action, Role, may},
    wire::ErrorCode,
};

use super::Accounts;
use crate::{
    error::{Error, Result},
    http::bearer,
};

/// Somebody with a valid access token; 401 otherwise. May be suspended.
#[derive(Debug, Clone)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their roles; everybody is a buyer.
    pub roles: Vec<Role>,
    /// The session that the token belongs to.
    pub session: SessionId,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// Whether the account is suspended.
    pub suspended: bool,
    /// What others see.
    pub display_name: String,
    /// When the account was made.
    pub joined_at: Timestamp,
    /// The email address, which only they and admins see.
    pub email: String,
}

impl User {
    /// Whether their roles allow this. Ownership is another question.
    pub fn may(&self, action: Action) -> bool {
        may(&self.roles, action)
    }

    /// Refuses a suspended account.
    ///
    /// # Errors
    /// 403 `suspended`.
    pub fn check_active(&self) -> Result<()> {
        if self.suspended { Err(suspended()) } else { Ok(()) }
    }
}

/// 403: the account is suspended.
pub fn suspended() -> Error {
    Error::new(ErrorCode::Suspended, "This account is suspended.")
}

impl<S: Sync> FromRequestParts<S> for User
where
    Accounts: FromRef<S>,
{
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        Accounts::from_ref(state).identify(bearer(&parts.headers)?).await
    }
}

/// Nobody is fine where it does not matter who asks; a token that is nobody's is not.
impl<S: Sync> OptionalFromRequestParts<S> for User
where
    Accounts: FromRef<S>,
{
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
        } else {
            Ok(None)
        }
    }
}

macro_rules! allowed {
    ($($(#[$doc:meta])* $name:ident, $action:expr, $otherwise:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub User);

        impl Deref for $name {
            type Target = User;
            fn deref(&self) -> &User {
                &self.0
            }
        }

        impl<S: Sync> FromRequestParts<S> for $name
        where
            Accounts: FromRef<S>,
        {
            type Rejection = Error;
            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
                let user = <User as FromRequestParts<S>>::from_request_parts(parts, state).await?;
                user.check_active()?;
                if user.may($action) { Ok(Self(user)) } else { Err(Error::forbidden($otherwise)) }
            }
        }
    )*};
}

allowed! {
    /// Somebody whose account is not suspended: 401, 403 `suspended`.
    Active, Action::Bid, "This is not for your account.";
    /// Somebody who may sell: 401, 403 `suspended`, 403 `forbidden`.
    Seller, Action::ListProducts, "This is for sellers.";
    /// Somebody who may do everything: 401, 403 `suspended`, 403 `forbidden`.
    Admin, Action::ManageUsers, "This is for admins.";
}
