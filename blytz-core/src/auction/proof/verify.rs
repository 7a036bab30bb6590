//! Checking a proof: hashes and commitments first, then the decisions.

use super::{
    Flaw, Verdict,
    replay::{Replay, Terms},
};
use crate::{
    BidId, Money, UserId,
    auction::{
        log::{Head, Nonce, Offer, bid_commitment, reserve_commitment, rules_hash},
        receipt::verify_receipt,
    },
    wire::auction::{AuctionStatus, EventData, Format, LogEntry, Opening, Proof, ReserveView, RulesView},
};

/// Checks that everything in a proof fits together, and that winner and price follow from the bids
/// by the rules.
///
/// Facts from outside the log are taken as they are: that a bidder was not suspended or on the
/// seller's blocklist, what the server's clock said, and who stands behind a bid (commitments bind
/// the amount, not the person). The commitment to a max that stays closed can't be checked either;
/// its bidder can, with the proof that they are shown.
///
/// # Errors
/// The first [`Flaw`] found.
pub fn verify(proof: &Proof) -> Result<Verdict, Flaw> {
    check_chain(proof)?;
    check_receipt(proof)?;
    let terms = check_rules(proof)?;
    let bids = opened_bids(proof)?;
    check_hidden(proof, &bids)?;

    let auction = Replay { proof, terms, bids: &bids, winner: winner(proof) }.run()?;
    let hidden = bids.iter().filter(|bid| bid.offer.is_none()).count() as u64;
    Ok(Verdict {
        status: auction.status(),
        winner: winner(proof),
        price: closed(proof).and_then(|(_, _, price)| price),
        bid_id: auction.leading_bid().filter(|_| auction.status() == AuctionStatus::Sold),
        events: proof.events.len() as u64,
        opened: bids.len() as u64 - hidden,
        hidden,
        signed: proof.head.receipt.is_some(),
    })
}

/// A bid or raise of the log with its opening.
pub(super) struct Bid {
    /// The place of its event in the log.
    pub(super) seq: u64,
    /// Whose.
    pub(super) bidder: UserId,
    /// How much; none for a max that is not opened.
    pub(super) offer: Option<Offer>,
}

/// How the log ends, if it ends with a close.
fn closed(proof: &Proof) -> Option<(AuctionStatus, Option<UserId>, Option<Money>)> {
    match &proof.events.last()?.data {
        EventData::Closed { status, winner, price } => Some((*status, *winner, *price)),
        _ => None,
    }
}

fn winner(proof: &Proof) -> Option<UserId> {
    closed(proof).and_then(|(_, winner, _)| winner)
}

fn check_chain(proof: &Proof) -> Result<(), Flaw> {
    let mut head = Head::empty(proof.auction_id);
    for entry in &proof.events {
        head.advance(entry).map_err(|broken| Flaw::at(entry, broken.to_string()))?;
    }
    let last = proof.events.last().ok_or_else(|| Flaw::general("the log is empty"))?;
    if (proof.head.seq, &proof.head.hash) != (head.seq, &head.hash) {
        return Err(Flaw::general("the head is not the last event of the log"));
    }
    match last.data {
        EventData::Closed { .. } | EventData::Cancelled { .. } => Ok(()),
        _ => Err(Flaw::at(last, "the log ends before the auction does")),
    }
}

fn check_receipt(proof: &Proof) -> Result<(), Flaw> {
    let Some(receipt) = &proof.head.receipt else { return Ok(()) };
    verify_receipt(proof.auction_id, receipt, &proof.keys)
        .map_err(|invalid| Flaw::general(format!("the receipt: {invalid}")))?;
    let signed = proof.events.iter().find(|entry| entry.seq == receipt.head_seq);
    match signed {
        Some(entry) if entry.hash == receipt.head_hash => Ok(()),
        Some(entry) => Err(Flaw::at(entry, "the server signed another event in this place")),
        None => Err(Flaw::general("the server signed a longer log than this one")),
    }
}

/// The rules in force when bids were taken, with the reserve opened.
fn check_rules(proof: &Proof) -> Result<Terms, Flaw> {
    let mut last = None;
    for entry in &proof.events {
        if let EventData::Scheduled { rules, rules_hash: hash, .. }
        | EventData::Amended { rules, rules_hash: hash, .. } = &entry.data
        {
            if *hash != rules_hash(rules) {
                return Err(Flaw::at(entry, "rules_hash is not the hash of the rules"));
            }
            last = Some((entry, rules));
        }
    }
    let (entry, rules) = last.ok_or_else(|| Flaw::general("the log states no rules"))?;
    if *rules != proof.rules {
        return Err(Flaw::at(entry, "the proof states other rules than the log"));
    }
    let reserve = opened_reserve(proof, entry, rules)?;
    Ok(Terms { seq: entry.seq, reserve })
}

fn opened_reserve(proof: &Proof, entry: &LogEntry, rules: &RulesView) -> Result<Option<(Money, Nonce)>, Flaw> {
    match (&rules.reserve_price, &proof.reserve) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Flaw::at(entry, "a reserve is opened, but the rules have none")),
        (Some(_), None) => Err(Flaw::at(entry, "the rules have a reserve, but it is not opened")),
        (Some(ReserveView::Clear(_)), Some(_)) => Err(Flaw::at(entry, "the reserve is not committed to")),
        (Some(ReserveView::Hidden(hidden)), Some(opening)) => {
            let nonce = nonce(entry, &opening.nonce)?;
            if reserve_commitment(proof.auction_id, opening.reserve_price, &nonce) != hidden.commitment {
                return Err(Flaw::at(entry, "the opened reserve is not the one committed to"));
            }
            Ok(Some((opening.reserve_price, nonce)))
        }
    }
}

fn nonce(entry: &LogEntry, text: &str) -> Result<Nonce, Flaw> {
    Nonce::from_hex(text).map_err(|invalid| Flaw::at(entry, invalid.to_string()))
}

/// Every bid and raise of the log, in its order, each with its opening.
fn opened_bids(proof: &Proof) -> Result<Vec<Bid>, Flaw> {
    let mut openings = proof.openings.iter();
    let mut bids = Vec::new();
    for entry in &proof.events {
        let (bid_id, bidder, commitment) = match &entry.data {
            EventData::Bid { bid_id, bidder, commitment, .. } => (*bid_id, *bidder, commitment),
            // Who raises leads, before and after it.
            EventData::MaxRaised { bid_id, leader, commitment, .. } => (*bid_id, *leader, commitment),
            _ => continue,
        };
        let opening = openings
            .next()
            .filter(|opening| (opening.seq, opening.bid_id) == (entry.seq, bid_id))
            .ok_or_else(|| Flaw::at(entry, "the next opening is not this bid's"))?;
        bids.push(Bid {
            seq: entry.seq,
            bidder: bidder_of(entry, bidder, opening)?,
            offer: opened_offer(entry, bid_id, commitment, opening)?,
        });
    }
    match openings.next() {
        Some(extra) => Err(Flaw { seq: Some(extra.seq), what: "an opening without a bid".to_owned() }),
        None => Ok(bids),
    }
}

fn bidder_of(entry: &LogEntry, logged: Option<UserId>, opening: &Opening) -> Result<UserId, Flaw> {
    match (logged, opening.bidder) {
        (Some(logged), Some(opened)) if logged != opened => {
            Err(Flaw::at(entry, "the opening names another bidder than the log"))
        }
        (Some(bidder), _) | (None, Some(bidder)) => Ok(bidder),
        (None, None) => Err(Flaw::at(entry, "neither the log nor the opening names the bidder")),
    }
}

fn opened_offer(entry: &LogEntry, bid_id: BidId, commitment: &str, opening: &Opening) -> Result<Option<Offer>, Flaw> {
    let (offer, text) = match (opening.amount, opening.max, &opening.nonce) {
        (None, None, None) => return Ok(None),
        (Some(amount), None, Some(nonce)) => (Offer::Amount(amount), nonce),
        (None, Some(max), Some(nonce)) => (Offer::Max(max), nonce),
        _ => return Err(Flaw::at(entry, "an opening has either an amount or a max, and a nonce")),
    };
    if bid_commitment(bid_id, offer, &nonce(entry, text)?) == commitment {
        Ok(Some(offer))
    } else {
        Err(Flaw::at(entry, "the opened bid is not the one committed to"))
    }
}

/// Only a winner's max may stay closed, and maxes there are in English auctions only.
fn check_hidden(proof: &Proof, bids: &[Bid]) -> Result<(), Flaw> {
    let winner = winner(proof).filter(|_| proof.rules.format == Format::English);
    let is_allowed = |bid: &Bid| bid.offer.is_some() || winner == Some(bid.bidder);
    match bids.iter().zip(&proof.openings).find(|(bid, _)| !is_allowed(bid)) {
        Some((_, opening)) => {
            Err(Flaw { seq: Some(opening.seq), what: "only a winner's max may stay closed".to_owned() })
        }
        None => Ok(()),
    }
}
