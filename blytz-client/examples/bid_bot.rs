//! Bids the minimum whenever somebody else leads, up to a limit.
//!
//! ```text
//! BLYTZ_EMAIL=… BLYTZ_PASSWORD=… \
//!     cargo run -p blytz-client --example bid_bot -- http://127.0.0.1:8080 AUCTION_ID 12500
//! ```
//!
//! The limit is in minor units of the auction's currency (sen, cents). A single proxy bid with
//! `max` would do the same with one request; this shows how bids, refusals and events fit together.

use anyhow::Context;
use blytz_client::{
    Client, LiveEvent, LiveHandle, RetryKind,
    core::{AuctionId, Money, auction::PublicState},
    new_bid_id,
    wire::{
        ErrorCode,
        auction::{AuctionStatus, BidRequest, EventData},
        live::Channel,
    },
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let server = args.next().context("which server?")?;
    let id: AuctionId = args.next().context("which auction?")?.parse()?;
    let limit: i64 = args.next().context("up to how many minor units?")?.parse()?;

    let client = Client::builder(server).build()?;
    let email = setting("BLYTZ_EMAIL")?;
    let password = setting("BLYTZ_PASSWORD")?;
    let me = client.auth().login(&email, &password).await?.user.id;

    let (live, mut events) = client.live().connect();
    live.subscribe(Channel::Auction(id));
    let mut rules = client.auctions().get(id).await?.rules;
    let mut lot: Option<PublicState> = None;
    while let Some(event) = events.recv().await {
        match event {
            LiveEvent::AuctionState { status, .. } => lot = Some(PublicState::from(&status)),
            LiveEvent::Auction { entry, .. } => {
                rules = entry.data.rules().cloned().unwrap_or(rules);
                if let Some(lot) = &mut lot {
                    lot.apply(&rules, &entry.data);
                }
                if let EventData::Closed { winner, price, .. } = &entry.data {
                    let result = if *winner == Some(me) { "won" } else { "lost" };
                    println!("{result}, {}", price.map_or_else(|| "unsold".to_owned(), |price| price.to_string()));
                }
            }
            LiveEvent::SubscribeRefused { error, .. } => return Err(error.into()),
            _ => continue,
        }
        let Some(lot) = &lot else { continue };
        match lot.next_minimum {
            _ if lot.status != AuctionStatus::Live || lot.leader == Some(me) => {}
            Some(minimum) if minimum.amount > limit => {
                println!("{minimum} is above the limit");
                live.close();
            }
            Some(minimum) => bid(&live, id, minimum).await?,
            None => {}
        }
        if lot.status.is_over() {
            live.close();
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a password does not belong on the command line")]
fn setting(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

async fn bid(live: &LiveHandle, auction_id: AuctionId, amount: Money) -> anyhow::Result<()> {
    // One id per intention: the SDK keeps it through reconnects, so the bid counts once.
    let bid = BidRequest {
        auction_id,
        bid_id: new_bid_id(),
        rules_hash: None,
        amount: Some(amount),
        max: None,
        buy_now: None,
    };
    match live.bid(bid).await {
        Ok(answer) => println!("bid {amount}: {:?}", answer.outcome),
        // Somebody was faster; their event is on its way and says what to bid next.
        Err(error) if error.code() == Some(ErrorCode::BidTooLow) => println!("{amount} was too low"),
        Err(error) if matches!(error.code(), Some(ErrorCode::AuctionClosed | ErrorCode::AlreadyLeading)) => {}
        Err(error) if error.retry_kind() != RetryKind::Never => eprintln!("no answer yet: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
