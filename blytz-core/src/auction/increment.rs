//! By how much a bid must beat the price.

use crate::{
    Money,
    money::MAX_AMOUNT,
    wire::{
        Faults,
        auction::{Increment, IncrementRow, NamedIncrement},
    },
};

/// The most rows a table may have.
pub const MAX_ROWS: usize = 64;

/// As eBay publishes for its US site: (from, step) in minor units.
const EBAY: &[(i64, i64)] = &[
    (0, 5),
    (100, 25),
    (500, 50),
    (2_500, 100),
    (10_000, 250),
    (25_000, 500),
    (50_000, 1_000),
    (100_000, 2_500),
    (250_000, 5_000),
    (500_000, 10_000),
];

/// As Whatnot's shows step: (from, step) in minor units.
const WHATNOT: &[(i64, i64)] =
    &[(0, 100), (3_000, 200), (5_000, 300), (10_000, 500), (30_000, 1_000), (100_000, 2_000), (200_000, 5_000)];

/// The rows of a table known by name.
pub fn named_table(name: NamedIncrement) -> Vec<IncrementRow> {
    let rows = match name {
        NamedIncrement::Ebay => EBAY,
        NamedIncrement::Whatnot => WHATNOT,
    };
    rows.iter().map(|&(from, step)| IncrementRow { from, step }).collect()
}

/// Checked increments: a table is never empty, starts at 0, rises, and its steps never fall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Steps {
    /// Always this many minor units.
    Fixed(i64),
    /// By the price.
    Table(Vec<IncrementRow>),
}

impl Steps {
    /// Checks what a seller stated and expands names. `None` when a fault was noted.
    pub(super) fn check(stated: &Increment, pointer: &str, faults: &mut Faults) -> Option<Self> {
        match stated {
            Increment::Fixed(step) => {
                check_step(*step, &format!("{pointer}/fixed"), faults).then_some(Self::Fixed(*step))
            }
            Increment::Table(rows) => {
                check_table(rows, &format!("{pointer}/table"), faults).then(|| Self::Table(rows.clone()))
            }
            Increment::Named(name) => Some(Self::Table(named_table(*name))),
        }
    }

    /// The step at a price, in minor units: that of the last row whose `from` is not above it.
    ///
    /// ```
    /// use blytz_core::{auction::increment::{Steps, named_table}, wire::auction::NamedIncrement};
    /// let ebay = Steps::Table(named_table(NamedIncrement::Ebay));
    /// assert_eq!([0, 99, 100, 2_499, 2_500].map(|price| ebay.at(price)), [5, 5, 25, 50, 100]);
    /// ```
    pub fn at(&self, price: i64) -> i64 {
        match self {
            Self::Fixed(step) => *step,
            Self::Table(rows) => step_at(rows, price),
        }
    }

    /// `price` and the step at it.
    pub fn above(&self, price: i64) -> i64 {
        price.saturating_add(self.at(price))
    }

    /// As answers and events show them.
    pub fn view(&self) -> Increment {
        match self {
            Self::Fixed(step) => Increment::Fixed(*step),
            Self::Table(rows) => Increment::Table(rows.clone()),
        }
    }
}

impl Increment {
    /// The amount one step above a price, as far as money goes: what a watcher's screen offers next.
    #[must_use]
    pub fn above(&self, price: Money) -> Money {
        let step = match self {
            Self::Fixed(step) => *step,
            Self::Table(rows) => step_at(rows, price.amount),
            Self::Named(name) => step_at(&named_table(*name), price.amount),
        };
        Money::new(price.amount.saturating_add(step).min(MAX_AMOUNT), price.currency)
    }
}

/// The step of the last row whose `from` is not above the price.
fn step_at(rows: &[IncrementRow], price: i64) -> i64 {
    rows.iter().rev().find(|row| row.from <= price).map_or(1, |row| row.step)
}

fn check_step(step: i64, pointer: &str, faults: &mut Faults) -> bool {
    let valid = (1..=MAX_AMOUNT).contains(&step);
    if !valid {
        faults.invalid(pointer, "must be 1 to 9007199254740991 minor units");
    }
    valid
}

fn check_table(rows: &[IncrementRow], pointer: &str, faults: &mut Faults) -> bool {
    if rows.is_empty() || rows.len() > MAX_ROWS {
        faults.invalid(pointer, "must have 1 to 64 rows");
        return false;
    }
    let mut valid = true;
    let mut before: Option<IncrementRow> = None;
    for (index, row) in rows.iter().enumerate() {
        let at = |field: &str| format!("{pointer}/{index}/{field}");
        let from_fault = match before {
            None if row.from != 0 => Some("must be 0 in the first row"),
            Some(previous) if row.from <= previous.from => Some("must be above the row before"),
            _ if row.from > MAX_AMOUNT => Some("must be at most 9007199254740991 minor units"),
            _ => None,
        };
        if let Some(detail) = from_fault {
            faults.invalid(at("from"), detail);
            valid = false;
        }
        valid &= check_step(row.step, &at("step"), faults);
        if before.is_some_and(|previous| row.step < previous.step) {
            faults.invalid(at("step"), "must not be below the row before");
            valid = false;
        }
        before = Some(*row);
    }
    valid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    #[test]
    fn the_named_tables_are_valid_and_step_at_their_edges() {
        for name in [NamedIncrement::Ebay, NamedIncrement::Whatnot] {
            let mut faults = Faults::default();
            assert!(check_table(&named_table(name), "", &mut faults), "{name:?}");
        }
        let whatnot = Steps::Table(named_table(NamedIncrement::Whatnot));
        for (price, step) in [
            (0, 100),
            (2_999, 100),
            (3_000, 200),
            (5_000, 300),
            (9_999, 300),
            (10_000, 500),
            (30_000, 1_000),
            (100_000, 2_000),
            (199_999, 2_000),
            (200_000, 5_000),
            (MAX_AMOUNT, 5_000),
        ] {
            assert_eq!(whatnot.at(price), step, "at {price}");
            let above = Increment::Named(NamedIncrement::Whatnot).above(Money::new(price, Currency::MYR));
            assert_eq!(above.amount, (price + step).min(MAX_AMOUNT), "at {price}");
        }
    }

    #[test]
    fn every_fault_of_a_table_is_named() {
        let row = |from, step| IncrementRow { from, step };
        let faults_of = |rows: Vec<IncrementRow>| {
            let mut faults = Faults::default();
            assert!(!check_table(&rows, "/table", &mut faults));
            faults.into_vec().into_iter().map(|fault| fault.pointer).collect::<Vec<_>>()
        };
        assert_eq!(faults_of(vec![]), ["/table"]);
        assert_eq!(faults_of((0..65).map(|i| row(i, 1)).collect()), ["/table"]);
        assert_eq!(faults_of(vec![row(1, 5)]), ["/table/0/from"]);
        assert_eq!(faults_of(vec![row(0, 0)]), ["/table/0/step"]);
        assert_eq!(faults_of(vec![row(0, 5), row(0, 5)]), ["/table/1/from"]);
        assert_eq!(faults_of(vec![row(0, 5), row(10, 4)]), ["/table/1/step"]);
        assert_eq!(faults_of(vec![row(0, 5), row(MAX_AMOUNT + 1, 5)]), ["/table/1/from"]);
        assert_eq!(faults_of(vec![row(0, MAX_AMOUNT + 1)]), ["/table/0/step"]);
    }
}
