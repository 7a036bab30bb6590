//! The way to the server: directly, or through the proxy that HTTP takes by the same variables of the
//! environment. A WebSocket goes through it by CONNECT, with or without TLS.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::TokioIo,
};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;
use tower::ServiceExt;

use crate::error::root_cause;

/// A stream to the server, still without the server's own TLS. Boxed, as the TLS to a proxy that it has
/// room for is large, and rare.
pub(super) type Transport = TokioIo<Box<MaybeHttpsStream<TokioIo<TcpStream>>>>;

/// Connects to the server's port; says for people why that is not possible.
pub(super) async fn reach(
    server: &Url,
    proxies: &Matcher,
    tls: &Arc<rustls::ClientConfig>,
) -> Result<Transport, String> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = HttpsConnector::from((tcp, tls.clone()));
    let wrong = |error: &dyn std::error::Error| format!("{server} can't be connected to: {error}");
    let asked: Uri = server.as_str().parse().map_err(|error| wrong(&error))?;
    // Plain, as the server's TLS begins at the other end of the tunnel; with the port, as CONNECT needs it.
    let (host, port) = (server.host_str().unwrap_or_default(), server.port_or_known_default().unwrap_or_default());
    let plain: Uri = format!("http://{host}:{port}").parse().map_err(|error| wrong(&error))?;
    let stream = match proxies.intercept(&asked) {
        None => connector.oneshot(plain).await.map_err(|error| root_cause(&*error))?,
        Some(proxy) => {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), connector);
            if let Some(login) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(login.clone());
            }
            let stream = tunnel.oneshot(plain).await;
            stream.map_err(|error| format!("no way through the proxy {}: {}", proxy.uri(), root_cause(&error)))?
        }
    };
    Ok(TokioIo::new(Box::new(stream)))
}
