//! A sold lot and its proof, made by the rules alone, signed by whoever a test wants to have signed it;
//! and a server that shows whatever it is told to.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, Timestamp, UserId,
    auction::{
        Auction, Bid, BidKind, Book, Command, Consignment, Event, Nonce, Outage, Rules, Sealed, Standing, item_hash,
        log::Head,
        proof::Viewer,
        receipt::{House, Leaf, Signer},
    },
    wire::auction::{EventData, Item, LogEntry, LogKey, Proof, Receipt, VoidedBy},
};
use serde_json::{Value, json};
use uuid::Uuid;

const RULES: &str = r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
    "increment": {"fixed": 100}, "duration_ms": 60000,
    "soft_close": {"trigger_ms": 10000, "extend_ms": 10000, "mode": "reset"}}"#;

/// When the lot is made.
pub const NOON: Timestamp = Timestamp::from_micros(1_764_158_400_000_000);

/// Signs as `shop.example`, with a key made of this byte, from noon on.
pub fn signer(seed: u8) -> Signer {
    signer_of("shop.example", seed, NOON)
}

pub fn signer_of(origin: &str, seed: u8, from: Timestamp) -> Signer {
    let house = House { origin: origin.to_owned(), epoch: Epoch(Uuid::from_u128(0xe)) };
    Signer::from_seed(house, "k1".to_owned(), [seed; 32], from)
}

/// The same house with the same key, after it was restored from a backup.
pub fn restored_signer(seed: u8) -> Signer {
    let house = House { origin: "shop.example".to_owned(), epoch: Epoch(Uuid::from_u128(0xf)) };
    Signer::from_seed(house, "k1".to_owned(), [seed; 32], NOON)
}

/// What happened to a lot, from its making to its end.
pub struct Sale {
    pub id: AuctionId,
    item: Item,
    log: Vec<(LogEntry, Option<Sealed>)>,
}

struct Run {
    auction: Auction,
    events: Vec<Event>,
}

impl Run {
    fn does(&mut self, second: i64, command: Command) {
        let happened = self.auction.handle(NOON.plus_millis(second * 1_000), command).expect("it is allowed");
        self.events.extend(happened);
    }

    fn bids(&mut self, second: i64, bidder: u128, kind: BidKind) -> BidId {
        let bid_id = BidId(Uuid::from_u128(0xb00 + bidder));
        let (bidder, nonce) = (UserId(Uuid::from_u128(bidder)), Nonce::from_bytes([7; 32]));
        let bid = Bid { bidder, bid_id, kind, rules_hash: None, standing: Standing::default(), nonce };
        self.does(second, Command::Bid(bid));
        bid_id
    }
}

impl Sale {
    /// A lot of this house: two bids count, a third is voided, and at the end nobody serves for a while.
    pub fn of(house: &Signer) -> Self {
        Self::with_price(house, 1_000)
    }

    /// The same with another first bid.
    pub fn with_price(house: &Signer, first: i64) -> Self {
        Self::with(house, 0xac, |run| {
            let myr = |amount| Money::new(amount, Currency::MYR);
            run.bids(1, 0xa, BidKind::Exact(myr(first)));
            run.bids(2, 0xb, BidKind::Max(myr(2_000)));
            let slip = run.bids(3, 0xc, BidKind::Exact(myr(3_000)));
            let falls = Book::of(&run.events).falls(&run.auction, slip, None, usize::MAX).expect("it stands");
            let fall = falls.into_iter().next().expect("one");
            let reason = "a zero \u{1b}[2Jtoo many".to_owned();
            run.does(4, Command::Void { fall, by: VoidedBy::Seller, block: true, reason });
            let away = Outage { from: NOON.plus_millis(55_000), to: NOON.plus_millis(63_000) };
            run.does(63, Command::Resume(away));
        })
    }

    /// One that was called off after a bid.
    pub fn cancelled(house: &Signer) -> Self {
        Self::with(house, 0xcc, |run| {
            run.bids(1, 0xa, BidKind::Exact(Money::new(1_000, Currency::MYR)));
            run.does(2, Command::Cancel { reason: "broken".to_owned(), by_admin: true });
        })
    }

    fn with(house: &Signer, id: u128, course: impl FnOnce(&mut Run)) -> Self {
        let id = AuctionId(Uuid::from_u128(id));
        let item = Item {
            title: "Blue teapot".to_owned(),
            description: String::new(),
            images: Vec::new(),
            weight_g: None,
            condition: None,
        };
        let consignment = Consignment {
            house: house.house().clone(),
            seller_id: UserId(Uuid::from_u128(1)),
            product_id: ProductId(Uuid::from_u128(2)),
            starts_at: None,
            item_hash: item_hash(&item),
        };
        let rules: Rules = serde_json::from_str(RULES).expect("rules");
        let (auction, first) = Auction::schedule(NOON, id, consignment, rules, Nonce::from_bytes([1; 32]));
        let mut run = Run { auction, events: vec![first] };
        run.does(0, Command::Open);
        course(&mut run);
        while let Some(due) = run.auction.poll_timeout() {
            let happened = run.auction.handle(due, Command::Tick).expect("a tick is never refused");
            run.events.extend(happened);
        }
        let mut head = Head::empty(id);
        let log = run.events.into_iter().map(|event| (head.append(&event), event.sealed)).collect();
        Self { id, item, log }
    }

    /// Its proof as this signer publishes it.
    pub fn proof(&self, signer: &Signer) -> Proof {
        let receipt = signer.seal(vec![Leaf::of_head(&self.head())]).remove(0);
        let (log, keys) = (&self.log, vec![signer.public()]);
        Proof::assemble(self.id, self.item.clone(), log, keys, Some(receipt), Viewer::Public).expect("it is over")
    }

    /// The lot as it was at its first bid's moment, as its server lists it.
    pub fn lot(&self) -> Value {
        let mut lot: Value =
            serde_json::from_str(include_str!("../../../fixtures/wire/auction_sold.json")).expect("a sample");
        let Some((LogEntry { data: EventData::Scheduled { rules, rules_hash, .. }, .. }, _)) = self.log.first() else {
            panic!("it begins with its rules");
        };
        (lot["id"], lot["status"], lot["next_minimum"]) = (json!(self.id), json!("live"), json!(rules.starting_price));
        (lot["rules"], lot["rules_hash"]) = (json!(rules), json!(rules_hash));
        (lot["item"], lot["item_hash"]) = (json!(self.item), json!(item_hash(&self.item)));
        lot
    }

    /// What the house signed for its first bid.
    pub fn receipt(&self, signer: &Signer) -> Receipt {
        let found = self.log.iter().find_map(|(entry, _)| match entry.data {
            EventData::Bid { bid_id, .. } => Some((entry, bid_id)),
            _ => None,
        });
        let (entry, bid_id) = found.expect("a bid");
        let head = Head { auction_id: self.id, seq: entry.seq, hash: entry.hash.clone() };
        let leaf = Leaf::of_bid(bid_id, entry.seq, entry.hash.clone(), &head);
        signer.seal(vec![Leaf::of_head(&self.head()), leaf]).remove(1)
    }

    fn head(&self) -> Head {
        let (last, _) = self.log.last().expect("a log");
        Head { auction_id: self.id, seq: last.seq, hash: last.hash.clone() }
    }
}

pub fn keys(keys: &[LogKey]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A server of one lot that answers as a test has it.
pub struct Facade {
    pub url: String,
    shown: Arc<Mutex<Shown>>,
}

#[derive(Default)]
struct Shown {
    /// By path: the status, and the JSON.
    answers: HashMap<String, (u16, String)>,
    /// What was asked for, each with its body.
    asked: Vec<(String, String)>,
}

impl Facade {
    /// Shows this lot, and the keys of this signer.
    pub fn of(sale: &Sale, signer: &Signer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let facade = Self { url, shown: Arc::default() };
        facade.shows_lot(sale, signer);
        facade.shows_keys(&[signer.public()]);
        let shown = facade.shown.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.expect("a connection"), &mut shown.lock().expect("nobody panicked"));
            }
        });
        facade
    }

    pub fn shows(&self, path: &str, body: &impl serde::Serialize) {
        self.answers(path, 200, body);
    }

    pub fn answers(&self, path: &str, status: u16, body: &impl serde::Serialize) {
        let text = serde_json::to_string(body).expect("JSON");
        self.shown.lock().expect("nobody panicked").answers.insert(path.to_owned(), (status, text));
    }

    pub fn shows_keys(&self, keys: &[LogKey]) {
        self.shows("/auction/keys", &json!({ "keys": keys }));
    }

    /// The bodies of what was asked for at a path so far.
    pub fn asked(&self, path: &str) -> Vec<String> {
        let shown = self.shown.lock().expect("nobody panicked");
        shown.asked.iter().filter(|(asked, _)| asked == path).map(|(_, body)| body.clone()).collect()
    }

    pub fn shows_lot(&self, sale: &Sale, signer: &Signer) {
        let id = sale.id;
        self.shows(&format!("/auction/{id}/proof"), &sale.proof(signer));
        let first: Vec<_> = sale.log.iter().take(1).map(|(entry, _)| entry).collect();
        self.shows(&format!("/auction/{id}/events"), &json!({ "items": first, "next_cursor": null }));
        self.shows("/auction", &json!({ "items": [sale.lot()], "next_cursor": null }));
    }
}

fn answer(mut stream: TcpStream, shown: &mut Shown) {
    let mut reader = BufReader::new(&mut stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let begin = head.len();
        if reader.read_line(&mut head).expect("a request") == 0 {
            // Somebody only looked whether anybody is there.
            return;
        }
        let line = head[begin..].to_lowercase();
        length = line.strip_prefix("content-length:").map_or(length, |said| said.trim().parse().expect("a length"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("all of it");
    let path = head.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
    let none = (404, r#"{"type": "about:blank"}"#.to_owned());
    let (status, text) = shown.answers.get(&path).unwrap_or(&none);
    let kind = if *status == 200 { "json" } else { "problem+json" };
    let about = format!("content-type: application/{kind}\r\ncontent-length: {}\r\nconnection: close", text.len());
    stream.write_all(format!("HTTP/1.1 {status} So\r\n{about}\r\n\r\n{text}").as_bytes()).expect("it listens");
    shown.asked.push((path, String::from_utf8(body).expect("text")));
}
