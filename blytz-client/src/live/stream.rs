//! The driver: carries out over tokio and tungstenite what the machine decides.

use std::{collections::HashMap, time::Duration};

use blytz_core::{
    Timestamp,
    wire::live::{MAX_FRAME, SUBPROTOCOL},
};
use futures_util::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        http::{HeaderValue, Request, header},
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    LiveEvent,
    handle::{CLOSED, EventSink, Order},
    machine::{Command, Input, Machine, Output, Refresh, Ticket},
    transport::{self, Transport},
};
use crate::{
    ambient,
    client::{Client, ends_login},
    error::{Error, root_cause},
    session::{Login, State},
};

type Socket = WebSocketStream<MaybeTlsStream<Transport>>;

/// The largest frame that is read, in bytes. Servers send 64 KiB at most, but for what can't be
/// split: an event that strikes thousands of bids at once.
const MAX_RECEIVED: usize = 4 * 1024 * 1024;
/// Tungstenite's own defaults (128 KiB to read, no limit to write) suit a few fat connections.
const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// How long a socket may take to say goodbye when the program ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// How an attempt to connect with a token ended.
struct Attempt {
    token: Option<String>,
    result: Result<Box<Socket>, Refusal>,
}

/// Why there is no connection.
struct Refusal {
    /// The token is not accepted.
    unauthenticated: bool,
    cause: String,
}

/// Runs one live connection until it is closed.
pub(super) async fn drive(client: Client, inbox: mpsc::UnboundedReceiver<Order>, sink: EventSink) {
    let session = &client.shared.session;
    let (logins, login) = (session.watch(), session.login());
    let machine = Machine::new(client.shared.timeout, client.shared.retry, login);
    let driver = Driver {
        logins,
        client,
        machine,
        sink,
        inbox: Some(inbox),
        answers: HashMap::new(),
        socket: None,
        connecting: None,
        refreshing: None,
    };
    driver.run().await;
}

struct Driver {
    /// Rings when the client's login changes.
    logins: watch::Receiver<State>,
    client: Client,
    machine: Machine,
    sink: EventSink,
    /// `None` once every handle is dropped.
    inbox: Option<mpsc::UnboundedReceiver<Order>>,
    answers: HashMap<Ticket, oneshot::Sender<Result<Value, Error>>>,
    socket: Option<Box<Socket>>,
    connecting: Option<BoxFuture<'static, Attempt>>,
    refreshing: Option<BoxFuture<'static, (u64, Refresh)>>,
}

/// What woke the driver.
enum Woken {
    Order(Option<Order>),
    Message(Option<Result<Message, tungstenite::Error>>),
    Attempt(Attempt),
    Refreshed((u64, Refresh)),
    LoginChanged,
    Drained,
    Abandoned,
    Tick,
}

impl Driver {
    async fn run(mut self) {
        self.input(Input::Start);
        loop {
            if !self.carry_out().await {
                break;
            }
            let wait = self.machine.wake_at().map(|at| until(self.now(), at));
            let woken = tokio::select! {
                // What the program wants goes before what the server tells: a bid must not queue
                // behind a flood of chat.
                biased;
                order = next_order(self.inbox.as_mut()) => Woken::Order(order),
                attempt = pending_or(self.connecting.as_mut()) => Woken::Attempt(attempt),
                refresh = pending_or(self.refreshing.as_mut()) => Woken::Refreshed(refresh),
                Ok(()) = self.logins.changed() => Woken::LoginChanged,
                () = sleep(wait) => Woken::Tick,
                message = next_message(self.socket.as_mut()), if !self.sink.is_full() => Woken::Message(message),
                () = self.sink.view.drained.notified() => Woken::Drained,
                () = self.sink.abandoned(), if self.inbox.is_none() => Woken::Abandoned,
            };
            match woken {
                Woken::Order(order) => self.order(order),
                Woken::Message(message) => self.message(message),
                Woken::Attempt(attempt) => self.attempted(attempt),
                Woken::Refreshed((number, refresh)) => {
                    self.refreshing = None;
                    self.input(Input::Refreshed(number, refresh));
                }
                Woken::LoginChanged => self.follow_login(),
                Woken::Drained => {}
                Woken::Abandoned => self.input(Input::Command(Command::Close)),
                Woken::Tick => self.input(Input::Tick),
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.sink.view.steady.now()
    }

    /// Nothing happens to a machine that takes the program for somebody it is not any more.
    fn input(&mut self, input: Input<'_>) {
        if self.logins.has_changed().unwrap_or(false) {
            self.logins.mark_unchanged();
            self.follow_login();
        }
        self.machine.handle(self.now(), ambient::entropy(), input);
    }

    fn follow_login(&mut self) {
        let login = self.client.shared.session.login();
        if login != *self.machine.login() {
            self.machine.handle(self.now(), ambient::entropy(), Input::Login(login));
        }
    }

    fn order(&mut self, order: Option<Order>) {
        match order {
            Some(Order::Command(command)) => {
                if let Command::Withdraw(ticket) = &command {
                    self.answers.remove(ticket);
                }
                self.input(Input::Command(command));
            }
            Some(Order::Request { ticket, op, login, answer }) => {
                self.answers.insert(ticket, answer);
                self.input(Input::Command(Command::Request(ticket, op, login)));
            }
            None => self.inbox = None,
        }
    }

    fn attempted(&mut self, Attempt { token, result }: Attempt) {
        self.connecting = None;
        match result {
            Ok(socket) => {
                self.socket = Some(socket);
                self.input(Input::Connected { token });
            }
            Err(Refusal { unauthenticated, cause }) => {
                self.input(Input::ConnectFailed { token, refused: unauthenticated, cause });
            }
        }
    }

    fn message(&mut self, message: Option<Result<Message, tungstenite::Error>>) {
        let (code, cause) = match message {
            Some(Ok(Message::Text(text))) => return self.input(Input::Frame(text.as_str())),
            Some(Ok(Message::Close(frame))) => goodbye(frame.as_ref()),
            // Pings are answered by tungstenite; the server sends nothing binary.
            Some(Ok(_)) => return,
            Some(Err(error)) => (1006, root_cause(&error)),
            None => (1006, "the connection ended".to_owned()),
        };
        self.socket = None;
        self.input(Input::Lost { code, cause });
    }

    /// Does what the machine wants done; false once it is over.
    async fn carry_out(&mut self) -> bool {
        while let Some(output) = self.machine.next_output() {
            match output {
                Output::Connect { token } => {
                    self.socket = None;
                    self.connecting = Some(attempt(self.client.clone(), token).boxed());
                }
                Output::Disconnect => {
                    self.connecting = None;
                    if let Some(socket) = self.socket.take() {
                        tokio::spawn(say_goodbye(socket));
                    }
                }
                // Whoever is logged in no longer says nothing more; the machine is about to learn.
                Output::Send { acts_for: Some(login), .. } if login != self.client.shared.session.number() => {}
                Output::Send { text, .. } => self.send(text).await,
                Output::Refresh { stale } => {
                    self.refreshing = Some(refresh(self.client.clone(), stale).boxed());
                }
                Output::Event(event) => {
                    let over = matches!(&*event, LiveEvent::State(state) if *state == CLOSED);
                    self.sink.send(*event);
                    if over {
                        return false;
                    }
                }
                Output::Answer(ticket, result) => {
                    if let Some(answer) = self.answers.remove(&ticket) {
                        // The caller may have stopped waiting.
                        drop(answer.send(result));
                    }
                }
            }
        }
        true
    }

    async fn send(&mut self, text: String) {
        let Some(socket) = &mut self.socket else { return };
        // A server that does not read for this long is as good as gone.
        let sent = tokio::time::timeout(self.client.shared.timeout, socket.send(Message::text(text))).await;
        let cause = match sent {
            Ok(Ok(())) => return,
            Ok(Err(error)) => root_cause(&error),
            Err(_) => "the server does not read".to_owned(),
        };
        self.socket = None;
        self.input(Input::Lost { code: 1006, cause });
    }
}

async fn next_order(inbox: Option<&mut mpsc::UnboundedReceiver<Order>>) -> Option<Order> {
    match inbox {
        Some(inbox) => inbox.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_message(socket: Option<&mut Box<Socket>>) -> Option<Result<Message, tungstenite::Error>> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}

async fn pending_or<T>(future: Option<&mut BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::from_micros(at.micros_since(now).max(0).unsigned_abs())
}

/// The code and, for people, the cause of a close.
fn goodbye(frame: Option<&CloseFrame>) -> (u16, String) {
    let Some(frame) = frame else { return (1005, "the server closed the connection".to_owned()) };
    let code = u16::from(frame.code);
    let said: String = frame.reason.chars().filter(|c| !c.is_control()).collect();
    let said = if said.is_empty() { "the server closed the connection".to_owned() } else { said };
    (code, format!("{said} ({code})"))
}

async fn say_goodbye(mut socket: Box<Socket>) {
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    // A courtesy; who is not there any more misses nothing.
    drop(tokio::time::timeout(GOODBYE, (*socket).close(Some(frame))).await);
}

async fn refresh(client: Client, stale: Login) -> (u64, Refresh) {
    let refresh = match client.refresh(&stale).await {
        Ok(tokens) => Refresh::Token(tokens.access_token),
        Err(error) if ends_login(&error) => Refresh::Refused,
        Err(_) => Refresh::Failed,
    };
    (stale.number, refresh)
}

async fn attempt(client: Client, token: Option<String>) -> Attempt {
    let result = connect(&client, token.as_deref()).await;
    Attempt { token, result }
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
