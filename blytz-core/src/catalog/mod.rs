//! The catalogue: stock and where a product stands.

mod listing;
mod stock;

pub use self::{
    listing::{Listing, ListingError},
    stock::{Moved, Stock, StockError},
};
pub use crate::wire::product::MAX_ON_HAND;
