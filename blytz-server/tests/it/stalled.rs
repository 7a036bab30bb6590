//! Clients that ask and do not take the answer, and clients that come in crowds.

use std::{net::SocketAddr, time::Duration};

use blytz_server::config::{Config, RateLimits};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::MaybeTlsStream;

use crate::{
    house::{House, exact, money, rules_with},
    socket::PATIENCE,
};

/// The largest thing that anybody may ask for.
const LARGE: &str = "/docs/swagger-ui-bundle.js";

fn impatient(config: &mut Config) {
    config.timeouts.write = Duration::from_millis(100);
    config.timeouts.stream = Duration::from_secs(2);
}

/// A connection that holds little of what it is sent.
async fn small(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a socket option");
    socket.connect(address).await.expect("a connection")
}

async fn ask(stream: &mut TcpStream, path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.expect("sent");
}

/// Waits, without reading, for the server to cut the connection.
async fn cut(stream: &TcpStream) {
    let cut = async {
        while !stream.ready(Interest::ERROR).await.expect("a socket").is_error() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, cut).await.expect("the server lets go");
}

#[tokio::test]
async fn who_asks_and_takes_nothing_is_cut_off() {
    let house = House::open_with(impatient).await;
    let mut stream = small(house.running.addr()).await;
    ask(&mut stream, LARGE).await;
    cut(&stream).await;
}

#[tokio::test]
async fn who_takes_the_answer_in_small_bites_is_not() {
    let house = House::open_with(|config| config.timeouts.write = Duration::from_secs(30)).await;
    let mut stream = small(house.running.addr()).await;
    ask(&mut stream, LARGE).await;
    let mut answer = vec![0; 2_048];
    let length = stream.read(&mut answer).await.expect("the head");
    let head = String::from_utf8_lossy(&answer[..length]).to_lowercase();
    let (_, rest) = head.split_once("content-length: ").expect("a length");
    let announced: usize = rest.split("\r\n").next().and_then(|text| text.parse().ok()).expect("a number");
    assert!(announced > 1_000_000, "large enough to fill every buffer on the way: {announced}");
    let head_length = head.find("\r\n\r\n").expect("the end of the head") + 4;
    let mut left = announced + head_length - length;
    while left > 0 {
        let taken = stream.read(&mut answer).await.expect("more of it");
        assert!(taken > 0, "{left} bytes are missing");
        left -= taken;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_takes_nothing_is_cut_off() {
    let house = House::open_with(|config| config.timeouts.write = Duration::from_millis(100)).await;
    let seller = house.seller("sita").await;
    let lot = seller.auction(rules_with(json!({ "starting_price": money(1), "increment": { "fixed": 1 } }))).await;
    let bidders = [house.buyer("ann").await, house.buyer("ben").await];
    house.pour(&lot, bidders.iter().cycle().zip((1..=2_000).map(exact))).await;

    let mut socket = house.nobody.connect().await;
    let epoch = lot.status().await["epoch"].clone();
    // A log that is longer than every buffer on the way, asked for again and again.
    let since = json!({ "epoch": epoch, "seq": 0 });
    let channel = format!("auction:{lot}");
    for id in 0..20 {
        let frame = json!({ "id": id.to_string(), "op": "subscribe", "channel": channel, "since": since });
        socket.say(&frame).await;
    }
    let MaybeTlsStream::Plain(stream) = socket.0.get_ref() else { panic!("plain TCP") };
    cut(stream).await;
}

#[tokio::test]
async fn an_http2_stream_that_nobody_reads_is_reset_and_its_neighbours_go_on() {
    let house = House::open_with(impatient).await;
    let stream = TcpStream::connect(house.running.addr()).await.expect("a connection");
    let (mut client, connection) =
        h2::client::Builder::new().initial_window_size(0).handshake::<_, Bytes>(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let url = house.running.url();
    let mut get = async |path: &str| {
        let request = hyper::Request::get(format!("{url}{path}")).body(()).expect("a request");
        client.send_request(request, true).expect("sent").0.await.expect("an answer")
    };
    let mut stalled = Vec::new();
    for path in [LARGE, "/openapi.json", "/auction/keys"] {
        stalled.push(get(path).await.into_body());
    }
    for mut body in stalled {
        let ended = tokio::time::timeout(PATIENCE, body.data()).await.expect("the server lets go");
        let error = ended.expect("an end that says so").expect_err("nothing was taken");
        assert!(error.is_reset(), "{error}");
    }
    assert_eq!(get("/health").await.status().as_u16(), 200);
    connection.abort();
}

#[tokio::test]
#[ignore = "slow: fills what an address may hold, four megabytes at a time"]
async fn what_nobody_takes_is_held_for_an_address_up_to_a_point() {
    let house = House::open_with(|config| {
        config.rate_limits = RateLimits::Default;
        config.timeouts.write = Duration::from_hours(1);
    })
    .await;
    let seller = house.seller("sita").await;
    let description = "\u{1f3a9}".repeat(10_000);
    for _ in 0..100 {
        let product = json!({ "title": "Hat", "description": description, "price": money(1), "quantity": 1 });
        seller.post("/products", product).await.expect(201);
    }
    let mut stalled = Vec::new();
    let status = async |stream: &mut TcpStream| {
        house.clock.advance(Duration::from_secs(1));
        ask(stream, "/products?limit=100").await;
        let mut status = [0; "HTTP/1.1 200".len()];
        stream.read_exact(&mut status).await.expect("an answer");
        String::from_utf8_lossy(&status[9..]).into_owned()
    };
    let refused = loop {
        let mut stream = small(house.running.addr()).await;
        let status = status(&mut stream).await;
        if status != "200" {
            break status;
        }
        stalled.push(stream);
        assert!(stalled.len() < 100, "each holds four megabytes");
    };
    assert_eq!(refused, "429");
    // Files that everybody shares are held by nobody.
    assert_eq!(house.nobody.send(reqwest::Method::GET, "/openapi.json", |request| request).await.status, 200);
    // Whoever hangs up lets go; the server learns of it in its own time.
    drop(stalled);
    let again = async {
        loop {
            let mut stream = small(house.running.addr()).await;
            if status(&mut stream).await == "200" {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("there is room again");
}

/// A connection that has been answered once and stays open.
async fn guest(address: SocketAddr) -> Result<TcpStream, String> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    ask(&mut stream, "/health").await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let taken = stream.read_buf(&mut answer).await.expect("an answer");
        assert!(taken > 0, "the whole answer");
    }
    let answer = String::from_utf8(answer).expect("text");
    if answer.starts_with("HTTP/1.1 200") { Ok(stream) } else { Err(answer) }
}

#[tokio::test]
async fn an_address_holds_a_limited_number_of_connections() {
    let house = House::open_with(|config| {
        config.rate_limits = RateLimits::Default;
        config.connections_per_address = 3;
    })
    .await;
    let address = house.running.addr();
    let mut guests = Vec::new();
    for _ in 0..2 {
        guests.push(guest(address).await.expect("there is room"));
    }
    // A WebSocket goes on to count when it is no longer HTTP.
    let socket = house.nobody.connect().await;
    for _ in 0..100 {
        let refused = guest(address).await.expect_err("there is no room");
        let (head, body) = refused.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 429 ") && head.contains("\r\nRetry-After: 10\r\n"), "{head}");
        let problem: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!((&problem["code"], &problem["status"]), (&json!("rate_limited"), &json!(429)), "{problem}");
    }
    // Once the server has closed its side there is room.
    let mut leaving = guests.pop().expect("a guest");
    leaving.shutdown().await.expect("open");
    assert_eq!(leaving.read(&mut [0]).await.expect("an end"), 0);
    guests.push(guest(address).await.expect("there is room again"));
    assert!(guest(address).await.is_err());
    drop(socket);
}

#[tokio::test]
async fn a_proxy_brings_many_and_the_sockets_behind_it_count_for_their_own_address() {
    let house = House::open_with(|config| {
        config.rate_limits = RateLimits::Default;
        config.connections_per_address = 3;
        config.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
    })
    .await;
    let mut guests = Vec::new();
    for _ in 0..10 {
        guests.push(guest(house.running.addr()).await.expect("a proxy may"));
    }
    let mut sockets = Vec::new();
    let knock = async |client: &str| house.nobody.knock("/ws", Some(("x-forwarded-for", client))).await;
    for _ in 0..3 {
        sockets.push(knock("203.0.113.9").await.map_err(drop).expect("there is room"));
    }
    assert_eq!(knock("203.0.113.9").await.err(), Some(429));
    assert!(knock("203.0.113.10").await.is_ok(), "another address");
}
