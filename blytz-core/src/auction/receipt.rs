//! Receipts: the server's Ed25519 signature under a head of a log.
//!
//! Whoever holds a receipt can prove what the log said up to that head; a server that later shows
//! another history contradicts its own signature.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::Serialize;

use super::{commitment::canonical, log::Head};
use crate::{
    AuctionId,
    wire::auction::{LogKey, Receipt},
};

/// The only algorithm there is.
pub const ALGORITHM: &str = "Ed25519";

/// The bytes under a signature: the canonical JSON of `{auction_id, seq, hash}`.
fn signed_bytes(auction_id: AuctionId, seq: u64, hash: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Signed<'a> {
        auction_id: AuctionId,
        seq: u64,
        hash: &'a str,
    }
    canonical(&Signed { auction_id, seq, hash })
}

/// Signs heads with one of the server's keys.
#[derive(Clone)]
pub struct Signer {
    key_id: String,
    key: SigningKey,
}

impl Signer {
    /// A signer whose private key is made of `seed`, 32 bytes from a cryptographic source.
    pub fn from_seed(key_id: String, seed: [u8; 32]) -> Self {
        Self { key_id, key: SigningKey::from_bytes(&seed) }
    }

    /// Signs a head. Deterministic: the same head gets the same receipt again.
    pub fn sign(&self, head: &Head) -> Receipt {
        let signature = self.key.sign(&signed_bytes(head.auction_id, head.seq, &head.hash));
        Receipt {
            key_id: self.key_id.clone(),
            head_seq: head.seq,
            head_hash: head.hash.clone(),
            signature: hex::encode(signature.to_bytes()),
        }
    }

    /// The public half, as `GET /auction/keys` shows it.
    pub fn public(&self) -> LogKey {
        LogKey {
            key_id: self.key_id.clone(),
            alg: ALGORITHM.to_owned(),
            public_key: hex::encode(self.key.verifying_key().to_bytes()),
        }
    }
}

impl fmt::Debug for Signer {
    /// Prints the key's id only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, ***)", self.key_id)
    }
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// No key of this id is known.
    #[error("no key {0} is known")]
    UnknownKey(String),
    /// The key is of another algorithm, or no Ed25519 public key at all.
    #[error("key {0} is no Ed25519 public key")]
    InvalidKey(String),
    /// The signature is not the key's over this head.
    #[error("the signature does not fit the head")]
    WrongSignature,
}

/// Checks that one of `keys` signed the head that the receipt names, in this auction's log.
///
/// Whether that head is in the log is another question: see [`super::proof::verify`].
///
/// # Errors
/// [`InvalidReceipt`] when the key is unknown or the signature is wrong.
pub fn verify_receipt(auction_id: AuctionId, receipt: &Receipt, keys: &[LogKey]) -> Result<(), InvalidReceipt> {
    let key = keys
        .iter()
        .find(|key| key.key_id == receipt.key_id)
        .ok_or_else(|| InvalidReceipt::UnknownKey(receipt.key_id.clone()))?;
    let public = public_key(key).ok_or_else(|| InvalidReceipt::InvalidKey(key.key_id.clone()))?;

    let mut signature = [0; 64];
    hex::decode_to_slice(&receipt.signature, &mut signature).map_err(|_| InvalidReceipt::WrongSignature)?;
    let bytes = signed_bytes(auction_id, receipt.head_seq, &receipt.head_hash);
    // Strict: refuses the weak keys under which one signature fits many messages.
    public.verify_strict(&bytes, &Signature::from_bytes(&signature)).map_err(|_| InvalidReceipt::WrongSignature)
}

fn public_key(key: &LogKey) -> Option<VerifyingKey> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(&key.public_key, &mut bytes).ok()?;
    VerifyingKey::from_bytes(&bytes).ok().filter(|_| key.alg == ALGORITHM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auction::log::NO_HASH;

    #[test]
    fn a_receipt_fits_its_head_auction_and_key_only() {
        let auction_id: AuctionId = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77".parse().expect("an id");
        let other: AuctionId = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d78".parse().expect("an id");
        let signer = Signer::from_seed("k1".to_owned(), [7; 32]);
        let keys = [signer.public()];
        let head = Head { auction_id, seq: 3, hash: "ab".repeat(32) };
        let receipt = signer.sign(&head);

        assert_eq!(signer.sign(&head), receipt);
        assert_eq!(verify_receipt(auction_id, &receipt, &keys), Ok(()));
        assert_eq!(verify_receipt(other, &receipt, &keys), Err(InvalidReceipt::WrongSignature));
        let unknown = Err(InvalidReceipt::UnknownKey("k1".to_owned()));
        assert_eq!(verify_receipt(auction_id, &receipt, &[]), unknown);

        for tampered in [
            Receipt { head_seq: 4, ..receipt.clone() },
            Receipt { head_hash: NO_HASH.to_owned(), ..receipt.clone() },
            Receipt { signature: "00".repeat(64), ..receipt.clone() },
            Receipt { signature: "zz".to_owned(), ..receipt.clone() },
        ] {
            assert_eq!(verify_receipt(auction_id, &tampered, &keys), Err(InvalidReceipt::WrongSignature));
        }

        let another =
            LogKey { public_key: Signer::from_seed("k1".to_owned(), [8; 32]).public().public_key, ..keys[0].clone() };
        assert_eq!(verify_receipt(auction_id, &receipt, &[another]), Err(InvalidReceipt::WrongSignature));
        for broken in [
            LogKey { alg: "RSA".to_owned(), ..keys[0].clone() },
            LogKey { public_key: "ab".to_owned(), ..keys[0].clone() },
        ] {
            let invalid = Err(InvalidReceipt::InvalidKey("k1".to_owned()));
            assert_eq!(verify_receipt(auction_id, &receipt, &[broken]), invalid);
        }
        assert_eq!(format!("{signer:?}"), "Signer(k1, ***)");
    }
}
