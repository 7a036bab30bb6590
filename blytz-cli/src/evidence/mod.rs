//! The houses' word: their keys as they were first seen, and the receipts that they signed for bids of
//! whoever uses this machine. Both belong to the person and not to a profile.
//!
//! In the state folder: `blytz/keys.json`, `blytz/receipts/<auction>/<bid>.json`, and under `blytz/doubted`
//! in the same way what was answered in place of a receipt and proves nothing.

mod pins;
mod receipts;
mod witness;

use std::path::{Path, PathBuf};

use blytz_core::{AuctionId, wire::auction::Receipt};

pub use self::{
    pins::{Change, House, Pins, Shown, Sight, fingerprint},
    receipts::{Found, all_in as receipts_in},
    witness::Witness,
};
use crate::{ambient, error::Failure, private};

/// Where it is kept.
#[derive(Debug, Clone)]
pub struct Evidence {
    folder: PathBuf,
}

impl Evidence {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn keys_file(&self) -> PathBuf {
        self.folder.join("keys.json")
    }

    fn receipts_folder(&self) -> PathBuf {
        self.folder.join("receipts")
    }

    /// The keys that are kept.
    pub fn pins(&self) -> Result<Pins, Failure> {
        let path = self.keys_file();
        let Some(bytes) = private::read(&path).map_err(|error| trouble(&path, &error))? else {
            return Ok(Pins::default());
        };
        // Without them every key would be a first one: whoever damaged this must not win by it.
        serde_json::from_slice(&bytes).map_err(|error| {
            let path = path.display();
            Failure::failed(format!("The keys in {path} can't be read: {error}. Put the file right, or remove it."))
        })
    }

    /// Changes what is kept, one program at a time.
    pub fn change<T>(&self, change: impl FnOnce(&mut Pins) -> T) -> Result<T, Failure> {
        let path = self.keys_file();
        let _turn = private::lock(&path).map_err(|error| trouble(&path, &error))?;
        let before = self.pins()?;
        let mut pins = before.clone();
        let outcome = change(&mut pins);
        if pins != before {
            let text = serde_json::to_vec_pretty(&pins).map_err(anyhow::Error::from)?;
            private::replace(&path, &text).map_err(|error| trouble(&path, &error))?;
        }
        Ok(outcome)
    }

    /// Meets a house: its keys are kept, or compared with those that are.
    pub fn see(&self, shown: Shown<'_>) -> Result<Sight, Failure> {
        self.change(|pins| pins.see(shown, ambient::now()))
    }

    /// Keeps what a house shows in place of what was kept of it.
    pub fn trust(&self, shown: Shown<'_>) -> Result<(), Failure> {
        self.change(|pins| pins.trust(shown, ambient::now()))
    }

    /// Keeps a bid's receipt.
    pub fn keep(&self, receipt: &Receipt) -> Result<Found, Failure> {
        receipts::keep(&self.receipts_folder(), receipt)
    }

    /// Keeps what proves nothing, as evidence against whoever answered it: apart from the receipts, so that
    /// no server can spoil those of another house.
    pub fn keep_doubted(&self, receipt: &Receipt) -> Result<Found, Failure> {
        receipts::keep(&self.folder.join("doubted"), receipt)
    }

    /// The receipts that are kept of one auction.
    pub fn receipts_of(&self, auction: AuctionId) -> Result<Vec<Found>, Failure> {
        receipts::kept_in(&self.receipts_folder().join(auction.to_string()))
    }

    /// All receipts that are kept.
    pub fn receipts(&self) -> Result<Vec<Found>, Failure> {
        receipts::kept_in(&self.receipts_folder())
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("The keys in {} can't be kept: {error}.", path.display()))
}
