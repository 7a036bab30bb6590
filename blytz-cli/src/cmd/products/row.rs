//! Products as rows of a CSV file.

use std::{num::ParseIntError, str::FromStr};

use blytz_client::wire::{
    FieldError, check,
    product::{Product, ProductInput, ProductStatus, ProductUpdate},
};
use blytz_core::{
    Currency, Money,
    id::InvalidId,
    money::{InvalidAmount, InvalidCurrency},
};
use serde::Serialize;

use crate::output::word;

/// The columns of an export, in order. An import takes them in any order.
pub const COLUMNS: [&str; 13] = [
    "id",
    "sku",
    "title",
    "description",
    "price",
    "currency",
    "quantity",
    "category_id",
    "weight_g",
    "images",
    "tags",
    "tax_class",
    "status",
];

/// Without these a row is no product.
pub const REQUIRED: [&str; 3] = ["title", "price", "quantity"];

/// The words of the column `status`.
pub const STATUSES: &[&str] = &["draft", "active", "archived", "sold_out"];

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The row as a spreadsheet counts: the head is 1.
    pub row: u64,
    /// The column; empty when it is the row as a whole.
    pub column: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// Which cell of a record holds which column.
#[derive(Debug)]
pub struct Head {
    places: Vec<Option<usize>>,
    /// Columns in the file.
    pub width: usize,
}

impl Head {
    /// Reads the first line of a file.
    pub fn read(names: &csv::StringRecord) -> Result<Self, String> {
        let mut names: Vec<_> =
            names.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_lowercase()).collect();
        // Columns that a spreadsheet has touched and left empty.
        names.truncate(names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1));
        if let Some(unknown) = names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
            return Err(format!("there is no column {unknown:?}; there are {}", COLUMNS.join(", ")));
        }
        let place = |column: &str| names.iter().position(|name| name == column);
        if let Some(twice) = names.iter().enumerate().find(|(index, name)| place(name) != Some(*index)) {
            return Err(format!("the column {:?} stands there twice", twice.1));
        }
        if let Some(missing) = REQUIRED.iter().find(|column| place(column).is_none()) {
            return Err(format!("the column {missing} is missing"));
        }
        Ok(Self { places: COLUMNS.iter().map(|column| place(column)).collect(), width: names.len() })
    }

    fn cell<'a>(&self, record: &'a csv::StringRecord, column: &str) -> Option<&'a str> {
        let index = COLUMNS.iter().position(|name| *name == column)?;
        let text = record.get((*self.places.get(index)?)?)?.trim();
        // An export marks what a spreadsheet would take for a formula.
        let text = text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(text);
        Some(text).filter(|text| !text.is_empty())
    }

    /// Whether the file has this column.
    pub fn has(&self, column: &str) -> bool {
        COLUMNS.iter().zip(&self.places).any(|(name, place)| *name == column && place.is_some())
    }
}

/// How the cells of a file are meant.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The currency of rows that name none.
    pub currency: Currency,
    /// Whether 12,50 is an amount: where no comma parts the columns.
    pub decimal_comma: bool,
}

/// Reads a row.
pub fn read(head: &Head, row: u64, record: &csv::StringRecord, reading: Reading) -> Result<ProductInput, Vec<Fault>> {
    let mut cells = Cells { head, row, record, faults: Vec::new() };
    let beyond_is_blank = record.iter().skip(head.width).all(|cell| cell.trim().is_empty());
    if record.len() < head.width || !beyond_is_blank {
        cells.fault("", format!("has {} cells, the head has {}", record.len(), head.width));
        return Err(cells.faults);
    }
    let currency = cells.currency(reading.currency);
    let input = ProductInput {
        title: cells.text("title").unwrap_or_default(),
        description: cells.text("description").unwrap_or_default(),
        price: cells.price(currency, reading.decimal_comma),
        quantity: cells.quantity(),
        category_id: cells.parsed("category_id", |error: InvalidId| error.to_string()),
        weight_g: cells.parsed("weight_g", |_: ParseIntError| "must be an integer of grams".to_owned()),
        images: cells.get("images").map(|text| split(text, char::is_whitespace)),
        tax_class: cells.text("tax_class"),
        tags: cells.get("tags").map(|text| split(text, |c| c == ';')),
        sku: cells.text("sku"),
        status: cells.status(),
    };
    if let Err(more) = check(&input) {
        cells.faults.extend(more.iter().map(|found| named(row, found)));
    }
    if cells.faults.is_empty() { Ok(input) } else { Err(cells.faults) }
}

/// The cells of a row, and what is found wrong with them. Whatever is wrong is read as something that
/// no further fault follows from.
struct Cells<'a> {
    head: &'a Head,
    row: u64,
    record: &'a csv::StringRecord,
    faults: Vec<Fault>,
}

impl<'a> Cells<'a> {
    fn get(&self, column: &str) -> Option<&'a str> {
        self.head.cell(self.record, column)
    }

    fn text(&self, column: &str) -> Option<String> {
        self.get(column).map(str::to_owned)
    }

    fn fault(&mut self, column: &str, reason: impl Into<String>) {
        self.faults.push(Fault { row: self.row, column: column.to_owned(), reason: reason.into() });
    }

    fn parsed<T: FromStr>(&mut self, column: &str, reason: impl Fn(T::Err) -> String) -> Option<T> {
        self.get(column).map(str::parse).transpose().unwrap_or_else(|error| {
            self.fault(column, reason(error));
            None
        })
    }

    fn currency(&mut self, unless_said: Currency) -> Currency {
        self.parsed("currency", |error: InvalidCurrency| error.to_string()).unwrap_or(unless_said)
    }

    fn price(&mut self, currency: Currency, decimal_comma: bool) -> Money {
        let wrong = match self.get("price").map(|text| (text, amount(text, currency, decimal_comma))) {
            Some((_, Ok(price))) => return price,
            Some((text, Err(error))) => format!("{text} is {error}"),
            None => "is missing".to_owned(),
        };
        self.fault("price", wrong);
        Money::new(1, currency)
    }

    fn quantity(&mut self) -> i64 {
        let wrong = match self.get("quantity").map(str::parse) {
            Some(Ok(quantity)) => return quantity,
            Some(Err(_)) => "must be a whole number, like 3",
            None => "is missing",
        };
        self.fault("quantity", wrong);
        0
    }

    fn status(&mut self) -> Option<ProductStatus> {
        match self.get("status") {
            None => None,
            Some("draft") => Some(ProductStatus::Draft),
            Some("active") => Some(ProductStatus::Active),
            Some(_) => {
                self.fault("status", "must be draft or active");
                None
            }
        }
    }
}

/// An amount in major units. A decimal comma is taken for one before one or two digits; before three
/// it could as well part thousands.
fn amount(text: &str, currency: Currency, decimal_comma: bool) -> Result<Money, InvalidAmount> {
    let pointed = text.split_once(',').filter(|(_, decimals)| decimal_comma && matches!(decimals.len(), 1 | 2));
    match pointed {
        Some((whole, decimals)) => Money::parse_decimal(&format!("{whole}.{decimals}"), currency),
        None => Money::parse_decimal(text, currency),
    }
}

/// What a row says otherwise than the product that is there. Columns that the file does not have say
/// nothing; an empty cell says "none". The quantity is not among it: see [`delta`].
pub fn changes(head: &Head, input: &ProductInput, product: &Product) -> ProductUpdate {
    fn other<T: PartialEq>(said: bool, new: T, old: &T) -> Option<T> {
        (said && new != *old).then_some(new)
    }
    ProductUpdate {
        title: other(true, input.title.clone(), &product.title),
        description: other(head.has("description"), input.description.clone(), &product.description),
        price: other(true, input.price, &product.price),
        category_id: other(head.has("category_id"), input.category_id, &product.category_id),
        weight_g: other(head.has("weight_g"), input.weight_g, &product.weight_g),
        images: other(head.has("images"), input.images.clone().unwrap_or_default(), &product.images),
        tax_class: other(head.has("tax_class"), input.tax_class.clone(), &product.tax_class),
        tags: other(head.has("tags"), input.tags.clone().unwrap_or_default(), &product.tags),
        sku: None,
        // What is sold out is on sale.
        status: input.status.filter(|status| *status != on_sale(product.status)),
    }
}

fn on_sale(status: ProductStatus) -> ProductStatus {
    if status == ProductStatus::SoldOut { ProductStatus::Active } else { status }
}

/// Units to add to what is available, so that it is what the row says. Those that are promised to
/// lots stay so whatever a sheet says.
pub fn delta(input: &ProductInput, product: &Product) -> i64 {
    input.quantity - product.available
}

/// A fault of the API's, by the column that it is about.
pub fn named(row: u64, fault: &FieldError) -> Fault {
    let column = fault.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    Fault { row, column: column.to_owned(), reason: fault.detail.clone() }
}

/// A product as a row. The quantity is what is available.
pub fn write(product: &Product) -> [String; COLUMNS.len()] {
    [
        product.id.to_string(),
        product.sku.clone().unwrap_or_default(),
        product.title.clone(),
        product.description.clone(),
        product.price.to_decimal(),
        product.price.currency.to_string(),
        product.available.to_string(),
        product.category_id.map(|id| id.to_string()).unwrap_or_default(),
        product.weight_g.map(|grams| grams.to_string()).unwrap_or_default(),
        product.images.join(" "),
        product.tags.join(";"),
        product.tax_class.clone().unwrap_or_default(),
        word(&product.status),
    ]
}

fn split(text: &str, at: impl Fn(char) -> bool) -> Vec<String> {
    text.split(at).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cells: &[&str]) -> csv::StringRecord {
        csv::StringRecord::from(cells.to_vec())
    }

    #[test]
    fn heads() {
        for (names, says) in [
            (vec!["title", "price"], "quantity is missing"),
            (vec!["title", "price", "quantity", "colour"], "colour"),
            (vec!["title", "price", "quantity", "Title"], "twice"),
        ] {
            let error = Head::read(&record(&names)).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
        Head::read(&record(&["\u{feff}Title", " PRICE ", "quantity"])).expect("a spreadsheet's head");

        let reading = Reading { currency: Currency::MYR, decimal_comma: false };
        let wide = Head::read(&record(&["title", "price", "quantity", "", " "])).expect("empty columns are none");
        for (cells, is_one) in [
            (&["Cup", "1", "1"][..], true),
            (&["Cup", "1", "1", "", " "], true),
            (&["Cup", "1", "1", "", "", ""], true),
            (&["Cup", "1", "1", "x"], false),
            (&["Cup", "1"], false),
        ] {
            assert_eq!(read(&wide, 2, &record(cells), reading).is_ok(), is_one, "{cells:?}");
        }
    }

    #[test]
    fn every_fault_of_a_row_is_named() {
        let head = Head::read(&record(&["title", "price", "quantity", "status", "images"])).expect("a head");
        let reading = Reading { currency: Currency::MYR, decimal_comma: false };
        let read = |cells: &[&str]| read(&head, 2, &record(cells), reading);
        let input = read(&["Teapot", "12.50", "3", "draft", "https://a.example/1 https://a.example/2"]).expect("valid");
        assert_eq!(input.price, Money::new(1_250, Currency::MYR));
        assert_eq!(input.images.map(|images| images.len()), Some(2));

        let faults = read(&["", "12,50", "many", "sold_out", "ftp://a.example/1"]).expect_err("all wrong");
        let columns: Vec<_> = faults.iter().map(|fault| fault.column.as_str()).collect();
        assert_eq!(columns, ["price", "quantity", "status", "title", "images"]);
        assert!(faults.iter().all(|fault| fault.row == 2));
        assert_eq!(read(&["Teapot", "12.50"]).expect_err("short")[0].reason, "has 2 cells, the head has 5");
    }

    #[test]
    fn a_comma_before_cents_is_a_point_where_no_comma_parts_columns() {
        let dinar: Currency = "KWD".parse().expect("a currency");
        for (text, currency, expected) in [
            ("12,50", Currency::MYR, Some(1_250)),
            ("12,5", Currency::MYR, Some(1_250)),
            ("12.50", Currency::MYR, Some(1_250)),
            ("1200", Currency::MYR, Some(120_000)),
            ("1,50", dinar, Some(1_500)),
            // Thousands, or a point?
            ("1,500", dinar, None),
            ("1,500", Currency::MYR, None),
            ("1.200,50", Currency::MYR, None),
            ("1,200,50", Currency::MYR, None),
            (",50", Currency::MYR, None),
            ("12,", Currency::MYR, None),
        ] {
            let read = amount(text, currency, true).ok().map(|money| money.amount);
            assert_eq!(read, expected, "{text} {currency}");
            if text.contains(',') {
                assert!(amount(text, currency, false).is_err(), "{text} between commas");
            }
        }
    }

    #[test]
    fn a_row_changes_what_it_says_and_nothing_else() {
        let sample = include_str!("../../../../fixtures/wire/product.json");
        let product: Product = serde_json::from_str(sample).expect("a product");
        let reading = Reading { currency: Currency::MYR, decimal_comma: false };
        let update = |names: &[&str], cells: &[&str]| {
            let head = Head::read(&record(names)).expect("a head");
            let input = read(&head, 2, &record(cells), reading).expect("a row");
            (changes(&head, &input, &product), delta(&input, &product))
        };
        // What an export wrote is no change.
        let (same, units) = update(
            &COLUMNS,
            &write(&product).each_ref().map(String::as_str).map(|cell| match cell {
                // No row can ask for it.
                "sold_out" => "active",
                other => other,
            }),
        );
        assert_eq!((same, units), (ProductUpdate::default(), 0));

        let least = ["title", "price", "quantity"];
        let (price, units) = update(&least, &[&product.title, "99", "7"]);
        let expected = ProductUpdate { price: Some(Money::new(9_900, Currency::MYR)), ..ProductUpdate::default() };
        assert_eq!((price, units), (expected, 7 - product.available));

        let (cleared, _) = update(&["title", "price", "quantity", "weight_g", "tags"], &["Vase", "125", "0", "", ""]);
        assert_eq!((cleared.weight_g, cleared.tags, cleared.images), (Some(None), Some(Vec::new()), None));
    }
}
