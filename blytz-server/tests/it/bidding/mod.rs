//! A crowd that bids whatever happens to the server or its database, and keeps what it was told.
//!
//! Each bid is sent under one id until it is answered: what nobody knows is asked for again, as a client
//! would. So when the crowd has ended, every bid has an answer, and [`books`] can hold all of them against
//! the logs.

pub mod books;
pub mod watchers;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use blytz_client::new_bid_id;
use blytz_core::{
    AuctionId, Currency, Money,
    wire::auction::{BidAnswer, BidRequest},
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet, time::sleep};

use self::watchers::Watcher;
use crate::house::{Answer, Lot, PASSWORD, Person, money, rules_with};

/// How long whoever could not be answered waits before they ask again.
const PAUSE: Duration = Duration::from_millis(50);

/// Far longer than anything may take.
const LONG: Duration = Duration::from_mins(3);

/// What no random bid reaches, so that a lot is over when somebody says so, and not before.
const PRICELESS: i64 = 900_000_000;

/// Lots that stay open for an hour, or until somebody buys them.
pub async fn lots(seller: &Person, count: usize) -> Vec<Lot> {
    lots_for(Duration::from_hours(1), seller, count).await
}

/// Lots that stay open for so long.
pub async fn lots_for(time: Duration, seller: &Person, count: usize) -> Vec<Lot> {
    let rules = json!({
        "starting_price": money(100), "increment": { "fixed": 1 }, "duration_ms": time.as_millis(),
        "reserve_price": money(PRICELESS - 1), "buy_now_price": money(PRICELESS),
    });
    let mut lots = Vec::new();
    for _ in 0..count {
        lots.push(seller.auction(rules_with(rules.clone())).await);
    }
    lots
}

/// Ends a crowd that the server has answered whatever happened, and holds what it was told and what was
/// watched against the logs. Then all lots are bought, to see that they go on. What the crowd has counted.
pub async fn nothing_is_lost(crowd: Crowd, watchers: Vec<Watcher>, lots: &[Lot]) -> Counts {
    let (bidders, told, counts) = crowd.end().await;
    assert_eq!(counts.cut, 0, "the server has answered everybody");
    let logs = books::logs(lots).await;
    books::agree(&logs, &told, &bidders).await;
    for watcher in watchers {
        watcher.saw(&logs).await;
    }
    books::are_bought(lots, bidders[0].person()).await;
    counts
}

pub fn id_of(lot: &Lot) -> AuctionId {
    lot.id.parse().expect("an id")
}

/// Somebody who bids, at one server or at several of the same house.
#[derive(Clone)]
pub struct Bidder {
    doors: Vec<Person>,
}

impl Bidder {
    /// Some who have signed up at the first of these servers.
    pub async fn sign_up(count: usize, servers: &[&Person]) -> Vec<Self> {
        let mut bidders = Vec::new();
        for index in 0..count {
            let (name, email) = (format!("bidder{index}"), format!("bidder{index}@example.com"));
            let person = servers[0].sign_up(&email, PASSWORD, &name).await.person(201);
            bidders.push(Self { doors: servers.iter().map(|server| person.beside(server)).collect() });
        }
        bidders
    }

    /// Who it is, at the server that they ask first.
    pub fn person(&self) -> &Person {
        &self.doors[0]
    }

    /// Sends a bid, always the same, to one server after the other until one of them answers.
    pub async fn insist(&self, bid: &BidRequest, sheet: &Sheet) -> Answer {
        let mut door = rand::random_range(0..self.doors.len());
        loop {
            match self.doors[door].try_post("/auction/bid", json!(bid)).await {
                Some(answer) if answer.status < 500 => return answer,
                Some(answer) => {
                    is_for_later(&answer);
                    sheet.count(|counts| counts.later += 1);
                }
                None => sheet.count(|counts| counts.cut += 1),
            }
            door = (door + 1) % self.doors.len();
            sleep(PAUSE).await;
        }
    }
}

/// Checks that whoever was not answered knows what to do.
#[track_caller]
pub fn is_for_later(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(matches!(answer.body["code"].as_str(), Some("unavailable" | "outcome_unknown")), "{}", answer.body);
    let seconds = answer.headers["retry-after"].to_str().expect("a header").parse::<u64>();
    assert!(seconds.is_ok_and(|seconds| seconds > 0), "{:?}", answer.headers);
}

/// A bid, and how it was answered in the end.
#[derive(Debug, Clone)]
pub struct Told {
    /// Which of the bidders made it.
    pub by: usize,
    pub bid: BidRequest,
    /// The answer to one that was accepted; why another was refused.
    pub answer: Result<BidAnswer, String>,
}

/// What happened until now.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub accepted: HashMap<AuctionId, usize>,
    pub refused: usize,
    /// Those of them that came when the lot was over.
    pub too_late: usize,
    /// Bids that were answered by "ask again".
    pub later: usize,
    /// Those whose connection broke.
    pub cut: usize,
}

impl Counts {
    pub fn all_accepted(&self) -> usize {
        self.accepted.values().sum()
    }
}

/// What everybody in a crowd writes on.
#[derive(Default)]
pub struct Sheet {
    told: Mutex<Vec<Told>>,
    counts: watch::Sender<Counts>,
    over: AtomicBool,
}

impl Sheet {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }

    fn note(&self, told: Told) {
        self.count(|counts| match &told.answer {
            Ok(_) => *counts.accepted.entry(told.bid.auction_id).or_default() += 1,
            Err(code) => {
                counts.refused += 1;
                counts.too_late += usize::from(code == "auction_closed");
            }
        });
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

/// People who bid on some lots until they are told to stop.
pub struct Crowd {
    pub bidders: Vec<Bidder>,
    lots: Vec<AuctionId>,
    sheet: Arc<Sheet>,
    bidding: JoinSet<()>,
}

impl Crowd {
    pub fn start(bidders: Vec<Bidder>, lots: &[Lot]) -> Self {
        let (lots, sheet) = (lots.iter().map(id_of).collect::<Vec<_>>(), Arc::<Sheet>::default());
        let mut bidding = JoinSet::new();
        for (index, bidder) in bidders.iter().enumerate() {
            bidding.spawn(bid_on(index, bidder.clone(), lots.clone(), Arc::clone(&sheet)));
        }
        Self { bidders, lots, sheet, bidding }
    }

    pub fn counts(&self) -> Counts {
        self.sheet.counts.borrow().clone()
    }

    /// Waits until so many more bids are accepted, wherever that is.
    pub async fn bids(&mut self, more: usize) {
        let before = self.counts().all_accepted();
        self.until(|counts| counts.all_accepted() >= before + more).await;
    }

    /// Waits until every lot has taken so many more bids: none of them is left behind.
    pub async fn goes_on(&mut self, more: usize) {
        let of = |counts: &Counts, lot| counts.accepted.get(lot).copied().unwrap_or_default();
        let (before, lots) = (self.counts(), self.lots.clone());
        self.until(|counts| lots.iter().all(|lot| of(counts, lot) >= of(&before, lot) + more)).await;
    }

    /// Waits until the counts are as the test wants them.
    pub async fn until(&mut self, holds: impl FnMut(&Counts) -> bool) {
        let mut counts = self.sheet.counts.subscribe();
        let held = tokio::time::timeout(LONG, counts.wait_for(holds));
        let held = tokio::select! {
            held = held => held.is_ok(),
            Some(ended) = self.bidding.join_next() => panic!("a bidder has gone: {ended:?}"),
        };
        assert!(held, "bids don't go on; it stands at {:?}", self.counts());
    }

    /// Has everybody stop once their last bid is answered. Who bade, and what they were told.
    pub async fn end(mut self) -> (Vec<Bidder>, Vec<Told>, Counts) {
        self.sheet.over.store(true, Ordering::SeqCst);
        let ended = async {
            while let Some(ended) = self.bidding.join_next().await {
                ended.expect("no bidder panics");
            }
        };
        tokio::time::timeout(LONG, ended).await.expect("everybody is answered");
        let told = std::mem::take(&mut *self.sheet.told.lock().unwrap_or_else(PoisonError::into_inner));
        let counts = self.counts();
        (self.bidders, told, counts)
    }
}

/// Makes random bids, near what is asked for as far as this bidder has heard.
async fn bid_on(by: usize, bidder: Bidder, lots: Vec<AuctionId>, sheet: Arc<Sheet>) {
    let mut asked = HashMap::new();
    while !sheet.over.load(Ordering::SeqCst) {
        let lot = lots[rand::random_range(0..lots.len())];
        let asked = asked.entry(lot).or_insert(100);
        let bid = draw(lot, *asked);
        let answer = bidder.insist(&bid, &sheet).await;
        *asked = least(&answer.body).unwrap_or(*asked);
        let answer = outcome(answer);
        sheet.note(Told { by, bid, answer });
    }
}

fn draw(auction_id: AuctionId, asked: i64) -> BidRequest {
    let offer = Some(Money::new((asked + rand::random_range(-1..8)).max(1), Currency::MYR));
    let (amount, max) = if rand::random_ratio(1, 3) { (None, offer) } else { (offer, None) };
    BidRequest { auction_id, bid_id: new_bid_id(), rules_hash: None, amount, max, buy_now: None }
}

fn least(body: &Value) -> Option<i64> {
    body["next_minimum"]["amount"].as_i64()
}

/// What an answer is in the end; any that a bid in earnest can't get fails the test.
fn outcome(answer: Answer) -> Result<BidAnswer, String> {
    let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
    match (answer.status, code.as_str()) {
        (200 | 201, _) => Ok(serde_json::from_value(answer.body).expect("an answer to a bid")),
        (409, "bid_too_low" | "already_leading" | "max_not_raised" | "auction_closed") => Err(code),
        _ => panic!("{}: {}", answer.status, answer.body),
    }
}
