//! Receipts as files: those that are kept here, and those that somebody else kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use blytz_core::{AuctionId, BidId, Timestamp, wire::auction::Receipt};
use serde::Deserialize;

use crate::{error::Failure, private};

/// The longest file that is read as a receipt. They are a few kilobytes.
const LONGEST: u64 = 1 << 20;

/// A receipt, and the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub receipt: Receipt,
    /// When the file was made.
    pub kept_at: Timestamp,
    pub file: PathBuf,
}

/// Where a receipt of this bid is kept.
pub fn place(folder: &Path, auction_id: AuctionId, bid_id: BidId) -> PathBuf {
    folder.join(auction_id.to_string()).join(format!("{bid_id}.json"))
}

/// Keeps a bid's receipt. What is kept already is never replaced: another receipt of the same bid stands
/// beside it, as it may be what proves that there are two histories.
pub fn keep(folder: &Path, receipt: &Receipt) -> Result<Found, Failure> {
    let bid_id = receipt.bid_id.ok_or_else(|| Failure::failed("The receipt is of no bid."))?;
    let mut path = place(folder, receipt.auction_id, bid_id);
    let text = serde_json::to_vec_pretty(receipt).map_err(anyhow::Error::from)?;
    let mut others = 1_u64;
    loop {
        let trouble = |error: io::Error| Failure::failed(format!("{} can't be kept: {error}.", path.display()));
        private::create(&path, &text).map_err(trouble)?;
        match read(&path) {
            Ok(found) if found.receipt == *receipt => return Ok(found),
            _ => others += 1,
        }
        path = path.with_file_name(format!("{bid_id}-{others}.json"));
    }
}

/// All receipts below a folder, in the order of their paths. Whatever ends in `.json` there must be one.
pub fn all_in(folder: &Path) -> Result<Vec<Found>, Failure> {
    let mut files = Vec::new();
    list(folder, &mut files)
        .map_err(|error| Failure::failed(format!("The receipts in {} can't be read: {error}.", folder.display())))?;
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// The same of a folder that need not be there.
pub fn kept_in(folder: &Path) -> Result<Vec<Found>, Failure> {
    if folder.exists() { all_in(folder) } else { Ok(Vec::new()) }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
        // A link to a folder might lead back here.
        if entry?.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// The receipt in a file: alone, or as the member of what a bid was answered with.
fn read(file: &Path) -> Result<Found, Failure> {
    let wrong = |why: String| Failure::failed(format!("{} holds no receipt: {why}.", file.display()));
    let about = fs::metadata(file).map_err(|error| wrong(error.to_string()))?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(wrong("it is no file of a few kilobytes".to_owned()));
    }
    let bytes = fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let receipt = parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    let modified = about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let micros = modified.and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or_default();
    Ok(Found { receipt, kept_at: Timestamp::from_micros(micros), file: file.to_owned() })
}

fn parse(bytes: &[u8]) -> Result<Receipt, serde_json::Error> {
    #[derive(Deserialize)]
    struct Answer {
        receipt: Receipt,
    }
    let alone = match serde_json::from_slice::<Receipt>(bytes) {
        Ok(receipt) => return Ok(receipt),
        Err(error) => error,
    };
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) if value.get("receipt").is_some() => Ok(serde_json::from_slice::<Answer>(bytes)?.receipt),
        _ => Err(alone),
    }
}

#[cfg(test)]
mod tests {
    use blytz_core::Epoch;
    use uuid::Uuid;

    use super::*;

    fn receipt(seq: u64) -> Receipt {
        let id = Uuid::from_bytes([7; 16]);
        Receipt {
            key_id: "k1".to_owned(),
            origin: "shop".to_owned(),
            epoch: Epoch(id),
            auction_id: AuctionId(id),
            bid_id: Some(BidId(id)),
            seq,
            hash: "ab".repeat(32),
            head_seq: seq,
            head_hash: "ab".repeat(32),
            index: 0,
            size: 1,
            path: Vec::new(),
            signature: "cd".repeat(64),
        }
    }

    #[test]
    fn a_receipt_is_kept_once_and_never_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("receipts");
        assert_eq!(kept_in(&root).expect("nothing yet"), []);
        for seq in [3, 3, 4, 3, 4, 5] {
            keep(&root, &receipt(seq)).expect("kept");
        }
        keep(&root, &Receipt { bid_id: None, ..receipt(6) }).expect_err("of no bid");
        let found = all_in(&root).expect("receipts");
        let mut seqs: Vec<_> = found.iter().map(|found| found.receipt.seq).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, [3, 4, 5]);
        let place = place(&root, receipt(3).auction_id, BidId(Uuid::from_bytes([7; 16])));
        assert_eq!(read(&place).expect("a receipt").receipt, receipt(3), "the first stays where it was");
    }

    #[test]
    fn an_answer_holds_a_receipt_and_junk_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("deep").join("answer.json");
        fs::create_dir(file.parent().expect("a folder")).expect("made");
        let text = serde_json::to_string(&receipt(3)).expect("JSON");
        fs::write(&file, format!(r#"{{"outcome": "leading", "receipt": {text}}}"#)).expect("written");
        fs::write(file.with_extension("txt"), "no receipt, and not taken for one").expect("written");
        let found = all_in(folder.path()).expect("one");
        assert_eq!((found.len(), &found[0].receipt, &found[0].file), (1, &receipt(3), &file));
        for junk in ["", "{}", "[]", r#"{"receipt": {}}"#, &text[1..], &text.replacen('{', r#"{"more": 1, "#, 1)] {
            fs::write(&file, junk).expect("written");
            let error = all_in(folder.path()).expect_err(junk).to_string();
            assert!(error.contains("answer.json holds no receipt"), "{error}");
        }
        fs::create_dir(folder.path().join("folder.json")).expect("made");
        fs::remove_file(&file).expect("removed");
        assert_eq!(all_in(folder.path()).expect("nothing but folders"), []);
        assert!(all_in(&folder.path().join("nowhere")).is_err());
    }
}
