//! `blytz shows`: sellers' live shows and their queues of lots.

use blytz_client::{
    Client, StreamQuery,
    wire::stream::{Stream, StreamInput, StreamStatus},
};
use blytz_core::{AuctionId, StreamId, Timestamp, UserId};
use clap::Subcommand;

use crate::{
    cmd::auctions,
    context::Context,
    error::Failure,
    output::{or_dash, word},
    values::{Paging, checked, moment, words},
};

/// Run live shows.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  blytz shows list --status live
  blytz shows create --title 'Friday cards'
  blytz shows lots SHOW --set LOT --set LOT
  blytz shows start SHOW
")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List shows
    #[command(before_help = "Examples:\n  blytz shows list\n  blytz shows list --status live --output json\n")]
    List {
        /// In this state
        #[arg(long, value_parser = words::<StreamStatus>(&["scheduled", "live", "ended"]))]
        status: Option<StreamStatus>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one show
    #[command(before_help = "Examples:\n  blytz shows get 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77\n")]
    Get {
        /// The show's id
        show: StreamId,
    },
    /// Announce a show; for sellers
    #[command(
        before_help = "Examples:\n  blytz shows create --title 'Friday cards'\n  blytz shows create --title 'Friday cards' --starts-at 2026-11-27T12:00:00Z\n"
    )]
    Create {
        /// What it is called
        #[arg(long)]
        title: String,
        /// When it is announced for
        #[arg(long, value_name = "TIME")]
        starts_at: Option<Timestamp>,
    },
    /// Go live
    #[command(before_help = "Examples:\n  blytz shows start 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77\n")]
    Start {
        /// The show's id
        show: StreamId,
    },
    /// End a show; not while a lot is live
    #[command(before_help = "Examples:\n  blytz shows end 0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77 --yes\n")]
    End {
        /// The show's id
        show: StreamId,
    },
    /// Show or set the queue of lots
    #[command(
        before_help = "Examples:\n  blytz shows lots SHOW\n  blytz shows lots SHOW --set LOT --set LOT\n  blytz shows lots SHOW --clear\n"
    )]
    Lots {
        /// The show's id
        show: StreamId,
        /// The queue from now on, in this order
        #[arg(long, value_name = "LOT")]
        set: Vec<AuctionId>,
        /// No lots from now on
        #[arg(long, conflicts_with = "set")]
        clear: bool,
    },
    /// Say who moderates the chat besides its seller
    #[command(
        before_help = "Examples:\n  blytz shows moderators SHOW --add USER\n  blytz shows moderators SHOW --remove USER\n"
    )]
    Moderators {
        /// The show's id
        show: StreamId,
        /// This user moderates from now on
        #[arg(long, value_name = "USER", required_unless_present = "remove")]
        add: Vec<UserId>,
        /// This user moderates no longer
        #[arg(long, value_name = "USER")]
        remove: Vec<UserId>,
    },
}

pub async fn run(ctx: &Context, args: Args) -> Result<(), Failure> {
    let client = ctx.client().await?;
    let shows = client.streams();
    match args.command {
        Command::List { status, paging } => list(ctx, &client, status, &paging).await,
        Command::Get { show: id } => show(ctx, &shows.get(id).await?),
        Command::Create { title, starts_at } => {
            show(ctx, &shows.create(&checked(StreamInput { title, starts_at })?).await?)
        }
        Command::Start { show: id } => show(ctx, &shows.start(id).await?),
        Command::End { show: id } => {
            ctx.confirm(&format!("End the show {id}?"))?;
            show(ctx, &shows.end(id).await?)
        }
        Command::Lots { show: id, set, clear } => {
            if clear {
                ctx.confirm(&format!("Take every lot out of the queue of the show {id}?"))?;
            }
            let lots = if clear || !set.is_empty() { shows.set_lots(id, &set).await? } else { shows.lots(id).await? };
            auctions::show_page(ctx, &lots)
        }
        Command::Moderators { show: id, add, remove } => {
            for user in add {
                shows.add_moderator(id, user).await?;
                ctx.out.note(format!("{user} moderates."));
            }
            for user in remove {
                shows.remove_moderator(id, user).await?;
                ctx.out.note(format!("{user} moderates no longer."));
            }
            Ok(())
        }
    }
}

async fn list(ctx: &Context, client: &Client, status: Option<StreamStatus>, paging: &Paging) -> Result<(), Failure> {
    let page = paging
        .fetch(|cursor, limit| {
            let query = StreamQuery { status, cursor, limit, ..StreamQuery::default() };
            async move { client.streams().list(&query).await }
        })
        .await?;
    ctx.out.page(&page, ["id", "title", "seller", "status", "starts", "watchers"], |show| {
        [
            show.id.to_string(),
            show.title.clone(),
            show.seller.display_name.clone(),
            word(&show.status),
            or_dash(show.started_at.or(show.starts_at).map(moment)),
            show.watchers.to_string(),
        ]
    })
}

fn show(ctx: &Context, show: &Stream) -> Result<(), Failure> {
    ctx.out.record(show, || {
        vec![
            ("id", show.id.to_string()),
            ("title", show.title.clone()),
            ("seller", show.seller.display_name.clone()),
            ("status", word(&show.status)),
            ("announced for", or_dash(show.starts_at.map(moment))),
            ("started", or_dash(show.started_at.map(moment))),
            ("ended", or_dash(show.ended_at.map(moment))),
            ("watchers", show.watchers.to_string()),
        ]
    })
}
