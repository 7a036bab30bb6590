//! Lots from the rules to the proof.

use serde_json::Value;

use crate::house::House;

#[test]
fn a_lot_is_sold_watched_exported_and_verified() {
    let house = House::open();
    let seller = house.seller("sita");
    let (ann, ben) = (house.buyer("ann"), house.buyer("ben"));
    let lot = seller.live_lot(&["--duration", "1h", "--buy-now-price", "80", "--reserve-price", "30"]);

    let bid = ann.json(&["bid", &lot, "--max", "20"]);
    assert_eq!((bid["outcome"].as_str(), bid["price"]["amount"].as_i64()), (Some("leading"), Some(1_000)));
    let id = bid["bid_id"].as_str().expect("an id");
    let again = ann.json(&["bid", &lot, "--max", "20", "--bid-id", id]);
    assert_eq!((&again["replayed"], &again["hash"]), (&Value::Bool(true), &bid["hash"]));
    ann.run(&["bid", &lot, "--max", "21", "--bid-id", id]).exits(5);
    assert_eq!(ann.json(&["auctions", "me", &lot])["max"]["amount"], 2_000);

    // Not over yet: there is no proof, but there is a log.
    ann.run(&["auctions", "export", &lot]).exits(5);
    ann.run(&["verify", &lot]).exits(5);
    let log = ben.run(&["auctions", "events", &lot]).ok();
    assert!(log.stdout.contains("scheduled") && log.stdout.contains("bid: leading"), "{log:?}");
    assert!(!log.stdout.contains("MYR 20.00"), "a max is nobody's business: {log:?}");
    assert_eq!(ben.json(&["auctions", "get", &lot])["rules"]["reserve_price"]["amount"], Value::Null);
    assert_eq!(seller.json(&["auctions", "get", &lot])["rules"]["reserve_price"]["amount"], 3_000);

    assert_eq!(ben.json(&["bid", &lot, "--buy-now"])["outcome"], "won");
    let watched = ann.run(&["auctions", "watch", &lot, "--output", "json"]).ok();
    let last: Value = watched.stdout.lines().last().map(serde_json::from_str).expect("a line").expect("JSON");
    assert_eq!((&last["channel"], &last["state"]["status"]), (&format!("auction:{lot}").into(), &"sold".into()));

    let proof = house.file("unused", "") + ".json";
    ann.run(&["auctions", "export", &lot, &proof]).ok();
    ann.run(&["auctions", "export", &lot, &proof]).exits(1);
    let verdict = ann.json(&["verify", &proof]);
    assert_eq!((&verdict["valid"], &verdict["price"]["amount"]), (&Value::Bool(true), &8_000.into()));
    assert_eq!(ann.json(&["verify", &lot])["keys"], "kept");

    let honest = std::fs::read_to_string(&proof).expect("saved");
    let mut tampered: Value = serde_json::from_str(&honest).expect("JSON");
    for opening in tampered["openings"].as_array_mut().expect("a list") {
        if opening["max"]["amount"] == 2_000 {
            opening["max"]["amount"] = 2_100.into();
        }
    }
    let tampered = house.file("tampered.json", &tampered.to_string());
    let refused = ann.run(&["verify", &tampered]).exits(1);
    assert!(refused.stderr.contains("event 3") && refused.stderr.contains("not the one committed to"), "{refused:?}");
    let told: Value =
        serde_json::from_str(&ann.run(&["verify", &tampered, "-o", "json"]).exits(1).stdout).expect("JSON");
    assert_eq!((&told["valid"], &told["seq"]), (&Value::Bool(false), &3.into()));
    let keys = house.file("keys.json", r#"{"keys": []}"#);
    let unknown = ann.run(&["verify", &proof, "--keys", &keys]).exits(1);
    assert!(unknown.stderr.contains("no key of the house"), "{unknown:?}");
    let csv = ann.run(&["auctions", "export", &lot, "--as", "csv"]).ok();
    assert!(csv.stdout.starts_with("seq,at,kind,outcome,price"), "{csv:?}");
    house.stop();
}

#[test]
fn who_watches_sees_it_happen() {
    let house = House::open();
    let (seller, ann) = (house.seller("sita"), house.buyer("ann"));
    let lot = seller.live_lot(&["--duration", "1h"]);
    let url = house.running.url();
    let watching = ["auctions", "watch", &lot, "--output", "json"];
    let mut child = crate::house::Started::by(crate::house::command(&ann.config_folder(), Some(&url), &watching));
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("piped")));
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };

    assert_eq!(next()["state"]["status"], "live");
    ann.run(&["bid", &lot, "--amount", "10"]).ok();
    let bid = next();
    assert_eq!((&bid["event"]["kind"], &bid["event"]["data"]["price"]["amount"]), (&"bid".into(), &1_000.into()));
    let bid_id = bid["event"]["data"]["bid_id"].as_str().expect("an id").to_owned();
    seller.run(&["auctions", "void", &lot, &bid_id, "--reason", "asked for it"]).exits(2);
    let nobody = ["auctions", "void", &lot, &bid_id, "--bidder", &bid_id, "--reason", "asked for it", "--yes"];
    seller.run(&nobody).exits(4);
    let bidder = bid["event"]["data"]["bidder"].as_str().expect("an id");
    seller.run(&["auctions", "void", &lot, &bid_id, "--bidder", bidder, "--reason", "asked for it", "--yes"]).ok();
    seller.run(&["auctions", "void", &lot, &bid_id, "--reason", "asked for it", "--yes"]).ok();
    assert_eq!(next()["event"]["kind"], "voided");
    seller.run(&["auctions", "cancel", &lot, "--reason", "broken", "--yes"]);
    house.admin().run(&["auctions", "cancel", &lot, "--reason", "broken", "--yes"]).ok();
    assert_eq!(next()["event"]["kind"], "cancelled");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "it ends with the auction");
    house.stop();
}

#[test]
fn who_watches_misses_nothing_over_a_restart_of_the_server() {
    let house = House::open();
    let lot = house.seller("sita").live_lot(&["--duration", "1h"]);
    let ann = house.buyer("ann");
    let (url, config) = (house.running.url(), ann.config_folder());
    ann.run(&["bid", &lot, "--amount", "10"]).ok();
    let watching = ["auctions", "watch", &lot, "--output", "json"];
    let mut child = crate::house::Started::by(crate::house::command(&config, Some(&url), &watching));
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("piped")));
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    let seen = next()["state"]["seq"].as_u64().expect("a seq");

    let house = house.restart();
    let ben = house.buyer("ben");
    ben.run(&["bid", &lot, "--amount", "11"]).ok();
    house.admin().run(&["auctions", "cancel", &lot, "--reason", "enough", "--yes"]).ok();
    let (bid, cancelled) = (next(), next());
    assert_eq!((&bid["event"]["kind"], bid["event"]["seq"].as_u64()), (&"bid".into(), Some(seen + 1)), "{bid}");
    assert_eq!(cancelled["event"]["kind"], "cancelled");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    house.stop();
}

/// A house whose data is put back to an earlier day has another past than the one that it told.
#[test]
fn who_watches_cries_out_at_another_past() {
    let house = House::open();
    let lot = house.seller("sita").live_lot(&["--duration", "1h"]);
    let before = tempfile::tempdir().expect("a folder");
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for file in std::fs::read_dir(from).expect("a folder") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
        }
    };
    let house = house.restart_after(|data| copy(data, before.path()));
    let ann = house.buyer("ann");
    let (url, config) = (house.running.url(), ann.config_folder());
    let watching = ["auctions", "watch", &lot, "--output", "json"];
    let mut child = crate::house::Started::by(crate::house::command(&config, Some(&url), &watching));
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("piped")));
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    assert_eq!(next()["state"]["status"], "live");
    ann.run(&["bid", &lot, "--amount", "10"]).ok();
    assert_eq!(next()["event"]["kind"], "bid");

    let house = house.restart_after(|data| {
        std::fs::remove_dir_all(data).expect("gone");
        std::fs::create_dir(data).expect("made");
        copy(before.path(), data);
    });
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("piped");
    std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "{said}");
    assert!(said.contains("FORK") && said.contains("two histories"), "{said}");
    // What was signed says so, too, whenever it is held against the log, and in whatever profile.
    let later = house.stranger("ann").run(&["--profile", "other", "auctions", "watch", &lot]).exits(1);
    assert!(later.stderr.contains("FORK"), "{later:?}");
    house.stop();
}

#[test]
fn shows_have_lots_in_order() {
    let house = House::open();
    let seller = house.seller("sita");
    let show = seller.json(&["shows", "create", "--title", "Friday cards"]);
    let show = show["id"].as_str().expect("an id");
    let product = seller.product("Card");
    let create = ["auctions", "create", "--product", &product, "--starting-price", "1", "--show", show];
    let create = [&create[..], &["--duration", "1h"]].concat();
    let lots: Vec<String> = (0..2).map(|_| seller.json(&create)["id"].as_str().expect("an id").to_owned()).collect();
    let queue = seller.json(&["shows", "lots", show, "--set", &lots[1], "--set", &lots[0]]);
    assert_eq!(
        (&queue["items"][0]["id"], &queue["items"][1]["id"]),
        (&lots[1].clone().into(), &lots[0].clone().into())
    );
    seller.run(&["shows", "start", show]).ok();
    seller.run(&["auctions", "start", &lots[1]]).ok();
    seller.run(&["shows", "end", show, "--yes"]).exits(5);
    seller.run(&["auctions", "cancel", &lots[1], "--reason", "enough", "--yes"]).ok();
    let ended = seller.json(&["shows", "end", show, "--yes"]);
    assert_eq!(ended["status"], "ended");
    let list = seller.run(&["auctions", "list", "--show", show]).ok();
    assert!(list.stdout.starts_with("ID"), "{list:?}");
    assert_eq!(list.stdout.lines().count(), 3, "{list:?}");
    assert!(!list.stdout.contains('\u{1b}'), "a pipe gets no colours: {list:?}");
    house.stop();
}

#[test]
fn rules_are_amended_before_the_first_bid() {
    let house = House::open();
    let seller = house.seller("sita");
    let product = seller.product("Card");
    let rules = r#"{"format":"dutch","currency":"MYR","starting_price":{"amount":9900,"currency":"MYR"},
        "duration_ms":60000,"dutch":{"step":100,"interval_ms":1000,"floor":{"amount":2000,"currency":"MYR"}}}"#;
    let rules = house.file("rules.json", rules);
    let lot = seller.json(&["auctions", "create", "--product", &product, "--starting-price", "1"]);
    let lot = lot["id"].as_str().expect("an id");
    let amended = seller.json(&["auctions", "amend", lot, "--rules", &rules, "--title", "Falling"]);
    assert_eq!((&amended["title"], &amended["rules"]["format"]), (&"Falling".into(), &"dutch".into()));
    seller.run(&["auctions", "amend", lot]).exits(2);
    house.stop();
}

#[test]
fn a_lot_has_its_own_words_for_what_it_sells() {
    let house = House::open();
    let seller = house.seller("sita");
    let product = seller.product("Card");
    let create = ["auctions", "create", "--product", &product, "--starting-price", "1", "--condition", "worn"];
    let lot = seller.json(&[&create[..], &["--weight-g", "90", "--image", "https://shop.example/1.jpg"]].concat());
    let id = lot["id"].as_str().expect("an id");
    assert_eq!((&lot["item"]["condition"], &lot["item"]["weight_g"]), (&"worn".into(), &90.into()));
    assert_eq!((&lot["title"], &lot["item"]["title"]), (&"Card".into(), &"Card".into()));
    let amend = ["auctions", "amend", id, "--description", "As found.", "--clear", "condition", "--clear", "images"];
    let amended = seller.json(&amend);
    assert_eq!((&amended["item"]["description"], &amended["item"]["weight_g"]), (&"As found.".into(), &90.into()));
    assert_eq!((&amended["item"]["images"], &amended["item"]["condition"]), (&serde_json::json!([]), &Value::Null));
    assert_ne!(amended["item_hash"], lot["item_hash"]);
    let shown = seller.run(&["auctions", "get", id]).ok();
    let hash = |name: &str| amended[name].as_str().expect("a hash")[..16].to_owned();
    for text in ["As found.", "90 g", &hash("item_hash"), &hash("rules_hash"), &hash("hash")] {
        assert!(shown.stdout.contains(text), "no {text}: {shown:?}");
    }
    seller.run(&["auctions", "amend", id, "--weight-g", "0"]).exits(2);
    house.stop();
}

/// A slip of the finger costs a bid, and not the rest of the auction; and what a void did to its bidder
/// the seller can take back.
#[test]
fn whom_a_void_blocks_the_seller_lets_back() {
    let house = House::open();
    let (seller, ann) = (house.seller("sita"), house.buyer("ann"));
    let lot = seller.live_lot(&["--duration", "1h"]);
    let bid = |amount: &str| ann.json(&["bid", &lot, "--amount", amount])["bid_id"].as_str().expect("an id").to_owned();
    let void = |bid: &str, flags: &[&str]| {
        seller.run(&[&["auctions", "void", &lot, bid, "--reason", "a slip", "--yes"], flags].concat()).ok();
    };
    void(&bid("10"), &["--no-block"]);
    let again = bid("11");
    void(&again, &[]);
    let blocked = ann.run(&["bid", &lot, "--amount", "12"]).exits(3);
    assert!(blocked.stderr.contains("block"), "{blocked:?}");
    let me = ann.json(&["whoami"])["id"].as_str().expect("an id").to_owned();
    ann.run(&["auctions", "unblock", &lot, &me]).exits(3);
    seller.run(&["auctions", "unblock", &lot, &me]).ok();
    bid("12");
    let log = seller.run(&["auctions", "events", &lot]).ok();
    assert!(log.stdout.contains("voided by seller") && log.stdout.contains("unblocked"), "{log:?}");
    seller.run(&["auctions", "unblock"]).exits(2);
    seller.run(&["auctions", "unblock", &lot, &me, &me]).exits(2);
    house.stop();
}
