//! Watchers: bare sockets that look at each frame just long enough to see which bid it tells of.
//!
//! The SDK's live connection reads every event into its types, which is right for a program that
//! wants to know and too dear for five hundred that only count: they would measure themselves.

use std::time::Duration;

use anyhow::{Context, bail};
use blytz_core::AuctionId;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use tokio::{net::TcpStream, sync::watch, time::Instant};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig},
};

use super::{mark::Marks, tally};

/// How long one watcher took.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// From nothing to a live connection.
    pub connecting: Duration,
    /// From the `subscribe` to the snapshot.
    pub subscribing: Duration,
}

/// Small buffers: there are many of us.
const BUFFER: usize = 4 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A socket that is subscribed to one lot.
pub struct Watcher {
    socket: Socket,
    lot: usize,
    seq: u64,
}

/// What a watcher saw.
pub struct Seen {
    /// From the moment that a bid was sent, in microseconds.
    pub latency: Histogram<u32>,
    pub events: u64,
    /// Events that never came, though later ones did.
    pub missing: u64,
    /// Whether it saw everything to the end.
    pub complete: bool,
}

/// The last event of each lot, once no more will come.
pub type Heads = watch::Receiver<Option<Vec<u64>>>;

impl Watcher {
    /// Connects and subscribes to a lot, and says how long that took.
    pub async fn connect(url: &str, id: AuctionId, lot: usize) -> anyhow::Result<(Self, Took)> {
        let mut request = url.into_client_request().with_context(|| format!("{url} is no address"))?;
        let protocol = HeaderValue::from_static(blytz_client::wire::live::SUBPROTOCOL);
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
        let began = Instant::now();
        let (mut socket, _) =
            connect_async_with_config(request, Some(config), true).await.context("A watcher can't connect")?;
        let connected = Instant::now();
        let subscribe = format!(r#"{{"id":"1","op":"subscribe","channel":"auction:{id}"}}"#);
        socket.send(Message::Text(subscribe.into())).await.context("A watcher was cut off")?;
        let seq = loop {
            let Some(message) = socket.next().await else { bail!("A watcher was cut off.") };
            let Message::Text(text) = message.context("A watcher was cut off")? else { continue };
            if text.contains(r#""error""#) {
                bail!("A watcher may not watch: {text}");
            }
            if text.contains(r#""snapshot""#) {
                break number_after(&text, r#""seq":"#).context("A snapshot without a seq")?;
            }
        };
        let took = Took { connecting: connected - began, subscribing: connected.elapsed() };
        Ok((Self { socket, lot, seq }, took))
    }

    /// Watches until the lot's last event.
    pub async fn watch(mut self, marks: Marks, mut heads: Heads) -> anyhow::Result<Seen> {
        let mut seen = Seen { latency: tally::histogram(2)?, events: 0, missing: 0, complete: false };
        let mut head = None;
        loop {
            if head.is_some_and(|head| self.seq >= head) {
                seen.complete = true;
                break;
            }
            tokio::select! {
                biased;
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.look(&text, marks, &mut seen),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                },
                changed = heads.changed(), if head.is_none() => match changed {
                    Ok(()) => head = heads.borrow_and_update().as_ref().and_then(|heads| heads.get(self.lot).copied()),
                    Err(_) => break,
                },
            }
        }
        // It may be gone already; nobody waits for its farewell.
        drop(self.socket.close(None).await);
        Ok(seen)
    }

    fn look(&mut self, text: &str, marks: Marks, seen: &mut Seen) {
        let Some(seq) = text.find(r#""event":{"#).and_then(|at| number_after(&text[at..], r#""seq":"#)) else { return };
        seen.events += 1;
        seen.missing += seq.saturating_sub(self.seq + 1);
        self.seq = seq;
        if let Some(sent) = value_after(text, r#""bid_id":""#, 36).and_then(|id| marks.sent(id)) {
            tally::note(&mut seen.latency, marks.micros().saturating_sub(sent));
        }
    }
}

fn number_after(text: &str, key: &str) -> Option<u64> {
    let rest = &text[text.find(key)? + key.len()..];
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    rest[..digits].parse().ok()
}

fn value_after<'a>(text: &'a str, key: &str, length: usize) -> Option<&'a [u8]> {
    let start = text.find(key)? + key.len();
    text.as_bytes().get(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_gives_up_its_seq_and_its_bid() {
        let frame = r#"{"channel":"auction:0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77","event":{"seq":17,"at":"x","kind":"bid","data":{"bid_id":"ffffffff-ffff-8fff-8000-00000012d687","price":1}}}"#;
        assert_eq!(number_after(frame, r#""seq":"#), Some(17));
        assert_eq!(value_after(frame, r#""bid_id":""#, 36), Some(b"ffffffff-ffff-8fff-8000-00000012d687".as_slice()));
        assert_eq!(number_after("{}", r#""seq":"#), None);
        assert_eq!(value_after(r#"{"bid_id":"short"}"#, r#""bid_id":""#, 36), None);
    }
}
