//! Exactly once: a known `bid_id` is answered as before, or refused when its body differs.

use serde::Serialize;

use super::{bid::BidKind, commitment::digest, rejection::Rejection};
use crate::Money;

/// What is remembered of an accepted bid, for ever, by (auction, bidder, `bid_id`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// [`fingerprint`] of the body it came with.
    pub fingerprint: String,
}

/// What tells two bodies under one `bid_id` apart: hex SHA-256 of the canonical JSON of
/// `{amount|max|buy_now, rules_hash}`, the latter if it was said. As secret as the amount, which a patient
/// guesser could find from it.
pub fn fingerprint(bid: BidKind, rules_hash: Option<&str>) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(flatten)]
        offer: Offered,
        #[serde(skip_serializing_if = "Option::is_none")]
        rules_hash: Option<&'a str>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Offered {
        Amount(Money),
        Max(Money),
        BuyNow(bool),
    }
    let offer = match bid {
        BidKind::Exact(amount) => Offered::Amount(amount),
        BidKind::Max(max) => Offered::Max(max),
        BidKind::BuyNow => Offered::BuyNow(true),
    };
    digest(&Body { offer, rules_hash })
}

/// Whether a bid under a known `bid_id` is the same bid, to be given the answer of then.
///
/// # Errors
/// [`Rejection::IdempotencyMismatch`] when it is another.
pub fn recall(known: &Known, fingerprint: &str) -> Result<(), Rejection> {
    if known.fingerprint == fingerprint { Ok(()) } else { Err(Rejection::IdempotencyMismatch) }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::Currency;

    #[test]
    fn an_amount_is_no_max_and_no_other_amount() {
        let money = |amount| Money::new(amount, Currency::MYR);
        let known = Known { fingerprint: fingerprint(BidKind::Exact(money(100)), None) };
        assert_eq!(recall(&known, &fingerprint(BidKind::Exact(money(100)), None)), Ok(()));
        for (other, rules) in [
            (BidKind::Exact(money(101)), None),
            (BidKind::Max(money(100)), None),
            (BidKind::BuyNow, None),
            (BidKind::Exact(money(100)), Some("ab")),
        ] {
            assert_eq!(recall(&known, &fingerprint(other, rules)), Err(Rejection::IdempotencyMismatch), "{other:?}");
        }
    }

    #[test]
    fn the_fingerprint_is_of_the_canonical_body() {
        let expected = hex::encode(Sha256::digest(br#"{"max":{"amount":100,"currency":"MYR"}}"#));
        assert_eq!(fingerprint(BidKind::Max(Money::new(100, Currency::MYR)), None), expected);
    }
}
