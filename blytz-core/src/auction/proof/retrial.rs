//! Deciding a log again, event by event, under an assumption about the maxes that stay closed.

use std::{collections::VecDeque, sync::Arc};

use super::{
    Flaw,
    clue::{self, Clue},
    opened::OpenedRules,
    openings::Bid,
};
use crate::{
    AuctionId, Money, Timestamp, UserId,
    auction::{
        Auction, BidKind, Book, Command, Consignment, Event, Outage, Rejection, Standing, command as engine,
        commitment::{Nonce, Offer},
    },
    money::MAX_AMOUNT,
    wire::auction::EventData,
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
    /// Whose these are: the winner's, if the proof holds.
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
pub(super) struct Retrial {
    pub(super) auction: Option<Auction>,
    /// The bids so far, for voids to come.
    book: Arc<Book>,
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

impl Retrial {
    /// Whether this event is the first of a decision, and no consequence of the one before.
    pub(super) fn decides(&self) -> bool {
        self.expected.is_empty()
    }

    /// The last of the closed maxes that stand, by its place among all.
    pub(super) fn last_closed(&self) -> Option<usize> {
        self.own.last()
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
        let event = self.expected.pop_front().ok_or_else(|| nothing_happens(seen.seq))?;
        if (seen.at, seen.data) != (event.at, &event.data) {
            return Err(Flaw::at(seen.seq, difference(seen, &event)));
        }
        Arc::make_mut(&mut self.book).note(seen.seq, &event);
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
        self.clue = Clue::of(seen.at, seen.data, bid, self.auction.as_ref());
    }

    fn decide(&mut self, seen: &Seen<'_>, given: Given<'_>) -> Result<Vec<Event>, Flaw> {
        let Some(auction) = &mut self.auction else {
            let (auction, event) = scheduled(seen, given)?;
            self.auction = Some(auction);
            return Ok(vec![event]);
        };
        let command = match seen.bid.and_then(|which| given.bids.get(which)) {
            Some(bid) => bid_command(seen, bid, self.own.this.map(|own| given.closed[own]), given.rules)?,
            None => command(seen, given, &self.book, auction)?,
        };
        let decided = auction.handle(seen.at, command);
        let mut decided = decided.map_err(|rejection| refused(seen.seq, &rejection))?;
        if let Some(event) = decided.first_mut() {
            adopt_commitment(seen.data, &mut event.data);
            given.rules.adopt_unopened(seen.data, event);
        }
        Ok(decided)
    }

    /// If assuming too much for a closed max explains why the log does not follow: how much less it
    /// must be.
    fn less(&self, given: Given<'_>) -> Option<Bound> {
        let steps = self.auction.as_ref()?.rules().steps()?;
        let (which, at_most) = match (self.clue, self.own.this) {
            (Clue::Bid(met), Some(which)) => (which, met.own_at_most(steps)?),
            (Clue::Bid(met), None) => {
                let leader = met.leader.filter(|leader| Some(leader.user) == given.closed_of)?;
                let which = self.own.standing_at(leader.max, given)?;
                (which, met.leaders_at_most(steps)?)
            }
            // What stands without the voided bids was pushed up by the last closed max, or is it.
            (Clue::Void { price, leads }, _) => {
                let is_it = Some(leads) == given.closed_of;
                let at_most = if is_it { Some(price) } else { clue::below_a_step(steps, price) };
                (self.own.last()?, at_most?)
            }
            (Clue::Nothing, _) => return None,
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

    /// The one that stands in with this amount.
    fn standing_at(&self, amount: i64, given: Given<'_>) -> Option<usize> {
        self.standing.iter().map(|(which, _)| *which).find(|which| given.closed[*which] == amount)
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

fn scheduled(seen: &Seen<'_>, given: Given<'_>) -> Result<(Auction, Event), Flaw> {
    let scheduled = Consignment::stated_by(seen.data).zip(seen.data.rules());
    let (consignment, rules) = scheduled.ok_or_else(|| Flaw::at(seen.seq, "a log begins with `scheduled`"))?;
    let (stated, nonce) = given.rules.stated(seen.seq, rules)?;
    let (auction, mut event) = Auction::schedule(seen.at, given.auction_id, consignment, stated, nonce);
    given.rules.adopt_unopened(seen.data, &mut event);
    Ok((auction, event))
}

fn bid_command(seen: &Seen<'_>, bid: &Bid, assumed: Option<i64>, rules: &OpenedRules) -> Result<Command, Flaw> {
    let bidder = bid.bidder.ok_or_else(|| Flaw::at(seen.seq, "nothing names the bidder"))?;
    let kind = match bid.offer {
        // What was bought now was opened at the buy-now price, and bidding that is the same.
        Some((Offer::Amount(amount), _)) => BidKind::Exact(amount),
        Some((Offer::Max(max), _)) => BidKind::Max(max),
        None => BidKind::Max(Money::new(assumed.unwrap_or(MAX_AMOUNT), rules.view.currency)),
    };
    let (standing, nonce) = (Standing::default(), Nonce::from_bytes([0; 32]));
    Ok(Command::Bid(engine::Bid { bidder, bid_id: bid.id, kind, rules_hash: None, standing, nonce }))
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

fn command(seen: &Seen<'_>, given: Given<'_>, book: &Book, auction: &Auction) -> Result<Command, Flaw> {
    Ok(match seen.data {
        EventData::Amended { rules, starts_at, item_hash, .. } => {
            let (rules, reserve_nonce) = given.rules.stated(seen.seq, rules)?;
            Command::Amend { rules, starts_at: Some(*starts_at), item_hash: Some(item_hash.clone()), reserve_nonce }
        }
        EventData::Opened { .. } => Command::Open,
        EventData::Voided { bid_id, bid_seq, by, block, reason, .. } => {
            let bidder = given.bidder_of(*bid_seq).ok_or_else(|| Flaw::at(seen.seq, "bid_seq is no bid's"))?;
            let falls = book.falls(auction, *bid_id, Some(bidder), usize::MAX);
            let falls = falls.map_err(|unstruck| Flaw::at(seen.seq, format!("the rules refuse this: {unstruck}")))?;
            let fall = falls.into_iter().next().ok_or_else(|| nothing_happens(seen.seq))?;
            Command::Void { fall, by: *by, block: *block, reason: reason.clone() }
        }
        EventData::Unblocked { bid_seq, .. } => {
            let bidder = given.bidder_of(*bid_seq).ok_or_else(|| Flaw::at(seen.seq, "bid_seq is no bid's"))?;
            Command::Unblock(bidder)
        }
        // An extension by a bid or a void was taken with it; alone there is only an outage's.
        EventData::Extended { from: Some(from), to: Some(to), .. } => Command::Resume(Outage { from: *from, to: *to }),
        EventData::Closed { .. } => Command::Tick,
        EventData::Cancelled { reason } => Command::Cancel { reason: reason.clone(), by_admin: true },
        EventData::Scheduled { .. }
        | EventData::Extended { .. }
        | EventData::ReserveMet { .. }
        | EventData::Bid { .. }
        | EventData::MaxRaised { .. } => return Err(Flaw::at(seen.seq, "this can't follow what is before it")),
    })
}

fn refused(seq: u64, rejection: &Rejection) -> Flaw {
    Flaw::at(seq, format!("the rules refuse this: {rejection}"))
}

fn nothing_happens(seq: u64) -> Flaw {
    Flaw::at(seq, "by the rules nothing happens here")
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
