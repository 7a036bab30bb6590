//! Books: what falls with a bid is said from a base as from the whole log, or an earlier base is
//! asked for.

use blytz_core::{
    BidId, UserId,
    auction::{Auction, Bearers, BidKind, Book, Event, Fall, Rejection, Sealed, Unstruck, log::Head},
    wire::auction::{EventData, RulesInput},
};
use proptest::prelude::*;

use crate::arena::{Played, bid_id, myr, opened, play, rules_of_any_format, user, voids};

/// A log with where it stood after each event: `stands[s]` is the base that ends at seq `s + 1`.
struct Course {
    log: Vec<Event>,
    stands: Vec<(Auction, Head)>,
    /// Seq, id and bidder of every accepted bid.
    bids: Vec<(u64, BidId, UserId)>,
}

/// A bid that is to fall, as it is asked for.
#[derive(Debug, Clone, Copy)]
struct Target {
    bid_id: BidId,
    bidder: Option<UserId>,
    at_most: usize,
}

impl Course {
    fn of(played: Played) -> Self {
        let id = played.auction.id();
        let (mut auction, mut head) = (Auction::begin(id, &played.log[0]).expect("its own log"), Head::empty(id));
        let (mut stands, mut bids) = (Vec::new(), Vec::new());
        for (seq, event) in (1..).zip(&played.log) {
            if seq > 1 {
                auction.apply(event).expect("its own log");
            }
            head.append(event);
            stands.push((auction.clone(), head.clone()));
            if let (
                EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. },
                Some(Sealed::Bid { bidder, .. }),
            ) = (&event.data, &event.sealed)
            {
                bids.push((seq, *bid_id, *bidder));
            }
        }
        Self { log: played.log, stands, bids }
    }

    fn now(&self) -> &Auction {
        &self.stands.last().expect("it has begun").0
    }

    fn falls_by_the_whole(&self, target: Target) -> Result<Vec<Fall>, Unstruck> {
        Book::of(&self.log).falls(self.now(), target.bid_id, target.bidder, target.at_most)
    }

    /// The bearers of an id, as a store that was read at this seq tells them.
    fn bearers(&self, bid_id: BidId, read_at: u64) -> Bearers {
        let bearers = self.bids.iter().filter(|(seq, id, _)| *id == bid_id && *seq <= read_at);
        Bearers::new(bid_id, bearers.map(|(seq, _, bidder)| (*bidder, *seq)))
    }

    fn since(&self, base: u64, bearers: Bearers) -> Book {
        let place = usize::try_from(base).expect("a place in the log");
        let (auction, head) = &self.stands[place - 1];
        let mut book = Book::since(auction, head, bearers);
        (base + 1..).zip(&self.log[place..]).for_each(|(seq, event)| book.note(seq, event));
        book
    }

    fn falls_by_a_base(&self, base: u64, target: Target, read_at: u64) -> Result<Vec<Fall>, Unstruck> {
        let book = self.since(base, self.bearers(target.bid_id, read_at));
        book.falls(self.now(), target.bid_id, target.bidder, target.at_most)
    }

    /// Up to where nothing can be said from this base: itself, or the last void that struck from
    /// before what was such a place.
    fn unsaid_up_to(&self, base: u64) -> u64 {
        (1..).zip(&self.log).fold(base, |unsaid, (seq, event)| match &event.data {
            EventData::Voided { bid_seq, .. } if seq > base && *bid_seq <= unsaid => seq,
            _ => unsaid,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn a_void_from_any_base_is_the_one_falls_by_the_whole_log(
        rules in rules_of_any_format(),
        moves in voids(),
        nth in any::<prop::sample::Index>(),
        named in any::<bool>(),
        at_most in 1..4_usize,
        read_late in any::<bool>(),
    ) {
        let rules = RulesInput { duration_ms: 86_400_000, buy_now_price: None, ..rules };
        let course = Course::of(play(&rules, &moves));
        prop_assume!(!course.bids.is_empty());
        let end = course.log.len() as u64;
        let (seq, bid_id, bidder) = *nth.get(&course.bids);
        let target = Target { bid_id, bidder: named.then_some(bidder), at_most };
        let whole = course.falls_by_the_whole(target);
        for base in 1..=end {
            let read_at = if read_late { end } else { base };
            match course.falls_by_a_base(base, target, read_at) {
                Err(Unstruck::FurtherBack { seq: before }) => {
                    prop_assert!(whole.is_ok(), "what is refused is refused at once");
                    prop_assert!(seq <= course.unsaid_up_to(base), "bid {} can be said from {}", seq, base);
                    prop_assert!(before <= seq && before <= base, "from {} further back before {}", base, before);
                }
                said => {
                    prop_assert_eq!(&said, &whole, "from {}", base);
                    prop_assert!(whole.is_err() || seq > course.unsaid_up_to(base), "bid {} lies before {}", seq, base);
                }
            }
        }
    }

    #[test]
    fn whoever_goes_back_as_far_as_asked_gets_there(
        rules in rules_of_any_format(), moves in voids(), nth in any::<prop::sample::Index>(),
    ) {
        let rules = RulesInput { duration_ms: 86_400_000, buy_now_price: None, ..rules };
        let course = Course::of(play(&rules, &moves));
        prop_assume!(!course.bids.is_empty());
        let (_, bid_id, bidder) = *nth.get(&course.bids);
        let target = Target { bid_id, bidder: Some(bidder), at_most: usize::MAX };
        let mut base = course.log.len() as u64;
        let said = loop {
            match course.falls_by_a_base(base, target, base) {
                Err(Unstruck::FurtherBack { seq }) => {
                    prop_assert!(1 < seq && seq <= base, "from {} to before {}", base, seq);
                    base = seq - 1;
                }
                said => break said,
            }
        };
        prop_assert_eq!(said, course.falls_by_the_whole(target));
    }
}

/// Bids of users 1 to 5 with ids of their own at seqs 3 to 7, and of user 6 with the first one's id
/// at seq 8.
fn bids() -> Course {
    let rules = r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 10, "currency": "MYR"},
        "increment": {"fixed": 10}, "duration_ms": 60000}"#;
    let mut played = opened(&serde_json::from_str(rules).expect("rules"));
    for (who, id) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 1)] {
        played.bid(user(who), bid_id(id), BidKind::Exact(myr(i64::from(who) * 10)));
    }
    Course::of(played)
}

#[test]
fn whose_a_bid_id_is_does_not_depend_on_the_base() {
    let course = bids();
    let further_back = |seq| Err(Unstruck::FurtherBack { seq });
    let shared = || Err(Rejection::SharedBidId.into());
    let missing = || Err(Rejection::NotFound.into());
    let table = [
        // Both bearers after the base, one, none.
        (2, 1, None, shared()),
        (3, 1, None, shared()),
        (8, 1, None, shared()),
        (2, 1, Some(1), Ok(1)),
        (3, 1, Some(1), further_back(3)),
        (3, 1, Some(6), Ok(1)),
        (8, 1, Some(6), further_back(8)),
        (3, 1, Some(2), missing()),
        (3, 2, None, Ok(1)),
        (4, 2, None, further_back(4)),
        (4, 2, Some(3), missing()),
        (2, 9, None, missing()),
        (8, 9, Some(1), missing()),
    ];
    for (row, (base, id, who, said)) in table.into_iter().enumerate() {
        let target = Target { bid_id: bid_id(id), bidder: who.map(user), at_most: 1 };
        assert_eq!(course.falls_by_a_base(base, target, base).map(|falls| falls.len()), said, "row {row}");
    }
}

/// Without the bearers of the very id nobody knows who bears it before the base.
#[test]
fn of_another_id_than_was_read_up_only_a_named_bid_after_the_base_can_fall() {
    let course = bids();
    let book = course.since(3, course.bearers(bid_id(2), 8));
    let said = |id, who: Option<u8>| book.falls(course.now(), bid_id(id), who.map(user), 1).map(|falls| falls.len());
    let whole_log = Err(Unstruck::FurtherBack { seq: 1 });
    assert_eq!(
        [said(1, None), said(1, Some(1)), said(9, None), said(3, None)],
        [whole_log.clone(), whole_log.clone(), whole_log.clone(), whole_log]
    );
    assert_eq!([said(1, Some(6)), said(3, Some(3)), said(2, None)], [Ok(1), Ok(1), Ok(1)]);
}

#[test]
fn a_ledger_that_missed_an_event_says_nothing() {
    let course = bids();
    let falls = |book: &Book| book.falls(course.now(), bid_id(5), None, 1).map(|falls| falls.len());
    let since = |base| course.since(base, course.bearers(bid_id(5), 8));
    assert_eq!(falls(&since(3)), Ok(1));
    for (after, noted, missing) in [(8, 10, 9), (8, 8, 9), (8, 1, 9)] {
        let mut book = since(3);
        book.note(noted, &course.log[7]);
        assert_eq!(falls(&book), Err(Unstruck::Gap { seq: missing }), "{noted} after {after}");
    }
    let mut whole = Book::default();
    whole.note(7, &course.log[6]);
    assert_eq!(falls(&whole), Err(Unstruck::Gap { seq: 1 }));
}

#[test]
fn the_bearers_say_how_far_back_to_look() {
    let bearers = bids().bearers(bid_id(1), 8);
    assert_eq!(bearers.meant(None), Err(Rejection::SharedBidId));
    assert_eq!([1, 6].map(|who| bearers.meant(Some(user(who)))), [Ok(3), Ok(8)]);
    assert_eq!(bearers.meant(Some(user(2))), Err(Rejection::NotFound));
    assert_eq!(bids().bearers(bid_id(2), 8).meant(None), Ok(4));
    assert_eq!(bids().bearers(bid_id(2), 3).meant(None), Err(Rejection::NotFound));
}
