//! HTTP and the live connection through a proxy that the environment names. The environment belongs to
//! a process, so the client runs in one of its own: this test program again, told to run one test.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::WebSocketUpgrade,
    routing::{any, get},
};
use blytz_client::{Client, ConnectionState, LiveEvent, wire::live::SUBPROTOCOL};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use crate::fake;

const SERVER: &str = "BLYTZ_TEST_SERVER";
const VARIABLES: [&str; 5] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"];

/// A name that nobody but the proxy knows.
const SHOP: &str = "shop.invalid";

#[tokio::test]
#[ignore = "the program that the other tests run behind a proxy"]
#[expect(clippy::disallowed_methods, reason = "the tests tell it by the environment which server to ask")]
async fn the_program() {
    // Whoever runs all ignored tests runs this one for nobody.
    let Ok(server) = std::env::var(SERVER) else { return };
    let client = Client::builder(server).build().expect("valid");
    let http = client.process().health().await.map_err(|error| error.to_string());
    let (_live, mut events) = client.live().connect();
    let socket = loop {
        match events.recv().await.expect("not closed") {
            LiveEvent::State(ConnectionState::Live) => break Ok(()),
            LiveEvent::State(ConnectionState::Reconnecting { cause, .. }) => break Err(cause),
            _ => {}
        }
    };
    assert!(http.is_ok() && socket.is_ok(), "HTTP: {http:?}; the socket: {socket:?}");
}

/// Runs the program with these variables; returns whether it got through, and what it said.
async fn run(server: &str, variables: &[(&str, String)], authority: Option<&Path>) -> (bool, String) {
    let mut program = Command::new(std::env::current_exe().expect("a test program"));
    program.args(["--exact", "proxy::the_program", "--ignored", "--nocapture"]).env(SERVER, server);
    for name in VARIABLES {
        program.env_remove(name).env_remove(name.to_lowercase());
    }
    if let Some(authority) = authority {
        program.env("SSL_CERT_FILE", authority).env_remove("SSL_CERT_DIR");
    }
    program.envs(variables.iter().cloned()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || program.output()).await.expect("no panic").expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn shop() -> Router {
    let upgrade = |upgrade: WebSocketUpgrade| async move {
        upgrade.protocols([SUBPROTOCOL]).on_upgrade(|mut socket| async move { while socket.recv().await.is_some() {} })
    };
    Router::new().route("/health", get(async || r#"{"status":"ok"}"#)).route("/ws", any(upgrade))
}

/// A proxy for HTTP that leads to one server, whatever it is asked for.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Without a `target` it refuses everybody.
    async fn start(target: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass_on(stream, target, log.clone()));
            }
        });
        Self { address, asked }
    }

    /// What it was asked for, each followed by the login that came with it.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn pass_on(mut client: TcpStream, target: Option<SocketAddr>, log: Arc<Mutex<Vec<String>>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let login = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.to_owned())
    });
    let tunnel = line.starts_with("CONNECT ");
    log.lock().expect("no panic").push(format!("{line} {}", login.unwrap_or_default()).trim_end().to_owned());
    let Some(target) = target else {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    };
    let mut server = TcpStream::connect(target).await?;
    if tunnel {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        server.write_all(&head).await?;
    }
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// Serves over TLS as [`SHOP`].
struct TlsListener(TcpListener, TlsAcceptor);

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.0.accept().await.expect("it listens");
            if let Ok(stream) = self.1.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// The shop over TLS, and the certificate that its visitors must trust.
async fn shop_over_tls() -> (SocketAddr, tempfile::NamedTempFile) {
    let own = rcgen::generate_simple_self_signed([SHOP.to_owned()]).expect("a certificate");
    let key = own.signing_key.serialize_der().try_into().expect("a key");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
    let config = config.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).expect("a pair");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let listener = TlsListener(listener, TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move { axum::serve(listener, shop()).await });
    let authority = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(authority.path(), own.cert.pem()).expect("written");
    (address, authority)
}

fn port_of(address: &str) -> SocketAddr {
    address.trim_start_matches("http://").parse().expect("an address")
}

#[tokio::test]
async fn the_socket_goes_through_the_proxy_that_http_takes() {
    let proxy = Proxy::start(Some(port_of(&fake::serve(shop()).await))).await;
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let login = format!("http://ann:p%40ss@{}", proxy.address);
        let (through, said) = run(&format!("http://{SHOP}:8080/"), &[(variable, login)], None).await;
        assert!(through, "{variable}: {said}");
        let expected = ["GET http://shop.invalid:8080/health", "CONNECT shop.invalid:8080"];
        let expected = expected.map(|line| format!("{line} Basic YW5uOnBAc3M="));
        assert_eq!(std::mem::take(&mut *proxy.asked.lock().expect("no panic")), expected, "{variable}");
    }
}

#[tokio::test]
async fn without_a_port_the_socket_asks_for_the_schemes_own() {
    let proxy = Proxy::start(Some(port_of(&fake::serve(shop()).await))).await;
    let (through, said) = run(&format!("http://{SHOP}"), &[("HTTP_PROXY", proxy.address.to_string())], None).await;
    assert!(through, "{said}");
    assert_eq!(proxy.asked(), ["GET http://shop.invalid/health", "CONNECT shop.invalid:80"]);
}

#[tokio::test]
async fn tls_begins_behind_the_proxy() {
    let (address, authority) = shop_over_tls().await;
    let proxy = Proxy::start(Some(address)).await;
    let variables = [("HTTPS_PROXY", format!("http://{}", proxy.address))];
    let (through, said) = run(&format!("https://{SHOP}"), &variables, Some(authority.path())).await;
    assert!(through, "{said}");
    assert_eq!(proxy.asked(), ["CONNECT shop.invalid:443"; 2]);
}

#[tokio::test]
async fn what_no_proxy_names_is_reached_directly() {
    let server = fake::serve(shop()).await;
    let proxy = Proxy::start(None).await;
    let through = format!("http://{}", proxy.address);
    let by_name = server.replacen("127.0.0.1", "localhost", 1);
    for (server, none) in [(&server, "127.0.0.1"), (&server, "example.com, 127.0.0.0/8"), (&by_name, "*")] {
        let variables = [("HTTP_PROXY", through.clone()), ("NO_PROXY", none.to_owned())];
        let (got_there, said) = run(server, &variables, None).await;
        assert!(got_there, "{none}: {said}");
    }
    let (got_there, said) = run(&server, &[("HTTPS_PROXY", through)], None).await;
    assert!(got_there, "that proxy is for https: {said}");
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn a_proxy_that_refuses_the_tunnel_is_named_without_its_password() {
    let proxy = Proxy::start(None).await;
    let server = format!("https://{SHOP}");
    let variables = [("HTTPS_PROXY", format!("http://ann:secret@{}", proxy.address))];
    let (through, said) = run(&server, &variables, None).await;
    assert!(!through && !said.contains("secret"), "{said}");
    assert!(said.contains(&format!("no way through the proxy http://{}/", proxy.address)), "{said}");
}
