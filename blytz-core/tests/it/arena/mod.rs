//! Random auctions for the property tests: strategies for rules and bidders, and a driver that
//! plays them against the engine and notes every turn.

pub mod model;

use std::collections::BTreeMap;

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, Timestamp, UserId,
    auction::{
        Auction, Bid, BidKind, Book, Command, Consignment, Event, Nonce, PublicState, Rejection, Rules, Sealed,
        Standing, Unstruck, receipt::House,
    },
    id::uuid_v7,
    wire::auction::{
        BelowReserve, Dutch, EventData, Format, Increment, IncrementRow, RulesInput, SoftClose, SoftCloseMode, VoidedBy,
    },
};
use proptest::prelude::*;

pub const OPENS: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

pub fn myr(amount: i64) -> Money {
    Money::new(amount, Currency::MYR)
}

pub fn user(number: u8) -> UserId {
    UserId(uuid_v7(OPENS, [1, 0, 0, 0, 0, 0, 0, 0, 0, number]))
}

pub fn bid_id(number: usize) -> BidId {
    let [.., a, b] = number.to_be_bytes();
    BidId(uuid_v7(OPENS, [2, 0, 0, 0, 0, 0, 0, 0, a, b]))
}

/// The seller, whom no bidder's number reaches.
pub fn seller() -> UserId {
    user(255)
}

/// Where an amount comes from, so that random bids meet the rules' edges.
#[derive(Debug, Clone, Copy)]
pub enum Base {
    NextMinimum,
    LeaderMax,
    Reserve,
    BuyNow,
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Exact,
    Max,
    BuyNow,
}

#[derive(Debug, Clone, Copy)]
pub enum Act {
    Bid {
        who: u8,
        kind: Kind,
        base: Base,
        above: i64,
    },
    /// A bid under the id of an accepted one, by its place among them.
    Copy {
        nth: prop::sample::Index,
        who: u8,
        kind: Kind,
        base: Base,
        above: i64,
    },
    /// Voids one of the accepted bids, by its place among them; with or without a word of whose.
    Void {
        nth: prop::sample::Index,
        named: bool,
        by: VoidedBy,
        block: bool,
    },
    /// Lets somebody bid again, whether a void blocked them or not.
    Unblock {
        who: u8,
    },
}

/// What somebody does, after a pause.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    pub pause_us: i64,
    pub act: Act,
}

pub fn english_rules() -> impl Strategy<Value = RulesInput> {
    let increment = prop_oneof![
        (1..50_i64).prop_map(Increment::Fixed),
        Just(Increment::Table(vec![
            IncrementRow { from: 0, step: 1 },
            IncrementRow { from: 150, step: 7 },
            IncrementRow { from: 400, step: 30 },
        ])),
    ];
    let soft_close = (1..30_000_i64, 1..30_000_i64, any::<bool>(), prop::option::of(0..60_000_i64)).prop_map(
        |(trigger_ms, extend_ms, reset, max_total_ms)| SoftClose {
            trigger_ms,
            extend_ms,
            mode: if reset { SoftCloseMode::Reset } else { SoftCloseMode::Add },
            max_total_ms,
        },
    );
    let reserve = prop::option::of(0..300_i64);
    let buy_now = prop::option::of(1..300_i64);
    let full = any::<bool>();
    (1..200_i64, increment, reserve, buy_now, full, prop::option::of(soft_close)).prop_map(
        |(start, increment, reserve, buy_now, full, soft_close)| RulesInput {
            format: Format::English,
            currency: Currency::MYR,
            starting_price: myr(start),
            reserve_price: reserve.map(|above| myr(start + above)),
            buy_now_price: buy_now.map(|above| myr(start + above + reserve.unwrap_or(0))),
            increment: Some(increment),
            duration_ms: 60_000,
            below_reserve: Some(if full { BelowReserve::Full } else { BelowReserve::Proxy }),
            soft_close,
            dutch: None,
        },
    )
}

pub fn sealed_rules() -> impl Strategy<Value = RulesInput> {
    (1..200_i64, prop::option::of(0..300_i64), any::<bool>()).prop_map(|(start, reserve, first)| RulesInput {
        format: if first { Format::SealedFirstPrice } else { Format::SealedSecondPrice },
        currency: Currency::MYR,
        starting_price: myr(start),
        reserve_price: reserve.map(|above| myr(start + above)),
        buy_now_price: None,
        increment: None,
        duration_ms: 60_000,
        below_reserve: None,
        soft_close: None,
        dutch: None,
    })
}

pub fn dutch_rules() -> impl Strategy<Value = RulesInput> {
    (1..100_i64, 0..900_i64, 1..300_i64, 1..5_000_i64).prop_map(|(floor, above, step, interval_ms)| RulesInput {
        format: Format::Dutch,
        currency: Currency::MYR,
        starting_price: myr(floor + above),
        reserve_price: None,
        buy_now_price: None,
        increment: None,
        duration_ms: 60_000,
        below_reserve: None,
        soft_close: None,
        dutch: Some(Dutch { step, interval_ms, floor: myr(floor) }),
    })
}

pub fn rules_of_any_format() -> impl Strategy<Value = RulesInput> {
    prop_oneof![2 => english_rules(), 1 => sealed_rules(), 1 => dutch_rules()]
}

/// Auctions of any format from the schedule to the end: maybe amended, bid on, maybe cancelled.
pub fn courses() -> impl Strategy<Value = Played> {
    let amended = prop::option::of((rules_of_any_format(), any::<bool>()));
    let drawn = (rules_of_any_format(), amended, moves(), prop::bool::weighted(0.2));
    drawn.prop_map(|(rules, amended, moves, cancelled)| {
        let mut played = opened(&rules);
        if let Some((rules, another_item)) = amended {
            played.amend(&rules, another_item.then(|| "cd".repeat(32)));
        }
        played.play(&moves);
        if cancelled {
            played.ask(Command::Cancel { reason: "as drawn".to_owned(), by_admin: true });
        }
        played.close();
        played
    })
}

/// Moves with a void now and then.
pub fn moves() -> impl Strategy<Value = Vec<Move>> {
    moves_of(1..50)
}

/// As many of them.
pub fn moves_of(number: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec(a_move(prop_oneof![24 => bid_or_copy(), 2 => void(), 1 => unblock()]), number)
}

/// Moves of which many are voids.
pub fn voids() -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec(a_move(prop_oneof![10 => bid_or_copy(), 2 => void(), 1 => unblock()]), 1..70)
}

fn void() -> impl Strategy<Value = Act> {
    let drawn = (any::<prop::sample::Index>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.6));
    drawn.prop_map(|(nth, named, by_seller, block)| {
        let by = if by_seller { VoidedBy::Seller } else { VoidedBy::Admin };
        Act::Void { nth, named, by, block }
    })
}

fn unblock() -> impl Strategy<Value = Act> {
    (0..5_u8).prop_map(|who| Act::Unblock { who })
}

/// Moves without voids.
pub fn bids() -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec(a_move(bid_or_copy()), 1..50)
}

/// Mostly a bid with an id of its own.
fn bid_or_copy() -> impl Strategy<Value = Act> {
    (bid(), prop::option::weighted(0.1, any::<prop::sample::Index>())).prop_map(|(bid, copied)| match (bid, copied) {
        (Act::Bid { who, kind, base, above }, Some(nth)) => Act::Copy { nth, who, kind, base, above },
        (bid, _) => bid,
    })
}

fn a_move(act: impl Strategy<Value = Act>) -> impl Strategy<Value = Move> {
    let pause_us = prop_oneof![8 => 0..3_000_000_i64, 1 => 0..30_000_000_i64, 1 => Just(0_i64)];
    (pause_us, act).prop_map(|(pause_us, act)| Move { pause_us, act })
}

fn bid() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![6 => Just(Kind::Exact), 8 => Just(Kind::Max), 1 => Just(Kind::BuyNow)];
    let base = prop_oneof![
        8 => Just(Base::NextMinimum),
        5 => Just(Base::LeaderMax),
        1 => Just(Base::Reserve),
        1 => Just(Base::BuyNow),
    ];
    let above = prop_oneof![3 => -2..=2_i64, 4 => 0..60_i64];
    (0..5_u8, kind, base, above).prop_map(|(who, kind, base, above)| Act::Bid { who, kind, base, above })
}

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub enum Asked {
    Bid { bidder: UserId, bid_id: BidId, bid: BidKind },
    Void { bid_id: BidId, bidder: Option<UserId>, by: VoidedBy, block: bool },
    Unblock { bidder: UserId },
    Clock,
}

/// One command with what was before and after it.
#[derive(Debug)]
pub struct Turn {
    pub now: Timestamp,
    pub asked: Asked,
    pub result: Result<Vec<Event>, Rejection>,
    pub before: Auction,
    pub after: Auction,
}

impl Turn {
    pub fn public_before(&self) -> PublicState {
        self.before.public(self.now)
    }

    pub fn public_after(&self) -> PublicState {
        self.after.public(self.now)
    }
}

/// A played auction.
#[derive(Debug)]
pub struct Played {
    pub log: Vec<Event>,
    pub turns: Vec<Turn>,
    pub auction: Auction,
    pub now: Timestamp,
    accepted: Vec<(BidId, UserId)>,
}

/// An auction that opens at [`OPENS`].
pub fn opened(rules: &RulesInput) -> Played {
    let rules = Rules::try_from(rules).expect("the strategy makes valid rules");
    let scheduled_at = OPENS.plus_millis(-1_000);
    let consignment = Consignment {
        house: House { origin: "arena.example".to_owned(), epoch: Epoch(uuid_v7(OPENS, [5; 10])) },
        seller_id: seller(),
        product_id: ProductId(uuid_v7(OPENS, [4; 10])),
        starts_at: Some(OPENS),
        item_hash: "ab".repeat(32),
    };
    let id = AuctionId(uuid_v7(OPENS, [3; 10]));
    let (auction, scheduled) = Auction::schedule(scheduled_at, id, consignment, rules, Nonce::from_bytes([7; 32]));
    let mut played = Played { log: vec![scheduled], turns: vec![], auction, now: OPENS, accepted: vec![] };
    played.tick();
    played
}

/// Plays the moves on a fresh auction.
pub fn play(rules: &RulesInput, moves: &[Move]) -> Played {
    let mut played = opened(rules);
    played.play(moves);
    played
}

impl Played {
    /// Plays the moves; the clock ticks before each, as a server's would, and to the close at the end.
    pub fn play(&mut self, moves: &[Move]) {
        for (number, chosen) in moves.iter().enumerate() {
            self.now = self.now.plus_micros(chosen.pause_us);
            self.catch_up();
            match chosen.act {
                Act::Void { nth, named, by, block } => {
                    if !self.accepted.is_empty() {
                        let (bid_id, bidder) = *nth.get(&self.accepted);
                        self.void(bid_id, Some(bidder).filter(|_| named), by, block);
                    }
                }
                Act::Unblock { who } => self.unblock(user(who)),
                Act::Bid { who, kind, base, above } => {
                    let bid = self.offer(kind, base, above);
                    self.bid(user(who), bid_id(number), bid);
                }
                Act::Copy { nth, who, kind, base, above } => {
                    if !self.accepted.is_empty() {
                        let ((bid_id, _), bidder) = (*nth.get(&self.accepted), user(who));
                        // The same id of the same bidder is the same bid, and never gets to the auction.
                        if !self.accepted.contains(&(bid_id, bidder)) {
                            let bid = self.offer(kind, base, above);
                            self.bid(bidder, bid_id, bid);
                        }
                    }
                }
            }
        }
    }

    /// Lets the clock run to the close.
    pub fn close(&mut self) {
        if let Some(closes_at) = self.auction.closes_at().filter(|_| !self.auction.is_over()) {
            self.now = self.now.max(closes_at);
            self.catch_up();
        }
    }

    pub fn bid(&mut self, bidder: UserId, bid_id: BidId, bid: BidKind) {
        let nonce = Nonce::from_bytes([u8::try_from(self.turns.len() % 256).expect("below 256"); 32]);
        let asked = Asked::Bid { bidder, bid_id, bid };
        let standing = Standing::default();
        self.turn(asked, Command::Bid(Bid { bidder, bid_id, kind: bid, rules_hash: None, standing, nonce }));
        if self.turns.last().is_some_and(|turn| turn.result.is_ok()) {
            self.accepted.push((bid_id, bidder));
        }
    }

    /// What the seller asks, who wants to see nobody back.
    pub fn void_and_block(&mut self, bid_id: BidId, bidder: Option<UserId>) {
        self.void(bid_id, bidder, VoidedBy::Seller, true);
    }

    pub fn void(&mut self, bid_id: BidId, bidder: Option<UserId>, by: VoidedBy, block: bool) {
        let asked = Asked::Void { bid_id, bidder, by, block };
        match Book::of(&self.log).falls(&self.auction, bid_id, bidder, usize::MAX) {
            Ok(falls) => match falls.into_iter().next() {
                Some(fall) => self.turn(asked, Command::Void { fall, by, block, reason: "as drawn".to_owned() }),
                None => self.note(asked, Ok(Vec::new()), self.auction.clone()),
            },
            Err(Unstruck::Refused(rejection)) => self.note(asked, Err(rejection), self.auction.clone()),
            Err(unsaid) => panic!("a whole log says all: {unsaid}"),
        }
    }

    pub fn unblock(&mut self, bidder: UserId) {
        self.turn(Asked::Unblock { bidder }, Command::Unblock(bidder));
    }

    pub fn amend(&mut self, rules: &RulesInput, item_hash: Option<String>) {
        let (rules, reserve_nonce) = (Rules::try_from(rules).expect("valid"), Nonce::from_bytes([8; 32]));
        self.ask(Command::Amend { rules, starts_at: None, item_hash, reserve_nonce });
    }

    pub fn tick(&mut self) {
        self.ask(Command::Tick);
    }

    /// Asks for what nobody bids.
    pub fn ask(&mut self, command: Command) {
        self.turn(Asked::Clock, command);
    }

    fn catch_up(&mut self) {
        if self.auction.poll_timeout().is_some_and(|due| due <= self.now) {
            self.tick();
        }
    }

    fn turn(&mut self, asked: Asked, command: Command) {
        let before = self.auction.clone();
        let result = self.auction.handle(self.now, command);
        self.note(asked, result, before);
    }

    fn note(&mut self, asked: Asked, result: Result<Vec<Event>, Rejection>, before: Auction) {
        self.log.extend(result.iter().flatten().cloned());
        let after = self.auction.clone();
        self.turns.push(Turn { now: self.now, asked, result, before, after });
    }

    fn offer(&self, kind: Kind, base: Base, above: i64) -> BidKind {
        let amount = myr(self.base(base).saturating_add(above).max(1));
        match kind {
            Kind::Exact => BidKind::Exact(amount),
            Kind::Max => BidKind::Max(amount),
            Kind::BuyNow => BidKind::BuyNow,
        }
    }

    fn base(&self, base: Base) -> i64 {
        let state = self.auction.public(self.now);
        let start = self.auction.rules().starting_price();
        let minimum = state.next_minimum.unwrap_or(start);
        let money = match base {
            Base::NextMinimum => minimum,
            Base::LeaderMax => state.leader.and_then(|leader| self.auction.leader_max_for(leader)).unwrap_or(minimum),
            Base::Reserve => self.auction.rules().reserve_price().unwrap_or(minimum),
            Base::BuyNow => self.auction.rules().buy_now_price().unwrap_or(minimum),
        };
        money.amount
    }

    /// Every accepted bid that was not struck: who, how much, in log order.
    pub fn standing(&self) -> Vec<(UserId, i64)> {
        let mut struck = Vec::new();
        for event in &self.log {
            if let (EventData::Voided { struck: ids, .. }, Some(Sealed::Void { bidder, .. })) =
                (&event.data, &event.sealed)
            {
                struck.extend(ids.iter().map(|id| (*id, *bidder)));
            }
        }
        let amounts: BTreeMap<(BidId, UserId), i64> = self
            .turns
            .iter()
            .filter(|turn| turn.result.is_ok())
            .filter_map(|turn| match turn.asked {
                Asked::Bid { bidder, bid_id, bid } => {
                    let buy_now = self.auction.rules().buy_now_price();
                    Some(((bid_id, bidder), bid.money().or(buy_now)?.amount))
                }
                Asked::Void { .. } | Asked::Unblock { .. } | Asked::Clock => None,
            })
            .collect();
        self.accepted.iter().filter(|bid| !struck.contains(bid)).map(|bid| (bid.1, amounts[bid])).collect()
    }
}
