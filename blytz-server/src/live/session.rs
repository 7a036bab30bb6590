//! One socket, from the handshake to the close.
//!
//! A single loop reads ops, runs them, and writes frames in order; nothing else touches the
//! socket. Ops that wait for a commit run beside the loop, so that a bid never delays an event.

use std::{collections::HashMap, future::Future, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use blytz_core::wire::{
    Problem,
    live::{CLOSE_EXPIRED, CLOSE_FLOOD, CLOSE_SLOW, Channel, ServerFrame},
};
use futures_util::{FutureExt, SinkExt, StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::Mutex,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    backstage::{Backstage, Member},
    frame,
    resume::Readings,
};
use crate::{
    error::{Error, Result},
    http::ClientAddr,
    platform::{
        Platform,
        hub::{Delivery, Frame, Mailbox, Topic, text},
    },
};

/// Bad frames in a row before the connection is closed.
const MAX_BAD: u32 = 5;
/// Ops of one connection that may wait for their answer at a time.
const MAX_PENDING: usize = 64;
/// Deliveries that may share one flush.
const MAX_DELIVERIES: usize = 64;
/// How often an idle connection is asked whether it still lives, and how long it may be silent.
const PING_EVERY: Duration = Duration::from_secs(20);
const SILENT_FOR: Duration = Duration::from_secs(65);
/// How long a close frame may take to leave.
const FAREWELL: Duration = Duration::from_secs(1);
const LONG_FAREWELL: Duration = Duration::from_mins(1);
/// How long one frame may wait for a socket that takes nothing. The connection is cut a little later:
/// whoever wakes up in between still reads why.
const STALLED: Duration = Duration::from_secs(20);

const CLOSE_AWAY: u16 = 1001;
const CLOSE_POLICY: u16 = 1008;
const CLOSE_TOO_BIG: u16 = 1009;
pub const CLOSE_ERROR: u16 = 1011;

/// Why a session ends.
pub struct Farewell {
    code: u16,
    reason: &'static str,
}

/// Ends the session; `None` when there is nobody left to tell.
pub type Ended = Option<Farewell>;

pub fn close<T>(code: u16, reason: &'static str) -> Result<T, Ended> {
    Err(Some(Farewell { code, reason }))
}

/// Why an op was not done.
pub enum Stop {
    /// The client is told why, and the session goes on.
    Refused(Error),
    Ended(Ended),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Ended> for Stop {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

/// An answer that is still being worked on.
pub type Pending = Pin<Box<dyn Future<Output = ServerFrame> + Send>>;

/// A live session.
pub struct Session<B: Backstage> {
    pub platform: Platform,
    pub backstage: B,
    pub readings: Readings,
    pub login: Option<(String, B::Member)>,
    pub mailbox: Mailbox,
    /// Per subscribed sequenced channel the last seq that was written.
    pub written: HashMap<Topic, u64>,
    /// Where it comes from: what is asked without a login is counted by this.
    pub address: IpAddr,
    /// Bad frames in a row.
    pub bad: u32,
    name: String,
    frames: u64,
    /// What is written in a chat over one connection stands there in the order it was sent.
    pub chatting: Arc<Mutex<()>>,
}

impl<B: Backstage> Session<B> {
    pub fn new(
        backstage: B,
        readings: Readings,
        login: Option<(String, B::Member)>,
        ClientAddr(address): ClientAddr,
    ) -> Self {
        let platform = backstage.platform().clone();
        let (mut mailbox, written, chatting) = (platform.hub.open(), HashMap::new(), Arc::default());
        if let Some((_, who)) = &login {
            mailbox.speak_for(who.id());
        }
        let name = hex::encode(crate::clock::random_bytes::<8>());
        Self { platform, backstage, readings, login, mailbox, written, address, bad: 0, name, frames: 0, chatting }
    }

    /// Serves the socket to its end.
    pub async fn run(mut self, mut socket: WebSocket, initial: Option<Channel>) {
        metrics::gauge!("blytz_live_connections").increment(1.0);
        let ended = match self.begin(&mut socket, initial).await {
            Ok(()) => self.serve(&mut socket).await,
            Err(ended) => ended,
        };
        metrics::gauge!("blytz_live_connections").decrement(1.0);
        // From here on nothing is delivered any more; what the socket holds back is still written.
        let shutdown = self.platform.shutdown.clone();
        drop(self);
        if let Some(farewell) = ended {
            say_farewell(&mut socket, farewell, &shutdown).await;
        }
    }

    async fn begin(&mut self, socket: &mut WebSocket, initial: Option<Channel>) -> Result<(), Ended> {
        let Some(channel) = initial else { return Ok(()) };
        let done = self.subscribe(socket, None, channel, None).await;
        self.tell_refusal(socket, None, done).await
    }

    async fn serve(&mut self, socket: &mut WebSocket) -> Ended {
        let slow = self.mailbox.slow();
        let shutdown = self.platform.shutdown.clone();
        let clock = self.platform.clock.clone();
        let mut pending: FuturesUnordered<Pending> = FuturesUnordered::new();
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let expires_at = self.login.as_ref().map(|(_, who)| who.expires_at());
            let expiry = async {
                match expires_at {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let step = tokio::select! {
                () = slow.cancelled() => close(CLOSE_SLOW, "too slow; resume from your last seq"),
                () = shutdown.cancelled() => {
                    self.answer_pending(socket, &mut pending).await;
                    close(CLOSE_AWAY, "the server is going away; reconnect and resume")
                }
                Some(answer) = pending.next(), if !pending.is_empty() => self.send(socket, text(&answer)).await,
                Some(delivery) = self.mailbox.recv() => self.deliver(socket, delivery).await,
                message = socket.recv(), if pending.len() < MAX_PENDING => {
                    heard = Instant::now();
                    self.hear(socket, message, &mut pending).await
                }
                () = expiry => close(CLOSE_EXPIRED, "the login expired; refresh it and reconnect"),
                _ = ping.tick() => {
                    if heard.elapsed() > SILENT_FOR {
                        close(CLOSE_AWAY, "nothing was heard for a minute")
                    } else if self.has_ended().await {
                        close(CLOSE_EXPIRED, "the session has ended; log in and reconnect")
                    } else {
                        self.unless_slow(socket.send(Message::Ping(bytes::Bytes::new()))).await
                    }
                }
            };
            if let Err(ended) = step {
                return ended;
            }
        }
    }

    /// On shutdown: what was accepted is answered.
    async fn answer_pending(&mut self, socket: &mut WebSocket, pending: &mut FuturesUnordered<Pending>) {
        let answers = async {
            while let Some(answer) = pending.next().await {
                if self.send(socket, text(&answer)).await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), answers).await;
    }

    /// Waits for the socket, unless the client turns out to be too slow meanwhile.
    async fn unless_slow(&self, sent: impl Future<Output = Result<(), axum::Error>>) -> Result<(), Ended> {
        let mut sent = std::pin::pin!(sent);
        // Almost always the socket takes what it is given, and no timer has to be set.
        if let Some(sent) = sent.as_mut().now_or_never() {
            return sent.map_err(|_| None);
        }
        let slow = self.mailbox.slow();
        tokio::select! {
            sent = sent => sent.map_err(|_| None),
            () = tokio::time::sleep(STALLED) => close(CLOSE_SLOW, "too slow; resume from your last seq"),
            () = slow.cancelled() => close(CLOSE_SLOW, "too slow; resume from your last seq"),
        }
    }

    /// Writes a frame that others follow at once; the last of them is flushed.
    pub async fn feed(&mut self, socket: &mut WebSocket, frame: Utf8Bytes) -> Result<(), Ended> {
        self.unless_slow(socket.feed(Message::Text(frame))).await
    }

    pub async fn flush(&mut self, socket: &mut WebSocket) -> Result<(), Ended> {
        self.unless_slow(socket.flush()).await
    }

    pub async fn send(&mut self, socket: &mut WebSocket, frame: Utf8Bytes) -> Result<(), Ended> {
        self.unless_slow(socket.send(Message::Text(frame))).await
    }

    /// Writes everything that waits in the inbox, and only then flushes: one system call for all the
    /// events of a commit.
    async fn deliver(&mut self, socket: &mut WebSocket, first: Delivery) -> Result<(), Ended> {
        let mut delivery = first;
        for left in (0..MAX_DELIVERIES).rev() {
            if matches!(delivery.topic, Topic::User(_)) && self.has_ended().await {
                return close(CLOSE_EXPIRED, "the session has ended; log in and reconnect");
            }
            for frame in delivery.frames.iter() {
                self.deliver_frame(socket, delivery.topic, frame).await?;
            }
            metrics::histogram!("blytz_event_to_socket_seconds").record(delivery.published.elapsed().as_secs_f64());
            // The last turn takes nothing more out of the inbox: it would be lost.
            match (left > 0).then(|| self.mailbox.try_recv()).flatten() {
                Some(next) => delivery = next,
                None => break,
            }
        }
        self.flush(socket).await
    }

    async fn deliver_frame(&mut self, socket: &mut WebSocket, topic: Topic, frame: &Frame) -> Result<(), Ended> {
        if !self.mailbox.watches(topic) {
            return Ok(());
        }
        if let Some(seq) = frame.seq {
            match self.written.get(&topic).copied() {
                Some(written) if seq == written + 1 => drop(self.written.insert(topic, seq)),
                // One is missing in between: the log has it, and this one, too.
                Some(written) if seq > written => {
                    return self.catch_up(socket, topic.channel(), topic, written, seq).await;
                }
                // The log gave it already, or the channel is no longer watched.
                _ => return Ok(()),
            }
        }
        self.feed(socket, frame.text.clone()).await
    }

    async fn hear(
        &mut self,
        socket: &mut WebSocket,
        message: Option<Result<Message, axum::Error>>,
        pending: &mut FuturesUnordered<Pending>,
    ) -> Result<(), Ended> {
        let message = match message {
            Some(Ok(Message::Close(_))) | None => return Err(None),
            Some(Ok(message)) => message,
            Some(Err(error)) if is_too_big(&error) => return close(CLOSE_TOO_BIG, "a frame may have at most 64 KiB"),
            Some(Err(_)) => return Err(None),
        };
        // Pings count as well: each of them is answered.
        if self.platform.limits.frame(&self.name).is_err() {
            return close(CLOSE_FLOOD, "too many frames; slow down");
        }
        let frame = match message {
            Message::Text(text) => frame::read(&text),
            Message::Binary(_) => frame::not_text(),
            _ => return Ok(()),
        };
        self.frames += 1;
        let bad = self.bad;
        let done = self.obey(socket, frame.id.clone(), frame.op, pending).await;
        self.tell_refusal(socket, frame.id, done).await?;
        if self.bad == bad {
            self.bad = 0;
        }
        if self.bad >= MAX_BAD { close(CLOSE_POLICY, "these are no blytz.v1 frames") } else { Ok(()) }
    }

    pub fn request_id(&self) -> String {
        format!("{}-{}", self.name, self.frames)
    }

    async fn tell_refusal(
        &mut self,
        socket: &mut WebSocket,
        re: Option<String>,
        done: Result<(), Stop>,
    ) -> Result<(), Ended> {
        match done {
            Ok(()) => Ok(()),
            Err(Stop::Ended(ended)) => Err(ended),
            Err(Stop::Refused(error)) => {
                let refusal = ServerFrame::Error { re, error: problem(error, self.request_id()) };
                self.send(socket, text(&refusal)).await
            }
        }
    }
}

/// Closes the socket with a code. Whoever is too slow gets the time to read up to it; that costs a
/// buffer, and saves them from guessing why the line went dead.
async fn say_farewell(socket: &mut WebSocket, Farewell { code, reason }: Farewell, shutdown: &CancellationToken) {
    metrics::counter!("blytz_live_closed_total", "code" => code.to_string()).increment(1);
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    let farewell = async {
        // The peer may be gone; there is nobody left to tell.
        let _ = socket.send(frame).await;
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
    };
    let patience = async {
        if code == CLOSE_SLOW {
            // The server's own end is more urgent.
            let _ = tokio::time::timeout(LONG_FAREWELL, shutdown.cancelled()).await;
        }
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        () = farewell => {}
        () = patience => {}
    }
}

pub fn problem(error: Error, request_id: String) -> Box<Problem> {
    Box::new(Problem { request_id, ..error.into_problem() })
}

fn is_too_big(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    matches!(source, Some(tungstenite::Error::Capacity(_)))
}
