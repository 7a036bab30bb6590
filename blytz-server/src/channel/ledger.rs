//! What a kind of channel is.

use std::{
    fmt::{Debug, Display},
    future::Future,
    hash::Hash,
    sync::Arc,
};

use blytz_core::{Timestamp, UserId, auction::Outage, wire::live::UpdateData};

use crate::{
    clock::Chance,
    db::{is_contention, is_unavailable},
    error::{Error, Result},
    platform::hub::Topic,
};

/// A kind of channel: what its state is, how commands change it, and where it is kept.
///
/// Reading and writing may fail at any time and in any way. Deciding can't: whatever it needs was read
/// before, and it asks for nothing.
pub trait Ledger: Send + Sync + 'static {
    /// What names a channel.
    type Id: Copy + Eq + Hash + Ord + Display + Send + Sync + 'static;
    /// A channel as its log has it up to some event. What a turn changes is a clone.
    type State: Clone + Send + Sync + 'static;
    /// What can be asked of a channel.
    type Command: Send + Sync + 'static;
    /// What is answered to a command that was not refused.
    type Answer: Debug + Send + Sync + 'static;
    /// What has to be read before commands can be decided.
    type Known: Send + Sync;
    /// What a turn leaves to write.
    type Batch: Batch;
    /// A transaction that has begun.
    type Tx: Send;

    /// How the kind is called in metrics.
    const NAME: &'static str;
    /// Commands that may wait for a room; one more is told to come back.
    const QUEUE: usize;
    /// Commands per turn: more would make the first wait for the last one's decision.
    const TURN: usize;

    /// Where a channel's events are told.
    fn topic(&self, id: Self::Id) -> Topic;

    /// The channel as its log has it now; `from` is how far the caller knows it.
    ///
    /// # Errors
    /// 404 when there is no such channel; when it can't be read.
    fn read(&self, id: Self::Id, from: Option<Self::State>) -> impl Future<Output = Result<Self::State>> + Send;

    /// The seq of the last event.
    fn seq(&self, state: &Self::State) -> u64;

    /// The seq of the last event in the log, where other processes write as well; none where this one
    /// knows whatever is written.
    ///
    /// # Errors
    /// When it can't be read.
    fn head(&self, id: Self::Id) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// The next events after a seq, in order; empty at the end of the log.
    ///
    /// # Errors
    /// When they can't be read.
    fn events_after(&self, id: Self::Id, seq: u64) -> impl Future<Output = Result<Vec<Entry>>> + Send;

    /// What these commands need to be decided.
    ///
    /// # Errors
    /// When it can't be read.
    fn known(
        &self,
        state: &Self::State,
        commands: &[Self::Command],
    ) -> impl Future<Output = Result<Self::Known>> + Send;

    /// Whether a command is decided and written by itself: one whose writing may be refused for a
    /// reason of its own, which others must not pay for.
    fn stands_alone(&self, command: &Self::Command) -> bool;

    /// What is due by the clock, and then these commands, in order.
    ///
    /// # Errors
    /// Only for a fault of ours: it becomes the answer to all of them, and nothing happened.
    fn decide(
        &self,
        state: &Self::State,
        moment: &Moment,
        commands: &[Self::Command],
        known: &Self::Known,
    ) -> Result<Decided<Self>>;

    /// When there is something to decide without a command.
    fn due_at(&self, state: &Self::State) -> Option<Timestamp>;

    /// Begins a transaction: from here on nobody else of this database's writers is waited for.
    ///
    /// # Errors
    /// When nothing can be written now.
    fn begin(&self) -> impl Future<Output = Result<Self::Tx, Unwritten>> + Send;

    /// Begins a transaction in which nobody else moves this channel's head. Whoever asked first has it first,
    /// and who has it knows that whatever was under way before has come to its end. None where nobody else
    /// writes.
    ///
    /// # Errors
    /// When nothing can be written now, or somebody else has it for too long.
    fn hold(&self, id: Self::Id) -> impl Future<Output = Result<Option<Self::Tx>, Unwritten>> + Send;

    /// Gives batches what they have in common when they are written together: a signature, say. One that
    /// has it already keeps it, so that writing it again writes the same.
    fn seal(&self, _batches: &[Arc<Self::Batch>]) {}

    /// Writes sealed batches in one transaction, and says of each what became of it. On an error nothing was
    /// written of any, unless it is [`Unwritten::Unknown`].
    fn write(&self, tx: Self::Tx, batches: &[Arc<Self::Batch>]) -> impl Future<Output = Verdicts> + Send;

    /// Whether the log has this very batch.
    ///
    /// # Errors
    /// When it can't be read.
    fn has(&self, batch: &Self::Batch) -> impl Future<Output = Result<bool>> + Send;

    /// A command was answered, for good or ill.
    fn answered(&self, id: Self::Id, command: &Self::Command, answer: &Result<Self::Answer>, at: Timestamp);

    /// The channels that are due until then, the most urgent first, after `after`; empty at the end.
    ///
    /// # Errors
    /// When they can't be read.
    fn due(
        &self,
        until: Timestamp,
        after: Option<(Timestamp, Self::Id)>,
    ) -> impl Future<Output = Result<Vec<(Timestamp, Self::Id)>>> + Send;

    /// The channels that have to make good for an outage, the most urgent first. More may be named.
    ///
    /// # Errors
    /// When they can't be read.
    fn met_by(&self, outage: Outage) -> impl Future<Output = Result<Vec<Self::Id>>> + Send;

    /// From which seq on [`Ledger::read`] had to go through the log; the state's own where it never has to.
    fn kept(&self, state: &Self::State) -> u64;

    /// After how many events it is worth the while to keep a state.
    fn keeps_after(&self, state: &Self::State) -> u64;

    /// Keeps a state, so that whoever reads the channel next begins from it.
    ///
    /// # Errors
    /// When it can't be written; nothing but time is lost then.
    fn keep(&self, state: Self::State) -> impl Future<Output = Result<()>> + Send;
}

/// When something is decided.
#[derive(Clone)]
pub struct Moment {
    /// What time it is.
    pub now: Timestamp,
    /// When nobody was served, as far as it may still matter; the oldest first.
    pub outages: Arc<[Outage]>,
    /// Where random bytes come from.
    pub chance: Chance,
}

/// One event of a log, as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub seq: u64,
    /// Its JSON.
    pub json: Arc<str>,
}

/// What a turn came to. Nothing of it has happened before its batch is durable.
pub struct Decided<L: Ledger + ?Sized> {
    /// The channel afterwards.
    pub state: L::State,
    /// One answer per command.
    pub answers: Answers<L::Answer>,
    /// What is to be written; none when nothing happened.
    pub batch: Option<L::Batch>,
    /// The events in it.
    pub events: Vec<Entry>,
    /// What single people are told besides.
    pub news: Vec<(UserId, UpdateData)>,
}

/// What commands are answered, in their order. It is made once the batch is written: what is said of it
/// may be sealed only then.
pub struct Answers<A>(Box<dyn FnOnce() -> Vec<Result<A>> + Send + Sync>);

impl<A> Answers<A> {
    /// Made when they are asked for.
    pub fn once_written(make: impl FnOnce() -> Vec<Result<A>> + Send + Sync + 'static) -> Self {
        Self(Box::new(make))
    }

    /// The answers.
    pub fn make(self) -> Vec<Result<A>> {
        (self.0)()
    }
}

impl<A: Send + Sync + 'static> From<Vec<Result<A>>> for Answers<A> {
    /// Known already.
    fn from(answers: Vec<Result<A>>) -> Self {
        Self::once_written(|| answers)
    }
}

/// What a turn leaves to write.
pub trait Batch: Send + Sync + 'static {
    /// How many events it has.
    fn events(&self) -> usize;
}

/// What became of several batches that were written together.
pub type Verdicts = Result<Vec<Result<(), Unwritten>>, Unwritten>;

/// Why a batch was not written. Nothing of it is in the database, but for [`Unwritten::Unknown`].
#[derive(Debug, Clone)]
pub enum Unwritten {
    /// Another writer moved the log on: what was decided may be wrong.
    Conflict,
    /// It waited too long; its moment has passed.
    Stale,
    /// It can't be written because of what is in it.
    Refused(Error),
    /// Nothing can be written now, whatever it is.
    Unavailable,
    /// Nobody said whether it was written.
    Unknown,
}

impl From<sqlx::Error> for Unwritten {
    fn from(error: sqlx::Error) -> Self {
        if is_contention(&error) {
            Self::Conflict
        } else if is_unavailable(&error) {
            tracing::warn!(%error, "the database takes no writes");
            Self::Unavailable
        } else {
            Self::Refused(error.into())
        }
    }
}

impl From<Error> for Unwritten {
    fn from(error: Error) -> Self {
        match error.code() {
            blytz_core::wire::ErrorCode::Unavailable => Self::Unavailable,
            _ => Self::Refused(error),
        }
    }
}
