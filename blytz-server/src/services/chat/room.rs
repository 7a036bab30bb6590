//! One task per chat: its only writer in the process.
//!
//! A room takes what has queued, decides it on what it knows, writes all of it in one transaction
//! and only then tells anybody. When a transaction fails, what the room believed falls with it: it
//! reads the chat anew before it decides again. Rooms nobody talks to end; the next command opens
//! a new one.

use std::{collections::hash_map::Entry, time::Duration};

use blytz_core::{
    StreamId, Timestamp,
    chat::{Answer, Chat, Command, Decision, Known, LONGEST_SLOW_MODE_MS},
    wire::live::Channel,
};
use tokio::sync::mpsc;

use super::{
    doors::{Doors, Queued},
    store,
};
use crate::{
    db::{CommitError, Tx, is_duplicate},
    error::{Error, Result, internal},
    platform::{
        Platform,
        hub::{Topic, event_frame},
    },
};

/// The most commands that share one transaction: a full batch takes a few milliseconds.
const BATCH: usize = 128;

/// How long a room waits for work before it ends.
const IDLE: Duration = Duration::from_mins(1);

/// How long a room waits after a failure before it looks by itself what became of it.
const RECOVERY: Duration = Duration::from_millis(200);

/// How often a batch is decided anew because another node wrote in between.
const ATTEMPTS: usize = 5;

/// How many events are read at once.
const SLICE: usize = 500;

pub struct Room {
    stream: StreamId,
    platform: Platform,
    doors: Doors,
    queue: mpsc::Receiver<Queued>,
    /// Where the chat stands; none before the first command and after a failure.
    chat: Option<Chat>,
    /// The last event that subscribers were given; none until the room knows what there was.
    said: Option<u64>,
}

/// Why a batch was not written.
enum Unwritten {
    /// Another node moved the head; decide again.
    Conflict,
    /// Nothing of it was written.
    Refused(Error),
    /// The database did not say whether it committed.
    Unknown,
}

impl From<Error> for Unwritten {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Unwritten {
    /// A row that is there already is another node's: a message_id used in two chats at once.
    fn from(error: sqlx::Error) -> Self {
        if is_duplicate(&error) { Self::Conflict } else { Self::Refused(error.into()) }
    }
}

/// A batch that is written: what to answer, and what to say.
struct Written {
    answers: Vec<Result<Answer>>,
    events: Vec<(u64, String)>,
    decisions: Vec<Decision>,
}

impl Room {
    pub fn new(stream: StreamId, platform: &Platform, doors: Doors, queue: mpsc::Receiver<Queued>) -> Self {
        Self { stream, platform: platform.clone(), doors, queue, chat: None, said: None }
    }

    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.take(&mut batch).await {
            self.work(std::mem::take(&mut batch)).await;
        }
    }

    /// Waits for commands. False when the room is to end: nobody can queue for it any more.
    async fn take(&mut self, batch: &mut Vec<Queued>) -> bool {
        let stopping = self.platform.shutdown.clone();
        loop {
            let unsure = self.chat.is_none() && self.said.is_some();
            let patience = if unsure { RECOVERY } else { IDLE };
            let taken = tokio::select! {
                biased;
                taken = self.queue.recv_many(batch, BATCH) => taken,
                () = stopping.cancelled() => 0,
                () = tokio::time::sleep(patience) => 0,
            };
            if taken > 0 {
                return true;
            }
            if unsure && !stopping.is_cancelled() {
                // What may have been written must be said before the room may forget about it.
                self.chat = self.load().await.ok();
            } else if self.doors.close(self.stream, &self.queue) {
                return false;
            }
        }
    }

    async fn work(&mut self, batch: Vec<Queued>) {
        let (commands, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|queued| (queued.command, queued.answer)).unzip();
        let written = self.write(&commands).await;
        let results = match written {
            Ok(written) => self.publish(written),
            Err(error) => vec![Err(error); answers.len()],
        };
        for (answer, result) in answers.into_iter().zip(results) {
            count(&result);
            // Whoever asked may have hung up; what is written stays written.
            let _ = answer.send(result);
        }
    }

    /// Decides and writes a batch; on success it is durable.
    async fn write(&mut self, commands: &[Command]) -> Result<Written> {
        for _ in 0..ATTEMPTS {
            let failure = match self.attempt(commands).await {
                Ok(written) => return Ok(written),
                Err(failure) => failure,
            };
            self.chat = None;
            match failure {
                Unwritten::Conflict => {}
                Unwritten::Refused(error) => return Err(error),
                Unwritten::Unknown => {
                    return Err(Error::outcome_unknown(
                        "The database did not say whether it was written; ask again with the same message_id.",
                    ));
                }
            }
        }
        Err(Error::unavailable("The chat is busy; try again in a moment."))
    }

    async fn attempt(&mut self, commands: &[Command]) -> Result<Written, Unwritten> {
        if self.chat.is_none() {
            self.chat = Some(self.load().await?);
        }
        let chat = self.chat.as_mut().ok_or_else(|| internal("a room without its chat"))?;
        let platform = &self.platform;
        let before = chat.head.clone();
        let mut tx = platform.db.begin_write().await?;
        let (mut answers, mut decisions) = (Vec::new(), Vec::new());
        // Things as this batch leaves them, which the tables don't have yet.
        let mut known = Known::default();
        for command in commands {
            let now = platform.clock.now();
            look_up(&mut tx, command, now, &mut known).await?;
            let (answer, decision) = chat.decide(now, command, &mut known);
            answers.push(answer.map_err(Error::from));
            decisions.push(decision);
        }
        // The head moves before anything is appended: whoever lost it to another node writes nothing.
        if chat.head != before && !store::move_head(&mut tx, self.stream, before.seq, &chat.head).await? {
            return Err(Unwritten::Conflict);
        }
        let events = write_decisions(&mut tx, self.stream, &decisions).await?;
        match tx.commit().await {
            Ok(()) => {}
            Err(CommitError::NotWritten(error)) => return Err(error.into()),
            Err(CommitError::Unknown(error)) => {
                tracing::error!(%error, stream = %self.stream, "a batch of chat messages may be lost");
                return Err(Unwritten::Unknown);
            }
        }
        Ok(Written { answers, events, decisions })
    }

    /// Reads the chat, and tells what an earlier transaction wrote without being able to say so.
    async fn load(&mut self) -> Result<Chat> {
        let db = &self.platform.db;
        let now = self.platform.clock.now();
        let head = store::head(db, self.stream).await?;
        let chat = Chat {
            stream_id: self.stream,
            members: store::members(db, self.stream).await?,
            spoke: store::spoke(db, self.stream, now.plus_millis(-LONGEST_SLOW_MODE_MS)).await?,
            head,
            swept_at: now,
        };
        let mut said = self.said.unwrap_or(chat.head.seq);
        while said < chat.head.seq {
            let before = said;
            for (seq, event) in store::events_after(db, self.stream, said, SLICE).await? {
                self.say(seq, &event);
                said = seq;
            }
            if said == before {
                return Err(internal(format_args!("a chat's events end at {said} of {}", chat.head.seq)));
            }
        }
        self.said = Some(said);
        Ok(chat)
    }

    /// Says what is durable.
    fn publish(&mut self, written: Written) -> Vec<Result<Answer>> {
        for (seq, event) in &written.events {
            self.say(*seq, event);
            self.said = Some(*seq);
        }
        let now = self.platform.clock.now();
        for (user, news) in written.decisions.into_iter().flat_map(|decision| decision.news) {
            self.platform.hub.update(Topic::User(user), news, now);
        }
        if let Some(chat) = &mut self.chat {
            chat.forget_the_silent(now);
        }
        written.answers
    }

    fn say(&self, seq: u64, event: &str) {
        let frame = event_frame(Channel::Chat(self.stream), event);
        self.platform.hub.publish(Topic::Chat(self.stream), [(seq, frame)]);
    }
}

/// Reads what a command must know, unless it was read or made in this batch.
async fn look_up(tx: &mut Tx, command: &Command, now: Timestamp, known: &mut Known) -> Result<(), Unwritten> {
    if let Some(id) = command.message_id()
        && let Entry::Vacant(unread) = known.messages.entry(id)
        && let Some(message) = store::message(&mut *tx, id).await?
    {
        unread.insert(message);
    }
    // Whoever sends a message again is not counted again.
    if let Some(author) = command.author()
        && command.message_id().is_none_or(|id| !known.messages.contains_key(&id))
        && let Entry::Vacant(unread) = known.windows.entry(author)
    {
        unread.insert(store::window(tx, author, now).await?);
    }
    Ok(())
}

fn count(result: &Result<Answer>) {
    match result {
        Ok(Answer::Written(_)) => metrics::counter!("blytz_chat_messages_total").increment(1),
        Ok(Answer::Replayed(_) | Answer::Done) => {}
        Err(error) => {
            metrics::counter!("blytz_chat_refused_total", "code" => error.code().as_str()).increment(1);
        }
    }
}

/// Writes what a batch led to, and returns its events for the subscribers.
async fn write_decisions(
    tx: &mut Tx,
    stream: StreamId,
    decisions: &[Decision],
) -> Result<Vec<(u64, String)>, Unwritten> {
    let mut events = Vec::new();
    for decision in decisions {
        for event in &decision.events {
            let json = serde_json::to_string(event).map_err(internal)?;
            store::append(tx, stream, event.seq, &json).await?;
            events.push((event.seq, json));
        }
        for write in &decision.writes {
            store::write(tx, stream, write).await?;
        }
    }
    Ok(events)
}
