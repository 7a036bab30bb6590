//! Watches an auction from the terminal, over restarts of the server and of the network.
//!
//! ```text
//! cargo run -p blytz-client --example watch -- http://127.0.0.1:8080 [AUCTION_ID]
//! ```
//!
//! Without an id it picks a live lot. It ends when the hammer falls.

use anyhow::Context;
use blytz_client::{
    AuctionQuery, Client, ConnectionState, LiveEvent,
    core::{AuctionId, Money},
    wire::{
        auction::{AuctionStatus, EventData, LogEntry},
        live::Channel,
    },
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let server = args.next().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let client = Client::builder(server).build()?;
    let id = match args.next() {
        Some(id) => id.parse()?,
        None => a_live_lot(&client).await?,
    };

    let (live, mut events) = client.live().connect();
    live.subscribe(Channel::Auction(id));
    while let Some(event) = events.recv().await {
        match event {
            LiveEvent::AuctionState { status, resynced, .. } => {
                let how = if resynced { "resynced" } else { "watching" };
                println!("{how}: {:?} at {}, {} bids", status.status, price(status.price), status.bid_count);
                if !matches!(status.status, AuctionStatus::Scheduled | AuctionStatus::Live) {
                    live.close();
                }
            }
            LiveEvent::Auction { entry, .. } => {
                println!("{}", line(&entry));
                if matches!(entry.data, EventData::Closed { .. } | EventData::Cancelled { .. }) {
                    live.close();
                }
            }
            LiveEvent::Fork(fork) => return Err(fork.into()),
            LiveEvent::SubscribeRefused { error, .. } => return Err(error.into()),
            LiveEvent::State(ConnectionState::Reconnecting { wait, cause, .. }) => {
                eprintln!("connection lost ({cause}); again in {} ms", wait.as_millis());
            }
            _ => {}
        }
    }
    Ok(())
}

async fn a_live_lot(client: &Client) -> anyhow::Result<AuctionId> {
    let live = AuctionQuery { status: Some(AuctionStatus::Live), limit: Some(1), ..Default::default() };
    let page = client.auctions().list(&live).await?;
    let lot = page.items.first().context("no lot is live; name an auction")?;
    println!("{} ({})", lot.title, lot.status.id);
    Ok(lot.status.id)
}

fn line(entry: &LogEntry) -> String {
    let what = match &entry.data {
        EventData::Scheduled { .. } => "scheduled".to_owned(),
        EventData::Amended { .. } => "the rules were changed".to_owned(),
        EventData::Opened { closes_at, .. } => format!("opened until {closes_at}"),
        EventData::Bid { price: now, outcome, bid_count, .. } => {
            format!("bid {bid_count}: {} ({outcome:?})", price(*now))
        }
        EventData::MaxRaised { price: now, .. } => format!("the leader raised; {}", price(*now)),
        EventData::ReserveMet { price: now } => format!("reserve met at {}", price(Some(*now))),
        EventData::Voided { price: now, .. } => format!("a bid was voided; {}", price(*now)),
        EventData::Unblocked { .. } => "a bidder may bid again".to_owned(),
        EventData::Extended { closes_at, .. } => format!("extended to {closes_at}"),
        EventData::Closed { status, price: hammer, .. } => format!("{status:?} at {}", price(*hammer)),
        EventData::Cancelled { reason } => format!("cancelled: {reason:?}"),
    };
    format!("#{:<4} {}  {what}", entry.seq, entry.at)
}

fn price(price: Option<Money>) -> String {
    price.map_or_else(|| "no price".to_owned(), |price| price.to_string())
}
