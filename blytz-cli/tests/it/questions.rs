//! Questions before what can't be taken back: asked at a terminal, answered by --yes in a script, and
//! refused where nobody can be asked.

use serde_json::{Value, json};

use crate::{
    house::{House, run},
    sample::{Facade, Sale, signer},
};

#[test]
fn a_bid_far_above_the_least_is_asked_about() {
    let house = House::open();
    let seller = house.seller("sita");
    let ann = house.buyer("ann");
    let lot = seller.live_lot(&["--duration", "1h", "--buy-now-price", "500"]);
    for bid in [["--amount", "100"], ["--max", "50000"], ["--buy-now", "--no-input"], ["--max=100.00", "--no-input"]] {
        let refused = ann.run(&[&["bid", &lot], &bid[..]].concat()).exits(2);
        assert!(refused.stderr.contains("times the least that Blue teapot takes, MYR 10.00"), "{refused:?}");
        assert!(refused.stderr.contains("--yes") && refused.stdout.is_empty(), "{refused:?}");
    }
    assert_eq!(ann.json(&["auctions", "status", &lot])["bid_count"], 0);

    let mut asked = ann.at_terminal(80, &["bid", &lot, "--max", "50000"]);
    asked.until("MYR 50000.00 is 5000 times the least").until("[y/N]").types("\r");
    let left = asked.left();
    assert_eq!(left.code, 1, "{left:?}");
    assert!(left.screen.contains("Nothing was done."), "{left:?}");
    assert_eq!(ann.json(&["auctions", "status", &lot])["bid_count"], 0);

    let mut asked = ann.at_terminal(80, &["bid", &lot, "--amount", "100"]);
    asked.until("[y/N]").types("y\r");
    let left = asked.left();
    assert!(left.code == 0 && left.screen.contains("leading"), "{left:?}");
    // Below it nothing is asked, and with --yes nothing at all.
    let ben = house.buyer("ben");
    ben.run(&["bid", &lot, "--amount", "300"]).ok();
    ann.run(&["bid", &lot, "--max", "1000000", "--yes"]).ok();
    house.stop();
}

#[test]
fn without_an_amount_it_is_the_least() {
    let house = House::open();
    let seller = house.seller("sita");
    let (ann, ben) = (house.buyer("ann"), house.buyer("ben"));
    let lot = seller.live_lot(&["--duration", "1h", "--increment", "1"]);
    let refused = ann.run(&["bid", &lot]).exits(2);
    assert!(refused.stderr.contains("Bid MYR 10.00 on Blue teapot, the least that it takes?"), "{refused:?}");
    assert_eq!(ann.json(&["bid", &lot, "--yes"])["price"]["amount"], 1_000);

    // Somebody is faster than the answer: the question comes again, with what it is now.
    let mut asked = ben.at_terminal(80, &["bid", &lot]);
    asked.until("Bid MYR 11.00").until("[y/N]");
    house.buyer("eve").run(&["bid", &lot, "--amount", "15"]).ok();
    asked.types("y\r").until("Bid MYR 16.00").until("[y/N]").types("y\r");
    let left = asked.left();
    assert!(left.code == 0 && left.screen.contains("MYR 16.00"), "{left:?}");

    ben.run(&["bid", &lot, "--yes"]).exits(5);
    house.stranger("nobody").run(&["bid", &lot, "--yes"]).exits(3);
    seller.run(&["bid", &lot, "--yes"]).exits(3);
    house.admin().run(&["auctions", "cancel", &lot, "--reason", "enough", "--yes"]).ok();
    let over = ann.run(&["bid", &lot, "--yes"]).exits(5);
    assert!(over.stderr.contains("cancelled"), "{over:?}");

    // Where nobody shows what they bid there is no least to offer.
    let product = seller.product("Letter");
    let sealed = [
        "auctions",
        "create",
        "--product",
        &product,
        "--starting-price",
        "10",
        "--duration",
        "1h",
        "--format",
        "sealed_first_price",
    ];
    let lot = seller.json(&sealed)["id"].as_str().expect("an id").to_owned();
    assert!(ann.run(&["bid", &lot, "--yes"]).exits(5).stderr.contains("scheduled"));
    seller.run(&["auctions", "start", &lot]).ok();
    assert!(ann.run(&["bid", &lot, "--yes"]).exits(2).stderr.contains("--amount"));
    ann.run(&["bid", &lot, "--amount", "100"]).exits(2);
    ann.run(&["bid", &lot, "--amount", "99.99"]).ok();
    house.stop();
}

/// Whoever bids, bids under the rules that they saw.
#[test]
fn other_rules_are_shown_and_asked_about() {
    let house = House::open();
    let (seller, ann, ben) = (house.seller("sita"), house.buyer("ann"), house.buyer("ben"));
    let lot = seller.live_lot(&["--duration", "1h", "--soft-close", "none"]);
    let rules = r#"{"format":"english","currency":"MYR","starting_price":{"amount":2000,"currency":"MYR"},
        "increment":{"fixed":500},"duration_ms":7200000}"#;
    let rules = house.file("rules.json", rules);

    let mut least = ann.at_terminal(80, &["bid", &lot]);
    least.until("Bid MYR 10.00").until("[y/N]");
    let mut slip = ben.at_terminal(80, &["bid", &lot, "--max", "200"]);
    slip.until("20 times the least").until("[y/N]");
    seller.run(&["auctions", "amend", &lot, "--rules", &rules]).ok();
    least.types("y\r").until("The rules of Blue teapot are now:").until("starting price").until("MYR 20.00");
    least.until("Bid MYR 20.00").until("[y/N]").types("n\r");
    assert_eq!(least.left().code, 1);
    slip.types("y\r").until("The rules of Blue teapot are now:").until("increment").until("5.00");
    slip.until("Bid up to MYR 200.00 under these rules?").until("10 times the least").until("[y/N]").types("y\r");
    let left = slip.left();
    assert!(left.code == 0 && left.screen.contains("MYR 20.00"), "{left:?}");
    assert_eq!(ann.json(&["auctions", "status", &lot])["bid_count"], 1);
    house.stop();
}

/// Saying yes beforehand is no yes to rules that nobody has seen.
#[test]
fn nobody_agrees_to_other_rules_beforehand() {
    let (shop, folder) = (signer(7), tempfile::tempdir().expect("a folder"));
    let sale = Sale::of(&shop);
    let server = Facade::of(&sale, &shop);
    let (id, mut lot) = (sale.id.to_string(), sale.lot());
    server.shows(&format!("/auction/{id}"), &lot);
    let problem = json!({ "type": "about:blank", "title": "Rules changed", "status": 409, "detail": "other rules",
        "code": "rules_changed", "request_id": "r1" });
    server.answers("/auction/bid", 409, &problem);
    for (times, bid) in [&["--yes"][..], &["--amount", "10", "--yes"], &["--amount", "10"]].into_iter().enumerate() {
        let args = [&["--token", "t", "bid", &id], bid].concat();
        let refused = run(folder.path(), Some(&server.url), "", &args).exits(5);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("other rules"), "{refused:?}");
        let sent = server.asked("/auction/bid");
        assert_eq!(sent.len(), times + 1, "it is bid once");
        let last: Value = serde_json::from_str(&sent[times]).expect("JSON");
        assert_eq!(last["rules_hash"], lot["rules_hash"]);
    }
    // A hash of other rules than those shown would make a bid of it that nobody meant.
    lot["rules"]["starting_price"]["amount"] = 1.into();
    server.shows(&format!("/auction/{id}"), &lot);
    let refused = run(folder.path(), Some(&server.url), "", &["--token", "t", "bid", &id, "--yes"]).exits(1);
    assert!(refused.stderr.contains("another hash"), "{refused:?}");
    assert_eq!(server.asked("/auction/bid").len(), 3);
}

/// Every other act of the kind, on things that need not exist: the question comes first.
#[test]
fn nothing_that_cant_be_taken_back_is_done_without_a_word() {
    const ID: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";
    let house = House::open();
    let admin = house.admin();
    let me = "admin@example.com";
    for act in [
        &["auctions", "cancel", ID, "--reason", "no"][..],
        &["auctions", "void", ID, ID, "--reason", "no"],
        &["shows", "end", ID],
        &["shows", "lots", ID, "--clear"],
        &["chat", "ban", ID, ID],
        &["chat", "delete", ID],
        &["users", "suspend", ID],
        &["users", "roles", me, "buyer"],
        &["products", "archive", ID],
        &["products", "update", ID, "--status", "archived"],
    ] {
        for flags in [&[][..], &["--no-input"]] {
            let refused = admin.run(&[act, flags].concat()).exits(2);
            assert!(refused.stderr.contains("--yes"), "{act:?}: {refused:?}");
        }
        // What was typed before the question is no answer to it.
        let mut asked = admin.too_early_at_terminal(80, "y\r", act);
        asked.until("[y/N]").types("n\r");
        let left = asked.left();
        assert!(left.code == 1 && left.screen.contains("Nothing was done."), "{act:?}: {left:?}");
    }
    assert!(admin.json(&["whoami"])["roles"].as_array().is_some_and(|roles| roles.contains(&"admin".into())));
    house.stop();
}

#[test]
fn an_import_is_asked_about_where_somebody_can_be() {
    let house = House::open();
    let seller = house.seller("sita");
    let file = house.file("plain.csv", "title,price,quantity\nTeapot,12.50,3\nBowl,8,1\n");
    for (answer, code, there, columns) in [("n", 1, 0, 80), ("y", 0, 2, 0)] {
        let mut asked = seller.at_terminal(columns, &["products", "import", &file]);
        asked.until("Add 2 products?").until("[y/N]").types(answer).types("\r");
        let left = asked.left();
        assert_eq!(left.code, code, "{left:?}");
        assert_eq!(seller.json(&["products", "list", "--mine"])["items"].as_array().map(Vec::len), Some(there));
    }
    house.stop();
}
