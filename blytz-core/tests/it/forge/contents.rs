//! What a proof was once taken for though it did not say what the house had committed to: each hole by its
//! name, and the sentence that now refuses it.

use blytz_core::{
    Timestamp,
    auction::proof::{Trust, Viewer},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Forger, courses, honest, is_bid, refused};
use crate::proof::runs::{exact, max, run, user};

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
