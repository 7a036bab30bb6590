//! An auction without any server: two bidders, a proxy, a late bid that moves the close.

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, Timestamp, UserId,
    auction::{Auction, Bid, BidKind, Command, Consignment, Nonce, Rules, Standing, item_hash, receipt::House},
    id::uuid_v7,
    wire::auction::Item,
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
    let (title, description) = ("Blue vase".to_owned(), "Thrown by hand, 24 cm".to_owned());
    let vase = Item { title, description, images: Vec::new(), weight_g: Some(900), condition: None };
    let consignment = Consignment {
        house: House { origin: "shop.example".to_owned(), epoch: Epoch(id(6)) },
        seller_id: seller,
        product_id: ProductId(id(5)),
        starts_at: None,
        item_hash: item_hash(&vase),
    };
    let (mut lot, _) = Auction::schedule(noon, AuctionId(id(4)), consignment, rules, nonce);
    lot.handle(noon, Command::Open)?;

    let ringgit = |amount: i64| Money::new(amount * 100, Currency::MYR);
    let bids = [
        (10, ana, BidKind::Max(ringgit(80))),
        (20, ben, BidKind::Exact(ringgit(45))),
        (55, ben, BidKind::Max(ringgit(120))),
    ];
    for (number, (second, bidder, kind)) in (10..).zip(bids) {
        let (bid_id, rules_hash) = (BidId(id(number)), Some(lot.rules_hash().to_owned()));
        let bid = Bid { bidder, bid_id, kind, rules_hash, standing: Standing::default(), nonce };
        for event in lot.handle(noon.plus_millis(second * 1_000), Command::Bid(bid))? {
            println!("{}  {}", event.at, serde_json::to_string(&event.data)?);
        }
    }

    let close = lot.poll_timeout().ok_or("it is live")?;
    lot.handle(close, Command::Tick)?;
    let state = lot.public(close);
    println!("{:?} at {}", state.status, state.price.map_or_else(String::new, |price| price.to_string()));
    Ok(())
}
