//! One turn of a room: what it decides for everything that has queued, before any of it is said.
//!
//! A turn works on a copy of the auction. Only when its batch is durable does the copy become the
//! room's auction, and only then is anybody told.

use std::collections::HashMap;

use blytz_core::{
    AuctionId, BidId, Money, Timestamp, UserId,
    auction::{
        Auction, BidKind, Command, Event, MAX_STRUCK, Nonce, Outage, Rejection, Sealed, Standing, Unstruck, log::Head,
        recall, receipt::Signer,
    },
    wire::{
        auction::{AuctionStatus, BidAnswer, BidOutcome, EventData, LogEntry, Receipt},
        live::UpdateData,
    },
};

use super::{
    batch::{Batch, Effect, Struck},
    held::{Held, Known},
    news, refusals,
    request::{Act, Answer, Bid, RefusedBid, Request, SoFar},
    state::{StoredRules, StoredState, json},
    store::{Amount, NewBid, NewEvent},
};
use crate::{
    channel::{Entry, Moment},
    clock::Chance,
    error::{Error, Result, internal},
};

/// What a request will be told once the batch is durable.
pub enum Told {
    /// A bid was accepted; the index of its answer among the turn's.
    Accepted(usize),
    /// It had been accepted before.
    Replayed(Box<BidAnswer>),
    /// A bid of this very turn had the same id and body.
    Echo(usize),
    /// Another command was carried out.
    Done,
    /// It was refused.
    Refused(Error),
}

/// A bid that this turn accepted, and what its own event says became of it.
struct Accepted {
    bidder: UserId,
    bid_id: BidId,
    amount: Amount,
    fingerprint: String,
    /// Its event, among the turn's.
    entry: usize,
    outcome: BidOutcome,
    price: Option<Money>,
    leader: Option<UserId>,
    next_minimum: Option<Money>,
    closes_at: Timestamp,
}

/// What a turn came to: the state after it, and what is to be written, answered and told.
pub struct Outcome {
    pub auction: Auction,
    pub head: Head,
    /// One per request.
    pub answers: Vec<Result<Answer>>,
    /// None when nothing happened.
    pub batch: Option<Batch>,
    pub events: Vec<Entry>,
    pub news: Vec<(UserId, UpdateData)>,
}

/// What a turn has decided so far.
pub struct Turn<'a> {
    now: Timestamp,
    chance: &'a Chance,
    /// What the lot was not yet asked to make good for.
    outages: &'a [Outage],
    held: &'a Held,
    head: Head,
    auction: Auction,
    known: &'a Known,
    entries: Vec<LogEntry>,
    sealed: Vec<Option<Sealed>>,
    accepted: Vec<Accepted>,
    /// Bids refused in this turn: a copy of one in the same turn must not win either.
    refused: HashMap<RefusedBid, Error>,
    effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    /// A turn at a moment, from where the room stands.
    pub fn new(moment: &'a Moment, held: &'a Held, known: &'a Known) -> Self {
        let before = moment.outages.partition_point(|outage| held.resumed.is_some_and(|resumed| outage.to <= resumed));
        Self {
            now: moment.now,
            chance: &moment.chance,
            outages: &moment.outages[before..],
            held,
            head: held.head.clone(),
            auction: held.auction.clone(),
            known,
            entries: Vec::new(),
            sealed: Vec::new(),
            accepted: Vec::new(),
            refused: HashMap::new(),
            effects: Vec::new(),
        }
    }

    /// Makes good for outages, and opens or closes what is due then, before anybody is heard.
    pub fn tick(&mut self) {
        for outage in self.outages {
            // Neither this nor the tick is ever refused: without anything due they do nothing.
            let _ = self.run(Command::Resume(*outage));
        }
        if self.auction.poll_timeout().is_some_and(|due| due <= self.now) {
            let _ = self.run(Command::Tick);
        }
    }

    /// Decides one request.
    pub fn decide(&mut self, request: &Request) -> Told {
        match request {
            Request::Bid(bid) => self.bid(bid),
            Request::Act(act) => match self.act(act) {
                Ok(()) => Told::Done,
                Err(error) => Told::Refused(error),
            },
        }
    }

    fn bid(&mut self, bid: &Bid) -> Told {
        let same = |known: &str| {
            let known = recall::Known { fingerprint: known.to_owned() };
            recall::recall(&known, &bid.fingerprint).map_err(|rejection| Told::Refused(rejection.into()))
        };
        if let Some(known) = self.known.bids.get(&(bid.bidder, bid.id)) {
            return match same(&known.fingerprint) {
                Ok(()) => Told::Replayed(Box::new(known.answer.clone())),
                Err(refused) => refused,
            };
        }
        let twin = self.accepted.iter().position(|one| one.bidder == bid.bidder && one.bid_id == bid.id);
        if let Some(index) = twin {
            return match same(&self.accepted[index].fingerprint) {
                Ok(()) => Told::Echo(index),
                Err(refused) => refused,
            };
        }
        let key = bid.refused();
        if let Some(error) = self.refused(&key) {
            return Told::Refused(error.clone());
        }
        let command = Command::Bid {
            bidder: bid.bidder,
            bid_id: bid.id,
            bid: bid.kind,
            standing: Standing { suspended: bid.suspended, blocked: self.known.blocked.contains(&bid.bidder) },
            nonce: Nonce::from_bytes(self.chance.bytes()),
        };
        match self.run(command) {
            Ok(first) => self.accept(bid, first),
            Err(rejection) => {
                let error = Error::from(rejection);
                self.refused.insert(key, error.clone());
                Told::Refused(error)
            }
        }
    }

    /// What this very bid was told, in this turn or within the last minute.
    fn refused(&self, bid: &RefusedBid) -> Option<&Error> {
        let before = || self.known.refused.get(bid).filter(|(_, at)| refusals::is_current(*at, self.now));
        self.refused.get(bid).or_else(|| before().map(|(error, _)| error))
    }

    /// Notes what the bid's own event says of it.
    fn accept(&mut self, bid: &Bid, first: usize) -> Told {
        let mut events = (first..).zip(&self.entries[first..]);
        let Some(accepted) = events.find_map(|(entry, event)| self.accepted(bid, entry, event)) else {
            return Told::Refused(internal("an accepted bid has no event of its own"));
        };
        self.accepted.push(accepted);
        Told::Accepted(self.accepted.len() - 1)
    }

    fn accepted(&self, bid: &Bid, entry: usize, event: &LogEntry) -> Option<Accepted> {
        let (outcome, price, leader, next_minimum, closes_at) = match &event.data {
            EventData::Bid { bid_id, outcome, price, leader, next_minimum, closes_at, .. } if *bid_id == bid.id => {
                (*outcome, *price, *leader, *next_minimum, *closes_at)
            }
            EventData::MaxRaised { bid_id, price, leader, next_minimum, .. } if *bid_id == bid.id => {
                let outcome = if self.auction.rules().is_sealed() { BidOutcome::Sealed } else { BidOutcome::Leading };
                (outcome, *price, *leader, *next_minimum, self.auction.closes_at()?)
            }
            _ => return None,
        };
        let amount = match bid.kind {
            BidKind::Exact(amount) => Amount::Exact(amount.amount),
            BidKind::Max(max) => Amount::Max(max.amount),
            BidKind::BuyNow => Amount::Exact(price.map_or(0, |price| price.amount)),
        };
        let (bidder, bid_id, fingerprint) = (bid.bidder, bid.id, bid.fingerprint.clone());
        let told =
            Accepted { bidder, bid_id, amount, fingerprint, entry, outcome, price, leader, next_minimum, closes_at };
        Some(told)
    }

    fn act(&mut self, act: &Act) -> Result<()> {
        let first = self.entries.len();
        if let Some(command) = act.command(&self.auction) {
            self.run(command)?;
        }
        match act {
            Act::Amend { amendment } => {
                let (rules, title) = (StoredRules::of(&self.auction)?, amendment.title.clone());
                self.effects.push(Effect::Amends { rules, title });
            }
            Act::Void { bid_id, bidder, reason, so_far } => {
                let (auction, head) = (self.auction.clone(), self.head.clone());
                if let Err(error) = self.void(*bid_id, *bidder, reason, so_far) {
                    // All of it, or nothing.
                    (self.auction, self.head) = (auction, head);
                    self.entries.truncate(first);
                    self.sealed.truncate(first);
                    return Err(error);
                }
                self.effects.extend(self.struck_since(first).map(Effect::Strikes));
            }
            Act::Open if self.entries.len() > first => self.effects.push(Effect::OpensByHand),
            Act::Open | Act::Cancel { .. } | Act::Tick => {}
        }
        Ok(())
    }

    /// Strikes a bid and all that falls with it. Where that is more than an event can name, in several
    /// voids.
    fn void(&mut self, bid_id: BidId, bidder: Option<UserId>, reason: &str, so_far: &SoFar) -> Result<()> {
        let mut book = so_far.book.clone();
        self.known.since.iter().for_each(|(seq, event)| book.note(*seq, event));
        for fall in book.falls(&self.auction, bid_id, bidder, MAX_STRUCK)? {
            self.run(Command::Void { fall, reason: reason.to_owned() })?;
        }
        Ok(())
    }

    /// What fell, in log order.
    fn struck_since(&self, first: usize) -> Option<Struck> {
        let voids = self.entries[first..].iter().zip(&self.sealed[first..]).rev();
        voids.fold(None, |all: Option<Struck>, (entry, sealed)| {
            let (EventData::Voided { bid_seq, struck, .. }, Some(Sealed::Void { bidder, .. })) = (&entry.data, sealed)
            else {
                return all;
            };
            // The last void is of the earliest bids.
            let mut all = all.unwrap_or(Struck { bidder: *bidder, from_seq: *bid_seq, ids: Vec::new() });
            all.ids.extend(struck);
            Some(all)
        })
    }

    /// Runs a command; its events join the turn's. Returns the index of the first.
    fn run(&mut self, command: Command) -> Result<usize, Rejection> {
        let first = self.entries.len();
        for event in self.auction.handle(self.now, command)? {
            self.append(event);
        }
        Ok(first)
    }

    fn append(&mut self, event: Event) {
        self.entries.push(self.head.append(&event));
        self.sealed.push(event.sealed);
    }

    /// What the turn came to; one signature for all its bids.
    pub fn conclude(mut self, told: Vec<Told>, signer: &Signer) -> Result<Outcome> {
        let (mut answers, mut batch, mut events) = (Vec::new(), None, Vec::new());
        if !self.entries.is_empty() {
            let receipt = signer.sign(&self.head);
            answers.extend(self.accepted.iter().map(|accepted| self.answer(accepted, &receipt)));
            let written = self.batch(&answers)?;
            events.extend(written.events.iter().map(|event| Entry { seq: event.seq, json: event.entry.clone() }));
            batch = Some(written);
        }
        let struck = self.effects.iter().find_map(|effect| match effect {
            Effect::Strikes(struck) => Some(struck),
            _ => None,
        });
        let news = news::of(self.head.auction_id, &self.entries, self.held.auction.public(self.now).leader, struck);
        let answers = told.into_iter().map(|told| answer_to(told, &answers)).collect();
        let Self { auction, head, .. } = self;
        Ok(Outcome { auction, head, answers, batch, events, news })
    }

    fn answer(&self, accepted: &Accepted, receipt: &Receipt) -> BidAnswer {
        let entry = &self.entries[accepted.entry];
        BidAnswer {
            bid_id: accepted.bid_id,
            auction_id: self.head.auction_id,
            outcome: accepted.outcome,
            seq: entry.seq,
            at: entry.at,
            price: accepted.price,
            leader_id: accepted.leader,
            next_minimum: accepted.next_minimum,
            closes_at: accepted.closes_at,
            hash: entry.hash.clone(),
            receipt: receipt.clone(),
            replayed: false,
        }
    }

    fn batch(&mut self, answers: &[BidAnswer]) -> Result<Batch> {
        let bids = self.accepted.iter().zip(answers).map(new_bid).collect::<Result<_>>()?;
        if self.auction.status() != self.held.auction.status() {
            self.effects.push(Effect::Moves);
        }
        if matches!(self.auction.status(), AuctionStatus::Unsold | AuctionStatus::Cancelled) {
            self.effects.push(Effect::Releases(self.auction.product_id()));
        }
        let events = self.entries.iter().zip(&self.sealed).map(new_event).collect::<Result<_>>()?;
        let (from, effects) = (self.held.head.clone(), self.effects.clone());
        Ok(Batch { bids, effects, ..batch(from, &self.head, &self.auction, events, self.now)? })
    }
}

fn answer_to(told: Told, accepted: &[BidAnswer]) -> Result<Answer> {
    let bid = |answer| Ok(Answer::Bid(Box::new(answer)));
    match told {
        Told::Accepted(index) => bid(accepted[index].clone()),
        Told::Echo(index) => bid(BidAnswer { replayed: true, ..accepted[index].clone() }),
        Told::Replayed(answer) => bid(BidAnswer { replayed: true, ..*answer }),
        Told::Done => Ok(Answer::Done),
        Told::Refused(error) => Err(error),
    }
}

/// The batch that moves a log from one head to another, and nothing else.
fn batch(from: Head, to: &Head, auction: &Auction, events: Vec<NewEvent>, now: Timestamp) -> Result<Batch> {
    let state = StoredState::of(auction, now);
    Ok(Batch {
        from,
        to: to.clone(),
        events,
        bids: Vec::new(),
        status: state.public.status,
        state: json(&state)?,
        due_at: auction.poll_timeout(),
        late_from: auction.late_from(),
        effects: Vec::new(),
        at: auction.last_at(),
    })
}

/// The first batch of an auction's log.
pub fn first_batch(auction: &Auction, scheduled: Event, id: AuctionId, now: Timestamp) -> Result<Batch> {
    let mut head = Head::empty(id);
    let entry = head.append(&scheduled);
    let events = vec![new_event((&entry, &scheduled.sealed))?];
    batch(Head::empty(id), &head, auction, events, now)
}

fn new_event((entry, sealed): (&LogEntry, &Option<Sealed>)) -> Result<NewEvent> {
    Ok(NewEvent {
        seq: entry.seq,
        hash: entry.hash.clone(),
        entry: json(entry)?.into(),
        sealed: sealed.as_ref().map(json).transpose()?,
    })
}

fn new_bid((accepted, answer): (&Accepted, &BidAnswer)) -> Result<NewBid> {
    Ok(NewBid {
        bidder: accepted.bidder,
        bid_id: accepted.bid_id,
        seq: answer.seq,
        amount: accepted.amount,
        fingerprint: accepted.fingerprint.clone(),
        answer: json(answer)?,
    })
}

impl From<Unstruck> for Error {
    fn from(unstruck: Unstruck) -> Self {
        match unstruck {
            Unstruck::Refused(rejection) => rejection.into(),
            // Another void came in between, and struck bids from farther back than this was read from.
            Unstruck::FurtherBack { .. } => Self::unavailable("Other bids were voided at the same time; ask again."),
            Unstruck::Gap { .. } => internal(unstruck),
        }
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        let error = Self::new(rejection.code(), rejection.to_string());
        match rejection {
            Rejection::BidTooLow { next_minimum } if next_minimum.is_price() => error.next_minimum(next_minimum),
            Rejection::BidTooLow { .. } => {
                Self::new(rejection.code(), "the price can't rise any further; no amount would beat it")
            }
            _ => error,
        }
    }
}
