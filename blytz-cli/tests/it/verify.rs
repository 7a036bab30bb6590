//! Proofs that are sound, and forged ones: what each is held against, and what is said of it.

use std::path::{Path, PathBuf};

use blytz_core::{
    auction::receipt::Signer,
    wire::auction::{Proof, Receipt},
};
use serde_json::{Value, json};

use crate::{
    house::{Done, command, run},
    sample::{Facade, NOON, Sale, keys, restored_signer, signer, signer_of},
};

/// Somebody with files, who knows the keys of a house or not.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    fn proof(&self, proof: &Proof) -> String {
        self.file("proof.json", &serde_json::to_string_pretty(proof).expect("JSON"))
    }

    fn receipt(&self, name: &str, receipt: &Receipt) {
        self.file(&format!("receipts/{name}.json"), &serde_json::to_string(receipt).expect("JSON"));
    }

    fn keys(&self, of: &Signer) -> String {
        self.file("keys.json", &keys(&[of.public()]))
    }

    fn runs(&self, args: &[&str]) -> Done {
        run(self.0.path(), None, "", args)
    }

    fn at(&self, server: &Facade, args: &[&str]) -> Done {
        run(self.0.path(), Some(&server.url), "", args)
    }

    /// Holds a proof to the keys of a signer, with receipts if there are any.
    fn holds(&self, proof: &Proof, signer: &Signer, flags: &[&str]) -> Done {
        let (proof, keys) = (self.proof(proof), self.keys(signer));
        self.runs(&[&["verify", &proof, "--keys", &keys], flags].concat())
    }
}

#[track_caller]
fn refuses(done: Done, why: &str) {
    let done = done.exits(1);
    assert!(done.stdout.is_empty() && done.stderr.contains("does not hold"), "{done:#?}");
    assert!(done.stderr.contains(why), "not for {why:?}: {done:#?}");
}

#[test]
fn what_holds_is_told_on_one_screen() {
    let (desk, shop) = (Desk::new(), signer(7));
    let sale = Sale::of(&shop);
    desk.receipt("mine", &sale.receipt(&shop));
    desk.receipt("elsewhere", &Sale::cancelled(&shop).receipt(&shop));
    let receipts = desk.path("receipts").display().to_string();
    let told = desk.holds(&sale.proof(&shop), &shop, &["--receipts", &receipts]).ok();
    insta::assert_snapshot!(told.stdout);
    assert!(told.stderr.is_empty(), "{told:?}");
    #[cfg(unix)]
    {
        let (proof, keys) = (desk.proof(&sale.proof(&shop)), desk.keys(&shop));
        let verify = ["verify", &proof, "--keys", &keys, "--receipts", &receipts];
        let shown = crate::terminal::Terminal::of(80, command(desk.0.path(), None, &verify)).left();
        assert!(shown.code == 0 && shown.screen.lines().count() <= 24, "one screen: {shown:?}");
    }

    let json = desk.holds(&sale.proof(&shop), &shop, &["--receipts", &receipts, "-o", "json"]).json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).expect("JSON"));
}

#[test]
fn a_cancelled_lot_is_only_a_chain() {
    let (desk, shop) = (Desk::new(), signer(7));
    let told = desk.holds(&Sale::cancelled(&shop).proof(&shop), &shop, &[]).ok();
    assert!(told.stdout.contains("of their course only the chain is checked"), "{told:?}");
    let json = desk.holds(&Sale::cancelled(&shop).proof(&shop), &shop, &["-o", "json"]).json();
    assert_eq!((&json["status"], &json["unopened"], &json["price"]), (&"cancelled".into(), &1.into(), &Value::Null));
}

/// A restored house is no forger, but what it did is said.
#[test]
fn a_restored_house_is_told_of() {
    let (desk, shop) = (Desk::new(), signer(7));
    let proof = Sale::of(&shop).proof(&restored_signer(7));
    let told = desk.holds(&proof, &shop, &[]).ok();
    let line = told.stdout.lines().find(|line| line.starts_with("restored")).expect("a line");
    assert!(line.contains("00000000e became") && line.ends_with("00000000f"), "{line}");
    let json = desk.holds(&proof, &shop, &["-o", "json"]).json();
    assert_eq!(json["restored"].as_array().map(Vec::len), Some(2), "{json}");
}

/// Each lacks what somebody could be held to, however well it fits together by itself.
#[test]
fn forged_proofs() {
    let (desk, shop, forger) = (Desk::new(), signer(7), signer(8));
    let sale = Sale::of(&shop);
    let honest = sale.proof(&shop);
    desk.holds(&honest, &shop, &[]).ok();

    let mut unsigned = honest.clone();
    unsigned.head.receipt = None;
    refuses(desk.holds(&unsigned, &shop, &[]), "the last event is not signed");

    let mut early = honest.clone();
    early.head.receipt = Some(sale.receipt(&shop));
    refuses(desk.holds(&early, &shop, &[]), "what is signed is not the last event");

    // The keys in a proof are the forger's own.
    refuses(desk.holds(&sale.proof(&forger), &shop, &[]), "the signature of key k1 does not fit it");
    let own = Sale::of(&forger);
    refuses(desk.holds(&own.proof(&forger), &shop, &[]), "the signature of key k1 does not fit it");
    let of_another_name = signer_of("mall.example", 7, NOON);
    refuses(desk.holds(&sale.proof(&of_another_name), &shop, &[]), "event 1: the log is the house");
    let late = signer_of("shop.example", 7, NOON.plus_millis(3_600_000));
    refuses(desk.holds(&honest, &late, &[]), "key k1 was not in use at");

    let mut told = serde_json::to_value(&honest).expect("JSON");
    told["openings"][0]["amount"]["amount"] = 1_100.into();
    let changed = desk.file("changed.json", &told.to_string());
    let keys = desk.keys(&shop);
    refuses(desk.runs(&["verify", &changed, "--keys", &keys]), "event 3: ");
    told["remark"] = "trust me".into();
    let more = desk.file("more.json", &told.to_string());
    refuses(desk.runs(&["verify", &more, "--keys", &keys]), "`remark` is no part of a proof");

    // Programs are told the same.
    let done = desk.runs(&["verify", &changed, "--keys", &keys, "-o", "json"]).exits(1);
    let told: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!((&told["valid"], &told["seq"], &told["auction_id"]), (&false.into(), &3.into(), &json!(sale.id)));
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("not the one committed to")), "{told}");
}

/// Nothing that a proof brings along says whose it is.
#[test]
fn without_a_key_nobody_is_believed() {
    let (desk, shop) = (Desk::new(), signer(7));
    let sale = Sale::of(&shop);
    let proof = desk.proof(&sale.proof(&shop));
    let refused = desk.runs(&["verify", &proof]);
    refuses(refused, "no key of the house \"shop.example\" is known");
    let refused = desk.runs(&["verify", &proof]).exits(1);
    for way in ["--keys FILE", &format!("blytz verify {}", sale.id), "blytz keys trust"] {
        assert!(refused.stderr.contains(way), "{refused:?}");
    }
    let done = desk.runs(&["verify", &proof, "-o", "json"]).exits(1);
    let told: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert!(told["wanted"].as_str().is_some_and(|wanted| wanted.contains("--keys")), "{told}");
    for junk in ["", "{}", r#"{"keys": {}}"#, r#"{"keys": [{"key_id": "k1"}]}"#] {
        let keys = desk.file("keys.json", junk);
        let refused = desk.runs(&["verify", &proof, "--keys", &keys]).exits(1);
        assert!(refused.stderr.contains("holds no keys"), "{refused:?}");
    }
    refuses(
        desk.runs(&["verify", &proof, "--keys", &desk.file("keys.json", r#"{"keys": []}"#)]),
        "no key of the house",
    );
}

#[test]
fn receipts_must_stand_in_it() {
    let (desk, shop, forger) = (Desk::new(), signer(7), signer(8));
    let sale = Sale::of(&shop);
    let folder = desk.path("receipts").display().to_string();
    let with = |receipt: &Receipt| {
        desk.receipt("deep/mine", receipt);
        desk.holds(&sale.proof(&shop), &shop, &["--receipts", &folder])
    };
    let good = sale.receipt(&shop);
    assert!(with(&good).ok().stdout.contains("1 that was kept stands in it"));

    refuses(with(&sale.receipt(&forger)), "event 3: the receipt that was kept: the signature of key k1 does not fit");
    refuses(with(&Receipt { seq: 4, ..good.clone() }), "the signature of key k1 does not fit");
    // Signed by the house, for a history that this is not.
    let other_history = Sale::with_price(&shop, 1_100);
    refuses(with(&other_history.receipt(&shop)), "event 3: this is not the event that was signed for a receipt");

    desk.file("receipts/answer.json", &json!({ "outcome": "leading", "receipt": good }).to_string());
    assert!(with(&good).ok().stdout.contains("2 that were kept stand in it"));
    for (name, junk) in [("receipts/deep/junk.json", "{"), ("receipts/deep/junk.json", "{\"keys\": []}")] {
        desk.file(name, junk);
        let refused = with(&good).exits(1);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("junk.json holds no receipt"), "{refused:?}");
    }
    let nowhere = desk.path("nowhere").display().to_string();
    desk.holds(&sale.proof(&shop), &shop, &["--receipts", &nowhere]).exits(1);
}

/// What parses as an id is an auction's, whatever lies in the folder.
#[test]
fn a_file_named_like_an_id_is_no_auction() {
    let (desk, shop) = (Desk::new(), signer(7));
    let sale = Sale::of(&shop);
    let id = sale.id.to_string();
    desk.file(&id, &serde_json::to_string(&sale.proof(&shop)).expect("JSON"));
    let keys = desk.keys(&shop);
    let in_the_folder = |server: Option<&str>, proof: &str| -> Done {
        let mut verify = command(desk.0.path(), server, &["verify", proof, "--keys", &keys]);
        verify.current_dir(desk.0.path()).output().expect("it runs").into()
    };
    in_the_folder(None, &format!("./{id}")).ok();
    in_the_folder(Some("http://127.0.0.1:1"), &id).exits(6);
    in_the_folder(Some("http://127.0.0.1:1"), &id.to_uppercase()).exits(6);
    // A server that answers with another auction's proof answers nothing.
    let server = Facade::of(&sale, &shop);
    in_the_folder(Some(&server.url), &id).ok();
    server.shows(&format!("/auction/{id}/proof"), &Sale::cancelled(&shop).proof(&shop));
    refuses(in_the_folder(Some(&server.url), &id), "was asked for");
}

#[test]
fn keys_are_kept_at_first_sight_and_a_change_is_cried_out() {
    let (desk, shop, forger) = (Desk::new(), signer(7), signer(8));
    let sale = Sale::of(&shop);
    let (server, id) = (Facade::of(&sale, &shop), sale.id.to_string());
    let first = desk.at(&server, &["verify", &id]).ok();
    assert!(first.stderr.contains("\"shop.example\"") && first.stderr.contains("is new here"), "{first:?}");
    let again = desk.at(&server, &["verify", &id]).ok();
    assert!(again.stderr.is_empty() && again.stdout.contains("kept since"), "{again:?}");
    // The file needs no server any more, nor does anybody have to be trusted for its keys.
    let proof = desk.proof(&sale.proof(&shop));
    desk.runs(&["verify", &proof]).ok();

    // Another key for the same history: what was kept decides.
    server.shows_keys(&[forger.public()]);
    let warned = desk.at(&server, &["verify", &id]).ok();
    assert!(warned.stderr.contains("WARNING") && warned.stderr.contains("key k1 is"), "{warned:?}");
    assert!(warned.stderr.contains("blytz keys trust"), "{warned:?}");
    let told = desk.at(&server, &["verify", &id, "-o", "json"]).json();
    assert_eq!(told["changes"].as_array().map(Vec::len), Some(1), "{told}");
    // And one that only the new key signed does not hold.
    server.shows_lot(&Sale::of(&forger), &forger);
    let refused = desk.at(&server, &["verify", &id]).exits(1);
    assert!(refused.stderr.contains("WARNING") && refused.stderr.contains("does not hold"), "{refused:?}");
    desk.runs(&["verify", &proof]).ok();
}

/// Anybody can call themselves somebody: only who signs by a name is kept under it.
#[test]
fn a_name_that_nobody_signed_for_is_not_kept() {
    let (desk, shop, squatter) = (Desk::new(), signer(7), signer(8));
    let sale = Sale::of(&shop);
    let (server, id) = (Facade::of(&sale, &shop), sale.id.to_string());
    server.shows_keys(&[squatter.public()]);
    let refused = desk.at(&server, &["verify", &id]).exits(1);
    assert!(refused.stderr.contains("does not hold") && !refused.stderr.contains("is new here"), "{refused:?}");
    assert_eq!(desk.runs(&["keys", "-o", "json"]).json()["items"].as_array().map(Vec::len), Some(0));
    let shop = Facade::of(&sale, &shop);
    let first = desk.at(&shop, &["verify", &id]).ok();
    assert!(first.stderr.contains("is new here"), "{first:?}");
    assert!(first.stdout.contains("first seen at"), "{first:?}");
}

#[test]
fn own_receipts_are_held_against_it_unasked() {
    let (desk, shop) = (Desk::new(), signer(7));
    let sale = Sale::of(&shop);
    let receipt = sale.receipt(&shop);
    let bid = receipt.bid_id.expect("of a bid");
    let kept = Path::new(".local/state/blytz/receipts").join(sale.id.to_string()).join(format!("{bid}.json"));
    let kept = kept.to_str().expect("text");
    desk.file(kept, &serde_json::to_string(&receipt).expect("JSON"));
    let server = Facade::of(&sale, &shop);
    let told = desk.at(&server, &["verify", &sale.id.to_string(), "-o", "json"]).json();
    assert_eq!(told["receipts"], 1);
    let (proof, keys) = (desk.proof(&sale.proof(&shop)), desk.keys(&shop));
    assert_eq!(desk.runs(&["verify", &proof, "--keys", &keys, "-o", "json"]).json()["receipts"], 1);
    // Theirs instead.
    let none = desk.path("none");
    std::fs::create_dir(&none).expect("made");
    let none = none.display().to_string();
    let told = desk.runs(&["verify", &proof, "--keys", &keys, "--receipts", &none, "-o", "json"]).json();
    assert_eq!(told["receipts"], 0);
    let other = Sale::with_price(&shop, 1_100);
    desk.file(kept, &serde_json::to_string(&other.receipt(&shop)).expect("JSON"));
    refuses(desk.runs(&["verify", &proof, "--keys", &keys]), "this is not the event that was signed for a receipt");
}
