//! `keys rotate`: another key for receipts.

use super::{Failure, configure, open};
use crate::{clock::Clock, config::Options, keys::Keys, serve::DatabaseFile};

/// `keys …`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Retire the key that signs receipts and make another. The server must not run.
    ///
    /// What the old key signed stays good, as it was in use then. Whoever keeps this house's keys is told
    /// that they have changed: say so where you publish them.
    Rotate,
}

impl Command {
    pub(super) async fn run(self, options: &Options) -> Result<(), Failure> {
        let Self::Rotate = self;
        let config = configure(options)?;
        // A server on the same folder would sign on with the old one.
        let _lock = DatabaseFile::of(&config).map_err(anyhow::Error::from)?.lock().map_err(anyhow::Error::from)?;
        let db = open(&config).await?;
        let rotated = Keys::rotate(&db, &Clock::system(), config.secret_key.as_ref()).await;
        db.close().await;
        let [old, new] = rotated.map_err(anyhow::Error::from)?;
        eprintln!("{old} signs no more.");
        println!("{new}");
        Ok(())
    }
}
