//! Checking a proof: each event's hash and commitment first, then the decision.

use super::{Flaw, Frame, Openings, Verdict, opened::OpenedRules, openings::Bid, replay::Replay, retrial::Seen};
use crate::{
    Money, UserId,
    auction::{
        commitment::{Reserve, rules_hash},
        log::Head,
        receipt::verify_receipt,
    },
    wire::auction::{AuctionStatus, EventData, Format, LogEntry, Proof, ReserveView, RulesView},
};

/// Checks that everything in a proof fits together, and that winner and price follow from the bids
/// by the rules.
///
/// Facts from outside the log are taken as they are: that a bidder was not suspended or on the
/// seller's blocklist, what the server's clock said, and who stands behind a bid (commitments bind
/// the amount, not the person). The commitment to a max that stays closed can't be checked either;
/// its bidder can, with the proof that they are shown.
///
/// # Errors
/// The first [`Flaw`] found.
pub fn verify(proof: &Proof) -> Result<Verdict, Flaw> {
    let mut openings = Openings::default();
    proof.openings.iter().try_for_each(|opening| openings.push(opening))?;
    let mut checker = Checker::new(Frame::of(proof), openings)?;
    proof.events.iter().try_for_each(|entry| checker.entry(entry))?;
    checker.finish()
}

impl Frame {
    fn of(proof: &Proof) -> Self {
        Self {
            auction_id: proof.auction_id,
            rules: proof.rules.clone(),
            reserve: proof.reserve.clone(),
            head: proof.head.clone(),
            keys: proof.keys.clone(),
        }
    }
}

/// Checks a proof as [`verify()`] does, event by event.
#[derive(Debug)]
pub struct Checker {
    frame: Frame,
    /// Where the log stands.
    head: Head,
    openings: Openings,
    /// Why the opened reserve is not the one that the rules commit to.
    unopened: Option<String>,
    /// The last event that states rules, and whether they are the proof's.
    stated: Option<(u64, bool)>,
    closed: ClosedMaxes,
    replay: Replay,
    end: Option<End>,
}

/// Whose maxes stay closed, and where the first of them stands.
#[derive(Debug, Default)]
struct ClosedMaxes {
    met: u64,
    first: Option<(u64, UserId)>,
}

/// How a log may end.
#[derive(Debug, Clone, Copy)]
enum End {
    Closed { winner: Option<UserId>, price: Option<Money> },
    Cancelled,
}

impl Checker {
    /// A checker of a proof, from all of it but its events.
    ///
    /// # Errors
    /// When the signature is not the key's.
    pub fn new(frame: Frame, openings: Openings) -> Result<Self, Flaw> {
        if let Some(receipt) = &frame.head.receipt {
            verify_receipt(frame.auction_id, receipt, &frame.keys)
                .map_err(|invalid| Flaw::general(format!("the receipt: {invalid}")))?;
        }
        let reserve = opened_reserve(&frame);
        let rules = OpenedRules { view: frame.rules.clone(), reserve: reserve.clone().unwrap_or_default() };
        Ok(Self {
            head: Head::empty(frame.auction_id),
            replay: Replay::new(frame.auction_id, rules, openings.closed()),
            frame,
            openings,
            unopened: reserve.err(),
            stated: None,
            closed: ClosedMaxes::default(),
            end: None,
        })
    }

    /// What it checks, but for openings and events.
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Checks the next event.
    ///
    /// # Errors
    /// The first [`Flaw`] in it; the proof does not hold.
    pub fn entry(&mut self, entry: &LogEntry) -> Result<(), Flaw> {
        self.head.advance(entry).map_err(|broken| Flaw::at(entry.seq, broken.to_string()))?;
        let signed = self.frame.head.receipt.as_ref().filter(|receipt| receipt.head_seq == entry.seq);
        if signed.is_some_and(|receipt| receipt.head_hash != entry.hash) {
            return Err(Flaw::at(entry.seq, "the server signed another event in this place"));
        }
        if let EventData::Scheduled { rules, rules_hash, .. } | EventData::Amended { rules, rules_hash, .. } =
            &entry.data
        {
            self.rules(entry.seq, rules, rules_hash)?;
        }
        let bid = self.openings.meet(entry)?;
        if let Some(Bid { offer: None, bidder: Some(bidder), .. }) = bid {
            self.closed.note(entry.seq, *bidder, self.frame.rules.format)?;
        }
        let is_bid = bid.is_some();
        let bids = self.openings.met();
        let bid = bids.len().checked_sub(1).filter(|_| is_bid);
        self.replay.entry(&Seen { seq: entry.seq, at: entry.at, data: &entry.data, bid }, bids)?;
        self.end = match &entry.data {
            EventData::Closed { winner, price, .. } => Some(End::Closed { winner: *winner, price: *price }),
            EventData::Cancelled { .. } => Some(End::Cancelled),
            _ => None,
        };
        Ok(())
    }

    fn rules(&mut self, seq: u64, rules: &RulesView, hash: &str) -> Result<(), Flaw> {
        if hash != rules_hash(rules) {
            return Err(Flaw::at(seq, "rules_hash is not the hash of the rules"));
        }
        let are_the_proofs = *rules == self.frame.rules;
        self.stated = Some((seq, are_the_proofs));
        match &self.unopened {
            Some(why) if are_the_proofs => Err(Flaw::at(seq, why)),
            Some(_) | None => Ok(()),
        }
    }

    /// What the proof proves, once its last event was checked.
    ///
    /// # Errors
    /// The [`Flaw`] that is one only now: something is missing or too much.
    pub fn finish(self) -> Result<Verdict, Flaw> {
        let last = self.head.seq;
        let (stated, are_the_proofs) = self.stated.ok_or_else(|| Flaw::general("the log is empty"))?;
        if (self.frame.head.seq, &self.frame.head.hash) != (last, &self.head.hash) {
            return Err(Flaw::general("the head is not the last event of the log"));
        }
        let end = self.end.ok_or_else(|| Flaw::at(last, "the log ends before the auction does"))?;
        if self.frame.head.receipt.as_ref().is_some_and(|receipt| !(1..=last).contains(&receipt.head_seq)) {
            return Err(Flaw::general("the server signed a longer log than this one"));
        }
        if !are_the_proofs {
            return Err(Flaw::at(stated, "the proof states other rules than the log"));
        }
        if let Some(seq) = self.openings.unmet() {
            return Err(Flaw::at(seq, "an opening without a bid"));
        }
        let (winner, price) = match end {
            End::Closed { winner, price } => (winner, price),
            End::Cancelled => (None, None),
        };
        self.closed.are_of(winner)?;
        let auction = self.replay.finish()?;
        Ok(Verdict {
            status: auction.status(),
            winner,
            price,
            bid_id: auction.leading_bid().filter(|_| auction.status() == AuctionStatus::Sold),
            events: last,
            opened: self.openings.len() as u64 - self.closed.met,
            hidden: self.closed.met,
            signed: self.frame.head.receipt.is_some(),
        })
    }
}

impl ClosedMaxes {
    /// Only a winner's max may stay closed, and maxes there are in English auctions only. Who wins is
    /// known at the end; that it is one person, at once.
    fn note(&mut self, seq: u64, bidder: UserId, format: Format) -> Result<(), Flaw> {
        let (_, first) = *self.first.get_or_insert((seq, bidder));
        if format != Format::English || bidder != first {
            return Err(not_the_winners(seq));
        }
        self.met += 1;
        Ok(())
    }

    fn are_of(&self, winner: Option<UserId>) -> Result<(), Flaw> {
        match self.first {
            Some((seq, bidder)) if winner != Some(bidder) => Err(not_the_winners(seq)),
            _ => Ok(()),
        }
    }
}

fn not_the_winners(seq: u64) -> Flaw {
    Flaw::at(seq, "only a winner's max may stay closed")
}

fn opened_reserve(frame: &Frame) -> Result<Option<Reserve>, String> {
    match (&frame.rules.reserve_price, &frame.reserve) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err("a reserve is opened, but the rules have none".to_owned()),
        (Some(_), None) => Err("the rules have a reserve, but it is not opened".to_owned()),
        (Some(ReserveView::Clear(_)), Some(_)) => Err("the reserve is not committed to".to_owned()),
        (Some(ReserveView::Hidden(hidden)), Some(opening)) => {
            let reserve = Reserve::try_from(opening).map_err(|invalid| invalid.to_string())?;
            if reserve.commitment(frame.auction_id) != hidden.commitment {
                return Err("the opened reserve is not the one committed to".to_owned());
            }
            Ok(Some(reserve))
        }
    }
}
