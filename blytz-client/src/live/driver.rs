//! A live connection is begun and driven here: what the machine decides is carried out over tokio and
//! tungstenite.

use std::{collections::HashMap, time::Duration};

use blytz_core::Timestamp;
use futures_util::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::{
    self, Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    dial::{Dialled, Refusal, Socket, dial},
    event::{ConnectionState, LiveEvent},
    handle::{self, EventSink, LiveEvents, LiveHandle, Order},
    machine::{Command, Input, Machine, Output, Refresh},
    request::Ticket,
};
use crate::{
    ambient,
    client::Client,
    error::{Error, root_cause},
    session::{Login, State},
};

/// How long a socket may take to say goodbye when the program ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// A live connection about to be made; see [`Client::live`].
#[derive(Debug, Clone)]
#[must_use = "call `connect`"]
pub struct Live {
    client: Client,
}

impl Client {
    /// The live connection.
    pub fn live(&self) -> Live {
        Live { client: self.clone() }
    }
}

impl Live {
    /// Begins to connect and returns at once. A task on the current tokio runtime connects,
    /// reconnects and resumes until the handle closes it or both ends are dropped.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn connect(self) -> (LiveHandle, LiveEvents) {
        let (handle, events, inbox, sink) = handle::ends(self.client.clone());
        tokio::spawn(drive(self.client, inbox, sink));
        (handle, events)
    }
}

/// Runs one live connection until it is closed.
async fn drive(client: Client, inbox: mpsc::UnboundedReceiver<Order>, sink: EventSink) {
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
    connecting: Option<BoxFuture<'static, Dialled>>,
    refreshing: Option<BoxFuture<'static, (u64, Refresh)>>,
}

/// What woke the driver.
enum Woken {
    Order(Option<Order>),
    Message(Option<Result<Message, tungstenite::Error>>),
    Dialled(Dialled),
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
                dialled = pending_or(self.connecting.as_mut()) => Woken::Dialled(dialled),
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
                Woken::Dialled(dialled) => self.dialled(dialled),
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

    fn dialled(&mut self, Dialled { token, result }: Dialled) {
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
                    self.connecting = Some(dial(self.client.clone(), token).boxed());
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
                    let over = matches!(&*event, LiveEvent::State(state) if *state == ConnectionState::CLOSED);
                    self.compare(&event);
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

    /// Compares what is told of a log with what was told and signed before.
    fn compare(&self, event: &LiveEvent) {
        let word = &self.client.shared.word;
        let told = match event {
            LiveEvent::Auction { id, entry } => word.told(*id, None, entry.seq, &entry.hash),
            LiveEvent::AuctionState { id, status, .. } => word.told(*id, Some(status.epoch), status.seq, &status.hash),
            _ => Ok(()),
        };
        if let Err(fork) = told {
            self.sink.send(LiveEvent::Fork(fork));
        }
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
        Err(error) if error.ends_login() => Refresh::Refused,
        Err(_) => Refresh::Failed,
    };
    (stale.number, refresh)
}
