use blytz_core::{AuctionId, BidId, Epoch, ProductId, Timestamp, UserId, auction::*, id::uuid_v7};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let noon: Timestamp = "2026-11-22T12:00:00Z".parse()?;
    let id = |number| uuid_v7(noon, [number; 10]); // draw real ids and nonces at random
    let rules: Rules = serde_json::from_str(
        r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
            "increment": {"named": "whatnot"}, "duration_ms": 60000}"#,
    )?;
    let item = r#"{"title": "Blue teapot", "description": "", "images": [], "weight_g": 900}"#;
    let consignment = Consignment {
        house: receipt::House { origin: "shop.example".to_owned(), epoch: Epoch(id(1)) },
        seller_id: UserId(id(2)),
        product_id: ProductId(id(3)),
        starts_at: None,
        item_hash: item_hash(&serde_json::from_str(item)?),
    };
    let (nonce, max) = (Nonce::from_bytes([0; 32]), BidKind::Max(rules.money(8000)));
    let (mut lot, _) = Auction::schedule(noon, AuctionId(id(4)), consignment, rules, nonce);
    lot.handle(noon, Command::Open)?;
    let (bidder, bid_id, standing) = (UserId(id(5)), BidId(id(6)), Standing::default());
    let bid = Bid { bidder, bid_id, kind: max, rules_hash: None, standing, nonce };
    for event in lot.handle(noon.plus_millis(10), Command::Bid(bid))? {
        println!("{}  {}", event.at, serde_json::to_string(&event.data)?);
    }
    Ok(())
}
