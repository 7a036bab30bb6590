//! A room: the only writer of one auction in this process.
//!
//! It takes everything that has queued, decides it in one turn, hands the turn to the committer and
//! waits; what arrives meanwhile queues for the next turn. At most one turn is under way, so every
//! decision stands on what is durable, and an answer, a refusal or a frame never tells of something
//! that may still be lost. The bids of a turn share one commit, so waiting costs a hot lot nothing:
//! its turns only get larger.

use std::{collections::HashSet, time::Duration};

use blytz_core::{
    AuctionId, BidId, StreamId, Timestamp, UserId,
    auction::{Auction, log::Head, recall},
    wire::{
        ErrorCode,
        auction::{BidAnswer, LogEntry},
    },
};
use tokio::sync::mpsc;

use super::{
    committer::{Struck, Unwritten},
    news::News,
    refusals::Refusals,
    request::{Act, Bid, Copied, Request},
    shared::Shared,
    store, streams,
    turn::{Known, Outcome, Told, Turn},
};
use crate::error::{Error, Result, internal};

/// Requests per turn. More would make the first wait for the last one's decision.
const MAX_TURN: usize = 512;
/// How often a turn is decided anew before its requests are told that it did not work.
const ATTEMPTS: usize = 5;
/// How long a room waits when what is due could not be written.
const RETRY: Duration = Duration::from_secs(1);
/// How long a room without work and without a due time stays in memory.
const IDLE: Duration = Duration::from_mins(1);

/// A room's state between turns: all of it durable.
pub struct Room {
    shared: Shared,
    auction: Auction,
    head: Head,
    stream: Option<StreamId>,
    blocklist: HashSet<UserId>,
    /// Which of the two the database may know better. They are read again when somebody needs them: a
    /// room in which nothing happens costs nobody anything.
    outdated: Outdated,
    refusals: Refusals,
    /// Whether the database may know more than the room does.
    behind: bool,
    /// Whether what is due has to wait for a while: the database did not take it.
    resting: bool,
    /// Whether a batch may stand in the database's log without anybody seeing it.
    doubtful: bool,
    /// Whether the time before the process started is still to be made good for.
    resume: bool,
    inbox: mpsc::Receiver<Request>,
}

/// Copies that are out of date.
#[derive(Debug, Default)]
struct Outdated {
    blocklist: bool,
    stream: bool,
}

impl Room {
    /// Loads an auction from its log. With `resume`, its first turn makes good for the time in which
    /// no process served it.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn load(
        shared: Shared,
        id: AuctionId,
        resume: bool,
        inbox: mpsc::Receiver<Request>,
    ) -> Result<Self, (Error, mpsc::Receiver<Request>)> {
        let Stored { auction, head, stream, blocklist, log: _ } = match read(&shared, id).await {
            Ok(stored) => stored,
            Err(error) => return Err((error, inbox)),
        };
        let (outdated, refusals) = (Outdated::default(), Refusals::default());
        Ok(Self {
            shared,
            auction,
            head,
            stream,
            blocklist,
            outdated,
            refusals,
            behind: false,
            resting: false,
            doubtful: false,
            resume,
            inbox,
        })
    }

    /// Whose lot it is.
    pub const fn seller_id(&self) -> UserId {
        self.auction.seller_id()
    }

    /// Serves the auction until it has been idle for a while.
    pub async fn run(mut self) {
        if self.resume {
            self.turn(Vec::new()).await;
        }
        let mut queued = Vec::new();
        loop {
            let due = self.auction.poll_timeout();
            let (again, clock) = (self.behind || self.resting, self.shared.clock.clone());
            let timer = async {
                match due {
                    // The database did not take something; it is asked again, but not without a pause.
                    _ if again => tokio::time::sleep(RETRY).await,
                    Some(due) => clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let idle = async {
                if again || due.is_some() {
                    std::future::pending::<()>().await;
                } else {
                    tokio::time::sleep(IDLE).await;
                }
            };
            tokio::select! {
                received = self.inbox.recv_many(&mut queued, MAX_TURN) => {
                    if received == 0 {
                        return;
                    }
                    self.serve(std::mem::take(&mut queued)).await;
                }
                () = timer => self.turn(Vec::new()).await,
                () = idle => self.leave(),
                () = self.shared.shutdown.cancelled(), if self.inbox.is_empty() && !self.inbox.is_closed() => {
                    self.leave();
                }
            }
        }
    }

    /// Takes no new requests; those in the inbox are still served.
    fn leave(&mut self) {
        self.shared.forget(self.head.auction_id);
        self.inbox.close();
    }

    /// Splits what has queued into turns.
    async fn serve(&mut self, queued: Vec<Request>) {
        metrics::histogram!("blytz_room_queue").record((queued.len() + self.inbox.len()) as f64);
        let mut turn = Vec::new();
        for request in queued {
            if let Request::Changed(copied) = request {
                match copied {
                    Copied::Blocklist => self.outdated.blocklist = true,
                    Copied::Show => self.outdated.stream = true,
                }
            } else if request.stands_alone() {
                self.turn(std::mem::take(&mut turn)).await;
                self.turn(vec![request]).await;
            } else {
                turn.push(request);
            }
        }
        if !turn.is_empty() {
            self.turn(turn).await;
        }
    }

    /// Decides, commits, and only then answers and tells. What could not be committed is decided
    /// again, from what the database holds by then if that may have changed.
    async fn turn(&mut self, mut requests: Vec<Request>) {
        let mut last = Unwritten::Refused;
        self.resting = false;
        for _ in 0..ATTEMPTS {
            let outcome = match self.catch_up().await {
                Ok(()) => self.attempt(&mut requests).await,
                Err(error) => Err(TurnError::Fatal(error)),
            };
            match outcome {
                Ok(()) => return,
                Err(TurnError::Again(Unwritten::ShowEnded)) => {
                    return refuse_all(requests, &streams::not_live("The show has ended; no lot of it can open."));
                }
                // Whoever asks again waits no longer than whoever would ask by then.
                Err(TurnError::Again(Unwritten::Unavailable)) => {
                    self.resting = true;
                    let error = if last == Unwritten::Unknown { super::outcome_unknown() } else { unwritten() };
                    return refuse_all(requests, &error);
                }
                Err(TurnError::Again(failure)) => {
                    self.behind |= matches!(failure, Unwritten::Conflict | Unwritten::Unknown);
                    self.doubtful |= failure == Unwritten::Unknown;
                    last = failure;
                }
                Err(TurnError::Fatal(error)) => {
                    self.behind = true;
                    let error = if last == Unwritten::Unknown { super::outcome_unknown() } else { error };
                    return refuse_all(requests, &error);
                }
            }
        }
        // What is due is tried again after a pause.
        self.behind = true;
        let error = match last {
            Unwritten::Unknown => super::outcome_unknown(),
            _ => unwritten(),
        };
        refuse_all(requests, &error);
    }

    async fn attempt(&mut self, requests: &mut Vec<Request>) -> Result<(), TurnError> {
        self.refresh(requests).await?;
        let known = self.known(requests).await?;
        let now = self.shared.clock.now();
        let mut turn = Turn::new(now, &self.auction, &self.head, &known);
        turn.tick(self.resume);
        let told: Vec<Told> = requests.iter().map(|request| self.decide(&mut turn, request)).collect();
        let Outcome { auction, head, entries, answers, struck, batch } = turn.conclude(&self.shared.signer)?;
        if let Some(batch) = batch {
            self.shared.committer.commit(batch).await.map_err(TurnError::Again)?;
        }
        let before = std::mem::replace(&mut self.auction, auction);
        self.head = head;
        self.resume = false;
        self.tell(&entries, &before, struck, now);
        self.answer(std::mem::take(requests), told, &answers, now);
        Ok(())
    }

    /// Brings copies that are out of date up to date, where a decision needs them.
    async fn refresh(&mut self, requests: &[Request]) -> Result<()> {
        if self.outdated.blocklist && requests.iter().any(|request| matches!(request, Request::Bid(_))) {
            self.blocklist = store::blocklist(&self.shared.db, self.auction.seller_id()).await?;
            self.outdated.blocklist = false;
        }
        if self.outdated.stream {
            self.stream = stream_of(&self.shared, self.head.auction_id).await?;
            self.outdated.stream = false;
        }
        Ok(())
    }

    /// What the database knows of what is asked.
    async fn known(&self, requests: &[Request]) -> Result<Known> {
        let (db, id) = (&self.shared.db, self.head.auction_id);
        let mut known = Known::default();
        let ids: Vec<BidId> = requests
            .iter()
            .filter_map(|request| match request {
                Request::Bid(bid) => Some(bid.id),
                _ => None,
            })
            .collect();
        if !ids.is_empty() {
            known.bids = store::known_bids(db, id, &ids).await?;
        }
        if requests.iter().any(|request| matches!(request, Request::Act { act: Act::Void { .. }, .. })) {
            known.ledger = store::ledger(db, id).await?;
        }
        Ok(known)
    }

    fn decide(&self, turn: &mut Turn<'_>, request: &Request) -> Told {
        let blocked = matches!(request, Request::Bid(bid) if self.blocklist.contains(&bid.bidder));
        turn.decide(request, blocked, &self.refusals)
    }

    fn answer(&mut self, requests: Vec<Request>, told: Vec<Told>, answers: &[BidAnswer], now: Timestamp) {
        self.refusals.forget_before(now);
        for (request, told) in requests.into_iter().zip(told) {
            match (request, told) {
                (Request::Bid(bid), told) => self.answer_bid(bid, told, answers, now),
                (Request::Act { reply, .. }, Told::Refused(error)) => drop(reply.send(Err(error))),
                (Request::Act { reply, .. }, _) => drop(reply.send(Ok(()))),
                (Request::Changed(_), _) => {}
            }
        }
    }

    fn answer_bid(&mut self, bid: Bid, told: Told, answers: &[BidAnswer], now: Timestamp) {
        let answer = match told {
            Told::Accepted(index) => {
                let answer = answers[index].clone();
                metrics::counter!("blytz_bids_total", "outcome" => outcome_name(&answer)).increment(1);
                Ok(answer)
            }
            Told::Echo(index) => Ok(BidAnswer { replayed: true, ..answers[index].clone() }),
            Told::Replayed(answer) => Ok(BidAnswer { replayed: true, ..*answer }),
            Told::Refused(error) => {
                metrics::counter!("blytz_bids_refused_total", "code" => error.code().as_str()).increment(1);
                if error.code() != ErrorCode::IdempotencyMismatch {
                    self.refusals.note((bid.bidder, bid.id, recall::fingerprint(bid.kind)), &error, now);
                }
                Err(error)
            }
            Told::Done => Err(internal("a bid was answered as something else")),
        };
        drop(bid.reply.send(answer));
    }

    fn tell(&self, entries: &[LogEntry], before: &Auction, struck: Option<Struck>, at: Timestamp) {
        let news = News { id: self.head.auction_id, hub: &self.shared.hub, stream: self.stream, at };
        news.tell(entries, &before.public(at), self.auction.status(), struck);
    }

    /// Takes up what the database holds, if that may be more than the room knows. Events of ours
    /// whose commit was in doubt and that stand there after all are told now; who has them already
    /// knows them by their seq.
    async fn catch_up(&mut self) -> Result<()> {
        if !self.behind {
            return Ok(());
        }
        if self.doubtful {
            let settled = self.shared.db.settle(self.shared.clock.now()).await;
            settled.map_err(|_| super::outcome_unknown())?;
            self.doubtful = false;
        }
        let known = self.head.seq;
        let stored = read(&self.shared, self.head.auction_id).await?;
        let before = std::mem::replace(&mut self.auction, stored.auction);
        (self.head, self.stream, self.blocklist) = (stored.head, stored.stream, stored.blocklist);
        (self.outdated, self.behind) = (Outdated::default(), false);
        let missed: Vec<LogEntry> = stored.log.into_iter().filter(|entry| entry.seq > known).collect();
        self.tell(&missed, &before, None, self.shared.clock.now());
        Ok(())
    }
}

/// Why a turn came to nothing.
enum TurnError {
    /// It may work from what the database holds now.
    Again(Unwritten),
    /// It will not.
    Fatal(Error),
}

impl From<Error> for TurnError {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

fn unwritten() -> Error {
    Error::unavailable("The auction could not be written to; ask again with the same id.")
}

fn refuse_all(requests: Vec<Request>, error: &Error) {
    for request in requests {
        request.refuse(error.clone());
    }
}

const fn outcome_name(answer: &BidAnswer) -> &'static str {
    use blytz_core::wire::auction::BidOutcome;
    match answer.outcome {
        BidOutcome::Leading => "leading",
        BidOutcome::Outbid => "outbid",
        BidOutcome::Won => "won",
        BidOutcome::Sealed => "sealed",
    }
}

/// An auction as the database holds it.
struct Stored {
    auction: Auction,
    head: Head,
    stream: Option<StreamId>,
    blocklist: HashSet<UserId>,
    log: Vec<LogEntry>,
}

async fn read(shared: &Shared, id: AuctionId) -> Result<Stored> {
    let stream = stream_of(shared, id).await?;
    let log = store::whole_log(&shared.db, id).await?;
    let last = log.last().map(|(entry, _)| (entry.seq, entry.hash.clone()));
    let (seq, hash) = last.ok_or_else(|| internal("an auction without a log"))?;
    let auction = Auction::fold(id, log.iter().map(|(_, event)| event)).map_err(internal)?;
    let blocklist = store::blocklist(&shared.db, auction.seller_id()).await?;
    let log = log.into_iter().map(|(entry, _)| entry).collect();
    Ok(Stored { auction, head: Head { auction_id: id, seq, hash }, stream, blocklist, log })
}

/// The show that the auction is in.
async fn stream_of(shared: &Shared, id: AuctionId) -> Result<Option<StreamId>> {
    let lot = store::lot(&shared.db, id).await?.ok_or_else(Error::not_found)?;
    Ok(lot.stream_id)
}
