//! Auctions as the database keeps them, for their rooms.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use blytz_core::{
    AuctionId, BidId, Timestamp, UserId,
    auction::{Event, Outage, Snapshot, log::Head},
    wire::auction::{Item, LogEntry},
};

use super::{
    batch::{self, Batch},
    held::KnownBids,
    ledger::LotStore,
    lookups::Lookups,
    store,
};
use crate::{
    channel::{Entry, Unwritten, Verdicts},
    db::{Db, Tx},
    error::{Error, Result},
    platform::{Platform, hub::Hub},
    services::{auth::Accounts, product::Catalog},
};

/// How many blocklists are remembered.
const MOST_LISTS: usize = 10_000;

/// The database, read through the lane of the rooms and written ahead of everybody.
pub struct Stored {
    db: Db,
    hub: Hub,
    accounts: Accounts,
    catalog: Catalog,
    blocklists: Blocklists,
    /// Where the database is shared with other processes.
    lookups: Option<Lookups>,
}

impl Stored {
    pub fn new(
        platform: &Platform,
        accounts: Accounts,
        catalog: Catalog,
        blocklists: Blocklists,
        lookups: Option<Lookups>,
    ) -> Self {
        Self { db: platform.db.for_rooms(), hub: platform.hub.clone(), accounts, catalog, blocklists, lookups }
    }
}

impl LotStore for Stored {
    type Tx = Tx;

    async fn snapshot(&self, id: AuctionId) -> Result<Option<Snapshot>> {
        Ok(store::snapshot(&self.db, id, u64::MAX).await?)
    }

    async fn keep(&self, head: &Head, snapshot: Snapshot) -> Result<()> {
        let head = head.clone();
        self.db.write(async move |tx: &mut Tx| Ok(store::keep(tx, &head, &snapshot).await?)).await
    }

    async fn log_page(&self, id: AuctionId, after: u64) -> Result<Vec<(LogEntry, Event)>> {
        Ok(store::log_page(&self.db, id, after).await?)
    }

    async fn entries_after(&self, id: AuctionId, after: u64) -> Result<Vec<Entry>> {
        let entries = store::entries_after(&self.db, id, after, store::PAGE).await?;
        Ok(entries.into_iter().map(|(seq, json)| Entry { seq, json: json.into() }).collect())
    }

    async fn head(&self, id: AuctionId) -> Result<Option<u64>> {
        match &self.lookups {
            // The log of a lot that is not there has no event.
            Some(lookups) => Ok(Some(lookups.ask(id, &[]).await?.head.unwrap_or_default())),
            None => Ok(None),
        }
    }

    async fn hash_at(&self, id: AuctionId, seq: u64) -> Result<Option<String>> {
        Ok(store::hash_at(&self.db, id, seq).await?)
    }

    async fn known_bids(&self, id: AuctionId, asked: &[BidId]) -> Result<KnownBids> {
        match &self.lookups {
            Some(lookups) => Ok(lookups.ask(id, asked).await?.bids),
            None => Ok(store::known_bids(&self.db, id, asked).await?),
        }
    }

    async fn item(&self, id: AuctionId) -> Result<Item> {
        let lot = store::lot(&self.db, id).await?.ok_or_else(Error::not_found)?;
        Ok(lot.item)
    }

    async fn is_suspended(&self, seller: UserId) -> Result<bool> {
        self.accounts.is_suspended(seller).await
    }

    async fn blocklist(&self, seller: UserId) -> Result<Arc<HashSet<UserId>>> {
        self.blocklists.of(&self.db, seller).await
    }

    async fn due(
        &self,
        until: Timestamp,
        after: Option<(Timestamp, AuctionId)>,
    ) -> Result<Vec<(Timestamp, AuctionId)>> {
        Ok(store::due_lots(&self.db, until, after).await?)
    }

    async fn met_by(&self, outage: Outage) -> Result<Vec<AuctionId>> {
        Ok(store::met_by(&self.db, outage).await?)
    }

    async fn begin(&self) -> Result<Tx, Unwritten> {
        Ok(self.db.begin_bids().await?)
    }

    async fn hold(&self, id: AuctionId) -> Result<Option<Tx>, Unwritten> {
        let Some(mut tx) = self.db.begin_turn().await? else { return Ok(None) };
        store::hold_head(&mut tx, id).await?;
        Ok(Some(tx))
    }

    async fn write(&self, tx: Tx, batches: &[Arc<Batch>]) -> Verdicts {
        batch::write(tx, &self.catalog, &self.hub, batches).await
    }
}

/// Whom sellers have blocked, as far as somebody has asked. Cheap to clone.
#[derive(Clone, Default)]
pub struct Blocklists(Arc<Mutex<Lists>>);

#[derive(Default)]
struct Lists {
    known: HashMap<UserId, Arc<HashSet<UserId>>>,
    /// Grows with every change: what was read before one may be out of date.
    changes: u64,
}

impl Blocklists {
    /// A seller's blocklist.
    async fn of(&self, db: &Db, seller: UserId) -> Result<Arc<HashSet<UserId>>> {
        let changes = {
            let lists = self.lists();
            if let Some(list) = lists.known.get(&seller) {
                return Ok(Arc::clone(list));
            }
            lists.changes
        };
        let list = Arc::new(store::blocklist(db, seller).await?);
        let mut lists = self.lists();
        if lists.changes == changes {
            if lists.known.len() >= MOST_LISTS {
                lists.known.clear();
            }
            lists.known.insert(seller, Arc::clone(&list));
        }
        Ok(list)
    }

    /// A seller has changed theirs.
    pub fn forget(&self, seller: UserId) {
        let mut lists = self.lists();
        lists.changes += 1;
        lists.known.remove(&seller);
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
