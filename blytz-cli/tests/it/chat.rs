//! Talking and moderating.

use serde_json::Value;

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

    let url = house.running.url();
    let tail = ["chat", "tail", show, "--last", "1", "--output", "json"];
    let mut child = crate::house::Started::by(crate::house::command(&ann.config_folder(), Some(&url), &tail));
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("piped")));
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    let last = next();
    assert_eq!(last["event"]["data"]["text"], "two");
    ann.run(&["chat", "send", show, "three"]).ok();
    assert_eq!(next()["event"]["data"]["text"], "three");

    let id = last["event"]["data"]["id"].as_str().expect("an id");
    ann.run(&["chat", "delete", id, "--no-input"]).exits(2);
    seller.run(&["chat", "delete", id, "--yes"]).ok();
    assert_eq!(next()["event"]["kind"], "deleted");
    child.kill().expect("killed");
    child.wait().expect("ended");

    let settings = seller.json(&["chat", "settings", show, "--block-term", "spam", "--slow-mode", "0"]);
    assert_eq!(settings["blocked_terms"], serde_json::json!(["spam"]));
    ann.run(&["chat", "send", show, "buy spam"]).exits(5);
    let ann_id = ann.json(&["whoami"])["id"].as_str().expect("an id").to_owned();
    ann.run(&["chat", "mute", show, &ann_id, "--for", "1h"]).exits(3);
    seller.run(&["chat", "mute", show, &ann_id, "--for", "1h"]).ok();
    ann.run(&["chat", "send", show, "hello"]).exits(3);
    house.stop();
}
