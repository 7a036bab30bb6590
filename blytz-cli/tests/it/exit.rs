//! Exit codes, each from the situation that it is for.

use crate::house::{House, run};

const NOWHERE: &str = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";

#[test]
fn from_signing_up_to_a_bid_too_low() {
    let house = House::open();
    let seller = house.seller("sita");
    let (ann, stranger) = (house.buyer("ann"), house.stranger("nobody"));
    let lot = seller.live_lot(&["--duration", "1h"]);

    ann.run(&["bid", &lot, "--amount", "10"]).ok();
    let low = house.buyer("ben").run(&["bid", &lot, "--amount", "10.50"]).exits(5);
    assert!(low.stdout.is_empty(), "{low:?}");
    assert!(low.stderr.starts_with("blytz: ") && low.stderr.contains("11.00"), "{low:?}");
    ann.run(&["bid", &lot, "--amount", "12"]).exits(5);
    ann.run(&["bid", &lot, "--buy-now"]).exits(5);

    ann.run(&["bid", NOWHERE, "--amount", "10"]).exits(4);
    ann.run(&["auctions", "get", NOWHERE]).exits(4);
    ann.run(&["verify", NOWHERE]).exits(4);
    let not_saved = house.file("unused", "") + ".json";
    ann.run(&["auctions", "export", NOWHERE, &not_saved]).exits(4);
    assert!(!std::path::Path::new(&not_saved).exists(), "nothing came, nothing is saved");
    house.admin().run(&["users", "roles", "who@example.com", "seller"]).exits(4);

    stranger.run(&["bid", &lot, "--amount", "20"]).exits(3);
    stranger.run(&["whoami"]).exits(3);
    ann.run(&["products", "create", "--title", "Mine", "--price", "1"]).exits(3);
    seller.run(&["bid", &lot, "--amount", "20"]).exits(3);
    ann.run(&["auctions", "cancel", &lot, "--reason", "no", "--yes"]).exits(3);

    ann.run(&["bid", &lot]).exits(2);
    ann.run(&["bid", &lot, "--amount", "ten"]).exits(2);
    ann.run(&["bid", &lot, "--amount", "0"]).exits(2);
    ann.run(&["bid", "lot-7", "--amount", "1"]).exits(2);
    ann.run(&["frobnicate"]).exits(2);
    ann.run(&["--profile", "../up", "whoami"]).exits(2);
    ann.run(&["--server", "ftp://host", "whoami"]).exits(2);
    seller.run(&["auctions", "cancel", &lot, "--reason", "no", "--no-input"]).exits(2);
    house.stop();
}

#[test]
fn nobody_there() {
    let folder = tempfile::tempdir().expect("a folder");
    // Bound and closed again: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let server = format!("http://127.0.0.1:{port}");
    for args in [
        vec!["auctions", "list"],
        vec!["bid", NOWHERE, "--amount", "10"],
        vec!["login", "--email", "ann@example.com"],
        vec!["auctions", "watch", NOWHERE],
        vec!["verify", NOWHERE],
    ] {
        let done = run(folder.path(), Some(&server), "a-password-long-enough", &args).exits(6);
        assert!(done.stdout.is_empty() && done.stderr.contains("reach"), "{args:?}: {done:?}");
    }
}

/// A server that breaks off in the middle of a proof proves nothing, neither that nor the contrary.
#[test]
fn a_proof_that_does_not_come_whole() {
    use std::io::{Read, Write};
    const SAMPLE: &str = include_str!("../../../fixtures/wire/proof.json");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut asked = [0; 4096];
            let length = stream.read(&mut asked).expect("a request");
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            let (half, keys) = (&SAMPLE[..SAMPLE.len() / 2], r#"{"keys": []}"#);
            let answer = if asked.starts_with("GET /auction/keys") {
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{keys}", keys.len())
            } else {
                format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{half}\r\n", half.len())
            };
            stream.write_all(answer.as_bytes()).expect("it listens");
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let cut = run(folder.path(), Some(&server), "", &["verify", NOWHERE]).exits(6);
    assert!(cut.stdout.is_empty() && cut.stderr.contains("broke"), "{cut:?}");
    let file = folder.path().join("proof.json").display().to_string();
    run(folder.path(), Some(&server), "", &["auctions", "export", NOWHERE, &file]).exits(6);
    assert!(!std::path::Path::new(&file).exists(), "a half is not kept");
}

#[test]
fn a_reader_that_stops_is_no_failure() {
    use std::io::Read;
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = crate::house::command(folder.path(), None, &["completions", "bash"]).spawn().expect("it starts");
    let mut first = [0; 1];
    let mut out = child.stdout.take().expect("piped");
    out.read_exact(&mut first).expect("something");
    drop(out);
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(0));
}
