//! How a socket is come by: the way to the server, TLS, and the upgrade.

use blytz_core::wire::live::{MAX_FRAME, SUBPROTOCOL};
use futures_util::FutureExt;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        self,
        client::IntoClientRequest,
        http::{HeaderValue, Request, header},
        protocol::WebSocketConfig,
    },
};

use super::transport::{self, Transport};
use crate::{client::Client, error::root_cause};

/// A connection that was upgraded.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<Transport>>;

/// The largest frame that is read, in bytes. Servers send 64 KiB at most, but for what can't be
/// split: an event that strikes thousands of bids at once.
const MAX_RECEIVED: usize = 4 * 1024 * 1024;
/// Tungstenite's own defaults (128 KiB to read, no limit to write) suit a few fat connections.
const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// How an attempt to connect with a token ended.
pub(super) struct Dialled {
    pub(super) token: Option<String>,
    pub(super) result: Result<Box<Socket>, Refusal>,
}

/// Why there is no connection.
pub(super) struct Refusal {
    /// The token is not accepted.
    pub(super) unauthenticated: bool,
    pub(super) cause: String,
}

/// Tries once; an access token says as whom.
pub(super) async fn dial(client: Client, token: Option<String>) -> Dialled {
    let result = connect(&client, token.as_deref()).await;
    Dialled { token, result }
}

async fn connect(client: &Client, token: Option<&str>) -> Result<Box<Socket>, Refusal> {
    let failed = |cause: String| Refusal { unauthenticated: false, cause };
    let request = upgrade(client.base_url(), token).map_err(|error| failed(error.to_string()))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_FRAME + WRITE_BUFFER)
        .max_message_size(Some(MAX_RECEIVED))
        .max_frame_size(Some(MAX_RECEIVED));
    let shared = &client.shared;
    let connecting = async {
        let transport = transport::reach(&shared.base_url, &shared.proxies, &shared.tls).await.map_err(failed)?;
        let tls = Connector::Rustls(shared.tls.clone());
        client_async_tls_with_config(request, transport, Some(config), Some(tls)).boxed().await.map_err(refusal)
    };
    match tokio::time::timeout(shared.timeout, connecting).await {
        Ok(connected) => connected.map(|(socket, _)| Box::new(socket)),
        Err(_) => Err(failed("the server did not answer in time".to_owned())),
    }
}

fn refusal(error: tungstenite::Error) -> Refusal {
    match error {
        tungstenite::Error::Http(answer) => Refusal {
            unauthenticated: answer.status().as_u16() == 401,
            cause: format!("the server answered {} to the upgrade", answer.status().as_u16()),
        },
        error => Refusal { unauthenticated: false, cause: root_cause(&error) },
    }
}

/// The upgrade request: `http` becomes `ws`, `https` becomes `wss`.
fn upgrade(base_url: &str, token: Option<&str>) -> Result<Request<()>, tungstenite::Error> {
    let address = format!("{}/ws", base_url.replacen("http", "ws", 1));
    let mut request = address.into_client_request()?;
    let headers = request.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    if let Some(token) = token {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upgrade_keeps_host_and_prefix() {
        let request = upgrade("https://shop.example/api", Some("abc")).expect("valid");
        assert_eq!(request.uri().to_string(), "wss://shop.example/api/ws");
        assert_eq!(request.headers()[header::SEC_WEBSOCKET_PROTOCOL], SUBPROTOCOL);
        assert_eq!(request.headers()[header::AUTHORIZATION], "Bearer abc");
        assert!(upgrade("http://127.0.0.1:8080", Some("line\nbreak")).is_err());
    }
}
