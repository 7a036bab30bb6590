//! The file of an import, read and checked as a whole before anything is sent.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
};

use blytz_client::wire::product::ProductInput;

use super::{
    import::ImportArgs,
    row::{self, COLUMNS, Fault, Head, Reading},
    sheet::{Delimiter, Sheet},
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

/// Reads every row and checks it. Blank rows are none.
pub fn read(ctx: &Context, args: &ImportArgs) -> Result<Catalogue, Failure> {
    let text = read_file(&args.file)?;
    let wrong = |why: String| Failure::failed(format!("{}: {why}.", args.file));
    let sheet = Sheet::new(&text, args.delimiter, &COLUMNS);
    let unreadable = |row: u64, reason: String| vec![Fault { row, column: String::new(), reason }];
    let mut rows = sheet.rows();
    let head = loop {
        let row = rows.next().ok_or_else(|| wrong("there is no head that names the columns".to_owned()))?;
        if let Some(line) = row.open_quote {
            return Err(wrong(format!("the quote that opens in line {line} is never closed")));
        }
        if let Some(cells) = row.cells(sheet.delimiter).map_err(|error| wrong(error.to_string()))? {
            let by = sheet.delimiter.name();
            break Head::read(&cells).map_err(|why| {
                wrong(format!("{why}. Columns were taken apart by {by}; --delimiter says otherwise"))
            })?;
        }
    };
    if sheet.delimiter != Delimiter::COMMA {
        let by = sheet.delimiter.name();
        ctx.out.note(format!("The columns are parted by {by}; in an amount, a comma before cents is a point."));
    }
    if head.has("id") {
        ctx.out.note("The column id is left aside; a product is known by its sku.");
    }
    let reading = Reading { currency: args.currency, decimal_comma: sheet.delimiter != Delimiter::COMMA };
    let mut numbered = HashMap::new();
    let mut read = Vec::new();
    for row in rows {
        let number = row.number;
        let cells = match row.open_quote {
            Some(line) => Err(unreadable(number, format!("the quote that opens in line {line} is never closed"))),
            None => row.cells(sheet.delimiter).map_err(|error| unreadable(number, error.to_string())),
        };
        let input = match cells {
            Ok(None) => continue,
            Ok(Some(cells)) => row::read(&head, number, &cells, reading),
            Err(faults) => Err(faults),
        };
        let input = input.and_then(|input| once(&mut numbered, number, input));
        if number >= args.from_row {
            read.push((number, input));
        }
    }
    Ok(Catalogue { head, rows: read })
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
