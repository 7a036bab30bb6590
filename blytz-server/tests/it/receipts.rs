//! What the house signs, it can't take back.

use std::time::Duration;

use blytz_core::{
    auction::receipt::{Leaf, signs_at, verify_receipt},
    wire::auction::{BidAnswer, LogKeys, Proof, Receipt},
};
use blytz_server::{Clock, keys::Keys, serve::open_database};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::house::{House, START, config_in, max, money, new_id, rules, rules_with, text};

async fn keys(house: &House) -> LogKeys {
    serde_json::from_value(house.nobody.get("/auction/keys").await.expect(200)).expect("keys")
}

fn receipt(answer: &Value) -> Receipt {
    serde_json::from_value(answer["receipt"].clone()).expect("a receipt")
}

#[tokio::test]
async fn every_accepted_bid_has_a_receipt_for_ever() {
    let house = House::open_with(|config| config.origin = "shop.example".to_owned()).await;
    let seller = house.seller("sita").await;
    let lots = join_all((0..3).map(|_| seller.auction(rules()))).await;
    let keys = keys(&house).await.keys;
    assert_eq!(keys[0].until, None);
    let mut told = Vec::new();
    for number in 0..8 {
        let bidder = house.buyer(&format!("bidder{number}")).await;
        let bids = lots.iter().map(async |lot| {
            let id = new_id();
            let answer = bidder.bid(lot, max(1_000 + 500 * number).under(&id)).await.expect(201);
            (lot, bidder.clone(), id, answer)
        });
        told.extend(join_all(bids).await);
    }
    for (lot, bidder, id, answer) in &told {
        let answered: BidAnswer = serde_json::from_value(answer.clone()).expect("an answer");
        let receipt = receipt(answer);
        assert_eq!(receipt.origin, "shop.example");
        assert_eq!(json!(receipt.epoch), lot.status().await["epoch"]);
        let said = Leaf::said_by(&receipt);
        assert_eq!((said.auction_id, said.bid_id), (answered.auction_id, Some(answered.bid_id)));
        assert_eq!((said.seq, &said.hash), (answered.seq, &answered.hash));
        let log = lot.log().await;
        let at = |seq: u64| &log[usize::try_from(seq).expect("small") - 1];
        assert_eq!((&at(said.seq)["hash"], &at(said.head_seq)["hash"]), (&json!(said.hash), &json!(said.head_hash)));
        let key = verify_receipt(&receipt, &keys).expect("it is signed");
        assert_eq!(signs_at(key, text(&at(said.head_seq)["at"]).parse().expect("a time")), Ok(()));

        let again = bidder.recall(lot, id).await.expect(200);
        assert_eq!(again["receipt"], answer["receipt"]);
    }
    assert_eq!(lots[0].log().await[0]["data"]["origin"], "shop.example");
}

/// Many bids are written together, in several lots: then one signature is under all of them.
#[tokio::test]
async fn what_is_written_together_is_signed_once() {
    let house = House::open().await;
    let (seller, ann) = (house.seller("sita").await, house.buyer("ann").await);
    let lot = seller.auction(rules()).await;
    let ids = house.pour(&lot, (0..200).map(|number| (&ann, max(10_000 + number)))).await;
    let keys = keys(&house).await.keys;
    let mut signatures = std::collections::BTreeSet::new();
    for id in &ids {
        let receipt = receipt(&ann.recall(&lot, id).await.expect(200));
        verify_receipt(&receipt, &keys).expect("it is signed");
        signatures.insert(receipt.signature);
    }
    assert!(signatures.len() < ids.len(), "{} signatures under {} bids", signatures.len(), ids.len());
}

#[tokio::test]
async fn the_end_of_a_log_is_signed_and_a_cancelled_lot_opens_nothing() {
    let house = House::open().await;
    let (seller, admin) = (house.seller("sita").await, house.admin().await);
    let (ann, ben) = (house.buyer("ann").await, house.buyer("ben").await);
    let reserved = rules_with(json!({ "reserve_price": money(5_000) }));
    let (sold, off) = (seller.auction(reserved.clone()).await, seller.auction(reserved).await);
    for lot in [&sold, &off] {
        ann.bid(lot, max(7_777)).await.expect(201);
        ben.bid(lot, max(6_666)).await.expect(201);
    }
    admin.cancel(&off, "a fake").await.expect(200);
    house.clock.advance(Duration::from_secs(61));
    let keys = keys(&house).await.keys;
    for lot in [&sold, &off] {
        let proof: Proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
        let receipt = proof.head.receipt.clone().expect("it is signed");
        verify_receipt(&receipt, &keys).expect("by the house");
        let end = proof.events.last().expect("events");
        assert_eq!((receipt.bid_id, receipt.seq, receipt.head_seq), (None, end.seq, end.seq));
        assert_eq!((&receipt.hash, &receipt.head_hash), (&end.hash, &end.hash));
        let verdict = blytz_core::auction::proof::verify(&proof, &house.trust().await).expect("it holds");
        assert_eq!(verdict.unopened, if lot.id == off.id { 2 } else { 0 });
    }
    for who in [&house.nobody, &ann, &admin] {
        let proof = who.get(format!("/auction/{off}/proof")).await.expect(200);
        assert_eq!((&proof["openings"], &proof["reserve"]), (&json!([]), &Value::Null));
        // The reserve was reached, and its event says where; how far Ann would have gone nobody learns.
        assert!(!proof.to_string().contains(":7777"));
    }
}

/// A lot that ended while nobody served it, and before its house changed keys, is closed only now.
#[tokio::test]
async fn what_ended_before_the_keys_were_changed_is_signed_by_the_old_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::open_in(folder.path(), START).await;
    let seller = house.seller("sita").await;
    let early = seller.auction(rules()).await;
    let late = seller.auction(rules_with(json!({ "duration_ms": 600_000 }))).await;
    house.close().await;

    let db = open_database(&config_in(folder.path())).await.expect("the database");
    let changed_at = START.plus_millis(120_000);
    let [old, new] = Keys::rotate(&db, &Clock::manual(changed_at), None).await.expect("another key");
    db.close().await;

    let house = House::open_in(folder.path(), START.plus_millis(180_000)).await;
    for (lot, key_id) in [(&early, old), (&late, new)] {
        let lot = lot.at(&house);
        let proof: Proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
        let verdict = blytz_core::auction::proof::verify(&proof, &house.trust().await).expect("it holds");
        assert_eq!(verdict.key_id, key_id);
        house.clock.advance(Duration::from_mins(10));
    }
}

/// What began under a former name ends under another, so whoever starts the house is told.
#[tokio::test]
async fn a_house_that_changed_its_name_knows_which_lots_it_can_not_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = async |origin: &str| {
        House::open_with(|config| {
            folder.path().clone_into(&mut config.data);
            origin.clone_into(&mut config.origin);
        })
        .await
    };
    let names = async |house: &House| house.app().auctions.former_names().await.expect("read");
    let house = open("old.example").await;
    let seller = house.seller("sita").await;
    let (live, waiting) = (seller.auction(rules()).await, seller.put_up(rules()).await);
    assert!(names(&house).await.is_empty());
    house.close().await;

    let house = open("new.example").await;
    let seller = seller.at(&house);
    assert_eq!(names(&house).await.into_iter().collect::<Vec<_>>(), ["old.example"]);
    seller.cancel(&live, "a new name").await.expect(200);
    assert_eq!(names(&house).await.len(), 1);
    seller.cancel(&waiting, "a new name").await.expect(200);
    assert!(names(&house).await.is_empty());
}
