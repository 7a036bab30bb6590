//! Voiding a bid: what stands is recomputed from the log, as if the struck bids had never been.
//!
//! Ids of bids are public and belong to their bidders, so two bidders may bear the same one. Which
//! bid is meant is asked for, never guessed; which one fell, `bid_seq` says.
//!
//! A `voided` event names every bid that falls, and must fit a frame. Where more fall than
//! [`MAX_STRUCK`], whoever voids them does it in several voids, the latest bids first: see
//! [`Ledger::falls`].

use super::{
    event::{Event, Sealed, Stake},
    extension,
    handle::extension_event,
    proxy::{self, Lead, Offer},
    rejection::Rejection,
    rules::{EnglishTerms, Sale},
    state::{Auction, Book},
};
use crate::{
    BidId, Money, Timestamp, UserId,
    wire::auction::{EventData, ExtensionReason},
};

/// The most bids that one void should strike: with their ids its event stays well within a frame.
pub const MAX_STRUCK: usize = 1_000;

/// An accepted bid or raise, as the log tells it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The place of its event in the log.
    seq: u64,
    stake: Stake,
    exact: bool,
    raise: bool,
}

/// The accepted bids of a log: those that stand, in its order, and those that fell. All that a void
/// needs of the log, and a fraction of its size.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    standing: Vec<Entry>,
    fallen: Vec<Entry>,
}

impl Auction {
    pub(super) fn void(
        &mut self,
        at: Timestamp,
        bid_id: BidId,
        bidder: Option<UserId>,
        reason: String,
        mut ledger: Ledger,
    ) -> Result<Vec<Event>, Rejection> {
        let Entry { seq: bid_seq, stake: Stake { bidder, .. }, .. } = ledger.find(bid_id, bidder)?;
        if ledger.fallen.iter().any(|entry| entry.seq == bid_seq) {
            return Ok(Vec::new());
        }
        let span = self.live_span(at)?;
        let struck = ledger.strike(bidder, bid_seq);
        let closes_at = extension::after_late_bid(&self.terms.rules, &span, at);
        let standing = self.recomputed(&ledger, bidder);
        let voided = EventData::Voided {
            bid_id,
            bid_seq,
            struck,
            reason,
            price: standing.price,
            leader: standing.leader,
            next_minimum: standing.next_minimum,
            reserve_met: standing.reserve_met,
            bid_count: ledger.standing.iter().filter(|entry| !entry.raise).count() as u64,
            closes_at: closes_at.unwrap_or(span.closes_at),
        };
        let voided = Event { at, data: voided, sealed: Some(Sealed::Void { bidder, stake: standing.stake }) };
        let extended = closes_at.map(|closes_at| extension_event(at, closes_at, ExtensionReason::Void));
        Ok(self.record([Some(voided), extended].into_iter().flatten()))
    }

    /// What stands once the ledger's bids are all there is.
    fn recomputed(&self, ledger: &Ledger, voided_bidder: UserId) -> Recomputed {
        match (&self.book, &self.terms.rules.sale) {
            (Book::English(_), Sale::English(terms)) => self.recomputed_english(ledger, terms),
            // Of sealed bids nothing shows. The bidder's bid before the struck one stands again.
            _ => {
                let own = ledger.standing.iter().rfind(|entry| entry.stake.bidder == voided_bidder);
                Recomputed { stake: own.map(|entry| entry.stake), ..Recomputed::default() }
            }
        }
    }

    fn recomputed_english(&self, ledger: &Ledger, terms: &EnglishTerms) -> Recomputed {
        let lead = ledger.lead(terms);
        let minimum = proxy::English { lead, ..proxy::English::default() }.shown_minimum(terms);
        Recomputed {
            stake: lead.map(|lead| lead.stake),
            price: lead.map(|lead| self.money(lead.price)),
            leader: lead.map(|lead| lead.stake.bidder),
            next_minimum: minimum.map(|amount| self.money(amount)),
            reserve_met: terms.reserve.map(|reserve| lead.is_some_and(|lead| lead.meets(reserve))),
        }
    }
}

/// See [`EventData::Voided`] and [`Sealed::Void`].
#[derive(Debug, Default)]
struct Recomputed {
    stake: Option<Stake>,
    price: Option<Money>,
    leader: Option<UserId>,
    next_minimum: Option<Money>,
    reserve_met: Option<bool>,
}

impl Ledger {
    /// The ledger of a whole log with its sealed parts: an event's place in it, from 1, is its seq.
    pub fn of<'a>(log: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut ledger = Self::default();
        (1..).zip(log).for_each(|(seq, event)| ledger.note(seq, event));
        ledger
    }

    /// Goes on to the next event of the log, which stands there at `seq`.
    pub fn note(&mut self, seq: u64, event: &Event) {
        match (&event.data, &event.sealed) {
            (
                EventData::Bid { bid_id, price, .. } | EventData::MaxRaised { bid_id, price, .. },
                Some(Sealed::Bid { bidder, bid, .. }),
            ) => {
                // Who bought now pays the price that is logged.
                let stake = bid.money().or(*price).map(|Money { amount, .. }| Stake {
                    bidder: *bidder,
                    bid_id: *bid_id,
                    amount,
                    at: event.at,
                });
                let exact = !matches!(bid, super::BidKind::Max(_));
                let raise = matches!(event.data, EventData::MaxRaised { .. });
                self.standing.extend(stake.map(|stake| Entry { seq, stake, exact, raise }));
            }
            (EventData::Voided { bid_seq, .. }, Some(Sealed::Void { bidder, .. })) => {
                self.strike(*bidder, *bid_seq);
            }
            _ => {}
        }
    }

    /// The bids to void, one after the other, so that this one falls with every later one of its
    /// bidder and no void strikes more than `at_most`: the latest first, itself last. Each is a void
    /// like any other, and the last leaves what a single one would have left.
    ///
    /// # Errors
    /// As [`super::Command::Void`], when the bid is not to be found.
    pub fn falls(
        &self,
        bid_id: BidId,
        bidder: Option<UserId>,
        at_most: usize,
    ) -> Result<Vec<(BidId, UserId)>, Rejection> {
        let first = self.find(bid_id, bidder)?;
        let Stake { bidder, .. } = first.stake;
        // With a bid that has fallen already nothing falls again.
        let stands = self.standing.iter().any(|entry| entry.seq == first.seq);
        let falls = |entry: &&Entry| stands && entry.stake.bidder == bidder && entry.seq > first.seq;
        let falling = self.standing.iter().filter(falls);
        let ids: Vec<BidId> = falling.map(|entry| entry.stake.bid_id).collect();
        // Counted from the end, so that it is the last void that may strike fewer.
        let cuts = ids.rchunks(at_most.max(1)).filter(|chunk| chunk.len() == at_most).filter_map(<[BidId]>::first);
        Ok(cuts.copied().chain([bid_id]).map(|bid_id| (bid_id, bidder)).collect())
    }

    /// The bid with this id, standing or fallen; the bidder's, if one is named. Without a name the
    /// id must have one bearer only: else whoever copies an id could have the other bid struck, or
    /// a fallen one taken for it.
    fn find(&self, bid_id: BidId, bidder: Option<UserId>) -> Result<Entry, Rejection> {
        let is_meant =
            |entry: &&Entry| entry.stake.bid_id == bid_id && bidder.is_none_or(|bidder| entry.stake.bidder == bidder);
        let mut bearers = self.standing.iter().chain(&self.fallen).filter(is_meant);
        let first = bearers.next().ok_or(Rejection::NotFound)?;
        match bearers.find(|entry| entry.stake.bidder != first.stake.bidder) {
            Some(_) => Err(Rejection::SharedBidId),
            None => Ok(*first),
        }
    }

    /// Takes out the bidder's bids from this event on; their ids in log order.
    fn strike(&mut self, bidder: UserId, bid_seq: u64) -> Vec<BidId> {
        let falls = |entry: &mut Entry| entry.stake.bidder == bidder && entry.seq >= bid_seq;
        let fallen: Vec<_> = self.standing.extract_if(.., falls).collect();
        let struck = fallen.iter().map(|entry| entry.stake.bid_id).collect();
        self.fallen.extend(fallen);
        struck
    }

    /// Who leads when the standing bids are placed one after the other.
    fn lead(&self, terms: &EnglishTerms) -> Option<Lead> {
        self.standing
            .iter()
            .fold(None, |lead, entry| Some(proxy::place(lead, Offer { stake: entry.stake, exact: entry.exact }, terms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AuctionId, Currency, ProductId,
        auction::{BidKind, Command, Nonce, Rules, Standing},
        id::uuid_v7,
        wire::auction::RulesInput,
    };

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn user(number: u8) -> UserId {
        UserId(uuid_v7(NOW, [number; 10]))
    }

    /// A live lot on which users 1, 2, 3 bid 10, 20, 30, all under one id: seqs 3, 4, 5.
    fn lot(bid_id: BidId) -> (Auction, Vec<Event>) {
        let rules = r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 10, "currency": "MYR"},
            "increment": {"fixed": 10}, "duration_ms": 60000}"#;
        let stated: RulesInput = serde_json::from_str(rules).expect("rules");
        let rules = Rules::try_from(&stated).expect("valid rules");
        let (id, product) = (AuctionId(uuid_v7(NOW, [9; 10])), ProductId(uuid_v7(NOW, [8; 10])));
        let nonce = Nonce::from_bytes([0; 32]);
        let (mut lot, first) = Auction::schedule(NOW, id, user(0), product, None, rules, nonce);
        let mut log = vec![first];
        log.extend(lot.handle(NOW, Command::Open).expect("scheduled"));
        for number in 1..=3 {
            let bid = BidKind::Exact(Money::new(i64::from(number) * 10, Currency::MYR));
            let standing = Standing::default();
            let command = Command::Bid { bidder: user(number), bid_id, bid, standing, nonce };
            log.extend(lot.handle(NOW, command).expect("enough"));
        }
        (lot, log)
    }

    fn void(
        lot: &mut Auction,
        log: &mut Vec<Event>,
        bid_id: BidId,
        bidder: Option<UserId>,
    ) -> Result<Option<(u64, Vec<BidId>)>, Rejection> {
        let command = Command::Void { bid_id, bidder, reason: String::new(), ledger: Ledger::of(&*log) };
        let events = lot.handle(NOW, command)?;
        log.extend(events.iter().cloned());
        Ok(events.into_iter().find_map(|event| match event.data {
            EventData::Voided { bid_seq, struck, .. } => Some((bid_seq, struck)),
            _ => None,
        }))
    }

    #[test]
    fn bids_with_one_id_fall_one_by_one_and_only_when_named() {
        let bid_id = BidId(uuid_v7(NOW, [7; 10]));
        let (mut lot, mut log) = lot(bid_id);
        let fallen = |seq| Ok(Some((seq, vec![bid_id])));
        let table = [
            (None, Err(Rejection::SharedBidId)),
            (Some(user(4)), Err(Rejection::NotFound)),
            (Some(user(2)), fallen(4)),
            // Neither the one that fell nor those that stand are taken for what was not named.
            (None, Err(Rejection::SharedBidId)),
            (Some(user(2)), Ok(None)),
            (Some(user(3)), fallen(5)),
            (Some(user(2)), Ok(None)),
            (None, Err(Rejection::SharedBidId)),
            (Some(user(1)), fallen(3)),
        ];
        for (row, (bidder, expected)) in table.into_iter().enumerate() {
            assert_eq!(void(&mut lot, &mut log, bid_id, bidder), expected, "row {row}");
        }
        assert_eq!(lot.public(NOW).leader, None);
        assert!((1..=3).all(|number| lot.has_blocked(user(number))));
        assert_eq!(Auction::fold(lot.id, &log), Ok(lot));
    }
}
