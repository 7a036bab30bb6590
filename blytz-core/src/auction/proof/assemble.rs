//! Making a proof from the stored log.

use super::super::{command::BidKind, event::Sealed, rules::Rules};
use crate::{
    AuctionId, Money, UserId,
    auction::Nonce,
    wire::auction::{EventData, Head, LogEntry, LogKey, Opening, Proof, Receipt, ReserveOpening, RulesView},
};

/// Who asks for a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Anybody: a winner's max above the price stays closed.
    Public,
    /// Whoever won: their own max is opened to them.
    Winner,
    /// An admin: everything is opened.
    Admin,
}

/// The stored log can't be proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IncompleteLog {
    /// The auction is not over.
    #[error("the auction is not over")]
    NotOver,
    /// There is no `scheduled` event at the beginning.
    #[error("the log does not begin with `scheduled`")]
    NoRules,
    /// The part that only the server knows is missing beside an event.
    #[error("the sealed part of event {seq} is missing")]
    SealedPart {
        /// Which.
        seq: u64,
    },
}

impl Proof {
    /// The proof of an auction that is over, from its whole log with the sealed parts. `receipt` is
    /// a signature under one of its heads; `keys` are the server's public keys.
    ///
    /// # Errors
    /// [`IncompleteLog`] when the auction is not over or parts of the log are missing.
    pub fn assemble(
        auction_id: AuctionId,
        events: &[(LogEntry, Option<Sealed>)],
        keys: Vec<LogKey>,
        receipt: Option<Receipt>,
        viewer: Viewer,
    ) -> Result<Self, IncompleteLog> {
        let (last, _) = events.last().ok_or(IncompleteLog::NoRules)?;
        let hammer = match &last.data {
            EventData::Closed { winner, price, .. } => winner.zip(*price),
            EventData::Cancelled { .. } => None,
            _ => return Err(IncompleteLog::NotOver),
        };
        let terms = Terms::find(events)?;
        let concealed = hammer.filter(|_| viewer == Viewer::Public);
        let openings: Result<Vec<_>, _> =
            events.iter().filter_map(|(entry, sealed)| opening(entry, sealed.as_ref(), &terms, concealed)).collect();
        Ok(Self {
            auction_id,
            rules: terms.view.clone(),
            reserve: terms.reserve_opening(),
            openings: openings?,
            head: Head { seq: last.seq, hash: last.hash.clone(), receipt },
            keys,
            events: events.iter().map(|(entry, _)| entry.clone()).collect(),
        })
    }
}

/// The rules that were in force when bids were taken: the last ones.
struct Terms<'a> {
    view: &'a RulesView,
    rules: &'a Rules,
    reserve_nonce: Option<Nonce>,
}

impl<'a> Terms<'a> {
    fn find(events: &'a [(LogEntry, Option<Sealed>)]) -> Result<Self, IncompleteLog> {
        let stated = events.iter().rev().find_map(|(entry, sealed)| match &entry.data {
            EventData::Scheduled { rules, .. } | EventData::Amended { rules, .. } => Some((entry.seq, rules, sealed)),
            _ => None,
        });
        let (seq, view, sealed) = stated.ok_or(IncompleteLog::NoRules)?;
        match sealed {
            Some(Sealed::Rules { rules, reserve_nonce }) => Ok(Self { view, rules, reserve_nonce: *reserve_nonce }),
            _ => Err(IncompleteLog::SealedPart { seq }),
        }
    }

    fn reserve_opening(&self) -> Option<ReserveOpening> {
        let (reserve_price, nonce) = self.rules.reserve_price().zip(self.reserve_nonce)?;
        Some(ReserveOpening { reserve_price, nonce: nonce.to_hex() })
    }
}

/// The opening of a bid or raise; nothing for other events. A max of `concealed`'s winner above
/// their price stays closed.
fn opening(
    entry: &LogEntry,
    sealed: Option<&Sealed>,
    terms: &Terms<'_>,
    concealed: Option<(UserId, Money)>,
) -> Option<Result<Opening, IncompleteLog>> {
    let (EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. }) = &entry.data else { return None };
    let Some(Sealed::Bid { bidder, bid, nonce }) = sealed else {
        return Some(Err(IncompleteLog::SealedPart { seq: entry.seq }));
    };
    let (amount, max) = match *bid {
        BidKind::Exact(amount) => (Some(amount), None),
        BidKind::Max(max) => (None, Some(max)),
        BidKind::BuyNow => (terms.rules.buy_now_price(), None),
    };
    let stays_closed =
        concealed.zip(max).is_some_and(|((winner, price), max)| winner == *bidder && max.amount > price.amount);
    Some(Ok(Opening {
        seq: entry.seq,
        bid_id: *bid_id,
        bidder: terms.rules.is_sealed().then_some(*bidder),
        amount,
        max: max.filter(|_| !stays_closed),
        nonce: (!stays_closed).then(|| nonce.to_hex()),
    }))
}
