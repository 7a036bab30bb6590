//! What is kept of the houses' word, as the SDK's clients use it.

use blytz_client::wire::auction::{LogKey, Receipt};

use super::{Evidence, Shown, Sight};
use crate::{error::Failure, meeting, output::Output};

/// The kept keys and receipts, for a client of one server.
pub struct Witness {
    evidence: Evidence,
    server: String,
    out: Output,
}

impl Witness {
    pub fn new(evidence: &Evidence, server: &str, out: Output) -> Self {
        Self { evidence: evidence.clone(), server: server.to_owned(), out }
    }

    fn tell(&self, outcome: Result<(), Failure>) {
        if let Err(failure) = outcome {
            self.out.note(format!("WARNING: {failure}"));
        }
    }
}

impl blytz_client::Evidence for Witness {
    fn keys(&self, origin: &str) -> Result<Vec<LogKey>, String> {
        let pins = self.evidence.pins().map_err(|failure| failure.to_string())?;
        Ok(pins.houses.get(origin).map(super::House::keys).unwrap_or_default())
    }

    fn first_sight(&self, origin: &str, keys: &[LogKey]) -> Result<(), String> {
        let shown = Shown { server: &self.server, origin, keys };
        match self.evidence.see(shown) {
            Ok(sight) => {
                meeting::tell(self.out, shown, &sight);
                match sight {
                    Sight::First | Sight::Known => Ok(()),
                    Sight::Changed(_) => Err("its address was another house's before".to_owned()),
                }
            }
            // What can't be written down is held to for as long as this runs.
            Err(failure) => {
                self.tell(Err(failure));
                Ok(())
            }
        }
    }

    fn keep(&self, receipt: &Receipt) {
        self.tell(self.evidence.keep(receipt).map(drop));
    }
}
