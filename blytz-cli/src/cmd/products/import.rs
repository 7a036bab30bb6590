//! `blytz products import`: a row, a product; and a report that leaves no row out.

use std::{
    fs::File,
    io::{self, Read},
    time::Duration,
};

use blytz_client::{
    Client, Error, RetryKind,
    wire::{ErrorCode, product::ProductInput},
};
use blytz_core::{Currency, ProductId};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::row::{self, Fault, Head};
use crate::{
    context::Context,
    error::{Exit, Failure},
};

pub const EXAMPLES: &str = "\
Examples:
  blytz products import catalogue.csv --dry-run
  blytz products import catalogue.csv
  blytz products import catalogue.csv --from-row 120
  cat catalogue.csv | blytz products import - --currency SGD --output json

Columns: title, price, quantity; and, where you like: description, currency, category_id, weight_g,
images (addresses, spaces between), tags (words, semicolons between), tax_class, status (draft or
active). Every row becomes a new product; rows that are refused are listed, the others imported.
";

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The CSV file; `-` for stdin
    file: String,
    /// The currency of rows that name none
    #[arg(long, default_value = "MYR")]
    currency: Currency,
    /// Check every row, import none
    #[arg(long)]
    dry_run: bool,
    /// Begin with this row (the head is row 1), after an import that was cut short
    #[arg(long, value_name = "ROW", default_value_t = 2, hide_default_value = true,
        value_parser = clap::value_parser!(u64).range(2..))]
    from_row: u64,
}

/// What became of the rows.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Rows that are products now.
    imported: u64,
    /// Rows that can't be products.
    refused: u64,
    /// Rows after the one where the import stopped.
    not_tried: u64,
    /// Rows that were sent without an answer: they may be products.
    unknown: u64,
    /// Nothing was sent.
    dry_run: bool,
    /// What is wrong with the refused ones.
    faults: Vec<Fault>,
    /// The new products, in the order of their rows.
    products: Vec<ProductId>,
    /// Where to go on.
    resume_from: Option<u64>,
}

type Checked = (u64, Result<ProductInput, Vec<Fault>>);

pub async fn run(ctx: &Context, args: ImportArgs) -> Result<(), Failure> {
    let rows = read(ctx, &args)?;
    let mut report = Report { dry_run: args.dry_run, ..Report::default() };
    let stopped = if args.dry_run {
        check_only(&rows, &mut report);
        None
    } else {
        import(ctx, &ctx.client().await?, rows, &mut report).await
    };
    print(ctx, &args, &report)?;
    match stopped {
        Some(Stop::Refused(error)) => Err(error.into()),
        Some(Stop::Interrupted) => Err(Failure::failed("Interrupted.")),
        None if report.refused > 0 => Err(Failure::Reported(Exit::Failed)),
        None => Ok(()),
    }
}

/// Why an import ended before the last row.
enum Stop {
    /// The next row would fare no better.
    Refused(Error),
    /// The person pressed Ctrl-C.
    Interrupted,
}

/// Every row, read and checked before the first is sent.
fn read(ctx: &Context, args: &ImportArgs) -> Result<Vec<Checked>, Failure> {
    let input: Box<dyn Read> = if args.file == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&args.file);
        Box::new(file.map_err(|error| Failure::failed(format!("{} can't be read: {error}.", args.file)))?)
    };
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let unreadable = |error: csv::Error| Failure::failed(format!("{} can't be read: {error}.", args.file));
    let head = Head::read(table.headers().map_err(unreadable)?)
        .map_err(|why| Failure::failed(format!("{}: {why}.", args.file)))?;
    if head.has("id") {
        ctx.out.note("The column id is left aside: every row becomes a new product.");
    }
    let mut rows = Vec::new();
    for (record, number) in table.records().zip(2..) {
        if number < args.from_row {
            continue;
        }
        let read = match record {
            Ok(record) => row::read(&head, number, &record, args.currency),
            Err(error) if error.is_io_error() => return Err(unreadable(error)),
            Err(error) => Err(vec![Fault { row: number, column: String::new(), reason: error.to_string() }]),
        };
        rows.push((number, read));
    }
    Ok(rows)
}

fn check_only(rows: &[Checked], report: &mut Report) {
    for (_, read) in rows {
        match read {
            Ok(_) => report.not_tried += 1,
            Err(faults) => {
                report.refused += 1;
                report.faults.extend_from_slice(faults);
            }
        }
    }
}

/// Sends row after row. Returns why it stopped, if it did before the last.
async fn import(ctx: &Context, client: &Client, rows: Vec<Checked>, report: &mut Report) -> Option<Stop> {
    let bar = progress(rows.len() as u64);
    let total = rows.len() as u64;
    let interrupted = interruption();
    for (index, (number, read)) in rows.into_iter().enumerate() {
        let input = match read {
            Ok(input) => input,
            Err(faults) => {
                report.refused += 1;
                report.faults.extend(faults);
                continue;
            }
        };
        let stop = match create(client, &input, &interrupted).await {
            Ok(id) => {
                report.imported += 1;
                report.products.push(id);
                bar.inc(1);
                continue;
            }
            Err(Stop::Refused(error)) if is_about_the_row(&error) => {
                report.refused += 1;
                report.faults.extend(refusal(number, &error));
                bar.inc(1);
                continue;
            }
            Err(stop) => stop,
        };
        let sent = u64::from(matches!(&stop, Stop::Refused(error) if may_have_been_done(error)));
        report.unknown = sent;
        report.not_tried = total - index as u64 - sent;
        report.resume_from = Some(number + sent);
        bar.finish_and_clear();
        ctx.out.note(format!("Stopped at row {number}."));
        return Some(stop);
    }
    bar.finish_and_clear();
    None
}

/// Cancelled by Ctrl-C: the row under way is finished, and the report printed. Who presses it again
/// wants neither.
fn interruption() -> CancellationToken {
    let interrupted = CancellationToken::new();
    let token = interrupted.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    interrupted
}

/// One product. A server that says "not now" has done nothing, and is asked again when it said.
async fn create(client: &Client, input: &ProductInput, interrupted: &CancellationToken) -> Result<ProductId, Stop> {
    let mut patience = 20;
    while !interrupted.is_cancelled() {
        let error = match client.products().create(input).await {
            Ok(product) => return Ok(product.id),
            Err(error) => error,
        };
        match (&error, error.retry_kind()) {
            (Error::Problem(problem), RetryKind::After(wait))
                if patience > 0 && problem.code != ErrorCode::OutcomeUnknown =>
            {
                patience -= 1;
                let wait = wait.clamp(Duration::from_millis(100), Duration::from_secs(10));
                // Whichever comes first: the time to ask again, or the wish to stop.
                let _ = interrupted.run_until_cancelled(tokio::time::sleep(wait)).await;
            }
            _ => return Err(Stop::Refused(error)),
        }
    }
    Err(Stop::Interrupted)
}

/// Whether the next row may fare better.
fn is_about_the_row(error: &Error) -> bool {
    matches!(error, Error::Problem(problem) if matches!(problem.status, 400 | 404 | 409 | 413 | 422))
}

/// Whether the row may have become a product although there was no answer to tell.
fn may_have_been_done(error: &Error) -> bool {
    match error {
        Error::Problem(problem) => problem.status == 500,
        Error::Transport(_) => error.retry_kind() == RetryKind::Never,
        Error::Unexpected(answer) => answer.status >= 500,
        Error::Unsettled(_) | Error::Decode { .. } => true,
        _ => false,
    }
}

fn refusal(number: u64, error: &Error) -> Vec<Fault> {
    match error.problem() {
        Some(problem) if !problem.errors.is_empty() => {
            problem.errors.iter().map(|fault| row::named(number, fault)).collect()
        }
        _ => vec![Fault { row: number, column: String::new(), reason: error.to_string() }],
    }
}

/// A bar on stderr; nothing where that is no terminal.
fn progress(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn print(ctx: &Context, args: &ImportArgs, report: &Report) -> Result<(), Failure> {
    if ctx.out.is_json() {
        return ctx.out.json(report);
    }
    ctx.out.rows(
        ["row", "column", "reason"],
        report.faults.iter().map(|fault| [fault.row.to_string(), fault.column.clone(), fault.reason.clone()]),
    )?;
    let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    if args.dry_run {
        return ctx.out.line(format!("{} would be imported, {} refused.", rows(report.not_tried), report.refused));
    }
    let mut summary =
        format!("{} imported, {} refused, {} not tried", rows(report.imported), report.refused, report.not_tried);
    if report.unknown > 0 {
        summary.push_str(", 1 without an answer");
    }
    ctx.out.line(summary + ".")?;
    if let Some(row) = report.resume_from {
        if report.unknown > 0 {
            ctx.out.note(format!("Row {} may have been imported; look before sending it again.", row - 1));
        }
        ctx.out.note(format!("Go on with: blytz products import {} --from-row {row}", args.file));
    }
    Ok(())
}
