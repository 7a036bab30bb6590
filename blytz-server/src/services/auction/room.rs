//! A room: the only writer of one auction in this process.
//!
//! It takes everything that has queued, decides it in one turn, hands the turn to the committer and
//! waits; what arrives meanwhile queues for the next turn. At most one turn is under way, so every
//! decision stands on what is durable, and an answer, a refusal or a frame never tells of something
//! that may still be lost. The bids of a turn share one commit, so waiting costs a hot lot nothing:
//! its turns only get larger.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use blytz_core::{
    AuctionId, BidId, Money, StreamId, Timestamp, UserId,
    auction::{Auction, log::Head, recall},
    wire::{
        auction::{AuctionStatus, BidAnswer, EventData, LogEntry},
        live::UpdateData,
    },
};
use tokio::sync::mpsc;

use super::{
    committer::Failure,
    refusals::Refusals,
    request::{Act, Bid, Request},
    rooms::Shared,
    store::{self, KnownBid},
    turn::{Turn, Verdict},
};
use crate::{
    error::{Error, Result, internal},
    live::{Topic, hub::event_frame},
};
use blytz_core::{wire::ErrorCode, wire::live::Channel};

/// Requests per turn. More would make the first wait for the last one's decision.
const MAX_TURN: usize = 512;
/// Requests that may wait for a room; one more is told to come back.
pub(super) const MAX_QUEUED: usize = 4_096;
/// How often a turn is decided anew before its requests are told that it did not work.
const ATTEMPTS: usize = 5;
/// How long a room waits when what is due could not be written.
const RETRY: Duration = Duration::from_secs(1);
/// How long a room without work and without a due time stays in memory.
const IDLE: Duration = Duration::from_secs(60);

/// A room's state between turns: all of it durable.
pub(super) struct Room {
    shared: Shared,
    auction: Auction,
    head: Head,
    stream: Option<StreamId>,
    blocklist: HashSet<UserId>,
    refusals: Refusals,
    inbox: mpsc::Receiver<Request>,
}

impl Room {
    /// Loads an auction from its log.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(super) async fn load(
        shared: Shared,
        id: AuctionId,
        inbox: mpsc::Receiver<Request>,
    ) -> Result<Self, (Error, mpsc::Receiver<Request>)> {
        match read(&shared, id).await {
            Ok(Stored { auction, head, stream, blocklist, log: _ }) => {
                Ok(Self { shared, auction, head, stream, blocklist, refusals: Refusals::default(), inbox })
            }
            Err(error) => Err((error, inbox)),
        }
    }

    /// Serves the auction until it has been idle for a while. With `resume`, first makes good for
    /// the time in which no process served it.
    pub(super) async fn run(mut self, resume: bool) {
        if resume {
            self.turn(Vec::new(), true).await;
        }
        let mut queued = Vec::new();
        loop {
            let due = self.auction.poll_timeout();
            let clock = self.shared.clock.clone();
            let timer = async {
                match due {
                    Some(due) => clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let idle = async {
                match due {
                    Some(_) => std::future::pending().await,
                    None => tokio::time::sleep(IDLE).await,
                }
            };
            tokio::select! {
                received = self.inbox.recv_many(&mut queued, MAX_TURN) => {
                    if received == 0 {
                        return;
                    }
                    self.serve(std::mem::take(&mut queued)).await;
                }
                () = timer => if !self.turn(Vec::new(), false).await {
                    // The database does not take it now; it is asked again, but not without end.
                    tokio::time::sleep(RETRY).await;
                },
                () = idle => {
                    self.shared.forget(self.head.auction_id);
                    self.inbox.close();
                }
                () = self.shared.shutdown.cancelled(), if self.inbox.is_empty() && !self.inbox.is_closed() => {
                    self.shared.forget(self.head.auction_id);
                    self.inbox.close();
                }
            }
        }
    }

    /// Splits what has queued into turns.
    async fn serve(&mut self, queued: Vec<Request>) {
        metrics::histogram!("blytz_room_queue").record((queued.len() + self.inbox.len()) as f64);
        let mut turn = Vec::new();
        for request in queued {
            if request.stands_alone() {
                self.turn(std::mem::take(&mut turn), false).await;
                self.turn(vec![request], false).await;
            } else {
                turn.push(request);
            }
        }
        if !turn.is_empty() {
            self.turn(turn, false).await;
        }
    }

    /// Decides, commits, and only then answers and tells. What could not be committed is decided
    /// again from what the database holds by then. Says whether it came to an end.
    async fn turn(&mut self, mut requests: Vec<Request>, resume: bool) -> bool {
        let mut last = Failure::Refused;
        for attempt in 0..ATTEMPTS {
            let reloaded = if attempt == 0 { Ok(()) } else { self.reload().await };
            let outcome = match reloaded {
                Ok(()) => self.attempt(&mut requests, resume).await,
                Err(error) => Err(TurnError::Fatal(error)),
            };
            match outcome {
                Ok(()) => return true,
                Err(TurnError::Again(failure)) => last = failure,
                Err(TurnError::Fatal(_)) if last == Failure::Unknown => break,
                Err(TurnError::Fatal(error)) => {
                    refuse_all(requests, &error);
                    return false;
                }
            }
        }
        let error = match last {
            Failure::Unknown => super::outcome_unknown(),
            _ => Error::unavailable("The auction could not be written to; ask again with the same id."),
        };
        refuse_all(requests, &error);
        false
    }

    async fn attempt(&mut self, requests: &mut Vec<Request>, resume: bool) -> Result<(), TurnError> {
        self.prepare(requests).await?;
        let known = self.known(requests).await?;
        let now = self.shared.clock.now();
        let mut turn = Turn::new(now, &self.auction, &self.head, &known);
        turn.tick(resume);
        let verdicts: Vec<Verdict> = requests.iter().map(|request| self.verdict(&mut turn, request, now)).collect();
        if !turn.is_empty() {
            let receipt = self.shared.signer.sign(&turn.head);
            let batch = turn.batch(&receipt)?;
            self.shared.committer.commit(batch).await.map_err(TurnError::Again)?;
        }
        let Turn { auction, head, entries, accepted, struck, .. } = turn;
        let before = std::mem::replace(&mut self.auction, auction);
        self.head = head;
        self.tell(&entries, &before, now);
        self.tell_struck(struck, now);
        self.answer(std::mem::take(requests), verdicts, &accepted, now);
        Ok(())
    }

    /// Brings in what a decision needs from the database.
    async fn prepare(&mut self, requests: &mut [Request]) -> Result<()> {
        for request in requests {
            match request {
                Request::Refresh => {
                    self.blocklist = store::blocklist(&self.shared.db, self.auction.seller_id()).await?;
                    self.stream = stream_of(&self.shared, self.head.auction_id).await?;
                }
                Request::Act { act: Act::Void { log, .. }, .. } => {
                    let whole = store::whole_log(&self.shared.db, self.head.auction_id).await?;
                    *log = whole.into_iter().map(|(_, event)| event).collect();
                }
                Request::Act { .. } | Request::Bid(_) => {}
            }
        }
        Ok(())
    }

    async fn known(&self, requests: &[Request]) -> Result<HashMap<(UserId, BidId), KnownBid>> {
        let ids: Vec<BidId> = requests
            .iter()
            .filter_map(|request| match request {
                Request::Bid(bid) => Some(bid.id),
                _ => None,
            })
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(store::known_bids(&self.shared.db, self.head.auction_id, &ids).await?)
    }

    fn verdict(&self, turn: &mut Turn<'_>, request: &Request, now: Timestamp) -> Verdict {
        let Request::Bid(bid) = request else { return turn.decide(request, false) };
        let fingerprint = recall::fingerprint(bid.kind);
        if let Some(error) = self.refusals.find(bid.bidder, bid.id, &fingerprint, now) {
            return Verdict::Refused(error.clone());
        }
        turn.decide(request, self.blocklist.contains(&bid.bidder))
    }

    fn answer(
        &mut self,
        requests: Vec<Request>,
        verdicts: Vec<Verdict>,
        accepted: &[super::turn::Accepted],
        now: Timestamp,
    ) {
        self.refusals.forget_before(now);
        for (request, verdict) in requests.into_iter().zip(verdicts) {
            match (request, verdict) {
                (Request::Bid(bid), verdict) => self.answer_bid(bid, verdict, accepted, now),
                (Request::Act { reply, .. }, Verdict::Refused(error)) => drop(reply.send(Err(error))),
                (Request::Act { reply, .. }, _) => drop(reply.send(Ok(()))),
                (Request::Refresh, _) => {}
            }
        }
    }

    fn answer_bid(&mut self, bid: Bid, verdict: Verdict, accepted: &[super::turn::Accepted], now: Timestamp) {
        let answer = match verdict {
            Verdict::Accepted(index) => {
                let answer = accepted[index].answer.clone();
                metrics::counter!("blytz_bids_total", "outcome" => outcome_name(&answer)).increment(1);
                Ok(answer)
            }
            Verdict::Echo(index) => Ok(BidAnswer { replayed: true, ..accepted[index].answer.clone() }),
            Verdict::Replayed(answer) => Ok(BidAnswer { replayed: true, ..*answer }),
            Verdict::Refused(error) => {
                metrics::counter!("blytz_bids_refused_total", "code" => error.code().as_str()).increment(1);
                if error.code() != ErrorCode::IdempotencyMismatch {
                    self.refusals.note(bid.bidder, bid.id, recall::fingerprint(bid.kind), &error, now);
                }
                Err(error)
            }
            Verdict::Done => Err(internal("a bid was answered as something else")),
        };
        drop(bid.reply.send(answer));
    }

    /// Tells everybody who watches, in the order of the log.
    fn tell(&self, entries: &[LogEntry], before: &Auction, now: Timestamp) {
        let id = self.head.auction_id;
        let hub = &self.shared.hub;
        let frame = |entry: &LogEntry| {
            let json = serde_json::to_string(entry).unwrap_or_default();
            (entry.seq, event_frame(Channel::Auction(id), &json))
        };
        hub.publish(Topic::Auction(id), entries.iter().map(frame));
        for entry in entries {
            self.tell_winner(entry);
        }
        let (was, is) = (before.public(now), self.auction.public(now));
        if was.status != is.status
            && let Some(stream) = self.stream
        {
            hub.update(Topic::Stream(stream), UpdateData::Lot { auction_id: id, status: is.status }, now);
        }
        if let (Some(outbid), AuctionStatus::Live | AuctionStatus::Sold) = (was.leader, is.status)
            && is.leader != Some(outbid)
        {
            self.tell_outbid(outbid, is.price, is.next_minimum, now);
        }
    }

    fn tell_outbid(&self, user: UserId, price: Option<Money>, next_minimum: Option<Money>, at: Timestamp) {
        let news = UpdateData::Outbid { auction_id: self.head.auction_id, price, next_minimum };
        self.shared.hub.update(Topic::User(user), news, at);
    }

    fn tell_winner(&self, entry: &LogEntry) {
        let auction_id = self.head.auction_id;
        if let EventData::Closed { winner: Some(winner), price: Some(price), .. } = &entry.data {
            let news = UpdateData::Won { auction_id, price: *price };
            self.shared.hub.update(Topic::User(*winner), news, entry.at);
        }
    }

    fn tell_struck(&self, struck: Option<(UserId, Vec<BidId>)>, at: Timestamp) {
        let auction_id = self.head.auction_id;
        let Some((bidder, struck)) = struck else { return };
        for bid_id in struck {
            self.shared.hub.update(Topic::User(bidder), UpdateData::BidVoided { auction_id, bid_id }, at);
        }
    }

    /// Takes up what the database holds. Events of ours whose commit was in doubt and that stand
    /// there after all are told now; who has them already knows them by their seq.
    async fn reload(&mut self) -> Result<()> {
        let known = self.head.seq;
        let stored = read(&self.shared, self.head.auction_id).await?;
        let before = std::mem::replace(&mut self.auction, stored.auction);
        (self.head, self.stream, self.blocklist) = (stored.head, stored.stream, stored.blocklist);
        let missed: Vec<LogEntry> = stored.log.into_iter().filter(|entry| entry.seq > known).collect();
        self.tell(&missed, &before, self.shared.clock.now());
        Ok(())
    }
}
/// Why a turn came to nothing.
enum TurnError {
    /// It may work from what the database holds now.
    Again(Failure),
    /// It will not.
    Fatal(Error),
}

impl From<Error> for TurnError {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
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
    Ok(lot.stream_id.map(StreamId))
}
