//! Checking a proof: who signed it, then each event's hash and commitment, then the decision.

use super::{
    Flaw, Frame, Openings, OutageSeen, Trust, Verdict, VoidSeen,
    opened::OpenedRules,
    openings::Bid,
    replay::Replay,
    retrial::Seen,
    trust::{Promises, in_time},
};
use crate::{
    Epoch, Money, Timestamp, UserId,
    auction::{
        commitment::{Reserve, item_hash, rules_hash},
        log::Head,
    },
    wire::auction::{
        AuctionStatus, EventData, ExtensionReason, Format, LOG_VERSION, LogEntry, LogKey, Proof, Receipt, ReserveView,
        is_digest,
    },
};

/// Checks that a trusted key signed the end of a proof, that everything in it fits together, and that
/// winner and price follow from the bids by the rules.
///
/// Facts from outside the log are taken as they are: that a bidder was not suspended or on the
/// seller's blocklist, what the house's clock said, and who stands behind an account. The commitment
/// to a max that stays closed can't be checked either; its bidder can, with the proof that they are
/// shown. A cancelled auction opens nothing, so of its bids only the chain is checked.
///
/// # Errors
/// The first [`Flaw`] found.
pub fn verify(proof: &Proof, trust: &Trust) -> Result<Verdict, Flaw> {
    let mut openings = Openings::default();
    proof.openings.iter().try_for_each(|opening| openings.push(opening))?;
    let mut checker = Checker::new(Frame::of(proof), openings, trust)?;
    proof.events.iter().try_for_each(|entry| checker.entry(entry))?;
    checker.finish()
}

impl Frame {
    fn of(proof: &Proof) -> Self {
        Self {
            auction_id: proof.auction_id,
            rules: proof.rules.clone(),
            item: proof.item.clone(),
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
    /// Under the last event, and whose it is.
    signature: (Receipt, LogKey),
    promises: Promises,
    rules_hash: String,
    item_hash: String,
    /// Where the log stands, and since when.
    head: Head,
    at: Timestamp,
    openings: Openings,
    /// Why the opened reserve is not the one that the rules commit to.
    unopened_reserve: Option<String>,
    /// The last event that states rules and item, and whether they are the proof's.
    stated: Option<(u64, bool)>,
    closed: ClosedMaxes,
    unopened: Unopened,
    replay: Replay,
    told: Told,
    end: Option<End>,
}

/// Whose maxes stay closed, and where the first of them stands.
#[derive(Debug, Default)]
struct ClosedMaxes {
    met: u64,
    first: Option<(u64, UserId)>,
}

/// Bids without any opening, as a cancelled auction has them: how many, and where the first stands.
#[derive(Debug, Default)]
struct Unopened {
    met: u64,
    first: Option<u64>,
}

/// What the house says of itself in the log.
#[derive(Debug, Default)]
struct Told {
    epoch: Option<Epoch>,
    outages: Vec<OutageSeen>,
    voids: Vec<VoidSeen>,
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
    /// When it is another auction's, when no trusted key signed its last event, or when a receipt that was
    /// kept is not good.
    pub fn new(frame: Frame, openings: Openings, trust: &Trust) -> Result<Self, Flaw> {
        if let Some(asked) = trust.auction_id.filter(|asked| *asked != frame.auction_id) {
            let what = format!("it is of auction {}, and {asked} was asked for", frame.auction_id);
            return Err(Flaw::general(what));
        }
        let signature = signature(&frame, trust)?;
        let reserve = opened_reserve(&frame);
        let rules = OpenedRules { view: frame.rules.clone(), reserve: reserve.clone().unwrap_or_default() };
        Ok(Self {
            signature,
            promises: Promises::of(trust, frame.auction_id)?,
            rules_hash: rules_hash(&frame.rules),
            item_hash: item_hash(&frame.item),
            head: Head::empty(frame.auction_id),
            at: Timestamp::from_micros(i64::MIN),
            replay: Replay::new(frame.auction_id, rules, openings.closed()),
            frame,
            openings,
            unopened_reserve: reserve.err(),
            stated: None,
            closed: ClosedMaxes::default(),
            unopened: Unopened::default(),
            told: Told::default(),
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
        if entry.at < self.at {
            return Err(Flaw::at(entry.seq, "it is said to have been before the event before it"));
        }
        self.at = entry.at;
        well_formed(entry)?;
        let Receipt { origin, .. } = &self.signature.0;
        self.promises.meet(entry, origin)?;
        self.stated(entry)?;
        self.told.note(entry);
        self.decided(entry)?;
        self.end = match &entry.data {
            EventData::Closed { winner, price, .. } => Some(End::Closed { winner: *winner, price: *price }),
            EventData::Cancelled { .. } => Some(End::Cancelled),
            _ => None,
        };
        Ok(())
    }

    /// Checks what an event states of house, rules and item, if it does.
    fn stated(&mut self, LogEntry { seq, data, .. }: &LogEntry) -> Result<(), Flaw> {
        if let EventData::Scheduled { v, origin, .. } = data {
            if *v != LOG_VERSION {
                let what = format!("the log is of format {v}, and this program reads format {LOG_VERSION}");
                return Err(Flaw::at(*seq, what));
            }
            if *origin != self.signature.0.origin {
                let signed = &self.signature.0.origin;
                return Err(Flaw::at(*seq, format!("the log is the house {origin:?}'s, and {signed:?} signed it")));
            }
        }
        let (EventData::Scheduled { rules, rules_hash: hash, item_hash, .. }
        | EventData::Amended { rules, rules_hash: hash, item_hash, .. }) = data
        else {
            return Ok(());
        };
        if *hash != rules_hash(rules) {
            return Err(Flaw::at(*seq, "rules_hash is not the hash of the rules"));
        }
        let are_the_rules = *rules == self.frame.rules;
        self.stated = Some((*seq, are_the_rules && *item_hash == self.item_hash));
        match &self.unopened_reserve {
            // A cancelled auction opens nothing; whether this is one only its end says.
            Some(why) if are_the_rules && self.openings.len() > 0 => Err(Flaw::at(*seq, why)),
            Some(_) | None => Ok(()),
        }
    }

    /// Has the event decided again, as far as it can be.
    fn decided(&mut self, entry: &LogEntry) -> Result<(), Flaw> {
        let is_bid = matches!(entry.data, EventData::Bid { .. } | EventData::MaxRaised { .. });
        if self.openings.len() == 0 && (is_bid || self.unopened.first.is_some()) {
            if self.end.is_some() {
                return Err(Flaw::at(entry.seq, "the auction was over before it"));
            }
            self.unopened.first.get_or_insert(entry.seq);
            self.unopened.met += u64::from(is_bid);
            return Ok(());
        }
        let bid = self.openings.meet(entry, self.frame.auction_id, &self.rules_hash)?;
        if let Some(Bid { offer: None, bidder: Some(bidder), .. }) = bid {
            self.closed.note(entry.seq, *bidder, self.frame.rules.format)?;
        }
        let bids = self.openings.met();
        let bid = bids.len().checked_sub(1).filter(|_| is_bid);
        self.replay.entry(&Seen { seq: entry.seq, at: entry.at, data: &entry.data, bid }, bids)
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
        let is_cancelled = matches!(end, End::Cancelled);
        if is_cancelled && (self.openings.len() > 0 || self.frame.reserve.is_some()) {
            return Err(Flaw::at(last, "a cancelled auction opens nothing, and this proof opens something of one"));
        }
        let (receipt, key) = &self.signature;
        in_time(key, self.at, last)?;
        if !are_the_proofs {
            return Err(Flaw::at(stated, "the proof states other rules, or another item, than the log"));
        }
        if let Some(seq) = self.openings.unmet() {
            return Err(Flaw::at(seq, "an opening without a bid"));
        }
        if let Some(why) = self.unopened_reserve.filter(|_| !is_cancelled) {
            return Err(Flaw::at(stated, why));
        }
        if let Some(seq) = self.unopened.first.filter(|_| !is_cancelled) {
            return Err(Flaw::at(seq, "the next opening is not this bid's"));
        }
        let (winner, price) = match end {
            End::Closed { winner, price } => (winner, price),
            End::Cancelled => (None, None),
        };
        self.closed.are_of(winner)?;
        let (status, bid_id) = match self.unopened.first {
            Some(_) => (AuctionStatus::Cancelled, None),
            None => {
                let auction = self.replay.finish()?;
                let status = auction.status();
                (status, auction.leading_bid().filter(|_| status == AuctionStatus::Sold))
            }
        };
        let began = self.told.epoch.filter(|began| *began != receipt.epoch);
        Ok(Verdict {
            origin: receipt.origin.clone(),
            key_id: key.key_id.clone(),
            status,
            winner,
            price,
            bid_id,
            events: last,
            opened: self.openings.len() as u64 - self.closed.met,
            hidden: self.closed.met,
            unopened: self.unopened.met,
            receipts: self.promises.finish()?,
            outages: self.told.outages,
            voids: self.told.voids,
            restored: began.map(|began| [began, receipt.epoch]),
        })
    }
}

impl Told {
    fn note(&mut self, LogEntry { seq, at, data, .. }: &LogEntry) {
        let (seq, at) = (*seq, *at);
        match data {
            EventData::Scheduled { epoch, .. } => self.epoch = Some(*epoch),
            EventData::Extended { closes_at, reason: ExtensionReason::Outage, from: Some(from), to: Some(to) } => {
                let (from, to, closes_at) = (*from, *to, *closes_at);
                self.outages.push(OutageSeen { seq, from, to, closes_at });
            }
            EventData::Voided { by, block, struck, reason, .. } => {
                let (by, block, struck, reason) = (*by, *block, struck.len() as u64, reason.clone());
                self.voids.push(VoidSeen { seq, at, by, block, struck, reason });
            }
            _ => {}
        }
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

/// Whether all that an event hides is hidden behind what looks like a hash: what nobody opens is nothing
/// else, either.
fn well_formed(LogEntry { seq, data, .. }: &LogEntry) -> Result<(), Flaw> {
    let hashes = match data {
        EventData::Bid { commitment, .. } | EventData::MaxRaised { commitment, .. } => [Some(commitment), None],
        EventData::Scheduled { rules, item_hash, .. } | EventData::Amended { rules, item_hash, .. } => {
            let reserve = match &rules.reserve_price {
                Some(ReserveView::Clear(_)) => return Err(Flaw::at(*seq, "a reserve stands in the log in clear")),
                Some(ReserveView::Hidden(hidden)) => Some(&hidden.commitment),
                None => None,
            };
            [Some(item_hash), reserve]
        }
        _ => return Ok(()),
    };
    match hashes.into_iter().flatten().find(|hash| !is_digest(hash)) {
        Some(_) => Err(Flaw::at(*seq, "what stands there for a SHA-256 is none: 64 digits of lower-case hex")),
        None => Ok(()),
    }
}

/// The signature under the last event, and whose it is.
fn signature(frame: &Frame, trust: &Trust) -> Result<(Receipt, LogKey), Flaw> {
    let unsigned = |what: String| Flaw::general(format!("nobody can be held to it: {what}"));
    let receipt = frame.head.receipt.clone();
    let receipt = receipt.ok_or_else(|| unsigned("the last event is not signed".to_owned()))?;
    let head = (frame.auction_id, None, frame.head.seq, &frame.head.hash, frame.head.seq, &frame.head.hash);
    let Receipt { auction_id, bid_id, seq, hash, head_seq, head_hash, .. } = &receipt;
    if (*auction_id, *bid_id, *seq, hash, *head_seq, head_hash) != head {
        return Err(unsigned("what is signed is not the last event".to_owned()));
    }
    let key = trust.keys.check(&receipt).map_err(unsigned)?;
    Ok((receipt, key))
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
