use blytz_client::{AuctionQuery, Client, LiveEvent, new_bid_id};
use blytz_client::wire::{auction::{AuctionStatus, BidRequest, EventData}, live::Channel};

async fn bid_once(server: &str, email: &str, password: &str) -> Result<(), blytz_client::Error> {
    let client = Client::builder(server).build()?;
    client.auth().login(email, password).await?;
    let open = AuctionQuery { status: Some(AuctionStatus::Live), ..AuctionQuery::default() };
    let page = client.auctions().list(&open).await?;
    // A sealed lot names no minimum: there every bidder has to know what it is worth.
    let Some(lot) = page.items.iter().find(|lot| lot.status.next_minimum.is_some()) else { return Ok(()) };
    let (auction_id, amount) = (lot.status.id, lot.status.next_minimum);

    let (live, mut events) = client.live().connect(); // reconnects and resumes by itself
    live.subscribe(Channel::Auction(auction_id));
    let rules_hash = Some(lot.rules_hash.clone()); // under these rules, and no others
    let bid = BidRequest { auction_id, bid_id: new_bid_id(), rules_hash, amount, max: None, buy_now: None };
    println!("{:?}", live.bid(bid).await?.outcome);
    while let Some(event) = events.recv().await {
        if let LiveEvent::Auction { entry, .. } = event {
            println!("#{} {:?}", entry.seq, entry.data);
            if let EventData::Closed { .. } = entry.data {
                break;
            }
        }
    }
    Ok(())
}
