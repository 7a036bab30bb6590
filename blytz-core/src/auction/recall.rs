//! Exactly once: a known `bid_id` is answered as before, or refused when its body differs.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{bid::BidKind, commitment::canonical, rejection::Rejection};
use crate::Money;

/// What is remembered of an accepted bid, for ever, by (auction, bidder, `bid_id`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// [`fingerprint`] of the body it came with.
    pub fingerprint: String,
}

/// What tells two bodies under one `bid_id` apart: hex SHA-256 of the canonical JSON of
/// `{amount|max|buy_now}`. As secret as the amount, which a patient guesser could find from it.
pub fn fingerprint(bid: BidKind) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Body {
        Amount(Money),
        Max(Money),
        BuyNow(bool),
    }
    let body = match bid {
        BidKind::Exact(amount) => Body::Amount(amount),
        BidKind::Max(max) => Body::Max(max),
        BidKind::BuyNow => Body::BuyNow(true),
    };
    hex::encode(Sha256::digest(canonical(&body)))
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
    use super::*;
    use crate::Currency;

    #[test]
    fn an_amount_is_no_max_and_no_other_amount() {
        let money = |amount| Money::new(amount, Currency::MYR);
        let known = Known { fingerprint: fingerprint(BidKind::Exact(money(100))) };
        assert_eq!(recall(&known, &fingerprint(BidKind::Exact(money(100)))), Ok(()));
        for other in [BidKind::Exact(money(101)), BidKind::Max(money(100)), BidKind::BuyNow] {
            assert_eq!(recall(&known, &fingerprint(other)), Err(Rejection::IdempotencyMismatch), "{other:?}");
        }
    }

    #[test]
    fn the_fingerprint_is_of_the_canonical_body() {
        let expected = hex::encode(Sha256::digest(br#"{"max":{"amount":100,"currency":"MYR"}}"#));
        assert_eq!(fingerprint(BidKind::Max(Money::new(100, Currency::MYR))), expected);
    }
}
