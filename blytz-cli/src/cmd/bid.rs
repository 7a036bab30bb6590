//! `blytz bid`: one bid, counted once however often it is sent.

use blytz_client::{
    Client, Error, RetryKind, new_bid_id,
    wire::{
        ErrorCode,
        auction::{Auction, AuctionStatus, BidAnswer, BidRequest, Format, ReserveView},
    },
};
use blytz_core::{
    AuctionId, BidId, Money,
    auction::{commitment::rules_hash, possible_slip},
};

use crate::{
    cmd::auctions::rules_fields,
    context::Context,
    error::Failure,
    meeting,
    output::{or_dash, word},
    values::{checked, money},
};

/// Bid on an auction; without an amount the least that it takes
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz bid LOT
  blytz bid LOT --amount 12.50
  blytz bid LOT --max 50
  blytz bid LOT --buy-now
  blytz bid LOT --amount 12.50 --bid-id 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77

Before the least is bid you are asked, and before ten times the least or more, which may be a slip.
In scripts --yes says so beforehand. A bid counts only under the rules that the lot had when it was
sent: if they have changed since, you see the new ones and are asked, and with --yes nothing is bid.
What the house signs for it is kept; see `blytz receipts`.
")]
#[command(group(clap::ArgGroup::new("kind").args(["amount", "max", "buy_now"])))]
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
    let lot = client.auctions().get(args.auction).await?;
    if client.tokens().is_none() {
        return Err(Error::NotLoggedIn.into());
    }
    let currency = lot.rules.currency;
    let read = |flag: &str, text: &Option<String>| text.as_deref().map(|text| money(flag, text, currency)).transpose();
    let bid = BidRequest {
        auction_id: args.auction,
        bid_id: args.bid_id.unwrap_or_else(new_bid_id),
        rules_hash: Some(shown_rules(&lot)?),
        amount: read("--amount", &args.amount)?,
        max: read("--max", &args.max)?,
        buy_now: args.buy_now.then_some(true),
    };
    if bid.amount.is_none() && bid.max.is_none() && !args.buy_now {
        return least(ctx, &client, lot, bid).await;
    }
    let bid = checked(bid)?;
    if let Some(question) = doubt(&lot, &bid) {
        ctx.confirm(&question)?;
    }
    place(ctx, &client, bid).await
}

/// The hash of the rules that the lot shows. With a reserve in clear only the server can tell it.
fn shown_rules(lot: &Auction) -> Result<String, Failure> {
    let in_clear = matches!(lot.rules.reserve_price, Some(ReserveView::Clear(_)));
    if !in_clear && rules_hash(&lot.rules) != lot.rules_hash {
        return Err(Failure::failed("The server names another hash than that of the rules that it shows."));
    }
    Ok(lot.rules_hash.clone())
}

/// Bids the least that it takes. Whoever is asked and finds that somebody was faster, or that the rules
/// have changed, is asked again.
async fn least(ctx: &Context, client: &Client, mut lot: Auction, mut bid: BidRequest) -> Result<(), Failure> {
    loop {
        let least = offered(&lot)?;
        ctx.confirm(&format!("Bid {least} on {}, the least that it takes?", lot.title))?;
        (bid.amount, bid.rules_hash) = (Some(least), Some(shown_rules(&lot)?));
        let refused = match client.auctions().bid(&bid).await {
            Err(error) if is_otherwise(&error) && !ctx.says_yes() => error,
            outcome => return tell(ctx, client, &bid, outcome).await,
        };
        ctx.out.note(format!("{refused}"));
        lot = client.auctions().get(bid.auction_id).await?;
        if refused.code() == Some(ErrorCode::RulesChanged) {
            tell_rules(ctx, &lot);
        }
        // That one was refused for good; the next is another bid.
        bid.bid_id = new_bid_id();
    }
}

/// Whether the lot was not as it was shown.
fn is_otherwise(error: &Error) -> bool {
    matches!(error.code(), Some(ErrorCode::BidTooLow | ErrorCode::RulesChanged))
}

/// The rules as they are now.
fn tell_rules(ctx: &Context, lot: &Auction) {
    ctx.out.note(format!("The rules of {} are now:", lot.title));
    ctx.out.note(format!("  {:<15}{}", "format", word(&lot.status.format).replace('_', " ")));
    for (name, text) in rules_fields(&lot.rules) {
        ctx.out.note(format!("  {name:<15}{text}"));
    }
}

fn offered(lot: &Auction) -> Result<Money, Failure> {
    match (lot.status.status, lot.status.next_minimum) {
        (AuctionStatus::Live, Some(least)) => Ok(least),
        (AuctionStatus::Live, None) if lot.status.format == Format::English => {
            Err(Failure::Refused("Nothing above its price can be bid any more.".to_owned()))
        }
        (AuctionStatus::Live, None) => {
            Err(Failure::usage("What others bid on this lot is sealed; say what you bid with --amount."))
        }
        (status, _) => Err(Failure::Refused(format!("The auction is {}.", word(&status)))),
    }
}

/// The question before a bid that may be a slip.
fn doubt(lot: &Auction, bid: &BidRequest) -> Option<String> {
    let least = lot.status.next_minimum.unwrap_or(lot.rules.starting_price);
    let (offer, what) = match bid {
        BidRequest { amount: Some(amount), .. } => (*amount, "Bid it"),
        BidRequest { max: Some(max), .. } => (*max, "Bid up to it"),
        _ => (lot.status.buy_now?, "Take it at that"),
    };
    let times = possible_slip(offer, least)?;
    Some(format!("{offer} is {times} times the least that {} takes, {least}. {what}?", lot.title))
}

/// Bids what was said. Under rules that nobody has seen it is asked about, where somebody can be.
async fn place(ctx: &Context, client: &Client, mut bid: BidRequest) -> Result<(), Failure> {
    loop {
        let changed = match client.auctions().bid(&bid).await {
            Err(error) if error.code() == Some(ErrorCode::RulesChanged) => error,
            outcome => return tell(ctx, client, &bid, outcome).await,
        };
        let lot = client.auctions().get(bid.auction_id).await?;
        tell_rules(ctx, &lot);
        if ctx.says_yes() || !ctx.may_ask() {
            return Err(changed.into());
        }
        ctx.out.note(format!("{changed}"));
        ctx.confirm(&question(&lot, &bid))?;
        (bid.bid_id, bid.rules_hash) = (new_bid_id(), Some(shown_rules(&lot)?));
    }
}

/// Whether to bid the same under other rules.
fn question(lot: &Auction, bid: &BidRequest) -> String {
    let offer = match bid {
        BidRequest { amount: Some(amount), .. } => format!("Bid {amount}"),
        BidRequest { max: Some(max), .. } => format!("Bid up to {max}"),
        _ => lot.rules.buy_now_price.map_or_else(|| "Buy it now".to_owned(), |price| format!("Buy it now at {price}")),
    };
    let slip = doubt(lot, bid).map(|doubt| format!(" {doubt}")).unwrap_or_default();
    format!("{offer} under these rules?{slip}")
}

async fn tell(
    ctx: &Context,
    client: &Client,
    bid: &BidRequest,
    outcome: Result<BidAnswer, Error>,
) -> Result<(), Failure> {
    let error = match outcome {
        Ok(answer) => return show(ctx, &answer),
        Err(error) => error,
    };
    let id = bid.bid_id;
    if let Error::Untrue { answer, .. } = &error {
        doubted(ctx, client, answer).await;
    } else if error.retry_kind() != RetryKind::Never {
        ctx.out.note(format!("Whether it counted is not known. Send it again with --bid-id {id}: that counts once."));
    }
    Err(error.into())
}

/// Says what is known of an answer that the house can't be held to, and keeps it as evidence.
async fn doubted(ctx: &Context, client: &Client, answer: &BidAnswer) {
    let BidAnswer { receipt, outcome, price, bid_id, .. } = answer;
    // The keys are most likely what it is about, if the house was met before; that they can't be had now is
    // not.
    let is_met = ctx.evidence().pins().is_ok_and(|pins| pins.houses.contains_key(&receipt.origin));
    if is_met && let Err(failure) = meeting::meet(ctx, client, &receipt.origin).await {
        ctx.out.note(failure.to_string());
    }
    let price = price.map(|price| format!(" at {price}")).unwrap_or_default();
    let kept = match ctx.evidence().keep_doubted(receipt) {
        Ok(found) => format!("What it gave for that is kept as evidence in {}.", found.file.display()),
        Err(failure) => failure.to_string(),
    };
    ctx.out.note(format!(
        "WARNING: the house answered {}{price}, and can't be held to it. {kept} The bid may stand all the same; once \
         that is cleared up, send it again with --bid-id {bid_id}: that counts once.",
        word(outcome)
    ));
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
            ("signed by", format!("the house {:?}, key {}", answer.receipt.origin, answer.receipt.key_id)),
        ];
        if answer.replayed {
            fields.push(("replayed", "yes, this bid was accepted before".to_owned()));
        }
        fields
    })
}
