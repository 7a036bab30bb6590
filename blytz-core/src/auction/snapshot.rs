//! A snapshot: where an auction stands at a seq of its log, so that the log before it need not be
//! folded again.
//!
//! It is a copy of what the log says and no source of truth. A snapshot that can't be used, for
//! whatever reason, is passed over: fold the log instead. So the format need not be kept readable;
//! whoever changes it, or what a field of it means, counts [`VERSION`] up.
//!
//! It holds maxes, sealed amounts, the reserve and its nonce: keep it where the log's sealed parts
//! are kept, and never send or log it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    bid::{Lead, Stake},
    commitment::Nonce,
    extension::Span,
    log::Head,
    phase::Phase,
    proxy::ReserveReached,
    published::PublishedRules,
    rules::Rules,
    sale::Sale,
    state::{Auction, VoidedBid},
};
use crate::{AuctionId, BidId, ProductId, Timestamp, UserId, money::MAX_AMOUNT, wire::auction::is_digest};

/// The format in which snapshots are written; any other is refused.
pub const VERSION: u64 = 2;

/// An auction at a seq of its log, as JSON. Secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot(String);

/// Why a snapshot can't be used. Fold the log instead; none of this says anything of the auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It was written by an older or a newer program.
    #[error("the snapshot is of version {found}, and {VERSION} is read here")]
    OtherVersion {
        /// What it says of itself.
        found: u64,
    },
    /// It is whole, and not of the auction that was asked for.
    #[error("the snapshot is of auction {found}")]
    OtherAuction {
        /// Whose it is.
        found: AuctionId,
    },
    /// It is cut short, altered, or none at all. What exactly is wrong could give a secret away.
    #[error("the snapshot is damaged")]
    Damaged,
}

impl Snapshot {
    /// The snapshot of an auction, whose log ends at this head.
    pub fn of(auction: &Auction, head: &Head) -> Self {
        debug_assert_eq!(auction.id, head.auction_id, "an auction is written with the head of its own log");
        // Only maps with keys that are no strings and failing writers can't be written as JSON; there
        // are none of these here.
        Self(serde_json::to_string(&Written::of(auction, head)).expect("a snapshot is plain JSON"))
    }

    /// One that was stored, as [`Snapshot::as_json`] gave it. Nothing is checked before it is restored.
    pub const fn stored(json: String) -> Self {
        Self(json)
    }

    /// For the store, and nobody else.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The auction as it stood, and where its log then ended: what [`Auction::fold`] makes of the
    /// events up to there. [`Auction::apply`] goes on with those after it.
    ///
    /// # Errors
    /// [`SnapshotError`] when it can't be used. It is never restored in part.
    pub fn restore(&self, id: AuctionId) -> Result<(Auction, Head), SnapshotError> {
        #[derive(Deserialize)]
        struct Stamp {
            version: u64,
        }
        let damaged = |_| SnapshotError::Damaged;
        let Stamp { version: found } = serde_json::from_str(&self.0).map_err(damaged)?;
        if found != VERSION {
            return Err(SnapshotError::OtherVersion { found });
        }
        let written: Written = serde_json::from_str(&self.0).map_err(damaged)?;
        if written.auction_id != id {
            return Err(SnapshotError::OtherAuction { found: written.auction_id });
        }
        written.read()
    }
}

impl fmt::Debug for Snapshot {
    /// Prints nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot(***)")
    }
}

/// Version 2. What follows from the rules is not in it. Only [`Rules`] and [`Nonce`] are written as
/// they are: the log has fixed their form already.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u64,
    auction_id: AuctionId,
    seq: u64,
    hash: String,
    seller_id: UserId,
    product_id: ProductId,
    starts_at_us: Option<i64>,
    item_hash: String,
    rules: Rules,
    reserve_nonce: Option<Nonce>,
    phase: WrittenPhase,
    sale: WrittenSale,
    bid_count: u64,
    bids_taken: bool,
    blocked: BTreeMap<UserId, VoidedBid>,
    last_at_us: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WrittenPhase {
    Scheduled,
    Live(WrittenSpan),
    Closed { span: WrittenSpan, hammer: Option<WrittenLead> },
    Cancelled { span: Option<WrittenSpan> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WrittenSale {
    English { lead: Option<WrittenLead>, reserve: WrittenReserve },
    Dutch { taken: Option<WrittenLead> },
    Sealed { bids: Vec<WrittenStake> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenReserve {
    Never,
    Now,
    Before,
}

/// Opening and close in microseconds, how often the close was moved, how often for an outage, and since
/// when the rules hold.
#[derive(Serialize, Deserialize)]
struct WrittenSpan(i64, i64, u64, u8, i64);

/// Bidder, bid, amount, and since when in microseconds. A sealed lot has as many as bidders.
#[derive(Serialize, Deserialize)]
struct WrittenStake(UserId, BidId, i64, i64);

/// The price after the stake.
#[derive(Serialize, Deserialize)]
struct WrittenLead(WrittenStake, i64);

impl Written {
    fn of(auction: &Auction, head: &Head) -> Self {
        let published = &auction.published;
        Self {
            version: VERSION,
            auction_id: auction.id,
            seq: head.seq,
            hash: head.hash.clone(),
            seller_id: auction.seller_id,
            product_id: auction.product_id,
            starts_at_us: auction.starts_at.map(Timestamp::as_micros),
            item_hash: auction.item_hash.clone(),
            rules: published.rules.clone(),
            reserve_nonce: published.reserve_nonce().copied(),
            phase: WrittenPhase::of(&auction.phase),
            sale: WrittenSale::of(&auction.sale),
            bid_count: auction.bid_count,
            bids_taken: auction.bids_taken,
            blocked: auction.blocked.clone(),
            last_at_us: auction.last_at.as_micros(),
        }
    }

    /// Refused when it can't have been written as it stands here.
    fn read(self) -> Result<(Auction, Head), SnapshotError> {
        let is_hash = is_digest(&self.hash) && is_digest(&self.item_hash);
        // Every bid and extension has an event of its own, so what is counted can't outrun the log.
        let counts = (1..i64::MAX.unsigned_abs()).contains(&self.seq)
            && self.bid_count < self.seq
            && (self.bids_taken || self.bid_count == 0);
        if !is_hash || !counts {
            return Err(SnapshotError::Damaged);
        }
        let head = Head { auction_id: self.auction_id, seq: self.seq, hash: self.hash };
        let published = PublishedRules::restated(self.auction_id, self.rules, self.reserve_nonce);
        let published = published.ok_or(SnapshotError::Damaged)?;
        let phase = self.phase.read()?;
        if phase.span().is_some_and(|span| span.extensions >= head.seq) {
            return Err(SnapshotError::Damaged);
        }
        let auction = Auction {
            id: self.auction_id,
            seller_id: self.seller_id,
            product_id: self.product_id,
            starts_at: self.starts_at_us.map(Timestamp::from_micros),
            item_hash: self.item_hash,
            phase,
            sale: self.sale.read(Sale::new(&published.rules.terms))?,
            published: Arc::new(published),
            bid_count: self.bid_count,
            bids_taken: self.bids_taken,
            blocked: self.blocked,
            last_at: Timestamp::from_micros(self.last_at_us),
        };
        Ok((auction, head))
    }
}

impl WrittenPhase {
    fn of(phase: &Phase) -> Self {
        match phase {
            Phase::Scheduled => Self::Scheduled,
            Phase::Live(span) => Self::Live(span.into()),
            Phase::Closed { span, hammer } => Self::Closed { span: span.into(), hammer: hammer.map(WrittenLead::of) },
            Phase::Cancelled { span } => Self::Cancelled { span: span.as_ref().map(WrittenSpan::from) },
        }
    }

    fn read(self) -> Result<Phase, SnapshotError> {
        Ok(match self {
            Self::Scheduled => Phase::Scheduled,
            Self::Live(span) => Phase::Live(span.into()),
            Self::Closed { span, hammer } => {
                Phase::Closed { span: span.into(), hammer: hammer.map(WrittenLead::read).transpose()? }
            }
            Self::Cancelled { span } => Phase::Cancelled { span: span.map(Span::from) },
        })
    }
}

impl WrittenSale {
    fn of(sale: &Sale) -> Self {
        match sale {
            Sale::English(sale) => {
                let reserve = match sale.reserve {
                    ReserveReached::Never => WrittenReserve::Never,
                    ReserveReached::Now => WrittenReserve::Now,
                    ReserveReached::Before => WrittenReserve::Before,
                };
                Self::English { lead: sale.lead.map(WrittenLead::of), reserve }
            }
            Sale::Dutch(sale) => Self::Dutch { taken: sale.taken.map(WrittenLead::of) },
            Sale::Sealed(sale) => Self::Sealed { bids: sale.bids.values().copied().map(WrittenStake::of).collect() },
        }
    }

    /// Into the sale that the rules make, on which nobody has bid; refused when theirs is another.
    fn read(self, mut sale: Sale) -> Result<Sale, SnapshotError> {
        match (self, &mut sale) {
            (Self::English { lead, reserve }, Sale::English(sale)) => {
                sale.lead = lead.map(WrittenLead::read).transpose()?;
                sale.reserve = match reserve {
                    WrittenReserve::Never => ReserveReached::Never,
                    WrittenReserve::Now => ReserveReached::Now,
                    WrittenReserve::Before => ReserveReached::Before,
                };
            }
            (Self::Dutch { taken }, Sale::Dutch(sale)) => sale.taken = taken.map(WrittenLead::read).transpose()?,
            (Self::Sealed { bids }, Sale::Sealed(sale)) => {
                let bidders = bids.len();
                let stakes = bids.into_iter().map(|bid| bid.read().map(|stake| (stake.bidder, stake)));
                sale.bids = stakes.collect::<Result<_, _>>()?;
                // One live bid per bidder.
                if sale.bids.len() != bidders {
                    return Err(SnapshotError::Damaged);
                }
            }
            (Self::English { .. } | Self::Dutch { .. } | Self::Sealed { .. }, _) => return Err(SnapshotError::Damaged),
        }
        Ok(sale)
    }
}

impl From<&Span> for WrittenSpan {
    fn from(span: &Span) -> Self {
        let (opens_at, closes_at) = (span.opens_at.as_micros(), span.closes_at.as_micros());
        Self(opens_at, closes_at, span.extensions, span.outages, span.ruled_since.as_micros())
    }
}

impl From<WrittenSpan> for Span {
    fn from(WrittenSpan(opens_at, closes_at, extensions, outages, ruled_since): WrittenSpan) -> Self {
        let (opens_at, closes_at) = (Timestamp::from_micros(opens_at), Timestamp::from_micros(closes_at));
        Self { opens_at, closes_at, extensions, outages, ruled_since: Timestamp::from_micros(ruled_since) }
    }
}

impl WrittenStake {
    const fn of(stake: Stake) -> Self {
        Self(stake.bidder, stake.bid_id, stake.amount, stake.at.as_micros())
    }

    fn read(self) -> Result<Stake, SnapshotError> {
        let Self(bidder, bid_id, amount, at) = self;
        Ok(Stake { bidder, bid_id, amount: read_amount(amount)?, at: Timestamp::from_micros(at) })
    }
}

impl WrittenLead {
    const fn of(lead: Lead) -> Self {
        Self(WrittenStake::of(lead.stake), lead.price)
    }

    fn read(self) -> Result<Lead, SnapshotError> {
        let Self(stake, price) = self;
        Ok(Lead { stake: stake.read()?, price: read_amount(price)? })
    }
}

fn read_amount(amount: i64) -> Result<i64, SnapshotError> {
    (1..=MAX_AMOUNT).contains(&amount).then_some(amount).ok_or(SnapshotError::Damaged)
}
