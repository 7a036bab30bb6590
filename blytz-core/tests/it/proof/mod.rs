//! Whatever the engine does can be proved, and a proof with anything changed can't.

mod examples;
pub mod runs;

use blytz_core::{
    AuctionId, BidId, Money,
    auction::{
        Event, Sealed,
        log::Head,
        proof::{self, Flaw, Trust, TrustedKeys, Verdict, Viewer},
        receipt::Signer,
    },
    wire::auction::{AuctionStatus, EventData, LogEntry, Opening, Proof},
};
use proptest::prelude::*;
use uuid::Uuid;

use runs::{SELLER, any_cancelled_run, any_contest, any_run, english, house, myr, run, seal_head, signer, user};

/// What is said of a proof by who knows the house's key.
fn verify(proof: &Proof) -> Result<Verdict, Flaw> {
    let keys = TrustedKeys::Kept([(house().origin, vec![signer().public()])].into());
    verify_with(proof, &Trust { keys, ..Trust::default() })
}

/// What is said of a proof at hand, and the same of its JSON, in whatever order its members stand.
fn verify_with(proof: &Proof, trust: &Trust) -> Result<Verdict, Flaw> {
    let verdict = proof::verify(proof, trust);
    let as_published = serde_json::to_string(proof).expect("it has a JSON form");
    // The events come second here, before what they are checked against.
    let sorted = serde_json::to_value(proof).expect("it has a JSON form").to_string();
    assert!(sorted.find("events") < sorted.find("openings"));
    for text in [as_published, sorted] {
        let reading = proof::read(text.as_bytes(), trust, |_, _| {}).expect("a proof");
        assert_eq!(reading.verdict, verdict, "{text}");
    }
    verdict
}

/// Makes hashes, head and receipt right again after the events were changed, as a forger with the
/// server's key could.
fn rehash(proof: &mut Proof, signer: &Signer) {
    let mut head = Head::empty(proof.auction_id);
    for entry in &mut proof.events {
        *entry = head.append(&Event { at: entry.at, data: entry.data.clone(), sealed: None });
    }
    proof.head.seq = head.seq;
    proof.head.receipt = Some(seal_head(signer, &head));
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
            let receipts = run.receipts();
            let (kept, trust) = (receipts.len() as u64, Trust { receipts, ..run.trust() });
            let verdict = verify_with(&proof, &trust);
            prop_assert!(verdict.is_ok(), "{viewer:?}: {verdict:?} {proof:#?}");
            let verdict = verdict.expect("just seen");
            prop_assert_eq!((verdict.status, verdict.winner, verdict.price), (status, winner, price));
            prop_assert_eq!((verdict.receipts, verdict.opened + verdict.hidden), (kept, kept));
            prop_assert_eq!((verdict.unopened, verdict.restored), (0, None));
            let told = |wanted: fn(&EventData) -> bool| run.log.iter().filter(|(entry, _)| wanted(&entry.data)).count();
            prop_assert_eq!(verdict.voids.len(), told(|data| matches!(data, EventData::Voided { .. })));
            prop_assert_eq!(verdict.outages.len(), told(|data| matches!(data, EventData::Extended { from: Some(_), .. })));
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

    /// A cancelled lot opens nothing, and is a chain all the same.
    #[test]
    fn what_was_cancelled_can_be_proved(run in any_cancelled_run()) {
        prop_assume!(matches!(run.log.last(), Some((LogEntry { data: EventData::Cancelled { .. }, .. }, _))));
        let is_bid = |entry: &LogEntry| matches!(entry.data, EventData::Bid { .. } | EventData::MaxRaised { .. });
        let bids = run.log.iter().filter(|(entry, _)| is_bid(entry)).count() as u64;
        for viewer in [Viewer::Public, Viewer::Winner, Viewer::Admin] {
            let proof = run.proof(viewer);
            prop_assert_eq!((proof.openings.len(), &proof.reserve), (0, &None));
            let verdict = verify_with(&proof, &Trust { receipts: run.receipts(), ..run.trust() });
            prop_assert!(verdict.is_ok(), "{viewer:?}: {verdict:?} {proof:#?}");
            let verdict = verdict.expect("just seen");
            prop_assert_eq!((verdict.status, verdict.winner, verdict.price), (AuctionStatus::Cancelled, None, None));
            prop_assert_eq!((verdict.unopened, verdict.receipts, verdict.opened), (bids, bids, 0));
        }
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
        prop_assume!(proof.events != honest.events && !strikes_its_namesake(&honest, &proof, place));
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
            _ => proof.item.title.push('s'),
        }
        prop_assume!(proof != honest);
        prop_assert!(verify(&proof).is_err(), "change {change}");
    }
}

/// Whether a void was made one of another bid under the same id. Where two bidders bear one id the house
/// may have struck either, and says by `bid_seq` which; if nothing else comes of it, both are courses by
/// the rules.
fn strikes_its_namesake(honest: &Proof, forged: &Proof, place: usize) -> bool {
    let struck = |proof: &Proof| match &proof.events[place].data {
        EventData::Voided { bid_seq, .. } => proof.openings.iter().find(|bid| bid.seq == *bid_seq).cloned(),
        _ => None,
    };
    let (was, is) = (struck(honest), struck(forged));
    was.zip(is).is_some_and(|(was, is)| was.seq != is.seq && was.bid_id == is.bid_id)
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
        EventData::Extended { closes_at, from, to, .. } => match change {
            // One bound without the other.
            0 if to.is_some() => *from = None,
            1 if from.is_some() => *to = None,
            // An outage without a length, after the close, and one that is not over.
            2 if from.is_some() => *to = *from,
            3 if from.is_some() => *from = *to,
            4 if from.is_some() => *to = Some(closes_at.plus_millis(1)),
            // A reason that has no bounds.
            5 if from.is_none() => (*from, *to) = (Some(*closes_at), Some(*closes_at)),
            _ => *closes_at = closes_at.plus_micros(1),
        },
        EventData::Opened { closes_at, .. } => *closes_at = closes_at.plus_micros(1),
        EventData::Closed { status, winner, price } => match change {
            0..3 => *winner = Some(another),
            3..6 => more(price),
            _ => *status = if *status == AuctionStatus::Sold { AuctionStatus::Unsold } else { AuctionStatus::Sold },
        },
        EventData::Scheduled { rules, .. } | EventData::Amended { rules, .. } => rules.duration_ms += 1,
        EventData::Unblocked { bid_id, bid_seq } => match change {
            0..4 => *bid_seq += 1,
            _ => *bid_id = BidId(Uuid::from_u128(7)),
        },
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
