//! `blytz receipts`: what houses signed for your bids.

use blytz_core::{AuctionId, BidId};
use clap::Subcommand;
use serde::Serialize;

use crate::{context::Context, error::Failure, evidence::Found, output::or_dash, values::moment};

/// Look at the receipts that are kept of your bids.
///
/// For every accepted bid the house signs that it stands in its log. `blytz verify` holds a finished
/// auction to the receipts that are kept here. Without a command they are listed.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz receipts
  blytz receipts show BID
  blytz receipts fetch LOT BID
")]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the receipts that are kept
    #[command(before_help = "Examples:\n  blytz receipts list\n  blytz receipts list --output json\n")]
    List,
    /// Print a receipt as it was kept
    #[command(before_help = "Examples:\n  blytz receipts show BID\n  blytz receipts show BID --output json\n")]
    Show {
        /// The bid's id
        bid: BidId,
    },
    /// Keep the receipt of an earlier bid of yours, as the server gives it again
    #[command(before_help = "Examples:\n  blytz receipts fetch LOT BID\n")]
    Fetch {
        /// The auction's id
        auction: AuctionId,
        /// The bid's id
        bid: BidId,
    },
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    match args.command.unwrap_or(Command::List) {
        Command::List => list(ctx, &ctx.evidence().receipts()?),
        Command::Show { bid } => {
            let mut kept = ctx.evidence().receipts()?;
            kept.retain(|found| found.receipt.bid_id == Some(bid));
            if kept.is_empty() {
                return Err(Failure::NotFound(format!("No receipt of bid {bid} is kept.")));
            }
            kept.iter().try_for_each(|found| show(ctx, found))
        }
        Command::Fetch { auction, bid } => {
            let record = ctx.client().await?.auctions().bid_record(auction, bid).await?;
            show(ctx, &ctx.evidence().keep(&record.answer.receipt)?)
        }
    }
}

/// A receipt as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    auction_id: AuctionId,
    bid_id: Option<BidId>,
    seq: u64,
    origin: &'a str,
    kept_at: blytz_core::Timestamp,
    file: std::borrow::Cow<'a, str>,
}

impl<'a> Listed<'a> {
    fn of(Found { receipt, kept_at, file }: &'a Found) -> Self {
        Self {
            auction_id: receipt.auction_id,
            bid_id: receipt.bid_id,
            seq: receipt.seq,
            origin: &receipt.origin,
            kept_at: *kept_at,
            file: file.to_string_lossy(),
        }
    }
}

fn list(ctx: &Context, kept: &[Found]) -> Result<(), Failure> {
    let mut items: Vec<_> = kept.iter().map(Listed::of).collect();
    items.sort_by_key(|item| item.kept_at);
    if ctx.out.is_json() {
        return ctx.out.json(&serde_json::json!({ "items": items }));
    }
    if items.is_empty() {
        ctx.out.note("No receipt is kept yet. They are from your next bid on.");
    }
    ctx.out.rows(
        ["kept", "seq", "house", "auction", "bid"],
        items.iter().map(|item| {
            [
                moment(item.kept_at),
                item.seq.to_string(),
                item.origin.to_owned(),
                item.auction_id.to_string(),
                or_dash(item.bid_id),
            ]
        }),
    )
}

fn show(ctx: &Context, Found { receipt, kept_at, file }: &Found) -> Result<(), Failure> {
    ctx.out.record(receipt, || {
        vec![
            ("auction", receipt.auction_id.to_string()),
            ("bid", or_dash(receipt.bid_id)),
            ("event", format!("#{} {}", receipt.seq, receipt.hash)),
            ("head", format!("#{} {}", receipt.head_seq, receipt.head_hash)),
            ("house", receipt.origin.clone()),
            ("key", receipt.key_id.clone()),
            ("signed with", format!("{} others in one commit", receipt.size.saturating_sub(1))),
            ("kept", moment(*kept_at)),
            ("file", file.display().to_string()),
        ]
    })
}
