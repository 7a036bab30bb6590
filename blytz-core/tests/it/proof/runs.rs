//! Auctions to be proved: what people do in them, step by step, and their logs.

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Timestamp, UserId,
    auction::{
        Auction, Bid, BidKind, Book, Command, Consignment, Event, Nonce, Outage, Rules, Sealed, Standing, item_hash,
        log::Head,
        proof::{Trust, TrustedKeys, Viewer},
        receipt::{House, Leaf, Signer},
    },
    wire::auction::{
        BelowReserve, Dutch, EventData, Format, Increment, IncrementRow, Item, LogEntry, Proof, Receipt, RulesInput,
        SoftClose, SoftCloseMode, VoidedBy,
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
        by: VoidedBy,
        block: bool,
    },
    /// Lets somebody bid again, whether a void blocked them or not.
    Unblock {
        bidder: u128,
    },
    /// The house was away, until this long ago.
    Resume {
        away_ms: i64,
        ago_ms: i64,
    },
    /// Before the first bid.
    Amend {
        rules: Box<RulesInput>,
        item: Option<Box<Item>>,
    },
    /// By an admin.
    Cancel,
}

/// An auction run to its end: its log with the sealed parts.
pub struct Run {
    pub auction_id: AuctionId,
    pub item: Item,
    pub log: Vec<(LogEntry, Option<Sealed>)>,
    pub signer: Signer,
}

pub const BEGINS: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

pub fn house() -> House {
    House { origin: "shop.example".to_owned(), epoch: Epoch(Uuid::from_u128(0xe0)) }
}

/// The house's key.
pub fn signer() -> Signer {
    Signer::from_seed(house(), "k1".to_owned(), [9; 32], BEGINS.plus_millis(-1_000))
}

pub fn vase() -> Item {
    let (title, description) = ("Blue vase".to_owned(), "Thrown by hand".to_owned());
    let images = vec!["https://img.example.com/vase.jpg".to_owned()];
    Item { title, description, images, weight_g: Some(900), condition: None }
}

impl Run {
    pub fn proof(&self, viewer: Viewer) -> Proof {
        let receipt = seal_head(&self.signer, &self.head_at(self.log.len()));
        let keys = vec![self.signer.public()];
        Proof::assemble(self.auction_id, self.item.clone(), &self.log, keys, Some(receipt), viewer)
            .expect("the auction is over")
    }

    /// How many bids and raises somebody made.
    pub fn bids_of(&self, bidder: u128) -> u64 {
        let is_theirs = |sealed: &Option<Sealed>| matches!(sealed, Some(Sealed::Bid { bidder: theirs, .. }) if *theirs == user(bidder));
        self.log.iter().filter(|(_, sealed)| is_theirs(sealed)).count() as u64
    }

    /// Where the log ended after so many events.
    pub fn head_at(&self, events: usize) -> Head {
        let (last, _) = &self.log[events - 1];
        Head { auction_id: self.auction_id, seq: last.seq, hash: last.hash.clone() }
    }

    /// Who knows the house's key, and has asked for this lot.
    pub fn trust(&self) -> Trust {
        let keys = TrustedKeys::Kept([(house().origin, vec![self.signer.public()])].into());
        Trust { auction_id: Some(self.auction_id), keys, receipts: Vec::new() }
    }

    /// What bidders were given: for each bid and raise a receipt under the event itself.
    pub fn receipts(&self) -> Vec<Receipt> {
        let leaves = self.log.iter().enumerate().filter_map(|(place, (entry, _))| match &entry.data {
            EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. } => {
                Some(Leaf::of_bid(*bid_id, entry.seq, entry.hash.clone(), &self.head_at(place + 1)))
            }
            _ => None,
        });
        self.signer.seal(leaves.collect())
    }
}

/// The house's signature under where a log ends.
pub fn seal_head(signer: &Signer, head: &Head) -> Receipt {
    signer.seal(vec![Leaf::of_head(head)]).remove(0)
}

/// Runs an auction: nonces and ids count up, the clock moves as told.
pub fn run(rules: &RulesInput, steps: &[Step]) -> Run {
    let auction_id = AuctionId(Uuid::from_u128(0xac));
    let mut nonces = (1..=u8::MAX).cycle().map(|byte| Nonce::from_bytes([byte; 32]));
    let mut nonce = || nonces.next().expect("they never end");
    let (mut now, mut item) = (BEGINS, vase());
    let stated = Rules::try_from(rules).expect("valid rules");
    let consignment = Consignment {
        house: house(),
        seller_id: user(SELLER),
        product_id: Uuid::from_u128(0x9d).into(),
        starts_at: None,
        item_hash: item_hash(&item),
    };
    let (mut auction, first) = Auction::schedule(now, auction_id, consignment, stated, nonce());
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
                bid_command(user(*bidder), bid_id, *bid, nonce())
            }
            Action::Copy { which, bidder, bid } => {
                let bidder = user(*bidder);
                let Some((bid_id, _)) = bids.get(which % bids.len().max(1)).copied() else { continue };
                // The same id of the same bidder is the same bid, and never gets to the auction.
                if bids.contains(&(bid_id, bidder)) {
                    continue;
                }
                bids.push((bid_id, bidder));
                bid_command(bidder, bid_id, *bid, nonce())
            }
            Action::Void { which, by, block } => {
                let Some((bid_id, bidder)) = bids.get(which % bids.len().max(1)).copied() else { continue };
                // What was refused can't fall, nor what has fallen.
                let falls = Book::of(&events).falls(&auction, bid_id, Some(bidder), usize::MAX).unwrap_or_default();
                let Some(fall) = falls.into_iter().next() else { continue };
                Command::Void { fall, by: *by, block: *block, reason: "not a real bidder".to_owned() }
            }
            Action::Unblock { bidder } => Command::Unblock(user(*bidder)),
            Action::Resume { away_ms, ago_ms } => {
                let to = now.plus_millis(-ago_ms);
                Command::Resume(Outage { from: to.plus_millis(-away_ms), to })
            }
            Action::Amend { rules, item } => {
                let rules = Rules::try_from(&**rules).expect("valid rules");
                let item_hash = item.as_deref().map(item_hash);
                Command::Amend { rules, starts_at: None, item_hash, reserve_nonce: nonce() }
            }
            Action::Cancel => Command::Cancel { reason: "it broke".to_owned(), by_admin: true },
        };
        // What is refused leaves no trace.
        let happened = auction.handle(now, command).unwrap_or_default();
        if let (Action::Amend { item: Some(other), .. }, false) = (&step.action, happened.is_empty()) {
            item = (**other).clone();
        }
        events.extend(happened);
    }
    while !auction.is_over() {
        let command = if auction.closes_at().is_none() { Command::Open } else { Command::Tick };
        now = auction.poll_timeout().unwrap_or(now).max(now);
        events.extend(auction.handle(now, command).expect("it opens and closes"));
    }
    Run { auction_id, item, log: seal(auction_id, events), signer: signer() }
}

fn bid_command(bidder: UserId, bid_id: BidId, kind: BidKind, nonce: Nonce) -> Command {
    Command::Bid(Bid { bidder, bid_id, kind, rules_hash: None, standing: Standing::default(), nonce })
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
        2 => any_void(30),
        1 => (2..6_u128).prop_map(|bidder| Action::Unblock { bidder }),
        2 => (0..40_000_i64, prop_oneof![Just(0), 0..20_000_i64])
            .prop_map(|(away_ms, ago_ms)| Action::Resume { away_ms, ago_ms }),
    ];
    (0..6_000_i64, action).prop_map(|(wait_ms, action)| Step { wait_ms, action })
}

fn any_void(of: usize) -> impl Strategy<Value = Action> {
    (0..of, any::<bool>(), prop::bool::weighted(0.6)).prop_map(|(which, by_seller, block)| {
        let by = if by_seller { VoidedBy::Seller } else { VoidedBy::Admin };
        Action::Void { which, by, block }
    })
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
        1 => any_void(16),
        1 => (2..9_u128).prop_map(|bidder| Action::Unblock { bidder }),
    ];
    action.prop_map(|action| Step { wait_ms: 1_000, action })
}

fn any_amendment() -> impl Strategy<Value = Action> {
    (any_rules(), proptest::option::of("[a-z]{1,8}")).prop_map(|(rules, title)| {
        let item = title.map(|title| Item { title, condition: Some("chipped".to_owned()), ..vase() });
        Action::Amend { rules: Box::new(rules), item: item.map(Box::new) }
    })
}

/// Any auction that comes to its close, sometimes amended before it opens, and after.
pub fn any_run() -> impl Strategy<Value = Run> {
    let steps = proptest::collection::vec(any_step(), 0..30);
    let amended = proptest::collection::vec(any_amendment(), 0..3);
    (any_rules(), amended, steps).prop_map(|(rules, amended, steps)| {
        let amended = amended.into_iter().map(|action| Step { wait_ms: 5, action });
        run(&rules, &amended.chain(steps).collect::<Vec<_>>())
    })
}

/// Any auction that an admin cancels: at once, or after what was done in it.
pub fn any_cancelled_run() -> impl Strategy<Value = Run> {
    let steps = proptest::collection::vec(any_step(), 0..8);
    (any_rules(), steps).prop_map(|(rules, steps)| {
        let cancelled = [Step { wait_ms: 5, action: Action::Cancel }];
        // They may have been sold before.
        let steps = steps.into_iter().filter(|step| !matches!(step.action, Action::Bid { bid: BidKind::BuyNow, .. }));
        run(&rules, &steps.chain(cancelled).collect::<Vec<_>>())
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
    Step { wait_ms: 1_000, action: Action::Void { which, by: VoidedBy::Seller, block: true } }
}

/// A slip of the finger is struck, and its bidder goes on.
pub fn forgive(which: usize) -> Step {
    Step { wait_ms: 1_000, action: Action::Void { which, by: VoidedBy::Seller, block: false } }
}

pub fn unblock(bidder: u128) -> Step {
    Step { wait_ms: 1_000, action: Action::Unblock { bidder } }
}
