//! What is promised in the log and stays secret until the close: a max, a sealed amount, the
//! reserve. Each stands there as the hash of the amount and 32 random bytes, which nobody can guess
//! and its maker can't change.
//!
//! All hashes are SHA-256 over RFC 8785 canonical JSON, in lower-case hex. A checker in any
//! language can recompute them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::{
    AuctionId, BidId, Money, UserId,
    wire::auction::{Item, ReserveOpening, RulesView},
};

/// The RFC 8785 canonical JSON of a value.
pub(super) fn canonical(value: &impl Serialize) -> Vec<u8> {
    // Only maps with keys that are no strings, raw JSON and non-finite floats can fail to
    // serialise; the types hashed here are made of none of these.
    serde_json_canonicalizer::to_vec(value).expect("wire types have a canonical form")
}

/// Hex SHA-256 of a value's canonical JSON.
pub(super) fn digest(value: &impl Serialize) -> String {
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

/// Hex SHA-256 of the canonical JSON of what a lot sells.
pub fn item_hash(item: &Item) -> String {
    digest(item)
}

/// All that a bid's commitment binds, but for what keeps it from being guessed: nobody can make it
/// another bid's, another bidder's or another lot's, nor say that other rules held.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Committed<'a> {
    /// On which auction.
    pub auction_id: AuctionId,
    /// Who bids.
    pub bidder: UserId,
    /// Their id for it.
    pub bid_id: BidId,
    /// The rules that hold: [`rules_hash`] of them.
    pub rules_hash: &'a str,
    /// What is bid.
    #[serde(flatten)]
    pub offer: Offer,
}

impl Committed<'_> {
    /// The commitment: hex SHA-256 of the canonical JSON of
    /// `{auction_id, bidder, bid_id, rules_hash, amount|max, nonce}`.
    pub fn with(&self, nonce: &Nonce) -> String {
        #[derive(Serialize)]
        struct Hidden<'a> {
            #[serde(flatten)]
            committed: &'a Committed<'a>,
            nonce: &'a Nonce,
        }
        digest(&Hidden { committed: self, nonce })
    }
}

/// A reserve and what its commitment is made with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// Not sold below this.
    pub price: Money,
    /// Keeps the commitment from being guessed.
    pub nonce: Nonce,
}

impl Reserve {
    /// Hex SHA-256 of the canonical JSON of `{auction_id, reserve_price, nonce}`.
    pub fn commitment(&self, auction_id: AuctionId) -> String {
        #[derive(Serialize)]
        struct Committed {
            auction_id: AuctionId,
            reserve_price: Money,
            nonce: Nonce,
        }
        digest(&Committed { auction_id, reserve_price: self.price, nonce: self.nonce })
    }

    /// What a proof shows after the close, so that anybody can check the commitment.
    pub fn opening(&self) -> ReserveOpening {
        ReserveOpening { reserve_price: self.price, nonce: self.nonce.to_hex() }
    }
}

impl TryFrom<&ReserveOpening> for Reserve {
    type Error = InvalidNonce;

    fn try_from(opening: &ReserveOpening) -> Result<Self, InvalidNonce> {
        Ok(Self { price: opening.reserve_price, nonce: Nonce::from_hex(&opening.nonce)? })
    }
}

impl fmt::Debug for Reserve {
    /// Prints no amount.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reserve(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    const AUCTION: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";

    /// Computed by hand with sha256sum, so that a change of the hashed form can't go unnoticed.
    #[test]
    fn commitments_are_hashes_of_the_documented_text() {
        let sha = |text: &str| hex::encode(Sha256::digest(text));
        let nonce = Nonce::from_bytes([0xab; 32]);
        let ab = "ab".repeat(32);
        let money = Money::new(12_500, Currency::MYR);
        let committed = Committed {
            auction_id: AUCTION.parse().expect("an id"),
            bidder: "0190a5c2-7e3b-7cc1-9a54-000000000001".parse().expect("an id"),
            bid_id: "0190a5c2-7e3b-7cc1-9a54-000000000002".parse().expect("an id"),
            rules_hash: "cd",
            offer: Offer::Amount(money),
        };
        let ids = format!(
            r#""auction_id":"{AUCTION}","bid_id":"0190a5c2-7e3b-7cc1-9a54-000000000002","bidder":"0190a5c2-7e3b-7cc1-9a54-000000000001""#
        );
        let rest = format!(r#""nonce":"{ab}","rules_hash":"cd""#);

        let text = format!(r#"{{"amount":{{"amount":12500,"currency":"MYR"}},{ids},{rest}}}"#);
        assert_eq!(committed.with(&nonce), sha(&text));

        let text = format!(r#"{{{ids},"max":{{"amount":12500,"currency":"MYR"}},{rest}}}"#);
        assert_eq!(Committed { offer: Offer::Max(money), ..committed }.with(&nonce), sha(&text));

        let text = format!(
            r#"{{"auction_id":"{AUCTION}","nonce":"{ab}","reserve_price":{{"amount":12500,"currency":"MYR"}}}}"#
        );
        let reserve = Reserve { price: money, nonce };
        assert_eq!(reserve.commitment(AUCTION.parse().expect("an id")), sha(&text));
        assert_eq!(Reserve::try_from(&reserve.opening()), Ok(reserve));
    }

    #[test]
    fn a_nonce_has_one_spelling_and_no_secret_is_printed() {
        let nonce = Nonce::from_bytes([0xab; 32]);
        assert_eq!(Nonce::from_hex(&nonce.to_hex()), Ok(nonce));
        assert_eq!(Nonce::from_hex(&nonce.to_hex().to_uppercase()), Err(InvalidNonce));
        assert_eq!(Nonce::from_hex("ab"), Err(InvalidNonce));
        let price = Money::new(12_500, Currency::MYR);
        let told = format!("{:?} {:?}", Offer::Max(price), Reserve { price, nonce });
        assert_eq!(told, "Max(***) Reserve(***)");
    }
}
