//! What can be asked of an auction without changing it.

use super::{
    commitment::Nonce,
    dutch::DutchSale,
    phase::Phase,
    proxy::{EnglishSale, ReserveReached},
    public::PublicState,
    rules::Rules,
    sale::Sale,
    state::Auction,
};
use crate::{
    AuctionId, BidId, Money, ProductId, Timestamp, UserId,
    wire::auction::{AuctionStatus, RulesView},
};

impl Auction {
    /// Part of every hash of its log, and of the reserve's commitment.
    pub const fn id(&self) -> AuctionId {
        self.id
    }

    /// Who sells, and may not bid.
    pub const fn seller_id(&self) -> UserId {
        self.seller_id
    }

    /// One unit of this is sold.
    pub const fn product_id(&self) -> ProductId {
        self.product_id
    }

    /// When it opens by itself.
    pub const fn starts_at(&self) -> Option<Timestamp> {
        self.starts_at
    }

    /// When it opened; none before.
    pub fn opens_at(&self) -> Option<Timestamp> {
        self.phase.span().map(|span| span.opens_at)
    }

    /// When it closes or closed.
    pub fn closes_at(&self) -> Option<Timestamp> {
        self.phase.span().map(|span| span.closes_at)
    }

    /// When the last event happened.
    pub const fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// Whether nothing can happen any more: sold, unsold or cancelled.
    pub const fn is_over(&self) -> bool {
        self.status().is_over()
    }

    /// The rules, the reserve in clear: not for everybody's eyes.
    pub fn rules(&self) -> &Rules {
        &self.published.rules
    }

    /// The rules as everybody sees them.
    pub fn rules_view(&self) -> &RulesView {
        &self.published.view
    }

    /// Hex SHA-256 of the canonical JSON of [`Auction::rules_view`].
    pub fn rules_hash(&self) -> &str {
        &self.published.hash
    }

    /// Hex SHA-256 of the canonical JSON of what bidders are shown.
    pub fn item_hash(&self) -> &str {
        &self.item_hash
    }

    /// What the reserve's commitment was made with; none without a reserve.
    pub fn reserve_nonce(&self) -> Option<&Nonce> {
        self.published.reserve_nonce()
    }

    /// Whether a bid was ever accepted: the rules are frozen from then on.
    pub const fn is_locked(&self) -> bool {
        self.bids_taken
    }

    /// Whether a void blocked this user here.
    pub fn has_blocked(&self, user: UserId) -> bool {
        self.blocked.contains_key(&user)
    }

    /// Where it stands.
    pub const fn status(&self) -> AuctionStatus {
        self.phase.status()
    }

    /// When [`super::Command::Tick`] has something to do: the opening, then the close.
    pub const fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Scheduled => self.starts_at,
            Phase::Live(span) => Some(span.closes_at),
            Phase::Closed { .. } | Phase::Cancelled { .. } => None,
        }
    }

    /// The bid that leads, or won: in English auctions the one that took the lead (raises keep
    /// its id), in sealed ones, after the close, the one with the winning amount.
    pub fn leading_bid(&self) -> Option<BidId> {
        let lead = match &self.phase {
            Phase::Closed { hammer, .. } => *hammer,
            Phase::Scheduled | Phase::Live(_) | Phase::Cancelled { .. } => self.sale.lead(),
        };
        lead.map(|lead| lead.stake.bid_id)
    }

    /// How far this user goes: the max of a leader, or a sealed bidder's standing amount. Only for
    /// their own eyes.
    pub fn leader_max_for(&self, user: UserId) -> Option<Money> {
        self.sale.stake_of(user).map(|stake| self.money(stake.amount))
    }

    /// From when on a bid would move the close of a live auction; none where none ever does. An outage
    /// that reaches beyond this is made good for.
    pub fn late_from(&self) -> Option<Timestamp> {
        let (Phase::Live(span), Some(soft_close)) = (&self.phase, self.rules().soft_close()) else { return None };
        Some(span.closes_at.plus_millis(-soft_close.trigger_ms))
    }

    /// How many stakes its state has: one, or in a sealed auction every bidder's.
    pub fn stakes(&self) -> usize {
        match &self.sale {
            Sale::English(_) | Sale::Dutch(_) => 1,
            Sale::Sealed(sale) => sale.bids.len(),
        }
    }

    pub(super) fn money(&self, amount: i64) -> Money {
        self.rules().money(amount)
    }

    /// What anybody may know, as of `now`: what the public events add up to, see [`PublicState`].
    /// Only a live Dutch price depends on the moment.
    pub fn public(&self, now: Timestamp) -> PublicState {
        let span = self.phase.span();
        let shown = match &self.sale {
            Sale::English(sale) => self.shown_english(sale),
            Sale::Dutch(sale) => self.shown_dutch(sale, now),
            Sale::Sealed(_) => self.shown_sealed(),
        };
        let money = |amount: Option<i64>| amount.map(|amount| self.money(amount));
        PublicState {
            status: self.status(),
            format: self.rules().format(),
            price: money(shown.price),
            next_minimum: money(shown.next_minimum),
            leader: shown.leader,
            bid_count: self.bid_count,
            reserve_met: shown.reserve_met,
            buy_now: money(shown.buy_now),
            opens_at: span.map(|span| span.opens_at),
            closes_at: span.map(|span| span.closes_at),
            extensions: span.map_or(0, |span| span.extensions),
        }
    }

    fn shown_english(&self, sale: &EnglishSale) -> Shown {
        let takes_bids = self.takes_bids();
        Shown {
            price: sale.lead.map(|lead| lead.price),
            next_minimum: sale.terms.shown_minimum(sale.lead).filter(|_| takes_bids),
            leader: sale.lead.map(|lead| lead.stake.bidder),
            reserve_met: sale.terms.reserve.map(|_| sale.reserve == ReserveReached::Now),
            buy_now: sale.buy_now(self.bids_taken).filter(|_| takes_bids),
        }
    }

    fn shown_dutch(&self, sale: &DutchSale, now: Timestamp) -> Shown {
        let (price, next_minimum) = match (sale.taken, &self.phase) {
            (Some(taken), _) => (Some(taken.price), None),
            (None, Phase::Scheduled) => (None, Some(sale.terms.starting_price)),
            (None, Phase::Live(span)) => {
                let price = sale.terms.price_at(span.opens_at, now);
                (Some(price), Some(price))
            }
            (None, Phase::Closed { .. } | Phase::Cancelled { .. }) => (None, None),
        };
        Shown { price, next_minimum, leader: sale.taken.map(|taken| taken.stake.bidder), ..Shown::default() }
    }

    fn shown_sealed(&self) -> Shown {
        let Phase::Closed { hammer, .. } = &self.phase else { return Shown::default() };
        Shown {
            price: hammer.map(|hammer| hammer.price),
            leader: hammer.map(|hammer| hammer.stake.bidder),
            // Whoever wins a sealed auction has reached the reserve, and nobody else would not win.
            reserve_met: self.rules().reserve_price().map(|_| hammer.is_some()),
            ..Shown::default()
        }
    }

    /// Whether another bid may come. Between a purchase and the close that follows it none does.
    fn takes_bids(&self) -> bool {
        match &self.phase {
            Phase::Scheduled => true,
            Phase::Live(span) => self.last_at < span.closes_at,
            Phase::Closed { .. } | Phase::Cancelled { .. } => false,
        }
    }
}

/// What a format shows of its bids, in minor units: see [`PublicState`].
#[derive(Default)]
struct Shown {
    price: Option<i64>,
    next_minimum: Option<i64>,
    leader: Option<UserId>,
    reserve_met: Option<bool>,
    buy_now: Option<i64>,
}
