//! The orders that products are listed in, and where a page starts in each.

use blytz_core::{ProductId, text::searchable};
use serde::Deserialize;

use super::{cursor, store::Record};
use crate::error::Result;

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
    pub fn of(record: &Record, order: ProductSort) -> Self {
        let key = match order {
            ProductSort::Newest | ProductSort::Oldest => Key::Number(record.created_at.as_micros()),
            ProductSort::PriceAsc | ProductSort::PriceDesc => Key::Number(record.price.amount),
            ProductSort::Title => Key::Text(searchable(&record.title)),
        };
        Self { key, id: record.id }
    }

    /// The cursor that leads here.
    pub fn cursor(&self, order: ProductSort) -> String {
        let key = match &self.key {
            Key::Number(number) => number.to_string(),
            Key::Text(text) => text.clone(),
        };
        cursor::encode(&[order.name(), &self.id.to_string(), &key])
    }

    /// Where a cursor leads, which must be of this order.
    ///
    /// # Errors
    /// 422 at `/cursor`.
    pub fn read(text: &str, order: ProductSort) -> Result<Self> {
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
