//! One turn of a room: what it decides for everything that has queued, before any of it is said.
//!
//! A turn works on a copy of the auction. Only when its batch is durable does the copy become the
//! room's auction, and only then is anybody told.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use blytz_core::{
    AuctionId, Timestamp, UserId,
    auction::{
        self, Auction, BidKind, Command, Event, MAX_STRUCK, Nonce, Outage, Rejection, Sealed, Standing, Unstruck,
        log::Head, recall, receipt::Leaf,
    },
    wire::{
        ErrorCode,
        auction::{AuctionStatus, BidAnswer, BidOutcome, EventData, LogEntry},
        live::UpdateData,
    },
};

use super::{
    batch::{Batch, Effect, Struck},
    held::{Held, Known},
    news, refusals,
    request::{Acceptance, Act, Answer, Bid, RefusedBid, Request, Voiding},
    state::{StoredItem, StoredRules, StoredState, json},
    store::{Amount, NewBid, NewEvent},
};
use crate::{
    channel::{Answers, Entry, Moment},
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
    amount: Amount,
    fingerprint: String,
    acceptance: Acceptance,
}

/// What a turn came to: the state after it, and what is to be written, answered and told.
pub struct Outcome {
    pub auction: Auction,
    pub head: Head,
    /// One per request.
    pub answers: Answers<Answer>,
    /// None when nothing happened.
    pub batch: Option<Batch>,
    pub events: Vec<Entry>,
    pub news: Vec<(UserId, UpdateData)>,
    /// Until when an opening that is due has to wait.
    pub postponed: Option<Timestamp>,
}

/// How long an opening that is due waits before it is asked again whether its seller may sell.
const POSTPONED_BY_MICROS: i64 = 10_000_000;

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
    postponed: Option<Timestamp>,
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
            postponed: None,
        }
    }

    /// Makes good for outages, and opens or closes what is due then, before anybody is heard.
    pub fn tick(&mut self) {
        for outage in self.outages {
            // Neither this nor the tick is ever refused: without anything due they do nothing.
            let _ = self.run(Command::Resume(*outage));
        }
        if self.auction.poll_timeout().is_some_and(|due| due <= self.now) {
            if self.may_open() {
                let _ = self.run(Command::Tick);
            } else {
                self.postponed = Some(self.now.plus_micros(POSTPONED_BY_MICROS));
            }
        }
    }

    /// Lots of a suspended seller stay closed; one that is open goes on.
    fn may_open(&self) -> bool {
        self.auction.status() != AuctionStatus::Scheduled || !self.known.seller_suspended
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
        let is_twin = |one: &Accepted| one.bidder == bid.bidder && one.acceptance.bid_id == bid.id;
        let twin = self.accepted.iter().position(is_twin);
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
        let command = Command::Bid(auction::Bid {
            bidder: bid.bidder,
            bid_id: bid.id,
            kind: bid.kind,
            rules_hash: bid.rules_hash.clone(),
            standing: Standing { suspended: bid.suspended, blocked: self.known.blocked.contains(&bid.bidder) },
            nonce: Nonce::from_bytes(self.chance.bytes()),
        });
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
        let Some(accepted) = self.entries[first..].iter().find_map(|event| self.accepted(bid, event)) else {
            return Told::Refused(internal("an accepted bid has no event of its own"));
        };
        self.accepted.push(accepted);
        Told::Accepted(self.accepted.len() - 1)
    }

    fn accepted(&self, bid: &Bid, event: &LogEntry) -> Option<Accepted> {
        let (outcome, price, leader_id, next_minimum, closes_at) = match &event.data {
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
        let (auction_id, bid_id, hash) = (self.head.auction_id, bid.id, event.hash.clone());
        let LogEntry { seq, at, .. } = *event;
        let acceptance =
            Acceptance { bid_id, auction_id, outcome, seq, at, price, leader_id, next_minimum, closes_at, hash };
        Some(Accepted { bidder: bid.bidder, amount, fingerprint: bid.fingerprint.clone(), acceptance })
    }

    fn act(&mut self, act: &Act) -> Result<()> {
        let first = self.entries.len();
        if matches!(act, Act::Open) && !self.may_open() {
            let why = "The seller's account is suspended, and none of their lots opens; an admin reinstates it first.";
            return Err(Error::new(ErrorCode::Suspended, why));
        }
        let item = match act {
            Act::Amend { amendment } => self.known.item.as_ref().map(|item| amendment.applied_to(item)),
            _ => None,
        };
        if let Some(command) = act.command(&self.auction, item.as_ref()) {
            self.run(command)?;
        }
        match act {
            Act::Amend { .. } => {
                let item = item.ok_or_else(|| internal("a lot without an item"))?;
                let (rules, item) = (StoredRules::of(&self.auction)?, StoredItem::of(&item)?);
                self.effects.push(Effect::Amends { rules, item });
            }
            Act::Void(voiding) => {
                let (auction, head) = (self.auction.clone(), self.head.clone());
                if let Err(error) = self.void(voiding) {
                    // All of it, or nothing.
                    (self.auction, self.head) = (auction, head);
                    self.entries.truncate(first);
                    self.sealed.truncate(first);
                    return Err(error);
                }
                self.effects.extend(self.struck_since(first).map(Effect::Strikes));
            }
            Act::Open if self.entries.len() > first => self.effects.push(Effect::OpensByHand),
            Act::Open | Act::Cancel { .. } | Act::Tick | Act::Unblock(_) => {}
        }
        Ok(())
    }

    /// Strikes a bid and all that falls with it. Where that is more than an event can name, in several
    /// voids.
    fn void(&mut self, voiding: &Voiding) -> Result<()> {
        let Voiding { bid_id, bidder, by, block, ref reason, ref so_far } = *voiding;
        let mut book = so_far.book.clone();
        self.known.since.iter().for_each(|(seq, event)| book.note(*seq, event));
        for fall in book.falls(&self.auction, bid_id, bidder, MAX_STRUCK)? {
            self.run(Command::Void { fall, by, block, reason: reason.clone() })?;
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

    /// What the turn came to.
    pub fn conclude(mut self, told: Vec<Told>) -> Result<Outcome> {
        let (mut batch, mut events) = (None, Vec::new());
        if !self.entries.is_empty() {
            let written = self.batch()?;
            events.extend(written.events.iter().map(|event| Entry { seq: event.seq, json: event.entry.clone() }));
            batch = Some(written);
        }
        let struck = self.effects.iter().find_map(|effect| match effect {
            Effect::Strikes(struck) => Some(struck),
            _ => None,
        });
        let news = news::of(self.head.auction_id, &self.entries, self.held.auction.public(self.now).leader, struck);
        let Self { auction, head, accepted, postponed, .. } = self;
        let receipts = batch.as_ref().map(Batch::receipts);
        let answers = Answers::once_written(move || {
            let receipts = receipts.as_deref().and_then(OnceLock::get).map_or(&[][..], Vec::as_slice);
            let whole: Vec<BidAnswer> = accepted
                .into_iter()
                .zip(receipts)
                .map(|(accepted, receipt)| accepted.acceptance.with(receipt.clone()))
                .collect();
            told.into_iter().map(|told| answer_to(told, &whole)).collect()
        });
        Ok(Outcome { auction, head, answers, batch, events, news, postponed })
    }

    fn batch(&mut self) -> Result<Batch> {
        let bids = self.accepted.iter().map(new_bid).collect::<Result<_>>()?;
        if self.auction.status() != self.held.auction.status() {
            self.effects.push(Effect::Moves);
        }
        if matches!(self.auction.status(), AuctionStatus::Unsold | AuctionStatus::Cancelled) {
            self.effects.push(Effect::Releases(self.auction.product_id()));
        }
        let events = self.entries.iter().zip(&self.sealed).map(new_event).collect::<Result<_>>()?;
        let (from, effects) = (self.held.head.clone(), self.effects.clone());
        let of_bid = |Accepted { acceptance, .. }: &Accepted| {
            Leaf::of_bid(acceptance.bid_id, acceptance.seq, acceptance.hash.clone(), &self.head)
        };
        let mut leaves: Vec<Leaf> = self.accepted.iter().map(of_bid).collect();
        // The end of a log is signed as well, for its proof.
        leaves.extend(self.auction.is_over().then(|| Leaf::of_head(&self.head)));
        Ok(Batch { bids, leaves, effects, ..batch(from, &self.head, &self.auction, events, self.now)? })
    }
}

fn answer_to(told: Told, accepted: &[BidAnswer]) -> Result<Answer> {
    let bid = |answer| Ok(Answer::Bid(Box::new(answer)));
    let of = |index: usize| accepted.get(index).cloned().ok_or_else(|| internal("an accepted bid without a receipt"));
    match told {
        Told::Accepted(index) => bid(of(index)?),
        Told::Echo(index) => bid(BidAnswer { replayed: true, ..of(index)? }),
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
        leaves: Vec::new(),
        receipts: Arc::default(),
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

fn new_bid(accepted: &Accepted) -> Result<NewBid> {
    Ok(NewBid {
        bidder: accepted.bidder,
        bid_id: accepted.acceptance.bid_id,
        seq: accepted.acceptance.seq,
        amount: accepted.amount,
        fingerprint: accepted.fingerprint.clone(),
        acceptance: json(&accepted.acceptance)?,
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
