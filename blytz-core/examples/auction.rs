//! An auction without any server: two bidders, a proxy, a late bid that moves the close.

use blytz_core::{
    AuctionId, BidId, Currency, Money, ProductId, Timestamp, UserId,
    auction::{Auction, BidKind, Command, Nonce, Rules, Standing},
    id::uuid_v7,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let noon: Timestamp = "2026-11-22T12:00:00Z".parse()?;
    let id = |number| uuid_v7(noon, [number; 10]); // real ones are drawn at random, as nonces are
    let (ana, ben, seller) = (UserId(id(1)), UserId(id(2)), UserId(id(3)));
    let rules: Rules = serde_json::from_str(
        r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
            "increment": {"named": "whatnot"}, "duration_ms": 60000,
            "soft_close": {"trigger_ms": 10000, "extend_ms": 10000, "mode": "reset"}}"#,
    )?;
    let nonce = Nonce::from_bytes([0; 32]);
    let (mut lot, _) = Auction::schedule(noon, AuctionId(id(4)), seller, ProductId(id(5)), None, rules, nonce);
    lot.handle(noon, Command::Open)?;

    let ringgit = |amount: i64| Money::new(amount * 100, Currency::MYR);
    let bids = [
        (10, ana, BidKind::Max(ringgit(80))),
        (20, ben, BidKind::Exact(ringgit(45))),
        (55, ben, BidKind::Max(ringgit(120))),
    ];
    for (number, (second, bidder, bid)) in (10..).zip(bids) {
        let bid_id = BidId(id(number));
        let command = Command::Bid { bidder, bid_id, bid, standing: Standing::default(), nonce };
        for event in lot.handle(noon.plus_millis(second * 1_000), command)? {
            println!("{}  {}", event.at, serde_json::to_string(&event.data)?);
        }
    }

    let close = lot.poll_timeout().ok_or("it is live")?;
    lot.handle(close, Command::Tick)?;
    let state = lot.public(close);
    println!("{:?} at {}", state.status, state.price.map_or_else(String::new, |price| price.to_string()));
    Ok(())
}
