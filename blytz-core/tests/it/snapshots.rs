//! Snapshots: an auction goes on from one as from its whole log, or the snapshot is refused.

use blytz_core::{
    AuctionId,
    auction::{
        Auction, BidKind, Event, FoldError, Snapshot, SnapshotError,
        log::{Head, NO_HASH},
        snapshot::VERSION,
    },
    wire::auction::{Format, RulesInput},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::arena::{Played, bid_id, courses, myr, opened, user};

/// Amounts that nothing else here contains.
const SECRET_MAX: i64 = 77_133_701;
const SECRET_RESERVE: i64 = 66_133_702;

/// Restored from what was stored.
fn restored(auction: &Auction, head: &Head) -> (Auction, Head) {
    let stored = Snapshot::of(auction, head).as_json().to_owned();
    Snapshot::stored(stored).restore(auction.id()).expect("a snapshot of this very program")
}

proptest! {
    #[test]
    fn from_a_snapshot_of_any_prefix_an_auction_goes_on_as_from_its_log(played in courses()) {
        let id = played.auction.id();
        let mut head = Head::empty(id);
        let mut prefix: Option<Auction> = None;
        for (place, event) in played.log.iter().enumerate() {
            match &mut prefix {
                None => prefix = Some(Auction::begin(id, event).expect("its own log")),
                Some(auction) => auction.apply(event).expect("its own log"),
            }
            head.append(event);
            let auction = prefix.as_ref().expect("it has begun");
            let (mut restored, restored_head) = restored(auction, &head);
            prop_assert_eq!(&restored, auction, "at event {}", place);
            prop_assert_eq!(&restored_head, &head);
            for event in &played.log[place + 1..] {
                restored.apply(event).expect("its own log");
            }
            prop_assert_eq!(&restored, &played.auction, "from event {}", place);
        }
        prop_assert_eq!(Auction::fold(id, &played.log).ok(), prefix);
    }

    #[test]
    fn a_part_of_a_snapshot_is_none(played in courses(), end in any::<prop::sample::Index>()) {
        let snapshot = Snapshot::of(&played.auction, &head(&played));
        let cut = &snapshot.as_json()[..end.index(snapshot.as_json().len())];
        let restored = Snapshot::stored(cut.to_owned()).restore(played.auction.id());
        prop_assert_eq!(restored, Err(SnapshotError::Damaged));
    }
}

fn head(played: &Played) -> Head {
    let mut head = Head::empty(played.auction.id());
    played.log.iter().for_each(|event| drop(head.append(event)));
    head
}

/// A lot with a bid, of an English one beyond its reserve; with a second, where bids are sealed.
fn lot(format: Format) -> Played {
    let mut stated = json!({
        "format": format, "currency": "MYR", "starting_price": myr(1_000), "duration_ms": 60_000,
    });
    match format {
        Format::English => {
            stated["increment"] = json!({"fixed": 100});
            stated["reserve_price"] = json!(myr(SECRET_RESERVE));
        }
        Format::Dutch => stated["dutch"] = json!({"step": 1, "interval_ms": 1_000, "floor": myr(1)}),
        Format::SealedFirstPrice | Format::SealedSecondPrice => stated["reserve_price"] = json!(myr(SECRET_RESERVE)),
    }
    let stated: RulesInput = serde_json::from_value(stated).expect("rules");
    let mut played = opened(&stated);
    let first = if format == Format::English { BidKind::Max } else { BidKind::Exact };
    played.bid(user(1), bid_id(1), first(myr(SECRET_MAX)));
    if format.is_sealed() {
        played.bid(user(2), bid_id(2), BidKind::Exact(myr(2_000)));
    }
    played
}

fn snapshot(format: Format) -> (AuctionId, Value) {
    let played = lot(format);
    let snapshot = Snapshot::of(&played.auction, &head(&played));
    (played.auction.id(), serde_json::from_str(snapshot.as_json()).expect("JSON"))
}

fn refusal(id: AuctionId, snapshot: &Value) -> Option<SnapshotError> {
    Snapshot::stored(snapshot.to_string()).restore(id).err()
}

/// Whoever changes the format changes this text, and must count the version up.
#[test]
fn version_2_is_written_like_this() {
    let played = lot(Format::English);
    let head = head(&played);
    let at = |number: usize| played.log[number].at.as_micros();
    let text = format!(
        r#"{{"version":2,"auction_id":"{auction}","seq":4,"hash":"{hash}","seller_id":"{seller}","#,
        auction = head.auction_id,
        hash = head.hash,
        seller = played.auction.seller_id(),
    ) + &format!(
        r#""product_id":"{product}","starts_at_us":{starts},"item_hash":"{item}","rules":{rules},"reserve_nonce":"{nonce}","#,
        product = played.auction.product_id(),
        starts = at(1),
        item = played.auction.item_hash(),
        rules = serde_json::to_string(played.auction.rules()).expect("JSON"),
        nonce = "07".repeat(32),
    ) + &format!(
        r#""phase":{{"live":[{opens},{closes},0,0,{opens}]}},"sale":{{"english":{{"lead":[["{ann}","{bid}",{SECRET_MAX},{at}],{SECRET_RESERVE}],"reserve":"now"}}}},"#,
        opens = at(1),
        closes = at(1) + 60_000_000,
        ann = user(1),
        bid = bid_id(1),
        at = at(2),
    ) + &format!(r#""bid_count":1,"bids_taken":true,"blocked":{{}},"last_at_us":{}}}"#, at(3));
    assert_eq!((VERSION, Snapshot::of(&played.auction, &head).as_json()), (2, text.as_str()));
}

#[test]
fn what_is_of_another_version_or_of_another_auction_is_passed_over() {
    let (id, snapshot) = snapshot(Format::English);
    assert_eq!(refusal(id, &snapshot), None);
    for found in [0, VERSION + 1, u64::MAX] {
        let mut other = snapshot.clone();
        other["version"] = json!(found);
        assert_eq!(refusal(id, &other), Some(SnapshotError::OtherVersion { found }));
        // Nothing but the version is known of another version.
        assert_eq!(refusal(id, &json!({"version": found})), Some(SnapshotError::OtherVersion { found }));
    }
    let other = AuctionId(Uuid::from_u128(1));
    assert_eq!(refusal(other, &snapshot), Some(SnapshotError::OtherAuction { found: id }));
}

#[test]
fn what_is_damaged_is_refused() {
    let bid = |amount: i64| json!([user(3), bid_id(3), amount, 0]);
    let sealed_twice = json!({"sealed": {"bids": [bid(1), bid(2)]}});
    let led_by = |stake: Value, price: i64| json!({"english": {"lead": [stake, price], "reserve": "now"}});
    let money_ends = 9_007_199_254_740_992_i64;
    let everything = [
        (Format::English, "/version", json!("1")),
        (Format::English, "/version", json!(-1)),
        (Format::English, "/version", Value::Null),
        (Format::English, "/auction_id", json!("an auction")),
        (Format::English, "/seq", json!(0)),
        (Format::English, "/seq", json!(-1)),
        (Format::English, "/seq", json!(u64::MAX)),
        (Format::English, "/hash", json!("")),
        (Format::English, "/hash", json!(NO_HASH.replace('0', "A"))),
        (Format::English, "/hash", json!(NO_HASH.replace('0', "\u{e9}"))),
        (Format::English, "/item_hash", json!("ab")),
        (Format::English, "/starts_at_us", json!("2026-01-01T00:00:00Z")),
        (Format::English, "/rules", json!({})),
        (Format::English, "/rules/duration_ms", json!(0)),
        (Format::English, "/rules/format", json!("dutch")),
        (Format::English, "/rules/reserve_price/amount", json!(1)),
        (Format::English, "/rules/unknown", json!(1)),
        (Format::English, "/reserve_nonce", Value::Null),
        (Format::SealedFirstPrice, "/reserve_nonce", Value::Null),
        (Format::English, "/reserve_nonce", json!("07")),
        (Format::English, "/phase", json!("live")),
        (Format::English, "/phase", json!("over")),
        (Format::English, "/phase", json!({"live": [0, 0]})),
        (Format::English, "/phase", json!({"live": [0, 0, u64::MAX, 0, 0]})),
        (Format::English, "/phase", json!({"closed": {"hammer": null}})),
        (Format::English, "/phase", json!({"closed": {"span": [0, 0, 0], "hammer": [bid(0), 1]}})),
        (Format::English, "/sale", sealed_twice.clone()),
        (Format::English, "/sale", json!({"dutch": {"taken": null}})),
        (Format::English, "/sale", led_by(bid(0), 1)),
        (Format::English, "/sale", led_by(bid(1), -1)),
        (Format::English, "/sale", led_by(bid(money_ends), 1)),
        (Format::English, "/sale", led_by(bid(1), money_ends)),
        (Format::English, "/sale/english/reserve", json!("maybe")),
        (Format::English, "/sale/english/leads", json!(null)),
        (Format::Dutch, "/sale", json!({"english": {"lead": null, "reserve": "never"}})),
        (Format::Dutch, "/sale", json!({"dutch": {"taken": [bid(i64::MIN), 1]}})),
        (Format::SealedSecondPrice, "/sale", sealed_twice),
        (Format::SealedSecondPrice, "/sale", json!({"sealed": {"bids": [bid(0)]}})),
        (Format::SealedSecondPrice, "/sale", json!({"sealed": {}})),
        (Format::English, "/bid_count", json!(u64::MAX)),
        (Format::English, "/bid_count", json!(5)),
        (Format::English, "/bids_taken", json!(false)),
        (Format::English, "/blocked", json!(["nobody"])),
        (Format::English, "/blocked", json!({"nobody": {"bid_id": bid_id(1), "bid_seq": 3}})),
        (Format::English, "/blocked", json!({user(1).to_string(): {"bid_id": bid_id(1)}})),
        (Format::English, "/last_at_us", json!(1.5)),
        (Format::English, "/unknown", json!(1)),
    ];
    for (format, pointer, value) in everything {
        let (id, mut damaged) = snapshot(format);
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        damaged.pointer_mut(parent).expect("an object")[field] = value.clone();
        assert_eq!(refusal(id, &damaged), Some(SnapshotError::Damaged), "{pointer} as {value} in {format:?}");
    }
    for format in [Format::English, Format::Dutch, Format::SealedFirstPrice] {
        let (id, whole) = snapshot(format);
        for field in whole.as_object().expect("an object").keys().filter(|field| *field != "starts_at_us") {
            let mut damaged = whole.clone();
            damaged.as_object_mut().expect("an object").remove(field);
            let refused = refusal(id, &damaged);
            let unused = whole[field].is_null();
            assert_eq!(refused, (!unused).then_some(SnapshotError::Damaged), "{format:?} without {field}");
        }
    }
    for text in ["", "null", "[]", "1", "{}", "\u{0}"] {
        let restored = Snapshot::stored(text.to_owned()).restore(lot(Format::Dutch).auction.id());
        assert_eq!(restored, Err(SnapshotError::Damaged), "{text:?}");
    }
}

#[test]
fn neither_a_snapshot_nor_its_refusal_tells_a_secret() {
    for format in [Format::English, Format::SealedFirstPrice] {
        let (id, whole) = snapshot(format);
        assert!(whole.to_string().contains(&SECRET_MAX.to_string()));
        let told = format!("{:?}", Snapshot::stored(whole.to_string()));
        assert_eq!(told, "Snapshot(***)");
        for field in ["blocked", "hash", "phase", "rules"] {
            let mut damaged = whole.clone();
            damaged[field] = json!(SECRET_MAX);
            let refused = refusal(id, &damaged).expect("it is damaged");
            assert!(!format!("{refused} {refused:?}").contains(&SECRET_MAX.to_string()));
        }
    }
}

#[test]
fn a_log_begins_with_its_schedule_and_the_sealed_part_of_that() {
    let played = lot(Format::English);
    let id = played.auction.id();
    assert_eq!(Auction::begin(id, &played.log[1]), Err(FoldError::NotScheduledFirst));
    let bare = Event { sealed: None, ..played.log[0].clone() };
    assert_eq!(Auction::begin(id, &bare), Err(FoldError::SealedPart { at: bare.at }));
}
