//! Receipts: what the house signs of a log, so that it can't take it back.
//!
//! Whoever holds a receipt can prove what the log said up to a head; a house that later shows another
//! history contradicts its own signature. All receipts of a commit are leaves of one tree, and the
//! signature is under its root: it costs the same for one bid and for five hundred, in however many
//! auctions.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::Serialize;

use super::{
    commitment::canonical,
    log::Head,
    tree::{self, Hash, Tree},
};
use crate::{
    AuctionId, BidId, Epoch, Timestamp,
    wire::auction::{LogKey, Receipt},
};

/// The only algorithm there is.
pub const ALGORITHM: &str = "Ed25519";

/// Who auctions: a house by its name, in one of its histories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// Its name, under which others keep its keys.
    pub origin: String,
    /// Which history: a new one begins when it was restored from a backup.
    pub epoch: Epoch,
}

/// What one receipt says of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaf {
    /// Whose log it is.
    pub auction_id: AuctionId,
    /// The bid; none for an event that no bid made.
    pub bid_id: Option<BidId>,
    /// The seq of its event.
    pub seq: u64,
    /// The hash of its event.
    pub hash: String,
    /// Where the log ends.
    pub head_seq: u64,
    /// The hash there.
    pub head_hash: String,
}

impl Leaf {
    /// Of a bid, whose event is somewhere up to the head.
    pub fn of_bid(bid_id: BidId, seq: u64, hash: String, head: &Head) -> Self {
        Self { bid_id: Some(bid_id), seq, hash, ..Self::of_head(head) }
    }

    /// Of the head itself.
    pub fn of_head(head: &Head) -> Self {
        let (auction_id, seq, hash) = (head.auction_id, head.seq, head.hash.clone());
        Self { auction_id, bid_id: None, seq, head_hash: hash.clone(), hash, head_seq: seq }
    }

    /// What a receipt says.
    pub fn said_by(receipt: &Receipt) -> Self {
        let Receipt { auction_id, bid_id, seq, hash, head_seq, head_hash, .. } = receipt.clone();
        Self { auction_id, bid_id, seq, hash, head_seq, head_hash }
    }

    fn digest(&self) -> Hash {
        tree::leaf(&canonical(self))
    }
}

/// The bytes under a signature: the canonical JSON of `{origin, epoch, root, size}`.
fn signed_bytes(origin: &str, epoch: Epoch, root: Hash, size: u64) -> Vec<u8> {
    #[derive(Serialize)]
    struct Signed<'a> {
        origin: &'a str,
        epoch: Epoch,
        root: String,
        size: u64,
    }
    canonical(&Signed { origin, epoch, root: hex::encode(root), size })
}

/// Signs for a house, with one of its keys.
#[derive(Clone)]
pub struct Signer {
    house: House,
    key_id: String,
    key: SigningKey,
    from: Timestamp,
}

impl Signer {
    /// A signer whose private key is made of `seed`, 32 bytes from a cryptographic source, and which
    /// signs from a moment on.
    pub fn from_seed(house: House, key_id: String, seed: [u8; 32], from: Timestamp) -> Self {
        Self { house, key_id, key: SigningKey::from_bytes(&seed), from }
    }

    /// Its id, as receipts name it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// For whom it signs.
    pub const fn house(&self) -> &House {
        &self.house
    }

    /// Signs all leaves at once: a receipt for each, in their order.
    pub fn seal(&self, leaves: Vec<Leaf>) -> Vec<Receipt> {
        let tree = Tree::of(leaves.iter().map(Leaf::digest).collect());
        let Some(root) = tree.root() else { return Vec::new() };
        let (House { origin, epoch }, size) = (&self.house, leaves.len() as u64);
        let signature = self.key.sign(&signed_bytes(origin, *epoch, root, size));
        let signature = hex::encode(signature.to_bytes());
        let receipt = |(index, leaf): (usize, Leaf)| Receipt {
            key_id: self.key_id.clone(),
            origin: origin.clone(),
            epoch: *epoch,
            auction_id: leaf.auction_id,
            bid_id: leaf.bid_id,
            seq: leaf.seq,
            hash: leaf.hash,
            head_seq: leaf.head_seq,
            head_hash: leaf.head_hash,
            index: index as u64,
            size,
            path: tree.path(index).iter().map(hex::encode).collect(),
            signature: signature.clone(),
        };
        leaves.into_iter().enumerate().map(receipt).collect()
    }

    /// The public half, as `GET /auction/keys` shows it while the key signs.
    pub fn public(&self) -> LogKey {
        LogKey {
            key_id: self.key_id.clone(),
            alg: ALGORITHM.to_owned(),
            public_key: hex::encode(self.key.verifying_key().to_bytes()),
            from: self.from,
            until: None,
        }
    }
}

impl fmt::Debug for Signer {
    /// Prints the key's id only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, ***)", self.key_id)
    }
}

/// A house's keys: the one that signs now, and retired ones, for what ended in their time and is written
/// only now. So no key signs anything outside its time.
#[derive(Debug, Clone)]
pub struct Signers {
    present: Signer,
    /// With the moment from which each signs no more.
    retired: Vec<(Signer, Timestamp)>,
}

impl Signers {
    /// The present key and the retired ones.
    pub const fn new(present: Signer, retired: Vec<(Signer, Timestamp)>) -> Self {
        Self { present, retired }
    }

    /// For whom they sign.
    pub const fn house(&self) -> &House {
        self.present.house()
    }

    /// The key that signs a head of this moment.
    pub fn at(&self, at: Timestamp) -> &Signer {
        let was_in_use = |(signer, until): &&(Signer, Timestamp)| signer.from <= at && at < *until;
        let retired = || self.retired.iter().find(was_in_use).map(|(signer, _)| signer);
        if self.present.from <= at { &self.present } else { retired().unwrap_or(&self.present) }
    }

    /// The public halves, the present one last.
    pub fn public(&self) -> Vec<LogKey> {
        let retired = self.retired.iter().map(|(signer, until)| LogKey { until: Some(*until), ..signer.public() });
        retired.chain([self.present.public()]).collect()
    }
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// No key of this id is trusted.
    #[error("no key {0} is trusted")]
    UnknownKey(String),
    /// The key is of another algorithm, or no Ed25519 public key at all.
    #[error("key {0} is no Ed25519 public key")]
    InvalidKey(String),
    /// Its path is not one from its leaf to a root.
    #[error("its path leads nowhere")]
    BrokenPath,
    /// The signature is not the key's over this root.
    #[error("the signature of key {0} does not fit it")]
    WrongSignature(String),
    /// The key signed before its time or after it.
    #[error("key {key_id} was not in use at {at}")]
    OutOfTime {
        /// The key.
        key_id: String,
        /// When the signed head happened.
        at: Timestamp,
    },
}

/// Checks that one of these trusted keys signed what a receipt says.
///
/// When the signed head happened the receipt does not say; whoever knows it asks [`signs_at`], too.
/// Whether what it says is in a log is another question: see [`super::proof::verify`].
///
/// # Errors
/// [`InvalidReceipt`] when none did.
pub fn verify_receipt<'a>(receipt: &Receipt, trusted: &'a [LogKey]) -> Result<&'a LogKey, InvalidReceipt> {
    let key = trusted
        .iter()
        .find(|key| key.key_id == receipt.key_id)
        .ok_or_else(|| InvalidReceipt::UnknownKey(receipt.key_id.clone()))?;
    let public = public_key(key).ok_or_else(|| InvalidReceipt::InvalidKey(key.key_id.clone()))?;

    let path: Option<Vec<Hash>> = receipt.path.iter().map(|beside| bytes(beside)).collect();
    let root = path.and_then(|path| tree::root_of(Leaf::said_by(receipt).digest(), receipt.index, receipt.size, path));
    let root = root.ok_or(InvalidReceipt::BrokenPath)?;
    let signed = signed_bytes(&receipt.origin, receipt.epoch, root, receipt.size);
    let wrong = || InvalidReceipt::WrongSignature(key.key_id.clone());
    let signature: [u8; 64] = bytes(&receipt.signature).ok_or_else(wrong)?;
    // Strict: refuses the weak keys under which one signature fits many messages.
    public.verify_strict(&signed, &Signature::from_bytes(&signature)).map_err(|_| wrong())?;
    Ok(key)
}

/// Checks that a key was in use when the head that it signed happened.
///
/// # Errors
/// [`InvalidReceipt::OutOfTime`] when it was not.
pub fn signs_at(key: &LogKey, at: Timestamp) -> Result<(), InvalidReceipt> {
    let in_time = key.from <= at && key.until.is_none_or(|until| at < until);
    in_time.then_some(()).ok_or_else(|| InvalidReceipt::OutOfTime { key_id: key.key_id.clone(), at })
}

fn public_key(key: &LogKey) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&bytes(&key.public_key)?).ok().filter(|_| key.alg == ALGORITHM)
}

/// Lower-case hex of exactly so many bytes: one value has one spelling.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    (!text.bytes().any(|b| b.is_ascii_uppercase())).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: Timestamp = Timestamp::from_micros(1_000);

    fn id(last: u8) -> uuid::Uuid {
        let mut bytes = [7; 16];
        bytes[15] = last;
        uuid::Uuid::from_bytes(bytes)
    }

    fn signer(seed: u8) -> Signer {
        let house = House { origin: "shop.example".to_owned(), epoch: Epoch(id(9)) };
        Signer::from_seed(house, "k1".to_owned(), [seed; 32], FROM)
    }

    fn leaves(number: u8) -> Vec<Leaf> {
        let head = |number| Head { auction_id: AuctionId(id(number)), seq: 9, hash: "cd".repeat(32) };
        (0..number).map(|number| Leaf::of_bid(BidId(id(number)), 7, "ab".repeat(32), &head(number % 3))).collect()
    }

    #[test]
    fn one_signature_is_a_receipt_for_every_leaf() {
        let (signer, keys) = (signer(7), [signer(7).public()]);
        for number in 0..20 {
            let receipts = signer.seal(leaves(number));
            assert_eq!(receipts.iter().map(Leaf::said_by).collect::<Vec<_>>(), leaves(number));
            for receipt in &receipts {
                assert_eq!(verify_receipt(receipt, &keys), Ok(&keys[0]), "of {number}: {receipt:?}");
                assert_eq!(receipt.signature, receipts[0].signature);
            }
        }
    }

    /// Computed from the documented text, so that a change of the signed form can't go unnoticed.
    #[test]
    fn what_is_signed_is_the_documented_text() {
        let receipt = signer(7).seal(leaves(1)).remove(0);
        let (auction, epoch) = (id(0), id(9));
        let (ab, cd) = ("ab".repeat(32), "cd".repeat(32));
        let leaf = format!(
            r#"{{"auction_id":"{auction}","bid_id":"{auction}","hash":"{ab}","head_hash":"{cd}","head_seq":9,"seq":7}}"#
        );
        let root = hex::encode(tree::leaf(leaf.as_bytes()));
        let signed = format!(r#"{{"epoch":"{epoch}","origin":"shop.example","root":"{root}","size":1}}"#);
        let signature = SigningKey::from_bytes(&[7; 32]).sign(signed.as_bytes());
        assert_eq!(receipt.signature, hex::encode(signature.to_bytes()));

        let head = Head { auction_id: AuctionId(auction), seq: 9, hash: cd };
        assert!(
            canonical(&Leaf::of_head(&head))
                .starts_with(br#"{"auction_id":"07070707-0707-0707-0707-070707070700","bid_id":null,"#)
        );
    }

    #[test]
    fn a_receipt_fits_what_it_says_and_its_key_only() {
        let keys = [signer(7).public()];
        let receipt = signer(7).seal(leaves(5)).remove(3);
        let wrong = || Err(InvalidReceipt::WrongSignature("k1".to_owned()));
        let other = || signer(7).seal(leaves(6)).remove(3);
        for tampered in [
            Receipt { origin: "other.example".to_owned(), ..receipt.clone() },
            Receipt { epoch: Epoch(id(8)), ..receipt.clone() },
            Receipt { auction_id: AuctionId(id(8)), ..receipt.clone() },
            Receipt { bid_id: Some(BidId(id(8))), ..receipt.clone() },
            Receipt { bid_id: None, ..receipt.clone() },
            Receipt { seq: 8, ..receipt.clone() },
            Receipt { hash: "ac".repeat(32), ..receipt.clone() },
            Receipt { head_seq: 10, ..receipt.clone() },
            Receipt { head_hash: "ce".repeat(32), ..receipt.clone() },
            Receipt { index: 2, ..receipt.clone() },
            Receipt { signature: "00".repeat(64), ..receipt.clone() },
            Receipt { signature: "none".to_owned(), ..receipt.clone() },
            Receipt { signature: receipt.signature.to_uppercase(), ..receipt.clone() },
            Receipt { signature: other().signature, ..receipt.clone() },
        ] {
            assert_eq!(verify_receipt(&tampered, &keys), wrong(), "{tampered:?}");
        }
        for broken in [
            Receipt { size: 3, ..receipt.clone() },
            Receipt { size: 0, ..receipt.clone() },
            Receipt { index: 5, ..receipt.clone() },
            Receipt { path: Vec::new(), ..receipt.clone() },
            Receipt { path: vec!["ab".to_owned(); 3], ..receipt.clone() },
            Receipt { path: receipt.path.iter().map(|beside| beside.to_uppercase()).collect(), ..receipt.clone() },
        ] {
            assert_eq!(verify_receipt(&broken, &keys), Err(InvalidReceipt::BrokenPath), "{broken:?}");
        }
        assert_eq!(verify_receipt(&receipt, &[signer(8).public()]), wrong());
        assert_eq!(verify_receipt(&receipt, &[]), Err(InvalidReceipt::UnknownKey("k1".to_owned())));
        for broken in [
            LogKey { alg: "RSA".to_owned(), ..keys[0].clone() },
            LogKey { public_key: "ab".to_owned(), ..keys[0].clone() },
            LogKey { public_key: keys[0].public_key.to_uppercase(), ..keys[0].clone() },
        ] {
            assert_eq!(verify_receipt(&receipt, &[broken]), Err(InvalidReceipt::InvalidKey("k1".to_owned())));
        }
        assert_eq!(format!("{:?}", signer(7)), "Signer(k1, ***)");
    }

    #[test]
    fn what_ended_in_a_retired_keys_time_is_signed_by_it() {
        let until = FROM.plus_micros(10);
        let named = |seed, name: &str, from| Signer::from_seed(signer(seed).house, name.to_owned(), [seed; 32], from);
        let signers = Signers::new(named(2, "new", until), vec![(named(1, "old", FROM), until)]);
        let keys = signers.public();
        assert_eq!(
            keys.iter().map(|key| (&*key.key_id, key.until)).collect::<Vec<_>>(),
            [("old", Some(until)), ("new", None)]
        );
        for (micros, name) in [(0, "old"), (9, "old"), (10, "new"), (99, "new"), (-1, "new")] {
            let receipt = signers.at(FROM.plus_micros(micros)).seal(leaves(1)).remove(0);
            assert_eq!(receipt.key_id, name, "{micros} µs after the first key was made");
            let key = verify_receipt(&receipt, &keys).expect("it is signed");
            assert_eq!(signs_at(key, FROM.plus_micros(micros)).is_ok(), micros >= 0);
        }
    }

    #[test]
    fn a_key_signs_nothing_outside_its_time() {
        let key = LogKey { until: Some(FROM.plus_micros(5)), ..signer(7).public() };
        let in_use = |micros| signs_at(&key, FROM.plus_micros(micros)).is_ok();
        assert_eq!([-1, 0, 4, 5].map(in_use), [false, true, true, false]);
        assert_eq!(signs_at(&signer(7).public(), FROM.plus_micros(i64::from(u32::MAX))), Ok(()));
    }
}
