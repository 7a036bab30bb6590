//! A database that can't be written for a while: nothing wedges, nothing is lost, and it is said.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use blytz_server::db::{Db, Sqlite};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

const PASSWORD: &str = "vermilion-quagga-77";

/// More than any disk here has room for.
const MANY: i64 = 20_000;

/// A server in a process of its own; killed when the test ends.
struct Process {
    child: Child,
    url: String,
    http: Client,
    _out: BufReader<ChildStdout>,
}

/// A live lot, and who bids on it.
struct Lot {
    id: String,
    buyer: String,
}

impl Process {
    /// Starts the program that `command` ends with.
    fn start(mut command: Command) -> Self {
        command.env("BLYTZ_LISTEN", "127.0.0.1:0").env("BLYTZ_RATE_LIMITS", "off").env("BLYTZ_LOG", "error");
        command.env("BLYTZ_ADMIN_EMAIL", "admin@example.com").env("BLYTZ_ADMIN_PASSWORD", PASSWORD);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("its first line");
        let url = line.trim().strip_prefix("blytz-server listening on ").expect("an address").to_owned();
        Self { child, url, http: Client::new(), _out: out }
    }

    async fn ask(&self, method: Method, token: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let (status, retry) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
        let body = response.json().await.unwrap_or_default();
        assert!(status < 500 || (status == 503 && (retry || path == "/ready")), "{path}: {status} {body}");
        (status, body)
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(Method::POST, token, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// A lot that stays live for as long as a test can take.
    async fn live_lot(&self) -> Lot {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let login = json!({ "email": "admin@example.com", "password": PASSWORD });
        let admin = text(&self.post("", "/auth/login", login).await["tokens"]["access_token"]);
        let mut tokens = Vec::new();
        for name in ["seller", "buyer"] {
            let who = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "display_name": name });
            let user = self.post("", "/auth/signup", who).await;
            let path = format!("/auth/users/{}/roles", text(&user["user"]["id"]));
            let (status, _) = self.ask(Method::PUT, &admin, &path, json!({ "roles": ["seller"] })).await;
            assert_eq!(status, 200);
            tokens.push(text(&user["tokens"]["access_token"]));
        }
        let (buyer, seller) = (tokens.pop().expect("a buyer"), tokens.pop().expect("a seller"));
        let product = json!({ "title": "Vase", "description": "", "price": money(1), "quantity": 1 });
        let product = self.post(&seller, "/products", product).await;
        let rules = json!({
            "format": "english", "currency": "MYR", "starting_price": money(100), "increment": { "fixed": 1 },
            "duration_ms": 3_600_000,
        });
        let lot = self.post(&seller, "/auction", json!({ "product_id": product["id"], "rules": rules })).await;
        let id = text(&lot["id"]);
        self.post(&seller, "/auction/start", json!({ "auction_id": id })).await;
        Lot { id, buyer }
    }

    /// A bid: exact the first time, then the leader raises with a max.
    async fn bid(&self, lot: &Lot, bid_id: &str, max: i64) -> (u16, Value) {
        let body = json!({ "auction_id": lot.id, "bid_id": bid_id, "max": money(max) });
        self.ask(Method::POST, &lot.buyer, "/auction/bid", body).await
    }

    /// Returns when `/ready` has this status. It looks at the database once a second at the most.
    async fn until_ready_says(&self, status: u16) {
        while self.ask(Method::GET, "", "/ready", Value::Null).await.0 != status {
            tokio::task::yield_now().await;
        }
    }

    /// Every bid of the log, in order, from a log without a gap.
    async fn logged_bids(&self, lot: &Lot) -> Vec<String> {
        let (mut after, mut bids) = (0, Vec::new());
        loop {
            let path = format!("/auction/{}/events?after={after}&limit=100", lot.id);
            let (_, page) = self.ask(Method::GET, "", &path, Value::Null).await;
            for event in page["items"].as_array().expect("a list") {
                after += 1;
                assert_eq!(event["seq"], after);
                bids.extend(event["data"]["bid_id"].as_str().map(str::to_owned));
            }
            if page["next_cursor"].is_null() {
                return bids;
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn money(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "MYR" })
}

fn new_id() -> String {
    Uuid::from_u128(rand::random()).to_string()
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
    let folder = tempfile::tempdir().expect("a temporary folder");
    if !on_a_small_disk(folder.path()).arg("true").stderr(Stdio::null()).status().is_ok_and(|done| done.success()) {
        // Past the harness, which keeps what a test prints.
        let said = "\nSKIPPED: nobody may mount a small disk here (unshare -rm), so none was filled\n";
        std::io::stderr().write_all(said.as_bytes()).expect("said");
        return;
    }
    let mut command = on_a_small_disk(folder.path());
    command.arg(program()).arg("--data").arg(folder.path().join("data"));
    let server = Process::start(command);
    // The disk as its process sees it.
    let disk: PathBuf = format!("/proc/{}/root{}", server.child.id(), folder.path().display()).into();
    let lot = server.live_lot().await;
    server.until_ready_says(200).await;

    for round in 0..2 {
        let filler = disk.join("filler");
        fill(&filler);
        let mut accepted = Vec::new();
        let mut refused = None;
        for raise in 1..MANY {
            let (bid_id, max) = (new_id(), 1_000 + (round * MANY + raise) * 100);
            match server.bid(&lot, &bid_id, max).await.0 {
                201 => accepted.push(bid_id),
                503 => {
                    refused = Some((bid_id, max));
                    break;
                }
                other => panic!("a bid got {other}"),
            }
        }
        let (bid_id, max) = refused.expect("a full disk takes no bid at some time");
        server.until_ready_says(503).await;
        // Other writes are refused as clearly, and what is there can be read.
        let body = json!({ "email": "late@example.com", "password": PASSWORD, "display_name": "late" });
        assert_eq!(server.ask(Method::POST, "", "/auth/signup", body).await.0, 503);
        assert_eq!(server.ask(Method::GET, "", "/health", Value::Null).await.0, 200);
        assert!(server.logged_bids(&lot).await.ends_with(&accepted));

        fs::remove_file(&filler).expect("the filler goes");
        let (status, answer) = server.bid(&lot, &bid_id, max).await;
        assert!(matches!(status, 200 | 201), "{status} {answer}");
        server.until_ready_says(200).await;
        accepted.push(bid_id);
        assert!(server.logged_bids(&lot).await.ends_with(&accepted), "each accepted bid once, in order");
    }
}

#[tokio::test]
async fn a_database_that_another_process_has_locked_refuses_until_it_is_free() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(program());
    command.arg("--data").arg(folder.path());
    let server = Process::start(command);
    let lot = server.live_lot().await;
    let (first, second) = (new_id(), new_id());
    assert_eq!(server.bid(&lot, &first, 1_000).await.0, 201);

    let sqlite = Sqlite::open(&folder.path().join("blytz.db")).await.expect("the database");
    let ours = Db::sqlite(sqlite).await.expect("it is up to date");
    let lock = ours.begin_write().await.expect("the lock");
    // Several at once, and one whose client does not wait for the answer.
    let hurried = server.http.post(format!("{}/auction/bid", server.url)).bearer_auth(&lot.buyer);
    let body = json!({ "auction_id": lot.id, "bid_id": new_id(), "max": money(1_500) });
    let hurried = hurried.json(&body).timeout(std::time::Duration::from_millis(300)).send().await;
    assert!(hurried.is_err(), "it hung up");
    let tries = (0..4).map(|_| server.bid(&lot, &second, 2_000));
    for (status, answer) in futures_util::future::join_all(tries).await {
        assert_eq!(status, 503, "{answer}");
    }
    server.until_ready_says(503).await;
    drop(lock);
    ours.close().await;

    let (status, answer) = server.bid(&lot, &second, 2_000).await;
    assert_eq!(status, 201, "{answer}");
    server.until_ready_says(200).await;
    assert_eq!(server.logged_bids(&lot).await, [first, second]);
}
