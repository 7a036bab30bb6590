//! The two commands that bring a server of their own, run as the program that people install.

use std::{collections::BTreeSet, time::Duration};

use assert_cmd::Command;
use serde_json::Value;

/// Only a program that hangs takes so long.
const HANGS: Duration = Duration::from_mins(15);

/// The program, with nobody's configuration and nobody's environment.
fn blytz(home: &tempfile::TempDir) -> Command {
    let mut command = Command::cargo_bin("blytz").expect("the program is built");
    command.env_clear().env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path()).timeout(HANGS);
    command
}

fn lines(stdout: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn a_headless_demo_sells_and_ends_well() {
    let home = tempfile::tempdir().expect("a folder");
    let arguments = ["demo", "--headless", "--lots", "2", "--speed", "10", "--seed", "7", "--output", "json"];
    let ran = blytz(&home).args(arguments).assert().success();
    let lines = lines(&ran.get_output().stdout);
    let kinds: BTreeSet<&str> = lines.iter().filter_map(|line| line["kind"].as_str()).collect();
    for kind in ["opened", "bid", "closed", "chat", "summary"] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    let summary = &lines.last().expect("a summary")["summary"];
    assert_eq!(summary["lots_sold"], 2, "{summary}");
    assert_eq!(summary["trouble"], Value::Array(Vec::new()));
    for sale in summary["sales"].as_array().expect("sales") {
        assert_eq!(sale["verified"], Value::Bool(true), "{sale}");
    }
}

#[test]
fn time_up_is_no_trouble() {
    let home = tempfile::tempdir().expect("a folder");
    // Over before anything can be sold, or after; it ends well either way.
    let ran = blytz(&home).args(["demo", "--headless", "--seconds", "1", "--output", "json"]).assert().success();
    let lines = lines(&ran.get_output().stdout);
    assert_eq!(lines.last().expect("a summary")["summary"]["trouble"], Value::Array(Vec::new()));
}

#[test]
fn without_a_terminal_the_feed_is_plain_lines() {
    let home = tempfile::tempdir().expect("a folder");
    let ran = blytz(&home).args(["demo", "--lots", "1", "--speed", "10", "--seed", "1"]).assert().success();
    let output = ran.get_output();
    let feed = std::str::from_utf8(&output.stdout).expect("UTF-8");
    assert!(feed.contains("  LOT      1. "), "{feed}");
    assert!(feed.contains(" sold for MYR "), "{feed}");
    assert!(!feed.contains('\u{1b}'), "escape sequences in a pipe: {feed}");
    let talk = std::str::from_utf8(&output.stderr).expect("UTF-8");
    assert!(talk.contains("login --email"), "how to join: {talk}");
}

#[test]
fn bench_measures_a_server_of_its_own() {
    let home = tempfile::tempdir().expect("a folder");
    let arguments = ["bench", "--bidders", "2", "--watchers", "3", "--seconds", "1", "--output", "json"];
    let ran = blytz(&home).args(arguments).assert().success();
    let report: Value = serde_json::from_slice(&ran.get_output().stdout).expect("JSON");
    let keys: BTreeSet<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = [
        "server",
        "embedded",
        "transport",
        "style",
        "bidders",
        "watchers",
        "lots",
        "seconds",
        "arrivals",
        "bids",
        "bid_to_answer",
        "bid_to_watcher",
        "events",
        "deliveries",
        "deliveries_per_second",
        "missing",
        "watchers_lost",
        "commits",
        "memory",
        "comparison",
    ];
    assert_eq!(keys, BTreeSet::from(expected));

    let number =
        |path: &str| report.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {report}"));
    assert!(number("/bids/accepted") > 0.0);
    assert!(number("/bids/accepted_per_second") > 0.0);
    let bids = number("/bids/accepted") + number("/bids/refused");
    for of in ["arrivals/connect", "arrivals/subscribe", "bid_to_answer", "bid_to_watcher"] {
        let [p50, p95, p99, max] =
            ["p50_ms", "p95_ms", "p99_ms", "max_ms"].map(|which| number(&format!("/{of}/{which}")));
        assert!(0.0 < p50 && p50 <= p95 && p95 <= p99 && p99 <= max * 1.01, "{of}: {p50} {p95} {p99} {max}");
    }
    assert!((number("/bid_to_answer/count") - bids).abs() < f64::EPSILON, "every answer is timed");
    assert!(number("/arrivals/per_second") > 0.0);
    for of in ["connect", "subscribe"] {
        let timed = number(&format!("/arrivals/{of}/count"));
        assert!((timed - 3.0).abs() < f64::EPSILON, "every watcher's {of} is timed");
    }
    // Scheduled and opened come before the bids; the first was before the watchers.
    assert!((number("/events") - number("/bids/accepted") - 2.0).abs() < f64::EPSILON);
    assert!(
        (number("/deliveries") - 3.0 * (number("/events") - 1.0)).abs() < f64::EPSILON,
        "each watcher sees each event"
    );
    assert!(number("/missing").abs() < f64::EPSILON && number("/watchers_lost").abs() < f64::EPSILON);
}

#[test]
fn a_race_needs_rivals() {
    let home = tempfile::tempdir().expect("a folder");
    blytz(&home).args(["bench", "--style", "race", "--bidders", "1"]).assert().code(2);
}
