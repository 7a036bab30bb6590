//! A client of the live connection that looks at every frame.

use std::time::Duration;

use blytz_core::wire::live::MAX_FRAME;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};

use crate::{
    document::DOCUMENT,
    house::{Lot, Person, Show},
};

/// How long anything may take that is only a matter of being scheduled.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Person {
    pub async fn connect(&self) -> Socket {
        self.connect_to("/ws").await
    }

    pub async fn connect_to(&self, path: &str) -> Socket {
        self.knock(path, None).await.expect("a socket")
    }

    /// The same with a header more, or the status of the refusal.
    pub async fn knock(&self, path: &str, header: Option<(&'static str, &str)>) -> Result<Socket, u16> {
        let url = format!("{}{path}", self.server.replace("http", "ws"));
        let mut request = url.into_client_request().expect("a request");
        let bearer = self.bearer();
        let bearer = bearer.as_deref().map(|bearer| ("authorization", bearer));
        for (name, value) in [Some(("sec-websocket-protocol", "blytz.v1")), bearer, header].into_iter().flatten() {
            request.headers_mut().insert(name, value.parse().expect("a header"));
        }
        match connect_async(request).await {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "blytz.v1");
                Ok(Socket(socket))
            }
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("no answer: {other}"),
        }
    }
}

impl Socket {
    pub async fn say(&mut self, frame: &Value) {
        self.say_raw(frame.to_string()).await;
    }

    pub async fn say_raw(&mut self, text: String) {
        self.0.send(Message::text(text)).await.expect("it is open");
    }

    /// The next frame, or the code with which the server closed.
    pub async fn hear(&mut self) -> Result<Value, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("something in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    assert!(text.len() <= MAX_FRAME, "a frame of {} bytes", text.len());
                    let frame = serde_json::from_str(&text).expect("JSON");
                    DOCUMENT.judge_frame(&frame, None).unwrap_or_else(|fault| panic!("{fault}: {frame}"));
                    return Ok(frame);
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(u16::from(CloseCode::Status), |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                other => panic!("the connection broke: {other:?}"),
            }
        }
    }

    /// Sends a frame and returns its answer; what comes before it is dropped.
    pub async fn ask(&mut self, frame: Value) -> Value {
        self.say(&frame).await;
        loop {
            let heard = self.hear().await.expect("an answer");
            if heard["re"] == frame["id"] {
                DOCUMENT.judge_frame(&heard, frame["op"].as_str()).unwrap_or_else(|fault| panic!("{fault}: {heard}"));
                return heard;
            }
        }
    }

    /// The next answer; what comes before it is dropped.
    pub async fn answer(&mut self) -> Value {
        loop {
            let heard = self.hear().await.expect("an answer");
            if heard.get("re").is_some() {
                return heard;
            }
        }
    }

    pub async fn subscribe(&mut self, lot: &Lot, since: Option<Value>) -> Value {
        let mut frame = json!({ "id": "s", "op": "subscribe", "channel": format!("auction:{lot}") });
        if let Some(since) = since {
            frame["since"] = since;
        }
        self.ask(frame).await
    }

    /// Follows a show's news.
    pub async fn follow(&mut self, show: &Show) {
        let frame = json!({ "id": "f", "op": "subscribe", "channel": format!("stream:{show}") });
        assert_eq!(self.ask(frame).await["ok"]["recovered"], true);
    }

    /// Waits until a show's news say that so many watch.
    pub async fn hears_of_watchers(&mut self, count: u64) {
        loop {
            let heard = self.hear().await.expect("presence");
            if heard["update"]
                == json!({ "kind": "presence", "data": { "watchers": count }, "at": heard["update"]["at"] })
            {
                return;
            }
        }
    }

    /// The seqs of the next events, which must come in order without a gap.
    pub async fn events(&mut self, count: u64) -> Vec<u64> {
        let mut seqs = Vec::new();
        while (seqs.len() as u64) < count {
            let frame = self.hear().await.expect("an event");
            seqs.push(frame["event"]["seq"].as_u64().expect("a seq"));
        }
        seqs
    }
}
