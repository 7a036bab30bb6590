//! The two ends that a program holds, one to ask with, one to listen at, and the driver's ends of both.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use blytz_core::{
    StreamId, Timestamp,
    wire::{
        auction::{BidAnswer, BidRequest},
        chat::{ChatSend, Message},
        live::{Channel, Op, ReactionKind},
    },
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    clock::ClockOffset,
    event::{ConnectionState, LiveEvent},
    machine::Command,
    request::Ticket,
};
use crate::{
    ambient::{self, SteadyClock},
    api,
    client::Client,
    error::Error,
};

/// What handle, listener and driver share.
pub(super) struct View {
    state: Mutex<ConnectionState>,
    /// Against the steady clock, which the machine reads.
    clock: Mutex<Option<ClockOffset>>,
    pub(super) steady: SteadyClock,
    /// Events sent and not yet received.
    backlog: AtomicUsize,
    /// Rings when the backlog is low again.
    pub(super) drained: Notify,
}

impl Default for View {
    fn default() -> Self {
        Self {
            state: Mutex::new(ConnectionState::Connecting { attempt: 0 }),
            clock: Mutex::default(),
            steady: SteadyClock::new(),
            backlog: AtomicUsize::new(0),
            drained: Notify::new(),
        }
    }
}

impl View {
    /// A measurement against the local wall clock, as it stands now: that is the one that programs
    /// read, and somebody may have set it since.
    fn against_wall(&self, measured: ClockOffset) -> ClockOffset {
        let ahead = self.steady.now().micros_since(ambient::wall_now());
        ClockOffset { offset_micros: measured.offset_micros.saturating_add(ahead), ..measured }
    }
}

/// Events waiting for the program before the driver stops reading. The server then finds the
/// client slow, closes with 4408, and the connection resumes where it stopped.
const MAX_BACKLOG: usize = 8_192;

/// The driver's end of the events.
pub(super) struct EventSink {
    outbox: mpsc::UnboundedSender<LiveEvent>,
    pub(super) view: Arc<View>,
}

impl EventSink {
    pub(super) fn send(&self, mut event: LiveEvent) {
        match &mut event {
            LiveEvent::State(state) => {
                self.view.state.lock().unwrap_or_else(PoisonError::into_inner).clone_from(state);
            }
            LiveEvent::Clock(clock) => {
                *self.view.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(*clock);
                *clock = self.view.against_wall(*clock);
            }
            _ => {}
        }
        self.view.backlog.fetch_add(1, Ordering::AcqRel);
        if self.outbox.send(event).is_err() {
            self.view.backlog.store(0, Ordering::Release);
        }
    }

    /// Whether the program is so far behind that nothing more should be read for it.
    pub(super) fn is_full(&self) -> bool {
        self.view.backlog.load(Ordering::Acquire) >= MAX_BACKLOG
    }

    /// Completes once nobody listens any more.
    pub(super) async fn abandoned(&self) {
        self.outbox.closed().await;
    }
}

/// Both ends of a new connection: the program's, and what the driver reads and fills.
pub(super) fn ends(client: Client) -> (LiveHandle, LiveEvents, mpsc::UnboundedReceiver<Order>, EventSink) {
    let (commands, inbox) = mpsc::unbounded_channel();
    let (outbox, events) = mpsc::unbounded_channel();
    let view = Arc::new(View::default());
    let sink = EventSink { outbox, view: view.clone() };
    let handle = LiveHandle { client, commands, view: view.clone(), tickets: Arc::default() };
    (handle, LiveEvents { events, view }, inbox, sink)
}

/// What a handle sends to the driver.
pub(super) enum Order {
    /// For the machine.
    Command(Command),
    /// For the machine, and the answer goes here.
    Request { ticket: Ticket, op: Op, login: u64, answer: oneshot::Sender<Result<Value, Error>> },
}

/// The end to ask with. Clones speak on the same connection.
#[derive(Clone)]
pub struct LiveHandle {
    client: Client,
    commands: mpsc::UnboundedSender<Order>,
    view: Arc<View>,
    tickets: Arc<AtomicU64>,
}

impl std::fmt::Debug for LiveHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveHandle").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl LiveHandle {
    /// Follows a channel from now on, over every reconnect. What is followed already stays as it
    /// is. Auctions and chats begin with their state.
    pub fn subscribe(&self, channel: Channel) {
        self.order(Command::Subscribe(channel));
    }

    /// Follows it no longer.
    pub fn unsubscribe(&self, channel: Channel) {
        self.order(Command::Unsubscribe(channel));
    }

    /// Bids. When the connection breaks before the answer, the bid is sent again with the same
    /// `bid_id`, which counts once. Dropping the future stops that.
    ///
    /// # Errors
    /// The server's refusal; [`Error::Transport`] when there was no answer in time: the same bid
    /// may then be sent again, here or by [`crate::Auctions::bid`]. [`Error::LoginChanged`] when
    /// somebody logged in or out meanwhile: a bid never goes out in another name. [`Error::Untrue`] when
    /// the house can't be held to its answer.
    pub async fn bid(&self, bid: BidRequest) -> Result<BidAnswer, Error> {
        let (auction_id, bid_id) = (bid.auction_id, bid.bid_id);
        let answer = self.ask("bid", Op::Bid(bid)).await?;
        self.client.held_to(auction_id, bid_id, answer).await
    }

    /// Writes in a chat, under the same promise as [`Self::bid`]. Without a `message_id` one is made.
    ///
    /// # Errors
    /// As for [`Self::bid`].
    pub async fn chat(&self, message: ChatSend) -> Result<Message, Error> {
        self.ask("chat", Op::Chat(api::with_id(message))).await
    }

    /// Reacts to a show. Not sent again when the connection breaks.
    ///
    /// # Errors
    /// The server's refusal; [`Error::Transport`] when not connected.
    pub async fn react(&self, stream_id: StreamId, kind: ReactionKind) -> Result<(), Error> {
        self.request(Op::React { stream_id, kind }).await.map(drop)
    }

    /// The server's clock against the local one; all zeros until the first ping is answered.
    pub fn clock(&self) -> ClockOffset {
        let measured = *self.view.clock.lock().unwrap_or_else(PoisonError::into_inner);
        measured.map(|measured| self.view.against_wall(measured)).unwrap_or_default()
    }

    /// The server's time at a local moment.
    pub fn server_now(&self, local: Timestamp) -> Timestamp {
        self.clock().server_time(local)
    }

    /// How the connection stands.
    pub fn state(&self) -> ConnectionState {
        self.view.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the connection for good.
    pub fn close(&self) {
        self.order(Command::Close);
    }

    fn order(&self, command: Command) {
        // A driver that is gone has said `Closed`; there is nothing to add.
        drop(self.commands.send(Order::Command(command)));
    }

    async fn ask<T: DeserializeOwned>(&self, name: &str, op: Op) -> Result<T, Error> {
        let body = self.request(op).await?;
        serde_json::from_value(body).map_err(|source| Error::Decode { request: name.to_owned(), source })
    }

    async fn request(&self, op: Op) -> Result<Value, Error> {
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        let login = self.client.shared.session.number();
        self.commands.send(Order::Request { ticket, op, login, answer }).map_err(|_| Error::Closed)?;
        let mut waiting = Waiting { handle: self, ticket, over: false };
        let result = answered.await;
        waiting.over = true;
        result.map_err(|_| Error::Closed)?
    }
}

/// Withdraws a request whose caller stopped waiting, so that it is not sent again.
struct Waiting<'a> {
    handle: &'a LiveHandle,
    ticket: Ticket,
    over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.handle.order(Command::Withdraw(self.ticket));
        }
    }
}

/// The end to listen at.
pub struct LiveEvents {
    events: mpsc::UnboundedReceiver<LiveEvent>,
    view: Arc<View>,
}

impl std::fmt::Debug for LiveEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveEvents").field("waiting", &self.events.len()).finish_non_exhaustive()
    }
}

impl LiveEvents {
    /// The next event; `None` once the connection is closed for good. Safe to cancel: in a
    /// `select!` no event is lost.
    pub async fn recv(&mut self) -> Option<LiveEvent> {
        let event = self.events.recv().await?;
        self.taken();
        Some(event)
    }

    /// The next event if one is there already.
    pub fn try_recv(&mut self) -> Option<LiveEvent> {
        let event = self.events.try_recv().ok()?;
        self.taken();
        Some(event)
    }

    fn taken(&self) {
        if self.view.backlog.fetch_sub(1, Ordering::AcqRel) == MAX_BACKLOG / 2 {
            self.view.drained.notify_one();
        }
    }
}

impl Drop for LiveEvents {
    fn drop(&mut self) {
        // Nobody will read the backlog; the driver must not wait for that.
        self.view.backlog.store(0, Ordering::Release);
        self.view.drained.notify_one();
    }
}
