//! Accounts, sessions and addresses (service auth).

use serde::{Deserialize, Serialize};

use super::{Check, Faults, present, stated};
use crate::{
    AddressId, Timestamp, UserId,
    account::{self, InvalidEmail, Role},
};

/// `POST /auth/signup`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignupRequest {
    /// The email address. ASCII letters are compared without regard to case, host names as IDNA does,
    /// composed and decomposed letters as the same. No invisible characters.
    #[cfg_attr(feature = "openapi", schema(format = Email, max_length = 254))]
    pub email: String,
    /// 12 to 128 characters, not a common password. Composed and decomposed letters are the same, and
    /// so is every kind of space. No invisible characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 12, max_length = 128))]
    pub password: String,
    /// What others see: 1 to 50 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 50))]
    pub display_name: String,
}

impl Check for SignupRequest {
    fn check(&self, faults: &mut Faults) {
        faults.check("/email", account::normalise_email(&self.email));
        faults.check("/password", account::check_password(&self.password));
        let known = [self.email.as_str(), self.display_name.as_str()];
        faults.check("/password", account::check_password_is_not(&self.password, &known));
        faults.check("/display_name", account::check_display_name(&self.display_name));
    }
}

/// `POST /auth/login`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The email address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Check for LoginRequest {
    /// What can't be an address has no account. But what is invisible can't be found by looking.
    fn check(&self, faults: &mut Faults) {
        if let Err(error @ InvalidEmail::Invisible) = account::normalise_email(&self.email) {
            faults.invalid("/email", error.to_string());
        }
    }
}

/// `POST /auth/refresh`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token of the last answer. Each works once, but within ten seconds may be shown
    /// again while the one that it was renewed to is unused.
    pub refresh_token: String,
}

/// `POST /auth/verify`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The access token to look at.
    pub token: String,
}

/// `POST /auth/firebase`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FirebaseRequest {
    /// An id token issued by Firebase Authentication.
    pub id_token: String,
}

/// `POST /auth/password`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    pub current_password: String,
    /// The password from now on: 12 to 128 characters, not a common one.
    #[cfg_attr(feature = "openapi", schema(min_length = 12, max_length = 128))]
    pub new_password: String,
}

impl Check for PasswordChange {
    fn check(&self, faults: &mut Faults) {
        faults.check("/new_password", account::check_password(&self.new_password));
    }
}

macro_rules! nothing_to_check {
    ($($name:ty),*) => {$(impl Check for $name { fn check(&self, _: &mut Faults) {} })*};
}
nothing_to_check!(RefreshRequest, VerifyRequest, FirebaseRequest, RolesUpdate, AddressUpdate);

macro_rules! secret_debug {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            /// Prints no field: this holds a secret.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )*};
}
secret_debug!(SignupRequest, LoginRequest, RefreshRequest, VerifyRequest, FirebaseRequest, PasswordChange, Tokens);

/// What `POST /auth/verify` answers: `{"valid": false}`, or who the token speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verification {
    /// Whether the token is valid now.
    pub valid: bool,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub user_id: Option<UserId>,
    /// Their email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub email: Option<String>,
    /// Their roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub roles: Option<Vec<Role>>,
    /// When the token expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub expires_at: Option<Timestamp>,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// In use.
    Active,
    /// Can't log in, bid or chat.
    Suspended,
}

/// An account as its owner and admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The email address.
    pub email: String,
    /// What others see.
    pub display_name: String,
    /// Roles; everybody is a buyer.
    pub roles: Vec<Role>,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A user as everybody sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicUser {
    /// The user's id.
    pub id: UserId,
    /// What they are called.
    pub display_name: String,
}

/// The tokens of a session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// For the `Authorization: Bearer` header.
    pub access_token: String,
    /// For `POST /auth/refresh`, once.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

/// A new session: what signing up and logging in answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Who is logged in.
    pub user: User,
    /// Their tokens.
    pub tokens: Tokens,
}

/// What `POST /auth/refresh` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refreshed {
    /// The session's new tokens.
    pub tokens: Tokens,
}

/// `PATCH /auth/profile`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProfileUpdate {
    /// The new display name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 50))]
    pub display_name: Option<String>,
}

impl Check for ProfileUpdate {
    fn check(&self, faults: &mut Faults) {
        if let Some(name) = &self.display_name {
            faults.check("/display_name", account::check_display_name(name));
        }
    }
}

/// `PUT /auth/users/{id}/roles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RolesUpdate {
    /// The roles from now on; `buyer` is kept in any case.
    pub roles: Vec<Role>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Address {
    /// The address's id.
    pub id: AddressId,
    /// Who receives.
    pub name: String,
    /// Their telephone number.
    pub phone: String,
    /// Street and number.
    pub line1: String,
    /// Flat, floor, building.
    pub line2: Option<String>,
    /// City.
    pub city: String,
    /// State or province.
    pub state: Option<String>,
    /// Postcode.
    pub postcode: String,
    /// ISO 3166-1 alpha-2 country code, upper case.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Z]{2}$"))]
    pub country: String,
}

/// `POST /auth/profile/addresses` and `PUT /auth/profile/addresses/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddressInput {
    /// Who receives.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// Their telephone number.
    #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 32))]
    pub phone: String,
    /// Street and number.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub line1: String,
    /// Flat, floor, building.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub line2: Option<String>,
    /// City.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub city: String,
    /// State or province.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub state: Option<String>,
    /// Postcode.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 16))]
    pub postcode: String,
    /// ISO 3166-1 alpha-2 country code, upper case.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Z]{2}$"))]
    pub country: String,
}

impl Check for AddressInput {
    fn check(&self, faults: &mut Faults) {
        faults.text("/name", &self.name, 1..=100);
        faults.text("/phone", &self.phone, 3..=32);
        faults.text("/line1", &self.line1, 1..=200);
        if let Some(line2) = &self.line2 {
            faults.text("/line2", line2, 0..=200);
        }
        faults.text("/city", &self.city, 1..=100);
        if let Some(state) = &self.state {
            faults.text("/state", state, 0..=100);
        }
        faults.text("/postcode", &self.postcode, 1..=16);
        if self.country.len() != 2 || !self.country.bytes().all(|b| b.is_ascii_uppercase()) {
            faults.invalid("/country", "must be an ISO 3166-1 country code in upper case, like MY");
        }
    }
}

/// `PATCH /auth/profile/addresses/{id}`: absent fields stay, null clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddressUpdate {
    /// Who receives.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 100))]
    pub name: Option<String>,
    /// Their telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 3, max_length = 32))]
    pub phone: Option<String>,
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 200))]
    pub line1: Option<String>,
    /// Flat, floor, building; null for none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 200))]
    pub line2: Option<Option<String>>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 100))]
    pub city: Option<String>,
    /// State or province; null for none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 100))]
    pub state: Option<Option<String>>,
    /// Postcode.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_length = 1, max_length = 16))]
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2 country code, upper case.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, pattern = "^[A-Z]{2}$"))]
    pub country: Option<String>,
}

impl AddressUpdate {
    /// The whole address as it is to be: what is stated here, and `before` for the rest.
    pub fn over(self, before: Address) -> AddressInput {
        AddressInput {
            name: self.name.unwrap_or(before.name),
            phone: self.phone.unwrap_or(before.phone),
            line1: self.line1.unwrap_or(before.line1),
            line2: self.line2.unwrap_or(before.line2),
            city: self.city.unwrap_or(before.city),
            state: self.state.unwrap_or(before.state),
            postcode: self.postcode.unwrap_or(before.postcode),
            country: self.country.unwrap_or(before.country),
        }
    }
}
