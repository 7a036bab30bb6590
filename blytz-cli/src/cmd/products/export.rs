//! `blytz products export`.

use std::{fs::File, io::Write};

use blytz_client::{Client, ProductQuery, wire::product::ProductStatus};
use blytz_core::UserId;

use super::row::{COLUMNS, STATUSES, write};
use crate::{
    context::Context,
    error::Failure,
    values::{every, words},
};

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// The file; `-` for stdout
    #[arg(default_value = "-")]
    file: String,
    /// Of this seller [default: your own]
    #[arg(long, value_name = "USER")]
    seller: Option<UserId>,
    /// In this state
    #[arg(long, value_parser = words::<ProductStatus>(STATUSES))]
    status: Option<ProductStatus>,
}

pub async fn run(ctx: &Context, client: &Client, args: ExportArgs) -> Result<(), Failure> {
    let seller = match args.seller {
        Some(seller) => seller,
        None => client.auth().profile().await?.id,
    };
    let products = every(|cursor| {
        let query = ProductQuery {
            seller_id: Some(seller),
            status: args.status,
            cursor,
            limit: Some(100),
            ..ProductQuery::default()
        };
        async move { client.products().list(&query).await }
    })
    .await?;
    if ctx.out.is_json() && args.file == "-" {
        return ctx.out.json(&products);
    }
    let out: Box<dyn Write> = if args.file == "-" {
        Box::new(std::io::stdout().lock())
    } else {
        let file = File::create_new(&args.file);
        Box::new(file.map_err(|error| Failure::failed(format!("{} can't be made: {error}.", args.file)))?)
    };
    let mut table = csv::Writer::from_writer(out);
    let trouble = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::Io(error),
        other => Failure::failed(format!("The table can't be written: {other:?}")),
    };
    table.write_record(COLUMNS).map_err(trouble)?;
    for product in &products {
        table.write_record(write(product).map(|cell| printable(&cell))).map_err(trouble)?;
    }
    table.flush()?;
    ctx.out.note(format!("{} products.", products.len()));
    Ok(())
}

/// The text without what a terminal would obey, but with its line breaks; and so that a spreadsheet
/// takes no cell for a formula.
fn printable(cell: &str) -> String {
    let lines: Vec<_> = cell.lines().map(crate::clean::clean).collect();
    let text = lines.join("\n");
    let is_number = text.parse::<f64>().is_ok();
    if text.starts_with(['=', '+', '-', '@']) && !is_number { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_harmless() {
        for (cell, expected) in
            [("two\nlines", "two\nlines"), ("=1+1", "'=1+1"), ("-5", "-5"), ("@cmd", "'@cmd"), ("\u{1b}[2Jx", "[2Jx")]
        {
            assert_eq!(printable(cell), expected, "{cell:?}");
        }
    }
}
