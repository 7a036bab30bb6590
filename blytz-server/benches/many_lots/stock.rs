//! Logs of any length, made by the rules and written straight into a server's database: through its
//! API a million bids would take the better part of an hour.

use std::path::Path;

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, Timestamp, UserId,
    auction::{
        Auction, Bid, BidKind, Command, Consignment, Event, Nonce, Rules, Sealed, Snapshot, Standing, item_hash,
        log::Head,
        recall::fingerprint,
        receipt::{House, Leaf, Signer},
    },
    id::uuid_v7,
    wire::auction::{BidAnswer, EventData, Item, LogEntry, Receipt, SoftClose, SoftCloseMode},
};
use serde_json::json;
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteConnectOptions};

/// Rows in a statement, and statements in a transaction.
const CHUNK: usize = 500;
const CHUNKS: usize = 10;
/// After how many events a server keeps a state.
const KEPT_EVERY: u64 = 1_000;
/// Between two bids of a log.
const PAUSE_MS: i64 = 1;
const MONTH_MS: i64 = 2_592_000_000;
const MINUTE_MS: i64 = 60_000;
/// How long ago overdue lots should have closed.
const CLOSED_MS: i64 = 5_000;

/// A lot as it was written.
#[derive(Debug, Clone, Copy)]
pub struct Lot {
    pub id: AuctionId,
    /// What the next bid must be, while it is live.
    pub next: Money,
}

/// How a lot stands when the server starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Live,
    Sold,
}

/// Writes lots into a database that no server has open.
pub struct Stock {
    db: SqliteConnection,
    now: Timestamp,
    /// Stands in for those that nobody will ask for.
    receipt: Receipt,
    made: u64,
    events: Vec<(AuctionId, LogEntry, Option<Sealed>)>,
    bids: Vec<NewBid>,
    chunks: usize,
}

struct NewBid {
    lot: AuctionId,
    bidder: UserId,
    kind: BidKind,
    answer: BidAnswer,
}

impl Stock {
    pub async fn open(file: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let mut db = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await?;
        // Whoever loses it makes it again.
        sqlx::query("pragma synchronous = off").execute(&mut db).await?;
        sqlx::query("begin immediate").execute(&mut db).await?;
        let head = Head::empty(AuctionId(uuid_v7(now, [0; 10])));
        let signer = Signer::from_seed(house(now), "bench".to_owned(), [7; 32], now);
        let receipt = signer.seal(vec![Leaf::of_head(&head)]).remove(0);
        Ok(Self { db, now, receipt, made: 0, events: Vec::new(), bids: Vec::new(), chunks: 0 })
    }

    /// A lot with a log of this many events, of which all but two or three are bids.
    pub async fn lot(&mut self, events: u64, course: Course) -> anyhow::Result<Lot> {
        let lasting = i64::try_from(events)? * PAUSE_MS + MINUTE_MS;
        let duration = if course == Course::Live { MONTH_MS } else { lasting };
        let mut at = self.now.plus_millis(-lasting - MINUTE_MS);
        let (id, seller, product) = (AuctionId(self.id()), UserId(self.id()), ProductId(self.id()));
        let nonce = Nonce::from_bytes([7; 32]);
        let (mut auction, scheduled) =
            Auction::schedule(at, id, consignment(at, seller, product), rules(duration, None)?, nonce);
        let mut head = Head::empty(id);
        self.append(&mut head, scheduled, None);
        at = at.plus_millis(PAUSE_MS);
        for event in auction.handle(at, Command::Open)? {
            self.append(&mut head, event, None);
        }
        let bidders = [UserId(self.id()), UserId(self.id())];
        let bids = events.saturating_sub(if course == Course::Live { 2 } else { 3 });
        for (amount, bidder) in (1..).zip(bidders.into_iter().cycle()).take(usize::try_from(bids)?) {
            at = at.plus_millis(PAUSE_MS);
            let (bid_id, kind) = (BidId(self.id()), BidKind::Exact(Money::new(amount, Currency::MYR)));
            let standing = Standing::default();
            let command = Command::Bid(Bid { bidder, bid_id, kind, rules_hash: None, standing, nonce });
            for event in auction.handle(at, command)? {
                self.append(&mut head, event, Some((bidder, kind)));
            }
            if head.seq.is_multiple_of(KEPT_EVERY) {
                self.keep(&auction, &head).await?;
            }
            self.flush(CHUNK).await?;
        }
        if course == Course::Sold {
            for event in auction.handle(self.now, Command::Tick)? {
                self.append(&mut head, event, None);
            }
        }
        self.row(&auction, &head, seller).await?;
        Ok(Lot { id, next: Money::new(i64::try_from(bids)? + 1, Currency::MYR) })
    }

    /// Lots with a soft close that were due while nobody was served, each with a bid: their close fell into
    /// an outage that began a few seconds before it.
    pub async fn overdue(&mut self, lots: u64) -> anyhow::Result<()> {
        let (mode, max_total_ms) = (SoftCloseMode::Reset, None);
        let soft_close = SoftClose { trigger_ms: 10_000, extend_ms: MINUTE_MS, mode, max_total_ms };
        for _ in 0..lots {
            let rules = rules(MINUTE_MS, Some(soft_close))?;
            let (id, seller, product) = (AuctionId(self.id()), UserId(self.id()), ProductId(self.id()));
            let opens_at = self.now.plus_millis(-MINUTE_MS - CLOSED_MS);
            let nonce = Nonce::from_bytes([7; 32]);
            let scheduled_at = opens_at.plus_millis(-PAUSE_MS);
            let (mut auction, scheduled) =
                Auction::schedule(scheduled_at, id, consignment(scheduled_at, seller, product), rules, nonce);
            let mut head = Head::empty(id);
            self.append(&mut head, scheduled, None);
            for event in auction.handle(opens_at, Command::Open)? {
                self.append(&mut head, event, None);
            }
            let (bidder, bid_id) = (UserId(self.id()), BidId(self.id()));
            let (kind, standing) = (BidKind::Exact(Money::new(1, Currency::MYR)), Standing::default());
            let command = Command::Bid(Bid { bidder, bid_id, kind, rules_hash: None, standing, nonce });
            for event in auction.handle(opens_at.plus_millis(PAUSE_MS), command)? {
                self.append(&mut head, event, Some((bidder, kind)));
            }
            self.row(&auction, &head, seller).await?;
            self.flush(CHUNK).await?;
        }
        sqlx::query("update service_time set served_until_us = $1")
            .bind(self.now.plus_millis(-CLOSED_MS - 3_000).as_micros())
            .execute(&mut self.db)
            .await?;
        Ok(())
    }

    /// A state, as a server keeps them while a log grows.
    async fn keep(&mut self, auction: &Auction, head: &Head) -> anyhow::Result<()> {
        sqlx::query("insert into auction_snapshots (auction_id, seq, snapshot) values ($1, $2, $3)")
            .bind(head.auction_id.uuid())
            .bind(i64::try_from(head.seq)?)
            .bind(Snapshot::of(auction, head).as_json())
            .execute(&mut self.db)
            .await?;
        Ok(())
    }

    /// Ids that are new, and come in the order in which they were made.
    fn id(&mut self) -> uuid::Uuid {
        self.made += 1;
        let mut number = [0; 10];
        number[2..].copy_from_slice(&self.made.to_be_bytes());
        uuid_v7(self.now, number)
    }

    fn append(&mut self, head: &mut Head, event: Event, bid: Option<(UserId, BidKind)>) {
        let entry = head.append(&event);
        if let (Some((bidder, kind)), &EventData::Bid { bid_id, outcome, price, leader, next_minimum, closes_at, .. }) =
            (bid, &entry.data)
        {
            let answer = BidAnswer {
                bid_id,
                auction_id: head.auction_id,
                outcome,
                seq: entry.seq,
                at: entry.at,
                price,
                leader_id: leader,
                next_minimum,
                closes_at,
                hash: entry.hash.clone(),
                receipt: self.receipt.clone(),
                replayed: false,
            };
            self.bids.push(NewBid { lot: head.auction_id, bidder, kind, answer });
        }
        self.events.push((head.auction_id, entry, event.sealed));
    }

    /// The lot itself, and where its log ends.
    async fn row(&mut self, auction: &Auction, head: &Head, seller: UserId) -> anyhow::Result<()> {
        let public = auction.public(self.now);
        let mut state = serde_json::to_value(&public)?;
        state["winning_bid"] = json!(auction.leading_bid().filter(|_| auction.is_over()));
        sqlx::query(
            "insert into auctions
                (id, seller_id, product_id, position, title, rules, rules_view, rules_hash, created_at_us, item,
                 item_hash)
             values ($1, $2, $3, 0, 'A lot', $4, $5, $6, $7, $8, $9)",
        )
        .bind(head.auction_id.uuid())
        .bind(seller.uuid())
        .bind(auction.product_id().uuid())
        .bind(serde_json::to_string(auction.rules())?)
        .bind(serde_json::to_string(auction.rules_view())?)
        .bind(auction.rules_hash())
        .bind(self.now.as_micros())
        .bind(serde_json::to_string(&item())?)
        .bind(auction.item_hash())
        .execute(&mut self.db)
        .await?;
        sqlx::query(
            "insert into auction_heads (auction_id, seq, hash, status, state, due_at_us, late_from_us)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(head.auction_id.uuid())
        .bind(i64::try_from(head.seq)?)
        .bind(&head.hash)
        .bind(public.status.name())
        .bind(state.to_string())
        .bind(auction.poll_timeout().map(Timestamp::as_micros))
        .bind(auction.late_from().map(Timestamp::as_micros))
        .execute(&mut self.db)
        .await?;
        Ok(())
    }

    /// Writes what has come together, if it is this much.
    async fn flush(&mut self, least: usize) -> anyhow::Result<()> {
        if self.events.len() < least.max(1) {
            return Ok(());
        }
        let events = self.events.drain(..).map(|(lot, entry, sealed)| {
            let sealed = sealed.map(|sealed| serde_json::to_string(&sealed)).transpose()?;
            Ok((lot, i64::try_from(entry.seq)?, serde_json::to_string(&entry)?, entry.hash, sealed))
        });
        let events: Vec<_> = events.collect::<anyhow::Result<_>>()?;
        QueryBuilder::<Sqlite>::new("insert into auction_events (auction_id, seq, entry, hash, sealed) ")
            .push_values(&events, |mut row, (lot, seq, entry, hash, sealed)| {
                row.push_bind(lot.uuid()).push_bind(seq).push_bind(entry).push_bind(hash).push_bind(sealed);
            })
            .build()
            .execute(&mut self.db)
            .await?;
        if !self.bids.is_empty() {
            self.insert_bids().await?;
        }
        self.chunks += 1;
        if self.chunks.is_multiple_of(CHUNKS) {
            sqlx::query("commit").execute(&mut self.db).await?;
            sqlx::query("begin immediate").execute(&mut self.db).await?;
        }
        Ok(())
    }

    async fn insert_bids(&mut self) -> anyhow::Result<()> {
        let bids = self.bids.drain(..).map(|bid| {
            let (seq, answer) = (i64::try_from(bid.answer.seq)?, serde_json::to_string(&bid.answer)?);
            let receipt = serde_json::to_string(&bid.answer.receipt)?;
            Ok((bid, seq, answer, receipt))
        });
        let bids: Vec<_> = bids.collect::<anyhow::Result<_>>()?;
        QueryBuilder::<Sqlite>::new(
            "insert into auction_bids
                (auction_id, bid_id, bidder_id, seq, kind, amount, fingerprint, answer, voided, receipt) ",
        )
        .push_values(&bids, |mut row, (bid, seq, answer, receipt)| {
            row.push_bind(bid.lot.uuid())
                .push_bind(bid.answer.bid_id.uuid())
                .push_bind(bid.bidder.uuid())
                .push_bind(seq)
                .push_bind("amount")
                .push_bind(bid.kind.money().map_or(0, |money| money.amount))
                .push_bind(fingerprint(bid.kind, None))
                .push_bind(answer)
                .push_bind(false)
                .push_bind(receipt);
        })
        .build()
        .execute(&mut self.db)
        .await?;
        Ok(())
    }

    /// Writes the rest, and gives the file back.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.flush(1).await?;
        sqlx::query("commit").execute(&mut self.db).await?;
        sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut self.db).await?;
        Ok(self.db.close().await?)
    }
}

fn house(now: Timestamp) -> House {
    House { origin: "bench".to_owned(), epoch: Epoch(uuid_v7(now, [1; 10])) }
}

fn item() -> Item {
    let (title, description) = ("A lot".to_owned(), String::new());
    Item { title, description, images: Vec::new(), weight_g: None, condition: None }
}

fn consignment(at: Timestamp, seller_id: UserId, product_id: ProductId) -> Consignment {
    Consignment { house: house(at), seller_id, product_id, starts_at: None, item_hash: item_hash(&item()) }
}

fn rules(duration_ms: i64, soft_close: Option<SoftClose>) -> anyhow::Result<Rules> {
    let start = Money::new(1, Currency::MYR);
    Ok(serde_json::from_value(json!({
        "format": "english", "currency": start.currency, "starting_price": start, "increment": {"fixed": 1},
        "duration_ms": duration_ms, "soft_close": soft_close,
    }))?)
}
