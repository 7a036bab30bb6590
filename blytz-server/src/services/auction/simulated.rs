//! Auctions in a simulated house: see [`crate::channel::tests`].

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, Timestamp, UserId,
    auction::{
        self, Auction, BidKind, Book, Command, Consignment, Event, Nonce, Outage, Rules, Sealed, Snapshot, Standing,
        log::Head,
        receipt::{House, Signer, Signers, verify_receipt},
    },
    wire::{
        ErrorCode,
        auction::{AuctionStatus, BidAnswer, EventData, Item, LogEntry, Receipt, VoidedBy},
    },
};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

use super::{
    batch::{Batch, Effect},
    held::KnownBids,
    ledger::{LotLedger, LotStore},
    request::{Acceptance, Act, Answer, Bid, Request, SoFar, Voiding},
    store::KnownBid,
    turn::first_batch,
};
use crate::{
    Clock,
    channel::{
        Entry, Unwritten, Verdicts,
        tests::{
            disk::{Disk, Tables, Transaction, random_id},
            sim::{self, Kind, NOW, Told},
        },
    },
    error::{Error, Result},
};

/// Seven people bid; one of them sells.
const PEOPLE: u128 = 7;

/// A house full of lots.
#[derive(Default)]
struct Shelf(BTreeMap<AuctionId, Lot>, usize);

/// Who sells some of the lots, and may not.
const SUSPENDED: UserId = UserId(Uuid::from_u128(100));

/// One of the bidders is blocked all the time, and another one every now and then.
const ALWAYS_BLOCKED: UserId = UserId(Uuid::from_u128(6));
const SOMETIMES_BLOCKED: UserId = UserId(Uuid::from_u128(5));

fn is_ever_blocked(bidder: UserId) -> bool {
    [ALWAYS_BLOCKED, SOMETIMES_BLOCKED].contains(&bidder)
}

impl Shelf {
    fn blocked(&self) -> HashSet<UserId> {
        let sometimes = (self.1 / 50 % 2 == 1).then_some(SOMETIMES_BLOCKED);
        sometimes.into_iter().chain([ALWAYS_BLOCKED]).collect()
    }
}

#[derive(Default)]
struct Lot {
    log: Vec<(LogEntry, Event, Arc<str>)>,
    /// The auction after each of its events.
    states: Vec<Auction>,
    bids: KnownBids,
    snapshot: Option<(u64, Snapshot)>,
    due_at: Option<Timestamp>,
    late_from: Option<Timestamp>,
    /// Under the end of the log, once there is one.
    receipt: Option<Receipt>,
    /// How often its unit was given back.
    released: usize,
}

impl Lot {
    fn head(&self, id: AuctionId) -> Head {
        self.log.last().map_or(Head::empty(id), |(entry, ..)| Head {
            auction_id: id,
            seq: entry.seq,
            hash: entry.hash.clone(),
        })
    }

    /// The auction after so many events.
    fn after(&self, length: usize) -> Auction {
        self.states[length - 1].clone()
    }

    fn push(&mut self, id: AuctionId, entry: LogEntry, event: Event, json: Arc<str>) {
        let state = match self.states.last() {
            None => Auction::fold(id, [&event]).expect("a first event"),
            Some(state) => {
                let mut state = state.clone();
                state.apply(&event).expect("an event that can follow");
                state
            }
        };
        self.states.push(state);
        self.log.push((entry, event, json));
    }

    fn has(&self, is_meant: impl Fn(&EventData) -> bool) -> bool {
        self.log.iter().any(|(entry, ..)| is_meant(&entry.data))
    }
}

impl Tables for Shelf {
    type Batch = Batch;

    fn channel(batch: &Batch) -> Uuid {
        batch.to.auction_id.uuid()
    }

    fn check(&self, batch: &Batch) -> bool {
        let lot = &self.0[&batch.to.auction_id];
        let is_new = batch.bids.iter().all(|bid| !lot.bids.contains_key(&(bid.bidder, bid.bid_id)));
        lot.head(batch.to.auction_id) == batch.from && is_new
    }

    fn apply(&mut self, batch: &Batch) {
        let lot = self.0.entry(batch.to.auction_id).or_default();
        check_effects(batch, lot.states.last());
        for event in &batch.events {
            let entry: LogEntry = serde_json::from_str(&event.entry).expect("an entry");
            let sealed = event.sealed.as_ref().map(|sealed| serde_json::from_str(sealed).expect("its sealed part"));
            let whole = Event { at: entry.at, data: entry.data.clone(), sealed };
            lot.push(batch.to.auction_id, entry, whole, Arc::clone(&event.entry));
        }
        let receipts = batch.receipts.get().map_or(&[][..], Vec::as_slice);
        assert_eq!(receipts.len(), batch.leaves.len(), "what is written is sealed");
        lot.receipt = receipts.get(batch.bids.len()).cloned();
        for (bid, receipt) in batch.bids.iter().zip(receipts) {
            let acceptance: Acceptance = serde_json::from_str(&bid.acceptance).expect("an answer");
            let answer = acceptance.with(receipt.clone());
            let known = KnownBid { fingerprint: bid.fingerprint.clone(), answer };
            lot.bids.insert((bid.bidder, bid.bid_id), known);
        }
        (lot.due_at, lot.late_from) = (batch.due_at, batch.late_from);
        self.1 += 1;
        lot.released += batch.effects.iter().filter(|effect| matches!(effect, Effect::Releases(_))).count();
    }
}

/// A batch carries out what its events say: who watches the show is told of a lot that stands elsewhere,
/// and what a void struck is marked, from the first that fell on.
fn check_effects(batch: &Batch, before: Option<&Auction>) {
    let moves = batch.effects.iter().any(|effect| matches!(effect, Effect::Moves));
    let moved = before.is_some_and(|before| before.status() != batch.status);
    assert_eq!(moves, moved, "to {:?}", batch.status);
    let entries = batch.events.iter().map(|event| serde_json::from_str(&event.entry).expect("an entry"));
    let voided: Vec<(u64, Vec<BidId>)> = entries.filter_map(|entry: LogEntry| of_void(entry.data)).collect();
    let struck = batch.effects.iter().find_map(|effect| match effect {
        Effect::Strikes(struck) => Some((struck.from_seq, struck.ids.clone())),
        _ => None,
    });
    let first = voided.iter().map(|(from, _)| *from).min();
    let ids: Vec<BidId> = voided.into_iter().rev().flat_map(|(_, ids)| ids).collect();
    assert_eq!(struck, first.map(|first| (first, ids)), "what a void struck is marked");
}

fn of_void(data: EventData) -> Option<(u64, Vec<BidId>)> {
    match data {
        EventData::Voided { bid_seq, struck, .. } => Some((bid_seq, struck)),
        _ => None,
    }
}

impl LotStore for Disk<Shelf> {
    type Tx = Transaction;

    async fn snapshot(&self, id: AuctionId) -> Result<Option<Snapshot>> {
        self.read(|shelf| shelf.0.get(&id)?.snapshot.as_ref().map(|(_, snapshot)| snapshot.clone())).await
    }

    async fn keep(&self, head: &Head, snapshot: Snapshot) -> Result<()> {
        let (id, seq) = (head.auction_id, head.seq);
        self.set(|shelf| shelf.0.get_mut(&id).expect("a lot").snapshot = Some((seq, snapshot))).await
    }

    async fn log_page(&self, id: AuctionId, after: u64) -> Result<Vec<(LogEntry, Event)>> {
        let skip = usize::try_from(after).expect("a seq");
        let page = |shelf: &Shelf| {
            let lot = shelf.0.get(&id)?;
            let page = lot.log.iter().skip(skip).take(50);
            Some(page.map(|(entry, event, _)| (entry.clone(), event.clone())).collect())
        };
        Ok(self.read(page).await?.unwrap_or_default())
    }

    async fn entries_after(&self, id: AuctionId, after: u64) -> Result<Vec<Entry>> {
        let skip = usize::try_from(after).expect("a seq");
        self.read(|shelf| Auctions::log(shelf, id).into_iter().skip(skip).take(20).collect()).await
    }

    async fn head(&self, id: AuctionId) -> Result<Option<u64>> {
        Self::head(self, |shelf| shelf.0.get(&id).map(|lot| lot.log.len() as u64)).await
    }

    async fn hash_at(&self, id: AuctionId, seq: u64) -> Result<Option<String>> {
        let place = usize::try_from(seq).expect("a seq") - 1;
        self.read(|shelf| shelf.0[&id].log.get(place).map(|(entry, ..)| entry.hash.clone())).await
    }

    async fn known_bids(&self, id: AuctionId, asked: &[BidId]) -> Result<KnownBids> {
        let known = |shelf: &Shelf| {
            let bids = shelf.0[&id].bids.iter().filter(|((_, bid_id), _)| asked.contains(bid_id));
            bids.map(|(key, bid)| (*key, bid.clone())).collect()
        };
        self.read(known).await
    }

    async fn item(&self, _id: AuctionId) -> Result<Item> {
        panic!("nothing is amended here")
    }

    async fn is_suspended(&self, seller: UserId) -> Result<bool> {
        Ok(seller == SUSPENDED)
    }

    async fn blocklist(&self, _seller: UserId) -> Result<Arc<HashSet<UserId>>> {
        self.read(|shelf| Arc::new(shelf.blocked())).await
    }

    async fn due(
        &self,
        until: Timestamp,
        after: Option<(Timestamp, AuctionId)>,
    ) -> Result<Vec<(Timestamp, AuctionId)>> {
        let due = |shelf: &Shelf| {
            let mut due: Vec<_> = shelf.0.iter().filter_map(|(id, lot)| Some((lot.due_at?, *id))).collect();
            due.retain(|one| one.0 <= until && after.is_none_or(|after| *one > after));
            due.sort_unstable();
            due.truncate(3);
            due
        };
        self.read(due).await
    }

    async fn met_by(&self, outage: Outage) -> Result<Vec<AuctionId>> {
        let is_met = |lot: &Lot| {
            lot.late_from.is_some_and(|late| late < outage.to) && lot.due_at.is_some_and(|due| due > outage.from)
        };
        self.read(|shelf| shelf.0.iter().filter(|(_, lot)| is_met(lot)).map(|(id, _)| *id).collect()).await
    }

    async fn begin(&self) -> Result<Transaction, Unwritten> {
        Disk::begin(self).await
    }

    async fn hold(&self, id: AuctionId) -> Result<Option<Transaction>, Unwritten> {
        Disk::hold(self, id.uuid()).await
    }

    async fn write(&self, tx: Transaction, batches: &[Arc<Batch>]) -> Verdicts {
        Disk::write(self, tx, batches).await
    }
}

fn person(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn ringgit(amount: i64) -> Money {
    Money::new(amount, Currency::MYR)
}

/// A lot of half a minute to ten, of which some open by themselves.
fn lot(chance: &mut StdRng, number: i64) -> Batch {
    let duration = if number % 2 == 0 { 600_000 } else { chance.random_range(20_000..90_000) };
    let reserve = if number % 3 == 0 { r#"{"amount": 9000, "currency": "MYR"}"# } else { "null" };
    let rules = match number % 8 {
        7 => format!(
            r#"{{"format": "sealed_second_price", "currency": "MYR", "duration_ms": {duration},
            "starting_price": {{"amount": 1000, "currency": "MYR"}}, "reserve_price": {reserve}}}"#
        ),
        _ => format!(
            r#"{{"format": "english", "currency": "MYR", "increment": {{"fixed": 100}}, "duration_ms": {duration},
            "starting_price": {{"amount": 1000, "currency": "MYR"}}, "reserve_price": {reserve},
            "soft_close": {{"trigger_ms": 5000, "extend_ms": 5000, "mode": "reset", "max_total_ms": null}}}}"#
        ),
    };
    let rules: Rules = serde_json::from_str(&rules).expect("rules");
    let id = AuctionId(random_id(chance));
    let starts_at = (number % 4 == 1).then(|| NOW.plus_millis(number * 3_000));
    let consignment = Consignment {
        house: house(),
        seller_id: if number % 16 == 9 { SUSPENDED } else { person(0) },
        product_id: ProductId(random_id(chance)),
        starts_at,
        item_hash: "0".repeat(64),
    };
    let (auction, event) = Auction::schedule(NOW, id, consignment, rules, Nonce::from_bytes(chance.random()));
    first_batch(&auction, event, id, NOW).expect("a batch")
}

struct Auctions;

impl Auctions {
    fn bid(lot: &Lot, auction: &Auction, now: Timestamp, chance: &mut StdRng) -> Request {
        let bidder = person(chance.random_range(1..PEOPLE));
        // Now and then somebody sends a bid of before, or another one under its id.
        if chance.random_ratio(1, 12)
            && let Some((entry, event, _)) = lot.log.choose(chance)
            && let (EventData::Bid { bid_id, .. }, Some(sealed)) = (&entry.data, &event.sealed)
            && let Sealed::Bid { bidder, bid, .. } = sealed
        {
            let kind = if chance.random_bool(0.7) { *bid } else { BidKind::Exact(ringgit(123_456)) };
            return Request::Bid(Bid::new(*bidder, *bid_id, kind, None, false));
        }
        let least = auction.public(now).next_minimum.map_or(1_000, |least| least.amount);
        let amount = ringgit((least + chance.random_range(-200..1_500)).max(1));
        let is_sealed = auction.rules().is_sealed();
        let kind = if is_sealed || chance.random() { BidKind::Exact(amount) } else { BidKind::Max(amount) };
        let rules_hash = match chance.random_range(0..20) {
            0 => Some("0".repeat(64)),
            1..5 => Some(auction.rules_hash().to_owned()),
            _ => None,
        };
        Request::Bid(Bid::new(bidder, BidId(random_id(chance)), kind, rules_hash, false))
    }

    fn void(lot: &Lot, chance: &mut StdRng) -> Option<Request> {
        let bids: Vec<_> = lot.bids.keys().copied().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let (bidder, bid_id) = *bids.choose(chance)?;
        let seen = chance.random_range(0..=lot.log.len());
        let book = Book::of(lot.log.iter().take(seen).map(|(_, event, _)| event));
        let so_far = SoFar { book, seq: seen as u64 };
        let (by, block, reason) = (VoidedBy::Seller, chance.random_bool(0.7), "a slip".to_owned());
        let voiding = Voiding { bid_id, bidder: Some(bidder), by, block, reason, so_far };
        Some(Request::Act(Act::Void(Box::new(voiding))))
    }

    /// What the auction said to this bid after so many events.
    fn verdict(lot: &Lot, length: usize, bid: &Bid, blocked: bool) -> Option<Error> {
        let mut auction = lot.after(length);
        let command = Command::Bid(auction::Bid {
            bidder: bid.bidder,
            bid_id: bid.id,
            kind: bid.kind,
            rules_hash: bid.rules_hash.clone(),
            standing: Standing { suspended: false, blocked },
            nonce: Nonce::from_bytes([0; 32]),
        });
        auction.handle(auction.last_at(), command).err().map(Error::from)
    }
}

impl Kind for Auctions {
    type Tables = Shelf;
    type Ledger = LotLedger<Disk<Shelf>>;

    const REMEMBERS: bool = true;

    fn tables(chance: &mut StdRng) -> Shelf {
        let mut shelf = Shelf::default();
        for number in 0..32 {
            shelf.apply(&lot(chance, number));
        }
        shelf
    }

    fn channels(shelf: &Shelf) -> Vec<AuctionId> {
        shelf.0.keys().copied().collect()
    }

    fn ledger(disk: &Disk<Shelf>, _clock: &Clock) -> LotLedger<Disk<Shelf>> {
        LotLedger::new(disk.clone(), Arc::new(Signers::new(signer(), Vec::new())))
    }

    fn log(shelf: &Shelf, id: AuctionId) -> Vec<Entry> {
        let log = shelf.0.get(&id).map(|lot| &lot.log[..]).unwrap_or_default();
        log.iter().map(|(entry, _, json)| Entry { seq: entry.seq, json: Arc::clone(json) }).collect()
    }

    fn command(shelf: &Shelf, id: AuctionId, now: Timestamp, chance: &mut StdRng) -> Request {
        let lot = &shelf.0[&id];
        let auction = lot.after(lot.log.len());
        match chance.random_range(0..100) {
            0..2 if auction.is_locked() => Self::void(lot, chance).unwrap_or(Request::Act(Act::Tick)),
            2 => Request::Act(Act::Unblock(person(chance.random_range(1..PEOPLE)))),
            3 => Request::Act(Act::Tick),
            4 if chance.random_ratio(1, 10) => {
                Request::Act(Act::Cancel { reason: "broken".to_owned(), by_admin: chance.random() })
            }
            5..25 if auction.status() == AuctionStatus::Scheduled => Request::Act(Act::Open),
            _ => Self::bid(lot, &auction, now, chance),
        }
    }

    fn check(shelf: &Shelf, told: &Told<Self>) {
        let lot = &shelf.0[&told.id];
        match (&told.command, &told.answer) {
            (Request::Bid(bid), Ok(Answer::Bid(answer))) => {
                let place = usize::try_from(answer.seq).expect("a seq") - 1;
                let (entry, ..) = &lot.log[place];
                let (EventData::Bid { bid_id, price, .. } | EventData::MaxRaised { bid_id, price, .. }) = &entry.data
                else {
                    panic!("{answer:?} is no bid: {entry:?}");
                };
                assert_eq!((*bid_id, *price, &entry.hash), (bid.id, answer.price, &answer.hash));
                check_receipt(lot, &answer.receipt, Some(bid.id), entry);
                let known = &lot.bids[&(bid.bidder, bid.id)].answer;
                let told = BidAnswer { replayed: false, ..(**answer).clone() };
                assert_eq!(*known, told, "what was told is what is told again, receipt and all");
            }
            (Request::Bid(bid), Err(error)) => {
                let (first, last) = told.between;
                let is_true = match error.code() {
                    ErrorCode::IdempotencyMismatch => lot.bids.contains_key(&(bid.bidder, bid.id)),
                    ErrorCode::AuctionClosed => lot.has(|data| matches!(data, EventData::Closed { .. })),
                    ErrorCode::AuctionCancelled => lot.has(|data| matches!(data, EventData::Cancelled { .. })),
                    code => (first..=last).any(|length| {
                        let blocked = code == ErrorCode::Blocked && is_ever_blocked(bid.bidder);
                        let verdict = Self::verdict(lot, length, bid, blocked);
                        verdict.is_some_and(|verdict| verdict.to_string() == error.to_string())
                    }),
                };
                assert!(is_true, "{error} was never true of {:?} in {first}..={last}", told.id);
            }
            (Request::Act(Act::Void(voiding)), Ok(_)) => {
                let bid_id = voiding.bid_id;
                let struck =
                    |data: &EventData| matches!(data, EventData::Voided { struck, .. } if struck.contains(&bid_id));
                assert!(lot.has(struck));
            }
            (Request::Act(Act::Open), Err(error)) if error.code() == ErrorCode::Suspended => {
                assert_eq!(lot.after(lot.log.len()).seller_id(), SUSPENDED);
            }
            (Request::Act(Act::Open), Ok(_)) => assert!(lot.has(|data| matches!(data, EventData::Opened { .. }))),
            (Request::Act(Act::Cancel { .. }), Ok(_)) => {
                assert!(lot.has(|data| matches!(data, EventData::Cancelled { .. })));
            }
            (Request::Act(_), Ok(_)) => {}
            (Request::Act(_), Err(error)) => assert_eq!(error.status(), 409, "{error}"),
            (Request::Bid(_), Ok(Answer::Done)) => panic!("a bid was answered as something else"),
        }
    }

    fn check_all(shelf: &Shelf, told: &[Told<Self>], outages: &[Outage]) {
        let (mut times, mut made_good): (HashMap<_, usize>, usize) = Default::default();
        for (id, lot) in &shelf.0 {
            let mut head = Head::empty(*id);
            for (entry, event, _) in &lot.log {
                assert_eq!(head.append(event), *entry, "the chain is whole, and dense");
                if let Some(Sealed::Bid { bidder, .. }) = &event.sealed
                    && let EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. } = &entry.data
                {
                    *times.entry((*id, *bid_id, *bidder)).or_default() += 1;
                }
            }
            made_good += check_outages(lot, outages);
            let auction = lot.after(lot.log.len());
            assert_eq!(lot.receipt.is_some(), auction.is_over(), "the end of a log is signed");
            if let (Some(receipt), Some((end, ..))) = (&lot.receipt, lot.log.last()) {
                check_receipt(lot, receipt, None, end);
                assert_eq!(receipt.seq, receipt.head_seq);
            }
            let opened = lot.has(|data| matches!(data, EventData::Opened { .. }));
            assert!(auction.seller_id() != SUSPENDED || !opened, "a suspended seller's lot stays closed");
            let unsold = matches!(auction.status(), AuctionStatus::Unsold | AuctionStatus::Cancelled);
            assert_eq!(lot.released, usize::from(unsold), "a unit comes back once");
            if let Some((seq, snapshot)) = &lot.snapshot {
                let length = usize::try_from(*seq).expect("a seq");
                let hash = lot.log[length - 1].0.hash.clone();
                let kept = (lot.after(length), Head { auction_id: *id, seq: *seq, hash });
                assert_eq!(snapshot.restore(*id), Ok(kept), "what is kept is where the log was");
            }
        }
        assert!(told.len() < 5_000 || made_good > 0, "a run that long meets somebody's last moments");
        assert!(times.values().all(|times| *times == 1), "no bid stands twice");
        assert!(times.keys().all(|(_, _, bidder)| *bidder != ALWAYS_BLOCKED), "nor one of who may not bid");
        let accepted: HashSet<_> = told.iter().filter(|one| one.answer.is_ok()).filter_map(of_bid).collect();
        let refused = told.iter().filter(|one| is_refused(one)).filter_map(of_bid);
        let stood = |bid: &(AuctionId, BidId, UserId)| times.contains_key(bid);
        assert!(accepted.iter().all(stood), "what was accepted stands");
        assert!(refused.filter(|bid| !accepted.contains(bid)).all(|bid| !stood(&bid)), "what was refused does not");
        let nobodys = times.keys().filter(|bid| !accepted.contains(*bid)).count();
        assert_eq!(nobodys, 0, "whatever stands, its sender was told of");
    }
}

fn house() -> House {
    House { origin: "simulated".to_owned(), epoch: Epoch(Uuid::from_u128(1)) }
}

fn signer() -> Signer {
    Signer::from_seed(house(), "k1".to_owned(), [7; 32], NOW)
}

/// A receipt is signed, and says what the log says.
fn check_receipt(lot: &Lot, receipt: &Receipt, bid: Option<BidId>, entry: &LogEntry) {
    verify_receipt(receipt, &[signer().public()]).expect("it is signed");
    let (head, ..) = &lot.log[usize::try_from(receipt.head_seq).expect("a seq") - 1];
    assert_eq!((receipt.bid_id, receipt.seq, &receipt.hash), (bid, entry.seq, &entry.hash));
    assert_eq!(receipt.head_hash, head.hash);
}

/// Each outage that met a lot's last moments was made good for once, and before the lot closed.
fn check_outages(lot: &Lot, outages: &[Outage]) -> usize {
    let mut made_good = HashSet::new();
    for (place, (entry, event, _)) in lot.log.iter().enumerate() {
        match &entry.data {
            EventData::Extended { from: Some(from), to: Some(to), .. } => {
                // It begins no earlier than the last that happened in the lot.
                let is_it = |outage: &&Outage| outage.to == *to && outage.from <= *from;
                let outage = outages.iter().find(is_it).unwrap_or_else(|| panic!("{from} to {to} never was"));
                assert!(made_good.insert(*outage), "{outage:?} counts twice");
            }
            EventData::Closed { .. } => {
                let mut before = lot.after(place);
                for outage in outages.iter().filter(|outage| outage.to <= event.at) {
                    let owed = before.handle(event.at, Command::Resume(*outage)).expect("it is never refused");
                    assert!(owed.is_empty(), "closed by {event:?}, and {outage:?} was not made good for");
                }
            }
            _ => {}
        }
    }
    made_good.len()
}

fn of_bid(told: &Told<Auctions>) -> Option<(AuctionId, BidId, UserId)> {
    told.command.bid().map(|bid| (told.id, bid.id, bid.bidder))
}

/// Whether the bid itself was refused, and not only another one under its id.
fn is_refused(told: &Told<Auctions>) -> bool {
    told.answer.as_ref().is_err_and(|error| error.code() != ErrorCode::IdempotencyMismatch)
}

#[test]
fn whatever_fails_each_bid_stands_once_or_was_refused() {
    sim::stands_whatever_fails::<Auctions>(3);
}

#[test]
fn who_writes_alone_tells_every_event_once() {
    sim::stands_alone::<Auctions>(4);
}

#[test]
fn the_same_seed_gives_the_same_auctions() {
    sim::repeats_itself::<Auctions>(5);
}
