//! Stock: units on hand, and how many of them are promised.

use crate::wire::{
    ErrorCode,
    product::{Inventory, MAX_ON_HAND, MovementKind},
};

/// A product's stock. `0 ≤ reserved ≤ on_hand ≤ 1,000,000` holds of every value made by the methods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stock {
    on_hand: i64,
    reserved: i64,
}

/// What a movement did, as its line in the stock book says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Why, in one word.
    pub kind: MovementKind,
    /// Units added on hand (negative: taken away); for holds, units reserved or released.
    pub delta: i64,
    /// The stock from then on.
    pub after: Stock,
}

/// Why the stock can't move so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// Fewer are available than asked for.
    #[error("only {available} available")]
    OutOfStock {
        /// Units on hand that are promised to nobody.
        available: i64,
    },
    /// Fewer would be on hand than are promised to lots and orders.
    #[error("{reserved} units are promised to lots and orders; on hand can't go below that")]
    BelowReserved {
        /// Units promised to lots and orders.
        reserved: i64,
    },
    /// Fewer would be on hand than none.
    #[error("on hand can't go below 0")]
    BelowZero,
    /// More would be on hand than a product can have.
    #[error("on hand can't go above {MAX_ON_HAND}")]
    TooMany,
    /// Fewer are reserved than should be released or sold.
    #[error("only {reserved} reserved")]
    NotReserved {
        /// Units that are promised.
        reserved: i64,
    },
    /// A number of units below 1.
    #[error("a number of units is at least 1")]
    NoUnits,
}

impl StockError {
    /// The stable code that clients see.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::OutOfStock { .. } => ErrorCode::OutOfStock,
            Self::BelowReserved { .. } | Self::BelowZero | Self::NotReserved { .. } => ErrorCode::Conflict,
            Self::TooMany | Self::NoUnits => ErrorCode::ValidationFailed,
        }
    }
}

impl Stock {
    /// The stock as a database keeps it. None when it can't be one.
    pub const fn from_parts(on_hand: i64, reserved: i64) -> Option<Self> {
        if 0 <= reserved && reserved <= on_hand && on_hand <= MAX_ON_HAND {
            Some(Self { on_hand, reserved })
        } else {
            None
        }
    }

    /// The first count of a new product.
    pub fn initial(on_hand: i64) -> Result<Moved, StockError> {
        Self::default().moved(MovementKind::Initial, on_hand, 0, on_hand)
    }

    /// Units in the house.
    pub const fn on_hand(self) -> i64 {
        self.on_hand
    }

    /// Units promised to lots and orders.
    pub const fn reserved(self) -> i64 {
        self.reserved
    }

    /// Units that can be had: on hand without those reserved.
    pub const fn available(self) -> i64 {
        self.on_hand - self.reserved
    }

    /// The seller counted: from now on this many are on hand. The movement's delta may be 0.
    pub fn set(self, on_hand: i64) -> Result<Moved, StockError> {
        let delta = on_hand.saturating_sub(self.on_hand);
        self.moved(MovementKind::Set, delta, 0, delta)
    }

    /// The seller added `delta` units, or took them away when negative.
    pub fn adjust(self, delta: i64) -> Result<Moved, StockError> {
        if delta == 0 {
            return Err(StockError::NoUnits);
        }
        self.moved(MovementKind::Adjust, delta, 0, delta)
    }

    /// Promises `units` to a lot or an order.
    pub fn reserve(self, units: i64) -> Result<Moved, StockError> {
        if units < 1 {
            return Err(StockError::NoUnits);
        }
        if units > self.available() {
            return Err(StockError::OutOfStock { available: self.available() });
        }
        self.moved(MovementKind::Reserve, 0, units, units)
    }

    /// Takes back the promise of `units`: the lot was not sold, the order fell.
    pub fn release(self, units: i64) -> Result<Moved, StockError> {
        self.check_reserved(units)?;
        self.moved(MovementKind::Release, 0, -units, units)
    }

    /// Sells `units` that were reserved: they leave the house.
    pub fn sell(self, units: i64) -> Result<Moved, StockError> {
        self.check_reserved(units)?;
        self.moved(MovementKind::Sale, -units, -units, -units)
    }

    const fn check_reserved(self, units: i64) -> Result<(), StockError> {
        if units < 1 {
            Err(StockError::NoUnits)
        } else if units > self.reserved {
            Err(StockError::NotReserved { reserved: self.reserved })
        } else {
            Ok(())
        }
    }

    /// The movement by these differences, if what follows is a stock.
    fn moved(self, kind: MovementKind, on_hand: i64, reserved: i64, delta: i64) -> Result<Moved, StockError> {
        let on_hand = self.on_hand.saturating_add(on_hand);
        let reserved = self.reserved.saturating_add(reserved);
        match Self::from_parts(on_hand, reserved) {
            Some(after) => Ok(Moved { kind, delta, after }),
            None if on_hand > MAX_ON_HAND => Err(StockError::TooMany),
            None if reserved > 0 => Err(StockError::BelowReserved { reserved }),
            None => Err(StockError::BelowZero),
        }
    }
}

impl From<Stock> for Inventory {
    fn from(stock: Stock) -> Self {
        Self { on_hand: stock.on_hand, reserved: stock.reserved, available: stock.available() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stock(on_hand: i64, reserved: i64) -> Stock {
        Stock::from_parts(on_hand, reserved).expect("a stock")
    }

    #[test]
    fn what_moves_and_what_does_not() {
        use MovementKind as Kind;
        use StockError as No;
        type Movement = fn(Stock) -> Result<Moved, StockError>;
        type Expected = Result<(MovementKind, i64, i64, i64), StockError>;
        // From 10 on hand with 3 of them reserved.
        let table: [(&str, Movement, Expected); 20] = [
            ("set", |s| s.set(25), Ok((Kind::Set, 15, 25, 3))),
            ("set the same", |s| s.set(10), Ok((Kind::Set, 0, 10, 3))),
            ("set to what is reserved", |s| s.set(3), Ok((Kind::Set, -7, 3, 3))),
            ("set below it", |s| s.set(2), Err(No::BelowReserved { reserved: 3 })),
            ("set too high", |s| s.set(MAX_ON_HAND + 1), Err(No::TooMany)),
            ("set beyond all numbers", |s| s.set(i64::MIN), Err(No::BelowReserved { reserved: 3 })),
            ("add", |s| s.adjust(5), Ok((Kind::Adjust, 5, 15, 3))),
            ("take away", |s| s.adjust(-7), Ok((Kind::Adjust, -7, 3, 3))),
            ("take away too much", |s| s.adjust(-8), Err(No::BelowReserved { reserved: 3 })),
            ("add too much", |s| s.adjust(i64::MAX), Err(No::TooMany)),
            ("add nothing", |s| s.adjust(0), Err(No::NoUnits)),
            ("reserve", |s| s.reserve(7), Ok((Kind::Reserve, 7, 10, 10))),
            ("reserve too many", |s| s.reserve(8), Err(No::OutOfStock { available: 7 })),
            ("reserve none", |s| s.reserve(0), Err(No::NoUnits)),
            ("release", |s| s.release(3), Ok((Kind::Release, 3, 10, 0))),
            ("release too many", |s| s.release(4), Err(No::NotReserved { reserved: 3 })),
            ("release a debt", |s| s.release(-1), Err(No::NoUnits)),
            ("sell", |s| s.sell(2), Ok((Kind::Sale, -2, 8, 1))),
            ("sell what is not reserved", |s| s.sell(4), Err(No::NotReserved { reserved: 3 })),
            ("sell none", |s| s.sell(0), Err(No::NoUnits)),
        ];
        for (what, movement, expected) in table {
            let expected =
                expected.map(|(kind, delta, on_hand, reserved)| Moved { kind, delta, after: stock(on_hand, reserved) });
            assert_eq!(movement(stock(10, 3)), expected, "{what}");
        }
        assert_eq!(Stock::default().adjust(-1), Err(No::BelowZero));
        assert_eq!(Stock::initial(4), Ok(Moved { kind: Kind::Initial, delta: 4, after: stock(4, 0) }));
        assert_eq!(Stock::initial(-1), Err(No::BelowZero));
        assert_eq!(Stock::initial(MAX_ON_HAND + 1), Err(No::TooMany));
        let inventory = Inventory { on_hand: 10, reserved: 3, available: 7 };
        assert_eq!(Inventory::from(stock(10, 3)), inventory);
    }

    #[test]
    fn each_error_has_its_code() {
        use StockError as No;
        for (error, code) in [
            (No::OutOfStock { available: 0 }, ErrorCode::OutOfStock),
            (No::BelowReserved { reserved: 1 }, ErrorCode::Conflict),
            (No::BelowZero, ErrorCode::Conflict),
            (No::NotReserved { reserved: 0 }, ErrorCode::Conflict),
            (No::TooMany, ErrorCode::ValidationFailed),
            (No::NoUnits, ErrorCode::ValidationFailed),
        ] {
            assert_eq!(error.code(), code);
        }
    }

    proptest! {
        /// Whatever is asked, the stock stays one and the book adds up.
        #[test]
        fn the_book_adds_up(moves in proptest::collection::vec((0..5_u8, -20_i64..20), 0..200)) {
            let mut now = Stock::default();
            let mut sum = 0;
            for (which, units) in moves {
                let moved = match which {
                    0 => now.set(units),
                    1 => now.adjust(units),
                    2 => now.reserve(units),
                    3 => now.release(units),
                    _ => now.sell(units),
                };
                if let Ok(moved) = moved {
                    now = moved.after;
                    if !matches!(moved.kind, MovementKind::Reserve | MovementKind::Release) {
                        sum += moved.delta;
                    }
                }
                prop_assert_eq!(Stock::from_parts(now.on_hand(), now.reserved()), Some(now));
                prop_assert_eq!(now.on_hand(), sum);
            }
        }
    }
}
