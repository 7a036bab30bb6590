//! Service auth: accounts, sessions, roles and addresses.

mod accounts;
mod addresses;
mod count;
mod firebase;
mod password;
mod profile;
mod refresh;
mod sessions;
mod settle;
mod store;
mod token;
mod users;
mod who;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::{
    accounts::{Accounts, EnsuredAdmin, People},
    count::count,
    who::{Active, Admin, Seller, User},
};
use crate::platform::Platform;

/// The routes of this service.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S>
where
    Platform: FromRef<S>,
    Accounts: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(sessions::signup))
        .routes(routes!(sessions::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(sessions::logout))
        .routes(routes!(sessions::verify))
        .routes(routes!(firebase::login))
        .routes(routes!(profile::get, profile::patch))
        .routes(routes!(profile::change_password))
        .routes(routes!(addresses::list, addresses::create))
        .routes(routes!(addresses::get, addresses::put, addresses::patch, addresses::delete))
        .routes(routes!(users::list))
        .routes(routes!(users::put_roles))
        .routes(routes!(users::suspend))
        .routes(routes!(users::reinstate))
}
