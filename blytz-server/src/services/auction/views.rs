//! From rows to what clients see.

use std::collections::HashMap;

use blytz_core::{
    AuctionId, ProductId, StreamId, Timestamp, UserId,
    auction::Rules,
    wire::{
        account::PublicUser,
        auction::{Auction, AuctionStatus, LotProduct, Outcome, RulesView, StatusView},
    },
};
use serde::de::DeserializeOwned;

use super::{Auctions, state::StoredState, store::LotRow};
use crate::{
    error::{Result, internal},
    platform::hub::Topic,
    services::{
        auth::{Accounts, User},
        product::Catalog,
    },
};

/// Who looks: the seller and admins see a reserve in clear.
pub(super) type Viewer<'a> = Option<&'a User>;

/// The names and products that a page of auctions mentions.
struct Neighbours {
    names: HashMap<UserId, String>,
    products: HashMap<ProductId, LotProduct>,
}

impl Neighbours {
    async fn of(accounts: &Accounts, catalog: &Catalog, rows: &[(LotRow, StoredState)]) -> Result<Self> {
        let people: Vec<UserId> =
            rows.iter().flat_map(|(row, state)| [Some(UserId(row.seller_id)), state.public.leader]).flatten().collect();
        let products: Vec<ProductId> = rows.iter().map(|(row, _)| ProductId(row.product_id)).collect();
        Ok(Self { names: accounts.names(&people).await?, products: catalog.lot_products(&products).await? })
    }

    fn person(&self, id: UserId) -> PublicUser {
        PublicUser { id, display_name: self.names.get(&id).cloned().unwrap_or_default() }
    }

    fn product(&self, id: ProductId) -> LotProduct {
        let unknown = || LotProduct { id, title: String::new(), images: Vec::new() };
        self.products.get(&id).cloned().unwrap_or_else(unknown)
    }
}

impl Auctions {
    /// Rows as a viewer sees them.
    pub(super) async fn show(
        &self,
        accounts: &Accounts,
        rows: Vec<LotRow>,
        viewer: Viewer<'_>,
    ) -> Result<Vec<Auction>> {
        let rows = rows
            .into_iter()
            .map(|row| read(&row.state).map(|state| (row, state)))
            .collect::<Result<Vec<(LotRow, StoredState)>>>()?;
        let neighbours = Neighbours::of(accounts, &self.catalog, &rows).await?;
        let now = self.now();
        rows.into_iter().map(|(row, state)| self.auction_view(row, state, &neighbours, viewer, now)).collect()
    }

    fn auction_view(
        &self,
        row: LotRow,
        state: StoredState,
        neighbours: &Neighbours,
        viewer: Viewer<'_>,
        now: Timestamp,
    ) -> Result<Auction> {
        let seller_id = UserId(row.seller_id);
        let public: RulesView = read(&row.rules_view)?;
        let outcome = outcome(&state, neighbours);
        let clear = viewer.is_some_and(|user| user.id == seller_id || super::is_admin(user));
        let rules = if clear { read::<Rules>(&row.rules)?.clear_view() } else { public.clone() };
        Ok(Auction {
            status: self.status_view(&row, &state, &public, &neighbours.names, now),
            product: neighbours.product(ProductId(row.product_id)),
            seller: neighbours.person(seller_id),
            title: row.title,
            stream_id: row.stream_id.map(StreamId),
            starts_at: row.starts_at_us.map(Timestamp::from_micros),
            rules,
            rules_hash: row.rules_hash,
            outcome,
            created_at: Timestamp::from_micros(row.created_at_us),
        })
    }

    /// A row's status.
    pub(super) async fn show_status(&self, accounts: &Accounts, row: &LotRow) -> Result<StatusView> {
        let state: StoredState = read(&row.state)?;
        let names = match state.public.leader {
            Some(leader) => accounts.names(&[leader]).await?,
            None => HashMap::new(),
        };
        Ok(self.status_view(row, &state, &read(&row.rules_view)?, &names, self.now()))
    }

    fn status_view(
        &self,
        row: &LotRow,
        state: &StoredState,
        rules: &RulesView,
        names: &HashMap<UserId, String>,
        now: Timestamp,
    ) -> StatusView {
        let id = AuctionId(row.id);
        let public = state.public.at(rules, now);
        StatusView {
            id,
            status: public.status,
            format: public.format,
            seq: row.seq.unsigned_abs(),
            epoch: self.platform.hub.epoch(),
            hash: row.hash.clone(),
            price: public.price,
            next_minimum: public.next_minimum,
            leader: public
                .leader
                .map(|id| PublicUser { id, display_name: names.get(&id).cloned().unwrap_or_default() }),
            bid_count: public.bid_count,
            reserve_met: public.reserve_met,
            buy_now: public.buy_now,
            opens_at: public.opens_at,
            closes_at: public.closes_at,
            extensions: public.extensions,
            watchers: self.platform.hub.watchers(Topic::Auction(id)),
            server_time: now,
        }
    }
}

fn outcome(state: &StoredState, neighbours: &Neighbours) -> Option<Outcome> {
    let sold = state.public.status == AuctionStatus::Sold;
    state.public.status.is_over().then(|| Outcome {
        status: state.public.status,
        winner: state.public.leader.filter(|_| sold).map(|id| neighbours.person(id)),
        price: state.public.price.filter(|_| sold),
        bid_id: state.winning_bid,
    })
}

/// Reads JSON that we wrote. What is wrong with it would quote it, which may be a reserve.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    let place =
        |error: serde_json::Error| internal(format_args!("stored JSON can't be read at column {}", error.column()));
    serde_json::from_str(json).map_err(place)
}
