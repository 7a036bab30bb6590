//! A whole server in one process: the platform, the services over it, and their routes.

mod routes;
mod stage;

use std::{ops::Deref, sync::Arc};

use axum::extract::FromRef;

pub use self::routes::{document, router, service_document};
use self::stage::Stage;
use crate::{
    http,
    live::Sockets,
    platform::Platform,
    services::{auction::Auctions, auth::Accounts, chat::Chats, product::Catalog},
};

/// The parts of one server. Cheap to clone; axum's state.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What [`App`] dereferences to.
pub struct Parts {
    /// What all of it stands on.
    pub platform: Platform,
    /// Service auth.
    pub accounts: Accounts,
    /// Service product.
    pub catalog: Catalog,
    /// Service auction.
    pub auctions: Auctions,
    /// Service chat.
    pub chats: Chats,
    /// The live connection.
    sockets: Sockets,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Starts the services, each after those that it needs.
    ///
    /// # Errors
    /// When the database can't be read or brought up to date, or the first administrator can't be made.
    pub async fn start(platform: Platform) -> anyhow::Result<Self> {
        platform.attendance.begin().await;
        platform.tasks.spawn(http::metrics::upkeep(platform.shutdown.clone()));
        let accounts = Accounts::start(&platform).await?;
        let catalog = Catalog::start(&platform).await?;
        let auctions = Auctions::start(&platform, accounts.clone(), catalog.clone())?;
        for former in auctions.former_names().await? {
            let now = &platform.config.origin;
            tracing::warn!(%former, %now, "lots that began under the former name can't be verified under the new one");
        }
        platform.tasks.spawn(auctions.jobs());
        let chats = Chats::start(&platform, accounts.clone(), auctions.clone());
        if let Some(admin) = &platform.config.admin {
            accounts.ensure_admin(&admin.email, &admin.password).await?;
        }
        let sockets = Sockets::new(Stage {
            platform: platform.clone(),
            accounts: accounts.clone(),
            auctions: auctions.clone(),
            chats: chats.clone(),
        });
        Ok(Self(Arc::new(Parts { platform, accounts, catalog, auctions, chats, sockets })))
    }
}

/// What handlers may ask for by its type.
macro_rules! hands_out {
    ($($part:ident: $Part:ty),+ $(,)?) => {$(
        impl FromRef<App> for $Part {
            fn from_ref(app: &App) -> Self {
                app.$part.clone()
            }
        }
    )+};
}

hands_out! {
    platform: Platform,
    accounts: Accounts,
    catalog: Catalog,
    auctions: Auctions,
    chats: Chats,
    sockets: Sockets,
}
