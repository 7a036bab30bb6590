//! The log anyone can check: hashes, commitments and nonces.
//!
//! Every event of an auction is hashed together with the hash before it, so that changing one
//! changes all that follow. What must stay secret until the close (a max, a sealed amount, the
//! reserve) stands in the log as a commitment: the hash of the amount and 32 random bytes, which
//! nobody can guess and its maker can't change.
//!
//! All hashes are SHA-256 over RFC 8785 canonical JSON, in lower-case hex. A checker in any
//! language can recompute them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::event::Event;
use crate::{
    AuctionId, BidId, Money, Timestamp,
    wire::auction::{EventData, LogEntry, RulesView},
};

/// The hash before the first event: 64 zeros.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The RFC 8785 canonical JSON of a value.
pub(super) fn canonical(value: &impl Serialize) -> Vec<u8> {
    // Only maps with keys that are no strings, raw JSON and non-finite floats can fail to
    // serialise; the types hashed here are made of none of these.
    serde_json_canonicalizer::to_vec(value).expect("wire types have a canonical form")
}

/// Hex SHA-256 of a value's canonical JSON.
fn digest(value: &impl Serialize) -> String {
    hex::encode(Sha256::digest(canonical(value)))
}

/// 32 random bytes that keep a commitment from being guessed. Drawn by the caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; 32]);

/// The text is not 64 digits of lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a nonce: expected 64 digits of lower-case hex")]
pub struct InvalidNonce;

impl Nonce {
    /// A nonce of these bytes, which must come from a cryptographic source.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes in lower-case hex, as commitments contain them.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads [`Nonce::to_hex`] back. One nonce has one spelling: upper case is refused.
    ///
    /// # Errors
    /// [`InvalidNonce`] for anything but 64 digits of lower-case hex.
    pub fn from_hex(text: &str) -> Result<Self, InvalidNonce> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidNonce)?;
        if text.bytes().any(|b| b.is_ascii_uppercase()) { Err(InvalidNonce) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Debug for Nonce {
    /// Prints nothing of it: a known nonce lets anybody guess the amount.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(***)")
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_hex(&text).map_err(de::Error::custom)
    }
}

/// What a bid commits to: the money in it, and whether that is exact or a max.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// An exact bid; a bid at the buy-now price is one, too.
    Amount(Money),
    /// A proxy bid.
    Max(Money),
}

impl Offer {
    /// The money in it.
    pub const fn money(self) -> Money {
        match self {
            Self::Amount(money) | Self::Max(money) => money,
        }
    }
}

impl fmt::Debug for Offer {
    /// Prints no amount.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amount(_) => "Amount(***)",
            Self::Max(_) => "Max(***)",
        })
    }
}

/// Hex SHA-256 of the canonical JSON of an auction's rules in their public form.
///
/// The caller passes rules whose reserve is hidden; the hash of a clear reserve would let anybody
/// try out amounts.
pub fn rules_hash(view: &RulesView) -> String {
    digest(view)
}

/// The commitment to a bid: the hash of `{bid_id, amount|max, nonce}`.
pub fn bid_commitment(bid_id: BidId, offer: Offer, nonce: &Nonce) -> String {
    #[derive(Serialize)]
    struct Committed<'a> {
        bid_id: BidId,
        #[serde(flatten)]
        offer: Offer,
        nonce: &'a Nonce,
    }
    digest(&Committed { bid_id, offer, nonce })
}

/// The commitment to a reserve: the hash of `{auction_id, reserve_price, nonce}`.
pub fn reserve_commitment(auction_id: AuctionId, reserve_price: Money, nonce: &Nonce) -> String {
    #[derive(Serialize)]
    struct Committed<'a> {
        auction_id: AuctionId,
        reserve_price: Money,
        nonce: &'a Nonce,
    }
    digest(&Committed { auction_id, reserve_price, nonce })
}

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

/// Where an auction's log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose log.
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
        /// What belongs here.
        expected: u64,
        /// What stands here.
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
    use super::*;
    use crate::Currency;

    const AUCTION: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";

    fn auction() -> AuctionId {
        AUCTION.parse().expect("an id")
    }

    /// Computed by hand with sha256sum, so that a change of the hashed form can't go unnoticed.
    #[test]
    fn hashes_are_those_of_the_documented_text() {
        let sha = |text: &str| hex::encode(Sha256::digest(text));
        let nonce = Nonce::from_bytes([0xab; 32]);
        let ab = "ab".repeat(32);
        let money = Money::new(12_500, Currency::MYR);
        let bid: BidId = AUCTION.parse().expect("an id");

        let text = format!(r#"{{"amount":{{"amount":12500,"currency":"MYR"}},"bid_id":"{AUCTION}","nonce":"{ab}"}}"#);
        assert_eq!(bid_commitment(bid, Offer::Amount(money), &nonce), sha(&text));

        let text = format!(r#"{{"bid_id":"{AUCTION}","max":{{"amount":12500,"currency":"MYR"}},"nonce":"{ab}"}}"#);
        assert_eq!(bid_commitment(bid, Offer::Max(money), &nonce), sha(&text));

        let text = format!(
            r#"{{"auction_id":"{AUCTION}","nonce":"{ab}","reserve_price":{{"amount":12500,"currency":"MYR"}}}}"#
        );
        assert_eq!(reserve_commitment(auction(), money, &nonce), sha(&text));

        let mut head = Head::empty(auction());
        let data = EventData::Cancelled { reason: "a \"b\"\n\u{e9}".to_owned() };
        let entry = head.append(&Event { at: Timestamp::from_micros(1), data, sealed: None });
        let text = format!(
            r#"{{"at":"1970-01-01T00:00:00.000001Z","auction_id":"{AUCTION}","data":{{"reason":"a \"b\"\n{}"}},"kind":"cancelled","prev":"{NO_HASH}","seq":1}}"#,
            '\u{e9}'
        );
        assert_eq!(entry.hash, sha(&text));
        assert_eq!((head.seq, &head.hash), (1, &entry.hash));
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

    #[test]
    fn a_nonce_has_one_spelling_and_is_never_printed() {
        let nonce = Nonce::from_bytes([0xab; 32]);
        assert_eq!(Nonce::from_hex(&nonce.to_hex()), Ok(nonce));
        assert_eq!(Nonce::from_hex(&nonce.to_hex().to_uppercase()), Err(InvalidNonce));
        assert_eq!(Nonce::from_hex("ab"), Err(InvalidNonce));
        assert_eq!(format!("{nonce:?}"), "Nonce(***)");
        assert!(!format!("{:?}", Offer::Max(Money::new(12_500, Currency::MYR))).contains("12500"));
    }
}
