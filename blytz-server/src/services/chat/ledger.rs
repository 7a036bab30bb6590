//! Chats as a kind of channel: what a room of the machine has to know of them.

use std::{collections::HashMap, sync::Arc};

use blytz_core::{
    MessageId, StreamId, Timestamp, UserId,
    auction::Outage,
    chat::{Answer, Chat, Command, Head, Known, RateWindow, Write},
    wire::chat::{ChatEvent, Message},
};

use crate::{
    channel::{self, Decided, Entry, Ledger, Moment, Unwritten, Verdicts},
    clock::Clock,
    error::{Result, internal},
    platform::hub::Topic,
};

/// Where chats are kept.
pub trait ChatStore: Send + Sync + 'static {
    /// A transaction that has begun.
    type Tx: Send;

    /// A chat as it stands; one in which nothing was ever said stands at its beginning.
    fn chat(&self, stream: StreamId, now: Timestamp) -> impl Future<Output = Result<Chat>> + Send;

    /// As [`Ledger::head`].
    fn head(&self, stream: StreamId) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// The next events of a log; empty at its end.
    fn events_after(&self, stream: StreamId, after: u64) -> impl Future<Output = Result<Vec<Entry>>> + Send;

    /// Those of these messages that there are, in whichever chat.
    fn messages(&self, ids: &[MessageId]) -> impl Future<Output = Result<HashMap<MessageId, Message>>> + Send;

    /// When these people wrote, in whichever chat, as far as it counts at `now`.
    fn windows(
        &self,
        people: &[UserId],
        now: Timestamp,
    ) -> impl Future<Output = Result<HashMap<UserId, RateWindow>>> + Send;

    /// As [`Ledger::begin`].
    fn begin(&self) -> impl Future<Output = Result<Self::Tx, Unwritten>> + Send;

    /// As [`Ledger::hold`].
    fn hold(&self, stream: StreamId) -> impl Future<Output = Result<Option<Self::Tx>, Unwritten>> + Send;

    /// As [`Ledger::write`].
    fn write(&self, tx: Self::Tx, batches: &[Arc<Batch>]) -> impl Future<Output = Verdicts> + Send;
}

/// What one room decided in one turn.
pub struct Batch {
    pub stream: StreamId,
    /// The seq that it follows.
    pub from: u64,
    pub to: Head,
    /// The events as they are stored and sent.
    pub events: Vec<Entry>,
    /// What goes into the tables beside the log.
    pub writes: Vec<Write>,
    /// What it was decided by that other chats may change: when its authors had written, and as of when.
    pub windows: Vec<(UserId, RateWindow)>,
    pub windows_at: Timestamp,
}

impl channel::Batch for Batch {
    fn events(&self) -> usize {
        self.events.len()
    }
}

/// What was read before deciding, and when.
pub struct Read {
    known: Known,
    at: Timestamp,
}

/// Every chat of a store.
pub struct ChatLedger<S> {
    store: S,
    clock: Clock,
}

impl<S: ChatStore> ChatLedger<S> {
    pub const fn new(store: S, clock: Clock) -> Self {
        Self { store, clock }
    }
}

impl<S: ChatStore> Ledger for ChatLedger<S> {
    type Id = StreamId;
    type State = Chat;
    type Command = Command;
    type Answer = Answer;
    type Known = Read;
    type Batch = Batch;
    type Tx = S::Tx;

    const NAME: &'static str = "chat";
    const QUEUE: usize = 512;
    const TURN: usize = 128;

    fn topic(&self, stream: StreamId) -> Topic {
        Topic::Chat(stream)
    }

    /// A chat is not the fold of its log: its tables say where it stands.
    async fn read(&self, stream: StreamId, _from: Option<Chat>) -> Result<Chat> {
        self.store.chat(stream, self.clock.now()).await
    }

    fn seq(&self, chat: &Chat) -> u64 {
        chat.head.seq
    }

    async fn head(&self, stream: StreamId) -> Result<Option<u64>> {
        self.store.head(stream).await
    }

    async fn events_after(&self, stream: StreamId, seq: u64) -> Result<Vec<Entry>> {
        self.store.events_after(stream, seq).await
    }

    async fn known(&self, _chat: &Chat, commands: &[Command]) -> Result<Read> {
        let at = self.clock.now();
        let named: Vec<_> = commands.iter().filter_map(Command::message_id).collect();
        let messages = if named.is_empty() { HashMap::new() } else { self.store.messages(&named).await? };
        let mut authors: Vec<_> = commands.iter().filter_map(Command::author).collect();
        authors.sort_unstable();
        authors.dedup();
        let windows = if authors.is_empty() { HashMap::new() } else { self.store.windows(&authors, at).await? };
        Ok(Read { known: Known { messages, windows }, at })
    }

    fn stands_alone(&self, _command: &Command) -> bool {
        false
    }

    fn decide(&self, before: &Chat, moment: &Moment, commands: &[Command], read: &Read) -> Result<Decided<Self>> {
        let (mut chat, mut known) = (before.clone(), read.known.clone());
        let (mut answers, mut events, mut writes, mut news) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for command in commands {
            let (answer, decision) = chat.decide(moment.now, command, &mut known);
            answers.push(answer.map_err(Into::into));
            for event in &decision.events {
                events.push(entry(event)?);
            }
            writes.extend(decision.writes);
            news.extend(decision.news);
        }
        let batch = (chat.head != before.head).then(|| Batch {
            stream: chat.stream_id,
            from: before.head.seq,
            to: chat.head.clone(),
            events: events.clone(),
            windows: windows_of(&writes, &read.known),
            writes,
            windows_at: read.at,
        });
        chat.forget_the_silent(moment.now);
        Ok(Decided { state: chat, answers: answers.into(), batch, events, news })
    }

    fn due_at(&self, _chat: &Chat) -> Option<Timestamp> {
        None
    }

    async fn begin(&self) -> Result<S::Tx, Unwritten> {
        self.store.begin().await
    }

    async fn hold(&self, stream: StreamId) -> Result<Option<S::Tx>, Unwritten> {
        self.store.hold(stream).await
    }

    async fn write(&self, tx: S::Tx, batches: &[Arc<Batch>]) -> Verdicts {
        self.store.write(tx, batches).await
    }

    /// An event says who did what in which microsecond: one that reads the same is the same. Not every
    /// one has to: what a message said may have been erased since.
    async fn has(&self, batch: &Batch) -> Result<bool> {
        let found = self.store.events_after(batch.stream, batch.from).await?;
        Ok(found.iter().zip(&batch.events).any(|(found, ours)| found == ours))
    }

    fn answered(&self, _stream: StreamId, _command: &Command, answer: &Result<Answer>, _at: Timestamp) {
        match answer {
            Ok(Answer::Written(_)) => metrics::counter!("blytz_chat_messages_total").increment(1),
            Ok(Answer::Replayed(_) | Answer::Done) => {}
            Err(error) => {
                metrics::counter!("blytz_chat_refused_total", "code" => error.code().as_str()).increment(1);
            }
        }
    }

    async fn due(
        &self,
        _until: Timestamp,
        _after: Option<(Timestamp, StreamId)>,
    ) -> Result<Vec<(Timestamp, StreamId)>> {
        Ok(Vec::new())
    }

    async fn met_by(&self, _outage: Outage) -> Result<Vec<StreamId>> {
        Ok(Vec::new())
    }

    fn kept(&self, chat: &Chat) -> u64 {
        chat.head.seq
    }

    /// Its tables are always at hand.
    fn keeps_after(&self, _chat: &Chat) -> u64 {
        u64::MAX
    }

    async fn keep(&self, _chat: Chat) -> Result<()> {
        Ok(())
    }
}

fn entry(event: &ChatEvent) -> Result<Entry> {
    let json = serde_json::to_string(event).map_err(internal)?;
    Ok(Entry { seq: event.seq, json: json.into() })
}

/// When those who write had written before.
fn windows_of(writes: &[Write], known: &Known) -> Vec<(UserId, RateWindow)> {
    let mut windows: Vec<(UserId, RateWindow)> = Vec::new();
    for write in writes {
        if let Write::Message(message) = write
            && windows.iter().all(|(user, _)| *user != message.user.id)
        {
            let user = message.user.id;
            windows.push((user, known.windows.get(&user).cloned().unwrap_or_default()));
        }
    }
    windows
}
