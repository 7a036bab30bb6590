//! The file of an import, read and checked as a whole before anything is sent.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
};

use blytz_client::wire::product::ProductInput;
use blytz_core::Currency;

use super::{
    row::{self, COLUMNS, Fault, Head, Reading},
    sheet::{Delimiter, Row, Sheet},
};
use crate::{context::Context, error::Failure, text};

/// A file as it was read: every row is checked before the first is sent.
pub struct Catalogue {
    pub head: Head,
    pub rows: Vec<Checked>,
}

/// A row's number, and the product that it is or what is wrong with it.
pub type Checked = (u64, Result<ProductInput, Vec<Fault>>);

fn read_file(path: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = match path {
        "-" => io::stdin().read_to_end(&mut bytes),
        path => File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.map_err(|error| Failure::failed(format!("{path} can't be read: {error}.")))?;
    text::decode(bytes).map_err(|error| {
        Failure::failed(format!(
            "{path} can't be read: {error}. Nothing was imported. Save it as UTF-8: in Excel as \"CSV UTF-8\", in \
             LibreOffice with the character set \"Unicode (UTF-8)\"; or: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"
        ))
    })
}

/// Where rows come from, and how they are meant.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file's path; `-` is stdin.
    pub file: &'a str,
    /// The currency of rows that name none.
    pub currency: Currency,
    /// What parts the columns, if that was said.
    pub delimiter: Option<Delimiter>,
    /// The first row that is wanted.
    pub from_row: u64,
}

/// Reads every row and checks it. Blank rows are none.
pub fn read(ctx: &Context, source: Source<'_>) -> Result<Catalogue, Failure> {
    let text = read_file(source.file)?;
    let sheet = Sheet::new(&text, source.delimiter, &COLUMNS);
    let mut rows = sheet.rows();
    let head =
        read_head(&mut rows, sheet.delimiter).map_err(|why| Failure::failed(format!("{}: {why}.", source.file)))?;
    if sheet.delimiter != Delimiter::COMMA {
        let by = sheet.delimiter.name();
        ctx.out.note(format!("The columns are parted by {by}; in an amount, a comma before cents is a point."));
    }
    if head.has("id") {
        ctx.out.note("The column id is left aside; a product is known by its sku.");
    }
    let reading = Reading { currency: source.currency, decimal_comma: sheet.delimiter != Delimiter::COMMA };
    let mut numbered = HashMap::new();
    let mut read = Vec::new();
    for row in rows {
        let number = row.number;
        let input = match cells(&row, sheet.delimiter) {
            Ok(None) => continue,
            Ok(Some(cells)) => row::read(&head, number, &cells, reading),
            Err(reason) => Err(vec![Fault { row: number, column: String::new(), reason }]),
        };
        let input = input.and_then(|input| once(&mut numbered, number, input));
        if number >= source.from_row {
            read.push((number, input));
        }
    }
    Ok(Catalogue { head, rows: read })
}

/// The first row that is not blank.
fn read_head<'a>(rows: &mut impl Iterator<Item = Row<'a>>, delimiter: Delimiter) -> Result<Head, String> {
    loop {
        let row = rows.next().ok_or("there is no head that names the columns")?;
        if let Some(names) = cells(&row, delimiter)? {
            let by = delimiter.name();
            return Head::read(&names)
                .map_err(|why| format!("{why}. Columns were taken apart by {by}; --delimiter says otherwise"));
        }
    }
}

/// A row taken apart; none when it is blank.
fn cells(row: &Row<'_>, delimiter: Delimiter) -> Result<Option<csv::StringRecord>, String> {
    if let Some(line) = row.open_quote {
        return Err(format!("the quote that opens in line {line} is never closed"));
    }
    row.cells(delimiter).map_err(|error| error.to_string())
}

/// Two rows of one sku would be one product: the second is a slip.
fn once(numbered: &mut HashMap<String, u64>, row: u64, input: ProductInput) -> Result<ProductInput, Vec<Fault>> {
    let Some(sku) = &input.sku else { return Ok(input) };
    match numbered.insert(sku.clone(), row) {
        None => Ok(input),
        Some(before) => {
            let reason = format!("{sku} stands in row {before} already");
            Err(vec![Fault { row, column: "sku".to_owned(), reason }])
        }
    }
}
