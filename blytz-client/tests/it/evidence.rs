//! A house is held to its answers: forged ones are told from good ones, and what is good is kept.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use blytz_client::{
    Error, Evidence, RetryKind, Untrue,
    wire::{
        ErrorCode, Problem,
        auction::{BidAnswer, BidRequest, LogKey, LogKeys, Receipt},
    },
};
use blytz_core::{AuctionId, Timestamp, auction::receipt::InvalidReceipt, wire::auction::BidRecord};
use serde_json::json;
use uuid::Uuid;

use crate::fake::{AT_ONCE, Fake, answer_of, bid, bid_answer, client, house, ok, serve, signer};

/// What was kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<LogKey>, Vec<Receipt>)>>);

impl Kept {
    fn knowing(keys: Vec<LogKey>) -> Self {
        Self(Arc::new(Mutex::new((keys, Vec::new()))))
    }

    fn keys(&self) -> Vec<LogKey> {
        self.0.lock().expect("no panic").0.clone()
    }

    fn receipts(&self) -> Vec<Receipt> {
        self.0.lock().expect("no panic").1.clone()
    }
}

impl Evidence for Kept {
    fn keys(&self, origin: &str) -> Result<Vec<LogKey>, String> {
        assert_eq!(origin, "shop.example");
        Ok(self.keys())
    }

    fn first_sight(&self, origin: &str, keys: &[LogKey]) -> Result<(), String> {
        assert_eq!(origin, "shop.example");
        self.0.lock().expect("no panic").0 = keys.to_vec();
        Ok(())
    }

    fn keep(&self, receipt: &Receipt) {
        self.0.lock().expect("no panic").1.push(receipt.clone());
    }
}

/// What a client that knows these keys makes of an answer that was tampered with.
async fn judged(
    kept: &Kept,
    forge: impl Fn(BidAnswer) -> BidAnswer + Send + Sync + 'static,
) -> Result<BidAnswer, Untrue> {
    let bid = bid();
    let (auction_id, bid_id) = (bid.auction_id, bid.bid_id);
    let fake = Fake::start(move |_, _| ok(json!(forge(answer_of(&house(), auction_id, bid_id))))).await;
    let client = client(&fake).evidence(kept.clone()).build().expect("valid");
    match client.auctions().bid(&bid).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            assert_eq!(error.retry_kind(), RetryKind::Never, "asking again gets the same answer");
            assert_eq!(fake.asked().len(), 1);
            let Error::Untrue { why, .. } = error else { panic!("{error}") };
            Err(*why)
        }
    }
}

#[tokio::test]
async fn a_good_receipt_is_kept_and_so_are_the_keys_at_first_sight() {
    let kept = Kept::default();
    let answer = judged(&kept, |answer| answer).await.expect("signed");
    assert_eq!(kept.receipts(), [answer.receipt]);
    assert_eq!(kept.keys(), [house().public()]);
}

#[tokio::test]
async fn forged_answers_are_not_believed_and_nothing_is_kept_of_them() {
    let kept = Kept::knowing(vec![house().public()]);
    let unsigned = |why| Err(Untrue::Unsigned(why));
    let wrong = || unsigned(InvalidReceipt::WrongSignature("key1".to_owned()));
    let with = |change: fn(&mut Receipt)| {
        move |mut answer: BidAnswer| {
            change(&mut answer.receipt);
            answer
        }
    };
    assert_eq!(judged(&kept, with(|receipt| "none".clone_into(&mut receipt.signature))).await, wrong());
    assert_eq!(judged(&kept, with(|receipt| receipt.signature = "00".repeat(64))).await, wrong());
    assert_eq!(judged(&kept, with(|receipt| receipt.head_seq = 5)).await, wrong());
    assert_eq!(judged(&kept, with(|receipt| receipt.head_hash = "5".repeat(64))).await, wrong());
    assert_eq!(judged(&kept, with(|receipt| receipt.path.clear())).await, unsigned(InvalidReceipt::BrokenPath));
    let other = |what| Err(Untrue::Other(what));
    assert_eq!(judged(&kept, with(|receipt| receipt.seq = 2)).await, other("the receipt's seq"));
    assert_eq!(judged(&kept, with(|receipt| receipt.hash = "2".repeat(64))).await, other("the receipt's hash"));
    assert_eq!(judged(&kept, with(|receipt| receipt.bid_id = None)).await, other("the receipt's bid_id"));
    assert_eq!(judged(&kept, with(|receipt| receipt.head_seq = 2)).await, other("the receipt's head_seq"));
    let elsewhere = |receipt: &mut Receipt| receipt.auction_id = AuctionId(Uuid::from_u128(7));
    assert_eq!(judged(&kept, with(elsewhere)).await, other("the receipt's auction_id"));
    let of_another = |answer: BidAnswer| answer_of(&house(), answer.auction_id, bid().bid_id);
    assert_eq!(judged(&kept, of_another).await, other("the answer's bid_id"));
    let of_another_lot = |answer: BidAnswer| answer_of(&house(), AuctionId(Uuid::from_u128(7)), answer.bid_id);
    assert_eq!(judged(&kept, of_another_lot).await, other("the answer's auction_id"));
    assert!(kept.receipts().is_empty());
}

#[tokio::test]
async fn a_key_that_is_not_the_one_that_was_kept_is_a_loud_change() {
    let kept = Kept::knowing(vec![house().public()]);
    let other_key = |answer: BidAnswer| answer_of(&signer("shop.example", 2), answer.auction_id, answer.bid_id);
    let changed = judged(&kept, other_key).await.expect_err("another key");
    let changes = |key_id: &str, kept| {
        let (origin, key_id) = ("shop.example".to_owned(), key_id.to_owned());
        Untrue::KeysChanged { origin, key_id, kept: vec![kept], shown: vec![house().public()] }
    };
    assert_eq!(changed, changes("key2", house().public()));
    assert!(changed.to_string().contains("THE KEYS OF shop.example HAVE CHANGED"));

    let same_id = LogKey { public_key: signer("shop.example", 2).public().public_key, ..house().public() };
    let kept = Kept::knowing(vec![same_id.clone()]);
    let changed = judged(&kept, |answer| answer).await.expect_err("another key under the same id");
    assert_eq!(changed, changes("key1", same_id.clone()));
    for key in [same_id.clone(), house().public()] {
        assert!(changed.to_string().contains(&key.public_key[..16]), "{changed}");
    }
    assert_eq!(kept.keys(), [same_id], "nothing is taken over");

    let retired = LogKey { until: Some(Timestamp::from_micros(1)), ..house().public() };
    let kept = Kept::knowing(vec![retired]);
    let changed = judged(&kept, |answer| answer).await;
    assert!(matches!(changed, Err(Untrue::Unsigned(InvalidReceipt::OutOfTime { .. }))), "{changed:?}");
}

#[tokio::test]
async fn a_server_is_one_house() {
    let fake = Fake::start(|asked, before| match before {
        0 => bid_answer(asked),
        _ => {
            let id = |name: &str| serde_json::from_value(asked.body[name].clone()).expect("an id");
            ok(json!(answer_of(
                &signer("other.example", 1),
                AuctionId(id("auction_id")),
                blytz_core::BidId(id("bid_id"))
            )))
        }
    })
    .await;
    let client = client(&fake).build().expect("valid");
    client.auctions().bid(&bid()).await.expect("signed");
    let error = client.auctions().bid(&bid()).await.expect_err("somebody else");
    let Error::Untrue { why, .. } = error else { panic!("{error}") };
    assert_eq!(*why, Untrue::OtherHouse { before: "shop.example".to_owned(), now: "other.example".to_owned() });
}

/// A receipt that comes again must say what the first one said.
#[tokio::test]
async fn two_receipts_of_one_place_that_differ_are_a_fork() {
    let fake = Fake::start(|asked, before| {
        let id = |name: &str| serde_json::from_value(asked.body[name].clone()).expect("an id");
        let (auction_id, bid_id) = (AuctionId(id("auction_id")), blytz_core::BidId(id("bid_id")));
        let mut answer = answer_of(&house(), auction_id, bid_id);
        if before > 0 {
            // Signed all the same: the house itself shows another history.
            let head = blytz_core::auction::log::Head { auction_id, seq: 4, hash: "5".repeat(64) };
            let leaf = blytz_core::auction::receipt::Leaf::of_bid(bid_id, 3, answer.hash.clone(), &head);
            answer.receipt = house().seal(vec![leaf]).remove(0);
        }
        ok(json!(answer))
    })
    .await;
    let client = client(&fake).build().expect("valid");
    client.auctions().bid(&bid()).await.expect("signed");
    let error = client.auctions().bid(&bid()).await.expect_err("another history");
    let Error::Untrue { why, .. } = error else { panic!("{error}") };
    assert!(matches!(*why, Untrue::Forked(_)), "{why}");
}

#[tokio::test]
async fn what_is_remembered_of_a_bid_is_held_to_as_well() {
    let bid = bid();
    let (auction_id, bid_id) = (bid.auction_id, bid.bid_id);
    let fake = Fake::start(move |_, before| {
        let mut answer = answer_of(&house(), auction_id, bid_id);
        if before > 0 {
            "none".clone_into(&mut answer.receipt.signature);
        }
        ok(json!(BidRecord { answer, amount: None, max: None, voided: false }))
    })
    .await;
    let kept = Kept::default();
    let client = client(&fake).evidence(kept.clone()).build().expect("valid");
    client.auctions().bid_record(auction_id, bid_id).await.expect("signed");
    assert_eq!(kept.receipts().len(), 1);
    let error = client.auctions().bid_record(auction_id, bid_id).await.expect_err("nobody signed");
    assert!(matches!(error, Error::Untrue { .. }), "{error}");
}

/// A house that takes a bid and answers so when it is asked for its keys.
async fn showing(keys: impl Fn(usize) -> Response + Clone + Send + Sync + 'static) -> blytz_client::Client {
    let asked = Arc::new(Mutex::new(0));
    let take = async |Json(bid): Json<BidRequest>| Json(answer_of(&house(), bid.auction_id, bid.bid_id));
    let show = move || async move {
        let mut asked = asked.lock().expect("no panic");
        *asked += 1;
        keys(*asked)
    };
    let router = Router::new().route("/auction/bid", post(take)).route("/auction/keys", get(show));
    blytz_client::Client::builder(serve(router).await).retry(AT_ONCE).build().expect("valid")
}

fn refusal(code: ErrorCode) -> Response {
    let problem = Problem::new(code, "said so");
    (StatusCode::from_u16(problem.status).expect("a status"), Json(problem)).into_response()
}

/// The bid stands: nobody may be told that it was refused, and bid again under another id.
#[tokio::test]
async fn a_house_that_shows_no_keys_has_not_refused_the_bid() {
    let client = showing(|_| refusal(ErrorCode::NotFound)).await;
    let error = client.auctions().bid(&bid()).await.expect_err("it can't be held to it");
    assert_eq!((error.status(), error.code()), (None, None), "{error}");
    let Error::Untrue { why, .. } = error else { panic!("{error}") };
    let origin = "shop.example".to_owned();
    assert_eq!(*why, Untrue::NoKeys { origin, why: "said so".to_owned() });
}

#[tokio::test]
async fn keys_that_cant_be_had_now_are_asked_for_again() {
    let keys = || Json(LogKeys { keys: vec![house().public()] }).into_response();
    let client = showing(move |asked| if asked < 3 { refusal(ErrorCode::OutcomeUnknown) } else { keys() }).await;
    client.auctions().bid(&bid()).await.expect("signed");

    let client = showing(|_| refusal(ErrorCode::OutcomeUnknown)).await;
    let error = client.auctions().bid(&bid()).await.expect_err("not known yet");
    assert_ne!(error.retry_kind(), RetryKind::Never, "the same bid, asked again, tells: {error}");
}

/// A name that nobody signed does not stand in the way of the house itself.
#[tokio::test]
async fn only_who_has_signed_is_met() {
    let fake = Fake::start(|asked, before| {
        let id = |name: &str| serde_json::from_value(asked.body[name].clone()).expect("an id");
        let (auction_id, bid_id) = (AuctionId(id("auction_id")), blytz_core::BidId(id("bid_id")));
        let forged = answer_of(&signer("other.example", 2), auction_id, bid_id);
        if before == 0 { ok(json!(forged)) } else { bid_answer(asked) }
    })
    .await;
    let client = client(&fake).build().expect("valid");
    client.auctions().bid(&bid()).await.expect_err("its key is not the one that is shown");
    client.auctions().bid(&bid()).await.expect("signed");
}

/// What can't be read can't be known: nobody is believed by that.
#[tokio::test]
async fn keys_that_can_not_be_read_are_no_first_sight() {
    struct Broken;
    impl Evidence for Broken {
        fn keys(&self, _: &str) -> Result<Vec<LogKey>, String> {
            Err("the file is damaged".to_owned())
        }

        fn first_sight(&self, _: &str, _: &[LogKey]) -> Result<(), String> {
            panic!("nobody is met")
        }
    }
    let fake = Fake::start(|asked, _| bid_answer(asked)).await;
    let client = client(&fake).evidence(Broken).build().expect("valid");
    let error = client.auctions().bid(&bid()).await.expect_err("nobody can say");
    assert!(error.to_string().contains("the file is damaged"), "{error}");
}

/// Who only says that they are somebody is not kept as that.
#[tokio::test]
async fn a_house_is_met_when_it_has_signed_and_not_before() {
    let kept = Kept::default();
    let unsigned = |mut answer: BidAnswer| {
        "none".clone_into(&mut answer.receipt.signature);
        answer
    };
    judged(&kept, unsigned).await.expect_err("nobody signed");
    assert!(kept.keys().is_empty());
}
