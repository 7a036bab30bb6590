//! A database that can't be written for a while: nothing wedges, nothing is lost, and it is said.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use blytz_server::db::{Db, Sqlite};
use reqwest::Client;
use serde_json::json;

use crate::{
    house::{Answer, Lot, PASSWORD, Person, max, money, needs_a_file, new_id, rules_with},
    program::Program,
};

/// More than any disk here has room for.
const MANY: i64 = 20_000;

/// Starts the program that `command` ends with.
fn start(mut command: Command) -> Program {
    command.env("BLYTZ_LISTEN", "127.0.0.1:0").env("BLYTZ_RATE_LIMITS", "off").env("BLYTZ_LOG", "error");
    command.env("BLYTZ_ADMIN_EMAIL", "admin@example.com").env("BLYTZ_ADMIN_PASSWORD", PASSWORD);
    Program::start(&mut command)
}

/// A lot that stays live for as long as a test can take, and who bids on it.
async fn live_lot(nobody: &Person) -> (Lot, Person) {
    let admin = nobody.log_in("admin@example.com", PASSWORD).await.person(200);
    let seller = nobody.sign_up("seller@example.com", PASSWORD, "seller").await.person(201);
    let buyer = nobody.sign_up("buyer@example.com", PASSWORD, "buyer").await.person(201);
    admin.give_roles(&seller.id, json!(["seller"])).await.expect(200);
    let penny = json!({ "starting_price": money(100), "increment": { "fixed": 1 }, "duration_ms": 3_600_000 });
    (seller.auction(rules_with(penny)).await, buyer)
}

/// A bid: exact the first time, then the leader raises with a max.
async fn bid(buyer: &Person, lot: &Lot, bid_id: &str, amount: i64) -> Answer {
    let answer = buyer.bid(lot, max(amount).under(bid_id)).await;
    is_no_fault(&answer);
    answer
}

/// What can't be done now can be tried again, and is never a fault.
fn is_no_fault(answer: &Answer) {
    let later = answer.status == 503 && answer.headers.contains_key("retry-after");
    assert!(answer.status < 500 || later, "{} {}", answer.status, answer.body);
}

/// Returns when `/ready` has this status. It looks at the database once a second at the most.
async fn until_ready_says(server: &Program, status: u16) {
    let client = Client::new();
    while client.get(format!("{}/ready", server.url)).send().await.expect("an answer").status().as_u16() != status {
        tokio::task::yield_now().await;
    }
}

/// Every bid of the log, in order, from a log without a gap.
async fn logged_bids(lot: &Lot) -> Vec<String> {
    let log = lot.log().await;
    assert!((1..).zip(&log).all(|(seq, event)| event["seq"] == seq));
    log.iter().filter_map(|event| event["data"]["bid_id"].as_str()).map(str::to_owned).collect()
}

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_blytz-server")
}

/// Mounts a small disk of its own over the folder that comes first, and runs what comes after it.
const ON_A_SMALL_DISK: &str = r#"mount -t tmpfs -o size=24m tmpfs "$0" && exec "$@""#;

fn on_a_small_disk(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    // In a mount namespace of its own; `-r` lets somebody mount who is not root.
    command.args(["-rm", "sh", "-c", ON_A_SMALL_DISK]).arg(folder);
    command
}

/// Fills a disk to the last byte.
fn fill(file: &Path) {
    let mut filler = File::create(file).expect("a file");
    let mut piece = vec![0; 1 << 16];
    while !piece.is_empty() {
        if filler.write_all(&piece).is_err() {
            piece.truncate(piece.len() / 2);
        }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_what_it_can_t_keep_and_goes_on_when_it_has_room() {
    if needs_a_file() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    if !on_a_small_disk(folder.path()).arg("true").stderr(Stdio::null()).status().is_ok_and(|done| done.success()) {
        // Past the harness, which keeps what a test prints.
        let said = "\nSKIPPED: nobody may mount a small disk here (unshare -rm), so none was filled\n";
        std::io::stderr().write_all(said.as_bytes()).expect("said");
        return;
    }
    let mut command = on_a_small_disk(folder.path());
    command.arg(program()).arg("--data").arg(folder.path().join("data"));
    let server = start(command);
    // The disk as its process sees it.
    let disk: PathBuf = format!("/proc/{}/root{}", server.child.id(), folder.path().display()).into();
    let (lot, buyer) = live_lot(&server.nobody).await;
    until_ready_says(&server, 200).await;

    for round in 0..2 {
        let filler = disk.join("filler");
        fill(&filler);
        let mut accepted = Vec::new();
        let mut refused = None;
        for raise in 1..MANY {
            let (bid_id, amount) = (new_id(), 1_000 + (round * MANY + raise) * 100);
            match bid(&buyer, &lot, &bid_id, amount).await.status {
                201 => accepted.push(bid_id),
                503 => {
                    refused = Some((bid_id, amount));
                    break;
                }
                other => panic!("a bid got {other}"),
            }
        }
        let (bid_id, amount) = refused.expect("a full disk takes no bid at some time");
        until_ready_says(&server, 503).await;
        // Other writes are refused as clearly, and what is there can be read.
        let late = server.nobody.sign_up("late@example.com", PASSWORD, "late").await;
        is_no_fault(&late);
        assert_eq!(late.status, 503);
        server.nobody.get("/health").await.expect(200);
        assert!(logged_bids(&lot).await.ends_with(&accepted));

        fs::remove_file(&filler).expect("the filler goes");
        let answer = bid(&buyer, &lot, &bid_id, amount).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
        until_ready_says(&server, 200).await;
        accepted.push(bid_id);
        assert!(logged_bids(&lot).await.ends_with(&accepted), "each accepted bid once, in order");
    }
}

#[tokio::test]
async fn a_database_that_another_process_has_locked_refuses_until_it_is_free() {
    if needs_a_file() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(program());
    command.arg("--data").arg(folder.path());
    let server = start(command);
    let (lot, buyer) = live_lot(&server.nobody).await;
    let (first, second) = (new_id(), new_id());
    bid(&buyer, &lot, &first, 1_000).await.expect(201);

    let sqlite = Sqlite::open(&folder.path().join("blytz.db")).await.expect("the database");
    let ours = Db::sqlite(sqlite).await.expect("it is up to date");
    let lock = ours.begin_write().await.expect("the lock");
    // Several at once, and one whose client does not wait for the answer.
    let hurried = Client::new().post(format!("{}/auction/bid", server.url)).bearer_auth(&buyer.token);
    let hurried = hurried.json(&max(1_500).on(&lot)).timeout(Duration::from_millis(300)).send().await;
    assert!(hurried.is_err(), "it hung up");
    let tries = (0..4).map(|_| bid(&buyer, &lot, &second, 2_000));
    for answer in futures_util::future::join_all(tries).await {
        answer.expect(503);
    }
    until_ready_says(&server, 503).await;
    drop(lock);
    ours.close().await;

    bid(&buyer, &lot, &second, 2_000).await.expect(201);
    until_ready_says(&server, 200).await;
    assert_eq!(logged_bids(&lot).await, [first, second]);
}
