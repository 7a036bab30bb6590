//! Making a proof from the stored log.

use super::{Frame, opened::OpenedRules};
use crate::{
    AuctionId, Money, UserId,
    auction::{BidKind, Sealed, commitment::Reserve},
    wire::auction::{EventData, Head, Item, LogEntry, LogKey, Opening, Proof, Receipt},
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
        /// Its place in the log.
        seq: u64,
    },
}

impl Proof {
    /// The proof of an auction that is over, from its whole log with the sealed parts. `item` is what the
    /// log's last `item_hash` is of; `receipt` is the house's under the last event, without which a proof
    /// proves nothing; `keys` are its public keys.
    ///
    /// # Errors
    /// [`IncompleteLog`] when the auction is not over or parts of the log are missing.
    pub fn assemble(
        auction_id: AuctionId,
        item: Item,
        events: &[(LogEntry, Option<Sealed>)],
        keys: Vec<LogKey>,
        receipt: Option<Receipt>,
        viewer: Viewer,
    ) -> Result<Self, IncompleteLog> {
        let (last, _) = events.last().ok_or(IncompleteLog::NoRules)?;
        let mut opener = Opener::new(&last.data, viewer)?;
        events.iter().try_for_each(|(entry, sealed)| opener.rules(entry, sealed.as_ref()))?;
        let head = Head { seq: last.seq, hash: last.hash.clone(), receipt };
        let Frame { rules, item, reserve, head, keys, .. } = opener.frame(auction_id, item, head, keys)?;
        let openings = events.iter().filter_map(|(entry, sealed)| opener.open(entry, sealed.as_ref()).transpose());
        Ok(Self {
            auction_id,
            rules,
            item,
            reserve,
            openings: openings.collect::<Result<_, _>>()?,
            head,
            keys,
            events: events.iter().map(|(entry, _)| entry.clone()).collect(),
        })
    }
}

/// Opens what an auction committed to, event by event.
#[derive(Debug)]
pub struct Opener {
    /// The rules that were in force when bids were taken: the last ones.
    rules: Option<OpenedRules>,
    /// Whose maxes above which price stay closed.
    concealed: Option<(UserId, Money)>,
    /// Whether the auction was cancelled: then nothing was decided, and nothing is opened.
    cancelled: bool,
}

impl Opener {
    /// For an auction whose last event this is.
    ///
    /// # Errors
    /// [`IncompleteLog::NotOver`] when it ends no auction.
    pub fn new(last: &EventData, viewer: Viewer) -> Result<Self, IncompleteLog> {
        let hammer = match last {
            EventData::Closed { winner, price, .. } => winner.zip(*price),
            EventData::Cancelled { .. } => None,
            _ => return Err(IncompleteLog::NotOver),
        };
        let cancelled = matches!(last, EventData::Cancelled { .. });
        Ok(Self { rules: None, concealed: hammer.filter(|_| viewer == Viewer::Public), cancelled })
    }

    /// Takes the rules from an event that states any. None does any more once bids were taken.
    ///
    /// # Errors
    /// [`IncompleteLog::SealedPart`] when the rules in clear are not beside it.
    pub fn rules(&mut self, entry: &LogEntry, sealed: Option<&Sealed>) -> Result<(), IncompleteLog> {
        let Some(view) = entry.data.rules() else { return Ok(()) };
        let Some(Sealed::Rules { rules, reserve_nonce }) = sealed else {
            return Err(IncompleteLog::SealedPart { seq: entry.seq });
        };
        let reserve = rules.reserve_price().zip(*reserve_nonce).map(|(price, nonce)| Reserve { price, nonce });
        self.rules = Some(OpenedRules { view: view.clone(), reserve });
        Ok(())
    }

    fn in_force(&self) -> Result<&OpenedRules, IncompleteLog> {
        self.rules.as_ref().ok_or(IncompleteLog::NoRules)
    }

    /// The proof without openings and events.
    ///
    /// # Errors
    /// [`IncompleteLog::NoRules`] when no event stated any.
    pub fn frame(
        &self,
        auction_id: AuctionId,
        item: Item,
        head: Head,
        keys: Vec<LogKey>,
    ) -> Result<Frame, IncompleteLog> {
        let OpenedRules { view, reserve } = self.in_force()?;
        let reserve = reserve.as_ref().filter(|_| !self.cancelled).map(Reserve::opening);
        Ok(Frame { auction_id, rules: view.clone(), item, reserve, head, keys })
    }

    /// The opening of a bid or raise; nothing for other events, and nothing of a cancelled auction.
    ///
    /// # Errors
    /// [`IncompleteLog::SealedPart`] when what was bid is not beside the event.
    pub fn open(&self, entry: &LogEntry, sealed: Option<&Sealed>) -> Result<Option<Opening>, IncompleteLog> {
        let (EventData::Bid { bid_id, .. } | EventData::MaxRaised { bid_id, .. }) = &entry.data else {
            return Ok(None);
        };
        if self.cancelled {
            return Ok(None);
        }
        let Some(Sealed::Bid { bidder, bid, nonce }) = sealed else {
            return Err(IncompleteLog::SealedPart { seq: entry.seq });
        };
        let OpenedRules { view: rules, .. } = self.in_force()?;
        let (amount, max) = match *bid {
            BidKind::Exact(amount) => (Some(amount), None),
            BidKind::Max(max) => (None, Some(max)),
            BidKind::BuyNow => (rules.buy_now_price, None),
        };
        let stays_closed = self
            .concealed
            .zip(max)
            .is_some_and(|((winner, price), max)| winner == *bidder && max.amount > price.amount);
        Ok(Some(Opening {
            seq: entry.seq,
            bid_id: *bid_id,
            bidder: rules.format.is_sealed().then_some(*bidder),
            amount,
            max: max.filter(|_| !stays_closed),
            nonce: (!stays_closed).then(|| nonce.to_hex()),
        }))
    }
}
