//! Service product: the catalogue, its categories and the stock book.

mod catalog;
mod categories;
mod cursor;
mod inventory;
mod listing;
mod products;
mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::catalog::{Catalog, HeldProduct};
use crate::app::App;

/// The service's routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(listing::list, products::create))
        .routes(routes!(products::get, products::update, products::archive))
        .routes(routes!(inventory::get, inventory::set))
        .routes(routes!(inventory::adjust))
        .routes(routes!(inventory::movements))
        .routes(routes!(categories::list, categories::create))
        .routes(routes!(categories::get, categories::update, categories::delete))
}
