//! `GET /products`.

use axum::{Json, extract::State};
use blytz_core::{
    CategoryId, ProductId, UserId,
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
    cursor,
    store::{self, Filter, Listed, Record},
};
use crate::{
    error::Result,
    http::{
        Query,
        extract::{check_limit, page_size},
    },
    services::auth::User,
};

/// In which order products are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductSort {
    /// The latest first.
    #[default]
    Newest,
    /// The first made first.
    Oldest,
    /// By price, in minor units, the lowest first.
    PriceAsc,
    /// The highest price first.
    PriceDesc,
    /// By title, from A to Z.
    Title,
}

impl ProductSort {
    const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::PriceAsc => "price_asc",
            Self::PriceDesc => "price_desc",
            Self::Title => "title",
        }
    }
}

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
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

impl Check for ProductQuery {
    fn check(&self, faults: &mut Faults) {
        check_limit(self.limit, faults);
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

/// Where a product stands in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// By time or price.
    Number(i64),
    /// By title.
    Text(String),
}

/// The last product of the page before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its key.
    pub key: Key,
    /// Its id, which decides between equal keys.
    pub id: ProductId,
}

impl Place {
    pub(super) fn of(record: &Record, order: ProductSort) -> Self {
        let key = match order {
            ProductSort::Newest | ProductSort::Oldest => Key::Number(record.created_at.as_micros()),
            ProductSort::PriceAsc | ProductSort::PriceDesc => Key::Number(record.price.amount),
            ProductSort::Title => Key::Text(searchable(&record.title)),
        };
        Self { key, id: record.id }
    }

    fn cursor(&self, order: ProductSort) -> String {
        let key = match &self.key {
            Key::Number(number) => number.to_string(),
            Key::Text(text) => text.clone(),
        };
        cursor::encode(&[order.name(), &self.id.to_string(), &key])
    }

    fn read(text: &str, order: ProductSort) -> Result<Self> {
        let [name, id, key] = cursor::decode(text)?;
        if name != order.name() {
            return Err(cursor::invalid());
        }
        let key = match order {
            ProductSort::Title => Key::Text(key),
            _ => Key::Number(key.parse().map_err(|_| cursor::invalid())?),
        };
        Ok(Self { key, id: id.parse().map_err(|_| cursor::invalid())? })
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
    let size = page_size(query.limit);
    let (db, filter) = (catalog.platform.db.for_scans(), filter(&query, asker.as_ref()));
    let Listed { records, rest } = store::list(&db, &filter, order, place.as_ref(), size).await?;
    let next_cursor = rest.map(|place| place.cursor(order));
    Ok(Json(Page { items: records.iter().map(Product::from).collect(), next_cursor }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_in_its_order_only() {
        let id = ProductId(uuid::Uuid::from_u128(7));
        for (order, key) in [
            (ProductSort::Newest, Key::Number(1_700_000_000_000_000)),
            (ProductSort::PriceAsc, Key::Number(0)),
            (ProductSort::Title, Key::Text("a\nb \u{1f3fa}".to_owned())),
        ] {
            let place = Place { key, id };
            assert_eq!(Place::read(&place.cursor(order), order).expect("our own"), place);
            assert!(Place::read(&place.cursor(order), ProductSort::Oldest).is_err());
        }
    }
}
