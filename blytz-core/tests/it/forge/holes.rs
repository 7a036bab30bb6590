//! What a proof was once taken for though it proved nothing: each hole by its name, and the sentence that
//! now refuses it.

use blytz_core::{
    AuctionId, BidId, Epoch, Timestamp,
    auction::{
        log::Head,
        proof::{Trust, TrustedKeys, Viewer},
        receipt::{House, Leaf, Signer},
    },
    wire::auction::{LogKey, Receipt},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Forger, courses, is_bid};
use crate::proof::runs::{BEGINS, Run, exact, house, max, run, seal_head, signer, user};

fn honest() -> (Run, Forger, Trust) {
    let run = courses::busy();
    let (forger, trust) = (Forger::of(&run, Viewer::Public), run.trust());
    (run, forger, trust)
}

fn refused(forged: &Forger, trust: &Trust, why: &str) {
    let said = forged.verdict(trust).expect_err(why);
    assert!(said.contains(why), "{said}, and not: {why}");
}

/// Another key of the house.
fn other_signer() -> Signer {
    Signer::from_seed(house(), "k2".to_owned(), [2; 32], BEGINS.plus_millis(-1_000))
}

fn knowing(keys: Vec<LogKey>) -> Trust {
    Trust { keys: TrustedKeys::Kept([(house().origin, keys)].into()), ..Trust::default() }
}

#[test]
fn nobody_can_be_held_to_a_proof_that_nobody_signed() {
    let (_, mut forged, trust) = honest();
    forged.proof["head"].as_object_mut().expect("an object").remove("receipt");
    refused(&forged, &trust, "the last event is not signed");
}

/// The receipt of an honest event up to which the log is true, and the rest invented.
#[test]
fn the_receipt_of_an_earlier_event_signs_no_later_one() {
    let (run, honest, trust) = honest();
    for events in 1..run.log.len() {
        let mut forged = honest.clone();
        let earlier = seal_head(&run.signer, &run.head_at(events));
        forged.proof["head"]["receipt"] = json!(earlier);
        refused(&forged, &trust, "what is signed is not the last event");
        // Nor when the head says the same: then the log ends elsewhere.
        forged.proof["head"]["seq"] = json!(earlier.seq);
        forged.proof["head"]["hash"] = json!(earlier.hash);
        refused(&forged, &trust, "the head is not the last event of the log");
    }
}

#[test]
fn a_receipt_is_of_the_whole_log_and_of_no_bid() {
    let (run, honest, trust) = honest();
    let head = run.head_at(run.log.len());
    let (bid, _) = run.log.iter().find(|(entry, _)| is_bid(&json!(entry))).expect("somebody bid");
    let bid_id: BidId = serde_json::from_value(json!(bid)["data"]["bid_id"].clone()).expect("an id");
    let longer = Head { seq: head.seq + 1, hash: "ab".repeat(32), ..head.clone() };
    let elsewhere = Head { auction_id: AuctionId(Uuid::from_u128(7)), ..head.clone() };
    for leaf in [
        Leaf::of_bid(bid_id, bid.seq, bid.hash.clone(), &head),
        Leaf { bid_id: Some(bid_id), ..Leaf::of_head(&head) },
        Leaf { seq: head.seq - 1, ..Leaf::of_head(&head) },
        Leaf { hash: bid.hash.clone(), ..Leaf::of_head(&head) },
        Leaf::of_head(&longer),
        Leaf { seq: head.seq, hash: head.hash.clone(), ..Leaf::of_head(&longer) },
        Leaf { head_hash: "ab".repeat(32), ..Leaf::of_head(&head) },
        Leaf::of_head(&elsewhere),
    ] {
        let mut forged = honest.clone();
        forged.proof["head"]["receipt"] = json!(run.signer.seal(vec![leaf]).remove(0));
        refused(&forged, &trust, "what is signed is not the last event");
    }
}

/// Whatever a receipt says was changed after it was signed.
#[test]
fn a_signature_is_under_all_that_a_receipt_says() {
    let (_, honest, trust) = honest();
    let receipt = honest.receipt();
    for (forgery, why) in [
        (Receipt { signature: "ab".repeat(64), ..receipt.clone() }, "the signature of key k1 does not fit"),
        (Receipt { epoch: Epoch(Uuid::from_u128(7)), ..receipt.clone() }, "the signature of key k1 does not fit"),
        (Receipt { key_id: "k9".to_owned(), ..receipt.clone() }, "no key k9 is trusted"),
        (Receipt { size: 2, ..receipt.clone() }, "its path leads nowhere"),
        (Receipt { index: 1, ..receipt.clone() }, "its path leads nowhere"),
        (Receipt { path: vec!["ab".repeat(32)], ..receipt.clone() }, "its path leads nowhere"),
        (Receipt { origin: "other.example".to_owned(), ..receipt }, "no key of the house \"other.example\" is known"),
    ] {
        let mut forged = honest.clone();
        forged.proof["head"]["receipt"] = json!(forgery);
        refused(&forged, &trust, why);
    }
}

#[test]
fn the_proof_of_another_lot_is_no_answer() {
    let (_, honest, trust) = honest();
    let asked = AuctionId(Uuid::from_u128(7));
    refused(&honest, &Trust { auction_id: Some(asked), ..trust.clone() }, "and 00000000-0000-0000-0000-000000000007");
    // Nor with the id made right: it is in every hash.
    let mut forged = honest;
    forged.proof["auction_id"] = json!(asked);
    refused(&forged, &Trust { auction_id: Some(asked), ..trust }, "what is signed is not the last event");
}

#[test]
fn a_proof_vouches_for_no_key() {
    let (run, mut forged, _) = honest();
    refused(&forged, &Trust::default(), "the proof's own keys prove nothing");
    forged.signer = other_signer();
    forged.proof["keys"] = json!([run.signer.public(), forged.signer.public()]);
    forged.remake();
    refused(&forged, &run.trust(), "no key k2 is trusted");
    // Nor under the id of a key that is known.
    forged.signer = Signer::from_seed(house(), "k1".to_owned(), [2; 32], BEGINS);
    forged.proof["keys"] = json!([forged.signer.public()]);
    forged.remake();
    refused(&forged, &run.trust(), "the signature of key k1 does not fit");
}

#[test]
fn a_key_signs_nothing_before_its_time_or_after_it() {
    let (run, forged, _) = honest();
    let ended: Timestamp = run.log.last().expect("a log").0.at;
    let key = |from: Timestamp, until: Option<Timestamp>| LogKey { from, until, ..signer().public() };
    for (key, holds) in [
        (key(ended, None), true),
        (key(ended, Some(ended.plus_micros(1))), true),
        (key(ended.plus_micros(1), None), false),
        (key(BEGINS, Some(ended)), false),
        (key(BEGINS.plus_millis(-9_000), Some(BEGINS)), false),
    ] {
        let verdict = forged.verdict(&knowing(vec![key.clone()]));
        assert_eq!(verdict.is_ok(), holds, "{key:?}: {verdict:?}");
        assert!(holds || verdict.expect_err("just seen").contains("key k1 was not in use at"), "{key:?}");
    }
}

/// A log says which house's it is, and that house has signed it.
#[test]
fn a_log_is_the_house_s_that_signed_it() {
    let (run, honest, trust) = honest();
    let other = House { origin: "other.example".to_owned(), ..house() };
    let mut forged = honest.clone();
    forged.proof["events"][0]["data"]["origin"] = json!(other.origin);
    forged.remake();
    refused(&forged, &trust, "the log is the house \"other.example\"'s, and \"shop.example\" signed it");
    let mut signed = honest;
    signed.signer = Signer::from_seed(other.clone(), "k1".to_owned(), [9; 32], BEGINS.plus_millis(-1_000));
    signed.remake();
    refused(&signed, &trust, "no key of the house \"other.example\" is known");
    let keys = TrustedKeys::Given(vec![run.signer.public()]);
    refused(&signed, &Trust { keys: keys.clone(), ..Trust::default() }, "and \"other.example\" signed it");
    // What no log can show: a house that calls itself otherwise in both, whose keys somebody vouches for.
    signed.proof["events"][0]["data"]["origin"] = json!(other.origin);
    signed.remake();
    assert!(signed.verdict(&Trust { keys, ..Trust::default() }).is_ok());
    refused(&signed, &trust, "no key of the house");
}

/// A restored house has another epoch than when the lot began: that is told, and no flaw.
#[test]
fn a_house_that_was_restored_says_so() {
    let (_, mut forged, trust) = honest();
    let epoch = Epoch(Uuid::from_u128(0xe1));
    forged.signer = Signer::from_seed(House { epoch, ..house() }, "k1".to_owned(), [9; 32], BEGINS);
    forged.sign();
    let verdict = forged.verdict(&trust).expect("it holds");
    assert_eq!(verdict.restored, Some([house().epoch, epoch]));
}

#[test]
fn only_this_format_is_read() {
    let (_, honest, trust) = honest();
    for v in [0, 1, 3, 255] {
        let mut forged = honest.clone();
        forged.proof["events"][0]["data"]["v"] = json!(v);
        forged.remake();
        refused(&forged, &trust, &format!("the log is of format {v}, and this program reads format 2"));
    }
}

/// In a sealed lot only the opening says whose a bid was: its commitment binds it.
#[test]
fn a_sealed_bid_is_nobody_else_s() {
    let run = courses::sealed();
    for viewer in [Viewer::Public, Viewer::Admin] {
        let honest = Forger::of(&run, viewer);
        for place in 0..honest.proof["openings"].as_array().expect("a list").len() {
            for other in [2, 3, 4, 5, 6] {
                let mut forged = honest.clone();
                forged.openings()[place]["bidder"] = json!(user(other));
                if forged.proof != honest.proof {
                    refused(&forged, &run.trust(), "the opened bid is not the one committed to");
                }
            }
            let mut forged = honest.clone();
            forged.openings()[place].as_object_mut().expect("an object").remove("bidder");
            refused(&forged, &run.trust(), "neither the log nor the opening names the bidder");
        }
    }
}

/// A commitment binds lot, bidder, bid, rules and amount: none fits where another of these is.
#[test]
fn a_commitment_is_of_one_bid_only() {
    let run = courses::busy();
    let (honest, trust) = (Forger::of(&run, Viewer::Admin), run.trust());
    let events = honest.proof["events"].as_array().expect("a list");
    let bids: Vec<usize> = (0..events.len()).filter(|place| is_bid(&events[*place])).collect();
    let wrong = "the opened bid is not the one committed to";
    for (place, bid) in bids.iter().enumerate() {
        // Another bid's.
        let other = bids[(place + 1) % bids.len()];
        let mut forged = honest.clone();
        forged.proof["events"][*bid]["data"]["commitment"] = events[other]["data"]["commitment"].clone();
        forged.chain_and_sign();
        refused(&forged, &trust, wrong);
        // Another id, and another bidder.
        for (name, value) in [("bid_id", json!(Uuid::from_u128(7))), ("bidder", json!(user(7)))] {
            let mut forged = honest.clone();
            if events[*bid]["kind"] == "bid" {
                forged.proof["events"][*bid]["data"][name] = value.clone();
                if name == "bid_id" {
                    forged.openings()[place][name] = value;
                }
                forged.chain_and_sign();
                refused(&forged, &trust, wrong);
            }
        }
    }
    // Another lot's.
    let mut forged = honest.clone();
    forged.proof["auction_id"] = json!(Uuid::from_u128(7));
    forged.proof["reserve"] = Value::Null;
    for place in 0..events.len() {
        if forged.proof["events"][place]["data"].get("rules").is_some() {
            forged.proof["events"][place]["data"]["rules"]["reserve_price"] = Value::Null;
        }
    }
    let commitments: Vec<Value> = bids.iter().map(|bid| events[*bid]["data"]["commitment"].clone()).collect();
    forged.commit();
    let mut with_rules_kept = forged.clone();
    for (bid, commitment) in bids.iter().zip(commitments) {
        with_rules_kept.proof["events"][*bid]["data"]["commitment"] = commitment;
    }
    with_rules_kept.chain_and_sign();
    refused(&with_rules_kept, &Trust { auction_id: None, ..trust.clone() }, wrong);
    // Other rules'.
    let mut forged = honest.clone();
    let stated = honest.last_stated().expect("rules");
    forged.proof["rules"]["soft_close"]["trigger_ms"] = json!(20_001);
    forged.proof["events"][stated]["data"]["rules"] = forged.proof["rules"].clone();
    let commitments: Vec<Value> = bids.iter().map(|bid| events[*bid]["data"]["commitment"].clone()).collect();
    forged.commit();
    for (bid, commitment) in bids.iter().zip(commitments) {
        forged.proof["events"][*bid]["data"]["commitment"] = commitment;
    }
    forged.chain_and_sign();
    refused(&forged, &trust, wrong);
}

#[test]
fn item_and_rules_are_the_logs() {
    let (_, honest, trust) = honest();
    for (pointer, value) in [
        ("/item/title", json!("Red vase")),
        ("/item/description", json!("Cast")),
        ("/item/images", json!([])),
        ("/item/weight_g", json!(901)),
        ("/item/weight_g", Value::Null),
        ("/item/condition", json!("as new")),
        ("/rules/starting_price/amount", json!(99)),
        ("/rules/duration_ms", json!(90_001)),
        ("/rules/soft_close", Value::Null),
        ("/rules/buy_now_price", json!({"amount": 900, "currency": "MYR"})),
    ] {
        let mut forged = honest.clone();
        *forged.proof.pointer_mut(pointer).expect("it is there") = value;
        forged.chain_and_sign();
        let said = forged.verdict(&trust).expect_err(pointer);
        let whys = ["the proof states other rules, or another item, than the log", "is not the one committed to"];
        assert!(whys.iter().any(|why| said.contains(why)), "{pointer}: {said}");
    }
    // A hash in the log that is not of what stands there.
    for name in ["rules_hash", "item_hash"] {
        let mut forged = honest.clone();
        let stated = honest.last_stated().expect("rules");
        forged.proof["events"][stated]["data"][name] = json!("ab".repeat(32));
        forged.chain_and_sign();
        assert!(forged.verdict(&trust).is_err(), "{name}");
    }
    // What no log can show: another item from the first event on. A receipt that was kept does.
    let mut forged = honest.clone();
    forged.proof["item"]["condition"] = json!("as new");
    forged.remake();
    assert!(forged.verdict(&trust).is_ok());
    let kept = Trust { receipts: vec![honest.receipt()], ..trust };
    refused(&forged, &kept, "signed for a receipt that was kept");
}

/// Who wanted a void, and whether it blocks, is in the chain as all else is.
#[test]
fn a_void_can_t_be_changed_without_its_chain() {
    let (_, honest, trust) = honest();
    let voided = |(place, event): (usize, &Value)| (event["kind"] == "voided").then_some(place);
    let events = honest.proof["events"].as_array().expect("a list");
    for place in events.iter().enumerate().filter_map(voided) {
        for (name, value) in [("by", json!("admin")), ("block", json!(false)), ("reason", json!("another"))] {
            let mut forged = honest.clone();
            forged.proof["events"][place]["data"][name] = value;
            if forged.proof == honest.proof {
                continue;
            }
            refused(&forged, &trust, "its hash is not the hash of what it says");
            // Chained anew it is another log than was signed; signed anew, another than was promised.
            forged.chain();
            assert!(forged.verdict(&trust).is_err(), "{name} at {place}");
            forged.sign();
            let kept = Trust { receipts: vec![honest.receipt()], ..trust.clone() };
            assert!(forged.verdict(&kept).is_err(), "{name} at {place}");
        }
    }
}

/// An extension for an outage, put in before the close.
fn with_outages(outages: &[(Option<i64>, Option<i64>)]) -> (Forger, Trust) {
    let rules = serde_json::from_value(json!({
        "format": "english", "currency": "MYR", "starting_price": {"amount": 100, "currency": "MYR"},
        "increment": {"fixed": 10}, "duration_ms": 60_000,
        "soft_close": {"trigger_ms": 20_000, "extend_ms": 10_000, "mode": "reset", "max_total_ms": null},
    }));
    let run = run(&rules.expect("rules"), &[exact(1, 1), max(2, 500)]);
    let (mut forged, trust) = (Forger::of(&run, Viewer::Admin), run.trust());
    let opened: Timestamp = serde_json::from_value(forged.events()[1]["at"].clone()).expect("a time");
    let mut closed = forged.events().pop().expect("the close");
    for (number, (from, to)) in outages.iter().enumerate() {
        // Each is told a second before the close that it moves.
        let at = opened.plus_millis(59_000 + 9_000 * i64::try_from(number).expect("few"));
        let closes_at = at.plus_millis(10_000);
        let mut data = json!({"closes_at": closes_at, "reason": "outage"});
        for (name, bound) in [("from", from), ("to", to)] {
            if let Some(bound) = bound {
                data[name] = json!(at.plus_millis(*bound));
            }
        }
        let event = json!({"seq": 0, "at": at, "kind": "extended", "data": data, "prev": "", "hash": ""});
        forged.events().push(event);
        closed["at"] = json!(closes_at);
    }
    forged.events().push(closed);
    for (place, event) in forged.events().iter_mut().enumerate() {
        event["seq"] = json!(place + 1);
    }
    forged.chain_and_sign();
    (forged, trust)
}

#[test]
fn an_outage_has_bounds_and_there_are_three_at_most() {
    let one = (Some(-3_000), Some(0));
    for number in 0..=3 {
        let (honest, trust) = with_outages(&vec![one; number]);
        let verdict = honest.verdict(&trust).expect("up to three are made good for");
        assert_eq!(verdict.outages.len(), number);
    }
    let (fourth, trust) = with_outages(&[one; 4]);
    refused(&fourth, &trust, "event 7: by the rules nothing happens here");
    for bounds in [
        // None, and one without the other.
        (None, None),
        (Some(-3_000), None),
        (None, Some(0)),
        // In the future, without a length, reversed, and too long ago.
        (Some(-3_000), Some(1)),
        (Some(0), Some(0)),
        (Some(0), Some(-3_000)),
        (Some(1_000), Some(2_000)),
        (Some(-90_000), Some(-30_000)),
    ] {
        let (forged, trust) = with_outages(&[bounds]);
        let said = forged.verdict(&trust).expect_err("no outage");
        assert!(said.starts_with("event 4: "), "{bounds:?}: {said}");
    }
}

#[test]
fn a_kept_receipt_stands_in_the_log_or_the_house_shows_two_histories() {
    let (run, honest, trust) = honest();
    let end = run.head_at(run.log.len());
    let (bid, _) = run.log.iter().find(|(entry, _)| is_bid(&json!(entry))).expect("somebody bid");
    let bid_id: BidId = serde_json::from_value(json!(bid)["data"]["bid_id"].clone()).expect("an id");
    let leaf = |hash: &str, head: &Head| Leaf::of_bid(bid_id, bid.seq, hash.to_owned(), head);
    let at_bid = Head { seq: bid.seq, hash: bid.hash.clone(), ..end.clone() };
    let other = "ab".repeat(32);
    let kept = |leaf: Leaf| Trust { receipts: run.signer.seal(vec![leaf]), ..trust.clone() };
    for head in [&at_bid, &end] {
        assert_eq!(honest.verdict(&kept(leaf(&bid.hash, head))).map(|verdict| verdict.receipts), Ok(1));
    }
    for (leaf, why) in [
        (leaf(&other, &end), "this is not the event that was signed"),
        (leaf(&bid.hash, &Head { hash: other.clone(), ..end.clone() }), "this is not the head that was signed"),
        (leaf(&bid.hash, &Head { seq: end.seq + 1, ..end.clone() }), "the log ends before it"),
        (Leaf { seq: end.seq + 1, ..leaf(&bid.hash, &end) }, "the log ends before it"),
        (Leaf { bid_id: Some(BidId(Uuid::from_u128(7))), ..leaf(&bid.hash, &end) }, "this is not the event"),
        (Leaf { bid_id: None, ..leaf(&bid.hash, &end) }, "this is not the event"),
        (Leaf { bid_id: Some(bid_id), ..Leaf::of_head(&end) }, "this is not the event"),
    ] {
        refused(&honest, &kept(leaf), why);
    }
    // By a key that nobody knows, by one that was not in use, and of another house.
    let by = |signer: &Signer| Trust { receipts: signer.seal(vec![leaf(&bid.hash, &end)]), ..trust.clone() };
    refused(&honest, &by(&other_signer()), "the receipt that was kept: no key k2 is trusted");
    let late = LogKey { from: end_of(&run), ..other_signer().public() };
    let mut both = knowing(vec![signer().public(), late.clone()]);
    both.receipts = other_signer().seal(vec![leaf(&bid.hash, &at_bid)]);
    refused(&honest, &both, "key k2 was not in use at");
    both.receipts = other_signer().seal(vec![leaf(&bid.hash, &end)]);
    assert_eq!(honest.verdict(&both).map(|verdict| verdict.receipts), Ok(1));
    let elsewhere = Signer::from_seed(
        House { origin: "other.example".to_owned(), ..house() },
        "k1".to_owned(),
        [9; 32],
        BEGINS.plus_millis(-1_000),
    );
    refused(&honest, &by(&elsewhere), "no key of the house \"other.example\" is known");
    let mut all = by(&elsewhere);
    all.keys = TrustedKeys::Given(vec![signer().public()]);
    refused(&honest, &all, "this is another house's log");
    // Of another lot it says nothing here.
    let foreign = Leaf { auction_id: AuctionId(Uuid::from_u128(7)), ..leaf(&other, &end) };
    assert_eq!(honest.verdict(&kept(foreign)).map(|verdict| verdict.receipts), Ok(0));
    // What was changed in a receipt breaks it.
    let mut broken = kept(leaf(&bid.hash, &end));
    broken.receipts[0].seq += 1;
    refused(&honest, &broken, "the receipt that was kept: the signature of key k1 does not fit it");
}

fn end_of(run: &Run) -> Timestamp {
    run.log.last().expect("a log").0.at
}

/// To the public a winner's max above the price stays closed, and nothing else may.
#[test]
fn only_a_winners_max_above_the_price_stays_closed() {
    for (course, run) in courses::all() {
        let (open, public) = (Forger::of(&run, Viewer::Admin), Forger::of(&run, Viewer::Public));
        let shown = public.proof["openings"].as_array().expect("a list");
        for (place, shown) in shown.iter().enumerate() {
            let mut forged = open.clone();
            let opening = forged.openings()[place].as_object_mut().expect("an object");
            opening.retain(|name, _| name != "amount" && name != "max");
            opening.insert("nonce".to_owned(), Value::Null);
            let may_stay_closed = shown["nonce"].is_null();
            assert!(may_stay_closed || forged.verdict(&run.trust()).is_err(), "{course}: opening {place}");
        }
        public.verdict(&run.trust()).expect("it holds");
    }
}

#[test]
fn a_cancelled_lot_opens_nothing_and_a_sold_one_everything() {
    let run = courses::cancelled();
    let (honest, trust) = (Forger::of(&run, Viewer::Public), run.trust());
    let verdict = honest.verdict(&trust).expect("a chain");
    assert_eq!((verdict.unopened, verdict.opened, verdict.voids.len()), (2, 0, 1));
    assert_eq!((verdict.status.name(), verdict.winner, verdict.bid_id), ("cancelled", None, None));
    // Its events are decided up to the first bid, and a chain after it.
    let mut forged = honest.clone();
    forged.proof["events"][1]["data"]["closes_at"] = json!(run.log[1].0.at);
    forged.remake();
    refused(&forged, &trust, "event 2: closes_at is");
    let mut forged = honest.clone();
    forged.proof["events"][2]["data"]["bid_count"] = json!(7);
    refused(&forged, &trust, "its hash is not the hash of what it says");
    // Its reserve and its bids stay with the house.
    for reserve in [
        json!({"reserve_price": {"amount": 300, "currency": "MYR"}, "nonce": "01".repeat(32)}),
        json!({"reserve_price": {"amount": 1, "currency": "MYR"}, "nonce": "ab".repeat(32)}),
    ] {
        let mut forged = honest.clone();
        forged.proof["reserve"] = reserve;
        refused(&forged, &trust, "a cancelled auction opens nothing");
    }
    // Nothing comes after its end.
    for kind in ["bid", "voided", "opened", "cancelled"] {
        let mut forged = honest.clone();
        forged.reorder(|events| {
            let mut again = events.iter().find(|event| event["kind"] == kind).cloned().expect("there is one");
            again["at"] = events.last().expect("a log")["at"].clone();
            events.push(again);
        });
        forged.chain_and_sign();
        assert!(forged.verdict(&trust).is_err(), "{kind}");
    }
    // A lot that was sold can't be told as a cancelled one, nor keep its openings back.
    let run = courses::busy();
    let mut forged = Forger::of(&run, Viewer::Public);
    forged.proof["openings"] = json!([]);
    refused(&forged, &run.trust(), "the next opening is not this bid's");
    forged.proof["reserve"] = Value::Null;
    refused(&forged, &run.trust(), "is not opened");
}
