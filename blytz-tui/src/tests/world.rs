//! A small world: one live show with lots of every kind, another one announced.

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, MessageId, Money, ProductId, StreamId, Timestamp, UserId,
    account::Role,
    auction::PublicState,
    wire::{
        account::{PublicUser, User, UserStatus},
        auction::{
            Auction, AuctionStatus, BidAnswer, BidOutcome, Dutch, EventData, Format, Increment, Item, LogEntry,
            LotProduct, Outcome, Receipt, ReserveCommitment, ReserveView, RulesView, SoftClose, SoftCloseMode,
            StatusView,
        },
        chat::{Author, ChatEvent, ChatEventData, ChatState, Message, PublicChatSettings, ShowRole},
        stream::{Stream, StreamStatus},
    },
};
use uuid::Uuid;

pub const AISHAH: UserId = UserId(Uuid::from_u128(0xa1));
pub const BALA: UserId = UserId(Uuid::from_u128(0xba1a));
/// Somebody whose name is not known.
pub const STRANGER: UserId = UserId(Uuid::from_u128(0xdead));
pub const MEILING: UserId = UserId(Uuid::from_u128(0x3e1));
pub const SHOW: StreamId = StreamId(Uuid::from_u128(0x50));
pub const NEXT_SHOW: StreamId = StreamId(Uuid::from_u128(0x51));
pub const CAMERA: AuctionId = AuctionId(Uuid::from_u128(0xc1));
pub const WATCH: AuctionId = AuctionId(Uuid::from_u128(0xc2));
pub const BATIK: AuctionId = AuctionId(Uuid::from_u128(0xc3));
pub const TEAPOT: AuctionId = AuctionId(Uuid::from_u128(0xc4));
pub const STAMPS: AuctionId = AuctionId(Uuid::from_u128(0xc5));
const EPOCH: Epoch = Epoch(Uuid::from_u128(0xe));

/// When every test starts.
pub fn start() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

pub fn myr(amount: i64) -> Money {
    Money::new(amount, Currency::MYR)
}

pub fn bid(n: u128) -> BidId {
    BidId(Uuid::from_u128(0xb1d_0000 + n))
}

fn person(id: UserId, name: &str) -> PublicUser {
    PublicUser { id, display_name: name.to_owned() }
}

pub fn bala() -> PublicUser {
    person(BALA, "Bala")
}

pub fn meiling() -> PublicUser {
    person(MEILING, "Mei Ling Antiques")
}

fn user(id: UserId, name: &str, roles: Vec<Role>) -> User {
    User {
        id,
        email: "someone@example.com".to_owned(),
        display_name: name.to_owned(),
        roles,
        status: UserStatus::Active,
        created_at: start(),
    }
}

pub fn aishah() -> User {
    user(AISHAH, "Aishah", vec![Role::Buyer])
}

pub fn meiling_herself() -> User {
    user(MEILING, "Mei Ling Antiques", vec![Role::Buyer, Role::Seller])
}

pub fn shows() -> Vec<Stream> {
    let show = |id, title: &str, status, starts_in: i64| Stream {
        id,
        seller: meiling(),
        title: title.to_owned(),
        status,
        starts_at: Some(start().plus_millis(starts_in * 1_000)),
        started_at: None,
        ended_at: None,
        watchers: 123,
    };
    vec![
        show(NEXT_SHOW, "Sunday stamps", StreamStatus::Scheduled, 86_400 * 2 + 3_661),
        show(SHOW, "Friday night curiosities", StreamStatus::Live, -600),
    ]
}

fn rules(format: Format, starting_price: i64) -> RulesView {
    RulesView {
        format,
        currency: Currency::MYR,
        starting_price: myr(starting_price),
        reserve_price: None,
        buy_now_price: None,
        increment: (format == Format::English).then_some(Increment::Fixed(500)),
        duration_ms: 60_000,
        below_reserve: None,
        soft_close: None,
        dutch: None,
    }
}

pub fn auction(id: AuctionId, title: &str, rules: RulesView, status: AuctionStatus) -> Auction {
    Auction {
        status: StatusView {
            id,
            status,
            format: rules.format,
            seq: 1,
            epoch: EPOCH,
            hash: String::new(),
            price: None,
            next_minimum: PublicState::scheduled(&rules).next_minimum.filter(|_| !status.is_over()),
            leader: None,
            bid_count: 0,
            reserve_met: None,
            buy_now: rules.buy_now_price,
            opens_at: None,
            closes_at: None,
            extensions: 0,
            watchers: 41,
            server_time: start(),
        },
        product: LotProduct { id: ProductId(id.uuid()), title: title.to_owned(), images: Vec::new() },
        seller: meiling(),
        title: title.to_owned(),
        stream_id: Some(SHOW),
        starts_at: None,
        rules,
        rules_hash: "4".repeat(64),
        item: Item {
            title: title.to_owned(),
            description: String::new(),
            images: Vec::new(),
            weight_g: None,
            condition: None,
        },
        item_hash: "5".repeat(64),
        outcome: None,
        created_at: start(),
    }
}

fn open(auction: &mut Auction, since_ms: i64, left_ms: i64) {
    auction.status.opens_at = Some(start().plus_millis(-since_ms));
    auction.status.closes_at = Some(start().plus_millis(left_ms));
    auction.status.seq = 2;
}

/// English, with a reserve that is not met and a soft close of ten seconds; Bala leads.
pub fn camera() -> Auction {
    let mut rules = rules(Format::English, 100_000);
    rules.soft_close =
        Some(SoftClose { trigger_ms: 10_000, extend_ms: 10_000, mode: SoftCloseMode::Reset, max_total_ms: None });
    rules.reserve_price = Some(ReserveView::Hidden(ReserveCommitment { commitment: "00".repeat(32) }));
    rules.buy_now_price = Some(myr(250_000));
    let mut lot = auction(CAMERA, "Leica M3 of 1954 with a 50 mm Summicron", rules, AuctionStatus::Live);
    open(&mut lot, 30_000, 30_000);
    lot.status.seq = 5;
    lot.status.price = Some(myr(125_000));
    lot.status.next_minimum = Some(myr(125_500));
    lot.status.leader = Some(bala());
    lot.status.bid_count = 3;
    lot.status.reserve_met = Some(false);
    lot
}

/// Dutch: MYR 500 falling by 10 a second to 200.
pub fn batik() -> Auction {
    let mut rules = rules(Format::Dutch, 50_000);
    rules.dutch = Some(Dutch { step: 1_000, interval_ms: 1_000, floor: myr(20_000) });
    let mut lot = auction(BATIK, "Batik tulis from Kelantan", rules, AuctionStatus::Live);
    open(&mut lot, 7_250, 52_750);
    lot
}

pub fn teapot() -> Auction {
    let mut lot = auction(TEAPOT, "Yixing teapot", rules(Format::SealedSecondPrice, 8_000), AuctionStatus::Live);
    open(&mut lot, 10_000, 300_000);
    lot.status.bid_count = 4;
    lot
}

pub fn lots() -> Vec<Auction> {
    let watch = auction(WATCH, "Seiko diver, 1968", rules(Format::English, 45_000), AuctionStatus::Scheduled);
    let mut stamps = auction(STAMPS, "Straits Settlements stamps", rules(Format::English, 5_000), AuctionStatus::Sold);
    open(&mut stamps, 200_000, -120_000);
    stamps.status.price = Some(myr(1_234_550));
    stamps.status.leader = Some(bala());
    stamps.status.bid_count = 17;
    stamps.outcome = Some(Outcome {
        status: AuctionStatus::Sold,
        winner: Some(bala()),
        price: Some(myr(1_234_550)),
        bid_id: Some(bid(900)),
    });
    stamps.stream_id = None;
    vec![watch, camera(), stamps, batik(), teapot()]
}

pub fn entry(seq: u64, at_ms: i64, data: EventData) -> LogEntry {
    LogEntry { seq, at: start().plus_millis(at_ms), data, prev: String::new(), hash: String::new() }
}

/// A bid that leads.
pub fn leading(n: u128, bidder: UserId, price: i64, count: u64, closes_in_ms: i64) -> EventData {
    EventData::Bid {
        bid_id: bid(n),
        bidder: Some(bidder),
        outcome: BidOutcome::Leading,
        price: Some(myr(price)),
        leader: Some(bidder),
        next_minimum: Some(myr(price + 500)),
        closes_at: start().plus_millis(closes_in_ms),
        bid_count: count,
        commitment: String::new(),
    }
}

pub fn camera_log() -> Vec<LogEntry> {
    let opened = EventData::Opened { opens_at: start().plus_millis(-30_000), closes_at: start().plus_millis(30_000) };
    vec![
        entry(2, -30_000, opened),
        entry(3, -25_000, leading(801, BALA, 100_000, 1, 30_000)),
        entry(4, -15_000, leading(802, STRANGER, 110_000, 2, 30_000)),
        entry(5, -5_000, leading(803, BALA, 125_000, 3, 30_000)),
    ]
}

pub fn answer(n: u128, outcome: BidOutcome, price: i64) -> BidAnswer {
    BidAnswer {
        bid_id: bid(n),
        auction_id: CAMERA,
        outcome,
        seq: 6,
        at: start(),
        price: Some(myr(price)),
        leader_id: Some(AISHAH),
        next_minimum: Some(myr(price + 500)),
        closes_at: start().plus_millis(30_000),
        hash: String::new(),
        receipt: receipt(n),
        replayed: false,
    }
}

/// A receipt that nobody looks at: the SDK has done so before.
fn receipt(n: u128) -> Receipt {
    Receipt {
        key_id: String::new(),
        origin: "localhost".to_owned(),
        epoch: EPOCH,
        auction_id: CAMERA,
        bid_id: Some(bid(n)),
        seq: 6,
        hash: String::new(),
        head_seq: 6,
        head_hash: String::new(),
        index: 0,
        size: 1,
        path: Vec::new(),
        signature: String::new(),
    }
}

pub fn message(n: u64, user: PublicUser, text: &str) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(0x3e55_0000 + u128::from(n))),
        stream_id: SHOW,
        seq: n,
        user: Author {
            role: (user.id == MEILING).then_some(ShowRole::Seller),
            id: user.id,
            display_name: user.display_name,
        },
        text: text.to_owned(),
        at: start(),
        deleted: false,
    }
}

pub fn chat() -> ChatState {
    ChatState {
        messages: vec![
            message(1, meiling(), "Welcome everybody! The camera works, the shutter was cleaned in spring."),
            message(2, bala(), "does it come with the case?"),
            message(3, meiling(), "yes"),
        ],
        settings: PublicChatSettings { slow_mode_s: 0, max_length: 500, followers_only: false, min_account_age_s: 0 },
        pinned: None,
    }
}

pub fn said(message: &Message) -> ChatEvent {
    let data = ChatEventData::Message {
        id: message.id,
        user: message.user.clone(),
        text: message.text.clone(),
        deleted: false,
    };
    ChatEvent { seq: message.seq, at: message.at, data }
}
