//! Why a command was refused.

use crate::{Money, wire::ErrorCode};

/// Why a command was refused. The order is the order of precedence: of several reasons, the one
/// that stands first here is given.
///
/// Texts are for people: they say what was wrong and what would be right, and never name a max or
/// the reserve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such bid or auction.
    #[error("there is no such bid in this auction; use the bid_id of one of its events")]
    NotFound,
    /// Several bidders bear the `bid_id` of a void that names none of them.
    #[error("several bidders used this bid_id; name the bidder, too")]
    SharedBidId,
    /// The `bid_id` was used before with another body.
    #[error("this bid_id was used before for another bid; make a new bid_id for every new bid")]
    IdempotencyMismatch,
    /// The account is suspended.
    #[error("the account is suspended and can't bid; ask support to reinstate it")]
    Suspended,
    /// The seller bids on their own lot.
    #[error("sellers can't bid on their own auctions")]
    OwnAuction,
    /// Blocked by the seller or in this auction.
    #[error("you are blocked from this auction, by its seller or because a bid of yours was voided")]
    Blocked,
    /// The amount is in another currency.
    #[error("the bid is in another currency than the auction; bid in the currency of its rules")]
    CurrencyMismatch,
    /// The format does not take this kind of bid.
    #[error("this format does not take this kind of bid; Dutch and sealed auctions take only `amount`")]
    KindNotAllowed,
    /// The auction was called off.
    #[error("the auction was cancelled")]
    AuctionCancelled,
    /// The auction has not opened.
    #[error("the auction is not live yet; wait until it opens")]
    AuctionNotLive,
    /// The auction is over.
    #[error("the auction is closed")]
    AuctionClosed,
    /// The rules are not those that the bidder saw.
    #[error("the rules were changed since; look at the auction again and bid with its rules_hash")]
    RulesChanged,
    /// Buy-now is not offered, or no longer.
    #[error("buy-now is not available, or no longer; bid an amount or a max instead")]
    BuyNowUnavailable,
    /// The leader bids an exact amount.
    #[error("you lead already; raise your max instead of bidding against yourself")]
    AlreadyLeading,
    /// The new max is not above the old one.
    #[error("the new max is not above your present one")]
    MaxNotRaised,
    /// The bid is too low.
    #[error("the bid is too low; the least that would do is {next_minimum}")]
    BidTooLow {
        /// The least that would do now.
        next_minimum: Money,
    },
    /// There are bids; only an admin may cancel.
    #[error("the auction has bids; only an admin may cancel it now")]
    AuctionHasBids,
    /// The rules are frozen.
    #[error("the rules are frozen from the first bid on")]
    AuctionLocked,
    /// The start of an auction that is live.
    #[error("the auction is open already; starts_at can't change any more")]
    StartFixed,
}

impl Rejection {
    /// The stable code that clients branch on.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::NotFound,
            Self::SharedBidId => ErrorCode::Conflict,
            Self::IdempotencyMismatch => ErrorCode::IdempotencyMismatch,
            Self::Suspended => ErrorCode::Suspended,
            Self::OwnAuction => ErrorCode::OwnAuction,
            Self::Blocked => ErrorCode::Blocked,
            Self::CurrencyMismatch => ErrorCode::CurrencyMismatch,
            Self::KindNotAllowed => ErrorCode::KindNotAllowed,
            Self::AuctionCancelled => ErrorCode::AuctionCancelled,
            Self::AuctionNotLive => ErrorCode::AuctionNotLive,
            Self::AuctionClosed => ErrorCode::AuctionClosed,
            Self::RulesChanged => ErrorCode::RulesChanged,
            Self::BuyNowUnavailable => ErrorCode::BuyNowUnavailable,
            Self::AlreadyLeading => ErrorCode::AlreadyLeading,
            Self::MaxNotRaised => ErrorCode::MaxNotRaised,
            Self::BidTooLow { .. } => ErrorCode::BidTooLow,
            Self::AuctionHasBids => ErrorCode::AuctionHasBids,
            Self::AuctionLocked | Self::StartFixed => ErrorCode::AuctionLocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        AuctionId, BidId, Currency, Money, Timestamp, UserId,
        auction::{Auction, Bid, BidKind, Book, Command, Consignment, Nonce, Rejection, Rules, Standing},
        id::uuid_v7,
        wire::auction::{RulesInput, VoidedBy},
    };

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn user(number: u8) -> UserId {
        UserId(uuid_v7(NOW, [number; 10]))
    }

    fn by(bidder: u8, kind: BidKind, standing: Standing) -> Bid {
        let (bidder, nonce) = (user(bidder), Nonce::from_bytes([0; 32]));
        Bid { bidder, bid_id: BidId(bidder.uuid()), kind, rules_hash: None, standing, nonce }
    }

    fn refusal(auction: &mut Auction, bid: Bid) -> Option<Rejection> {
        auction.handle(NOW, Command::Bid(bid)).err()
    }

    /// A live lot with buy-now ended, led by user 1 with a max of 50.00, for sale by user 0; user
    /// 2 is blocked by a void.
    fn lot() -> Auction {
        let rules = r#"{"format": "english", "currency": "MYR", "starting_price": {"amount": 1000, "currency": "MYR"},
            "increment": {"fixed": 100}, "duration_ms": 60000}"#;
        let stated: RulesInput = serde_json::from_str(rules).expect("rules");
        let rules = Rules::try_from(&stated).expect("valid rules");
        let (id, consigned) = (AuctionId(uuid_v7(NOW, [9; 10])), Consignment::sample(user(0)));
        let (mut lot, first) = Auction::schedule(NOW, id, consigned, rules, Nonce::from_bytes([0; 32]));
        let mut log = vec![first];
        log.extend(lot.handle(NOW, Command::Open).expect("scheduled"));
        for (bidder, ringgit) in [(1, 50), (2, 20)] {
            let bid = by(bidder, BidKind::Max(Money::new(ringgit * 100, Currency::MYR)), Standing::default());
            log.extend(lot.handle(NOW, Command::Bid(bid)).expect("enough"));
        }
        let bid_id = BidId(user(2).uuid());
        for fall in Book::of(&log).falls(&lot, bid_id, None, 1).expect("it is there") {
            let (by, reason) = (VoidedBy::Seller, String::new());
            lot.handle(NOW, Command::Void { fall, by, block: true, reason }).expect("standing");
        }
        lot
    }

    /// Which rules a bidder saw, if they say it.
    const THESE: Option<bool> = Some(true);
    const OTHER: Option<bool> = Some(false);
    const NONE: Option<bool> = None;

    /// Row by row one more reason is taken away, from the first in the order on; what is left is
    /// refused for the next.
    #[test]
    fn of_several_reasons_the_first_in_the_order_is_given() {
        let dollars = |amount| Money::new(amount, "USD".parse().expect("a currency"));
        let ringgit = |amount| Money::new(amount, Currency::MYR);
        let good = Standing::default();
        let blocked = Standing { blocked: true, ..good };
        let suspended = Standing { suspended: true, blocked: true };
        let next_minimum = ringgit(1_100);
        let table = [
            (0, BidKind::Exact(dollars(1)), suspended, OTHER, Rejection::Suspended),
            (0, BidKind::Exact(dollars(1)), blocked, OTHER, Rejection::OwnAuction),
            (1, BidKind::Exact(dollars(1)), blocked, OTHER, Rejection::Blocked),
            (2, BidKind::Exact(dollars(1)), good, OTHER, Rejection::Blocked),
            (1, BidKind::Exact(dollars(1)), good, OTHER, Rejection::CurrencyMismatch),
            (1, BidKind::BuyNow, good, OTHER, Rejection::RulesChanged),
            (1, BidKind::BuyNow, good, THESE, Rejection::BuyNowUnavailable),
            (1, BidKind::Exact(ringgit(1)), good, THESE, Rejection::AlreadyLeading),
            (1, BidKind::Max(ringgit(1)), good, THESE, Rejection::MaxNotRaised),
            (3, BidKind::Max(ringgit(1)), good, NONE, Rejection::BidTooLow { next_minimum }),
        ];
        let mut lot = lot();
        let before = lot.clone();
        for (bidder, kind, standing, seen, rejection) in table {
            let told = format!("user {bidder} with {kind:?} and {standing:?}, who saw {seen:?}");
            let rules_hash = seen.map(|these| if these { lot.rules_hash().to_owned() } else { "ab".repeat(32) });
            let bid = Bid { rules_hash, ..by(bidder, kind, standing) };
            assert_eq!(refusal(&mut lot, bid), Some(rejection), "{told}");
        }
        assert_eq!(lot, before, "a refusal changes nothing");
    }

    #[test]
    fn the_states_refusal_comes_before_the_bids() {
        let low = || Bid {
            rules_hash: Some("ab".repeat(32)),
            ..by(1, BidKind::Exact(Money::new(1, Currency::MYR)), Standing::default())
        };
        let mut closed = lot();
        closed.handle(NOW.plus_millis(61_000), Command::Tick).expect("due");
        assert_eq!(refusal(&mut closed, low()), Some(Rejection::AuctionClosed));
        let mut cancelled = lot();
        cancelled.handle(NOW, Command::Cancel { reason: String::new(), by_admin: true }).expect("live");
        assert_eq!(refusal(&mut cancelled, low()), Some(Rejection::AuctionCancelled));
    }
}
