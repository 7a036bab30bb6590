//! What a house signs for a bid is kept by whoever bid, and found again.

use blytz_core::wire::auction::{BidAnswer, BidOutcome, Receipt};

use crate::{
    house::{House, run},
    sample::{Facade, NOON, Sale, signer},
};

#[test]
fn a_bids_receipt_is_kept_and_held_against_the_log() {
    let house = House::open();
    let seller = house.seller("sita");
    let (ann, ben) = (house.buyer("ann"), house.buyer("ben"));
    let lot = seller.live_lot(&["--duration", "1h", "--buy-now-price", "80", "--reserve-price", "30"]);
    assert_eq!(ann.json(&["receipts"])["items"], serde_json::json!([]));

    let bid = ann.json(&["bid", &lot, "--max", "20"]);
    let id = bid["bid_id"].as_str().expect("an id").to_owned();
    let listed = ann.json(&["receipts"]);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&listed["items"][0]["auction_id"], &listed["items"][0]["bid_id"]),
        (&lot.clone().into(), &bid["bid_id"])
    );
    assert_eq!(ann.json(&["receipts", "show", &id]), bid["receipt"]);
    ann.run(&["receipts", "show", &lot]).exits(4);
    ben.run(&["receipts", "show", &id]).exits(4);
    let table = ann.run(&["receipts"]).ok();
    assert!(table.stdout.contains(&id) && table.stdout.contains("localhost"), "{table:?}");

    let file = ann.config_folder().join(".local/state/blytz/receipts").join(&lot).join(format!("{id}.json"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).expect("kept").permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(file.parent().expect("a folder")), 0o700);
    }
    // The same bid again is the same receipt; and a lost one comes again from the house.
    ann.json(&["bid", &lot, "--max", "20", "--bid-id", &id]);
    assert_eq!(ann.json(&["receipts"])["items"].as_array().map(Vec::len), Some(1));
    std::fs::remove_file(&file).expect("lost");
    assert_eq!(ann.json(&["receipts", "fetch", &lot, &id]), bid["receipt"]);
    assert!(file.exists());
    ben.run(&["receipts", "fetch", &lot, &id]).exits(4);

    ben.json(&["bid", &lot, "--buy-now"]);
    let verdict = ann.json(&["verify", &lot]);
    assert_eq!((&verdict["valid"], &verdict["receipts"], &verdict["keys"]), (&true.into(), &1.into(), &"kept".into()));
    let people = ann.run(&["verify", &lot]).ok();
    assert!(people.stdout.contains("1 that was kept stands in it"), "{people:?}");
    house.stop();
}

/// Who bids in the screens keeps as much, and hears of a new house when they don't spoil the screen.
#[cfg(unix)]
#[test]
fn a_bid_in_the_screens_is_kept_as_well() {
    let house = House::open();
    let lot = house.seller("sita").live_lot(&["--duration", "1h"]);
    let ann = house.buyer("ann");
    let mut screens = ann.at_terminal(100, &["tui", "--auction", &lot]);
    screens.until("Blue teapot").until("minimum").types("b").until("accepted").types("q");
    let left = screens.left();
    assert_eq!(left.code, 0, "{left:?}");
    let (during, after) = left.screen.rsplit_once("\u{1b}[?1049l").expect("the screens were left");
    assert!(after.contains("is new here") && !during.contains("is new here"), "{left:?}");
    assert_eq!(ann.json(&["receipts"])["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(ann.json(&["keys"])["items"].as_array().map(Vec::len), Some(1));
    house.stop();
}

/// A receipt that proves nothing is said to be one when it comes, and not after the close.
#[test]
fn a_receipt_that_is_worth_nothing_is_cried_out() {
    let (shop, forger) = (signer(7), signer(8));
    let sale = Sale::of(&shop);
    let good = sale.receipt(&shop);
    for (receipt, says) in [
        (good.clone(), ""),
        (sale.receipt(&forger), "the signature of key k1 does not fit it"),
        (Receipt { key_id: "k2".to_owned(), ..good.clone() }, "no key k2 is trusted"),
        (Receipt { seq: good.seq + 1, ..good.clone() }, "the receipt's seq is another"),
        (Receipt { bid_id: None, ..good.clone() }, "the receipt's bid_id is another"),
    ] {
        let (server, folder) = (Facade::of(&sale, &shop), tempfile::tempdir().expect("a folder"));
        let id = sale.id.to_string();
        server.shows(&format!("/auction/{id}"), &sale.lot());
        let answer = BidAnswer {
            bid_id: good.bid_id.expect("of a bid"),
            auction_id: sale.id,
            outcome: BidOutcome::Leading,
            seq: good.seq,
            at: NOON,
            price: None,
            leader_id: None,
            next_minimum: None,
            closes_at: NOON,
            hash: good.hash.clone(),
            receipt: receipt.clone(),
            replayed: false,
        };
        server.shows("/auction/bid", &answer);
        let bid = answer.bid_id.to_string();
        let args = ["--token", "t", "bid", &id, "--amount", "10", "--bid-id", &bid];
        let done = run(folder.path(), Some(&server.url), "", &args).exits(i32::from(!says.is_empty()));
        assert_eq!(done.stderr.contains("WARNING: the house answered leading"), !says.is_empty(), "{done:?}");
        assert_eq!(done.stderr.contains("--bid-id"), !says.is_empty(), "{done:?}");
        assert_eq!(done.stdout.contains("leading"), says.is_empty(), "{done:?}");
        assert!(done.stderr.contains(says), "{done:?}");
        // Who has signed nothing that holds is not met.
        let keys = run(folder.path(), None, "", &["keys", "-o", "json"]).json();
        assert_eq!(keys["items"].as_array().map(Vec::len), Some(usize::from(says.is_empty())), "{keys}");
        let kept = run(folder.path(), None, "", &["receipts", "-o", "json"]).json();
        assert_eq!(kept["items"].as_array().map(Vec::len), Some(usize::from(says.is_empty())), "{kept}");
        assert_eq!(done.stderr.contains("doubted"), !says.is_empty() && receipt.bid_id.is_some(), "{done:?}");
    }
}
