//! Voiding a bid: what stands is recomputed from the log, as if the struck bids had never been.
//!
//! A `voided` event names every bid that falls, and must fit a frame. Where more fall than
//! [`MAX_STRUCK`], whoever voids them does it in several voids, the latest bids first: see
//! [`super::Book::falls`].

use super::{
    bid::Lead,
    book::Fall,
    event::{Event, Sealed},
    extension,
    proxy::EnglishSale,
    rejection::Rejection,
    sale::Sale,
    state::{Auction, VoidedBid},
};
use crate::{
    Money, Timestamp, UserId,
    wire::auction::{EventData, ExtensionReason, VoidedBy},
};

/// The most bids that one void should strike: with their ids its event stays well within a frame.
pub const MAX_STRUCK: usize = 1_000;

/// What everybody sees of the bids that are left. See [`EventData::Voided`].
#[derive(Debug, Default)]
struct Shown {
    price: Option<Money>,
    leader: Option<UserId>,
    next_minimum: Option<Money>,
    reserve_met: Option<bool>,
}

impl Auction {
    pub(super) fn void(
        &self,
        at: Timestamp,
        fall: Fall,
        by: VoidedBy,
        block: bool,
        reason: String,
    ) -> Result<Vec<Event>, Rejection> {
        let span = self.phase.open_at(at)?;
        let Fall { bid_id, bid_seq, bidder, struck, lead, own, bid_count } = fall;
        let shown = match &self.sale {
            Sale::English(sale) => self.shown_of_english(sale, lead),
            // Of sealed bids nothing shows.
            Sale::Sealed(_) => Shown::default(),
            // Whoever takes a Dutch lot closes it.
            Sale::Dutch(_) => return Err(Rejection::AuctionClosed),
        };
        let closes_at = extension::after_void(self.rules(), &span, at);
        let voided = EventData::Voided {
            bid_id,
            bid_seq,
            by,
            block,
            struck,
            reason,
            price: shown.price,
            leader: shown.leader,
            next_minimum: shown.next_minimum,
            reserve_met: shown.reserve_met,
            bid_count,
            closes_at: closes_at.unwrap_or(span.closes_at),
        };
        let stake = lead.map(|lead| lead.stake).or(own);
        let voided = Event { at, data: voided, sealed: Some(Sealed::Void { bidder, stake }) };
        let extended =
            closes_at.map(|closes_at| Event::open(at, EventData::extended(closes_at, ExtensionReason::Void)));
        Ok([Some(voided), extended].into_iter().flatten().collect())
    }

    pub(super) fn unblock(&self, at: Timestamp, bidder: UserId) -> Result<Vec<Event>, Rejection> {
        let Some(VoidedBid { bid_id, bid_seq }) = self.blocked.get(&bidder).copied() else { return Ok(Vec::new()) };
        self.phase.open_at(at)?;
        Ok(vec![Event::open(at, EventData::Unblocked { bid_id, bid_seq })])
    }

    fn shown_of_english(&self, sale: &EnglishSale, lead: Option<Lead>) -> Shown {
        let terms = &sale.terms;
        Shown {
            price: lead.map(|lead| self.money(lead.price)),
            leader: lead.map(|lead| lead.stake.bidder),
            next_minimum: terms.shown_minimum(lead).map(|amount| self.money(amount)),
            reserve_met: terms.reserve.map(|reserve| lead.is_some_and(|lead| lead.meets(reserve))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AuctionId, BidId, Currency,
        auction::{Bid, BidKind, Book, Command, Consignment, Nonce, Rules, Standing, Unstruck},
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
        let (id, nonce) = (AuctionId(uuid_v7(NOW, [9; 10])), Nonce::from_bytes([0; 32]));
        let (mut lot, first) = Auction::schedule(NOW, id, Consignment::sample(user(0)), rules, nonce);
        let mut log = vec![first];
        log.extend(lot.handle(NOW, Command::Open).expect("scheduled"));
        for number in 1..=3 {
            let kind = BidKind::Exact(Money::new(i64::from(number) * 10, Currency::MYR));
            let standing = Standing::default();
            let bid = Bid { bidder: user(number), bid_id, kind, rules_hash: None, standing, nonce };
            log.extend(lot.handle(NOW, Command::Bid(bid)).expect("enough"));
        }
        (lot, log)
    }

    fn void(
        lot: &mut Auction,
        log: &mut Vec<Event>,
        bid_id: BidId,
        bidder: Option<UserId>,
    ) -> Result<Option<(u64, Vec<BidId>)>, Unstruck> {
        let falls = Book::of(&*log).falls(lot, bid_id, bidder, MAX_STRUCK)?;
        let Some(fall) = falls.into_iter().next() else { return Ok(None) };
        let (by, reason) = (VoidedBy::Seller, String::new());
        let events = lot.handle(NOW, Command::Void { fall, by, block: true, reason })?;
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
            (None, Err(Rejection::SharedBidId.into())),
            (Some(user(4)), Err(Rejection::NotFound.into())),
            (Some(user(2)), fallen(4)),
            // Neither the one that fell nor those that stand are taken for what was not named.
            (None, Err(Rejection::SharedBidId.into())),
            (Some(user(2)), Ok(None)),
            (Some(user(3)), fallen(5)),
            (Some(user(2)), Ok(None)),
            (None, Err(Rejection::SharedBidId.into())),
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
