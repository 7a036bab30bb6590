//! One turn of a room: what it decides for everything that has queued, before any of it is said.
//!
//! A turn works on a copy of the auction. Only when its batch is durable does the copy become the
//! room's auction, and only then are the verdicts told.

use std::collections::HashMap;

use blytz_core::{
    BidId, Timestamp, UserId,
    auction::{
        Auction, BidKind, Command, Event, Ledger, MAX_STRUCK, Nonce, Rejection, Sealed, Standing, log::Head, recall,
    },
    wire::auction::{AuctionStatus, BidAnswer, BidOutcome, EventData, LogEntry, Receipt},
};

use super::{
    committer::Batch,
    refusals::{Refusals, RefusedBid},
    request::{Act, Bid, Request},
    state::StoredState,
    store::{KnownBid, NewBid, NewEvent, Terms},
};
use crate::error::{Error, Result, internal};

/// What a request will be told once the batch is durable.
pub(super) enum Verdict {
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

/// A bid that this turn accepted.
pub(super) struct Accepted {
    pub bidder: UserId,
    pub answer: BidAnswer,
    kind: &'static str,
    amount: i64,
    fingerprint: String,
}

/// Bids that a void struck.
#[derive(Clone)]
pub(super) struct Struck {
    pub bidder: UserId,
    /// The event of the first: every later bid of the bidder fell with it.
    pub from_seq: u64,
    pub ids: Vec<BidId>,
}

/// What a turn has decided so far.
pub(super) struct Turn<'a> {
    now: Timestamp,
    from: Head,
    pub head: Head,
    pub auction: Auction,
    known: &'a HashMap<(UserId, BidId), KnownBid>,
    pub entries: Vec<LogEntry>,
    sealed: Vec<Option<Sealed>>,
    pub accepted: Vec<Accepted>,
    /// Whether somebody opened the lot by hand.
    opens: bool,
    /// Bids refused in this turn: a copy of one in the same turn must not win either.
    refused: HashMap<RefusedBid, Error>,
    pub struck: Option<Struck>,
    amended: Option<(Terms, Option<String>)>,
}

impl<'a> Turn<'a> {
    /// A turn at `now`, from where the room stands.
    pub(super) fn new(
        now: Timestamp,
        auction: &Auction,
        head: &Head,
        known: &'a HashMap<(UserId, BidId), KnownBid>,
    ) -> Self {
        Self {
            now,
            from: head.clone(),
            head: head.clone(),
            auction: auction.clone(),
            known,
            entries: Vec::new(),
            sealed: Vec::new(),
            accepted: Vec::new(),
            opens: false,
            refused: HashMap::new(),
            struck: None,
            amended: None,
        }
    }

    /// Opens or closes what is due, before anybody is heard.
    pub(super) fn tick(&mut self, resume: bool) {
        let due = self.auction.poll_timeout().is_some_and(|due| due <= self.now);
        if due || resume {
            let command = if resume { Command::Resume } else { Command::Tick };
            // Neither is ever refused: without anything due they do nothing.
            let _ = self.run(command);
        }
    }

    /// Decides one request.
    pub(super) fn decide(&mut self, request: &Request, blocked: bool, refusals: &Refusals) -> Verdict {
        match request {
            Request::Bid(bid) => self.bid(bid, blocked, refusals),
            Request::Act { act, .. } => match self.act(act) {
                Ok(()) => Verdict::Done,
                Err(error) => Verdict::Refused(error),
            },
            Request::Changed(_) => Verdict::Done,
        }
    }

    fn bid(&mut self, bid: &Bid, blocked: bool, refusals: &Refusals) -> Verdict {
        let fingerprint = recall::fingerprint(bid.kind);
        let same = |known: &str| {
            let known = recall::Known { fingerprint: known.to_owned() };
            recall::recall(&known, &fingerprint).map_err(|rejection| Verdict::Refused(rejection.into()))
        };
        if let Some(known) = self.known.get(&(bid.bidder, bid.id)) {
            return match same(&known.fingerprint) {
                Ok(()) => Verdict::Replayed(Box::new(known.answer.clone())),
                Err(refused) => refused,
            };
        }
        let twin = self.accepted.iter().position(|one| one.bidder == bid.bidder && one.answer.bid_id == bid.id);
        if let Some(index) = twin {
            return match same(&self.accepted[index].fingerprint) {
                Ok(()) => Verdict::Echo(index),
                Err(refused) => refused,
            };
        }
        let key = (bid.bidder, bid.id, fingerprint.clone());
        if let Some(error) = self.refused.get(&key).or_else(|| refusals.find(&key, self.now)) {
            return Verdict::Refused(error.clone());
        }
        let command = Command::Bid {
            bidder: bid.bidder,
            bid_id: bid.id,
            bid: bid.kind,
            standing: Standing { suspended: bid.suspended, blocked },
            nonce: Nonce::from_bytes(crate::clock::random_bytes()),
        };
        match self.run(command) {
            Ok(first) => self.accept(bid, first, fingerprint),
            Err(rejection) => {
                let error = Error::from(rejection);
                self.refused.insert(key, error.clone());
                Verdict::Refused(error)
            }
        }
    }

    /// The answer to a bid, from its own event, which says all that became of it.
    fn accept(&mut self, bid: &Bid, first: usize, fingerprint: String) -> Verdict {
        let answer = self.entries[first..].iter().find_map(|entry| self.answer(bid.id, entry));
        let Some(answer) = answer else {
            return Verdict::Refused(internal("an accepted bid has no event of its own"));
        };
        let (kind, amount) = match bid.kind {
            BidKind::Exact(amount) => ("amount", amount.amount),
            BidKind::Max(max) => ("max", max.amount),
            BidKind::BuyNow => ("amount", answer.price.map_or(0, |price| price.amount)),
        };
        self.accepted.push(Accepted { bidder: bid.bidder, answer, kind, amount, fingerprint });
        Verdict::Accepted(self.accepted.len() - 1)
    }

    fn answer(&self, bid_id: BidId, entry: &LogEntry) -> Option<BidAnswer> {
        let (outcome, price, leader_id, next_minimum, closes_at) = match &entry.data {
            EventData::Bid { bid_id: of, outcome, price, leader, next_minimum, closes_at, .. } if *of == bid_id => {
                (*outcome, *price, *leader, *next_minimum, *closes_at)
            }
            EventData::MaxRaised { bid_id: of, price, leader, next_minimum, .. } if *of == bid_id => {
                let outcome = if self.auction.rules().is_sealed() { BidOutcome::Sealed } else { BidOutcome::Leading };
                (outcome, *price, *leader, *next_minimum, self.auction.closes_at()?)
            }
            _ => return None,
        };
        Some(BidAnswer {
            bid_id,
            auction_id: self.head.auction_id,
            outcome,
            seq: entry.seq,
            at: entry.at,
            price,
            leader_id,
            next_minimum,
            closes_at,
            hash: entry.hash.clone(),
            receipt: Receipt { key_id: String::new(), head_seq: 0, head_hash: String::new(), signature: String::new() },
            replayed: false,
        })
    }

    fn act(&mut self, act: &Act) -> Result<()> {
        let first = self.entries.len();
        if let Some(command) = act.command(&self.auction) {
            self.run(command)?;
        }
        match act {
            Act::Amend { amendment } => self.amended = Some((terms(&self.auction)?, amendment.title.clone())),
            Act::Void { bid_id, bidder, reason, ledger } => {
                let (auction, head) = (self.auction.clone(), self.head.clone());
                if let Err(rejection) = self.void(*bid_id, *bidder, reason, ledger.clone()) {
                    // All of it, or nothing.
                    (self.auction, self.head) = (auction, head);
                    self.entries.truncate(first);
                    self.sealed.truncate(first);
                    return Err(rejection.into());
                }
                self.struck = self.struck_since(first);
            }
            Act::Open => self.opens |= self.entries.len() > first,
            Act::Cancel { .. } | Act::Tick => {}
        }
        Ok(())
    }

    /// Strikes a bid and all that falls with it. Where that is more than an event can name, in several
    /// voids.
    fn void(
        &mut self,
        bid_id: BidId,
        bidder: Option<UserId>,
        reason: &str,
        mut ledger: Ledger,
    ) -> Result<(), Rejection> {
        for (bid_id, bidder) in ledger.falls(bid_id, bidder, MAX_STRUCK)? {
            let (bidder, reason, so_far) = (Some(bidder), reason.to_owned(), ledger.clone());
            let events = self.auction.handle(self.now, Command::Void { bid_id, bidder, reason, ledger: so_far })?;
            for event in events {
                ledger.note(self.head.seq + 1, &event);
                self.append(event);
            }
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

    /// Whether there is anything to write.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts the signed receipt into every answer and returns what is to be written.
    pub(super) fn batch(&mut self, receipt: &Receipt) -> Result<Batch> {
        for accepted in &mut self.accepted {
            accepted.answer.receipt = receipt.clone();
        }
        let state = StoredState::of(&self.auction, self.now);
        let unsold = matches!(state.public.status, AuctionStatus::Unsold | AuctionStatus::Cancelled);
        Ok(Batch {
            from: self.from.clone(),
            to: self.head.clone(),
            events: self.entries.iter().zip(&self.sealed).map(new_event).collect::<Result<_>>()?,
            bids: self.accepted.iter().map(new_bid).collect::<Result<_>>()?,
            status: state.public.status.name(),
            state: json(&state)?,
            due_at: self.auction.poll_timeout(),
            opens: self.opens,
            struck: self.struck.clone(),
            amended: self.amended.take(),
            released: unsold.then(|| (self.auction.product_id(), "lot not sold")),
            at: self.auction.last_at(),
        })
    }
}

fn new_event((entry, sealed): (&LogEntry, &Option<Sealed>)) -> Result<NewEvent> {
    Ok(NewEvent {
        seq: entry.seq,
        hash: entry.hash.clone(),
        entry: json(entry)?,
        sealed: sealed.as_ref().map(json).transpose()?,
    })
}

fn new_bid(accepted: &Accepted) -> Result<NewBid> {
    Ok(NewBid {
        bidder: accepted.bidder,
        bid_id: accepted.answer.bid_id,
        seq: accepted.answer.seq,
        kind: accepted.kind,
        amount: accepted.amount,
        fingerprint: accepted.fingerprint.clone(),
        answer: json(&accepted.answer)?,
    })
}

/// The rules as the auction's row keeps them.
pub(super) fn terms(auction: &Auction) -> Result<Terms> {
    Ok(Terms {
        starts_at: auction.starts_at(),
        rules: json(auction.rules())?,
        rules_view: json(auction.rules_view())?,
        rules_hash: auction.rules_hash().to_owned(),
    })
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(internal)
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
