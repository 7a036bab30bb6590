//! A lot: what its status and its log say.

use std::collections::{BTreeMap, BTreeSet};

use blytz_core::{
    AuctionId, BidId, Currency, Epoch, Money, ProductId, StreamId, Timestamp, UserId,
    auction::PublicState,
    wire::auction::{Auction, AuctionStatus, EventData, Format, LogEntry, RulesView, StatusView},
};

use super::attempt::BidKind;
use crate::clean::Clean;

/// How much of a log is kept for the history.
const HISTORY_LENGTH: usize = 400;

/// How much of a description is kept: more than any screen has room for.
const DESCRIPTION_LENGTH: usize = 1_000;

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

/// What is sold, as the lot itself has it: its product may be described otherwise by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub description: Clean,
    /// In what state it is, as its seller says; empty when they don't.
    pub condition: Clean,
    hash: String,
}

impl From<&Auction> for Item {
    fn from(auction: &Auction) -> Self {
        Self {
            description: Clean::line(&auction.item.description, DESCRIPTION_LENGTH),
            condition: Clean::title(auction.item.condition.as_deref().unwrap_or_default()),
            hash: auction.item_hash.clone(),
        }
    }
}

impl Item {
    /// All that its seller says of it beside the title; empty when that is nothing.
    pub fn words(&self) -> String {
        let condition =
            if self.condition.is_empty() { String::new() } else { format!("Condition: {}", self.condition) };
        let parts = [condition, self.description.to_string()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ")
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
    pub rules: RulesView,
    /// What bidders name who saw these rules; empty when it is not known.
    pub rules_hash: String,
    /// What is sold, as it was last loaded.
    pub item: Item,
    /// The hash of what is sold now, as the log has it.
    pub item_hash: String,
    /// Where it stands, as everybody may know.
    pub state: PublicState,
    /// The last event that is known.
    pub seq: u64,
    /// Which history it belongs to.
    pub epoch: Epoch,
    /// When it opens by itself.
    pub starts_at: Option<Timestamp>,
    /// How many watch.
    pub watchers: u64,
    /// What happened, by seq.
    pub history: BTreeMap<u64, Row>,
    /// The voids among that, by seq.
    pub voids: BTreeMap<u64, Void>,
}

impl From<&Auction> for Lot {
    fn from(auction: &Auction) -> Self {
        Self {
            id: auction.status.id,
            title: Clean::title(&auction.title),
            seller: auction.seller.id,
            product: auction.product.id,
            stream: auction.stream_id,
            rules: auction.rules.clone(),
            rules_hash: auction.rules_hash.clone(),
            item: Item::from(auction),
            item_hash: auction.item_hash.clone(),
            state: PublicState::from(&auction.status),
            seq: auction.status.seq,
            epoch: auction.status.epoch,
            starts_at: auction.starts_at,
            watchers: auction.status.watchers,
            history: BTreeMap::new(),
            voids: BTreeMap::new(),
        }
    }
}

impl Lot {
    /// The currency of all amounts.
    pub fn currency(&self) -> Currency {
        self.rules.currency
    }

    /// Whether bids are taken.
    pub fn is_live(&self) -> bool {
        self.state.status == AuctionStatus::Live
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.state.status.is_over()
    }

    /// Takes an answer of the server that may be older than what the live connection told.
    pub fn refresh(&mut self, auction: &Auction) {
        self.starts_at = auction.starts_at;
        self.stream = auction.stream_id;
        if auction.status.epoch != self.epoch || auction.status.seq >= self.seq {
            self.rules = auction.rules.clone();
            self.rules_hash.clone_from(&auction.rules_hash);
            self.item_hash.clone_from(&auction.item_hash);
            self.replace_status(&auction.status);
        } else {
            self.watchers = auction.status.watchers;
        }
        // Bids may have come meanwhile; what is sold is what the log says for all that.
        if auction.item_hash == self.item_hash {
            self.title = Clean::title(&auction.title);
            self.item = Item::from(auction);
        }
    }

    /// Whether the item on the screen is the one that the log says is sold.
    pub fn knows_item(&self) -> bool {
        self.item.hash == self.item_hash
    }

    /// Takes the server's word for everything. What belonged to another history is forgotten.
    pub fn replace_status(&mut self, status: &StatusView) {
        if status.epoch != self.epoch {
            self.history.clear();
            self.voids.clear();
        }
        self.state = PublicState::from(status);
        (self.seq, self.epoch) = (status.seq, status.epoch);
        self.watchers = status.watchers;
    }

    /// Takes an entry of the log: into the history always, into the state when it is news.
    pub fn apply(&mut self, entry: &LogEntry) {
        self.remember(entry);
        if entry.seq > self.seq {
            self.seq = entry.seq;
            if let Some((rules, hash)) = entry.data.rules().zip(entry.data.rules_hash()) {
                self.rules = rules.clone();
                hash.clone_into(&mut self.rules_hash);
            }
            if let EventData::Scheduled { item_hash, .. } | EventData::Amended { item_hash, .. } = &entry.data {
                self.item_hash.clone_from(item_hash);
            }
            self.state.apply(&self.rules, &entry.data);
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

    /// The price at a moment. A Dutch price falls by itself, without events.
    pub fn price_at(&self, server_now: Timestamp) -> Option<Money> {
        self.state.at(&self.rules, server_now).price
    }

    /// Microseconds until a Dutch price falls again; none at the floor.
    pub fn next_drop(&self, server_now: Timestamp) -> Option<i64> {
        self.state.next_drop(&self.rules, server_now).map(|at| at.micros_since(server_now))
    }

    /// The least that a bid must be at a moment.
    pub fn minimum(&self, server_now: Timestamp) -> Option<Money> {
        self.state.least(&self.rules, server_now)
    }

    /// What is left of a bid under the rules as they are now; none when it can't be made.
    pub fn allows(&self, kind: BidKind, server_now: Timestamp) -> Option<BidKind> {
        let least = self.minimum(server_now).filter(|_| self.is_live())?;
        let enough = |amount: Money| amount.currency == least.currency && amount.amount >= least.amount;
        match kind {
            BidKind::Exact(amount) => enough(amount).then_some(kind),
            BidKind::Max(max) => (enough(max) && self.state.format == Format::English).then_some(kind),
            BidKind::BuyNow(_) => self.state.buy_now.map(BidKind::BuyNow),
        }
    }

    /// The amount one increment above another.
    pub fn step_above(&self, amount: Money) -> Money {
        self.rules.increment.as_ref().map_or(amount, |increment| increment.above(amount))
    }

    /// Microseconds until the close; none before the opening and after the end.
    pub fn time_left(&self, server_now: Timestamp) -> Option<i64> {
        self.state.time_left(server_now)
    }

    /// Whether a bid now would move the close.
    pub fn in_soft_close(&self, server_now: Timestamp) -> bool {
        self.state.in_soft_close(&self.rules, server_now)
    }

    /// Live lots first, by their close; then those to come; then those over, the latest first.
    pub fn rank(&self) -> (u8, i64) {
        let micros = |at: Option<Timestamp>| at.map_or(i64::MAX, Timestamp::as_micros);
        match self.state.status {
            AuctionStatus::Live => (0, micros(self.state.closes_at)),
            AuctionStatus::Scheduled => (1, micros(self.starts_at)),
            _ => (2, micros(self.state.closes_at).saturating_neg()),
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
