//! From stored lots to what clients see.

use std::collections::HashMap;

use blytz_core::{
    AuctionId, ProductId, Timestamp, UserId,
    auction::PublicState,
    wire::auction::{Auction, AuctionStatus, LotProduct, Outcome, StatusView},
};

use super::{Auctions, is_admin, state::StoredState, store::Lot};
use crate::{
    error::{Result, internal},
    platform::hub::Topic,
    services::auth::{People, User},
};

/// The people and products that a page of auctions mentions.
struct Neighbours {
    people: People,
    products: HashMap<ProductId, LotProduct>,
}

impl Neighbours {
    fn product(&self, id: ProductId) -> LotProduct {
        let unknown = || LotProduct { id, title: String::new(), images: Vec::new() };
        self.products.get(&id).cloned().unwrap_or_else(unknown)
    }
}

impl Auctions {
    /// One auction as a viewer sees it.
    pub(super) async fn view(&self, id: AuctionId, viewer: Option<&User>) -> Result<Auction> {
        let lot = self.settled(id).await?;
        self.views(vec![lot], viewer).await?.pop().ok_or_else(|| internal("one lot has one view"))
    }

    /// Lots as a viewer sees them: their seller and admins see a reserve in clear.
    pub(super) async fn views(&self, lots: Vec<Lot>, viewer: Option<&User>) -> Result<Vec<Auction>> {
        let people = lots.iter().map(|lot| lot.seller_id);
        let people: Vec<UserId> = people.chain(lots.iter().filter_map(|lot| lot.state.public.leader)).collect();
        let products: Vec<ProductId> = lots.iter().map(|lot| lot.product_id).collect();
        let neighbours = Neighbours {
            people: self.accounts.people(people).await?,
            products: self.catalog.lot_products(&products).await?,
        };
        let now = self.now();
        lots.into_iter().map(|lot| self.auction(lot, &neighbours, viewer, now)).collect()
    }

    fn auction(&self, lot: Lot, near: &Neighbours, viewer: Option<&User>, now: Timestamp) -> Result<Auction> {
        let clear = viewer.is_some_and(|user| user.id == lot.seller_id || is_admin(user));
        Ok(Auction {
            status: self.status_view(&lot, &near.people, now),
            product: near.product(lot.product_id),
            seller: near.people.of(lot.seller_id),
            stream_id: lot.stream_id,
            starts_at: lot.starts_at,
            outcome: outcome(&lot.state, &near.people),
            created_at: lot.created_at,
            rules: if clear { lot.clear_rules()? } else { lot.rules },
            rules_hash: lot.rules_hash,
            item: lot.item,
            item_hash: lot.item_hash,
            title: lot.title,
        })
    }

    /// Where a lot stands.
    pub(super) async fn status_of(&self, lot: &Lot) -> Result<StatusView> {
        let people = self.accounts.people(lot.state.public.leader).await?;
        Ok(self.status_view(lot, &people, self.now()))
    }

    fn status_view(&self, lot: &Lot, people: &People, now: Timestamp) -> StatusView {
        let PublicState {
            status,
            format,
            price,
            next_minimum,
            leader,
            bid_count,
            reserve_met,
            buy_now,
            opens_at,
            closes_at,
            extensions,
        } = lot.state.public.at(&lot.rules, now);
        StatusView {
            id: lot.id(),
            status,
            format,
            seq: lot.head.seq,
            epoch: self.platform.hub.epoch(),
            hash: lot.head.hash.clone(),
            price,
            next_minimum,
            leader: leader.map(|leader| people.of(leader)),
            bid_count,
            reserve_met,
            buy_now,
            opens_at,
            closes_at,
            extensions,
            watchers: self.platform.hub.watchers(Topic::Auction(lot.id())),
            server_time: now,
        }
    }
}

fn outcome(state: &StoredState, people: &People) -> Option<Outcome> {
    let PublicState { status, leader, price, .. } = state.public;
    let sold = status == AuctionStatus::Sold;
    status.is_over().then(|| Outcome {
        status,
        winner: leader.filter(|_| sold).map(|winner| people.of(winner)),
        price: price.filter(|_| sold),
        bid_id: state.winning_bid,
    })
}
