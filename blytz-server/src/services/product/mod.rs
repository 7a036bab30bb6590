//! Service product: the catalogue, its categories and the stock book.

mod catalog;
mod categories;
mod cursor;
mod inventory;
mod listing;
mod order;
mod products;
mod store;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::catalog::{Catalog, HeldProduct};
use super::auth::Accounts;

/// The service's routes.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S>
where
    Accounts: FromRef<S>,
    Catalog: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(listing::list, products::create))
        .routes(routes!(products::get, products::update, products::archive))
        .routes(routes!(inventory::get, inventory::set))
        .routes(routes!(inventory::adjust))
        .routes(routes!(inventory::movements))
        .routes(routes!(categories::list, categories::create))
        .routes(routes!(categories::get, categories::update, categories::delete))
}
