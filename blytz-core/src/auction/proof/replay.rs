//! Deciding a log again, event by event.
//!
//! A winner's maxes above the price may be closed. A fresh engine gets the largest amounts in their
//! place that the log allows: at first as large as money goes, less once the log shows a bid that
//! beat one (and was voided since). The largest that is allowed satisfies every other event, too,
//! if any amount does, so one line of replays finds out whether there are such amounts.

use super::{Flaw, verify::Bid};
use crate::{
    Money, Timestamp, UserId,
    auction::{
        Auction, BidKind, Command, Event, Rejection, Rules, Standing,
        increment::Steps,
        log::{Nonce, Offer, rules_hash},
    },
    money::MAX_AMOUNT,
    wire::auction::{BidOutcome, EventData, LogEntry, Proof, RulesInput, RulesView},
};

/// The rules that bids were taken under.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// The event that states them: the last that states any.
    pub(super) seq: u64,
    /// The opened reserve.
    pub(super) reserve: Option<(Money, Nonce)>,
}

/// A proof whose hashes and commitments fit, to be decided again.
pub(super) struct Replay<'a> {
    pub(super) proof: &'a Proof,
    pub(super) terms: Terms,
    /// The bids and raises of the log, in its order.
    pub(super) bids: &'a [Bid],
    pub(super) winner: Option<UserId>,
}

/// Why a replay ended early.
enum Stop {
    Flaw(Flaw),
    /// The log shows that a closed max is less than was assumed.
    Less(Bound),
}

/// A closed max (by its place among them) is at most this.
#[derive(Clone, Copy)]
struct Bound {
    which: usize,
    at_most: i64,
}

impl From<Flaw> for Stop {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

/// What stands in for the closed maxes. A bidder's maxes rise, so these do, strictly.
struct Closed {
    at_most: Vec<i64>,
}

impl Closed {
    fn amounts(&self) -> Vec<i64> {
        let mut below = MAX_AMOUNT + 1;
        let mut amounts: Vec<i64> = self
            .at_most
            .iter()
            .rev()
            .map(|at_most| {
                below = (*at_most).min(below - 1);
                below
            })
            .collect();
        amounts.reverse();
        amounts
    }
}

/// Who led before a bid, and how far they go.
#[derive(Clone, Copy)]
struct Leader {
    user: UserId,
    max: i64,
}

impl Replay<'_> {
    /// The auction as the fresh engine leaves it, if everything in the log follows.
    pub(super) fn run(&self) -> Result<Auction, Flaw> {
        let mut closed =
            Closed { at_most: vec![MAX_AMOUNT; self.bids.iter().filter(|bid| bid.offer.is_none()).count()] };
        loop {
            let amounts = closed.amounts();
            match self.decide(&amounts) {
                Ok(auction) => return above_the_price(auction, &amounts),
                Err(Stop::Flaw(flaw)) => return Err(flaw),
                // Every bound is lower than the amount it replaces, so this ends.
                Err(Stop::Less(bound)) => closed.at_most[bound.which] = bound.at_most,
            }
        }
    }

    fn decide(&self, closed: &[i64]) -> Result<Auction, Stop> {
        let (mut auction, first) = self.scheduled()?;
        self.follows(std::slice::from_ref(&first), 0)?;
        let mut log = vec![first];
        let mut bids = self.bids.iter();
        let mut own = Own::default();
        while let Some(entry) = self.proof.events.get(log.len()) {
            let leader = leader(&auction, entry.at);
            let bid = match &entry.data {
                EventData::Bid { .. } | EventData::MaxRaised { .. } => bids.next(),
                _ => None,
            };
            own.note(bid, self.strikes_winner_from(entry));
            let decided = match bid {
                Some(bid) => self.bid(&mut auction, entry, bid, own.this.map(|own| closed[own])),
                None => self.other(&mut auction, entry, &log),
            };
            let followed = decided.and_then(|decided| self.follows(&decided, log.len()).map(|()| decided));
            let decided = followed.map_err(|flaw| match self.less(&auction, entry, bid, leader, &own, closed) {
                Some(bound) => Stop::Less(bound),
                None => Stop::Flaw(flaw),
            })?;
            log.extend(decided);
        }
        Ok(auction)
    }

    fn scheduled(&self) -> Result<(Auction, Event), Flaw> {
        let entry = self.proof.events.first().ok_or_else(|| Flaw::general("the log is empty"))?;
        let EventData::Scheduled { seller_id, product_id, starts_at, rules, .. } = &entry.data else {
            return Err(Flaw::at(entry, "a log begins with `scheduled`"));
        };
        let (stated, nonce) = self.rules(entry, rules)?;
        let (auction, mut event) =
            Auction::schedule(entry.at, self.proof.auction_id, *seller_id, *product_id, *starts_at, stated, nonce);
        self.adopt_superseded(entry, &mut event);
        Ok((auction, event))
    }

    /// Checked rules from their public form, with the opened reserve. One that was amended before
    /// the first bid is never opened and never decided anything: any allowed amount will do.
    fn rules(&self, entry: &LogEntry, view: &RulesView) -> Result<(Rules, Nonce), Flaw> {
        let (reserve, nonce) = match self.terms.reserve.filter(|_| entry.seq == self.terms.seq) {
            Some((reserve, nonce)) => (Some(reserve), nonce),
            None => (view.reserve_price.as_ref().map(|_| view.starting_price), Nonce::from_bytes([0; 32])),
        };
        let stated = RulesInput {
            format: view.format,
            currency: view.currency,
            starting_price: view.starting_price,
            reserve_price: reserve,
            buy_now_price: view.buy_now_price,
            increment: view.increment.clone(),
            duration_ms: view.duration_ms,
            below_reserve: view.below_reserve,
            soft_close: view.soft_close,
            dutch: view.dutch,
        };
        let invalid = |faults: Vec<crate::wire::FieldError>| {
            let fault = faults.first().map_or_else(String::new, |fault| format!("{} {}", fault.pointer, fault.detail));
            Flaw::at(entry, format!("the rules are not valid: {fault}"))
        };
        Ok((Rules::try_from(&stated).map_err(invalid)?, nonce))
    }

    /// Where rules were superseded, takes over the logged commitment, which nobody opens.
    fn adopt_superseded(&self, entry: &LogEntry, event: &mut Event) {
        if entry.seq == self.terms.seq {
            return;
        }
        if let (
            EventData::Scheduled { rules: logged, .. } | EventData::Amended { rules: logged, .. },
            EventData::Scheduled { rules, rules_hash: hash, .. } | EventData::Amended { rules, rules_hash: hash, .. },
        ) = (&entry.data, &mut event.data)
        {
            rules.reserve_price.clone_from(&logged.reserve_price);
            *hash = rules_hash(rules);
        }
    }

    fn bid(
        &self,
        auction: &mut Auction,
        entry: &LogEntry,
        bid: &Bid,
        assumed: Option<i64>,
    ) -> Result<Vec<Event>, Flaw> {
        let (EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. }) = &entry.data else {
            return Err(Flaw::at(entry, "this is no bid"));
        };
        let kind = match bid.offer {
            // What was bought now was opened at the buy-now price, and bidding that is the same.
            Some(Offer::Amount(amount)) => BidKind::Exact(amount),
            Some(Offer::Max(max)) => BidKind::Max(max),
            None => BidKind::Max(Money::new(assumed.unwrap_or(MAX_AMOUNT), self.proof.rules.currency)),
        };
        let command = Command::Bid {
            bidder: bid.bidder,
            bid_id: *bid_id,
            bid: kind,
            standing: Standing::default(),
            nonce: Nonce::from_bytes([0; 32]),
        };
        let mut decided = auction.handle(entry.at, command).map_err(|rejection| refused(entry, &rejection))?;
        // The commitment was checked when it was opened; here the nonce is not the real one.
        if let (
            Some(EventData::Bid { commitment, .. } | EventData::MaxRaised { commitment, .. }),
            EventData::Bid { commitment: logged, .. } | EventData::MaxRaised { commitment: logged, .. },
        ) = (decided.first_mut().map(|event| &mut event.data), &entry.data)
        {
            commitment.clone_from(logged);
        }
        Ok(decided)
    }

    fn other(&self, auction: &mut Auction, entry: &LogEntry, log: &[Event]) -> Result<Vec<Event>, Flaw> {
        let command = match &entry.data {
            EventData::Amended { rules, starts_at, .. } => {
                let (rules, reserve_nonce) = self.rules(entry, rules)?;
                Command::Amend { rules, starts_at: Some(*starts_at), reserve_nonce }
            }
            EventData::Opened { .. } => Command::Open,
            EventData::Voided { bid_id, bid_seq, reason, .. } => Command::Void {
                bid_id: *bid_id,
                bidder: Some(self.bidder_of(*bid_seq).ok_or_else(|| Flaw::at(entry, "bid_seq is no bid's"))?),
                reason: reason.clone(),
                log: log.to_vec(),
            },
            // An extension by a bid or a void was taken with it; alone there is only an outage's.
            EventData::Extended { .. } => Command::Resume,
            EventData::Closed { .. } => Command::Tick,
            EventData::Cancelled { reason } => Command::Cancel { reason: reason.clone(), by_admin: true },
            EventData::Scheduled { .. }
            | EventData::ReserveMet { .. }
            | EventData::Bid { .. }
            | EventData::MaxRaised { .. } => return Err(Flaw::at(entry, "this can't follow what is before it")),
        };
        let mut decided = auction.handle(entry.at, command).map_err(|rejection| refused(entry, &rejection))?;
        if let Some(event) = decided.first_mut() {
            self.adopt_superseded(entry, event);
        }
        Ok(decided)
    }

    /// Whether the log says, from `place` on, what was decided.
    fn follows(&self, decided: &[Event], place: usize) -> Result<(), Flaw> {
        let Some(entry) = self.proof.events.get(place) else { return Ok(()) };
        if decided.is_empty() {
            return Err(Flaw::at(entry, "by the rules nothing happens here"));
        }
        for (offset, event) in decided.iter().enumerate() {
            let Some(entry) = self.proof.events.get(place + offset) else {
                return Err(Flaw::general(format!("by the rules `{}` follows at the end", kind(&event.data))));
            };
            if (entry.at, &entry.data) != (event.at, &event.data) {
                return Err(Flaw::at(entry, difference(entry, event)));
            }
        }
        Ok(())
    }

    /// Whose the bid with its event in this place is.
    fn bidder_of(&self, bid_seq: u64) -> Option<UserId> {
        self.bids.iter().find(|bid| bid.seq == bid_seq).map(|bid| bid.bidder)
    }

    /// From which event on a void strikes the winner's bids.
    fn strikes_winner_from(&self, entry: &LogEntry) -> Option<u64> {
        let EventData::Voided { bid_seq, .. } = entry.data else { return None };
        self.winner.filter(|_| self.bidder_of(bid_seq) == self.winner).map(|_| bid_seq)
    }

    /// If assuming too much for a closed max explains why the log does not follow: how much less it
    /// must be.
    fn less(
        &self,
        auction: &Auction,
        entry: &LogEntry,
        bid: Option<&Bid>,
        leader: Option<Leader>,
        own: &Own,
        closed: &[i64],
    ) -> Option<Bound> {
        let steps = auction.rules().steps()?;
        let (which, at_most) = match (&entry.data, bid) {
            (EventData::Bid { outcome, price: Some(price), .. }, Some(bid)) => match own.this {
                Some(which) => (which, own_bid_less(steps, *outcome, price.amount, leader?)?),
                None => {
                    let leader = leader.filter(|leader| Some(leader.user) == self.winner)?;
                    let which = closed.iter().position(|amount| *amount == leader.max)?;
                    (which, beaten_less(steps, *outcome, price.amount, bid.offer?)?)
                }
            },
            // What stands without the voided bids was pushed up by the last closed max, or is it.
            (EventData::Voided { price: Some(price), leader: Some(leads), .. }, _) => {
                let is_it = Some(*leads) == self.winner;
                let at_most = if is_it { Some(price.amount) } else { below_a_step(steps, price.amount) };
                (own.last()?, at_most?)
            }
            _ => return None,
        };
        (at_most < closed[which]).then_some(Bound { which, at_most })
    }
}

/// The closed maxes met so far, by their place among all.
#[derive(Default)]
struct Own {
    /// That of this event.
    this: Option<usize>,
    met: usize,
    /// Those that no void has struck, with the seq of their events.
    standing: Vec<(usize, u64)>,
}

impl Own {
    /// Goes on to this event. `struck_from` says from which one on the winner's bids fall by it:
    /// all closed maxes are theirs.
    fn note(&mut self, bid: Option<&Bid>, struck_from: Option<u64>) {
        self.this = None;
        if let Some(Bid { seq, offer: None, .. }) = bid {
            self.this = Some(self.met);
            self.standing.push((self.met, *seq));
            self.met += 1;
        }
        if let Some(from) = struck_from {
            self.standing.retain(|(_, seq)| *seq < from);
        }
    }

    fn last(&self) -> Option<usize> {
        self.standing.last().map(|(which, _)| *which)
    }
}

/// How large a bid can be, at most, that met this leader and had this outcome at this price.
fn own_bid_less(steps: &Steps, outcome: BidOutcome, price: i64, leader: Leader) -> Option<i64> {
    match outcome {
        // It drove the leader to a step above it, or to their max: then it is not above that.
        BidOutcome::Outbid if price < leader.max => below_a_step(steps, price),
        BidOutcome::Outbid => Some(leader.max),
        // It did not reach a step above the one it beat: the price is all of it.
        BidOutcome::Leading => Some(price),
        BidOutcome::Won | BidOutcome::Sealed => None,
    }
}

/// How large a leader's max can be, at most, that met this offer with this outcome at this price.
fn beaten_less(steps: &Steps, outcome: BidOutcome, price: i64, offer: Offer) -> Option<i64> {
    match (outcome, offer) {
        // It held, driven to the last.
        (BidOutcome::Outbid, _) => Some(price),
        // It was beaten by a max, which had to go a step above it.
        (BidOutcome::Leading, Offer::Max(max)) if price < max.amount => below_a_step(steps, price),
        (BidOutcome::Leading, offer) => Some(offer.money().amount - 1),
        (BidOutcome::Won | BidOutcome::Sealed, _) => None,
    }
}

fn above_the_price(auction: Auction, amounts: &[i64]) -> Result<Auction, Flaw> {
    let price = auction.public(auction.last_at()).price.map_or(0, |price| price.amount);
    if amounts.first().is_some_and(|least| *least <= price) {
        return Err(Flaw::general("a max that is not above the price must be opened"));
    }
    Ok(auction)
}

fn leader(auction: &Auction, at: Timestamp) -> Option<Leader> {
    let user = auction.public(at).leader?;
    Some(Leader { user, max: auction.leader_max_for(user)?.amount })
}

/// The amount that with its step makes `price`.
fn below_a_step(steps: &Steps, price: i64) -> Option<i64> {
    let fits = |amount: &i64| steps.above(*amount) == price;
    match steps {
        Steps::Fixed(step) => Some(price - step).filter(fits),
        Steps::Table(rows) => rows.iter().map(|row| price - row.step).find(fits),
    }
}

fn refused(entry: &LogEntry, rejection: &Rejection) -> Flaw {
    Flaw::at(entry, format!("the rules refuse this: {rejection}"))
}

fn kind(data: &EventData) -> String {
    let value = serde_json::to_value(data).unwrap_or_default();
    value["kind"].as_str().unwrap_or_default().to_owned()
}

/// What the log says otherwise than the rules, field by field.
fn difference(entry: &LogEntry, event: &Event) -> String {
    let (logged, decided) = (kind(&entry.data), kind(&event.data));
    if logged != decided {
        return format!("the log says `{logged}`, by the rules `{decided}` follows");
    }
    if entry.at != event.at {
        return format!("the log says it was at {}, by the rules it is {}", entry.at, event.at);
    }
    let fields = |data: &EventData| serde_json::to_value(data).unwrap_or_default()["data"].take();
    let (logged, decided) = (fields(&entry.data), fields(&event.data));
    let differing = decided.as_object().into_iter().flatten().filter(|(name, value)| logged[name.as_str()] != **value);
    let said: Vec<String> = differing
        .map(|(name, value)| format!("{name} is {} in the log, by the rules it is {value}", logged[name.as_str()]))
        .collect();
    said.join("; ")
}
