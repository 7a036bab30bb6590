//! Logs that once were proved wrongly, and the sample that everybody can check.

use std::fs;

use blytz_core::{
    BidId,
    auction::{
        BidKind,
        log::Head,
        proof::{Flaw, IncompleteLog, Verdict, Viewer, VoidSeen},
    },
    wire::auction::{AuctionStatus, EventData, LogEntry, Proof, RulesInput, SoftClose, SoftCloseMode, VoidedBy},
};
use uuid::Uuid;

use super::{
    rehash,
    runs::{BEGINS, SELLER, Step, copy, english, exact, forgive, house, max, myr, run, seal_head, unblock, user, void},
    verify,
};

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

/// Who bids on after a void without a block, or is let in again, may go less far than before: their
/// closed maxes do not rise from first to last.
#[test]
fn closed_maxes_of_who_bids_less_again() {
    let nothing = || exact(SELLER, 1);
    // 900 held against 700, 500 was beaten by 600: both stay closed.
    let again = [max(2, 500), exact(4, 600), void(4)];
    let course = |pardon: &[Step]| -> Vec<Step> {
        let first = [nothing(), max(2, 900), max(3, 700)].into_iter();
        first.chain(pardon.iter().cloned()).chain(again.clone()).collect()
    };
    // Beaten, raised above that, struck from the raise on, and beaten again below it.
    let raised = [nothing(), max(2, 500), exact(3, 600), max(2, 900), forgive(3), void(2), max(2, 550), exact(4, 560)];
    for steps in [
        course(&[forgive(1), void(2)]),
        course(&[void(1), void(2), unblock(2)]),
        course(&[void(2), void(1), unblock(2)]),
        raised.into_iter().chain([void(5)]).collect(),
    ] {
        let run = run(&english(), &steps);
        let verdict = verify(&run.proof(Viewer::Public)).unwrap_or_else(|flaw| panic!("{flaw}\n{steps:?}"));
        assert_eq!((verdict.winner, verdict.hidden), (Some(user(2)), run.bids_of(2)), "{steps:?}");
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
    let refused = Proof::assemble(run.auction_id, run.item.clone(), live, Vec::new(), None, Viewer::Admin);
    assert_eq!(refused, Err(IncompleteLog::NotOver));

    // Nor does a log pass that was cut before its end, even when the house signed it there.
    let mut cut = run.proof(Viewer::Admin);
    cut.events.pop();
    let mut head = Head::empty(cut.auction_id);
    cut.events.iter().for_each(|entry| head.advance(entry).expect("an honest prefix"));
    cut.head.receipt = Some(seal_head(&run.signer, &head));
    (cut.head.seq, cut.head.hash) = (head.seq, head.hash);
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
        origin: house().origin,
        key_id: "k1".to_owned(),
        status: AuctionStatus::Sold,
        winner: Some(user(3)),
        price: Some(myr(470)),
        bid_id: Some(BidId(Uuid::from_u128(0xb1d_0002))),
        events: stored.events.len() as u64,
        opened: 3,
        hidden: 2,
        unopened: 0,
        receipts: 0,
        outages: Vec::new(),
        voids: vec![VoidSeen {
            seq: 7,
            at: BEGINS.plus_millis(5_000),
            by: VoidedBy::Seller,
            block: true,
            struck: 2,
            reason: "not a real bidder".to_owned(),
        }],
        restored: None,
    };
    assert_eq!(verify(&stored), Ok(verdict));
}
