//! What one bid costs before the disk: deciding it, sealing its event into the log, and the
//! signature that a whole batch shares. Read them as ratios; machines differ.

use blytz_core::{
    AuctionId, BidId, Currency, Money, ProductId, Timestamp, UserId,
    auction::{Auction, BidKind, Command, Nonce, Rules, Standing, log::Head, receipt::Signer},
    id::uuid_v7,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const OPEN: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);

fn id(number: u8) -> uuid::Uuid {
    uuid_v7(OPEN, [number; 10])
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
    let (mut lot, _) = Auction::schedule(OPEN, AuctionId(id(1)), UserId(id(2)), ProductId(id(3)), None, rules, nonce);
    lot.handle(OPEN, Command::Open).expect("it opens");
    lot.handle(OPEN.plus_millis(1), bid(4, BidKind::Max(Money::new(5_000, Currency::MYR)))).expect("it leads");
    lot
}

fn bid(bidder: u8, bid: BidKind) -> Command {
    Command::Bid {
        bidder: UserId(id(bidder)),
        bid_id: BidId(id(bidder)),
        bid,
        standing: Standing::default(),
        nonce: Nonce::from_bytes([bidder; 32]),
    }
}

fn costs(criterion: &mut Criterion) {
    let lot = lot();
    let rival = || bid(5, BidKind::Max(Money::new(9_000, Currency::MYR)));
    let events = lot.clone().handle(OPEN.plus_millis(2), rival()).expect("it leads");
    let signer = Signer::from_seed("bench".to_owned(), [7; 32]);
    let head = Head::empty(lot.id());

    criterion.bench_function("decide a bid", |bencher| {
        let decide = |mut lot: Auction| lot.handle(OPEN.plus_millis(2), rival());
        bencher.iter_batched(|| lot.clone(), decide, BatchSize::SmallInput);
    });
    criterion.bench_function("seal an event", |bencher| {
        bencher.iter_batched(|| head.clone(), |mut head| head.append(&events[0]), BatchSize::SmallInput);
    });
    criterion.bench_function("sign a head", |bencher| bencher.iter(|| signer.sign(&head)));
}

criterion_group!(benches, costs);
criterion_main!(benches);
