//! `keys rotate`: another key for receipts.

use super::{Failure, configure, keep_others_out};
use crate::{
    clock::Clock,
    config::Options,
    keys::Keys,
    platform::{StartError, attendance::Attendance},
    serve::open_database,
};

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
        // A server on the same database would sign on with the old one.
        let _lock = keep_others_out(&config).await?;
        let db = open_database(&config).await?;
        // Not before the time until which the house was served: the old key has signed up to then.
        let (_attendance, clock) = Attendance::open(&db, Clock::system())
            .await
            .map_err(StartError::Attendance)
            .map_err(anyhow::Error::from)?;
        let rotated = Keys::rotate(&db, &clock, config.secret_key.as_ref()).await;
        db.close().await;
        let [old, new] = rotated.map_err(anyhow::Error::from)?;
        eprintln!("{old} signs no more.");
        println!("{new}");
        Ok(())
    }
}
