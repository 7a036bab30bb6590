//! Fan-out: one frame in, a reference to it out to every subscriber.
//!
//! The hub keeps no history. Whoever subscribes registers first and reads the log second; frames
//! that arrive in between wait in the session's outbox, and those that the log already gave are
//! recognised by their seq. A session whose outbox is full is told to go: it can resume from the
//! log, and nobody else waits for it.
//!
//! Frames go to sockets, and people are counted: whoever has three tabs open gets each frame three
//! times and is one watcher. Each topic keeps a tally, since how many watch is asked often.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::extract::ws::Utf8Bytes;
use blytz_core::{
    AuctionId, Epoch, StreamId, Timestamp, UserId,
    wire::live::{Channel, ReactionKind, ServerFrame, Update, UpdateData},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many frames may wait for one socket. Well above what one turn of a room can publish at once,
/// so that only who really does not read is slow; what waits is a reference to a shared frame.
const OUTBOX: usize = 4_096;

/// How often presence and reactions are told, at most.
const PULSE: Duration = Duration::from_millis(250);

/// What can be published to. As [`Channel`], but `user:me` says whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An auction's log.
    Auction(AuctionId),
    /// A chat's log.
    Chat(StreamId),
    /// News of a show.
    Stream(StreamId),
    /// News for one user.
    User(UserId),
}

impl Topic {
    /// The topic behind a channel, for a connection on which `me` is logged in.
    pub fn of(channel: Channel, me: Option<UserId>) -> Option<Self> {
        match channel {
            Channel::Auction(id) => Some(Self::Auction(id)),
            Channel::Chat(id) => Some(Self::Chat(id)),
            Channel::Stream(id) => Some(Self::Stream(id)),
            Channel::Me => me.map(Self::User),
        }
    }

    /// The channel as subscribers know it.
    pub const fn channel(self) -> Channel {
        match self {
            Self::Auction(id) => Channel::Auction(id),
            Self::Chat(id) => Channel::Chat(id),
            Self::Stream(id) => Channel::Stream(id),
            Self::User(_) => Channel::Me,
        }
    }
}

/// Frames on their way to one socket: all that one commit, or one piece of news, says in a topic.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Where it was published.
    pub topic: Topic,
    /// The frames, shared by everybody who watches.
    pub frames: Arc<[Frame]>,
    /// When it was published, for the lag metric.
    pub published: Instant,
}

/// One frame.
#[derive(Debug)]
pub struct Frame {
    /// Its place in the topic's log; none for news.
    pub seq: Option<u64>,
    /// Its text.
    pub text: Utf8Bytes,
}

/// Fan-out to everybody who watches. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    epoch: Epoch,
    next_session: AtomicU64,
    topics: Mutex<HashMap<Topic, Audience>>,
    pulse: Mutex<HashMap<StreamId, Pulse>>,
}

/// Everybody who watches a topic. Nobody at all is no audience: the topic is forgotten.
#[derive(Default)]
struct Audience {
    /// By session, so that one of thousands leaves without a search.
    subscribers: BTreeMap<u64, Subscriber>,
    /// With how many sockets each of them watches.
    people: HashMap<Viewer, usize>,
}

/// One of those who are counted as watching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Viewer {
    /// However many sockets they watch with.
    Account(UserId),
    /// A socket without a login, by its session: nobody can say whether two of them are one person.
    Socket(u64),
}

impl Audience {
    fn come(&mut self, viewer: Viewer) {
        *self.people.entry(viewer).or_default() += 1;
    }

    fn go(&mut self, viewer: Viewer) {
        if let Some(sockets) = self.people.get_mut(&viewer) {
            *sockets -= 1;
            if *sockets == 0 {
                self.people.remove(&viewer);
            }
        }
    }
}

#[derive(Clone)]
struct Subscriber {
    outbox: mpsc::UnboundedSender<Delivery>,
    /// Frames in the outbox: the bound that the channel itself does not have.
    backlog: Arc<AtomicUsize>,
    slow: CancellationToken,
}

/// What is to be told of a show at the next beat.
#[derive(Default)]
struct Pulse {
    reactions: BTreeMap<ReactionKind, u64>,
    presence: bool,
}

/// A session's end of the hub. Dropped, it is unsubscribed from everything.
pub struct Mailbox {
    hub: Hub,
    session: u64,
    viewer: Viewer,
    me: Subscriber,
    topics: HashSet<Topic>,
    inbox: mpsc::UnboundedReceiver<Delivery>,
}

/// A lock is only poisoned by a panic in the few lines that hold it, none of which can leave the
/// map half-changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A frame's text. The types it is made of always serialise.
pub(crate) fn text(frame: &ServerFrame) -> Utf8Bytes {
    serde_json::to_string(frame).unwrap_or_default().into()
}

/// The frame of an event in a sequenced channel, whose JSON is at hand.
pub(crate) fn event_frame(channel: Channel, event_json: &str) -> Utf8Bytes {
    format!(r#"{{"channel":"{channel}","event":{event_json}}}"#).into()
}

impl Hub {
    /// A hub for channels of this history.
    pub fn new(epoch: Epoch) -> Self {
        Self(Arc::new(Inner {
            epoch,
            next_session: AtomicU64::new(1),
            topics: Mutex::default(),
            pulse: Mutex::default(),
        }))
    }

    /// Which history the channels' seqs belong to.
    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// A mailbox for a new session, which speaks for nobody yet.
    pub fn open(&self) -> Mailbox {
        let (outbox, inbox) = mpsc::unbounded_channel();
        let session = self.0.next_session.fetch_add(1, Ordering::Relaxed);
        let me = Subscriber { outbox, backlog: Arc::default(), slow: CancellationToken::new() };
        Mailbox { hub: self.clone(), session, viewer: Viewer::Socket(session), me, topics: HashSet::new(), inbox }
    }

    /// Sends the events of one commit to everybody who watches their channel. Call it after the
    /// commit, in seq order.
    pub fn publish(&self, topic: Topic, events: impl IntoIterator<Item = (u64, Utf8Bytes)>) {
        let frames: Arc<[Frame]> = events.into_iter().map(|(seq, text)| Frame { seq: Some(seq), text }).collect();
        if !frames.is_empty() {
            self.deliver(&Delivery { topic, frames, published: now() });
        }
    }

    /// Sends news of an unsequenced channel. A full outbox misses it: news are conflated anyway.
    pub fn update(&self, topic: Topic, data: UpdateData, at: Timestamp) {
        if !self.is_watched(topic) {
            return;
        }
        let text = text(&ServerFrame::Update { channel: topic.channel(), update: Update { data, at } });
        self.deliver(&Delivery { topic, frames: Arc::new([Frame { seq: None, text }]), published: now() });
    }

    fn deliver(&self, delivery: &Delivery) {
        let news = delivery.frames.iter().all(|frame| frame.seq.is_none());
        let topics = lock(&self.0.topics);
        let Some(audience) = topics.get(&delivery.topic) else { return };
        for subscriber in audience.subscribers.values() {
            if subscriber.backlog.load(Ordering::Relaxed) + delivery.frames.len() <= OUTBOX {
                subscriber.backlog.fetch_add(delivery.frames.len(), Ordering::Relaxed);
                // A session that has just ended has nobody to tell.
                let _ = subscriber.outbox.send(delivery.clone());
            } else if !news {
                subscriber.slow.cancel();
            }
        }
    }

    /// How many people watch a topic: one for each account, and one for each socket without a login.
    pub fn watchers(&self, topic: Topic) -> u64 {
        lock(&self.0.topics).get(&topic).map_or(0, |audience| audience.people.len() as u64)
    }

    /// Whether anything that is published to a topic would reach anybody.
    pub fn is_watched(&self, topic: Topic) -> bool {
        lock(&self.0.topics).contains_key(&topic)
    }

    /// Subscriptions of all connections together, for the metrics.
    pub fn subscriptions(&self) -> u64 {
        lock(&self.0.topics).values().map(|audience| audience.subscribers.len() as u64).sum()
    }

    /// Notes a reaction; told with the next pulse.
    pub fn react(&self, stream: StreamId, kind: ReactionKind) {
        *lock(&self.0.pulse).entry(stream).or_default().reactions.entry(kind).or_default() += 1;
    }

    /// Tells presence and reactions, conflated, until `shutdown`.
    pub async fn pulse(self, clock: crate::clock::Clock, shutdown: CancellationToken) {
        let mut beat = tokio::time::interval(PULSE);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = beat.tick() => {}
                () = shutdown.cancelled() => return,
            }
            let pulses = std::mem::take(&mut *lock(&self.0.pulse));
            for (stream, pulse) in pulses {
                let topic = Topic::Stream(stream);
                for (kind, count) in pulse.reactions {
                    self.update(topic, UpdateData::Reactions { kind, count }, clock.now());
                }
                if pulse.presence {
                    self.update(topic, UpdateData::Presence { watchers: self.watchers(topic) }, clock.now());
                }
            }
        }
    }

    /// Changes who watches a topic, and tells it where that makes another number.
    fn recount(&self, topic: Topic, change: impl FnOnce(&mut Audience)) {
        let mut topics = lock(&self.0.topics);
        let Some(audience) = topics.get_mut(&topic) else { return };
        let before = audience.people.len();
        change(audience);
        let after = audience.people.len();
        if audience.subscribers.is_empty() {
            topics.remove(&topic);
        }
        drop(topics);
        if before != after {
            self.tell_presence(topic);
        }
    }

    fn tell_presence(&self, topic: Topic) {
        if let Topic::Stream(stream) = topic {
            lock(&self.0.pulse).entry(stream).or_default().presence = true;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a lag is measured in monotonic time and decides nothing")]
fn now() -> Instant {
    Instant::now()
}

impl Mailbox {
    /// The next frames, in the order they were published.
    pub async fn recv(&mut self) -> Option<Delivery> {
        let delivery = self.inbox.recv().await;
        self.received(delivery)
    }

    /// The next frames, if they are there already.
    pub fn try_recv(&mut self) -> Option<Delivery> {
        let delivery = self.inbox.try_recv().ok();
        self.received(delivery)
    }

    fn received(&self, delivery: Option<Delivery>) -> Option<Delivery> {
        if let Some(delivery) = &delivery {
            self.me.backlog.fetch_sub(delivery.frames.len(), Ordering::Relaxed);
        }
        delivery
    }

    /// Whom this session speaks for from now on. They are counted where it watches already.
    pub fn speak_for(&mut self, user: UserId) {
        let (before, after) = (self.viewer, Viewer::Account(user));
        if before == after {
            return;
        }
        self.viewer = after;
        for topic in &self.topics {
            self.hub.recount(*topic, |audience| {
                audience.go(before);
                audience.come(after);
            });
        }
    }

    /// Starts to receive what is published to `topic` from now on.
    pub fn subscribe(&mut self, topic: Topic) {
        if !self.topics.insert(topic) {
            return;
        }
        let mut topics = lock(&self.hub.0.topics);
        let audience = topics.entry(topic).or_default();
        audience.subscribers.insert(self.session, self.me.clone());
        audience.come(self.viewer);
        drop(topics);
        // Whoever has just come is to hear it, even if they were counted before.
        self.hub.tell_presence(topic);
    }

    /// Receives nothing more of `topic`, but for what is in the inbox already.
    pub fn unsubscribe(&mut self, topic: Topic) {
        if self.topics.remove(&topic) {
            self.leave(topic);
        }
    }

    /// How many topics this session watches.
    pub fn len(&self) -> usize {
        self.topics.len()
    }

    /// Whether this session watches a topic.
    pub fn watches(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    /// Whether it watches nothing.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Cancelled once the session did not keep up.
    pub fn slow(&self) -> CancellationToken {
        self.me.slow.clone()
    }

    fn leave(&self, topic: Topic) {
        self.hub.recount(topic, |audience| {
            audience.subscribers.remove(&self.session);
            audience.go(self.viewer);
        });
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        for topic in std::mem::take(&mut self.topics) {
            self.leave(topic);
        }
    }
}

#[cfg(test)]
mod tests;
