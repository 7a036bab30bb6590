//! The examples of docs/VERIFY.md are true: whoever writes a checker tries it on them first.

use std::{fs, path::Path};

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

/// The lines of the page's examples.
fn examples() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/VERIFY.md");
    let page = fs::read_to_string(page).expect("the page");
    let blocks = page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

fn sha(bytes: &[&[u8]]) -> String {
    hex::encode(bytes.iter().fold(Sha256::new(), Digest::chain_update).finalize())
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).expect("hex");
    bytes
}

#[test]
fn every_hash_and_the_signature_are_those_of_the_text_above_them() {
    let lines = examples();
    let (hashed, signed) = lines.split_at(11);
    for pair in hashed[..6].chunks(2) {
        assert_eq!(sha(&[pair[0].as_bytes()]), pair[1], "{}", pair[0]);
    }
    let leaves: Vec<&String> = hashed[6..10].iter().step_by(2).collect();
    for (leaf, hash) in leaves.iter().zip(hashed[7..10].iter().step_by(2)) {
        assert_eq!(sha(&[&[0], leaf.as_bytes()]), *hash, "{leaf}");
    }
    let root = sha(&[&[1], &bytes::<32>(&hashed[7]), &bytes::<32>(&hashed[9])]);
    assert_eq!(root, hashed[10]);
    let [text, key, signature] = signed else { panic!("{} lines are too many or too few", lines.len()) };
    assert!(text.contains(&root), "{text}");
    let key = VerifyingKey::from_bytes(&bytes(key.strip_prefix("key ").expect("a key"))).expect("a key");
    key.verify_strict(text.as_bytes(), &Signature::from_bytes(&bytes(signature))).expect("it is signed");
}
