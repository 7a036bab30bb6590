//! What can be asked of an auction without changing it.

use super::{
    log::Nonce,
    proxy::English,
    public::PublicState,
    rules::{Rules, Sale},
    state::{Auction, Book, Hammer, Phase},
};
use crate::{
    AuctionId, BidId, Money, ProductId, Timestamp, UserId,
    wire::auction::{AuctionStatus, RulesView},
};

impl Auction {
    /// The auction's id.
    pub const fn id(&self) -> AuctionId {
        self.id
    }

    /// Who sells.
    pub const fn seller_id(&self) -> UserId {
        self.seller_id
    }

    /// What is sold.
    pub const fn product_id(&self) -> ProductId {
        self.product_id
    }

    /// When it opens by itself.
    pub const fn starts_at(&self) -> Option<Timestamp> {
        self.starts_at
    }

    /// When it opened.
    pub fn opens_at(&self) -> Option<Timestamp> {
        self.span().map(|span| span.opens_at)
    }

    /// When it closes or closed.
    pub fn closes_at(&self) -> Option<Timestamp> {
        self.span().map(|span| span.closes_at)
    }

    /// When the last event happened.
    pub const fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// Whether nothing can happen any more: sold, unsold or cancelled.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Closed { .. } | Phase::Cancelled { .. })
    }

    /// The rules, the reserve in clear: not for everybody's eyes.
    pub fn rules(&self) -> &Rules {
        &self.terms.rules
    }

    /// The rules as everybody sees them.
    pub fn rules_view(&self) -> &RulesView {
        self.terms.view()
    }

    /// Hex SHA-256 of the canonical JSON of [`Auction::rules_view`].
    pub fn rules_hash(&self) -> &str {
        self.terms.hash()
    }

    /// What the reserve's commitment was made with; none without a reserve.
    pub fn reserve_nonce(&self) -> Option<&Nonce> {
        self.terms.reserve_nonce()
    }

    /// Whether a bid was ever accepted: the rules are frozen from then on.
    pub const fn is_locked(&self) -> bool {
        self.bids_taken
    }

    /// Whether a void blocked this user here.
    pub fn has_blocked(&self, user: UserId) -> bool {
        self.blocked.contains(&user)
    }

    /// Where it stands.
    pub const fn status(&self) -> AuctionStatus {
        match &self.phase {
            Phase::Scheduled => AuctionStatus::Scheduled,
            Phase::Live(_) => AuctionStatus::Live,
            Phase::Closed { hammer: Some(_), .. } => AuctionStatus::Sold,
            Phase::Closed { hammer: None, .. } => AuctionStatus::Unsold,
            Phase::Cancelled { .. } => AuctionStatus::Cancelled,
        }
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
        match (&self.phase, &self.book) {
            (Phase::Closed { hammer, .. }, _) => hammer.and_then(|hammer| hammer.bid_id),
            (_, Book::English(English { lead, .. }) | Book::Dutch(lead)) => lead.map(|lead| lead.stake.bid_id),
            (_, Book::Sealed(_)) => None,
        }
    }

    /// How far this user goes: the max of a leader, or a sealed bidder's standing amount. Only for
    /// their own eyes.
    pub fn leader_max_for(&self, user: UserId) -> Option<Money> {
        let stake = match &self.book {
            Book::English(English { lead, .. }) | Book::Dutch(lead) => lead.map(|lead| lead.stake),
            Book::Sealed(bids) => bids.0.get(&user).copied(),
        };
        stake.filter(|stake| stake.bidder == user).map(|stake| self.terms.rules.money(stake.amount))
    }

    /// Whether another bid may come. Between a purchase and the close that follows it none does.
    fn takes_bids(&self) -> bool {
        match &self.phase {
            Phase::Scheduled => true,
            Phase::Live(span) => self.last_at < span.closes_at,
            Phase::Closed { .. } | Phase::Cancelled { .. } => false,
        }
    }

    /// What anybody may know, as of `now`: what the public events add up to, see [`PublicState`].
    /// Only a live Dutch price depends on the moment.
    pub fn public(&self, now: Timestamp) -> PublicState {
        let span = self.span();
        let unknown = PublicState {
            status: self.status(),
            format: self.terms.rules.format(),
            price: None,
            next_minimum: None,
            leader: None,
            bid_count: self.bid_count,
            reserve_met: None,
            buy_now: None,
            opens_at: span.map(|span| span.opens_at),
            closes_at: span.map(|span| span.closes_at),
            extensions: span.map_or(0, |span| span.extensions),
        };
        match (&self.book, &self.terms.rules.sale) {
            (Book::English(english), Sale::English(terms)) => {
                let open = self.takes_bids();
                let money = |amount| self.terms.rules.money(amount);
                PublicState {
                    price: english.lead.map(|lead| money(lead.price)),
                    next_minimum: english.shown_minimum(terms).filter(|_| open).map(money),
                    leader: english.lead.map(|lead| lead.stake.bidder),
                    reserve_met: terms.reserve.map(|_| english.reserve_met),
                    buy_now: english.buy_now(terms, self.bids_taken).filter(|_| open).map(money),
                    ..unknown
                }
            }
            (Book::Dutch(taken), Sale::Dutch(terms)) => {
                let (price, next_minimum) = match (taken, &self.phase) {
                    (Some(lead), _) => (Some(lead.price), None),
                    (None, Phase::Scheduled) => (None, Some(terms.starting_price)),
                    (None, Phase::Live(span)) => {
                        let price = terms.price_at(span.opens_at, now);
                        (Some(price), Some(price))
                    }
                    (None, Phase::Closed { .. } | Phase::Cancelled { .. }) => (None, None),
                };
                let money = |amount: Option<i64>| amount.map(|amount| self.terms.rules.money(amount));
                PublicState {
                    price: money(price),
                    next_minimum: money(next_minimum),
                    leader: taken.map(|lead| lead.stake.bidder),
                    ..unknown
                }
            }
            (Book::Sealed(_), _) => PublicState {
                price: self.hammer().map(|hammer| self.terms.rules.money(hammer.price)),
                leader: self.hammer().map(|hammer| hammer.winner),
                reserve_met: match &self.phase {
                    // Whoever wins a sealed auction has reached the reserve, and nobody else would not win.
                    Phase::Closed { hammer, .. } => self.terms.rules.reserve_price().map(|_| hammer.is_some()),
                    Phase::Scheduled | Phase::Live(_) | Phase::Cancelled { .. } => None,
                },
                ..unknown
            },
            // A book is made by the rules' format; these can't meet.
            (Book::English(_) | Book::Dutch(_), _) => unknown,
        }
    }

    const fn hammer(&self) -> Option<&Hammer> {
        match &self.phase {
            Phase::Closed { hammer, .. } => hammer.as_ref(),
            Phase::Scheduled | Phase::Live(_) | Phase::Cancelled { .. } => None,
        }
    }
}
