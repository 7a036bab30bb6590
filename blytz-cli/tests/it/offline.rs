//! What needs no server.

use std::path::PathBuf;

use crate::{
    house::{Done, run},
    sample::{Sale, keys, signer},
};

fn offline(stdin: &str, args: &[&str]) -> Done {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), None, stdin, args)
}

#[test]
fn every_scenario_runs_as_it_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios");
    let mut scenarios = 0;
    for entry in std::fs::read_dir(folder).expect("scenarios") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            offline("", &["simulate", &path.display().to_string()]).ok();
            scenarios += 1;
        }
    }
    assert!(scenarios >= 40, "only {scenarios} scenarios");
}

const SCENARIO: &str = "\
title:          Equal maxes
format:         english
starting_price: 10.00
increment:      1.00
duration:       60

time | who | command   | outcome | price | leader
0    | -   | open      | opened  | -     | -
1    | ana | max 50.00 | leading | 10.00 | ana
2    | ben | max 50.00 | outbid  | 50.00 | ben
";

#[test]
fn a_course_that_differs_is_said_so() {
    let done = offline(SCENARIO, &["simulate", "-"]).exits(1);
    assert!(done.stderr.contains("line 10: leader is `ana`, expected `ben`"), "{done:?}");
    insta::assert_snapshot!(done.stdout);
    offline("title: nothing", &["simulate", "-"]).exits(2);
    offline("{}", &["simulate", "-"]).exits(2);
}

#[test]
fn rules_alone_get_bidders_the_same_for_the_same_seed() {
    let rules = r#"{"format":"english","currency":"MYR","starting_price":{"amount":1000,"currency":"MYR"},
        "reserve_price":{"amount":1500,"currency":"MYR"},"increment":{"named":"whatnot"},"duration_ms":60000,
        "soft_close":{"trigger_ms":10000,"extend_ms":10000,"mode":"reset"}}"#;
    let once = offline(rules, &["simulate", "-", "--seed", "7"]).ok();
    assert_eq!(once.stdout, offline(rules, &["simulate", "-", "--seed", "7"]).ok().stdout);
    assert_ne!(once.stdout, offline(rules, &["simulate", "-", "--seed", "8"]).ok().stdout);
    insta::assert_snapshot!(once.stdout);

    let head = SCENARIO.split("\ntime").next().expect("a head");
    let from_head = offline(head, &["simulate", "-", "--output", "json"]).json();
    assert_eq!(from_head["title"], "Equal maxes");
    assert!(from_head["lines"].as_array().is_some_and(|lines| lines.len() > 5), "{from_head}");
}

#[test]
fn completions_and_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = offline("", &["completions", shell]).ok().stdout;
        assert!(script.contains("simulate") && script.contains("no-input"), "{shell}");
    }
    assert!(offline("", &["man"]).ok().stdout.contains(".TH blytz"));
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man1");
    offline("", &["man", "--dir", &pages.display().to_string()]).ok();
    let page = std::fs::read_to_string(pages.join("blytz-auctions-watch.1")).expect("a page");
    assert!(page.contains("Follow auctions live") && page.contains("blytz auctions watch LOT"), "{page}");
}

#[test]
fn a_proof_is_verified_from_a_file_and_from_stdin() {
    let shop = signer(7);
    let proof = Sale::of(&shop).proof(&shop);
    let sample = serde_json::to_string_pretty(&proof).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let (file, keys) = (file("proof.json", &sample), file("keys.json", &keys(&[shop.public()])));
    let verdict = offline("", &["verify", &file, "--keys", &keys, "--output", "json"]).json();
    assert_eq!((&verdict["valid"], &verdict["status"]), (&true.into(), &"sold".into()));
    let piped = ["verify", "-", "--keys", &keys, "--output", "json"];
    assert_eq!(offline(&sample, &piped).json(), verdict);
    // In whatever order its members stand.
    let sorted = serde_json::to_value(&proof).expect("JSON").to_string();
    assert_ne!(sorted, sample);
    assert_eq!(offline(&sorted, &piped).json(), verdict);

    let half = &sample[..sample.len() / 2];
    let nested = format!(r#"{{"head":{}"#, "[".repeat(100_000));
    for (text, why) in [
        (half, "is cut short"),
        ("", "is cut short"),
        ("{}", "has no `events`"),
        ("[1, 2]", "expected a proof"),
        ("no JSON", "is no proof"),
        (nested.as_str(), "is no proof"),
    ] {
        let done = offline(text, &["verify", "-", "--keys", &keys]).exits(1);
        assert!(done.stdout.is_empty() && done.stderr.contains(why), "{done:?}");
        let told = offline(text, &piped).exits(1).stdout;
        assert!(told.contains("\"valid\": false"), "{told}");
    }
    let missing = offline("", &["verify", "no-such-proof.json"]).exits(1);
    assert!(missing.stderr.contains("can't be read"), "{missing:?}");
    let folder = offline("", &["verify", env!("CARGO_MANIFEST_DIR")]).exits(1);
    assert!(folder.stderr.contains("can't be read"), "{folder:?}");
}
