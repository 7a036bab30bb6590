//! `blytz products import`: a row, a product; and a report that leaves no row out.

use blytz_client::{
    Client, Error, RetryKind,
    wire::{
        ErrorCode,
        product::{InventoryAdjust, Product, ProductInput, ProductUpdate},
    },
};
use blytz_core::{Currency, ProductId};
use blytz_tui::words::count;
use tokio_util::sync::CancellationToken;

use super::{
    catalogue::{self, Catalogue, Checked, Source},
    patience::{Stop, patiently},
    present::Present,
    report::Report,
    row::{self, Fault, Head},
    sheet::Delimiter,
};
use crate::{
    context::Context,
    error::{Exit, Failure},
    progress,
};

pub const EXAMPLES: &str = "\
Examples:
  blytz products import catalogue.csv --dry-run
  blytz products import catalogue.csv
  blytz products import catalogue.csv --update --yes
  blytz products import catalogue.csv --from-row 120
  cat catalogue.csv | blytz products import - --currency SGD --output json

Columns: title, price, quantity; and, where you like: sku, description, currency, category_id,
weight_g, images (addresses, spaces between), tags (words, semicolons between), tax_class, status
(draft or active). A row becomes a new product, unless its sku, your own number for it, says that
it is there already. Rows that are refused are listed, the others imported.
";

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The CSV file, in UTF-8 or UTF-16; `-` for stdin
    file: String,
    /// The currency of rows that name none
    #[arg(long, default_value = "MYR")]
    currency: Currency,
    /// What parts the columns: a sign, or comma, semicolon or tab [default: what the head has]
    #[arg(long, value_name = "SIGN")]
    delimiter: Option<Delimiter>,
    /// Change the products whose sku is there already, instead of leaving them as they are
    #[arg(long)]
    update: bool,
    /// Check every row, import none
    #[arg(long)]
    dry_run: bool,
    /// Begin with this row (the head is row 1), after an import that was cut short
    #[arg(long, value_name = "ROW", default_value_t = 2, hide_default_value = true,
        value_parser = clap::value_parser!(u64).range(2..))]
    from_row: u64,
}

pub async fn run(ctx: &Context, args: ImportArgs) -> Result<(), Failure> {
    let ImportArgs { currency, delimiter, from_row, .. } = args;
    let catalogue = catalogue::read(ctx, Source { file: &args.file, currency, delimiter, from_row })?;
    let mut report = Report { dry_run: args.dry_run, ..Report::default() };
    let stopped = if args.dry_run {
        check_only(ctx, &args, catalogue, &mut report).await?;
        None
    } else {
        let client = ctx.client().await?;
        import(ctx, &args, &client, catalogue, &mut report).await?
    };
    report.print(ctx, &args.file)?;
    match stopped {
        Some(Stop::Refused(error)) => Err(error.into()),
        Some(stop @ Stop::Interrupted) => Err(Failure::failed(stop.to_string())),
        None if report.refused > 0 => Err(Failure::Reported(Exit::Failed)),
        None => Ok(()),
    }
}

/// What is to be done with a row.
enum Task<'a> {
    Create,
    Change(&'a Product, Box<ProductUpdate>, i64),
    Leave,
}

fn task<'a>(args: &ImportArgs, head: &Head, input: &ProductInput, present: &'a Present) -> Task<'a> {
    let Some(product) = present.product(input) else { return Task::Create };
    let (changes, units) = (row::changes(head, input, product), row::delta(input, product));
    if args.update && (changes != ProductUpdate::default() || units != 0) {
        Task::Change(product, Box::new(changes), units)
    } else {
        Task::Leave
    }
}

/// Says what an import would do. Without a login nobody knows what is there already.
async fn check_only(
    ctx: &Context,
    args: &ImportArgs,
    catalogue: Catalogue,
    report: &mut Report,
) -> Result<(), Failure> {
    let client = ctx.client().await;
    let looked = match &client {
        Ok(client) if client.tokens().is_some() => Present::look(client).await.map_err(|stop| stop.to_string()),
        Ok(_) => Err("nobody is logged in".to_owned()),
        Err(failure) => Err(failure.to_string()),
    };
    let present = looked.unwrap_or_else(|why| {
        ctx.out.note(format!("What is there already was not looked at: {}.", why.trim_end_matches('.')));
        Present::default()
    });
    for (_, read) in catalogue.rows {
        match read {
            Ok(input) => {
                report.same_title += u64::from(present.has_title_of(&input));
                match task(args, &catalogue.head, &input, &present) {
                    Task::Create => report.not_tried += 1,
                    Task::Change(..) => report.updated += 1,
                    Task::Leave => report.already_there += 1,
                }
            }
            Err(faults) => report.refuse(faults),
        }
    }
    if report.same_title > 0 {
        ctx.out.note(same_titles(report.same_title));
    }
    Ok(())
}

fn same_titles(rows: u64) -> String {
    let have = if rows == 1 { "has" } else { "have" };
    format!(
        "{} {have} the title of a product that is there already, and no sku to tell whether it is the same.",
        count(rows, "row")
    )
}

/// Asks where there is something to lose, then sends row after row. Returns why it stopped, if it did
/// before the last.
async fn import(
    ctx: &Context,
    args: &ImportArgs,
    client: &Client,
    catalogue: Catalogue,
    report: &mut Report,
) -> Result<Option<Stop>, Failure> {
    let Catalogue { head, rows } = catalogue;
    let total = rows.len() as u64;
    let first = rows.first().map(|(number, _)| *number);
    let present = match Present::look(client).await {
        Ok(present) => present,
        Err(stop) => {
            report.not_tried = total;
            report.resume_from = first;
            return Ok(Some(stop));
        }
    };
    ask(ctx, args, &head, &rows, &present, report)?;
    let bar = progress::bar(total, "rows");
    let interrupted = interruption();
    for (index, (number, read)) in rows.into_iter().enumerate() {
        let done = match read {
            Ok(input) => {
                let task = task(args, &head, &input, &present);
                carry_out(client, task, &input, &interrupted, report).await
            }
            Err(faults) => {
                report.refuse(faults);
                Ok(())
            }
        };
        let stop = match done {
            Ok(()) => {
                bar.inc(1);
                continue;
            }
            Err(Stop::Refused(error)) if is_about_the_row(&error) => {
                report.refuse(refusal(number, &error));
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
        return Ok(Some(stop));
    }
    bar.finish_and_clear();
    Ok(None)
}

/// Does with one row what is to be done with it, and counts it.
async fn carry_out(
    client: &Client,
    task: Task<'_>,
    input: &ProductInput,
    interrupted: &CancellationToken,
    report: &mut Report,
) -> Result<(), Stop> {
    match task {
        Task::Create => {
            report.products.push(create(client, input, interrupted).await?);
            report.imported += 1;
        }
        Task::Change(product, changes, units) => {
            change(client, product, &changes, units, interrupted).await?;
            report.updated += 1;
        }
        Task::Leave => report.already_there += 1,
    }
    Ok(())
}

/// Says what is there already, and asks before it changes or is doubled.
fn ask(
    ctx: &Context,
    args: &ImportArgs,
    head: &Head,
    rows: &[Checked],
    present: &Present,
    report: &mut Report,
) -> Result<(), Failure> {
    let (mut new, mut changed, mut left) = (0, 0, 0);
    for input in rows.iter().filter_map(|(_, read)| read.as_ref().ok()) {
        report.same_title += u64::from(present.has_title_of(input));
        match task(args, head, input, present) {
            Task::Create => new += 1,
            Task::Change(..) => changed += 1,
            Task::Leave => left += 1,
        }
    }
    if report.same_title > 0 {
        ctx.out.note(same_titles(report.same_title));
    }
    if left > 0 && !args.update {
        ctx.out
            .note(format!("The sku of {} is there already; with --update they would be changed.", count(left, "row")));
    }
    let what = match (new, changed) {
        (0, 0) => return Ok(()),
        (new, 0) => format!("Add {new} products?"),
        (0, changed) => format!("Change {changed} products?"),
        (new, changed) => format!("Add {new} products and change {changed}?"),
    };
    ctx.confirm_where_possible(&what, changed > 0 || report.same_title > 0)
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

async fn create(client: &Client, input: &ProductInput, interrupted: &CancellationToken) -> Result<ProductId, Stop> {
    Ok(patiently(interrupted, async || client.products().create(input).await).await?.id)
}

async fn change(
    client: &Client,
    product: &Product,
    changes: &ProductUpdate,
    units: i64,
    interrupted: &CancellationToken,
) -> Result<(), Stop> {
    if *changes != ProductUpdate::default() {
        patiently(interrupted, async || client.products().update(product.id, changes).await).await?;
    }
    if units != 0 {
        let adjust = InventoryAdjust { delta: units, reason: "import".to_owned() };
        patiently(interrupted, async || client.products().adjust_inventory(product.id, &adjust).await).await?;
    }
    Ok(())
}

/// Whether the next row may fare better.
fn is_about_the_row(error: &Error) -> bool {
    matches!(error, Error::Problem(problem) if matches!(problem.status, 400 | 404 | 409 | 413 | 422))
}

/// Whether the row may have become a product although there was no answer to tell.
fn may_have_been_done(error: &Error) -> bool {
    match error {
        Error::Problem(problem) => problem.status == 500 || problem.code == ErrorCode::OutcomeUnknown,
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
