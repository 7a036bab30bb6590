//! A server in this process: the one file that knows the server, as everything else speaks to any
//! server through the SDK. `serve` runs one for good, a [`House`] lives as long as its command.

use std::{io, time::Duration};

use anyhow::Context;
use blytz_client::{Client, wire::account::SignupRequest};
use blytz_core::account::Role;
use blytz_server::{
    Config, Running, Server, commands,
    config::{AdminConfig, RateLimits, Secret, Timeouts},
};

use crate::error::Failure;

/// What a server can be told.
pub use blytz_server::config::Options;

/// Runs a server until it is told to stop.
pub async fn serve(options: &Options) -> Result<(), Failure> {
    commands::serve(options).await.map_err(|failure| match failure {
        commands::Failure::Usage(error) => Failure::usage(error.to_string()),
        commands::Failure::Failed(error) => Failure::Other(error),
    })
}

/// Its administrator.
const ADMIN: &str = "admin@house.example";

/// Returns when somebody presses Ctrl-C or ends this process: its data must go first.
pub async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// A server that lives as long as its command.
pub struct House {
    running: Running,
    folder: tempfile::TempDir,
    admin_password: String,
}

impl House {
    /// Starts it on a port of the loopback interface; 0 takes a free one.
    pub async fn open(port: u16) -> Result<Self, Failure> {
        let folder =
            tempfile::Builder::new().prefix("blytz-").tempdir().context("There is no room for temporary data")?;
        let admin_password = hex::encode(rand::random::<[u8; 16]>());
        let config = Config {
            listen: format!("127.0.0.1:{port}"),
            // Its keys go away with it; nobody shall take those of the next one for changed ones.
            origin: format!("house-{}.localhost", hex::encode(rand::random::<[u8; 4]>())),
            rate_limits: RateLimits::Off,
            admin: Some(AdminConfig { email: ADMIN.to_owned(), password: Secret::new(&*admin_password) }),
            timeouts: Timeouts { drain: Duration::from_secs(2), ..Timeouts::default() },
            ..Config::in_folder(folder.path())
        };
        let running = Server::builder().config(config).launch().await?;
        Ok(Self { running, folder, admin_password })
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        self.running.url()
    }

    /// Where its data is.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Its administrator, logged in.
    pub async fn admin(&self) -> Result<Client, Failure> {
        let client = Client::builder(self.url()).build()?;
        client.auth().login(ADMIN, &self.admin_password).await?;
        Ok(client)
    }

    /// A seller, logged in.
    pub async fn seller(&self) -> Result<Client, Failure> {
        let admin = self.admin().await?;
        let seller = Client::builder(self.url()).build()?;
        let request = SignupRequest {
            email: "seller@house.example".to_owned(),
            password: self.admin_password.clone(),
            display_name: "The house".to_owned(),
        };
        let session = seller.auth().signup(&request).await?;
        admin.auth().set_roles(session.user.id, &[Role::Seller]).await?;
        seller.auth().refresh().await?;
        Ok(seller)
    }

    /// Stops the server and throws its data away.
    pub async fn close(self) -> Result<(), Failure> {
        self.running.stop().await?;
        let path = self.folder.path().to_owned();
        self.folder.close().with_context(|| format!("The folder {} is still there", path.display()))?;
        Ok(())
    }
}
