//! Logs longer than a page: proofs that are told and checked in pieces, and voids of many bids.

use std::{iter, path::PathBuf, time::Duration};

use blytz_core::{
    AuctionId,
    auction::proof,
    wire::{
        auction::{LogEntry, Proof},
        live::{Channel, MAX_FRAME},
    },
};
use serde_json::{Value, json};

use crate::house::{House, Lot, Person, items, max, money, rules, tamper, text};

/// Somebody raises their own max, one bid after the other; the ids of the bids.
async fn raises(house: &House, who: &Person, lot: &Lot, from: i64, count: i64) -> Vec<String> {
    house.pour(lot, iter::repeat(who).zip((from..from + count).map(max))).await
}

fn close(house: &House) {
    house.clock.advance(Duration::from_mins(2));
}

/// The proof as it comes, or nothing when it does not come whole.
async fn download(house: &House, lot: &Lot) -> Option<String> {
    let client = house.nobody.client().build().expect("a client");
    let lot: AuctionId = lot.id.parse().expect("an id");
    let mut download = client.auctions().proof_download(lot).await.expect("an answer");
    let mut body = Vec::new();
    while let Some(piece) = download.next_piece().await.ok()? {
        body.extend_from_slice(&piece);
    }
    Some(String::from_utf8(body).expect("text"))
}

#[tokio::test]
async fn a_void_of_two_thousand_bids_fits_its_frames_and_can_be_proved() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let (shill, honest) = (house.buyer("shill").await, house.buyer("honest").await);
    let lot = seller.auction(rules()).await;
    honest.bid(&lot, max(5_000)).await.expect(201);
    let ids = raises(&house, &shill, &lot, 10_000, 2_001).await;

    let channel = Channel::Auction(lot.id.parse().expect("an id"));
    let mut watcher = house.app().platform.hub.open();
    watcher.subscribe(blytz_server::platform::hub::Topic::of(channel, None).expect("a topic"));
    let reason = "\u{1f98a}".repeat(200);
    let void = json!({ "bid_id": ids[0], "reason": reason });
    let path = format!("/auction/{lot}/void");
    seller.post(&path, void.clone()).await.expect(200);

    let mut struck = Vec::new();
    let mut frames = 0;
    while let Some(delivery) = watcher.try_recv() {
        for frame in delivery.frames.iter() {
            frames += 1;
            assert!(frame.text.len() <= MAX_FRAME, "a frame of {} bytes", frame.text.len());
            let frame: Value = serde_json::from_str(&frame.text).expect("JSON");
            let ids = frame["event"]["data"]["struck"].as_array().expect("a void").iter().map(text);
            // The latest bids fall first.
            struck.splice(0..0, ids);
        }
    }
    assert_eq!((frames, &struck), (3, &ids), "each bid falls once");
    seller.post(&path, void).await.expect(200);
    assert!(watcher.try_recv().is_none(), "nothing falls twice");

    let now = lot.status().await;
    assert_eq!((&now["leader"]["id"], &now["price"]), (&json!(honest.id), &money(1_000)));
    for id in [&ids[0], &ids[1_000], &ids[2_000]] {
        assert_eq!(shill.recall(&lot, id).await.expect(200)["voided"], true);
    }
    shill.bid(&lot, max(90_000)).await.refused(403, "blocked");

    close(&house);
    let text = download(&house, &lot).await.expect("all of it");
    let trust = house.trust().await;
    let reading = proof::read(text.as_bytes(), &trust, |_, _| {}).expect("a proof");
    let verdict = reading.verdict.expect("it holds");
    assert_eq!(verdict.winner.map(|id| id.to_string()), Some(honest.id));

    // What is told in pieces is one document, and says what the log says.
    let whole: Proof = serde_json::from_str(&text).expect("a proof");
    assert_eq!(proof::verify(&whole, &trust), Ok(verdict));
    assert_eq!(whole.openings.len(), 2_002);
    let log: Vec<LogEntry> =
        lot.log().await.into_iter().map(|item| serde_json::from_value(item).expect("an event")).collect();
    assert_eq!(whole.events, log);
    assert!(log.len() > 2_005);
}

/// A page is not longer because its events are, and leaves none out.
#[tokio::test]
async fn long_events_make_short_pages() {
    let house = House::open().await;
    let seller = house.seller("sita").await;
    let lot = seller.auction(rules()).await;
    let mut first = Vec::new();
    for number in 1..=8 {
        let shill = house.buyer(&format!("shill{number}")).await;
        first.push(raises(&house, &shill, &lot, number * 10_000, 1_000).await.swap_remove(0));
    }
    for bid_id in first {
        seller.void(&lot, &bid_id).await.expect(200);
    }
    let end = house.nobody.get(format!("/auction/{lot}/events?after=8002&limit=100")).await.expect(200);
    assert!(items(&end).count() < 8 && end["next_cursor"].is_string());

    let log = lot.log().await;
    let seqs: Vec<u64> = log.iter().map(|event| event["seq"].as_u64().expect("a seq")).collect();
    assert_eq!(seqs, (1..=8_010).collect::<Vec<_>>());
    assert_eq!(log.iter().filter(|event| event["kind"] == "voided").count(), 8);
}

/// What can't be told to its end must not look whole.
#[tokio::test]
async fn a_proof_that_can_not_go_on_is_cut() {
    let mut data = PathBuf::new();
    let house = House::open_with(|config| data.clone_from(&config.data)).await;
    let (seller, ann) = (house.seller("sita").await, house.buyer("ann").await);
    let lot = seller.auction(rules()).await;
    raises(&house, &ann, &lot, 1_000, 1_200).await;
    close(&house);
    assert!(download(&house, &lot).await.is_some());

    let id: AuctionId = lot.id.parse().expect("an id");
    for damage in [
        // Another log of the same length, then one that can't be read, then one with a gap.
        "update auction_events set entry = replace(entry, '\"hash\":\"', '\"hash\":\"0') where auction_id = $1 and seq = 1203",
        "update auction_events set entry = substr(entry, 2) where auction_id = $1 and seq = 1100",
        "delete from auction_events where auction_id = $1 and seq = 1100",
    ] {
        assert_eq!(tamper(&data, damage, id.uuid(), None).await, 1, "{damage}");
        assert_eq!(download(&house, &lot).await, None, "{damage}");
    }
}

/// An event of an earlier version may be longer than a frame. Who resumes over it is not left with a
/// gap, nor with a frame that their client refuses.
#[tokio::test]
async fn an_event_longer_than_a_frame_is_passed_over_with_a_snapshot() {
    let mut data = PathBuf::new();
    let house = House::open_with(|config| data.clone_from(&config.data)).await;
    let (seller, ann) = (house.seller("sita").await, house.buyer("ann").await);
    let lot = seller.auction(rules()).await;
    raises(&house, &ann, &lot, 1_000, 5).await;
    let id: AuctionId = lot.id.parse().expect("an id");
    let longer = "update auction_events set entry = replace(entry, '\"kind\"', $2) where auction_id = $1 and seq = 5";
    let padding = format!("\"padding\":\"{}\",\"kind\"", "x".repeat(MAX_FRAME));
    assert_eq!(tamper(&data, longer, id.uuid(), Some(&padding)).await, 1);

    let since = json!({ "epoch": lot.status().await["epoch"], "seq": 2 });
    let mut socket = house.nobody.connect().await;
    assert_eq!(socket.subscribe(&lot, Some(since)).await["ok"]["recovered"], true);
    assert_eq!(socket.events(2).await, [3, 4]);
    let snapshot = socket.hear().await.expect("a snapshot");
    assert_eq!((&snapshot["reason"], &snapshot["snapshot"]["seq"]), (&json!("trimmed"), &json!(7)));

    ann.bid(&lot, max(9_000)).await.expect(201);
    assert_eq!(socket.events(1).await, [8]);
}
