use blytz_core::{AuctionId, BidId, ProductId, Timestamp, UserId, auction::*, id::uuid_v7};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let noon: Timestamp = "2026-11-22T12:00:00Z".parse()?;
    let id = |number| uuid_v7(noon, [number; 10]); // draw real ids and nonces at random
    let rules: Rules = serde_json::from_str(
        r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
            "increment": {"named": "whatnot"}, "duration_ms": 60000}"#,
    )?;
    let (nonce, max) = (Nonce::from_bytes([0; 32]), BidKind::Max(rules.money(8000)));
    let (mut lot, _) =
        Auction::schedule(noon, AuctionId(id(1)), UserId(id(2)), ProductId(id(3)), None, rules, nonce);
    lot.handle(noon, Command::Open)?;
    let (bidder, bid_id, standing) = (UserId(id(4)), BidId(id(5)), Standing::default());
    for event in lot.handle(noon.plus_millis(10), Command::Bid { bidder, bid_id, bid: max, standing, nonce })? {
        println!("{}  {}", event.at, serde_json::to_string(&event.data)?);
    }
    Ok(())
}
