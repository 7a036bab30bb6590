//! `blytz auctions`: lots, from the rules to the proof.

mod item;
mod log;
mod past;
mod rules;
mod view;
mod watch;

use blytz_client::{
    AuctionQuery, Client,
    wire::auction::{AuctionInput, AuctionStatus, AuctionUpdate, VoidRequest},
};
use blytz_core::{AuctionId, BidId, ProductId, StreamId, Timestamp, UserId};
use clap::Subcommand;
use uuid::Uuid;

pub use self::view::{rules_fields, show_page};
use self::{item::ItemArgs, log::ExportFormat, rules::RulesArgs, view::show};
use crate::{
    context::Context,
    error::Failure,
    output::or_dash,
    values::{Paging, checked, moment, words},
};

/// Run and follow auctions.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz auctions list --status live
  blytz auctions create --product PRODUCT --starting-price 10.00 --duration 60s
  blytz auctions start LOT
  blytz auctions watch LOT
  blytz auctions export LOT proof.json
")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List auctions
    #[command(
        before_help = "Examples:\n  blytz auctions list --status live\n  blytz auctions list --show SHOW --all --output json\n"
    )]
    List(ListArgs),
    /// Show one auction
    #[command(before_help = "Examples:\n  blytz auctions get 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77\n")]
    Get {
        /// The auction's id
        auction: AuctionId,
    },
    /// Show where an auction stands
    #[command(before_help = "Examples:\n  blytz auctions status LOT\n  blytz auctions status LOT --output json\n")]
    Status {
        /// The auction's id
        auction: AuctionId,
    },
    /// Show where you stand in an auction
    #[command(before_help = "Examples:\n  blytz auctions me LOT\n")]
    Me {
        /// The auction's id
        auction: AuctionId,
    },
    /// Make an auction; for sellers
    #[command(before_help = "\
Examples:
  blytz auctions create --product PRODUCT --starting-price 10.00 --duration 60s
  blytz auctions create --product PRODUCT --starting-price 10 --increment ebay --soft-close none
  blytz auctions create --product PRODUCT --starting-price 99 --format dutch --dutch-step 1 \\
    --dutch-floor 20
  blytz auctions create --product PRODUCT --starting-price 10 --condition 'worn, a chip at the rim'
  blytz auctions create --product PRODUCT --rules rules.json --show SHOW
")]
    Create(Box<CreateArgs>),
    /// Open an auction now
    #[command(before_help = "Examples:\n  blytz auctions start 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77\n")]
    Start {
        /// The auction's id
        auction: AuctionId,
    },
    /// Change an auction before its first bid
    #[command(
        before_help = "Examples:\n  blytz auctions amend LOT --title 'Another title'\n  blytz auctions amend LOT --condition 'as new' --clear weight-g\n  blytz auctions amend LOT --rules rules.json\n"
    )]
    Amend(AmendArgs),
    /// Call an auction off: sellers until the first bid, then admins
    #[command(before_help = "Examples:\n  blytz auctions cancel LOT --reason 'damaged in storage' --yes\n")]
    Cancel {
        /// The auction's id
        auction: AuctionId,
        /// Why; everybody sees it
        #[arg(long)]
        reason: String,
    },
    /// Strike a bid and every later one of the same bidder
    #[command(
        before_help = "Examples:\n  blytz auctions void LOT BID --reason 'not as promised' --yes\n  blytz auctions void LOT BID --reason 'a zero too many, by their word' --no-block --yes\n"
    )]
    Void {
        /// The auction's id
        auction: AuctionId,
        /// The bid's id, as `blytz auctions events` shows it
        bid: BidId,
        /// Whose bid; needed only when several bidders used the same id
        #[arg(long, value_name = "USER")]
        bidder: Option<UserId>,
        /// Let them bid on in this auction: it was a slip of the finger
        #[arg(long)]
        no_block: bool,
        /// Why; everybody sees it
        #[arg(long)]
        reason: String,
    },
    /// Print an auction's log
    #[command(
        before_help = "Examples:\n  blytz auctions events LOT\n  blytz auctions events LOT --after 17 --output json\n"
    )]
    Events {
        /// The auction's id
        auction: AuctionId,
        /// Only what came after this seq
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        after: u64,
        /// At most this many, 1 to 100 [default: all]
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Save the proof of a finished auction, or its log
    #[command(
        before_help = "Examples:\n  blytz auctions export LOT proof.json\n  blytz auctions export LOT --as csv > bids.csv\n  blytz auctions export LOT --as log | jq .kind\n"
    )]
    Export {
        /// The auction's id
        auction: AuctionId,
        /// The file; `-` for stdout
        #[arg(default_value = "-")]
        file: String,
        /// What to save: proof (all that `blytz verify` needs), log (as it stands, a JSON document
        /// a line) or csv (the log for a spreadsheet)
        #[arg(long = "as", value_enum, value_name = "WHAT", default_value_t, hide_possible_values = true)]
        format: ExportFormat,
    },
    /// Follow auctions live until they end
    ///
    /// What arrives must go on from what was seen and from what the house signed for your bids; a log
    /// with another past is cried out, and ends it with exit code 1.
    #[command(
        before_help = "Examples:\n  blytz auctions watch LOT\n  blytz auctions watch LOT LOT --output json | jq .event.kind\n  blytz auctions watch --show SHOW\n"
    )]
    Watch {
        /// The auctions' ids
        #[arg(required_unless_present = "show")]
        auctions: Vec<AuctionId>,
        /// All lots of this show
        #[arg(long, value_name = "SHOW")]
        show: Option<StreamId>,
    },
    /// List whom you have blocked from your lots; for sellers
    #[command(before_help = "Examples:\n  blytz auctions blocked\n")]
    Blocked,
    /// Keep somebody from bidding on your lots
    #[command(before_help = "Examples:\n  blytz auctions block USER\n")]
    Block {
        /// The user's id
        user: UserId,
    },
    /// Let somebody bid on your lots again, or on one lot after a void there
    #[command(
        override_usage = "blytz auctions unblock [OPTIONS] [LOT] <USER>",
        before_help = "Examples:\n  blytz auctions unblock USER\n  blytz auctions unblock LOT USER\n"
    )]
    Unblock {
        /// The auction's id, to take back what a void did there; and the user's id
        #[arg(required = true, num_args = 1..=2, value_names = ["LOT", "USER"])]
        ids: Vec<Uuid>,
    },
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// In this state
    #[arg(long, value_parser = words::<AuctionStatus>(&["scheduled", "live", "sold", "unsold", "cancelled"]))]
    status: Option<AuctionStatus>,
    /// In this show
    #[arg(long, value_name = "SHOW")]
    show: Option<StreamId>,
    /// Of this seller
    #[arg(long, value_name = "USER")]
    seller: Option<UserId>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What is sold: one unit of this product
    #[arg(long, value_name = "PRODUCT")]
    product: ProductId,
    /// What the lot is called [default: the product's title]
    #[arg(long)]
    title: Option<String>,
    /// In which of your shows
    #[arg(long, value_name = "SHOW")]
    show: Option<StreamId>,
    /// Opens by itself then
    #[arg(long, value_name = "TIME")]
    starts_at: Option<Timestamp>,
    #[command(flatten)]
    item: ItemArgs,
    #[command(flatten)]
    rules: RulesArgs,
}

#[derive(Debug, clap::Args)]
struct AmendArgs {
    /// The auction's id
    auction: AuctionId,
    /// What the lot is called
    #[arg(long)]
    title: Option<String>,
    /// Opens by itself then; `never` waits for `start`
    #[arg(long, value_name = "TIME")]
    starts_at: Option<String>,
    /// All the rules anew, as JSON; `-` for stdin
    #[arg(long, value_name = "FILE")]
    rules: Option<String>,
    #[command(flatten)]
    item: ItemArgs,
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let client = ctx.client().await?;
    let auctions = client.auctions();
    match args.command {
        Command::List(args) => list(ctx, &client, &args).await,
        Command::Get { auction } => show(ctx, &auctions.get(auction).await?),
        Command::Status { auction } => view::show_status(ctx, &auctions.status(auction).await?),
        Command::Me { auction } => me(ctx, &client, auction).await,
        Command::Create(args) => create(ctx, &client, *args).await,
        Command::Start { auction } => show(ctx, &auctions.start(auction).await?),
        Command::Amend(args) => amend(ctx, &client, args).await,
        Command::Cancel { auction, reason } => {
            ctx.confirm(&format!("Cancel auction {auction}?"))?;
            show(ctx, &auctions.cancel(auction, &reason).await?)
        }
        Command::Void { auction, bid, bidder, no_block, reason } => {
            let block = if no_block { "" } else { ", and block them in this auction" };
            ctx.confirm(&format!("Strike bid {bid} and every later one of its bidder{block}?"))?;
            let request = VoidRequest { bid_id: bid, bidder_id: bidder, block: no_block.then_some(false), reason };
            show(ctx, &auctions.void_as(auction, &checked(request)?).await?)
        }
        Command::Events { auction, after, limit } => log::events(ctx, &client, auction, after, limit).await,
        Command::Export { auction, file, format } => log::export(ctx, &client, auction, &file, format).await,
        Command::Watch { auctions, show } => watch::run(ctx, &client, auctions, show).await,
        Command::Blocked => ctx.out.page(&auctions.blocked().await?, ["id", "name", "since"], |blocked| {
            [blocked.user.id.to_string(), blocked.user.display_name.clone(), moment(blocked.blocked_at)]
        }),
        Command::Block { user } => Ok(auctions.block(user).await?),
        Command::Unblock { ids } => match ids[..] {
            [lot, user] => Ok(auctions.unblock_on(AuctionId(lot), UserId(user)).await?),
            [user, ..] => Ok(auctions.unblock(UserId(user)).await?),
            [] => Ok(()),
        },
    }
}

async fn list(ctx: &Context, client: &Client, args: &ListArgs) -> Result<(), Failure> {
    let page = args
        .paging
        .fetch(|cursor, limit| {
            let query =
                AuctionQuery { status: args.status, stream_id: args.show, seller_id: args.seller, cursor, limit };
            async move { client.auctions().list(&query).await }
        })
        .await?;
    show_page(ctx, &page)
}

async fn me(ctx: &Context, client: &Client, id: AuctionId) -> Result<(), Failure> {
    let standing = client.auctions().me(id).await?;
    ctx.out.record(&standing, || {
        vec![
            ("leading", standing.leading.to_string()),
            ("your max", or_dash(standing.max)),
            ("watching", standing.watching.to_string()),
        ]
    })
}

async fn create(ctx: &Context, client: &Client, args: CreateArgs) -> Result<(), Failure> {
    let rules = match args.rules.file()? {
        Some(rules) => rules,
        None => {
            let currency = match args.rules.currency {
                Some(currency) => currency,
                None => client.products().get(args.product).await?.price.currency,
            };
            args.rules.read(currency)?
        }
    };
    let input = AuctionInput {
        product_id: args.product,
        title: args.title,
        item: args.item.update(),
        stream_id: args.show,
        starts_at: args.starts_at,
        rules,
    };
    show(ctx, &client.auctions().create(&checked(input)?).await?)
}

async fn amend(ctx: &Context, client: &Client, args: AmendArgs) -> Result<(), Failure> {
    let starts_at = match args.starts_at.as_deref() {
        None => None,
        Some("never") => Some(None),
        Some(text) => {
            let at: Timestamp = text.parse().map_err(|error| Failure::usage(format!("--starts-at {text}: {error}")))?;
            Some(Some(at))
        }
    };
    let rules = args.rules.as_deref().map(rules::read_file).transpose()?;
    let update = AuctionUpdate { title: args.title, item: args.item.update(), starts_at, rules };
    if update == AuctionUpdate::default() {
        return Err(Failure::usage("Say what to change: --title, --starts-at, --rules, or what it says of its item."));
    }
    show(ctx, &client.auctions().amend(args.auction, &checked(update)?).await?)
}
