//! A server that sends what a terminal would obey.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

use crate::house::run;

/// Answers every request with `status` and `body`.
fn server(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("the same")).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        }
    });
    format!("http://{address}")
}

#[test]
fn no_text_of_a_server_reaches_the_terminal_as_it_came() {
    let folder = tempfile::tempdir().expect("a folder");
    let title = r"Cards\u001b]0;owned\u0007\u009b2J\u202eevil";
    let id = "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77";
    let shows = format!(
        r#"{{"items":[{{"id":"{id}","seller":{{"id":"{id}","display_name":"{title}"}},"title":"{title}","status":"live",
            "starts_at":null,"started_at":null,"ended_at":null,"watchers":1}}],"next_cursor":"{title}"}}"#
    );
    let url = server("200 OK", shows);
    for format in ["table", "json"] {
        let done = run(folder.path(), Some(&url), "", &["shows", "list", "--color", "never", "-o", format]).ok();
        let hostile = |text: &str| text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}');
        assert!(done.stdout.contains("Cards") && !hostile(&done.stdout), "{done:?}");
        assert!(!hostile(&done.stderr), "{done:?}");
    }

    let problem = format!(
        r#"{{"type":"x","title":"x","status":404,"detail":"no {title}","code":"not_found","request_id":"{title}"}}"#
    );
    let done = run(folder.path(), Some(&server("404 Not Found", problem)), "", &["shows", "list"]).exits(4);
    assert_eq!(done.stderr, "blytz: no Cards]0;owned2Jevil\n");
}

#[test]
fn a_proxy_without_a_server_behind_it_is_unreachable() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = server("502 Bad Gateway", "<h1>Bad Gateway</h1>".to_owned());
    run(folder.path(), Some(&url), "", &["products", "create", "--title", "Cup", "--price", "1"]).exits(6);
    let url = server("302 Found", String::new());
    run(folder.path(), Some(&url), "", &["shows", "list"]).exits(1);
    let url = server("200 OK", "hello".to_owned());
    run(folder.path(), Some(&url), "", &["shows", "list"]).exits(1);
}
