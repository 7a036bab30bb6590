//! `blytz bid`: one bid, counted once however often it is sent.

use blytz_client::{
    RetryKind, new_bid_id,
    wire::auction::{BidAnswer, BidRequest},
};
use blytz_core::{AuctionId, BidId};

use crate::{
    context::Context,
    error::Failure,
    output::{or_dash, word},
    values::{checked, money},
};

/// Bid on an auction.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz bid LOT --amount 12.50
  blytz bid LOT --max 50
  blytz bid LOT --buy-now
  blytz bid LOT --amount 12.50 --bid-id 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77
")]
#[command(group(clap::ArgGroup::new("kind").required(true).args(["amount", "max", "buy_now"])))]
pub struct Args {
    /// The auction's id
    auction: AuctionId,
    /// Exactly this, in the auction's currency
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// Up to this, but no more than it takes; nobody sees it
    #[arg(long, value_name = "AMOUNT")]
    max: Option<String>,
    /// Take it at the buy-now price
    #[arg(long)]
    buy_now: bool,
    /// The bid's id: the same bid sent again with the same id counts once
    #[arg(long, value_name = "UUID")]
    bid_id: Option<BidId>,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let client = ctx.client().await?;
    let (amount, max) = match (&args.amount, &args.max) {
        (None, None) => (None, None),
        (amount, max) => {
            let currency = client.auctions().get(args.auction).await?.rules.currency;
            let read =
                |flag: &str, text: &Option<String>| text.as_deref().map(|text| money(flag, text, currency)).transpose();
            (read("--amount", amount)?, read("--max", max)?)
        }
    };
    let bid = BidRequest {
        auction_id: args.auction,
        bid_id: args.bid_id.unwrap_or_else(new_bid_id),
        amount,
        max,
        buy_now: args.buy_now.then_some(true),
    };
    let bid = checked(bid)?;
    match client.auctions().bid(&bid).await {
        Ok(answer) => show(ctx, &answer),
        Err(error) => {
            if error.retry_kind() != RetryKind::Never {
                let id = bid.bid_id;
                ctx.out.note(format!(
                    "Whether it counted is not known. Send it again with --bid-id {id}: that counts once."
                ));
            }
            Err(error.into())
        }
    }
}

fn show(ctx: &Context, answer: &BidAnswer) -> Result<(), Failure> {
    ctx.out.record(answer, || {
        let mut fields = vec![
            ("outcome", word(&answer.outcome)),
            ("price", or_dash(answer.price)),
            ("next bid", or_dash(answer.next_minimum)),
            ("closes", answer.closes_at.to_string()),
            ("bid", answer.bid_id.to_string()),
            ("seq", answer.seq.to_string()),
            ("hash", answer.hash.clone()),
        ];
        if answer.replayed {
            fields.push(("replayed", "yes, this bid was accepted before".to_owned()));
        }
        fields
    })
}
