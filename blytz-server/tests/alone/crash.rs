//! Pulling the plug: the process is killed under load, again and again, and nothing that was
//! acknowledged is lost, nothing happens twice, and whoever watched saw every event once.

use std::{
    collections::HashMap,
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use blytz_client::{Client, LiveEvent, LiveHandle, RetryPolicy, new_bid_id};
use blytz_core::{
    AuctionId, BidId, Currency, Money,
    auction::{log::Head, receipt::verify_receipt},
    wire::{
        auction::{BidAnswer, BidRequest, EventData, LogEntry},
        live::Channel,
    },
};
use serde_json::json;
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    house::{Lot, PASSWORD, Person, money, rules_with},
    program::{Program, program},
};

const KILLS: usize = 25;
const BIDDERS: usize = 8;
const LOTS: usize = 3;

/// The server on a fixed port, to be killed and started again over the same data.
fn start(listen: &str, data: &Path) -> Program {
    let mut command = program(data);
    command.args(["--listen", listen, "--rate-limits", "off"]);
    command.env("BLYTZ_ADMIN_EMAIL", "admin@example.com").env("BLYTZ_ADMIN_PASSWORD", PASSWORD);
    Program::start(command.stderr(Stdio::null()))
}

/// What the bidders share: what was acknowledged to them, and whether to go on.
#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<Vec<(usize, BidRequest, BidAnswer)>>,
    count: AtomicUsize,
    stop: AtomicBool,
    more: Notify,
}

impl Ledger {
    fn acknowledge(&self, bidder: usize, bid: BidRequest, answer: BidAnswer) {
        self.acknowledged.lock().expect("no panic while held").push((bidder, bid, answer));
        self.count.fetch_add(1, Ordering::SeqCst);
        self.more.notify_waiters();
    }

    /// Returns once this many bids are acknowledged.
    async fn reach(&self, count: usize) {
        loop {
            let more = self.more.notified();
            if self.count.load(Ordering::SeqCst) >= count {
                return;
            }
            more.await;
        }
    }
}

/// Lots that stay open for an hour.
async fn open_lots(nobody: &Person) -> Vec<Lot> {
    let admin = nobody.log_in("admin@example.com", PASSWORD).await.person(200);
    let seller = nobody.sign_up("seller@example.com", PASSWORD, "seller").await.person(201);
    admin.give_roles(&seller.id, json!(["seller"])).await.expect(200);
    let rules = json!({ "starting_price": money(100), "increment": { "fixed": 1 }, "duration_ms": 3_600_000 });
    let mut lots = Vec::new();
    for _ in 0..LOTS {
        lots.push(seller.auction(rules_with(rules.clone())).await);
    }
    lots
}

/// Bids until told to stop, each intention under one id until its outcome is known.
async fn bid_on(index: usize, client: Client, lots: Vec<AuctionId>, ledger: Arc<Ledger>) {
    let mut price = 100;
    let mut round = index;
    while !ledger.stop.load(Ordering::SeqCst) {
        round += 1;
        let auction_id = lots[round % lots.len()];
        price += 1 + i64::try_from(index).expect("few bidders");
        let money = Some(Money::new(price, Currency::MYR));
        let (amount, max) = if round.is_multiple_of(3) { (None, money) } else { (money, None) };
        let bid = BidRequest { auction_id, bid_id: new_bid_id(), rules_hash: None, amount, max, buy_now: None };
        loop {
            match client.auctions().bid(&bid).await {
                Ok(answer) => {
                    ledger.acknowledge(index, bid, answer);
                    break;
                }
                Err(error) if error.status().is_some_and(|status| status < 500 && status != 429) => {
                    if let Some(minimum) = error.problem().and_then(|problem| problem.next_minimum) {
                        price = price.max(minimum.amount);
                    }
                    break;
                }
                Err(_) if ledger.stop.load(Ordering::SeqCst) => return,
                // Nothing is known: the same bid again, under the same id.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

/// What one watcher saw of each lot, in the order it saw it.
type Seen = Arc<Mutex<HashMap<AuctionId, Vec<LogEntry>>>>;

/// Watches every lot from its first event on, over every restart.
fn watch(nobody: &Person, lots: &[AuctionId]) -> (Seen, LiveHandle, tokio::task::JoinHandle<()>, Arc<Notify>) {
    let client = nobody.client().build().expect("a client");
    let (handle, mut events) = client.live().connect();
    for lot in lots {
        handle.subscribe(Channel::Auction(*lot));
    }
    let (seen, more) = (Seen::default(), Arc::new(Notify::new()));
    let (log, told) = (Arc::clone(&seen), Arc::clone(&more));
    let task = tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if let LiveEvent::Auction { id, entry } = event {
                log.lock().expect("no panic while held").entry(id).or_default().push(entry);
                told.notify_waiters();
            }
        }
    });
    (seen, handle, task, more)
}

async fn whole_log(lot: &Lot) -> Vec<LogEntry> {
    lot.log().await.into_iter().map(|entry| serde_json::from_value(entry).expect("an event")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "slow: kills the program 25 times under load"]
async fn killed_under_load_nothing_is_lost_and_nothing_happens_twice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let listen = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        free.local_addr().expect("its address").to_string()
    };
    let mut process = start(&listen, folder.path());
    let nobody = process.nobody.clone();
    let open = open_lots(&nobody).await;
    let lots: Vec<AuctionId> = open.iter().map(|lot| lot.id.parse().expect("an id")).collect();

    let ledger = Arc::new(Ledger::default());
    let watchers: Vec<_> = (0..3).map(|_| watch(&nobody, &lots)).collect();
    let mut clients = Vec::new();
    let mut bidders = JoinSet::new();
    for index in 0..BIDDERS {
        let (name, email) = (format!("bidder{index}"), format!("bidder{index}@example.com"));
        let bidder = nobody.sign_up(&email, PASSWORD, &name).await.person(201);
        let impatient = RetryPolicy { retries: 0, ..RetryPolicy::default() };
        let client = bidder.client().retry(impatient).build().expect("a client");
        clients.push(client.clone());
        bidders.spawn(bid_on(index, client, lots.clone(), Arc::clone(&ledger)));
    }

    // Killed after a random number of answers, while others are on their way.
    for _ in 0..KILLS {
        let answers = 1 + rand::random_range(0..60);
        ledger.reach(ledger.count.load(Ordering::SeqCst) + answers).await;
        process.kill();
        process = start(&listen, folder.path());
    }
    ledger.reach(ledger.count.load(Ordering::SeqCst) + 20).await;
    ledger.stop.store(true, Ordering::SeqCst);
    while let Some(ended) = bidders.join_next().await {
        ended.expect("no bidder panics");
    }

    let keys = clients[0].auctions().keys().await.expect("the keys").keys;
    let mut logs = HashMap::new();
    for (lot, open) in lots.iter().zip(&open) {
        let log = whole_log(open).await;
        let mut head = Head::empty(*lot);
        for entry in &log {
            head.advance(entry).expect("the chain is whole");
        }
        logs.insert(*lot, log);
    }

    let acknowledged = ledger.acknowledged.lock().expect("no panic while held").clone();
    assert!(acknowledged.len() > KILLS, "there was load: {}", acknowledged.len());
    for (bidder, bid, answer) in &acknowledged {
        let log = &logs[&bid.auction_id];
        let events = log.iter().filter(|entry| event_of(entry) == Some(bid.bid_id)).collect::<Vec<_>>();
        assert_eq!(events.len(), 1, "an acknowledged bid stands in the log once: {answer:?}");
        assert_eq!((events[0].seq, &events[0].hash), (answer.seq, &answer.hash));
        let receipt = &answer.receipt;
        verify_receipt(receipt, &keys).expect("the receipt is signed");
        let said = (receipt.auction_id, receipt.bid_id, receipt.seq, &receipt.hash);
        assert_eq!(said, (bid.auction_id, Some(bid.bid_id), answer.seq, &answer.hash));
        let head = &log[usize::try_from(receipt.head_seq).expect("small") - 1];
        assert_eq!(head.hash, receipt.head_hash, "the receipt is of this history");
        let again = clients[*bidder].auctions().bid(bid).await.expect("remembered for ever");
        assert_eq!(again, BidAnswer { replayed: true, ..answer.clone() });
    }

    for (seen, handle, task, more) in watchers {
        for lot in &lots {
            let last = logs[lot].last().expect("events").seq;
            loop {
                let told = more.notified();
                let head = seen.lock().expect("no panic while held").get(lot).and_then(|log| log.last()).map(|e| e.seq);
                if head.is_some_and(|head| head >= last) {
                    break;
                }
                tokio::time::timeout(Duration::from_secs(30), told).await.expect("the watcher catches up");
            }
            let seen = seen.lock().expect("no panic while held");
            let first = seen[lot].first().expect("events").seq;
            let expected: Vec<_> = logs[lot].iter().filter(|entry| entry.seq >= first).cloned().collect();
            assert_eq!(seen[lot], expected, "every event once, in order");
        }
        handle.close();
        task.await.expect("no watcher panics");
    }
    println!("{} bids acknowledged over {KILLS} kills", acknowledged.len());
}

fn event_of(entry: &LogEntry) -> Option<BidId> {
    match &entry.data {
        EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. } => Some(*bid_id),
        _ => None,
    }
}
