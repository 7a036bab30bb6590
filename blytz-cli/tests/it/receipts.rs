//! What a house signs for a bid is kept by whoever bid, and found again.

use crate::house::House;

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
