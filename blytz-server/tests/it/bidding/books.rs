//! What must be true of the logs and of what a crowd was told, whatever happened meanwhile: nothing that was
//! accepted is lost, nothing stands twice, and nothing stands that was refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use blytz_core::{
    AuctionId, BidId,
    auction::{
        PublicState,
        log::Head,
        proof::{Trust, TrustedKeys, verify},
        receipt::verify_receipt,
    },
    wire::auction::{AuctionStatus, BidAnswer, BidRecord, EventData, LogEntry, LogKey, LogKeys},
};
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{Bidder, Told, id_of};
use crate::house::{Lot, Person, buy_now};

/// How many ask at once.
const AT_ONCE: usize = 8;

/// The log of each lot.
pub type Logs = BTreeMap<AuctionId, Vec<LogEntry>>;

/// The whole logs, each of which is one chain.
pub async fn logs(lots: &[Lot]) -> Logs {
    let mut logs = Logs::new();
    for lot in lots {
        let log = lot.log().await.into_iter().map(|entry| serde_json::from_value(entry).expect("an event"));
        let log: Vec<LogEntry> = log.collect();
        let mut head = Head::empty(id_of(lot));
        for entry in &log {
            head.advance(entry).expect("the chain is whole");
        }
        logs.insert(id_of(lot), log);
    }
    logs
}

/// Checks everything that the crowd was told against the logs, and against what each of them is told when
/// they ask again.
pub async fn agree(logs: &Logs, told: &[Told], bidders: &[Bidder]) {
    let keys = keys(bidders[0].person()).await;
    has_what_was_accepted_and_nothing_else(logs, told);
    let states: HashMap<_, _> = logs.iter().map(|(lot, log)| (*lot, states(log))).collect();
    for one in told {
        if let Ok(answer) = &one.answer {
            is_as_the_log_says(&logs[&one.bid.auction_id], &states[&one.bid.auction_id], answer);
            is_signed(&logs[&one.bid.auction_id], answer, &keys);
        }
    }
    let asked = stream::iter(told).map(|one| is_told_again(one, &bidders[one.by]));
    asked.buffer_unordered(AT_ONCE).collect::<()>().await;
}

fn bid_in(entry: &LogEntry) -> Option<BidId> {
    match &entry.data {
        EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. } => Some(*bid_id),
        _ => None,
    }
}

/// Every bid has an answer: so the bids in a log are those that were accepted, each once.
fn has_what_was_accepted_and_nothing_else(logs: &Logs, told: &[Told]) {
    for (lot, log) in logs {
        let stand: Vec<_> = log.iter().filter_map(bid_in).collect();
        let accepted = told.iter().filter(|one| one.bid.auction_id == *lot && one.answer.is_ok());
        let accepted: BTreeSet<_> = accepted.map(|one| one.bid.bid_id).collect();
        let once: BTreeSet<_> = stand.iter().copied().collect();
        assert_eq!(stand.len(), once.len(), "no bid stands twice");
        let lost: Vec<_> = accepted.difference(&once).collect();
        assert!(lost.is_empty(), "accepted and lost: {lost:?}");
        let refused = told.iter().filter(|one| one.answer.is_err() && once.contains(&one.bid.bid_id));
        let refused: Vec<_> = refused.collect();
        assert!(refused.is_empty(), "refused, and stands: {refused:?}");
        assert_eq!(once, accepted, "nobody else has bidden");
    }
}

/// What anybody may know after each event, by the core's own fold.
fn states(log: &[LogEntry]) -> HashMap<u64, PublicState> {
    let mut rules = log[0].data.rules().expect("a log begins with rules");
    let mut state = PublicState::scheduled(rules);
    let mut states = HashMap::new();
    for entry in log {
        rules = entry.data.rules().unwrap_or(rules);
        state.apply(rules, &entry.data);
        states.insert(entry.seq, state.clone());
    }
    states
}

fn is_as_the_log_says(log: &[LogEntry], states: &HashMap<u64, PublicState>, answer: &BidAnswer) {
    let event = &log[usize::try_from(answer.seq).expect("small") - 1];
    assert_eq!((bid_in(event), &event.hash, event.at), (Some(answer.bid_id), &answer.hash, answer.at));
    let state = &states[&answer.seq];
    let said = (answer.price, answer.leader_id, answer.next_minimum, Some(answer.closes_at));
    assert_eq!(said, (state.price, state.leader, state.next_minimum, state.closes_at), "{answer:?}");
}

fn is_signed(log: &[LogEntry], answer: &BidAnswer, keys: &[LogKey]) {
    let receipt = &answer.receipt;
    verify_receipt(receipt, keys).expect("the receipt is signed");
    let said = (receipt.auction_id, receipt.bid_id, receipt.seq, &receipt.hash);
    assert_eq!(said, (answer.auction_id, Some(answer.bid_id), answer.seq, &answer.hash));
    let head = &log[usize::try_from(receipt.head_seq).expect("small") - 1];
    assert_eq!(head.hash, receipt.head_hash, "the receipt is of this history");
}

/// Who asks again hears the same, at every server.
async fn is_told_again(told: &Told, bidder: &Bidder) {
    for door in &bidder.doors {
        let recalled = door.get(format!("/auction/{}/bids/{}", told.bid.auction_id, told.bid.bid_id)).await;
        let Ok(answer) = &told.answer else {
            recalled.refused(404, "not_found");
            continue;
        };
        let record: BidRecord = serde_json::from_value(recalled.expect(200)).expect("a record");
        let said = BidAnswer { replayed: true, ..answer.clone() };
        assert_eq!((BidAnswer { replayed: true, ..record.answer }, record.voided), (said.clone(), false));
        assert_eq!((record.amount, record.max), (told.bid.amount, told.bid.max));
        let again = door.post("/auction/bid", json!(told.bid)).await.expect(200);
        assert_eq!(serde_json::from_value::<BidAnswer>(again).expect("an answer"), said);
    }
}

async fn keys(nobody: &Person) -> Vec<LogKey> {
    let keys: LogKeys = serde_json::from_value(nobody.get("/auction/keys").await.expect(200)).expect("keys");
    keys.keys
}

/// Has somebody buy each lot, so that it is over.
pub async fn are_bought(lots: &[Lot], buyer: &Person) {
    for lot in lots {
        assert_eq!(buyer.bid(lot, buy_now()).await.expect(201)["outcome"], "won");
    }
    are_proved(lots, buyer, AuctionStatus::Sold).await;
}

/// Checks the proofs of lots that are over: every decision is made again there, from what nobody may know
/// before, by the core's own rules.
pub async fn are_proved(lots: &[Lot], nobody: &Person, status: AuctionStatus) {
    let trust = Trust { keys: TrustedKeys::Given(keys(nobody).await), ..Trust::default() };
    for lot in lots {
        let proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
        assert_eq!(verify(&proof, &trust).expect("it holds").status, status);
        let closed = lot.kinds().await.iter().filter(|kind| *kind == "closed").count();
        assert_eq!(closed, 1, "one close");
    }
}
