//! What is known of the past of logs, by what was seen of them and by what their house signed. No house
//! can have another one without contradicting itself.

use std::collections::BTreeMap;

use blytz_client::{Client, LiveEvent, wire::live::Channel};
use blytz_core::{AuctionId, Epoch};

use crate::{context::Context, error::Failure};

/// What is known of several logs.
#[derive(Debug, Default)]
pub struct Past(BTreeMap<AuctionId, Seen>);

/// How far a log went, and in which history of its house.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    seq: u64,
    hash: String,
    epoch: Option<Epoch>,
}

impl Past {
    /// Takes up what the house signed for bids in this log, as far as that is kept.
    pub fn signed(&mut self, ctx: &Context, id: AuctionId) -> Result<(), Failure> {
        let kept = ctx.evidence().receipts_of(id)?;
        // The head at the end stands for all before it.
        if let Some(latest) = kept.into_iter().map(|found| found.receipt).max_by_key(|receipt| receipt.head_seq) {
            let (seq, hash, epoch) = (latest.head_seq, latest.head_hash, Some(latest.epoch));
            self.0.insert(id, Seen { seq, hash, epoch });
        }
        Ok(())
    }

    /// Takes in what arrives. Where it does not follow on what is known, the server is asked for what
    /// stands there now.
    ///
    /// # Errors
    /// When that is something else.
    pub async fn meet(&mut self, client: &Client, event: &LiveEvent) -> Result<(), Failure> {
        match event {
            LiveEvent::Auction { id, entry } => self.note(*id, entry.seq, &entry.hash, None),
            LiveEvent::Unknown { channel: Channel::Auction(id), seq, event } => {
                if let Some(hash) = event["hash"].as_str() {
                    self.note(*id, *seq, hash, None);
                }
            }
            LiveEvent::AuctionState { id, status, .. } => {
                if let Some(seen) = self.0.get(id) {
                    seen.still_stands(client, *id, status.epoch).await?;
                }
                self.note(*id, status.seq, &status.hash, Some(status.epoch));
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, id: AuctionId, seq: u64, hash: &str, epoch: Option<Epoch>) {
        let epoch = epoch.or_else(|| self.0.get(&id).and_then(|seen| seen.epoch));
        self.0.insert(id, Seen { seq, hash: hash.to_owned(), epoch });
    }
}

impl Seen {
    async fn still_stands(&self, client: &Client, id: AuctionId, epoch: Epoch) -> Result<(), Failure> {
        let Self { seq, hash, .. } = self;
        let page = client.auctions().events(id, seq.saturating_sub(1), Some(1)).await?;
        let is = match page.items.first().filter(|entry| entry.seq == *seq) {
            Some(entry) if entry.hash == *hash => return Ok(()),
            Some(entry) => format!("is {}", entry.hash),
            None => "is not there any more".to_owned(),
        };
        let why = match self.epoch {
            Some(before) if before != epoch => "The house says that it was restored from a backup.",
            _ => "The house shows two histories.",
        };
        Err(Failure::failed(format!(
            "FORK in the log of {id}: event {seq} was {hash}, and {is} now. {why} Keep your receipts (blytz receipts): \
             they say what it signed."
        )))
    }
}
