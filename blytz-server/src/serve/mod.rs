//! Starting and stopping: a server on a listener of its own, or a router in somebody else's app.

mod connection;
mod folder;
mod http2;
mod timed;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use self::connection::Connections;
pub use self::folder::{DatabaseFile, FolderError, Lock};
use crate::{
    app::{self, App},
    clock::Clock,
    config::{Config, DatabaseConfig},
    db::{Db, Postgres, Sqlite},
    http,
    platform::Platform,
};

/// A Blytz server.
#[derive(Debug, Clone, Copy)]
pub struct Server;

impl Server {
    /// A server with the default configuration, to be changed before the start.
    pub fn builder() -> Builder {
        Builder {
            config: Config::default(),
            clock: Clock::system(),
            listener: None,
            shutdown: CancellationToken::new(),
            wrap: Box::new(|router| router),
        }
    }
}

/// What a server is to be made of.
#[must_use = "nothing happens before launch or open"]
pub struct Builder {
    config: Config,
    clock: Clock,
    listener: Option<TcpListener>,
    shutdown: CancellationToken,
    wrap: Wrap,
}

/// What a host puts around the routes.
type Wrap = Box<dyn FnOnce(Router) -> Router + Send>;

impl Builder {
    /// How it is to run.
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// What time it is to believe.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Where to accept connections, in place of the configured address.
    pub fn listener(self, listener: TcpListener) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// What stops it when cancelled.
    pub fn shutdown(self, shutdown: CancellationToken) -> Self {
        Self { shutdown, ..self }
    }

    /// What is put around all routes, such as `|router| router.layer(…)`: it sees each request before
    /// anything else does, and each answer as it goes out. For [`Builder::launch`]; whoever opens a
    /// server wraps its router themselves.
    pub fn wrap(self, wrap: impl FnOnce(Router) -> Router + Send + 'static) -> Self {
        Self { wrap: Box::new(wrap), ..self }
    }

    /// Opens the database and starts every service, without accepting a connection: for an axum app
    /// that nests [`Embedded::router`].
    ///
    /// # Errors
    /// When the data folder is another process's, or database or keys can't be read.
    pub async fn open(self) -> anyhow::Result<Embedded> {
        open(self.config, self.clock).await
    }

    /// The same, and accepts connections.
    ///
    /// # Errors
    /// As [`Builder::open`], and when the address can't be listened on.
    pub async fn launch(self) -> anyhow::Result<Running> {
        let listener = match self.listener {
            Some(listener) => listener,
            None => {
                let address = &self.config.listen;
                TcpListener::bind(address).await.with_context(|| format!("The server can't listen on {address}"))?
            }
        };
        let address = listener.local_addr()?;
        let embedded = open(self.config, self.clock).await?;
        let app = embedded.app.clone();
        let shutdown = self.shutdown;
        let router = (self.wrap)(embedded.router());
        let served = tokio::spawn(serve(embedded, router, listener, shutdown.clone()));
        Ok(Running { address, app, shutdown, served })
    }
}

async fn open(config: Config, clock: Clock) -> anyhow::Result<Embedded> {
    http::metrics::recorder();
    let lock = DatabaseFile::of(&config)?.map(|file| file.lock()).transpose()?;
    let db = open_database(&config).await?;
    let app = App::start(Platform::start(config, clock, db).await?).await?;
    Ok(Embedded { app, _lock: lock })
}

/// Opens the configured database, makes it if it is a file that is not there, and brings it up to date.
///
/// # Errors
/// When it can't be opened, or is of another version.
pub async fn open_database(config: &Config) -> anyhow::Result<Db> {
    match &config.database {
        DatabaseConfig::Postgres(url) => Ok(Db::postgres(Postgres::open_url(url).await?).await?),
        DatabaseConfig::InFolder | DatabaseConfig::Url(_) => {
            let file = DatabaseFile::of(config)?.context("a SQLite database is a file")?;
            file.make()?;
            Ok(Db::sqlite(Sqlite::open(file.path()).await?).await?)
        }
    }
}

/// A server without a listener of its own.
pub struct Embedded {
    app: App,
    // No other process may open a database that is a file before this one has closed it.
    _lock: Option<Lock>,
}

impl Embedded {
    /// Every route; to be nested in another app, or served as it is.
    pub fn router(&self) -> Router {
        app::router(self.app.clone())
    }

    /// The services.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Closes sockets, writes what was accepted, and closes the database.
    pub async fn stop(self) {
        let deadline = Instant::now() + self.app.platform.config.timeouts.drain;
        self.close(deadline).await;
    }

    async fn close(self, deadline: Instant) {
        self.app.platform.shutdown.cancel();
        self.app.platform.tasks.close();
        if tokio::time::timeout_at(deadline, self.app.platform.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.app.platform.tasks.len(), "some tasks did not end in time");
        }
        // Writes that are under way end in time as well. Whoever still reads then holds a connection,
        // and must not hold the process.
        let last = deadline.max(Instant::now() + Duration::from_secs(1));
        let closed = async {
            self.app.platform.attendance.leave().await;
            self.app.platform.db.close().await;
        };
        if tokio::time::timeout_at(last, closed).await.is_err() {
            tracing::warn!("the database was still in use at the end");
        }
    }
}

/// A server that accepts connections. Dropped, it goes on until its token is cancelled.
pub struct Running {
    address: SocketAddr,
    app: App,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
}

impl Running {
    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where this machine reaches it, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{address}")
    }

    /// The services.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Stops: no new connections, what was accepted is answered, sockets are closed with 1001.
    ///
    /// # Errors
    /// When serving ended in a panic.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.stopped().await
    }

    /// Returns when it has stopped.
    ///
    /// # Errors
    /// When serving ended in a panic.
    pub async fn stopped(self) -> anyhow::Result<()> {
        self.served.await.context("The server ended in a panic")
    }
}

/// Accepts until told to stop; then answers, closes sockets, commits, closes the database, in this
/// order: nothing that was accepted is lost to a part that stopped before it.
async fn serve(embedded: Embedded, router: Router, listener: TcpListener, shutdown: CancellationToken) {
    let timeouts = embedded.app.platform.config.timeouts;
    let connections = Connections::new(router, embedded.app.platform.crowd.clone(), timeouts);
    accept(&connections, listener, &shutdown).await;

    tracing::info!("stopping");
    let deadline = Instant::now() + timeouts.drain;
    connections.finish(timeouts.drain / 2).await;
    embedded.close(deadline).await;
    tracing::info!("stopped");
}

async fn accept(connections: &Connections, listener: TcpListener, shutdown: &CancellationToken) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => connections.serve(stream, peer),
            Err(error) => {
                // Out of descriptors, most likely: connections that end will give some back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
