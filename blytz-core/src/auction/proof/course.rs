//! Deciding a log again, event by event, under an assumption about the maxes that stay closed.

use std::{collections::VecDeque, sync::Arc};

use super::{
    Flaw,
    openings::{Bid, OpenedRules},
};
use crate::{
    AuctionId, Money, Timestamp, UserId,
    auction::{
        Auction, BidKind, Command, Event, Ledger, Rejection, Rules, Standing,
        commitment::{Nonce, Offer, rules_hash},
        increment::Steps,
    },
    money::MAX_AMOUNT,
    wire::auction::{BidOutcome, EventData, RulesInput, RulesView},
};

/// An event of the log.
pub(super) struct Seen<'a> {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) data: &'a EventData,
    /// Its opening's place among the bids, if it is one.
    pub(super) bid: Option<usize>,
}

/// The part of the log that has been seen, and what is assumed of it.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) auction_id: AuctionId,
    /// The rules that bids were taken under.
    pub(super) rules: &'a OpenedRules,
    /// The bids and raises, in log order.
    pub(super) bids: &'a [Bid],
    /// Stands in for the maxes that stay closed.
    pub(super) closed: &'a [i64],
    /// Whose these are.
    pub(super) closed_of: Option<UserId>,
}

/// Why the log does not follow.
pub(super) enum Stop {
    Flaw(Flaw),
    /// The log shows that a closed max is less than was assumed; else this is a flaw.
    Less(Bound, Flaw),
}

/// A closed max (by its place among them) is at most this.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub(super) which: usize,
    pub(super) at_most: i64,
}

/// A fresh engine on its way through a log.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    pub(super) auction: Option<Auction>,
    /// The bids so far, for voids to come.
    ledger: Arc<Ledger>,
    own: Own,
    /// What the last decision says that must follow.
    expected: VecDeque<Event>,
    clue: Clue,
}

/// The closed maxes met so far, by their place among all.
#[derive(Debug, Clone, Default)]
struct Own {
    /// That of this event.
    this: Option<usize>,
    met: usize,
    /// Those that no void has struck, with the seq of their events.
    standing: Vec<(usize, u64)>,
}

/// What the event of the last decision tells of the closed maxes.
#[derive(Debug, Clone, Copy, Default)]
enum Clue {
    #[default]
    Nothing,
    /// A bid met this leader, with this outcome at this price.
    Bid { outcome: BidOutcome, price: i64, offer: Option<Offer>, leader: Option<Leader> },
    /// Without the voided bids this is the price, and they lead.
    Void { price: i64, leads: UserId },
}

/// Who led before a bid, and how far they go.
#[derive(Debug, Clone, Copy)]
struct Leader {
    user: UserId,
    max: i64,
}

impl Course {
    /// Whether this event is the first of a decision, and no consequence of the one before.
    pub(super) fn decides(&self) -> bool {
        self.expected.is_empty()
    }

    /// Goes on to the next event.
    pub(super) fn go(&mut self, seen: &Seen<'_>, given: Given<'_>) -> Result<(), Stop> {
        self.follow(seen, given).map_err(|flaw| match self.less(given) {
            Some(bound) => Stop::Less(bound, flaw),
            None => Stop::Flaw(flaw),
        })
    }

    fn follow(&mut self, seen: &Seen<'_>, given: Given<'_>) -> Result<(), Flaw> {
        if self.decides() {
            self.consider(seen, given);
            self.expected = self.decide(seen, given)?.into();
        }
        let nothing = || Flaw::at(seen.seq, "by the rules nothing happens here");
        let event = self.expected.pop_front().ok_or_else(nothing)?;
        if (seen.at, seen.data) != (event.at, &event.data) {
            return Err(Flaw::at(seen.seq, difference(seen, &event)));
        }
        Arc::make_mut(&mut self.ledger).note(seen.seq, &event);
        Ok(())
    }

    /// The auction as it stands, if nothing more follows.
    pub(super) fn end(self) -> Result<Auction, Flaw> {
        match (self.auction, self.expected.front()) {
            (_, Some(event)) => Err(Flaw::general(format!("by the rules `{}` follows at the end", kind(&event.data)))),
            (Some(auction), None) => Ok(auction),
            (None, None) => Err(Flaw::general("the log is empty")),
        }
    }

    /// Notes what the event will tell of the closed maxes, should it not follow.
    fn consider(&mut self, seen: &Seen<'_>, given: Given<'_>) {
        let bid = seen.bid.and_then(|which| given.bids.get(which));
        self.own.note(bid, given.strikes_closed_from(seen));
        self.clue = match (seen.data, bid) {
            (EventData::Bid { outcome, price: Some(price), .. }, Some(bid)) => Clue::Bid {
                outcome: *outcome,
                price: price.amount,
                offer: bid.offer.map(|(offer, _)| offer),
                leader: self.auction.as_ref().and_then(|auction| leader(auction, seen.at)),
            },
            (EventData::Voided { price: Some(price), leader: Some(leads), .. }, _) => {
                Clue::Void { price: price.amount, leads: *leads }
            }
            _ => Clue::Nothing,
        };
    }

    fn decide(&mut self, seen: &Seen<'_>, given: Given<'_>) -> Result<Vec<Event>, Flaw> {
        let Some(auction) = &mut self.auction else {
            let (auction, event) = given.rules.scheduled(given.auction_id, seen)?;
            self.auction = Some(auction);
            return Ok(vec![event]);
        };
        let command = match seen.bid.and_then(|which| given.bids.get(which)) {
            Some(bid) => bid_command(seen, bid, self.own.this.map(|own| given.closed[own]), given.rules)?,
            None => command(seen, given, &self.ledger)?,
        };
        let decided = auction.handle(seen.at, command);
        let mut decided = decided.map_err(|rejection| refused(seen.seq, &rejection))?;
        if let Some(event) = decided.first_mut() {
            adopt_commitment(seen.data, &mut event.data);
            given.rules.adopt_superseded(seen.data, event);
        }
        Ok(decided)
    }

    /// If assuming too much for a closed max explains why the log does not follow: how much less it
    /// must be.
    fn less(&self, given: Given<'_>) -> Option<Bound> {
        let steps = self.auction.as_ref()?.rules().steps()?;
        let (which, at_most) = match self.clue {
            Clue::Bid { outcome, price, offer, leader } => match self.own.this {
                Some(which) => (which, own_bid_less(steps, outcome, price, leader?)?),
                None => {
                    let leader = leader.filter(|leader| Some(leader.user) == given.closed_of)?;
                    let which = given.closed.iter().position(|amount| *amount == leader.max)?;
                    (which, beaten_less(steps, outcome, price, offer?)?)
                }
            },
            // What stands without the voided bids was pushed up by the last closed max, or is it.
            Clue::Void { price, leads } => {
                let is_it = Some(leads) == given.closed_of;
                let at_most = if is_it { Some(price) } else { below_a_step(steps, price) };
                (self.own.last()?, at_most?)
            }
            Clue::Nothing => return None,
        };
        (at_most < given.closed[which]).then_some(Bound { which, at_most })
    }
}

impl Own {
    /// Goes on to this event. `struck_from` says from which one on the closed maxes fall by it.
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

impl Given<'_> {
    /// Whose the bid with its event in this place is.
    fn bidder_of(&self, bid_seq: u64) -> Option<UserId> {
        let place = self.bids.binary_search_by_key(&bid_seq, |bid| bid.seq).ok()?;
        self.bids[place].bidder
    }

    /// From which event on a void strikes the closed maxes.
    fn strikes_closed_from(&self, seen: &Seen<'_>) -> Option<u64> {
        let EventData::Voided { bid_seq, .. } = *seen.data else { return None };
        self.closed_of.filter(|bidder| self.bidder_of(bid_seq) == Some(*bidder)).map(|_| bid_seq)
    }
}

impl OpenedRules {
    fn scheduled(&self, auction_id: AuctionId, seen: &Seen<'_>) -> Result<(Auction, Event), Flaw> {
        let EventData::Scheduled { seller_id, product_id, starts_at, rules, .. } = seen.data else {
            return Err(Flaw::at(seen.seq, "a log begins with `scheduled`"));
        };
        let (stated, nonce) = self.stated(seen.seq, rules)?;
        let (auction, mut event) =
            Auction::schedule(seen.at, auction_id, *seller_id, *product_id, *starts_at, stated, nonce);
        self.adopt_superseded(seen.data, &mut event);
        Ok((auction, event))
    }

    /// Checked rules from their public form, with the opened reserve. One that was amended before
    /// the first bid is never opened and never decided anything: any allowed amount will do.
    fn stated(&self, seq: u64, view: &RulesView) -> Result<(Rules, Nonce), Flaw> {
        let (reserve, nonce) = match self.reserve.filter(|_| *view == self.view) {
            Some(reserve) => (Some(reserve.price), reserve.nonce),
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
            Flaw::at(seq, format!("the rules are not valid: {fault}"))
        };
        Ok((Rules::try_from(&stated).map_err(invalid)?, nonce))
    }

    /// Where rules were superseded, takes over the logged commitment, which nobody opens.
    fn adopt_superseded(&self, logged: &EventData, event: &mut Event) {
        if let (
            EventData::Scheduled { rules: logged, .. } | EventData::Amended { rules: logged, .. },
            EventData::Scheduled { rules, rules_hash: hash, .. } | EventData::Amended { rules, rules_hash: hash, .. },
        ) = (logged, &mut event.data)
            && *logged != self.view
        {
            rules.reserve_price.clone_from(&logged.reserve_price);
            *hash = rules_hash(rules);
        }
    }
}

fn bid_command(seen: &Seen<'_>, bid: &Bid, assumed: Option<i64>, rules: &OpenedRules) -> Result<Command, Flaw> {
    let bidder = bid.bidder.ok_or_else(|| Flaw::at(seen.seq, "nothing names the bidder"))?;
    let kind = match bid.offer {
        // What was bought now was opened at the buy-now price, and bidding that is the same.
        Some((Offer::Amount(amount), _)) => BidKind::Exact(amount),
        Some((Offer::Max(max), _)) => BidKind::Max(max),
        None => BidKind::Max(Money::new(assumed.unwrap_or(MAX_AMOUNT), rules.view.currency)),
    };
    let nonce = Nonce::from_bytes([0; 32]);
    Ok(Command::Bid { bidder, bid_id: bid.id, bid: kind, standing: Standing::default(), nonce })
}

/// The commitment was checked when it was opened; here the nonce is not the real one.
fn adopt_commitment(logged: &EventData, decided: &mut EventData) {
    if let (
        EventData::Bid { commitment: logged, .. } | EventData::MaxRaised { commitment: logged, .. },
        EventData::Bid { commitment, .. } | EventData::MaxRaised { commitment, .. },
    ) = (logged, decided)
    {
        commitment.clone_from(logged);
    }
}

fn command(seen: &Seen<'_>, given: Given<'_>, ledger: &Ledger) -> Result<Command, Flaw> {
    Ok(match seen.data {
        EventData::Amended { rules, starts_at, .. } => {
            let (rules, reserve_nonce) = given.rules.stated(seen.seq, rules)?;
            Command::Amend { rules, starts_at: Some(*starts_at), reserve_nonce }
        }
        EventData::Opened { .. } => Command::Open,
        EventData::Voided { bid_id, bid_seq, reason, .. } => Command::Void {
            bid_id: *bid_id,
            bidder: Some(given.bidder_of(*bid_seq).ok_or_else(|| Flaw::at(seen.seq, "bid_seq is no bid's"))?),
            reason: reason.clone(),
            ledger: ledger.clone(),
        },
        // An extension by a bid or a void was taken with it; alone there is only an outage's.
        EventData::Extended { .. } => Command::Resume,
        EventData::Closed { .. } => Command::Tick,
        EventData::Cancelled { reason } => Command::Cancel { reason: reason.clone(), by_admin: true },
        EventData::Scheduled { .. }
        | EventData::ReserveMet { .. }
        | EventData::Bid { .. }
        | EventData::MaxRaised { .. } => return Err(Flaw::at(seen.seq, "this can't follow what is before it")),
    })
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

fn refused(seq: u64, rejection: &Rejection) -> Flaw {
    Flaw::at(seq, format!("the rules refuse this: {rejection}"))
}

fn kind(data: &EventData) -> String {
    let value = serde_json::to_value(data).unwrap_or_default();
    value["kind"].as_str().unwrap_or_default().to_owned()
}

/// What the log says otherwise than the rules, field by field.
fn difference(seen: &Seen<'_>, event: &Event) -> String {
    let (logged, decided) = (kind(seen.data), kind(&event.data));
    if logged != decided {
        return format!("the log says `{logged}`, by the rules `{decided}` follows");
    }
    if seen.at != event.at {
        return format!("the log says it was at {}, by the rules it is {}", seen.at, event.at);
    }
    let fields = |data: &EventData| serde_json::to_value(data).unwrap_or_default()["data"].take();
    let (logged, decided) = (fields(seen.data), fields(&event.data));
    let differing = decided.as_object().into_iter().flatten().filter(|(name, value)| logged[name.as_str()] != **value);
    let said: Vec<String> = differing
        .map(|(name, value)| format!("{name} is {} in the log, by the rules it is {value}", logged[name.as_str()]))
        .collect();
    said.join("; ")
}
