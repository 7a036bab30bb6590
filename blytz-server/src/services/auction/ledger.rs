//! Auctions as a kind of channel: what a room of the machine has to know of them.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use blytz_core::{
    AuctionId, BidId, Timestamp, UserId,
    auction::{Auction, Event, Outage, Snapshot, log::Head, receipt::Signers},
    wire::{
        ErrorCode,
        auction::{AuctionStatus, BidAnswer, BidOutcome, Item, LogEntry},
    },
};

use super::{
    batch::{self, Batch},
    held::{Held, Known, KnownBids},
    refusals::Refusals,
    request::{Act, Answer, Request},
    turn::{Outcome, Turn},
};
use crate::{
    channel::{Decided, Entry, Ledger, Moment, Unwritten, Verdicts},
    error::{Error, Result, internal},
    platform::hub::Topic,
};

/// After how many events a state is kept: reading so many takes a few milliseconds.
const KEEP_AFTER: u64 = 1_000;

/// Where auctions are kept.
pub trait LotStore: Send + Sync + 'static {
    /// A transaction that has begun.
    type Tx: Send;

    /// The newest state that is kept of an auction, if one is.
    fn snapshot(&self, id: AuctionId) -> impl Future<Output = Result<Option<Snapshot>>> + Send;

    /// Keeps the state at a head.
    fn keep(&self, head: &Head, snapshot: Snapshot) -> impl Future<Output = Result<()>> + Send;

    /// The next events of a log with their sealed parts, in order; empty at its end.
    fn log_page(&self, id: AuctionId, after: u64) -> impl Future<Output = Result<Vec<(LogEntry, Event)>>> + Send;

    /// The next events of a log as everybody sees them; empty at its end.
    fn entries_after(&self, id: AuctionId, after: u64) -> impl Future<Output = Result<Vec<Entry>>> + Send;

    /// As [`Ledger::head`].
    fn head(&self, id: AuctionId) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// The log's hash at a seq.
    fn hash_at(&self, id: AuctionId, seq: u64) -> impl Future<Output = Result<Option<String>>> + Send;

    /// Those of these bids that were accepted before.
    fn known_bids(&self, id: AuctionId, asked: &[BidId]) -> impl Future<Output = Result<KnownBids>> + Send;

    /// What a lot sells.
    fn item(&self, id: AuctionId) -> impl Future<Output = Result<Item>> + Send;

    /// Whether a seller's account is suspended.
    fn is_suspended(&self, seller: UserId) -> impl Future<Output = Result<bool>> + Send;

    /// Whom a seller has blocked.
    fn blocklist(&self, seller: UserId) -> impl Future<Output = Result<Arc<HashSet<UserId>>>> + Send;

    /// As [`Ledger::due`].
    fn due(
        &self,
        until: Timestamp,
        after: Option<(Timestamp, AuctionId)>,
    ) -> impl Future<Output = Result<Vec<(Timestamp, AuctionId)>>> + Send;

    /// As [`Ledger::met_by`].
    fn met_by(&self, outage: Outage) -> impl Future<Output = Result<Vec<AuctionId>>> + Send;

    /// As [`Ledger::begin`].
    fn begin(&self) -> impl Future<Output = Result<Self::Tx, Unwritten>> + Send;

    /// As [`Ledger::hold`].
    fn hold(&self, id: AuctionId) -> impl Future<Output = Result<Option<Self::Tx>, Unwritten>> + Send;

    /// As [`Ledger::write`].
    fn write(&self, tx: Self::Tx, batches: &[Arc<Batch>]) -> impl Future<Output = Verdicts> + Send;
}

/// Every auction of a store.
pub struct LotLedger<S> {
    store: S,
    signers: Arc<Signers>,
    refusals: Mutex<Refusals>,
}

impl<S: LotStore> LotLedger<S> {
    pub fn new(store: S, signers: Arc<Signers>) -> Self {
        Self { store, signers, refusals: Mutex::default() }
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn log_after(&self, id: AuctionId, mut seq: u64) -> Result<Vec<(u64, Event)>> {
        let mut log = Vec::new();
        loop {
            let page = self.store.log_page(id, seq).await?;
            let Some((last, _)) = page.last() else { return Ok(log) };
            seq = last.seq;
            log.extend(page.into_iter().map(|(entry, event)| (entry.seq, event)));
        }
    }

    /// The newest state that can be used, or the one after the first event.
    async fn earlier(&self, id: AuctionId) -> Result<Held> {
        if let Some(snapshot) = self.store.snapshot(id).await? {
            match snapshot.restore(id) {
                Ok((auction, head)) => {
                    return Ok(Held { kept: head.seq, auction, head, resumed: None, postponed: None });
                }
                Err(error) => tracing::debug!(%error, auction = %id, "a state is read from the log instead"),
            }
        }
        let page = self.store.log_page(id, 0).await?;
        let (entry, event) = page.first().ok_or_else(Error::not_found)?;
        let auction = Auction::fold(id, [event]).map_err(internal)?;
        let head = Head { auction_id: id, seq: entry.seq, hash: entry.hash.clone() };
        Ok(Held { auction, head, kept: 0, resumed: None, postponed: None })
    }
}

impl<S: LotStore> Ledger for LotLedger<S> {
    type Id = AuctionId;
    type State = Held;
    type Command = Request;
    type Answer = Answer;
    type Known = Known;
    type Batch = Batch;
    type Tx = S::Tx;

    const NAME: &'static str = "auction";
    const QUEUE: usize = 4_096;
    const TURN: usize = 512;

    fn topic(&self, id: AuctionId) -> Topic {
        Topic::Auction(id)
    }

    async fn read(&self, id: AuctionId, from: Option<Held>) -> Result<Held> {
        let mut held = match from {
            Some(held) => held,
            None => self.earlier(id).await?,
        };
        loop {
            let page = self.store.log_page(id, held.head.seq).await?;
            let Some((last, _)) = page.last() else { return Ok(held) };
            held.head = Head { auction_id: id, seq: last.seq, hash: last.hash.clone() };
            for (_, event) in &page {
                held.auction.apply(event).map_err(internal)?;
            }
        }
    }

    fn seq(&self, held: &Held) -> u64 {
        held.head.seq
    }

    async fn head(&self, id: AuctionId) -> Result<Option<u64>> {
        self.store.head(id).await
    }

    async fn events_after(&self, id: AuctionId, seq: u64) -> Result<Vec<Entry>> {
        self.store.entries_after(id, seq).await
    }

    async fn known(&self, held: &Held, requests: &[Request]) -> Result<Known> {
        let id = held.head.auction_id;
        let mut known = Known::default();
        let mut asked = Vec::new();
        for request in requests {
            match request {
                Request::Bid(bid) => asked.push(bid.id),
                Request::Act(Act::Void(voiding)) => {
                    known.since = self.log_after(id, voiding.so_far.seq).await?;
                }
                Request::Act(Act::Amend { .. }) => known.item = Some(self.store.item(id).await?),
                Request::Act(_) => {}
            }
        }
        if held.auction.status() == AuctionStatus::Scheduled {
            known.seller_suspended = self.store.is_suspended(held.auction.seller_id()).await?;
        }
        if !asked.is_empty() {
            known.bids = self.store.known_bids(id, &asked).await?;
            known.blocked = self.store.blocklist(held.auction.seller_id()).await?;
            known.refused = self.refusals().of(id, requests.iter().filter_map(Request::bid));
        }
        Ok(known)
    }

    /// A void is decided on the log's bids, which must not change meanwhile; an amendment writes more
    /// than events; and an opening that its show forbids takes no bid with it.
    fn stands_alone(&self, request: &Request) -> bool {
        matches!(request, Request::Act(Act::Void(_) | Act::Amend { .. } | Act::Open))
    }

    fn decide(&self, held: &Held, moment: &Moment, requests: &[Request], known: &Known) -> Result<Decided<Self>> {
        let mut turn = Turn::new(moment, held, known);
        turn.tick();
        let told = requests.iter().map(|request| turn.decide(request)).collect();
        let Outcome { auction, head, answers, batch, events, news, postponed } = turn.conclude(told)?;
        let resumed = moment.outages.last().map(|outage| outage.to).or(held.resumed);
        let state = Held { auction, head, kept: held.kept, resumed, postponed };
        Ok(Decided { state, answers, batch, events, news })
    }

    fn due_at(&self, held: &Held) -> Option<Timestamp> {
        held.auction.poll_timeout().map(|due| held.postponed.map_or(due, |postponed| due.max(postponed)))
    }

    async fn begin(&self) -> Result<S::Tx, Unwritten> {
        self.store.begin().await
    }

    async fn hold(&self, id: AuctionId) -> Result<Option<S::Tx>, Unwritten> {
        self.store.hold(id).await
    }

    fn seal(&self, batches: &[Arc<Batch>]) {
        batch::seal(&self.signers, batches);
    }

    async fn write(&self, tx: S::Tx, batches: &[Arc<Batch>]) -> Verdicts {
        self.store.write(tx, batches).await
    }

    /// A hash is of everything up to it.
    async fn has(&self, batch: &Batch) -> Result<bool> {
        let hash = self.store.hash_at(batch.to.auction_id, batch.to.seq).await?;
        Ok(hash.as_ref() == Some(&batch.to.hash))
    }

    fn answered(&self, id: AuctionId, request: &Request, answer: &Result<Answer>, at: Timestamp) {
        let Request::Bid(bid) = request else { return };
        match answer {
            Ok(Answer::Bid(answer)) if !answer.replayed => {
                metrics::counter!("blytz_bids_total", "outcome" => outcome_name(answer)).increment(1);
            }
            Ok(_) => {}
            Err(error) => {
                metrics::counter!("blytz_bids_refused_total", "code" => error.code().as_str()).increment(1);
                if is_refusal(error) {
                    self.refusals().note(id, bid.refused(), error, at);
                }
            }
        }
    }

    async fn due(
        &self,
        until: Timestamp,
        after: Option<(Timestamp, AuctionId)>,
    ) -> Result<Vec<(Timestamp, AuctionId)>> {
        self.store.due(until, after).await
    }

    async fn met_by(&self, outage: Outage) -> Result<Vec<AuctionId>> {
        self.store.met_by(outage).await
    }

    fn kept(&self, held: &Held) -> u64 {
        held.kept
    }

    /// Of a sealed lot every bidder's stake is kept.
    fn keeps_after(&self, held: &Held) -> u64 {
        KEEP_AFTER.max(held.auction.stakes() as u64)
    }

    async fn keep(&self, held: Held) -> Result<()> {
        self.store.keep(&held.head, Snapshot::of(&held.auction, &held.head)).await
    }
}

/// Whether the room has said no to a bid, in contrast to nothing, or to somebody else's bid. Where there
/// is no auction there is nobody to say no, and nothing to remember of it.
fn is_refusal(error: &Error) -> bool {
    !matches!(
        error.code(),
        ErrorCode::IdempotencyMismatch
            | ErrorCode::NotFound
            | ErrorCode::Unavailable
            | ErrorCode::OutcomeUnknown
            | ErrorCode::Internal
    )
}

const fn outcome_name(answer: &BidAnswer) -> &'static str {
    match answer.outcome {
        BidOutcome::Leading => "leading",
        BidOutcome::Outbid => "outbid",
        BidOutcome::Won => "won",
        BidOutcome::Sealed => "sealed",
    }
}
