//! The keys of houses: kept, changed, trusted, forgotten, handed on.

use blytz_core::Timestamp;
use blytz_server::{
    Clock,
    db::{Db, Sqlite},
    keys::Keys,
};

use crate::{
    house::{Done, House, run},
    sample::{Facade, NOON, Sale, signer, signer_of},
};

struct Somebody(tempfile::TempDir);

impl Somebody {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn at(&self, server: &Facade, args: &[&str]) -> Done {
        run(self.0.path(), Some(&server.url), "", args)
    }

    fn alone(&self, args: &[&str]) -> Done {
        run(self.0.path(), None, "", args)
    }

    fn kept(&self) -> serde_json::Value {
        self.alone(&["keys", "-o", "json"]).json()["items"].take()
    }
}

#[test]
fn from_first_sight_to_forgotten() {
    let (ann, shop, other) = (Somebody::new(), signer(7), signer(8));
    let sale = Sale::of(&shop);
    let (server, id) = (Facade::of(&sale, &shop), sale.id.to_string());
    assert_eq!(ann.kept(), serde_json::json!([]));
    ann.alone(&["keys", "export"]).exits(4);
    ann.at(&server, &["verify", &id]).ok();

    let kept = ann.kept();
    assert_eq!((&kept[0]["origin"], &kept[0]["key_id"]), (&"shop.example".into(), &"k1".into()));
    assert_eq!(kept[0]["server"], server.url.as_str());
    let fingerprint = kept[0]["fingerprint"].as_str().expect("one");
    assert_eq!(fingerprint.split(' ').map(str::len).collect::<Vec<_>>(), [4; 4]);
    let since: Timestamp = kept[0]["since"].as_str().expect("a time").parse().expect("a time");
    assert!(since > NOON);
    let listed = ann.alone(&["keys"]).ok();
    assert!(listed.stdout.contains(fingerprint), "{listed:?}");

    // Nothing new: nobody is asked.
    let same = ann.at(&server, &["keys", "trust", "--no-input"]).ok();
    assert!(same.stderr.contains("are kept as"), "{same:?}");
    // Something new: both are shown, and somebody must say so.
    server.shows_keys(&[other.public()]);
    let asked = ann.at(&server, &["keys", "trust"]).exits(2);
    assert!(asked.stderr.contains(fingerprint) && asked.stderr.contains("Shown now: key k1"), "{asked:?}");
    assert_eq!(ann.kept(), kept);
    ann.at(&server, &["keys", "trust", "--yes"]).ok();
    assert_ne!(ann.kept()[0]["fingerprint"], fingerprint);
    let refused = ann.at(&server, &["verify", &id]).exits(1);
    assert!(refused.stderr.contains("does not hold") && !refused.stderr.contains("WARNING"), "{refused:?}");

    ann.alone(&["keys", "forget", "shop.example", "--no-input"]).exits(2);
    ann.alone(&["keys", "forget", "shop.example"]).ok();
    ann.alone(&["keys", "forget", "shop.example"]).exits(4);
    assert_eq!(ann.kept(), serde_json::json!([]));
    server.shows_keys(&[shop.public()]);
    ann.at(&server, &["verify", &id]).ok();
}

#[test]
fn exported_keys_are_read_by_verify() {
    let (ann, ben, shop) = (Somebody::new(), Somebody::new(), signer(7));
    let sale = Sale::of(&shop);
    let server = Facade::of(&sale, &shop);
    ann.at(&server, &["keys", "trust", "--yes"]).ok();
    let keys = ann.0.path().join("keys.json");
    std::fs::write(&keys, ann.alone(&["keys", "export"]).ok().stdout).expect("written");
    let proof = ann.0.path().join("proof.json");
    std::fs::write(&proof, serde_json::to_string(&sale.proof(&shop)).expect("JSON")).expect("written");
    let (keys, proof) = (keys.display().to_string(), proof.display().to_string());
    ben.alone(&["verify", &proof]).exits(1);
    ben.alone(&["verify", &proof, "--keys", &keys]).ok();
    assert_eq!(ben.kept(), serde_json::json!([]), "given keys are not kept");

    // With two houses one must be named: the ids of their keys are their own affair.
    let mall = signer_of("mall.example", 9, NOON);
    let there = Facade::of(&Sale::of(&mall), &mall);
    ann.at(&there, &["keys", "trust", "--yes"]).ok();
    let which = ann.alone(&["keys", "export"]).exits(2);
    assert!(which.stderr.contains("mall.example, shop.example"), "{which:?}");
    ann.alone(&["keys", "export", "nobody.example"]).exits(4);
    let exported = ann.alone(&["keys", "export", "mall.example"]).json();
    assert_eq!(exported, serde_json::json!({ "keys": [mall.public()] }));
}

/// What is kept is only there for its owner, and what is damaged counts for nothing but an error.
#[test]
fn the_file_is_private_and_damage_is_named() {
    let (ann, shop) = (Somebody::new(), signer(7));
    let sale = Sale::of(&shop);
    let server = Facade::of(&sale, &shop);
    ann.at(&server, &["keys", "trust", "--yes"]).ok();
    let file = ann.0.path().join(".local/state/blytz/keys.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(&file, "{\"houses\": ").expect("written");
    let refused = ann.at(&server, &["verify", &sale.id.to_string()]).exits(1);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("keys.json can't be read"), "{refused:?}");
}

/// Nobody is told to trust a server that does not say who it is.
#[test]
fn a_house_without_a_log_has_no_name() {
    let (ann, shop) = (Somebody::new(), signer(7));
    let server = Facade::of(&Sale::of(&shop), &shop);
    server.shows("/auction", &serde_json::json!({ "items": [], "next_cursor": null }));
    let refused = ann.at(&server, &["keys", "trust", "--yes"]).exits(1);
    assert!(refused.stderr.contains("does not say which house it is"), "{refused:?}");
    assert_eq!(ann.kept(), serde_json::json!([]));
}

/// A house changes its key, as it should from time to time: that is cried out and nothing taken over, and
/// once it is trusted both keys count, each in its time.
#[test]
fn a_real_house_rotates_its_key() {
    let house = House::open();
    let lot = house.seller("sita").live_lot(&["--duration", "1h", "--buy-now-price", "80", "--reserve-price", "30"]);
    let ann = house.buyer("ann");
    ann.run(&["bid", &lot, "--max", "20"]).ok();
    assert_eq!(ann.json(&["keys"])["items"].as_array().map(Vec::len), Some(1));

    let house = house.restart_after(|data| {
        let file = data.join("blytz.db");
        // Nothing that waits may be waited for in here, but elsewhere.
        let rotate = move || {
            tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
                let db = Db::sqlite(Sqlite::open(&file).await.expect("the database")).await.expect("the database");
                Keys::rotate(&db, &Clock::system(), None).await.expect("another key");
                db.close().await;
            });
        };
        std::thread::spawn(rotate).join().expect("rotated");
    });
    let ann = house.stranger("ann");
    let bid = ["bid", &lot, "--max", "21", "--bid-id", "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77"];
    let warned = ann.run(&bid).exits(1);
    for says in ["WARNING", "was not kept", "blytz keys trust", "KEYS OF localhost HAVE CHANGED", "--bid-id"] {
        assert!(warned.stderr.contains(says), "no {says}: {warned:?}");
    }
    assert_eq!(ann.json(&["keys"])["items"].as_array().map(Vec::len), Some(1));
    house.buyer("ben").run(&["bid", &lot, "--buy-now"]).ok();
    let refused = ann.run(&["verify", &lot]).exits(1);
    assert!(refused.stderr.contains("does not hold"), "{refused:?}");
    ann.run(&["keys", "trust", "--yes"]).ok();
    assert_eq!(ann.json(&bid)["replayed"], true, "it counted, and once");
    let verdict = ann.run(&["verify", &lot, "-o", "json"]).ok();
    assert!(verdict.stderr.is_empty(), "{verdict:?}");
    assert_eq!(verdict.json()["receipts"], 2);
    house.stop();
}
