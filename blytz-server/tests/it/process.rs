//! The program from outside: how it starts, what it says, how it stops.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use blytz_core::Epoch;
use blytz_server::{
    Clock, Config, Running, Server,
    config::Timeouts,
    db::{Db, Sqlite},
    keys::Keys,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    document::witness::{Witness, client, judged},
    house::{config_in, needs_a_file},
    program::{self, Program},
};

/// The program, with a pipe for what it says.
fn program(data: &Path) -> Command {
    let mut command = program::program(data);
    command.stderr(Stdio::piped());
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn said(output: &Output) -> String {
    assert!(output.stdout.is_empty(), "stdout is for data");
    String::from_utf8(output.stderr.clone()).expect("text")
}

async fn get(url: &str, path: &str) -> reqwest::Response {
    judged(client().get(format!("{url}{path}"))).await
}

#[tokio::test]
async fn it_says_one_line_and_drains_on_both_signals() {
    for signal in ["-TERM", "-INT"] {
        let data = folder();
        let process = Program::start(&mut program(data.path()));
        assert!(process.url.starts_with("http://127.0.0.1:"), "{}", process.url);
        let health = get(&process.url, "/health").await;
        assert_eq!(
            (health.status().as_u16(), health.text().await.expect("text").as_str()),
            (200, r#"{"status":"ok"}"#)
        );
        process.signal(signal);
        let (code, out, err) = process.wait();
        assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
        for line in err.lines() {
            serde_json::from_str::<Value>(line).expect("every log line is JSON");
        }
    }
}

#[tokio::test]
async fn a_data_folder_is_one_process_s_until_it_dies() {
    if needs_a_file() {
        return;
    }
    let data = folder();
    let process = Program::start(&mut program(data.path()));
    let second = program(data.path()).output().expect("it ends");
    assert_eq!(second.status.code(), Some(1));
    let sentence = said(&second);
    assert!(sentence.contains("is in use by another process"), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");

    process.signal("-KILL");
    assert_eq!(process.wait().0, None);
    let third = Program::start(&mut program(data.path()));
    assert_eq!(get(&third.url, "/ready").await.status().as_u16(), 200);
}

#[test]
fn a_wrong_value_stops_the_start_with_a_sentence() {
    let data = folder();
    for (arguments, named) in [
        (["--listen", "nowhere"], "--listen is `nowhere`"),
        (["--rate-limits", "few"], "--rate-limits is `few`"),
        (["--services", "auction"], "--services is `auction`"),
        (["--database-url", "mysql://localhost/x"], "--database-url is `mysql://localhost/x`"),
        (["--database-url", "postgres://ann:hunter2@host:port/x"], "--database-url is set to something wrong"),
        (["--redis-url", "redis://localhost"], "--redis-url is set"),
        (["--config", "/there/is/none.toml"], "/there/is/none.toml"),
    ] {
        let output = program(data.path()).args(arguments).output().expect("it ends");
        let sentence = said(&output);
        assert_eq!(output.status.code(), Some(2), "{sentence}");
        assert!(sentence.contains(named) && sentence.lines().count() == 1, "{sentence}");
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
    assert!(!data.path().join("blytz.db").exists(), "nothing was made");
}

#[tokio::test]
async fn an_unknown_variable_is_warned_about_and_its_value_not_repeated() {
    let data = folder();
    let process = Program::start(program(data.path()).env("BLYTZ_LISTNE", "oops-a-secret"));
    process.signal("-TERM");
    let (code, _, err) = process.wait();
    assert_eq!(code, Some(0));
    assert!(err.contains("BLYTZ_LISTNE") && !err.contains("oops-a-secret"), "{err}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let data = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = program(data.path()).args(["--listen", &address]).output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(&address));
}

#[test]
fn another_secret_key_is_a_clear_error() {
    let data = folder();
    let migrated = program(data.path()).arg("migrate").output().expect("it ends");
    assert!(migrated.status.success(), "{}", said(&migrated));
    let process = Program::start(program(data.path()).env("BLYTZ_SECRET_KEY", "the first secret"));
    process.signal("-TERM");
    assert_eq!(process.wait().0, Some(0));
    let other = program(data.path()).env("BLYTZ_SECRET_KEY", "another secret").output().expect("it ends");
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("BLYTZ_SECRET_KEY is not the secret"));
    let none = program(data.path()).output().expect("it ends");
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("set BLYTZ_SECRET_KEY"));
}

async fn login(url: &str, email: &str, password: &str) -> reqwest::Response {
    let body = serde_json::json!({ "email": email, "password": password });
    judged(client().post(format!("{url}/auth/login")).json(&body)).await
}

#[tokio::test]
async fn an_administrator_is_made_once_and_survives_backup_and_restore() {
    const PASSWORD: &str = "a long and winding road";
    if needs_a_file() {
        return;
    }
    let data = folder();
    let secret = data.path().join("secret.txt");
    fs::write(&secret, format!("{PASSWORD}\n")).expect("a file");
    let create = |email: &str| {
        let mut command = program(data.path());
        command.args(["admin", "create", "--email", email, "--password-file"]).arg(&secret);
        command.output().expect("it ends")
    };
    assert_eq!(create("ann@example.com").status.code(), Some(0));
    let again = create("ann@example.com");
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("already"));
    assert_eq!(create("no address").status.code(), Some(2));

    // A copy is made while the server runs, and holds what was there then.
    let process = Program::start(&mut program(data.path()));
    let epoch = epoch(&data).await;
    let backup = data.path().join("monday.db");
    let copied = program(data.path()).arg("backup").arg(&backup).output().expect("it ends");
    assert!(copied.status.success(), "{}", said(&copied));
    assert_eq!(program(data.path()).arg("backup").arg(&backup).output().expect("it ends").status.code(), Some(2));
    assert_eq!(create("bob@example.com").status.code(), Some(0));
    assert_eq!(login(&process.url, "bob@example.com", PASSWORD).await.status().as_u16(), 200);

    // The server must be stopped first, and what is there is replaced only when asked to.
    let restore = |arguments: &[&str]| {
        program(data.path()).arg("restore").arg(&backup).args(arguments).output().expect("it ends")
    };
    assert!(said(&restore(&["--yes"])).contains("in use"));
    process.signal("-TERM");
    assert_eq!(process.wait().0, Some(0));
    assert_eq!(restore(&[]).status.code(), Some(2));
    let restored = restore(&["--yes"]);
    assert!(restored.status.success(), "{}", said(&restored));

    let process = Program::start(&mut program(data.path()));
    assert_eq!(login(&process.url, "ann@example.com", PASSWORD).await.status().as_u16(), 200);
    assert_eq!(login(&process.url, "bob@example.com", PASSWORD).await.status().as_u16(), 401);
    assert_ne!(self::epoch(&data).await, epoch, "a restore begins a new history");

    // What is no backup is refused, and what was there stays.
    process.signal("-TERM");
    assert_eq!(process.wait().0, Some(0));
    let output = program(data.path()).arg("restore").arg(&secret).arg("--yes").output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let process = Program::start(&mut program(data.path()));
    assert_eq!(login(&process.url, "ann@example.com", PASSWORD).await.status().as_u16(), 200);
}

/// Which history the database is.
async fn epoch(data: &TempDir) -> Epoch {
    let sqlite = Sqlite::open(&data.path().join("blytz.db")).await.expect("a database");
    let db = Db::sqlite(sqlite).await.expect("it is up to date");
    let keys = Keys::load_or_create(&db, &Clock::system(), "localhost", None).await.expect("keys");
    db.close().await;
    keys.epoch()
}

/// A server in this process that does not wait long for anybody.
async fn hasty(data: &TempDir) -> Running {
    let timeouts = Timeouts { head: Duration::from_millis(200), ..Timeouts::default() };
    let config = Config { timeouts, ..config_in(data.path()) };
    Server::builder().config(config).launch().await.expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_too_little_for_too_long_is_cut_off() {
    let data = folder();
    let running = hasty(&data).await;
    let address = running.addr();
    for beginning in ["", "G", "PRI * HT", "GET /health HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let cut = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket option");
            stream.write_all(beginning.as_bytes()).expect("sent");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).map(drop)
        });
        let ended = cut.await.expect("no panic");
        assert!(
            !matches!(&ended, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock),
            "{beginning:?} stayed"
        );
    }
    running.stop().await.expect("it stops");
}

/// Reads until the other side closes; in a thread of its own, as it blocks.
async fn read_to_end(mut stream: TcpStream) -> String {
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).map(|_| text)
    });
    read.await.expect("no panic").expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_answered_before_it_stops() {
    let data = folder();
    let running = Server::builder().config(config_in(data.path())).launch().await.expect("it starts");
    let (address, app) = (running.addr(), running.app().clone());
    let body = serde_json::json!({ "token": "no token" }).to_string();
    let (first, rest) = body.split_at(3);

    let mut asking = TcpStream::connect(address).expect("a connection");
    let head = "POST /auth/verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue";
    write!(asking, "{head}\r\nContent-Length: {}\r\n\r\n", body.len()).expect("sent");
    // Asked for the body, we know that the server has the head.
    let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    asking.read_exact(&mut go_on).expect("it wants the body");
    write!(asking, "{first}").expect("sent");
    let idle = TcpStream::connect(address).expect("a connection");
    // An answer over another connection says that this one was accepted before it.
    assert_eq!(get(&running.url(), "/health").await.status().as_u16(), 200);

    let stopping = tokio::spawn(running.stop());
    assert_eq!(read_to_end(idle).await, "", "who asked nothing is not waited for");
    assert!(TcpStream::connect(address).is_err(), "nobody is accepted any more");
    assert!(!app.platform.shutdown.is_cancelled(), "services go on while there is something to answer");
    write!(asking, "{rest}").expect("sent");
    let answer = read_to_end(asking).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("{\"valid\":false}"), "{answer}");
    stopping.await.expect("no panic").expect("it stops");
    assert!(app.platform.db.begin_write().await.is_err(), "the database is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_far_too_much_still_reads_why_it_was_refused() {
    let data = folder();
    let running = Server::builder().config(config_in(data.path())).launch().await.expect("it starts");
    let address = running.addr();
    // Announced or in chunks, read by the handler or refused before.
    for (path, length) in [("/auth/verify", 0), ("/auth/verify", 9 << 20), ("/nowhere", 9 << 20)] {
        let sent = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            let framing =
                if length == 0 { "Transfer-Encoding: chunked".to_owned() } else { format!("Content-Length: {length}") };
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("the head is sent");
            let megabyte = vec![b' '; 1 << 20];
            for _ in 0..9 {
                if length == 0 {
                    stream.write_all(b"100000\r\n").expect("a chunk's size is sent");
                }
                stream.write_all(&megabyte).expect("a megabyte is sent");
                if length == 0 {
                    stream.write_all(b"\r\n").expect("a chunk's end is sent");
                }
            }
            if length == 0 {
                stream.write_all(b"0\r\n\r\n").expect("the end is sent");
            }
            let mut status = [0; "HTTP/1.1 413".len()];
            stream.read_exact(&mut status).expect("an answer");
            String::from_utf8_lossy(&status).into_owned()
        });
        let status = sent.await.expect("no panic");
        assert_eq!(status, if path == "/nowhere" { "HTTP/1.1 404" } else { "HTTP/1.1 413" }, "{length}");
    }
    running.stop().await.expect("it stops");
}

/// As a process, because its runtime ends with it: whoever is not waited for is cut off.
#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_told_that_the_server_goes_away() {
    use futures_util::{StreamExt, future::join_all};
    use tokio_tungstenite::tungstenite::Message;

    let data = folder();
    let process = Program::start(&mut program(data.path()));
    let address = format!("{}/ws", process.url.replace("http", "ws"));
    let sockets = join_all((0..100).map(|_| tokio_tungstenite::connect_async(&address))).await;
    process.signal("-TERM");
    for socket in sockets {
        let (mut socket, _) = socket.expect("a WebSocket");
        let said = socket.next().await.expect("a frame").expect("a frame");
        let Message::Close(Some(goodbye)) = said else { panic!("{said:?} is no goodbye") };
        assert_eq!(u16::from(goodbye.code), 1001);
    }
    let (code, _, err) = process.wait();
    assert_eq!(code, Some(0), "{err}");
}

#[tokio::test]
async fn every_answer_has_its_id_and_its_guards() {
    let data = folder();
    let running = Server::builder().config(config_in(data.path())).launch().await.expect("it starts");
    let url = running.url();
    for path in ["/health", "/nowhere", "/auction/keys"] {
        let answer = get(&url, path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.headers().get(name).and_then(|value| value.to_str().ok()), Some(value), "{path}");
        }
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
    }

    let nowhere = client().get(format!("{url}/nowhere")).header("x-request-id", "mine-1");
    let nowhere = judged(nowhere).await;
    assert_eq!(nowhere.headers()["x-request-id"], "mine-1");
    assert_eq!(nowhere.headers()["content-type"], "application/problem+json");
    let problem: Value = nowhere.json().await.expect("JSON");
    assert_eq!((&problem["code"], &problem["request_id"]), (&"not_found".into(), &"mine-1".into()));

    let wrong = judged(client().delete(format!("{url}/health"))).await;
    assert_eq!(wrong.status().as_u16(), 405);
    assert_eq!(wrong.json::<Value>().await.expect("JSON")["code"], "method_not_allowed");
    running.stop().await.expect("it stops");
}

#[tokio::test]
async fn the_documents_are_there_without_the_internet() {
    let data = folder();
    let running = Server::builder().config(config_in(data.path())).launch().await.expect("it starts");
    let url = running.url();
    let document: Value = get(&url, "/openapi.json").await.json().await.expect("JSON");
    assert!(document["paths"]["/auction/bid"]["post"].is_object());
    let page = get(&url, "/docs").await.text().await.expect("text");
    assert!(page.contains("<base href=\"docs/\">"), "what it brings along is a level below");
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "nothing is loaded from elsewhere");
    for file in page.split(['"']).filter(|text| text.starts_with("./")) {
        let answer = get(&url, &format!("/docs/{file}")).await;
        assert_eq!(answer.status().as_u16(), 200, "{file}");
    }
    let settings = get(&url, "/docs/swagger-initializer.js").await.text().await.expect("text");
    assert!(settings.contains("../openapi.json"), "{settings}");
    let metrics = get(&url, "/metrics").await.text().await.expect("text");
    assert!(metrics.contains("blytz_http_requests_total{"), "{metrics}");
    running.stop().await.expect("it stops");
}

#[tokio::test]
async fn origins_are_answered_as_configured() {
    let data = folder();
    let config = Config { cors_origins: vec!["https://shop.example".to_owned()], ..config_in(data.path()) };
    let running = Server::builder().config(config).launch().await.expect("it starts");
    let preflight = |origin: &'static str| {
        client()
            .request(reqwest::Method::OPTIONS, format!("{}/auction/bid", running.url()))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .send()
    };
    let allowed = preflight("https://shop.example").await.expect("an answer");
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://shop.example");
    let refused = preflight("https://evil.example").await.expect("an answer");
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
    running.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_crowd_from_one_address_is_told_when_to_come_back() {
    let data = folder();
    let running = Server::builder().config(config_in(data.path())).launch().await.expect("it starts");
    let (client, url) = (client(), running.url());
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = judged(client.get(format!("{url}/auction/keys"))).await;
        if answer.status().as_u16() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is a limit");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.json::<Value>().await.expect("JSON")["code"], "rate_limited");
    assert_eq!(judged(client.get(format!("{url}/health"))).await.status().as_u16(), 200);
    running.stop().await.expect("it stops");
}

#[tokio::test]
async fn the_router_works_under_a_prefix_and_stops_with_its_host() {
    let data = folder();
    let embedded = Server::builder().config(config_in(data.path())).open().await.expect("it opens");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/shop", listener.local_addr().expect("an address"));
    let witness = Witness::default();
    let host = axum::Router::new().nest("/shop", witness.around()(embedded.router()));
    let served = tokio::spawn(axum::serve(listener, host).into_future());
    let get = async |path: &str| client().get(format!("{url}{path}")).send().await.expect("an answer");

    assert_eq!(get("/ready").await.status().as_u16(), 200);
    assert_eq!(get("/docs").await.status().as_u16(), 200);
    assert_eq!(get("/docs/swagger-ui.css").await.status().as_u16(), 200);
    assert_eq!(get("/nowhere").await.json::<Value>().await.expect("JSON")["code"], "not_found");
    embedded.app().platform.shutdown.cancel();
    let ready = get("/ready").await;
    assert_eq!(ready.status().as_u16(), 503);
    assert_eq!(ready.json::<Value>().await.expect("JSON")["checks"]["accepting"]["status"], "unavailable");
    embedded.stop().await;
    served.abort();
}
