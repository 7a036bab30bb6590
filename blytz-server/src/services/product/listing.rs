//! `GET /products`.

use axum::{Json, extract::State};
use blytz_core::{
    CategoryId, UserId,
    account::Action,
    catalog::Listing,
    text::searchable,
    wire::{
        Check, Faults, Page,
        product::{Product, ProductStatus},
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    catalog::Catalog,
    order::{Place, ProductSort},
    store::{self, Filter, Record},
};
use crate::{
    error::Result,
    http::{Query, extract::Limit},
    services::auth::User,
};

/// What to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProductQuery {
    /// Words that must all stand in title, description or tags, in any case and composition, also
    /// within a word; up to 200 characters.
    #[param(max_length = 200)]
    q: Option<String>,
    /// In this category or one below it.
    category: Option<CategoryId>,
    /// Of this seller.
    seller_id: Option<UserId>,
    /// At least this price, in minor units.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    min_price: Option<i64>,
    /// At most this price, in minor units.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    max_price: Option<i64>,
    /// In this state. Drafts and archives: one's own. Without it: what is active or sold out, and
    /// the drafts when a seller lists their own.
    status: Option<ProductStatus>,
    /// In which order; newest first unless said.
    #[param(inline)]
    sort: Option<ProductSort>,
    /// `next_cursor` of the page before, as it was; the order must be the same.
    cursor: Option<String>,
    /// Items per page, 1 to 100; 50 unless said.
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
}

impl Check for ProductQuery {
    fn check(&self, faults: &mut Faults) {
        self.limit.check(faults);
        if let Some(words) = &self.q {
            faults.text("/q", words, 0..=200);
        }
        for (pointer, price) in [("/min_price", self.min_price), ("/max_price", self.max_price)] {
            if price.is_some_and(|price| !(0..=blytz_core::money::MAX_AMOUNT).contains(&price)) {
                faults.invalid(pointer, "must be an integer of minor units from 0 to 9007199254740991");
            }
        }
    }
}

fn filter(query: &ProductQuery, asker: Option<&User>) -> Filter {
    let sees_all = asker.is_some_and(|user| user.may(Action::ManageAnyProduct));
    let own = query.seller_id.is_some() && query.seller_id == asker.map(|user| user.id);
    let (listing, available) = match query.status {
        None => (Listing::Active, None),
        Some(ProductStatus::Active) => (Listing::Active, Some(true)),
        Some(ProductStatus::SoldOut) => (Listing::Active, Some(false)),
        Some(ProductStatus::Draft) => (Listing::Draft, None),
        Some(ProductStatus::Archived) => (Listing::Archived, None),
    };
    Filter {
        asker: asker.map(|user| user.id),
        sees_all,
        listing,
        with_drafts: query.status.is_none() && own,
        available,
        seller: query.seller_id,
        category: query.category,
        min_price: query.min_price,
        max_price: query.max_price,
        words: query.q.as_deref().map(searchable).unwrap_or_default(),
    }
}

/// The catalogue.
///
/// A page may have fewer items than were asked for, or none, and still have a `next_cursor`: so much
/// is looked at for one page, and no more.
#[utoipa::path(
    get, path = "/products", tag = "product", params(ProductQuery), security((), ("bearer" = [])),
    responses(
        (status = 200, description = "A page of products", body = Page<Product>),
        (status = 401),
    )
)]
pub async fn list(
    State(catalog): State<Catalog>,
    asker: Option<User>,
    Query(query): Query<ProductQuery>,
) -> Result<Json<Page<Product>>> {
    let order = query.sort.unwrap_or_default();
    let place = query.cursor.as_deref().map(|cursor| Place::read(cursor, order)).transpose()?;
    let filter = filter(&query, asker.as_ref());
    let page = catalog.products(&filter, order, place.as_ref(), query.limit.size()).await?;
    Ok(Json(page.map(Product::from)))
}

impl Catalog {
    async fn products(
        &self,
        filter: &Filter,
        order: ProductSort,
        place: Option<&Place>,
        size: usize,
    ) -> Result<Page<Record>> {
        store::list(&self.platform.db.for_scans(), filter, order, place, size).await
    }
}
