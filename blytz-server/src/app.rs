//! Everything a handler can reach, put together once at the start.

use std::{ops::Deref, sync::Arc};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    config::Config,
    db::Db,
    http::{crowd::Crowd, limits::Limits},
    keys::Keys,
    live::Hub,
    services::{
        auction::{Auctions, Needs},
        auth::Accounts,
        chat::Chats,
        product::Catalog,
    },
};

/// The parts of one server. Cheap to clone; axum's state.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What [`App`] dereferences to.
pub struct Parts {
    /// How this server was asked to run.
    pub config: Config,
    /// What time it is.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// The signing keys.
    pub keys: Keys,
    /// Rate limits.
    pub limits: Limits,
    /// Who is connected.
    pub crowd: Crowd,
    /// Fan-out to everybody who watches.
    pub hub: Hub,
    /// Service auth.
    pub accounts: Accounts,
    /// Service product.
    pub catalog: Catalog,
    /// Service auction.
    pub auctions: Auctions,
    /// Service chat.
    pub chats: Chats,
    /// Cancelled when the server is to stop.
    pub shutdown: CancellationToken,
    /// Tasks that must end before the database is closed.
    pub tasks: TaskTracker,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts the services together over an open database.
    ///
    /// # Errors
    /// When keys or running auctions can't be read from the database.
    pub async fn assemble(config: Config, clock: Clock, db: Db, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let tasks = TaskTracker::new();
        let keys = Keys::load_or_create(&db, &clock, config.secret_key.as_ref()).await?;
        let hub = Hub::new(keys.epoch());
        tasks.spawn(crate::http::metrics::upkeep(shutdown.clone()));
        tasks.spawn(hub.clone().pulse(clock.clone(), shutdown.clone()));
        let accounts = Accounts::new(db.clone(), clock.clone(), keys.clone(), &config);
        accounts.settle().await?;
        let catalog = Catalog::new(db.clone(), clock.clone());
        catalog.index_the_rest().await?;
        let auctions = Auctions::start(Needs {
            db: db.clone(),
            clock: clock.clone(),
            keys: keys.clone(),
            hub: hub.clone(),
            catalog: catalog.clone(),
            accounts: accounts.clone(),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        })
        .await?;
        let chats = Chats::new(
            db.clone(),
            clock.clone(),
            hub.clone(),
            accounts.clone(),
            auctions.clone(),
            tasks.clone(),
            shutdown.clone(),
        );
        if let Some(admin) = &config.admin {
            accounts.ensure_admin(&admin.email, &admin.password).await?;
        }
        let limits = Limits::new(&config, &clock);
        let crowd = Crowd::new(&config);
        Ok(Self(Arc::new(Parts {
            config,
            clock,
            db,
            keys,
            limits,
            crowd,
            hub,
            accounts,
            catalog,
            auctions,
            chats,
            shutdown,
            tasks,
        })))
    }
}
