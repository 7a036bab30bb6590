//! Encryption of the keys' seeds with the operator's secret: AES-256-GCM under its SHA-256.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
};

use crate::{clock::random_bytes, config::Secret};

/// Seals seeds. The key's id is bound in, so that no sealed seed can be moved under another id.
pub struct Sealing(LessSafeKey);

impl Sealing {
    pub fn from_secret(secret: &Secret) -> Self {
        // The prefix keeps this use of the secret apart from any other that may come.
        let material = digest::digest(&digest::SHA256, format!("blytz signing keys v1\0{}", &**secret).as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, material.as_ref());
        Self(LessSafeKey::new(key.unwrap_or_else(|_| unreachable!("SHA-256 gives the 32 bytes that AES-256 takes"))))
    }

    /// Hex of a fresh nonce, the encrypted seed and its tag.
    pub fn seal(&self, key_id: &str, seed: &[u8; 32]) -> String {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut text = seed.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(key_id), &mut text)
            .unwrap_or_else(|_| unreachable!("32 bytes are not too long"));
        hex::encode([nonce.as_slice(), &text].concat())
    }

    /// The seed, unless it was sealed with another secret, under another id, or was changed since.
    pub fn open(&self, key_id: &str, sealed: &str) -> Option<[u8; 32]> {
        let bytes = hex::decode(sealed).ok()?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let seed = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(key_id), &mut text).ok()?;
        (&*seed).try_into().ok()
    }
}
