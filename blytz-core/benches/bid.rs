//! What one bid costs before the disk: deciding it, sealing its event into the log, and the
//! signature that a whole batch shares. Read them as ratios; machines differ.

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, Timestamp, UserId,
    auction::{
        Auction, Bid, BidKind, Command, Consignment, Nonce, Rules, Standing,
        log::Head,
        receipt::{House, Leaf, Signer},
    },
    id::uuid_v7,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const OPEN: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);

fn id(number: u8) -> uuid::Uuid {
    uuid_v7(OPEN, [number; 10])
}

fn house() -> House {
    House { origin: "shop.example".to_owned(), epoch: Epoch(id(6)) }
}

/// A live lot with a leader.
fn lot() -> Auction {
    let rules = serde_json::json!({
        "format": "english", "currency": "MYR", "starting_price": {"amount": 100, "currency": "MYR"},
        "increment": {"named": "ebay"}, "duration_ms": 3_600_000,
        "soft_close": {"trigger_ms": 10_000, "extend_ms": 10_000, "mode": "reset"},
    });
    let rules: Rules = Rules::try_from(&serde_json::from_value(rules).expect("rules")).expect("valid rules");
    let nonce = Nonce::from_bytes([1; 32]);
    let consignment = Consignment {
        house: house(),
        seller_id: UserId(id(2)),
        product_id: ProductId(id(3)),
        starts_at: None,
        item_hash: "ab".repeat(32),
    };
    let (mut lot, _) = Auction::schedule(OPEN, AuctionId(id(1)), consignment, rules, nonce);
    lot.handle(OPEN, Command::Open).expect("it opens");
    lot.handle(OPEN.plus_millis(1), bid(4, BidKind::Max(Money::new(5_000, Currency::MYR)))).expect("it leads");
    lot
}

fn bid(bidder: u8, kind: BidKind) -> Command {
    Command::Bid(Bid {
        bidder: UserId(id(bidder)),
        bid_id: BidId(id(bidder)),
        kind,
        rules_hash: None,
        standing: Standing::default(),
        nonce: Nonce::from_bytes([bidder; 32]),
    })
}

fn costs(criterion: &mut Criterion) {
    let lot = lot();
    let rival = || bid(5, BidKind::Max(Money::new(9_000, Currency::MYR)));
    let events = lot.clone().handle(OPEN.plus_millis(2), rival()).expect("it leads");
    let signer = Signer::from_seed(house(), "bench".to_owned(), [7; 32], OPEN);
    let head = Head::empty(lot.id());
    let batch = |size| move |head: &Head| vec![Leaf::of_head(head); size];

    criterion.bench_function("decide a bid", |bencher| {
        let decide = |mut lot: Auction| lot.handle(OPEN.plus_millis(2), rival());
        bencher.iter_batched(|| lot.clone(), decide, BatchSize::SmallInput);
    });
    criterion.bench_function("seal an event", |bencher| {
        bencher.iter_batched(|| head.clone(), |mut head| head.append(&events[0]), BatchSize::SmallInput);
    });
    for size in [1, 500] {
        let leaves = batch(size);
        let name = format!("sign a commit of {size}");
        criterion.bench_function(&name, |bencher| bencher.iter(|| signer.seal(leaves(&head))));
    }
}

criterion_group!(benches, costs);
criterion_main!(benches);
