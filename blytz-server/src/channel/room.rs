//! A room: one task per channel that has something to do, its only writer in the process.

use std::{sync::Arc, time::Duration};

use blytz_core::{Timestamp, wire::ErrorCode};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::{Instant, timeout},
};

use super::{
    corridor::{Corridor, Queued, outcome_unknown},
    ledger::{Decided, Ledger, Unwritten},
};
use crate::{
    error::{Error, Result, internal},
    platform::{
        attendance::Outages,
        hub::{Topic, event_frame},
    },
};

/// How often a turn may be beaten by other writers before it stands in line.
const BEATEN: u32 = 2;
/// For how long a turn is tried before its senders are told that it did not work.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a turn waits for the house to be served.
const UNATTENDED: Duration = Duration::from_secs(3);
/// How long a room waits before it asks a database again that did not answer or take something.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a room waits when what is due could not be written.
const REST: Duration = Duration::from_secs(1);
/// How long a room without work stays in memory.
pub const IDLE: Duration = Duration::from_mins(1);
/// A room that ends keeps its state if it lacks this part of what is worth keeping anyway.
const LAST: u64 = 10;

/// A channel's room.
pub struct Room<L: Ledger> {
    corridor: Arc<Corridor<L>>,
    id: L::Id,
    inbox: mpsc::Receiver<Queued<L>>,
    /// All of it durable; none before the channel was read.
    state: Option<L::State>,
    /// Whether the log may have more than the state.
    behind: bool,
    /// What may stand in the log without anybody knowing. No turn before that is settled.
    doubt: Option<Doubt<L>>,
    /// Whether what is due has to wait for a while: it could not be written.
    resting: bool,
    /// Whether there is no such channel.
    missing: bool,
    /// Up to which event a state is kept.
    kept: u64,
    /// Tells when there was another outage.
    outages: Outages,
}

/// What a turn decided whose commit nobody answered.
struct Doubt<L: Ledger> {
    batch: Arc<L::Batch>,
    decided: Decided<L>,
    at: Timestamp,
    /// Who waits for it; nobody once they were told that nobody knows.
    turn: Turn<L>,
}

/// Commands of one turn, and where their answers go.
struct Turn<L: Ledger> {
    commands: Vec<L::Command>,
    replies: Vec<oneshot::Sender<Result<L::Answer>>>,
}

/// Why an attempt at a turn came to nothing.
enum Failed {
    /// It may work at once, from what the log holds now.
    Again,
    /// The same, as another writer was faster.
    Beaten,
    /// Nothing can be written or read now.
    Later(Error),
    /// Nobody knows whether it did.
    Unknown,
    /// It can't be written because of what is in it.
    Refused(Error),
}

impl From<Unwritten> for Failed {
    fn from(failure: Unwritten) -> Self {
        match failure {
            Unwritten::Conflict => Self::Beaten,
            Unwritten::Stale => Self::Again,
            Unwritten::Unavailable => Self::Later(unwritten()),
            Unwritten::Refused(error) => Self::Refused(error),
            Unwritten::Unknown => Self::Unknown,
        }
    }
}

impl<L: Ledger> Room<L> {
    /// A room that has read nothing yet.
    pub fn new(corridor: Arc<Corridor<L>>, id: L::Id, inbox: mpsc::Receiver<Queued<L>>) -> Self {
        let outages = corridor.ground.attendance.watch();
        let (state, doubt) = (None, None);
        Self { corridor, id, inbox, state, behind: true, doubt, resting: false, missing: false, kept: 0, outages }
    }

    /// Serves the channel until it has been idle for a while. A room that was opened for what is due
    /// holds its place among those being opened until that is done.
    pub async fn run(mut self, waking: Option<OwnedSemaphorePermit>) {
        if self.inbox.is_empty() {
            self.turn(Turn::empty()).await;
        }
        drop(waking);
        let mut queued = Vec::new();
        loop {
            let waiting = self.wait();
            let ends = tokio::select! {
                biased;
                received = self.inbox.recv_many(&mut queued, L::TURN) => {
                    self.serve(std::mem::take(&mut queued)).await;
                    // A channel that does not exist needs no room, nor does one that can't be read.
                    received == 0 || self.state.is_none()
                }
                () = self.corridor.ground.shutdown.cancelled() => true,
                woken = waiting => match woken {
                    Woken::Due => {
                        self.turn(Turn::empty()).await;
                        false
                    }
                    Woken::Idle => true,
                }
            };
            if ends && self.leave().await {
                return;
            }
        }
    }

    /// Waits until something is to be done without a command.
    fn wait(&self) -> impl Future<Output = Woken> + use<L> {
        let (missing, troubled) = (self.missing, self.resting || self.doubt.is_some() || self.behind);
        let due = self.due_at();
        let (clock, outages) = (self.corridor.ground.clock.clone(), self.outages.clone());
        async move {
            if missing {
                return Woken::Idle;
            }
            if troubled {
                // The database did not take something; it is asked again, but not without a pause.
                tokio::time::sleep(REST).await;
                return Woken::Due;
            }
            let due = async {
                match due {
                    Some(due) => clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = due => Woken::Due,
                () = outages.changed() => Woken::Due,
                () = tokio::time::sleep(IDLE) => Woken::Idle,
            }
        }
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.state.as_ref().and_then(|state| self.corridor.ledger.due_at(state))
    }

    /// Ends the room, unless somebody has queued meanwhile. What comes due later finds no room and has
    /// one opened.
    async fn leave(&mut self) -> bool {
        // The last chance to tell what became of what is in doubt; whoever reads the channel next knows.
        let _ = self.settle().await;
        self.keep(LAST);
        self.corridor.close(self.id, &self.inbox)
    }

    /// Splits what has queued into turns.
    async fn serve(&mut self, queued: Vec<Queued<L>>) {
        let waiting = queued.len() + self.inbox.len();
        metrics::histogram!("blytz_room_queue", "kind" => L::NAME).record(waiting as f64);
        let mut turn = Turn::empty();
        for one in queued {
            if self.corridor.ledger.stands_alone(&one.command) {
                self.turn_of(std::mem::replace(&mut turn, Turn::empty())).await;
                self.turn_of(Turn::of(one)).await;
            } else {
                turn.push(one);
            }
        }
        self.turn_of(turn).await;
    }

    async fn turn_of(&mut self, turn: Turn<L>) {
        if !turn.commands.is_empty() {
            self.turn(turn).await;
        }
    }

    /// Decides, commits, and only then answers and tells. What could not be committed is decided
    /// again, from what the log holds by then, for as long as anybody can be expected to wait.
    async fn turn(&mut self, mut turn: Turn<L>) {
        let until = Instant::now() + PATIENCE;
        let mut beaten = 0;
        let error = loop {
            match self.attempt(&mut turn, beaten >= BEATEN).await {
                Ok(()) => {
                    self.resting = false;
                    return;
                }
                Err(Failed::Beaten) if Instant::now() < until => beaten += 1,
                Err(Failed::Again) if Instant::now() < until => {}
                Err(Failed::Unknown) if Instant::now() + PAUSE < until => tokio::time::sleep(PAUSE).await,
                Err(Failed::Again | Failed::Beaten | Failed::Unknown) => break unwritten(),
                Err(Failed::Later(error)) => break error,
                Err(Failed::Refused(error)) => {
                    // Whoever asked for it is told. What is due by itself waits, and what an outage asks for
                    // is still to be done.
                    self.resting = turn.commands.is_empty();
                    self.outages.forget();
                    if self.resting {
                        tracing::error!(%error, kind = L::NAME, channel = %self.id, "what is due can't be written");
                    }
                    return self.answer(turn, |_| Err(error.clone()));
                }
            }
        };
        // What is due is tried again after a pause.
        self.resting = true;
        self.missing = self.state.is_none() && error.code() == ErrorCode::NotFound;
        if let Some(doubt) = &mut self.doubt {
            let in_doubt = std::mem::replace(&mut doubt.turn, Turn::empty());
            self.answer(in_doubt, |_| Err(outcome_unknown()));
        }
        self.answer(turn, |_| Err(error.clone()));
    }

    /// Tries a turn; `fairly`, where others were faster too often, in a transaction that is waited for in
    /// the order of asking and then can't be beaten.
    async fn attempt(&mut self, turn: &mut Turn<L>, fairly: bool) -> Result<(), Failed> {
        if let Some(undone) = self.settle().await? {
            turn.put_first(undone);
        }
        let held = if fairly { self.corridor.ledger.hold(self.id).await.map_err(Failed::from)? } else { None };
        // Nothing is added to the log while it is held: what is read of it now is all there is.
        self.behind |= held.is_some();
        self.catch_up().await.map_err(Failed::Later)?;
        let state = self.state.as_ref().ok_or_else(|| Failed::Later(internal("a room without a state")))?;
        let ledger = &*self.corridor.ledger;
        let (head, known) = tokio::join!(ledger.head(self.id), ledger.known(state, &turn.commands));
        let (head, seq) = (head.map_err(Failed::Later)?, ledger.seq(state));
        if head.is_some_and(|head| head > seq) {
            // What is refused is refused by what the log holds, not by what this room had heard of.
            self.behind = true;
            return Err(Failed::Again);
        }
        if let Some(head) = head
            && head < seq
        {
            return Err(Failed::Later(self.lost(head, seq)));
        }
        let known = known.map_err(Failed::Later)?;
        let Ok(moment) = timeout(UNATTENDED, self.corridor.ground.moment(&mut self.outages)).await else {
            return Err(Failed::Later(Error::unavailable("The house can't be served now; ask again in a moment.")));
        };
        let at = moment.now;
        let mut decided = ledger.decide(state, &moment, &turn.commands, &known).map_err(Failed::Refused)?;
        let Some(batch) = decided.batch.take().map(Arc::new) else {
            self.happened(decided, std::mem::replace(turn, Turn::empty()), at);
            return Ok(());
        };
        let written = match held {
            Some(tx) => self.corridor.write_alone(tx, &batch).await,
            None => self.corridor.committer.commit(Arc::clone(&batch)).await,
        };
        match written {
            Ok(()) => {
                self.happened(decided, std::mem::replace(turn, Turn::empty()), at);
                Ok(())
            }
            Err(Unwritten::Unknown) => {
                self.doubt = Some(Doubt { batch, decided, at, turn: std::mem::replace(turn, Turn::empty()) });
                Err(Failed::Unknown)
            }
            Err(failure) => {
                self.behind |= matches!(failure, Unwritten::Conflict);
                Err(failure.into())
            }
        }
    }

    /// The log ends before what was said of it: another database stands in the place of the one that was
    /// written, a standby that had not everything. From here on the room goes by that one.
    fn lost(&mut self, head: u64, seq: u64) -> Error {
        tracing::error!(
            kind = L::NAME, channel = %self.id, head, served = seq,
            "the log ends before what was served: stop the server and run `blytz-server restore --new-epoch`"
        );
        (self.state, self.behind) = (None, true);
        Error::unavailable("What was written last here is lost; look at it again before you ask again.")
    }

    /// Finds out what became of a batch whose commit nobody answered, by writing it again: either it is
    /// written now, or it was, and then the log has it, or another stands in its place. Gives back the
    /// commands that came to nothing.
    ///
    /// Where others write as well, the first commit may still be under way, and to find nothing would prove
    /// nothing: so the log is held first, which waits for its end.
    async fn settle(&mut self) -> Result<Option<Turn<L>>, Failed> {
        let Some(Doubt { batch, .. }) = &self.doubt else { return Ok(None) };
        let corridor = &self.corridor;
        let written = match corridor.ledger.hold(self.id).await.map_err(|_| Failed::Later(unwritten()))? {
            Some(tx) => corridor.write_alone(tx, batch).await,
            None => corridor.committer.settle(Arc::clone(batch)).await,
        };
        let is_written = match written {
            Ok(()) => true,
            Err(Unwritten::Conflict) => {
                let is_ours = self.corridor.ledger.has(batch).await.map_err(Failed::Later)?;
                self.behind = true;
                is_ours
            }
            // Mostly it found its place free, and was not written before either. But nobody says so: it may
            // have been refused before it came to that.
            Err(Unwritten::Refused(error)) => {
                tracing::warn!(%error, channel = %self.id, "what was in doubt is refused");
                let is_ours = self.corridor.ledger.has(batch).await.map_err(Failed::Later)?;
                self.behind = true;
                is_ours
            }
            Err(Unwritten::Unknown) => return Err(Failed::Unknown),
            Err(Unwritten::Unavailable | Unwritten::Stale) => return Err(Failed::Later(unwritten())),
        };
        let Some(Doubt { decided, at, turn, .. }) = self.doubt.take() else { return Ok(None) };
        if !is_written {
            return Ok(Some(turn));
        }
        self.happened(decided, turn, at);
        Ok(None)
    }

    /// Takes up what the log has, where that may be more than the room knows, and tells it.
    async fn catch_up(&mut self) -> Result<()> {
        if !self.behind {
            return Ok(());
        }
        let (corridor, id, from) = (Arc::clone(&self.corridor), self.id, self.state.clone());
        let known = from.as_ref().map(|state| corridor.ledger.seq(state));
        let reading = async move {
            let state = corridor.ledger.read(id, from).await?;
            if let Some(known) = known {
                corridor.tell_after(id, known, corridor.ledger.seq(&state)).await?;
            }
            Ok::<_, Error>(state)
        };
        // Not here: a long log keeps no other room waiting.
        let state = self.corridor.ground.readers.spawn(reading).await.map_err(internal)??;
        if known.is_none() {
            self.kept = self.corridor.ledger.kept(&state);
        }
        (self.state, self.behind) = (Some(state), false);
        Ok(())
    }

    /// It is durable: the room stands there now, and everybody is told.
    fn happened(&mut self, decided: Decided<L>, turn: Turn<L>, at: Timestamp) {
        let Decided { state, answers, events, news, batch: _ } = decided;
        self.state = Some(state);
        let (hub, topic) = (&self.corridor.ground.hub, self.corridor.ledger.topic(self.id));
        hub.publish(topic, events.iter().map(|event| (event.seq, event_frame(topic.channel(), &event.json))));
        for (user, news) in news {
            hub.update(Topic::User(user), news, at);
        }
        // Whoever was told that nobody knows waits for no answer any more.
        if !turn.commands.is_empty() {
            let mut answers = answers.make().into_iter();
            self.answer(turn, |_| answers.next().unwrap_or_else(|| Err(internal("a command without an answer"))));
        }
        self.keep(1);
    }

    fn answer(&self, turn: Turn<L>, mut answer: impl FnMut(&L::Command) -> Result<L::Answer>) {
        let now = self.corridor.ground.clock.now();
        for (command, reply) in turn.commands.iter().zip(turn.replies) {
            let answer = answer(command);
            self.corridor.ledger.answered(self.id, command, &answer, now);
            // Whoever asked may have gone; what is written stays written.
            let _ = reply.send(answer);
        }
    }

    /// Has the state kept, beside whatever else is done, if that is worth it since it last was; or
    /// if that part of it is.
    fn keep(&mut self, part: u64) {
        let Some(state) = &self.state else { return };
        let (seq, worth) = (self.corridor.ledger.seq(state), self.corridor.ledger.keeps_after(state));
        if seq.saturating_sub(self.kept) < worth / part {
            return;
        }
        self.kept = seq;
        let (corridor, state, id) = (Arc::clone(&self.corridor), state.clone(), self.id);
        let keeping = async move {
            if let Err(error) = corridor.ledger.keep(state).await {
                // Whoever reads the channel next has a longer way.
                tracing::debug!(%error, channel = %id, "a state was not kept");
            }
        };
        self.corridor.ground.tasks.spawn_on(keeping, &self.corridor.ground.readers);
    }
}

/// Why a room does something by itself.
enum Woken {
    Due,
    Idle,
}

impl<L: Ledger> Turn<L> {
    const fn empty() -> Self {
        Self { commands: Vec::new(), replies: Vec::new() }
    }

    fn of(one: Queued<L>) -> Self {
        Self { commands: vec![one.command], replies: vec![one.reply] }
    }

    fn put_first(&mut self, mut before: Self) {
        before.commands.append(&mut self.commands);
        before.replies.append(&mut self.replies);
        *self = before;
    }

    fn push(&mut self, one: Queued<L>) {
        self.commands.push(one.command);
        self.replies.push(one.reply);
    }
}

fn unwritten() -> Error {
    Error::unavailable("This could not be written; ask again with the same id.")
}
