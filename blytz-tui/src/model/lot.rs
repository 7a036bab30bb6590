//! A lot: what its status and its log say.

use std::collections::{BTreeMap, BTreeSet};

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, StreamId, Timestamp, UserId,
    money::MAX_AMOUNT,
    wire::auction::{Auction, AuctionStatus, EventData, Format, Increment, LogEntry, RulesView, StatusView},
};

use crate::clean::Clean;

/// How much of a log is kept for the history.
const HISTORY_LENGTH: usize = 400;

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When.
    pub at: Timestamp,
    /// What.
    pub data: EventData,
}

impl Row {
    /// Whose bid or raise it is, if that is known.
    pub const fn bidder(&self) -> Option<UserId> {
        match self.data {
            EventData::Bid { bidder, .. } | EventData::MaxRaised { leader: bidder, .. } => bidder,
            _ => None,
        }
    }
}

/// A void: which bid it was about, and all that fell with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Void {
    bid: BidId,
    bid_seq: u64,
    struck: BTreeSet<BidId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    pub id: AuctionId,
    /// What it is called.
    pub title: Clean,
    pub seller: UserId,
    /// What is sold.
    pub product: ProductId,
    /// In which show.
    pub stream: Option<StreamId>,
    /// How it is sold.
    pub format: Format,
    /// How it is sold, in detail.
    pub rules: RulesView,
    /// Where it stands.
    pub status: AuctionStatus,
    /// The last event that is known.
    pub seq: u64,
    /// Which history it belongs to.
    pub epoch: Epoch,
    pub price: Option<Money>,
    /// The least that a bid must be.
    pub next_minimum: Option<Money>,
    /// Who leads, or won.
    pub leader: Option<UserId>,
    /// Standing bids.
    pub bid_count: u64,
    /// Whether the reserve is met; none without one.
    pub reserve_met: Option<bool>,
    /// The buy-now price while it is open.
    pub buy_now: Option<Money>,
    /// When it opens by itself.
    pub starts_at: Option<Timestamp>,
    /// When it opened.
    pub opens_at: Option<Timestamp>,
    /// When it closes.
    pub closes_at: Option<Timestamp>,
    /// How often the close was moved.
    pub extensions: u64,
    /// How many watch.
    pub watchers: u64,
    /// What happened, by seq.
    pub history: BTreeMap<u64, Row>,
    /// The voids among that, by seq.
    pub voids: BTreeMap<u64, Void>,
}

impl From<&Auction> for Lot {
    fn from(auction: &Auction) -> Self {
        let mut lot = Self {
            id: auction.status.id,
            title: Clean::title(&auction.title),
            seller: auction.seller.id,
            product: auction.product.id,
            stream: auction.stream_id,
            format: auction.status.format,
            rules: auction.rules.clone(),
            status: auction.status.status,
            seq: auction.status.seq,
            epoch: auction.status.epoch,
            price: None,
            next_minimum: None,
            leader: None,
            bid_count: 0,
            reserve_met: None,
            buy_now: None,
            starts_at: auction.starts_at,
            opens_at: None,
            closes_at: None,
            extensions: 0,
            watchers: 0,
            history: BTreeMap::new(),
            voids: BTreeMap::new(),
        };
        lot.replace_status(&auction.status);
        lot
    }
}

impl Lot {
    /// The currency of all amounts.
    pub fn currency(&self) -> Currency {
        self.rules.currency
    }

    /// Whether bids are taken.
    pub fn is_live(&self) -> bool {
        self.status == AuctionStatus::Live
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.status, AuctionStatus::Sold | AuctionStatus::Unsold | AuctionStatus::Cancelled)
    }

    /// Whether amounts are hidden until the close.
    pub fn is_sealed(&self) -> bool {
        matches!(self.format, Format::SealedFirstPrice | Format::SealedSecondPrice)
    }

    /// Takes an answer of the server that may be older than what the live connection told.
    pub fn refresh(&mut self, auction: &Auction) {
        self.title = Clean::title(&auction.title);
        self.starts_at = auction.starts_at;
        self.stream = auction.stream_id;
        if auction.status.epoch != self.epoch || auction.status.seq >= self.seq {
            self.rules = auction.rules.clone();
            self.replace_status(&auction.status);
        } else {
            self.watchers = auction.status.watchers;
        }
    }

    /// Takes the server's word for everything. What belonged to another history is forgotten.
    pub fn replace_status(&mut self, status: &StatusView) {
        if status.epoch != self.epoch {
            self.history.clear();
            self.voids.clear();
        }
        self.status = status.status;
        self.format = status.format;
        self.seq = status.seq;
        self.epoch = status.epoch;
        self.price = status.price;
        self.next_minimum = status.next_minimum;
        self.leader = status.leader.as_ref().map(|leader| leader.id);
        self.bid_count = status.bid_count;
        self.reserve_met = status.reserve_met;
        self.buy_now = status.buy_now;
        self.opens_at = status.opens_at;
        self.closes_at = status.closes_at;
        self.extensions = status.extensions;
        self.watchers = status.watchers;
    }

    /// Takes an entry of the log: into the history always, into the state when it is news.
    pub fn apply(&mut self, entry: &LogEntry) {
        self.remember(entry);
        if entry.seq > self.seq {
            self.seq = entry.seq;
            self.advance(&entry.data);
        }
    }

    /// Takes an entry into the history alone.
    pub fn remember(&mut self, entry: &LogEntry) {
        if let EventData::Voided { bid_id, bid_seq, struck, .. } = &entry.data {
            let void = Void { bid: *bid_id, bid_seq: *bid_seq, struck: struck.iter().copied().collect() };
            self.voids.insert(entry.seq, void);
        }
        if !matches!(entry.data, EventData::Scheduled { .. }) {
            self.history.insert(entry.seq, Row { at: entry.at, data: entry.data.clone() });
        }
        while self.history.len() > HISTORY_LENGTH {
            self.history.pop_first();
        }
    }

    fn advance(&mut self, data: &EventData) {
        match data {
            EventData::Scheduled { .. } => {}
            EventData::Amended { rules, closes_at, .. } => {
                self.rules = rules.clone();
                self.format = rules.format;
                self.closes_at = closes_at.or(self.closes_at);
                if self.is_live() {
                    self.buy_now = rules.buy_now_price;
                }
            }
            EventData::Opened { opens_at, closes_at } => {
                self.status = AuctionStatus::Live;
                self.opens_at = Some(*opens_at);
                self.closes_at = Some(*closes_at);
                self.buy_now = self.rules.buy_now_price;
                self.reserve_met = self.rules.reserve_price.as_ref().filter(|_| !self.is_sealed()).map(|_| false);
                self.next_minimum = (!self.is_sealed()).then_some(self.rules.starting_price);
            }
            EventData::Bid { price, leader, next_minimum, closes_at, bid_count, .. } => {
                (self.price, self.leader, self.next_minimum) = (*price, *leader, *next_minimum);
                (self.closes_at, self.bid_count) = (Some(*closes_at), *bid_count);
                // Buy-now ends with the first bid; with a reserve, once that is met.
                if self.reserve_met != Some(false) {
                    self.buy_now = None;
                }
            }
            EventData::MaxRaised { price, leader, next_minimum, .. } => {
                (self.price, self.leader, self.next_minimum) = (*price, *leader, *next_minimum);
            }
            EventData::ReserveMet { price } => {
                self.price = Some(*price);
                self.reserve_met = Some(true);
                self.buy_now = None;
            }
            EventData::Voided { price, leader, next_minimum, reserve_met, bid_count, closes_at, .. } => {
                (self.price, self.leader, self.next_minimum) = (*price, *leader, *next_minimum);
                (self.reserve_met, self.bid_count) = (*reserve_met, *bid_count);
                self.closes_at = Some(*closes_at);
            }
            EventData::Extended { closes_at, .. } => {
                self.closes_at = Some(*closes_at);
                self.extensions += 1;
            }
            EventData::Closed { status, winner, price } => {
                self.status = *status;
                self.leader = *winner;
                self.price = price.or(self.price);
                (self.next_minimum, self.buy_now) = (None, None);
            }
            EventData::Cancelled { .. } => {
                self.status = AuctionStatus::Cancelled;
                (self.next_minimum, self.buy_now) = (None, None);
            }
        }
    }

    /// The price at a moment. A Dutch price falls by itself, without events.
    pub fn price_at(&self, server_now: Timestamp) -> Option<Money> {
        match (self.format, self.rules.dutch, self.opens_at) {
            (Format::Dutch, Some(dutch), Some(opens_at)) if self.is_live() => {
                let elapsed = server_now.micros_since(opens_at).max(0);
                let ticks = elapsed / dutch.interval_ms.max(1).saturating_mul(1_000);
                let fallen = dutch.step.saturating_mul(ticks);
                let amount = self.rules.starting_price.amount.saturating_sub(fallen).max(dutch.floor.amount);
                Some(Money::new(amount, self.currency()))
            }
            _ => self.price,
        }
    }

    /// Microseconds until a Dutch price falls again; none at the floor.
    pub fn next_drop(&self, server_now: Timestamp) -> Option<i64> {
        let (dutch, opens_at) = (self.rules.dutch?, self.opens_at?);
        let falling = self.is_live() && self.price_at(server_now)?.amount > dutch.floor.amount;
        let interval = dutch.interval_ms.max(1).saturating_mul(1_000);
        falling.then(|| interval - server_now.micros_since(opens_at).max(0) % interval)
    }

    /// The least that a bid must be at a moment. While sealed that is the starting price.
    pub fn minimum(&self, server_now: Timestamp) -> Option<Money> {
        match self.format {
            _ if self.is_over() => None,
            Format::English => self.next_minimum.or(Some(self.rules.starting_price)),
            Format::Dutch => self.price_at(server_now),
            Format::SealedFirstPrice | Format::SealedSecondPrice => Some(self.rules.starting_price),
        }
    }

    /// The amount one increment above another.
    pub fn step_above(&self, amount: Money) -> Money {
        let step = match &self.rules.increment {
            Some(Increment::Fixed(step)) => *step,
            Some(Increment::Table(rows)) => {
                rows.iter().rev().find(|row| row.from <= amount.amount).map_or(0, |row| row.step)
            }
            Some(Increment::Named(_)) | None => 0,
        };
        Money::new(amount.amount.saturating_add(step).min(MAX_AMOUNT), amount.currency)
    }

    /// Microseconds until the close; none before the opening and after the end.
    pub fn time_left(&self, server_now: Timestamp) -> Option<i64> {
        let closes_at = self.closes_at.filter(|_| self.is_live())?;
        Some(closes_at.micros_since(server_now).max(0))
    }

    /// Whether a bid now would move the close.
    pub fn in_soft_close(&self, server_now: Timestamp) -> bool {
        let (Some(soft_close), Some(left)) = (self.rules.soft_close, self.time_left(server_now)) else { return false };
        left < soft_close.trigger_ms.saturating_mul(1_000)
    }

    /// Live lots first, by their close; then those to come; then those over, the latest first.
    pub fn rank(&self) -> (u8, i64) {
        let micros = |at: Option<Timestamp>| at.map_or(i64::MAX, Timestamp::as_micros);
        match self.status {
            AuctionStatus::Live => (0, micros(self.closes_at)),
            AuctionStatus::Scheduled => (1, micros(self.starts_at)),
            _ => (2, micros(self.closes_at).saturating_neg()),
        }
    }

    /// The bids that can be voided, newest first.
    pub fn standing_bids(&self) -> Vec<&Row> {
        let standing = |(seq, row): &(&u64, &Row)| matches!(row.data, EventData::Bid { .. }) && !self.fell(**seq, row);
        self.history.iter().rev().filter(standing).map(|(_, row)| row).collect()
    }

    /// Whether a bid or raise of the history was voided. Its id alone does not say: several bidders
    /// may have used it.
    pub fn fell(&self, seq: u64, row: &Row) -> bool {
        let (EventData::Bid { bid_id: bid, .. } | EventData::MaxRaised { bid_id: bid, .. }) = row.data else {
            return false;
        };
        self.voids.range(seq..).any(|(_, void)| {
            let about = self.history.get(&void.bid_seq).and_then(Row::bidder);
            let same = about.zip(row.bidder()).is_none_or(|(about, bidder)| about == bidder);
            let falls = void.struck.contains(&bid) && (bid != void.bid || seq == void.bid_seq);
            falls && seq >= void.bid_seq && same
        })
    }

    /// The prices after each bid, oldest first, for the chart.
    pub fn prices(&self) -> Vec<(Timestamp, Money)> {
        let price = |row: &Row| match row.data {
            EventData::Bid { price, .. } | EventData::MaxRaised { price, .. } | EventData::Voided { price, .. } => {
                price.map(|price| (row.at, price))
            }
            _ => None,
        };
        self.history.values().filter_map(price).collect()
    }
}
