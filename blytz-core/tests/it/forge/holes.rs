//! What a proof was once taken for though nobody had signed it, or somebody else: each hole by its name, and
//! the sentence that now refuses it.

use blytz_core::{
    AuctionId, BidId, Epoch, Timestamp,
    auction::{
        log::Head,
        proof::{Trust, TrustedKeys},
        receipt::{House, Leaf, Signer},
    },
    wire::auction::{LogKey, Receipt},
};
use serde_json::json;
use uuid::Uuid;

use super::{honest, is_bid, refused};
use crate::proof::runs::{BEGINS, Run, house, seal_head, signer};

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
