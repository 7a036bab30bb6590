//! Talking and moderating.

use serde_json::{Value, json};

use crate::house::House;

#[test]
fn a_chat_is_written_read_and_moderated() {
    let house = House::open();
    let (seller, ann) = (house.seller("sita"), house.buyer("ann"));
    let show = seller.json(&["shows", "create", "--title", "Friday cards"]);
    let show = show["id"].as_str().expect("an id");
    seller.run(&["shows", "start", show]).ok();

    ann.run(&["chat", "send", show, "first edition?"]).ok();
    ann.fed("one\n\ntwo\n", &["chat", "send", show, "-"]).ok();
    let history = seller.run(&["chat", "history", show]).ok();
    let texts: Vec<_> = history.stdout.lines().filter_map(|line| line.split_once("> ")).map(|(_, text)| text).collect();
    assert_eq!(texts, ["first edition?", "one", "two"]);
    assert!(history.stdout.contains("  <ann> one"));
    let said = seller.run(&["chat", "send", show, "the first"]).ok();
    assert!(said.stdout.contains("  [seller] <sita> the first"), "{}", said.stdout);

    let url = house.running.url();
    let tail = ["chat", "tail", show, "--last", "2", "--output", "json"];
    let mut child = crate::house::Started::by(crate::house::command(&ann.config_folder(), Some(&url), &tail));
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("piped")));
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    let last = next();
    assert_eq!((&last["event"]["data"]["text"], &last["event"]["data"]["user"]["role"]), (&json!("two"), &Value::Null));
    assert_eq!(next()["event"]["data"]["user"]["role"], "seller");
    ann.run(&["chat", "send", show, "three"]).ok();
    assert_eq!(next()["event"]["data"]["text"], "three");

    let id = last["event"]["data"]["id"].as_str().expect("an id");
    ann.run(&["chat", "delete", id, "--no-input"]).exits(2);
    seller.run(&["chat", "delete", id, "--yes"]).ok();
    assert_eq!(next()["event"]["kind"], "deleted");
    child.kill().expect("killed");
    child.wait().expect("ended");

    let settings = seller.json(&["chat", "settings", show, "--block-term", "spam", "--slow-mode", "0"]);
    assert_eq!(settings["blocked_terms"], json!(["spam"]));
    ann.run(&["chat", "send", show, "buy spam"]).exits(5);
    ann.run(&["chat", "send", show, "buy sp\u{430}m"]).exits(5);
    let settings = seller.json(&["chat", "settings", show, "--min-account-age", "1h"]);
    assert_eq!((&settings["min_account_age_s"], &settings["blocked_terms"]), (&json!(3_600), &json!(["spam"])));
    ann.run(&["chat", "send", show, "hello"]).exits(3);
    seller.run(&["chat", "settings", show, "--min-account-age", "91d"]).exits(2);
    seller.run(&["chat", "settings", show, "--min-account-age", "0"]).ok();
    let double = house.buyer("s1ta");
    double.run(&["chat", "send", show, "pay me here"]).exits(5);
    let ann_id = ann.json(&["whoami"])["id"].as_str().expect("an id").to_owned();
    ann.run(&["chat", "mute", show, &ann_id, "--for", "1h"]).exits(3);
    seller.run(&["chat", "mute", show, &ann_id, "--for", "1h"]).ok();
    ann.run(&["chat", "send", show, "hello"]).exits(3);
    house.stop();
}
