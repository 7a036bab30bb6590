//! What a proof is held against: nothing that it brings itself.

use std::collections::BTreeMap;

use super::Flaw;
use crate::{
    AuctionId, BidId, Timestamp,
    auction::receipt::{signs_at, verify_receipt},
    wire::auction::{EventData, LogEntry, LogKey, Receipt},
};

/// What is known from elsewhere when a proof is checked.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The auction that was asked for; any, if none was.
    pub auction_id: Option<AuctionId>,
    /// The keys that are known.
    pub keys: TrustedKeys,
    /// Receipts that were kept. Those of other auctions say nothing here.
    pub receipts: Vec<Receipt>,
}

/// Keys that come from another hand than the proof.
#[derive(Debug, Clone)]
pub enum TrustedKeys {
    /// Somebody says that these are the house's, whatever it calls itself.
    Given(Vec<LogKey>),
    /// Kept at first sight, by the house's name.
    Kept(BTreeMap<String, Vec<LogKey>>),
}

impl Default for TrustedKeys {
    /// None at all.
    fn default() -> Self {
        Self::Kept(BTreeMap::new())
    }
}

impl TrustedKeys {
    /// Those of a house.
    pub fn of(&self, origin: &str) -> &[LogKey] {
        match self {
            Self::Given(keys) => keys,
            Self::Kept(houses) => houses.get(origin).map_or(&[], Vec::as_slice),
        }
    }

    /// Believes these keys of a house, too, which are not kept yet.
    pub fn lend(&mut self, origin: &str, shown: &[LogKey]) {
        if let Self::Kept(houses) = self {
            houses.entry(origin.to_owned()).or_insert_with(|| shown.to_vec());
        }
    }

    /// Checks a receipt with the keys of the house that it names.
    pub(super) fn check(&self, receipt: &Receipt) -> Result<LogKey, String> {
        let keys = self.of(&receipt.origin);
        if keys.is_empty() {
            return Err(format!(
                "no key of the house {:?} is known, and the proof's own keys prove nothing",
                receipt.origin
            ));
        }
        verify_receipt(receipt, keys).cloned().map_err(|invalid| invalid.to_string())
    }
}

/// What the log has to say at a seq, by receipts that were kept.
#[derive(Debug)]
struct Promise {
    receipt: Receipt,
    key: LogKey,
}

/// The kept receipts of one auction, on the way through its log.
#[derive(Debug)]
pub(super) struct Promises {
    /// By the seq of the event that they are of.
    of_events: BTreeMap<u64, Vec<Promise>>,
    /// By the seq of the head that they were signed under.
    of_heads: BTreeMap<u64, Vec<Promise>>,
    kept: u64,
}

impl Promises {
    /// Those of this auction. Each must be good by itself.
    pub(super) fn of(trust: &Trust, auction_id: AuctionId) -> Result<Self, Flaw> {
        let (mut of_events, mut of_heads, mut kept) = (BTreeMap::new(), BTreeMap::new(), 0);
        for receipt in trust.receipts.iter().filter(|receipt| receipt.auction_id == auction_id) {
            let key = trust.keys.check(receipt);
            let key = key.map_err(|why| Flaw::at(receipt.seq, format!("the receipt that was kept: {why}")))?;
            let promise = || Promise { receipt: receipt.clone(), key: key.clone() };
            of_events.entry(receipt.seq).or_insert_with(Vec::new).push(promise());
            of_heads.entry(receipt.head_seq).or_insert_with(Vec::new).push(promise());
            kept += 1;
        }
        Ok(Self { of_events, of_heads, kept })
    }

    /// Each promise of this event is kept by it, or the house has shown two histories.
    pub(super) fn meet(&mut self, entry: &LogEntry, origin: &str) -> Result<(), Flaw> {
        let fork = |what: &str| Err(Flaw::at(entry.seq, format!("{what} that was signed for a receipt that was kept")));
        for Promise { receipt, .. } in self.of_events.remove(&entry.seq).into_iter().flatten() {
            if receipt.hash != entry.hash || receipt.bid_id != bid_of(&entry.data) {
                return fork("this is not the event");
            }
        }
        for Promise { receipt, key } in self.of_heads.remove(&entry.seq).into_iter().flatten() {
            if receipt.head_hash != entry.hash {
                return fork("this is not the head");
            }
            if receipt.origin != origin {
                return fork("this is another house's log than the one");
            }
            in_time(&key, entry.at, entry.seq)?;
        }
        Ok(())
    }

    /// How many there were, once all are met.
    pub(super) fn finish(self) -> Result<u64, Flaw> {
        match self.of_events.keys().chain(self.of_heads.keys()).min() {
            Some(seq) => Err(Flaw::at(*seq, "a receipt that was kept is of this event, and the log ends before it")),
            None => Ok(self.kept),
        }
    }
}

/// A key signs nothing outside its time.
pub(super) fn in_time(key: &LogKey, at: Timestamp, seq: u64) -> Result<(), Flaw> {
    signs_at(key, at).map_err(|invalid| Flaw::at(seq, format!("the receipt: {invalid}")))
}

const fn bid_of(data: &EventData) -> Option<BidId> {
    match data {
        EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. } => Some(*bid_id),
        _ => None,
    }
}
