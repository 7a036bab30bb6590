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
    fn keys(&self, origin: &str) -> Vec<LogKey> {
        match self.evidence.pins() {
            Ok(pins) => pins.houses.get(origin).map(super::House::keys).unwrap_or_default(),
            Err(failure) => {
                self.tell(Err(failure));
                Vec::new()
            }
        }
    }

    fn first_sight(&self, origin: &str, keys: &[LogKey]) {
        let shown = Shown { server: &self.server, origin, keys };
        let seen: Result<Sight, Failure> = self.evidence.see(shown);
        self.tell(seen.map(|sight| meeting::tell(self.out, shown, &sight)));
    }

    fn keep(&self, receipt: &Receipt) {
        self.tell(self.evidence.keep(receipt).map(drop));
    }
}
