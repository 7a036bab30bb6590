//! Auctions to be proved: what people do in them, step by step, and their logs.

use blytz_core::{
    AuctionId, BidId, Currency, Timestamp, UserId,
    auction::{
        Auction, BidKind, Book, Command, Event, Nonce, Outage, Rules, Sealed, Standing, log::Head, proof::Viewer,
        receipt::Signer,
    },
    wire::auction::{
        BelowReserve, Dutch, Format, Increment, IncrementRow, LogEntry, Proof, RulesInput, SoftClose, SoftCloseMode,
    },
};
use proptest::prelude::*;
use uuid::Uuid;

pub use crate::arena::myr;

pub const SELLER: u128 = 1;

pub fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

/// What somebody does, and how long after the last thing.
#[derive(Debug, Clone)]
pub struct Step {
    pub wait_ms: i64,
    pub action: Action,
}

#[derive(Debug, Clone)]
pub enum Action {
    Bid {
        bidder: u128,
        bid: BidKind,
    },
    /// A bid under the id of one of the bids so far.
    Copy {
        which: usize,
        bidder: u128,
        bid: BidKind,
    },
    /// Voids one of the bids so far.
    Void {
        which: usize,
    },
    /// The house was away, until this long ago.
    Resume {
        away_ms: i64,
        ago_ms: i64,
    },
    Amend {
        rules: RulesInput,
    },
}

/// An auction run to its end: its log with the sealed parts.
pub struct Run {
    pub auction_id: AuctionId,
    pub log: Vec<(LogEntry, Option<Sealed>)>,
    pub signer: Signer,
}

impl Run {
    pub fn proof(&self, viewer: Viewer) -> Proof {
        let (last, _) = self.log.last().expect("a log");
        let head = Head { auction_id: self.auction_id, seq: last.seq, hash: last.hash.clone() };
        let receipt = self.signer.sign(&head);
        Proof::assemble(self.auction_id, &self.log, vec![self.signer.public()], Some(receipt), viewer)
            .expect("the auction is over")
    }
}

/// Runs an auction: nonces and ids count up, the clock moves as told.
pub fn run(rules: &RulesInput, steps: &[Step]) -> Run {
    let auction_id = AuctionId(Uuid::from_u128(0xac));
    let mut nonces = (1..=u8::MAX).cycle().map(|byte| Nonce::from_bytes([byte; 32]));
    let mut nonce = || nonces.next().expect("they never end");
    let mut now = Timestamp::from_micros(1_700_000_000_000_000);
    let stated = Rules::try_from(rules).expect("valid rules");
    let product = Uuid::from_u128(0x9d).into();
    let (mut auction, first) = Auction::schedule(now, auction_id, user(SELLER), product, None, stated, nonce());
    let mut events = vec![first];
    let mut bids = Vec::new();

    for (number, step) in steps.iter().enumerate() {
        if number == 1 {
            // Something may be amended before the opening.
            events.extend(auction.handle(now, Command::Open).expect("it was not open"));
        }
        now = now.plus_millis(step.wait_ms);
        if !matches!(step.action, Action::Resume { .. }) {
            // Nobody was there to do it in time.
            events.extend(auction.handle(now, Command::Tick).expect("a tick is never refused"));
        }
        let command = match &step.action {
            Action::Bid { bidder, bid } => {
                let bid_id = BidId(Uuid::from_u128(0xb1d_0000 + number as u128));
                bids.push((bid_id, user(*bidder)));
                Command::Bid { bidder: user(*bidder), bid_id, bid: *bid, standing: Standing::default(), nonce: nonce() }
            }
            Action::Copy { which, bidder, bid } => {
                let bidder = user(*bidder);
                let Some((bid_id, _)) = bids.get(which % bids.len().max(1)).copied() else { continue };
                // The same id of the same bidder is the same bid, and never gets to the auction.
                if bids.contains(&(bid_id, bidder)) {
                    continue;
                }
                bids.push((bid_id, bidder));
                Command::Bid { bidder, bid_id, bid: *bid, standing: Standing::default(), nonce: nonce() }
            }
            Action::Void { which } => {
                let Some((bid_id, bidder)) = bids.get(which % bids.len().max(1)).copied() else { continue };
                // What was refused can't fall, nor what has fallen.
                let falls = Book::of(&events).falls(&auction, bid_id, Some(bidder), usize::MAX).unwrap_or_default();
                let Some(fall) = falls.into_iter().next() else { continue };
                Command::Void { fall, reason: "not a real bidder".to_owned() }
            }
            Action::Resume { away_ms, ago_ms } => {
                let to = now.plus_millis(-ago_ms);
                Command::Resume(Outage { from: to.plus_millis(-away_ms), to })
            }
            Action::Amend { rules } => {
                let rules = Rules::try_from(rules).expect("valid rules");
                Command::Amend { rules, starts_at: None, reserve_nonce: nonce() }
            }
        };
        // What is refused leaves no trace.
        events.extend(auction.handle(now, command).unwrap_or_default());
    }
    while !auction.is_over() {
        let command = if auction.closes_at().is_none() { Command::Open } else { Command::Tick };
        now = auction.poll_timeout().unwrap_or(now).max(now);
        events.extend(auction.handle(now, command).expect("it opens and closes"));
    }
    Run { auction_id, log: seal(auction_id, events), signer: Signer::from_seed("k1".to_owned(), [9; 32]) }
}

pub fn seal(auction_id: AuctionId, events: Vec<Event>) -> Vec<(LogEntry, Option<Sealed>)> {
    let mut head = Head::empty(auction_id);
    events.into_iter().map(|event| (head.append(&event), event.sealed)).collect()
}

pub fn english() -> RulesInput {
    RulesInput {
        format: Format::English,
        currency: Currency::MYR,
        starting_price: myr(100),
        reserve_price: None,
        buy_now_price: None,
        increment: Some(Increment::Table(vec![
            IncrementRow { from: 0, step: 10 },
            IncrementRow { from: 200, step: 25 },
            IncrementRow { from: 400, step: 50 },
        ])),
        duration_ms: 60_000,
        below_reserve: None,
        soft_close: None,
        dutch: None,
    }
}

pub fn any_rules() -> impl Strategy<Value = RulesInput> {
    let any_english = (
        proptest::option::of(100..500_i64),
        proptest::option::of(500..900_i64),
        any::<bool>(),
        proptest::option::of((any::<bool>(), proptest::option::of(0..30_000_i64))),
        any::<bool>(),
    )
        .prop_map(|(reserve, buy_now, full, soft_close, fixed)| {
            let mut rules = RulesInput {
                reserve_price: reserve.map(myr),
                buy_now_price: buy_now.map(myr),
                below_reserve: Some(if full { BelowReserve::Full } else { BelowReserve::Proxy }),
                soft_close: soft_close.map(|(add, max_total_ms)| SoftClose {
                    trigger_ms: 20_000,
                    extend_ms: 10_000,
                    mode: if add { SoftCloseMode::Add } else { SoftCloseMode::Reset },
                    max_total_ms,
                }),
                ..english()
            };
            if fixed {
                rules.increment = Some(Increment::Fixed(7));
            }
            rules
        });
    let plain = |format| RulesInput { format, increment: None, ..english() };
    let dutch = Just(RulesInput {
        starting_price: myr(900),
        dutch: Some(Dutch { step: 10, interval_ms: 1_000, floor: myr(50) }),
        ..plain(Format::Dutch)
    });
    let sealed = (any::<bool>(), proptest::option::of(100..500_i64)).prop_map(move |(second, reserve)| RulesInput {
        reserve_price: reserve.map(myr),
        ..plain(if second { Format::SealedSecondPrice } else { Format::SealedFirstPrice })
    });
    prop_oneof![6 => any_english, 1 => dutch, 2 => sealed]
}

pub fn any_step() -> impl Strategy<Value = Step> {
    let bid = prop_oneof![
        4 => (50..1_000_i64).prop_map(|max| BidKind::Max(myr(max))),
        4 => (50..1_000_i64).prop_map(|amount| BidKind::Exact(myr(amount))),
        1 => Just(BidKind::BuyNow),
    ];
    let action = prop_oneof![
        12 => (2..6_u128, bid.clone()).prop_map(|(bidder, bid)| Action::Bid { bidder, bid }),
        4 => (0..30_usize, 2..6_u128, bid).prop_map(|(which, bidder, bid)| Action::Copy { which, bidder, bid }),
        2 => (0..30_usize).prop_map(|which| Action::Void { which }),
        2 => (0..40_000_i64, prop_oneof![Just(0), 0..20_000_i64])
            .prop_map(|(away_ms, ago_ms)| Action::Resume { away_ms, ago_ms }),
    ];
    (0..6_000_i64, action).prop_map(|(wait_ms, action)| Step { wait_ms, action })
}

/// Bids close to each other, often voided.
pub fn any_contest() -> impl Strategy<Value = Step> {
    let bid = prop_oneof![
        4 => (10..50_i64).prop_map(|max| BidKind::Max(myr(max * 15))),
        1 => (10..50_i64).prop_map(|amount| BidKind::Exact(myr(amount * 15))),
    ];
    let action = prop_oneof![
        2 => (2..9_u128, bid.clone()).prop_map(|(bidder, bid)| Action::Bid { bidder, bid }),
        1 => (0..16_usize, 2..9_u128, bid).prop_map(|(which, bidder, bid)| Action::Copy { which, bidder, bid }),
        1 => (0..16_usize).prop_map(|which| Action::Void { which }),
    ];
    action.prop_map(|action| Step { wait_ms: 1_000, action })
}

/// Any auction, sometimes amended before it opens.
pub fn any_run() -> impl Strategy<Value = Run> {
    let steps = proptest::collection::vec(any_step(), 0..30);
    (any_rules(), proptest::option::of(any_rules()), steps).prop_map(|(rules, amended, mut steps)| {
        if let Some(rules) = amended {
            steps.insert(0, Step { wait_ms: 5, action: Action::Amend { rules } });
        }
        run(&rules, &steps)
    })
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let proof = serde_json::to_string_pretty(&self.proof(Viewer::Admin)).map_err(|_| std::fmt::Error)?;
        f.write_str(&proof)
    }
}

pub fn bid(bidder: u128, bid: BidKind) -> Step {
    Step { wait_ms: 1_000, action: Action::Bid { bidder, bid } }
}

pub fn max(bidder: u128, amount: i64) -> Step {
    bid(bidder, BidKind::Max(myr(amount)))
}

pub fn exact(bidder: u128, amount: i64) -> Step {
    bid(bidder, BidKind::Exact(myr(amount)))
}

pub fn copy(which: usize, bidder: u128, bid: BidKind) -> Step {
    Step { wait_ms: 1_000, action: Action::Copy { which, bidder, bid } }
}

pub fn void(which: usize) -> Step {
    Step { wait_ms: 1_000, action: Action::Void { which } }
}
