//! Shows, lots and their logs on both databases: see [`crate::db::conformance`].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::Hash,
};

use blytz_core::{
    AuctionId, BidId, Epoch, ProductId, StreamId, Timestamp, UserId,
    auction::{Auction, Consignment, Nonce, Outage, Rules, Snapshot, log::Head, receipt::House},
    wire::{
        auction::{AuctionStatus, BidAnswer, Item, RulesView},
        stream::{StreamInput, StreamStatus},
    },
};
use uuid::Uuid;

use super::{
    bids::{self, Amount, KnownBid, NewBid, OwnBid},
    log::{self, HeadRow, Move, NewEvent},
    lookup::{self, Found, Wanted},
    lots::{self, Lot, LotFilter, NewLot},
    people, queue, snapshots,
    streams::{self, Show, ShowFilter},
};
use crate::{
    db::conformance::{Draw, Pair, left_out, reads, writes},
    services::auction::state::{StoredItem, StoredRules, StoredState, json},
};

const STEPS: usize = 10_000;

#[tokio::test]
async fn auctions_are_kept_alike() {
    if left_out() {
        return;
    }
    let (mut pair, mut draw, goods) = (Pair::open(29).await, Draw::new(29), Goods::new());
    for _ in 0..STEPS {
        match draw.below(20) {
            0..3 => lot(&mut pair, &mut draw, &goods).await,
            3..5 => lists(&mut pair, &mut draw).await,
            5..8 => turn(&mut pair, &mut draw, &goods).await,
            8..10 => log_reads(&mut pair, &mut draw).await,
            10..13 => bid(&mut pair, &mut draw).await,
            13..15 => show(&mut pair, &mut draw).await,
            15..17 => in_queue(&mut pair, &mut draw).await,
            17..19 => person(&mut pair, &mut draw).await,
            _ => snapshot(&mut pair, &mut draw).await,
        }
        pair.step().await;
    }
    pair.finish().await;
}

/// What rows have in them that the store reads again.
struct Goods {
    rules: StoredRules,
    state: String,
    sealed: Option<String>,
}

const ENTRIES: [&str; 4] = [
    include_str!("../../../../../fixtures/wire/log_entry_scheduled.json"),
    include_str!("../../../../../fixtures/wire/log_entry_bid.json"),
    include_str!("../../../../../fixtures/wire/log_entry_voided.json"),
    include_str!("../../../../../fixtures/wire/log_entry_closed.json"),
];
const ANSWER: &str = include_str!("../../../../../fixtures/wire/bid_answer.json");
const RECEIPTS: [&str; 2] = [
    include_str!("../../../../../fixtures/wire/receipt.json"),
    include_str!("../../../../../fixtures/wire/receipt_of_head.json"),
];
const RULES: &str = r#"{"format": "english", "currency": "MYR", "increment": {"fixed": 100}, "duration_ms": 60000,
    "starting_price": {"amount": 1000, "currency": "MYR"}, "reserve_price": {"amount": 9000, "currency": "MYR"}}"#;

impl Goods {
    fn new() -> Self {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let nobody = Uuid::from_u128(7);
        let rules: Rules = serde_json::from_str(RULES).expect("rules");
        let consignment = Consignment {
            house: House { origin: "conformance".to_owned(), epoch: Epoch(nobody) },
            seller_id: UserId(nobody),
            product_id: ProductId(nobody),
            starts_at: None,
            item_hash: "0".repeat(64),
        };
        let scheduled = Auction::schedule(now, AuctionId(nobody), consignment, rules, Nonce::from_bytes([7; 32]));
        let (auction, event) = scheduled;
        Self {
            rules: StoredRules::of(&auction).expect("rules"),
            state: json(&StoredState::of(&auction, now)).expect("a state"),
            sealed: event.sealed.as_ref().map(|sealed| json(sealed).expect("a sealed part")),
        }
    }

    fn rules(&self, draw: &mut Draw) -> StoredRules {
        StoredRules { starts_at: draw.maybe(Draw::at), ..self.rules.clone() }
    }

    fn head_row(&self, draw: &mut Draw) -> HeadRow<'_> {
        HeadRow {
            status: status(draw),
            state: &self.state,
            due_at: draw.maybe(Draw::at),
            late_from: draw.maybe(Draw::at),
            receipt: draw.maybe(|draw| draw.of(&RECEIPTS).to_owned()),
        }
    }

    fn event(&self, draw: &mut Draw) -> NewEvent {
        let seq = if draw.one_in(12) { 1 } else { 2 + draw.below(200) as u64 };
        let entry = if seq == 1 { ENTRIES[0] } else { draw.of(&ENTRIES) };
        NewEvent {
            seq,
            hash: hash(seq),
            entry: entry.into(),
            // Now and then one that nobody can read.
            sealed: if draw.one_in(300) { Some("no JSON".to_owned()) } else { self.sealed.clone() },
        }
    }
}

/// The hash at a seq, so that who knows where a head stands knows its hash.
fn hash(seq: u64) -> String {
    format!("{seq:064x}")
}

fn status(draw: &mut Draw) -> AuctionStatus {
    use AuctionStatus::{Cancelled, Live, Scheduled, Sold, Unsold};
    draw.of(&[Scheduled, Live, Live, Sold, Unsold, Cancelled])
}

fn item(draw: &mut Draw) -> StoredItem {
    const ITEM: &str = include_str!("../../../../../fixtures/wire/item.json");
    let item: Item = serde_json::from_str(ITEM).expect("an item");
    let item = Item { title: draw.text(), description: draw.text(), ..item };
    StoredItem::of(&item).expect("an item")
}

async fn lot(pair: &mut Pair, draw: &mut Draw, goods: &Goods) {
    let id: AuctionId = draw.id();
    let (rules, item) = (goods.rules(draw), item(draw));
    if draw.coin() {
        let stream_id = draw.maybe(Draw::few);
        let (seller_id, product_id, at) = (draw.few(), draw.id(), draw.at());
        let new = NewLot { id, seller_id, product_id, stream_id, at, rules: &rules, item: &item };
        writes!(pair, lots::insert_lot(&new));
        let (head, row) = (Head { auction_id: id, seq: 1, hash: hash(1) }, goods.head_row(draw));
        writes!(pair, log::insert_head(&head, &row));
    } else {
        writes!(pair, lots::amend_lot(id, &rules, &item));
    }
}

#[derive(Debug, PartialEq)]
struct ShownLot {
    head: Head,
    of: (UserId, ProductId, Option<StreamId>),
    title: String,
    rules: (RulesView, String, Option<RulesView>),
    item: (Item, String),
    state: StoredState,
    times: (Timestamp, [Option<Timestamp>; 3]),
}

fn shown(lot: Lot) -> ShownLot {
    let clear = lot.clear_rules().ok();
    ShownLot {
        of: (lot.seller_id, lot.product_id, lot.stream_id),
        rules: (lot.rules, lot.rules_hash, clear),
        item: (lot.item, lot.item_hash),
        times: (lot.created_at, [lot.starts_at, lot.due_at, lot.late_from]),
        head: lot.head,
        title: lot.title,
        state: lot.state,
    }
}

fn all(lots: Vec<Lot>) -> Vec<ShownLot> {
    lots.into_iter().map(shown).collect()
}

async fn lists(pair: &mut Pair, draw: &mut Draw) {
    let (id, limit): (AuctionId, _) = (draw.id(), draw.limit());
    match draw.below(6) {
        0 => {
            reads!(pair, lots::lot(id) => |lot| lot.map(shown));
            writes!(pair, lots::lot(id) => |lot| lot.map(shown));
        }
        1 | 2 => {
            let filter = LotFilter {
                status: draw.maybe(status),
                stream_id: if draw.one_in(3) { Some(draw.few()) } else { None },
                seller_id: if draw.one_in(3) { Some(draw.few()) } else { None },
                before: draw.maybe(Draw::cursor),
            };
            reads!(pair, lots::lots(&filter, limit) => all);
        }
        3 => {
            let stream: StreamId = draw.few();
            reads!(pair, lots::queue(stream) => all);
        }
        4 => {
            let (until, after) = (draw.at(), draw.maybe(|draw| (draw.at(), draw.cursor())));
            reads!(pair, lots::due_lots(until, after));
        }
        _ => {
            let outage = Outage { from: draw.at(), to: draw.at() };
            reads!(pair, lots::met_by(outage));
        }
    }
}

/// What a committer writes: heads that move together, some of them beaten by somebody else.
async fn turn(pair: &mut Pair, draw: &mut Draw, goods: &Goods) {
    match draw.below(4) {
        0 => {
            let id: AuctionId = draw.id();
            writes!(pair, log::hold_head(id));
        }
        1 => {
            let count = if draw.one_in(100) { 1_100 } else { draw.below(4) };
            let new: Vec<(AuctionId, _)> = (0..count as u64)
                .map(|more| {
                    let event = goods.event(draw);
                    // So many have seqs of their own.
                    let seq = if count > 4 { event.seq + more * 1_000 } else { event.seq };
                    (draw.among(12), NewEvent { seq, ..event })
                })
                .collect();
            let events: Vec<_> = new.iter().map(|(id, event)| (*id, event)).collect();
            writes!(pair, log::append(&events));
        }
        _ => {
            let ids: BTreeSet<AuctionId> = draw.several(6, |draw| draw.among(60)).into_iter().collect();
            let mut ways = Vec::new();
            for auction_id in ids {
                let stands = reads!(pair, log::head(auction_id)).flatten().map_or(0, |(seq, _)| seq);
                let seq = if draw.one_in(4) { stands + 1 } else { stands };
                let from = Head { auction_id, seq, hash: hash(if draw.one_in(8) { seq + 1 } else { seq }) };
                let to = Head { auction_id, seq: seq + 1, hash: hash(seq + 1) };
                ways.push((from, to, goods.head_row(draw)));
            }
            pair.write("log::move_heads", async |tx| {
                let moves = ways.iter().map(|(from, to, row)| Move { from, to, row: again(row) });
                log::move_heads(tx, &moves.collect::<Vec<_>>()).await
            })
            .await;
        }
    }
}

/// The same row once more: each of the two databases is given its own.
fn again<'a>(row: &HeadRow<'a>) -> HeadRow<'a> {
    HeadRow { receipt: row.receipt.clone(), ..*row }
}

async fn log_reads(pair: &mut Pair, draw: &mut Draw) {
    let (id, limit): (AuctionId, _) = (draw.among(14), draw.limit());
    let seq = draw.below(202) as u64;
    let after = draw.of(&[0, seq, seq, u64::MAX]);
    match draw.below(6) {
        0 => drop(reads!(pair, log::log_page(id, after))),
        1 => drop(reads!(pair, log::entries_after(id, after, limit))),
        2 => drop(reads!(pair, log::head(id))),
        3 => {
            let status = status(draw);
            reads!(pair, log::beginnings(status));
        }
        4 => drop(reads!(pair, log::end_receipt(id))),
        _ => drop(reads!(pair, log::hash_at(id, seq))),
    }
}

async fn bid(pair: &mut Pair, draw: &mut Draw) {
    let (id, bid_id, bidder): (AuctionId, BidId, UserId) = (draw.few(), draw.among(15), draw.few());
    match draw.below(8) {
        0..3 => {
            let count = if draw.one_in(200) { 1_100 } else { draw.below(3) };
            let new: Vec<_> = (0..count).map(|_| (draw.few(), new_bid(draw), draw.of(&RECEIPTS).to_owned())).collect();
            let new: Vec<_> = new.iter().map(|(id, bid, receipt)| (*id, bid, receipt.clone())).collect();
            writes!(pair, bids::insert_bids(&new));
        }
        3 => {
            let asked = draw.ids::<BidId>();
            reads!(pair, bids::known_bids(id, &asked) => known);
            let (none, other) = (Wanted { id, bids: &[] }, draw.among(15));
            let wanted = [Wanted { id, bids: &asked }, none, Wanted { id: other, bids: &asked }];
            let one = |found: sqlx::Result<Found>| found.map(|found| (found.head, known(found.bids))).ok();
            let told = |found: Vec<_>| found.into_iter().map(one).collect::<Vec<_>>();
            reads!(pair, lookup::look_up(&wanted) => told);
        }
        4 => drop(reads!(pair, bids::bearers(id, bid_id) => |bearers| format!("{bearers:?}"))),
        5 => {
            let from_seq = draw.below(400) as u64;
            writes!(pair, bids::mark_voided(id, bidder, from_seq));
        }
        6 => drop(reads!(pair, bids::own_bid(id, bid_id, bidder) => own)),
        _ => drop(reads!(pair, bids::highest_standing(id, bidder))),
    }
}

fn new_bid(draw: &mut Draw) -> NewBid {
    let amount = draw.of(&[1, 1_000, 1_100, i64::MAX]);
    NewBid {
        bidder: draw.few(),
        bid_id: if draw.coin() { draw.new_id() } else { draw.among(15) },
        seq: draw.below(400) as u64,
        amount: if draw.coin() { Amount::Exact(amount) } else { Amount::Max(amount) },
        fingerprint: draw.text(),
        acceptance: ANSWER.to_owned(),
    }
}

fn known(found: HashMap<(UserId, BidId), KnownBid>) -> BTreeMap<(UserId, BidId), (String, BidAnswer)> {
    found.into_iter().map(|(key, bid)| (key, (bid.fingerprint, bid.answer))).collect()
}

fn own(found: Option<OwnBid>) -> Option<(bool, i64, bool, BidAnswer)> {
    found.map(|bid| {
        let (is_max, amount) = match bid.amount {
            Amount::Exact(amount) => (false, amount),
            Amount::Max(amount) => (true, amount),
        };
        (is_max, amount, bid.voided, bid.answer)
    })
}

type ShownShow = (StreamId, UserId, String, StreamStatus, [Option<Timestamp>; 3]);

fn shown_show(show: Show) -> ShownShow {
    let times = [show.starts_at, show.started_at, show.ended_at];
    (show.id, show.seller_id, show.title, show.status, times)
}

async fn show(pair: &mut Pair, draw: &mut Draw) {
    let (id, at): (StreamId, _) = (if draw.coin() { draw.few() } else { draw.id() }, draw.at());
    match draw.below(8) {
        0 | 1 => {
            let (seller, new): (UserId, _) =
                (draw.few(), StreamInput { title: draw.text(), starts_at: draw.maybe(Draw::at) });
            writes!(pair, streams::insert_show(id, seller, &new, at));
        }
        2 => {
            reads!(pair, streams::show(id) => |show| show.map(shown_show));
            writes!(pair, streams::show(id) => |show| show.map(shown_show));
            writes!(pair, streams::take_show(id) => |show| show.map(shown_show));
        }
        3 | 4 => {
            let filter = ShowFilter {
                status: draw.maybe(|draw| draw.of(&StreamStatus::ALL)),
                seller_id: draw.maybe(Draw::few),
                before: draw.maybe(Draw::cursor),
            };
            let limit = draw.limit();
            reads!(pair, streams::shows(&filter, limit) => |shows| shows.into_iter().map(shown_show).collect::<Vec<_>>());
        }
        5 => drop(writes!(pair, streams::start_show(id, at))),
        6 if draw.one_in(4) => drop(writes!(pair, streams::end_show(id, at))),
        _ => moderator(pair, draw, id).await,
    }
}

async fn moderator(pair: &mut Pair, draw: &mut Draw, show: StreamId) {
    let user: UserId = draw.few();
    match draw.below(3) {
        0 => drop(reads!(pair, streams::moderators(show) => sorted)),
        1 => drop(writes!(pair, streams::add_moderator(show, user))),
        _ => drop(writes!(pair, streams::remove_moderator(show, user))),
    }
}

fn sorted<T: Ord + Hash>(found: HashSet<T>) -> BTreeSet<T> {
    found.into_iter().collect()
}

async fn in_queue(pair: &mut Pair, draw: &mut Draw) {
    let (show, lot): (StreamId, AuctionId) = (draw.few(), draw.id());
    match draw.below(6) {
        0 => {
            let most = draw.limit();
            reads!(pair, queue::queue_ids(show, most));
            writes!(pair, queue::queue_ids(show, most));
        }
        1 => drop(writes!(pair, queue::live_lots(show) => |ids| ids.into_iter().collect::<BTreeSet<_>>())),
        2 if draw.one_in(3) => drop(writes!(pair, queue::empty_queue(show))),
        3 => drop(writes!(pair, queue::show_has_ended(lot))),
        _ => {
            let (position, seller): (_, UserId) = (draw.below(4), draw.few());
            writes!(pair, queue::hold_lots(&[lot], seller));
            writes!(pair, queue::enqueue(lot, show, position, seller));
        }
    }
}

async fn person(pair: &mut Pair, draw: &mut Draw) {
    let (id, user, seller): (AuctionId, UserId, UserId) = (draw.among(20), draw.among(10), draw.few());
    match draw.below(8) {
        0 => drop(writes!(pair, people::watch(id, user))),
        1 => drop(writes!(pair, people::unwatch(id, user))),
        2 => drop(reads!(pair, people::is_watching(id, user))),
        3 => drop(reads!(pair, people::follows(seller, user))),
        4 => {
            let at = draw.at();
            writes!(pair, people::block(seller, user, at));
        }
        5 => drop(writes!(pair, people::unblock(seller, user))),
        6 => {
            let (after, limit) = (draw.maybe(Draw::cursor), draw.limit());
            reads!(pair, people::blocked(seller, after, limit));
        }
        _ => drop(reads!(pair, people::blocklist(seller) => sorted)),
    }
}

async fn snapshot(pair: &mut Pair, draw: &mut Draw) {
    let (id, seq): (AuctionId, _) = (draw.few(), draw.below(40) as u64 * 1_000);
    if draw.coin() {
        let (head, kept) = (Head { auction_id: id, seq, hash: hash(seq) }, Snapshot::stored(draw.text()));
        writes!(pair, snapshots::keep(&head, &kept));
    } else {
        let before = draw.of(&[0, seq, seq + 1, u64::MAX]);
        reads!(pair, snapshots::snapshot(id, before) => |kept| kept.map(|kept| kept.as_json().to_owned()));
    }
}
