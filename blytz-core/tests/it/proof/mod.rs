//! Whatever the engine does can be proved, and a proof with anything changed can't.

use std::fs;

use blytz_core::{
    AuctionId, BidId, Currency, Money, Timestamp, UserId,
    auction::{
        Auction, BidKind, Command, Event, Ledger, Nonce, Rules, Sealed, Standing,
        log::Head,
        proof::{self, Flaw, IncompleteLog, Verdict, Viewer},
        receipt::Signer,
    },
    wire::auction::{
        AuctionStatus, BelowReserve, Dutch, EventData, Format, Increment, IncrementRow, LogEntry, Opening, Proof,
        RulesInput, SoftClose, SoftCloseMode,
    },
};
use proptest::prelude::*;
use uuid::Uuid;

const SELLER: u128 = 1;

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn myr(amount: i64) -> Money {
    Money::new(amount, Currency::MYR)
}

/// What is said of a proof at hand, and the same of its JSON, in whatever order its members stand.
fn verify(proof: &Proof) -> Result<Verdict, Flaw> {
    let verdict = proof::verify(proof);
    let as_published = serde_json::to_string(proof).expect("it has a JSON form");
    // The events come second here, before what they are checked against.
    let sorted = serde_json::to_value(proof).expect("it has a JSON form").to_string();
    assert!(sorted.find("events") < sorted.find("openings"));
    for text in [as_published, sorted] {
        let reading = proof::read(text.as_bytes(), |_, _| {}).expect("a proof");
        assert_eq!(reading.verdict, verdict, "{text}");
    }
    verdict
}

/// What somebody does, and how long after the last thing.
#[derive(Debug, Clone)]
struct Step {
    wait_ms: i64,
    action: Action,
}

#[derive(Debug, Clone)]
enum Action {
    Bid {
        bidder: u128,
        bid: BidKind,
    },
    /// A bid under the id of one of the bids so far.
    Copy {
        which: usize,
        bidder: u128,
        bid: BidKind,
    },
    /// Voids one of the bids so far.
    Void {
        which: usize,
    },
    Resume,
    Amend {
        rules: RulesInput,
    },
}

/// An auction run to its end: its log with the sealed parts.
struct Run {
    auction_id: AuctionId,
    log: Vec<(LogEntry, Option<Sealed>)>,
    signer: Signer,
}

impl Run {
    fn proof(&self, viewer: Viewer) -> Proof {
        let (last, _) = self.log.last().expect("a log");
        let head = Head { auction_id: self.auction_id, seq: last.seq, hash: last.hash.clone() };
        let receipt = self.signer.sign(&head);
        Proof::assemble(self.auction_id, &self.log, vec![self.signer.public()], Some(receipt), viewer)
            .expect("the auction is over")
    }
}

/// Runs an auction: nonces and ids count up, the clock moves as told.
fn run(rules: &RulesInput, steps: &[Step]) -> Run {
    let auction_id = AuctionId(Uuid::from_u128(0xac));
    let mut nonces = (1..=u8::MAX).cycle().map(|byte| Nonce::from_bytes([byte; 32]));
    let mut nonce = || nonces.next().expect("they never end");
    let mut now = Timestamp::from_micros(1_700_000_000_000_000);
    let stated = Rules::try_from(rules).expect("valid rules");
    let product = Uuid::from_u128(0x9d).into();
    let (mut auction, first) = Auction::schedule(now, auction_id, user(SELLER), product, None, stated, nonce());
    let mut events = vec![first];
    let mut bids = Vec::new();

    for (number, step) in steps.iter().enumerate() {
        if number == 1 {
            // Something may be amended before the opening.
            events.extend(auction.handle(now, Command::Open).expect("it was not open"));
        }
        now = now.plus_millis(step.wait_ms);
        events.extend(auction.handle(now, Command::Tick).expect("a tick is never refused"));
        let command = match &step.action {
            Action::Bid { bidder, bid } => {
                let bid_id = BidId(Uuid::from_u128(0xb1d_0000 + number as u128));
                bids.push((bid_id, user(*bidder)));
                Command::Bid { bidder: user(*bidder), bid_id, bid: *bid, standing: Standing::default(), nonce: nonce() }
            }
            Action::Copy { which, bidder, bid } => {
                let bidder = user(*bidder);
                let Some((bid_id, _)) = bids.get(which % bids.len().max(1)).copied() else { continue };
                // The same id of the same bidder is the same bid, and never gets to the auction.
                if bids.contains(&(bid_id, bidder)) {
                    continue;
                }
                bids.push((bid_id, bidder));
                Command::Bid { bidder, bid_id, bid: *bid, standing: Standing::default(), nonce: nonce() }
            }
            Action::Void { which } => {
                let Some((bid_id, bidder)) = bids.get(which % bids.len().max(1)).copied() else { continue };
                let (bidder, reason) = (Some(bidder), "not a real bidder".to_owned());
                Command::Void { bid_id, bidder, reason, ledger: Ledger::of(&events) }
            }
            Action::Resume => Command::Resume,
            Action::Amend { rules } => {
                let rules = Rules::try_from(rules).expect("valid rules");
                Command::Amend { rules, starts_at: None, reserve_nonce: nonce() }
            }
        };
        // What is refused leaves no trace.
        events.extend(auction.handle(now, command).unwrap_or_default());
    }
    while !auction.is_over() {
        let command = if auction.closes_at().is_none() { Command::Open } else { Command::Tick };
        now = auction.poll_timeout().unwrap_or(now).max(now);
        events.extend(auction.handle(now, command).expect("it opens and closes"));
    }
    Run { auction_id, log: seal(auction_id, events), signer: Signer::from_seed("k1".to_owned(), [9; 32]) }
}

fn seal(auction_id: AuctionId, events: Vec<Event>) -> Vec<(LogEntry, Option<Sealed>)> {
    let mut head = Head::empty(auction_id);
    events.into_iter().map(|event| (head.append(&event), event.sealed)).collect()
}

fn english() -> RulesInput {
    RulesInput {
        format: Format::English,
        currency: Currency::MYR,
        starting_price: myr(100),
        reserve_price: None,
        buy_now_price: None,
        increment: Some(Increment::Table(vec![
            IncrementRow { from: 0, step: 10 },
            IncrementRow { from: 200, step: 25 },
            IncrementRow { from: 400, step: 50 },
        ])),
        duration_ms: 60_000,
        below_reserve: None,
        soft_close: None,
        dutch: None,
    }
}

fn any_rules() -> impl Strategy<Value = RulesInput> {
    let any_english = (
        proptest::option::of(100..500_i64),
        proptest::option::of(500..900_i64),
        any::<bool>(),
        proptest::option::of((any::<bool>(), proptest::option::of(0..30_000_i64))),
        any::<bool>(),
    )
        .prop_map(|(reserve, buy_now, full, soft_close, fixed)| {
            let mut rules = RulesInput {
                reserve_price: reserve.map(myr),
                buy_now_price: buy_now.map(myr),
                below_reserve: Some(if full { BelowReserve::Full } else { BelowReserve::Proxy }),
                soft_close: soft_close.map(|(add, max_total_ms)| SoftClose {
                    trigger_ms: 20_000,
                    extend_ms: 10_000,
                    mode: if add { SoftCloseMode::Add } else { SoftCloseMode::Reset },
                    max_total_ms,
                }),
                ..english()
            };
            if fixed {
                rules.increment = Some(Increment::Fixed(7));
            }
            rules
        });
    let plain = |format| RulesInput { format, increment: None, ..english() };
    let dutch = Just(RulesInput {
        starting_price: myr(900),
        dutch: Some(Dutch { step: 10, interval_ms: 1_000, floor: myr(50) }),
        ..plain(Format::Dutch)
    });
    let sealed = (any::<bool>(), proptest::option::of(100..500_i64)).prop_map(move |(second, reserve)| RulesInput {
        reserve_price: reserve.map(myr),
        ..plain(if second { Format::SealedSecondPrice } else { Format::SealedFirstPrice })
    });
    prop_oneof![6 => any_english, 1 => dutch, 2 => sealed]
}

fn any_step() -> impl Strategy<Value = Step> {
    let bid = prop_oneof![
        4 => (50..1_000_i64).prop_map(|max| BidKind::Max(myr(max))),
        4 => (50..1_000_i64).prop_map(|amount| BidKind::Exact(myr(amount))),
        1 => Just(BidKind::BuyNow),
    ];
    let action = prop_oneof![
        12 => (2..6_u128, bid.clone()).prop_map(|(bidder, bid)| Action::Bid { bidder, bid }),
        4 => (0..30_usize, 2..6_u128, bid).prop_map(|(which, bidder, bid)| Action::Copy { which, bidder, bid }),
        2 => (0..30_usize).prop_map(|which| Action::Void { which }),
        1 => Just(Action::Resume),
    ];
    (0..6_000_i64, action).prop_map(|(wait_ms, action)| Step { wait_ms, action })
}

/// Bids close to each other, often voided.
fn any_contest() -> impl Strategy<Value = Step> {
    let bid = prop_oneof![
        4 => (10..50_i64).prop_map(|max| BidKind::Max(myr(max * 15))),
        1 => (10..50_i64).prop_map(|amount| BidKind::Exact(myr(amount * 15))),
    ];
    let action = prop_oneof![
        2 => (2..9_u128, bid.clone()).prop_map(|(bidder, bid)| Action::Bid { bidder, bid }),
        1 => (0..16_usize, 2..9_u128, bid).prop_map(|(which, bidder, bid)| Action::Copy { which, bidder, bid }),
        1 => (0..16_usize).prop_map(|which| Action::Void { which }),
    ];
    action.prop_map(|action| Step { wait_ms: 1_000, action })
}

/// Any auction, sometimes amended before it opens.
fn any_run() -> impl Strategy<Value = Run> {
    let steps = proptest::collection::vec(any_step(), 0..30);
    (any_rules(), proptest::option::of(any_rules()), steps).prop_map(|(rules, amended, mut steps)| {
        if let Some(rules) = amended {
            steps.insert(0, Step { wait_ms: 5, action: Action::Amend { rules } });
        }
        run(&rules, &steps)
    })
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let proof = serde_json::to_string_pretty(&self.proof(Viewer::Admin)).map_err(|_| std::fmt::Error)?;
        f.write_str(&proof)
    }
}

/// Makes hashes, head and receipt right again after the events were changed, as a forger with the
/// server's key could.
fn rehash(proof: &mut Proof, signer: &Signer) {
    let mut head = Head::empty(proof.auction_id);
    for entry in &mut proof.events {
        *entry = head.append(&Event { at: entry.at, data: entry.data.clone(), sealed: None });
    }
    proof.head.seq = head.seq;
    proof.head.receipt = Some(signer.sign(&head));
    proof.head.hash = head.hash;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_the_engine_does_can_be_proved(run in any_run()) {
        let closed = run.log.last().map(|(entry, _)| entry.data.clone());
        let Some(EventData::Closed { status, winner, price }) = closed else { panic!("the log ends with the close") };
        for viewer in [Viewer::Public, Viewer::Winner, Viewer::Admin] {
            let proof = run.proof(viewer);
            let verdict = verify(&proof);
            prop_assert!(verdict.is_ok(), "{viewer:?}: {verdict:?} {proof:#?}");
            let verdict = verdict.expect("just seen");
            prop_assert_eq!((verdict.status, verdict.winner, verdict.price), (status, winner, price));
            prop_assert!(verdict.signed);
            prop_assert!(viewer == Viewer::Public || verdict.hidden == 0);
            prop_assert_eq!(verdict.bid_id.is_some(), winner.is_some());
        }
    }

    /// Maxes, raises and many voids: what the log tells of the closed ones is enough to check it.
    #[test]
    fn closed_maxes_are_consistent_with_the_log(steps in proptest::collection::vec(any_contest(), 3..16)) {
        let run = run(&english(), &steps);
        let verdict = verify(&run.proof(Viewer::Public));
        prop_assert!(verdict.is_ok(), "{verdict:?}");
    }

    /// The public proof opens everything but the winner's maxes above the price.
    #[test]
    fn what_stays_closed(run in any_run()) {
        let (full, public) = (run.proof(Viewer::Admin), run.proof(Viewer::Public));
        let Some(EventData::Closed { winner, price, .. }) = run.log.last().map(|(entry, _)| entry.data.clone()) else {
            panic!("the log ends with the close")
        };
        let sealed: Vec<&Sealed> = run.log.iter().filter_map(|(_, sealed)| sealed.as_ref()).collect();
        let bidders = sealed.into_iter().filter_map(|sealed| match sealed {
            Sealed::Bid { bidder, .. } => Some(*bidder),
            _ => None,
        });
        for ((opened, shown), bidder) in full.openings.iter().zip(&public.openings).zip(bidders) {
            let is_secret = winner == Some(bidder) && opened.max.zip(price).is_some_and(|(max, price)| max.amount > price.amount);
            if is_secret {
                prop_assert_eq!((&shown.max, &shown.amount, &shown.nonce), (&None, &None, &None));
            } else {
                prop_assert_eq!(opened, shown);
            }
        }
    }

    /// Whatever is changed in the log without the server's key breaks a hash or the signature.
    #[test]
    fn a_changed_log_is_found(run in any_run(), place: prop::sample::Index, change in 0..8_u8) {
        let honest = run.proof(Viewer::Public);
        let mut proof = honest.clone();
        let place = place.index(proof.events.len());
        match change {
            0 => { proof.events.remove(place); }
            1 => { let twice = proof.events[place].clone(); proof.events.insert(place, twice); }
            2 => proof.events.swap(0, place),
            3 => proof.events[place].at = proof.events[place].at.plus_micros(1),
            4 => proof.events[place].hash = "ab".repeat(32),
            5 => proof.events[place].prev = "ab".repeat(32),
            6 => proof.events[place].data = EventData::Cancelled { reason: "changed".to_owned() },
            _ => proof.events[place].seq += 1,
        }
        prop_assume!(proof != honest);
        prop_assert!(verify(&proof).is_err());

        // With hashes made right again, the old signature stays and gives it away.
        let receipt = proof.head.receipt.clone();
        rehash(&mut proof, &run.signer);
        proof.head.receipt = receipt;
        prop_assume!(proof.events != honest.events);
        prop_assert!(verify(&proof).is_err());
    }

    /// A server that signs another course of things than the bids lead to is found out by the rules.
    #[test]
    fn a_forger_with_the_key_is_found_by_the_rules(run in any_run(), place: prop::sample::Index, change in 0..9_u8) {
        // The commitment to a max that stays closed is all that the public can't check.
        let honest = run.proof(if change == COMMITMENT { Viewer::Admin } else { Viewer::Public });
        let mut proof = honest.clone();
        let place = place.index(proof.events.len());
        forge(&mut proof.events[place].data, change);
        prop_assume!(proof.events != honest.events);
        rehash(&mut proof, &run.signer);
        prop_assert!(verify(&proof).is_err(), "change {change} at {}", place + 1);
    }

    #[test]
    fn a_changed_opening_is_found(run in any_run(), place: prop::sample::Index, change in 0..8_u8) {
        let honest = run.proof(Viewer::Public);
        let mut proof = honest.clone();
        prop_assume!(!proof.openings.is_empty());
        let place = place.index(proof.openings.len());
        tamper(&mut proof.openings, place, change);
        prop_assume!(proof != honest);
        prop_assert!(verify(&proof).is_err(), "change {change} at {place}");
    }

    #[test]
    fn a_changed_frame_is_found(run in any_run(), change in 0..9_u8) {
        let honest = run.proof(Viewer::Public);
        let mut proof = honest.clone();
        match change {
            0 => proof.auction_id = AuctionId(Uuid::from_u128(7)),
            1 => proof.rules.starting_price = myr(99),
            2 => proof.reserve.iter_mut().for_each(|reserve| reserve.reserve_price.amount += 1),
            3 => proof.reserve.iter_mut().for_each(|reserve| reserve.nonce = "ab".repeat(32)),
            4 => proof.reserve = None,
            5 => proof.head.seq += 1,
            6 => proof.head.hash = "ab".repeat(32),
            7 => proof.head.receipt.iter_mut().for_each(|receipt| receipt.signature = "ab".repeat(64)),
            _ => proof.keys = vec![Signer::from_seed("k1".to_owned(), [1; 32]).public()],
        }
        prop_assume!(proof != honest);
        prop_assert!(verify(&proof).is_err(), "change {change}");
    }
}

/// The change that [`forge`] makes to a commitment.
const COMMITMENT: u8 = 7;

/// Changes what an event says, whatever it is.
fn forge(data: &mut EventData, change: u8) {
    let another = user(4);
    let more = |money: &mut Option<Money>| money.iter_mut().for_each(|money| money.amount += 1);
    match data {
        EventData::Bid { bidder, outcome, price, leader, next_minimum, closes_at, bid_count, commitment, .. } => {
            match change {
                0 => bidder.iter_mut().for_each(|bidder| *bidder = user(SELLER)),
                1 => *outcome = blytz_core::wire::auction::BidOutcome::Outbid,
                2 => more(price),
                3 => leader.iter_mut().for_each(|leader| *leader = another),
                4 => more(next_minimum),
                5 => *closes_at = closes_at.plus_micros(1),
                6 => *bid_count += 1,
                COMMITMENT => *commitment = "ab".repeat(32),
                _ => price.iter_mut().for_each(|price| price.amount -= 1),
            }
        }
        EventData::MaxRaised { price, leader, next_minimum, .. } => match change {
            0..3 => more(price),
            3..6 => leader.iter_mut().for_each(|leader| *leader = another),
            _ => more(next_minimum),
        },
        EventData::ReserveMet { price } => price.amount += 1,
        EventData::Voided { bid_seq, struck, price, next_minimum, bid_count, closes_at, .. } => match change {
            0 => *bid_seq += 1,
            1 => struck.clear(),
            2 | 3 => more(price),
            4 | 5 => more(next_minimum),
            6 => *bid_count += 1,
            _ => *closes_at = closes_at.plus_micros(1),
        },
        EventData::Extended { closes_at, .. } | EventData::Opened { closes_at, .. } => {
            *closes_at = closes_at.plus_micros(1);
        }
        EventData::Closed { status, winner, price } => match change {
            0..3 => *winner = Some(another),
            3..6 => more(price),
            _ => *status = if *status == AuctionStatus::Sold { AuctionStatus::Unsold } else { AuctionStatus::Sold },
        },
        EventData::Scheduled { rules, .. } | EventData::Amended { rules, .. } => rules.duration_ms += 1,
        EventData::Cancelled { .. } => {}
    }
}

fn tamper(openings: &mut Vec<Opening>, place: usize, change: u8) {
    let opening = &mut openings[place];
    match change {
        0 => opening.amount.iter_mut().for_each(|amount| amount.amount += 1),
        1 => opening.max.iter_mut().for_each(|max| max.amount -= 1),
        2 => opening.nonce.iter_mut().for_each(|nonce| *nonce = "ab".repeat(32)),
        3 => std::mem::swap(&mut opening.amount, &mut opening.max),
        4 => opening.bid_id = BidId(Uuid::from_u128(7)),
        5 => opening.seq += 1,
        6 => {
            openings.remove(place);
        }
        _ => {
            let twice = opening.clone();
            openings.insert(place, twice);
        }
    }
}

fn bid(bidder: u128, bid: BidKind) -> Step {
    Step { wait_ms: 1_000, action: Action::Bid { bidder, bid } }
}

fn max(bidder: u128, amount: i64) -> Step {
    bid(bidder, BidKind::Max(myr(amount)))
}

fn exact(bidder: u128, amount: i64) -> Step {
    bid(bidder, BidKind::Exact(myr(amount)))
}

fn copy(which: usize, bidder: u128, bid: BidKind) -> Step {
    Step { wait_ms: 1_000, action: Action::Copy { which, bidder, bid } }
}

fn void(which: usize) -> Step {
    Step { wait_ms: 1_000, action: Action::Void { which } }
}

/// A closed max that somebody beat before they were voided: the log bounds it from above, and a
/// checker that took it for endless would refuse the proof.
#[test]
fn closed_maxes_that_were_beaten() {
    // A first step before the opening, as `run` has it; it is refused and leaves no trace.
    let nothing = || exact(SELLER, 1);
    // Bids, then a max and an exact bid above them all; voids of the ones named, then of those two.
    let beaten_twice = |bids: Vec<Step>, voided: &[usize]| {
        let above = bids.len() + 1;
        let voids = voided.iter().copied().chain([above + 1, above]).map(void);
        [nothing()].into_iter().chain(bids).chain([max(3, 900), exact(5, 1_000)]).chain(voids).collect()
    };
    for steps in [
        // Beaten by an exact bid, which is voided.
        vec![nothing(), max(2, 500), exact(3, 900), void(2), exact(4, 200)],
        // Beaten by a max, so that the price tells the closed one.
        vec![nothing(), max(2, 500), max(3, 900), void(2), exact(4, 200)],
        // Not above the one who led, who then fell.
        vec![nothing(), max(3, 900), max(2, 500), void(1), exact(4, 200)],
        vec![nothing(), max(3, 500), max(2, 500), void(1), exact(4, 200)],
        // Two closed ones, the first beaten, the second not.
        vec![nothing(), max(2, 500), max(3, 600), max(2, 800), void(2), exact(4, 200)],
        // Driven to it, then beaten, then raised.
        vec![nothing(), max(2, 500), exact(3, 495), exact(5, 600), void(3), void(2), max(2, 900)],
        // The raise fell; what is left shows once those who covered it have fallen, too.
        beaten_twice(vec![max(2, 500), max(2, 600)], &[2]),
        // As before, after the void of somebody's earlier bid.
        beaten_twice(vec![exact(6, 100), max(2, 500), max(2, 600)], &[1, 3]),
        // As before, after the void of somebody's bid under the id of the max that stands.
        beaten_twice(vec![max(2, 500), max(2, 600), copy(1, 6, BidKind::Exact(myr(700)))], &[3, 2]),
    ] {
        let run = run(&english(), &steps);
        let proof = run.proof(Viewer::Public);
        let verdict = verify(&proof).unwrap_or_else(|flaw| panic!("{flaw}\n{steps:?}"));
        assert_eq!(verdict.winner, Some(user(2)), "{steps:?}");
        assert!(verdict.hidden > 0, "{steps:?}");
    }
}

/// The log says by `bid_seq` which of two bids with one id fell; of what it says, nothing else would
/// tell them apart.
#[test]
fn a_void_strikes_one_of_two_bids_with_the_same_id() {
    // A shill leads, a friend copies the id, and both are driven below an honest bidder's max.
    let steps = [exact(SELLER, 1), max(2, 300), copy(1, 3, BidKind::Exact(myr(400))), max(4, 900), void(1)];
    let run = run(&english(), &steps);
    let voided = run.log.iter().position(|(entry, _)| matches!(entry.data, EventData::Voided { .. }));
    let voided = voided.expect("the shill's bid fell");
    for viewer in [Viewer::Public, Viewer::Admin] {
        let mut proof = run.proof(viewer);
        assert_eq!(verify(&proof).map(|verdict| verdict.winner), Ok(Some(user(4))));
        let EventData::Voided { bid_seq, .. } = &mut proof.events[voided].data else { panic!("just found") };
        assert_eq!(std::mem::replace(bid_seq, 4), 3, "the friend's is the next one");
        rehash(&mut proof, &run.signer);
        let flaw = verify(&proof).expect_err("the friend's did not fall");
        assert_eq!(flaw.seq, Some(voided as u64 + 1), "{flaw}");
    }
}

/// A course that no max above the price explains: the closed one was driven to 310, and yet held
/// against 600.
#[test]
fn a_closed_max_can_not_be_two_things() {
    let run = run(&english(), &[exact(SELLER, 1), max(2, 700), exact(3, 300), exact(4, 600)]);
    let mut proof = run.proof(Viewer::Public);
    let bid = proof.events.iter_mut().filter(|entry| matches!(entry.data, EventData::Bid { .. })).nth(1);
    if let Some(LogEntry { data: EventData::Bid { price, next_minimum, .. }, .. }) = bid {
        assert_eq!(price.replace(myr(310)), Some(myr(325)));
        *next_minimum = Some(myr(335));
    }
    rehash(&mut proof, &run.signer);
    let flaw = verify(&proof).expect_err("the course is impossible");
    assert_eq!(flaw.seq, Some(5), "{flaw}");
}

#[test]
fn a_flaw_names_its_event_and_what_is_wrong() {
    let run = run(&english(), &[exact(SELLER, 1), max(2, 500), exact(3, 200)]);
    let mut proof = run.proof(Viewer::Admin);
    if let Some(LogEntry { data: EventData::Closed { price, .. }, .. }) = proof.events.last_mut() {
        *price = Some(myr(300));
    }
    rehash(&mut proof, &run.signer);
    let expected = Flaw {
        seq: Some(5),
        what:
            r#"price is {"amount":300,"currency":"MYR"} in the log, by the rules it is {"amount":225,"currency":"MYR"}"#
                .to_owned(),
    };
    assert_eq!(verify(&proof), Err(expected.clone()));
    assert!(expected.to_string().starts_with("event 5: price is"));
}

#[test]
fn no_proof_before_the_close() {
    let run = run(&english(), &[exact(SELLER, 1), max(2, 500)]);
    let live = &run.log[..run.log.len() - 1];
    let refused = Proof::assemble(run.auction_id, live, Vec::new(), None, Viewer::Admin);
    assert_eq!(refused, Err(IncompleteLog::NotOver));

    // Nor does a log pass that was cut before its end, even when nobody signed it.
    let mut cut = run.proof(Viewer::Admin);
    cut.events.pop();
    let mut head = Head::empty(cut.auction_id);
    cut.events.iter().for_each(|entry| head.advance(entry).expect("an honest prefix"));
    (cut.head.seq, cut.head.hash, cut.head.receipt) = (head.seq, head.hash, None);
    assert_eq!(verify(&cut).map_err(|flaw| flaw.what), Err("the log ends before the auction does".to_owned()));
}

/// `fixtures/wire/proof.json` is a proof as published, with real hashes and a real signature:
/// whoever writes a checker in another language starts here. `BLESS=1` writes it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "whether to write the sample anew is asked for in the environment")]
fn the_published_sample_verifies() {
    let rules = RulesInput {
        reserve_price: Some(myr(300)),
        soft_close: Some(SoftClose {
            trigger_ms: 10_000,
            extend_ms: 10_000,
            mode: SoftCloseMode::Reset,
            max_total_ms: None,
        }),
        ..english()
    };
    let late = Step { wait_ms: 52_000, ..exact(4, 420) };
    let run = run(&rules, &[exact(SELLER, 1), exact(2, 120), max(3, 900), max(2, 350), void(1), max(3, 950), late]);
    let proof = run.proof(Viewer::Public);
    let text = serde_json::to_string_pretty(&proof).expect("it has a JSON form") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/wire/proof.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &text).expect("the folder is there");
    }
    let stored = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(stored, text, "the sample differs from what the engine does");

    let stored: Proof = serde_json::from_str(&stored).expect("a proof");
    let verdict = Verdict {
        status: AuctionStatus::Sold,
        winner: Some(user(3)),
        price: Some(myr(470)),
        bid_id: Some(BidId(Uuid::from_u128(0xb1d_0002))),
        events: stored.events.len() as u64,
        opened: 3,
        hidden: 2,
        signed: true,
    };
    assert_eq!(verify(&stored), Ok(verdict));
}
