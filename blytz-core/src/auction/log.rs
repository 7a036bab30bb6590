//! The log anyone can check: every event of an auction is hashed together with the hash before it,
//! so that changing one changes all that follow.

use serde::Serialize;

use super::{commitment::digest, event::Event};
use crate::{
    AuctionId, Timestamp,
    wire::auction::{EventData, LogEntry},
};

/// The hash before the first event: 64 zeros.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of one entry: of `{auction_id, seq, at, kind, data, prev}`.
pub fn entry_hash(auction_id: AuctionId, seq: u64, at: Timestamp, data: &EventData, prev: &str) -> String {
    #[derive(Serialize)]
    struct Hashed<'a> {
        auction_id: AuctionId,
        seq: u64,
        at: Timestamp,
        #[serde(flatten)]
        data: &'a EventData,
        prev: &'a str,
    }
    digest(&Hashed { auction_id, seq, at, data, prev })
}

/// The hash of an entry as it was received: of all its members but `hash`, which it names itself, with the
/// auction's id. So an entry with members that this program does not know has its hash all the same.
///
/// `None` when it is no object.
pub fn received_hash(auction_id: AuctionId, entry: &serde_json::Value) -> Option<String> {
    let mut hashed = entry.as_object()?.clone();
    hashed.remove("hash");
    hashed.insert("auction_id".to_owned(), auction_id.to_string().into());
    Some(digest(&hashed))
}

/// Where an auction's log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The auction whose log it is, part of every hash.
    pub auction_id: AuctionId,
    /// The last entry's seq; 0 while there is none.
    pub seq: u64,
    /// The last entry's hash; [`NO_HASH`] while there is none.
    pub hash: String,
}

impl Head {
    /// The head of a log without entries.
    pub fn empty(auction_id: AuctionId) -> Self {
        Self { auction_id, seq: 0, hash: NO_HASH.to_owned() }
    }

    /// Seals one event: gives it the next seq and chains its hash. The head moves to it.
    pub fn append(&mut self, event: &Event) -> LogEntry {
        let seq = self.seq + 1;
        let hash = entry_hash(self.auction_id, seq, event.at, &event.data, &self.hash);
        let prev = std::mem::replace(&mut self.hash, hash.clone());
        self.seq = seq;
        LogEntry { seq, at: event.at, data: event.data.clone(), prev, hash }
    }

    /// Whether `entry` continues this head: next seq, our hash before it, and its own hash right.
    /// The head moves to it if so.
    ///
    /// # Errors
    /// [`BrokenChain`] names what does not fit; the head stays.
    pub fn advance(&mut self, entry: &LogEntry) -> Result<(), BrokenChain> {
        let expected_seq = self.seq + 1;
        if entry.seq != expected_seq {
            return Err(BrokenChain::Seq { expected: expected_seq, found: entry.seq });
        }
        if entry.prev != self.hash {
            return Err(BrokenChain::Prev);
        }
        if entry.hash != entry_hash(self.auction_id, entry.seq, entry.at, &entry.data, &entry.prev) {
            return Err(BrokenChain::Hash);
        }
        self.seq = entry.seq;
        self.hash.clone_from(&entry.hash);
        Ok(())
    }
}

/// Why an entry does not continue a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// An entry is missing, doubled or out of order.
    #[error("seq {found} stands where {expected} belongs")]
    Seq {
        /// The seq after the head's.
        expected: u64,
        /// The entry's own.
        found: u64,
    },
    /// The entry follows another history.
    #[error("its prev is not the hash of the entry before it")]
    Prev,
    /// The entry was changed after it was hashed.
    #[error("its hash is not the hash of what it says")]
    Hash,
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    const AUCTION: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";

    fn auction() -> AuctionId {
        AUCTION.parse().expect("an id")
    }

    /// Computed by hand with sha256sum, so that a change of the hashed form can't go unnoticed.
    #[test]
    fn a_hash_is_that_of_the_documented_text() {
        let sha = |text: &str| hex::encode(Sha256::digest(text));
        let mut head = Head::empty(auction());
        let data = EventData::Cancelled { reason: "a \"b\"\n\u{e9}".to_owned() };
        let entry = head.append(&Event { at: Timestamp::from_micros(1), data, sealed: None });
        let text = format!(
            r#"{{"at":"1970-01-01T00:00:00.000001Z","auction_id":"{AUCTION}","data":{{"reason":"a \"b\"\n{}"}},"kind":"cancelled","prev":"{NO_HASH}","seq":1}}"#,
            '\u{e9}'
        );
        assert_eq!(entry.hash, sha(&text));
        assert_eq!((head.seq, &head.hash), (1, &entry.hash));

        let mut received = serde_json::to_value(&entry).expect("JSON");
        assert_eq!(received_hash(auction(), &received), Some(entry.hash.clone()));
        received["data"]["more"] = 1.into();
        let text = text.replace("\"data\":{", "\"data\":{\"more\":1,");
        assert_eq!(received_hash(auction(), &received), Some(sha(&text)));
    }

    #[test]
    fn advance_follows_append_and_nothing_else() {
        let mut writer = Head::empty(auction());
        let event = |reason: &str| Event {
            at: Timestamp::from_micros(7),
            data: EventData::Cancelled { reason: reason.to_owned() },
            sealed: None,
        };
        let first = writer.append(&event("one"));
        let second = writer.append(&event("two"));

        let mut reader = Head::empty(auction());
        assert_eq!(reader.advance(&second), Err(BrokenChain::Seq { expected: 1, found: 2 }));
        assert_eq!(reader.advance(&first), Ok(()));
        let forged = LogEntry { data: event("forged").data, ..second.clone() };
        assert_eq!(reader.advance(&forged), Err(BrokenChain::Hash));
        let moved = LogEntry { prev: NO_HASH.to_owned(), ..second.clone() };
        assert_eq!(reader.advance(&moved), Err(BrokenChain::Prev));
        assert_eq!(reader.advance(&second), Ok(()));
        assert_eq!(reader, writer);
    }
}
