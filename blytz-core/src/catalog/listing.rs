//! Where a product stands: what its seller decided, and what follows from its stock.

use super::stock::Stock;
use crate::wire::{ErrorCode, product::ProductStatus};

/// What the seller decided. `sold_out` is not among it: that follows from the stock, see
/// [`Listing::status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listing {
    /// In preparation; only its seller sees it.
    Draft,
    /// On sale.
    Active,
    /// Taken off sale. Lots that hold a unit of it go on.
    Archived,
}

/// Why a product can't be listed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// `sold_out` can't be asked for.
    #[error("must be draft, active or archived; sold_out follows from the stock")]
    Derived,
    /// A draft is hidden, but lots and orders show this product.
    #[error("{reserved} units are promised to lots and orders; the product can't become a draft again")]
    Promised {
        /// Units promised to lots and orders.
        reserved: i64,
    },
}

impl ListingError {
    /// The stable code that clients see.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Derived => ErrorCode::ValidationFailed,
            Self::Promised { .. } => ErrorCode::Conflict,
        }
    }
}

impl TryFrom<ProductStatus> for Listing {
    type Error = ListingError;
    fn try_from(status: ProductStatus) -> Result<Self, ListingError> {
        match status {
            ProductStatus::Draft => Ok(Self::Draft),
            ProductStatus::Active => Ok(Self::Active),
            ProductStatus::Archived => Ok(Self::Archived),
            ProductStatus::SoldOut => Err(ListingError::Derived),
        }
    }
}

impl Listing {
    /// What everybody sees: on sale, but none available, is sold out.
    pub const fn status(self, stock: Stock) -> ProductStatus {
        match self {
            Self::Draft => ProductStatus::Draft,
            Self::Active if stock.available() == 0 => ProductStatus::SoldOut,
            Self::Active => ProductStatus::Active,
            Self::Archived => ProductStatus::Archived,
        }
    }

    /// Lists the product anew. Everything may become everything, but what is promised to somebody
    /// may not be hidden as a draft.
    pub const fn change(self, to: Self, stock: Stock) -> Result<Self, ListingError> {
        match (self, to) {
            (Self::Active | Self::Archived, Self::Draft) if stock.reserved() > 0 => {
                Err(ListingError::Promised { reserved: stock.reserved() })
            }
            _ => Ok(to),
        }
    }

    /// Whether people other than its seller see it. Lots and orders that name an archived product
    /// show its title and images by themselves.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_follows_listing_and_stock() {
        let none = Stock::default();
        let held = Stock::from_parts(2, 2).expect("a stock");
        let some = Stock::from_parts(2, 1).expect("a stock");
        for (listing, [without, all_held, with]) in [
            (Listing::Draft, [ProductStatus::Draft; 3]),
            (Listing::Active, [ProductStatus::SoldOut, ProductStatus::SoldOut, ProductStatus::Active]),
            (Listing::Archived, [ProductStatus::Archived; 3]),
        ] {
            assert_eq!([none, held, some].map(|stock| listing.status(stock)), [without, all_held, with]);
        }
    }

    #[test]
    fn changes() {
        let all = [Listing::Draft, Listing::Active, Listing::Archived];
        let free = Stock::from_parts(2, 0).expect("a stock");
        let held = Stock::from_parts(2, 1).expect("a stock");
        for from in all {
            for to in all {
                assert_eq!(from.change(to, free), Ok(to));
                let hidden = to == Listing::Draft && from != Listing::Draft;
                let expected = if hidden { Err(ListingError::Promised { reserved: 1 }) } else { Ok(to) };
                assert_eq!(from.change(to, held), expected, "{from:?} to {to:?}");
            }
        }
        assert_eq!(Listing::try_from(ProductStatus::SoldOut), Err(ListingError::Derived));
        assert_eq!(Listing::try_from(ProductStatus::Draft), Ok(Listing::Draft));
        assert!(!Listing::Draft.is_public() && Listing::Active.is_public() && !Listing::Archived.is_public());
    }
}
