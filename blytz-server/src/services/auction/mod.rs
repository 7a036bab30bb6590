//! Service auction: lots, bids, logs and shows.
//!
//! A bid's way: `bids` → [`Auctions::bid`] → the auction's room ([`crate::channel`]) → one turn
//! (`turn`) → the batch (`batch`) → the answer and the frames. Everything that changes an auction
//! goes that way; everything that only looks reads the database.

mod batch;
mod bids;
mod blocklist;
mod course;
mod held;
mod ledger;
mod lookups;
mod lots;
mod news;
mod proof;
mod queue;
mod refusals;
mod request;
mod schedule;
#[cfg(test)]
mod simulated;
mod state;
mod store;
mod stored;
mod streams;
mod turn;
mod views;
mod watch;

use std::{
    collections::{BTreeSet, HashSet},
    ops::Deref,
    sync::Arc,
};

use axum::extract::FromRef;
use blytz_core::{
    AuctionId, StreamId, Timestamp, UserId,
    account::Action,
    auction::BidKind,
    wire::{
        auction::{AuctionStatus, BidAnswer, BidRequest, EventData, StatusView},
        stream::StreamStatus,
    },
};
use tokio::sync::Semaphore;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    ledger::LotLedger,
    lookups::Lookups,
    request::{Act, Answer, Bid, Request},
    store::Lot,
    stored::{Blocklists, Stored},
};
use crate::{
    channel::{Ground, Rooms, Rostrum},
    error::{Error, Result, internal},
    platform::Platform,
    services::{
        auth::{Accounts, User},
        product::Catalog,
    },
};

/// The service's routes.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S>
where
    Accounts: FromRef<S>,
    Auctions: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(bids::bid))
        .routes(routes!(bids::record))
        .routes(routes!(bids::me))
        .routes(routes!(lots::create, lots::list))
        .routes(routes!(lots::get))
        .routes(routes!(lots::status))
        .routes(routes!(lots::events))
        .routes(routes!(course::start))
        .routes(routes!(course::amend))
        .routes(routes!(course::cancel))
        .routes(routes!(course::void))
        .routes(routes!(course::unblock))
        .routes(routes!(proof::keys))
        .routes(routes!(proof::get))
        .routes(routes!(watch::watch, watch::unwatch))
        .routes(routes!(blocklist::list))
        .routes(routes!(blocklist::block, blocklist::unblock))
        .routes(routes!(streams::create, streams::list))
        .routes(routes!(streams::get))
        .routes(routes!(streams::start))
        .routes(routes!(streams::end))
        .routes(routes!(streams::add_moderator, streams::remove_moderator))
        .routes(routes!(queue::get, queue::put))
}

/// Every auction and show. Cheap to clone.
#[derive(Clone)]
pub struct Auctions(Arc<Parts>);

/// What [`Auctions`] dereferences to, for the files of this service.
pub struct Parts {
    platform: Platform,
    accounts: Accounts,
    catalog: Catalog,
    rooms: Rooms<LotLedger<Stored>>,
    blocklists: Blocklists,
    /// Who may read a whole log for a void.
    readers: Semaphore,
    _rostrum: Rostrum,
}

/// How many logs are read for voids at once: each keeps its bids in memory.
const READERS: usize = 2;

impl Deref for Auctions {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What its neighbours may know of a show.
#[derive(Debug, Clone)]
pub struct StreamAccess {
    /// Whose show it is.
    pub seller_id: UserId,
    /// Where it stands.
    pub status: StreamStatus,
    /// Its own moderators.
    pub moderators: HashSet<UserId>,
}

impl Auctions {
    /// Starts the service. Nothing is read before somebody asks, or something is due.
    ///
    /// # Errors
    /// When there is no thread for the rooms.
    pub fn start(platform: &Platform, accounts: Accounts, catalog: Catalog) -> Result<Self> {
        let (rostrum, blocklists) = (Rostrum::start().map_err(internal)?, Blocklists::default());
        let lookups = platform.db.is_shared().then(|| Lookups::start(platform.db.for_rooms(), &rostrum.handle()));
        let stored = Stored::new(platform, accounts.clone(), catalog.clone(), blocklists.clone(), lookups);
        let ledger = LotLedger::new(stored, platform.keys.log_signers());
        Ok(Self(Arc::new(Parts {
            platform: platform.clone(),
            accounts,
            catalog,
            rooms: Rooms::new(ledger, Ground::of(platform, rostrum.handle())),
            blocklists,
            readers: Semaphore::new(READERS),
            _rostrum: rostrum,
        })))
    }

    /// What no request begins: lots that are overdue are looked for until the server stops.
    pub fn jobs(&self) -> impl Future<Output = ()> + use<> {
        self.rooms.clone().sweep()
    }

    /// Names this house had when lots began that are not over yet: they end under another than they began,
    /// and nobody can verify them.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn former_names(&self) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for status in [AuctionStatus::Live, AuctionStatus::Scheduled] {
            for entry in store::beginnings(&self.platform.db, status).await? {
                let EventData::Scheduled { origin, .. } = entry.data else { continue };
                names.insert(origin);
            }
        }
        names.remove(&self.platform.config.origin);
        Ok(names)
    }

    /// Decides a bid. Returns once it is durable.
    ///
    /// # Errors
    /// Every refusal of contract §3, and 503 when nothing can be said.
    pub async fn bid(&self, user: &User, request: BidRequest) -> Result<BidAnswer> {
        let kind = BidKind::try_from(&request).map_err(Error::invalid)?;
        let bid = Bid::new(user.id, request.bid_id, kind, request.rules_hash, user.suspended);
        match self.rooms.ask(request.auction_id, Request::Bid(bid)).await? {
            Answer::Bid(answer) => Ok(*answer),
            Answer::Done => Err(internal("a bid was answered as something else")),
        }
    }

    /// Has the auction's room carry out something else than a bid.
    async fn act(&self, id: AuctionId, act: Act) -> Result<()> {
        self.rooms.ask(id, Request::Act(act)).await.map(drop)
    }

    /// An auction, after what is overdue has been done: whoever asks sees a closed lot closed.
    async fn settled(&self, id: AuctionId) -> Result<Lot> {
        let lot = store::lot(&self.platform.db, id).await?.ok_or_else(Error::not_found)?;
        if self.is_unsettled(&lot) {
            self.act(id, Act::Tick).await?;
            return store::lot(&self.platform.db, id).await?.ok_or_else(Error::not_found);
        }
        Ok(lot)
    }

    /// Whether something of a lot is overdue: its opening or close, or what an outage owes it.
    fn is_unsettled(&self, lot: &Lot) -> bool {
        self.is_due(lot.due_at)
            || lot.late_from.zip(lot.due_at).is_some_and(|(late_from, closes_at)| {
                let outages = self.platform.attendance.outages();
                let mut late = outages.iter().rev().take_while(|outage| outage.to > late_from);
                late.any(|outage| outage.from < closes_at)
            })
    }

    fn is_due(&self, due_at: Option<Timestamp>) -> bool {
        due_at.is_some_and(|due| due <= self.now())
    }

    /// Where the auction stands.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn status(&self, id: AuctionId) -> Result<StatusView> {
        let lot = self.settled(id).await?;
        self.status_of(&lot).await
    }

    /// The seq of the last event; `None` when there is no such auction.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn head(&self, id: AuctionId) -> Result<Option<u64>> {
        let Some((seq, due_at)) = store::head(&self.platform.db, id).await? else { return Ok(None) };
        if self.is_due(due_at) {
            self.act(id, Act::Tick).await?;
            return Ok(store::head(&self.platform.db, id).await?.map(|(seq, _)| seq));
        }
        Ok(Some(seq))
    }

    /// The log's hash at a seq; 64 zeros at 0.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn hash_at(&self, id: AuctionId, seq: u64) -> Result<Option<String>> {
        if seq == 0 {
            return Ok(Some(blytz_core::auction::log::NO_HASH.to_owned()));
        }
        Ok(store::hash_at(&self.platform.db, id, seq).await?)
    }

    /// The next entries after `after`, in order, each with its seq and its JSON: at most `limit`, and
    /// fewer if they are long.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn events_after(&self, id: AuctionId, after: u64, limit: usize) -> Result<Vec<(u64, String)>> {
        Ok(store::entries_after(&self.platform.db, id, after, limit).await?)
    }

    /// Whose show it is, where it stands and who moderates it; `None` when there is none.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn stream_access(&self, id: StreamId) -> Result<Option<StreamAccess>> {
        let Some(show) = store::show(&self.platform.db, id).await? else { return Ok(None) };
        let moderators = store::moderators(&self.platform.db, id).await?;
        Ok(Some(StreamAccess { seller_id: show.seller_id, status: show.status, moderators }))
    }

    /// Whether somebody watches one of the seller's lots.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn follows(&self, seller: UserId, user: UserId) -> Result<bool> {
        Ok(store::follows(&self.platform.db, seller, user).await?)
    }

    fn now(&self) -> Timestamp {
        self.platform.clock.now()
    }
}

/// Whether a user may act on everybody's auctions and shows.
fn is_admin(user: &User) -> bool {
    user.may(Action::ManageUsers)
}

/// Refuses whoever is neither the owner nor an admin. Auctions and shows are public, so 403.
fn check_owner(user: &User, owner: UserId) -> Result<()> {
    if user.id == owner || is_admin(user) {
        Ok(())
    } else {
        Err(Error::forbidden("This is somebody else's; only its seller or an admin may do that."))
    }
}
