//! What one turn of an auction leaves to write, and how it is written.

use std::sync::{Arc, OnceLock};

use blytz_core::{
    AuctionId, BidId, ProductId, Timestamp, UserId,
    auction::{
        log::Head,
        receipt::{Leaf, Signers},
    },
    wire::{
        auction::{AuctionStatus, Receipt},
        live::UpdateData,
    },
};

use super::{
    state::{StoredItem, StoredRules, json},
    store::{self, HeadRow, Move, NewBid, NewEvent},
    streams,
};
use crate::{
    channel::{self, Unwritten, Verdicts},
    db::{CommitError, Tx, is_duplicate},
    error::{Error, Result, internal},
    platform::hub::{Hub, Topic},
    services::product::Catalog,
};

/// What one room decided in one turn.
#[derive(Clone)]
pub struct Batch {
    pub from: Head,
    pub to: Head,
    pub events: Vec<NewEvent>,
    pub bids: Vec<NewBid>,
    /// What is signed of it: a leaf for each of its bids, and one for the head if the auction is over.
    pub leaves: Vec<Leaf>,
    /// The receipts of these, in their order, once the batch is sealed. Whatever becomes of its writing,
    /// they stay.
    pub receipts: Arc<OnceLock<Vec<Receipt>>>,
    pub status: AuctionStatus,
    pub state: String,
    pub due_at: Option<Timestamp>,
    /// From when on an outage is made good for.
    pub late_from: Option<Timestamp>,
    /// What follows beside the log; most batches have none.
    pub effects: Vec<Effect>,
    pub at: Timestamp,
}

/// What a decision changes beside the log, in the same transaction.
#[derive(Clone)]
pub enum Effect {
    /// Somebody opens the lot by hand, which a show that has ended does not allow.
    OpensByHand,
    /// A void struck bids.
    Strikes(Struck),
    /// The lot has new rules, and another item.
    Amends { rules: StoredRules, item: StoredItem },
    /// The lot did not sell: its unit is given back.
    Releases(ProductId),
    /// The lot stands elsewhere: who watches its show is told.
    Moves,
}

/// Bids that a void struck.
#[derive(Clone)]
pub struct Struck {
    pub bidder: UserId,
    /// The event of the first: every later bid of the bidder fell with it.
    pub from_seq: u64,
    pub ids: Vec<BidId>,
}

impl channel::Batch for Batch {
    fn events(&self) -> usize {
        self.events.len()
    }
}

impl Batch {
    fn id(&self) -> AuctionId {
        self.to.auction_id
    }

    /// Where the receipts will be.
    pub fn receipts(&self) -> Arc<OnceLock<Vec<Receipt>>> {
        Arc::clone(&self.receipts)
    }

    /// The receipts of its bids, and of its head if the auction is over.
    fn sealed(&self) -> Result<(&[Receipt], Option<&Receipt>)> {
        let receipts = self.receipts.get().map_or(&[][..], Vec::as_slice);
        if receipts.len() != self.leaves.len() {
            return Err(internal("a batch that is not sealed can't be written"));
        }
        let (of_bids, of_head) = receipts.split_at(self.bids.len().min(receipts.len()));
        Ok((of_bids, of_head.first()))
    }

    fn head_row(&self) -> Result<HeadRow<'_>> {
        let receipt = self.sealed()?.1.map(json).transpose()?;
        let (status, state) = (self.status, self.state.as_str());
        Ok(HeadRow { status, state, due_at: self.due_at, late_from: self.late_from, receipt })
    }

    fn step(&self) -> Result<Move<'_>> {
        Ok(Move { from: &self.from, to: &self.to, row: self.head_row()? })
    }

    fn new_events(&self) -> impl Iterator<Item = (AuctionId, &NewEvent)> {
        self.events.iter().map(|event| (self.id(), event))
    }

    fn new_bids(&self) -> Result<Vec<(AuctionId, &NewBid, String)>> {
        let (receipts, _) = self.sealed()?;
        self.bids.iter().zip(receipts).map(|(bid, receipt)| Ok((self.id(), bid, json(receipt)?))).collect()
    }
}

/// Signs for all batches that no signature is under yet, at once: with the present key, but for a lot that
/// ended in the time of the one before.
pub fn seal(signers: &Signers, batches: &[Arc<Batch>]) {
    let mut open: Vec<&Batch> = batches.iter().map(|batch| &**batch).collect();
    open.retain(|batch| batch.receipts.get().is_none());
    let signer = |batch: &Batch| signers.at(batch.at);
    open.sort_by_key(|batch| signer(batch).key_id());
    for together in open.chunk_by(|one, next| signer(one).key_id() == signer(next).key_id()) {
        let leaves = together.iter().flat_map(|batch| batch.leaves.iter().cloned()).collect();
        let mut receipts = signer(together[0]).seal(leaves).into_iter();
        for batch in together {
            // Nobody else seals it meanwhile: a batch is written by one committer.
            let _ = batch.receipts.set(receipts.by_ref().take(batch.leaves.len()).collect());
        }
    }
}

/// Writes the first batch of a log, in whichever transaction its lot is made.
pub async fn begin(tx: &mut Tx, batch: &Batch) -> Result<()> {
    store::insert_head(tx, &batch.to, &batch.head_row()?).await?;
    let events: Vec<_> = batch.new_events().collect();
    Ok(store::append(tx, &events).await?)
}

/// One transaction for all; says of each what became of it.
pub async fn write(mut tx: Tx, catalog: &Catalog, hub: &Hub, batches: &[Arc<Batch>]) -> Verdicts {
    // Heads move before anything is inserted, so that a room that is behind writes nothing.
    let moves = batches.iter().map(|batch| batch.step()).collect::<Result<Vec<_>>>()?;
    let moved = store::move_heads(&mut tx, &moves).await?;
    let verdicts: Vec<_> =
        moved.into_iter().map(|moved| if moved { Ok(()) } else { Err(Unwritten::Conflict) }).collect();
    let written = || batches.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok()).map(|(batch, _)| &**batch);
    // All rooms' rows in one statement each: fifty cool lots are not fifty times the work of a hot one.
    let events: Vec<_> = written().flat_map(Batch::new_events).collect();
    store::append(&mut tx, &events).await.map_err(beaten)?;
    let mut bids = Vec::new();
    for batch in written() {
        bids.extend(batch.new_bids()?);
    }
    store::insert_bids(&mut tx, &bids).await.map_err(beaten)?;
    for batch in written() {
        for effect in &batch.effects {
            if let Err(error) = carry_out(&mut tx, catalog, hub, batch, effect).await {
                // Only this batch has to wait for whoever has what it needs; alone, it stands in line for it.
                return Err(if tx.is_contended() { Unwritten::Conflict } else { error.into() });
            }
        }
    }
    match tx.commit().await {
        Ok(()) => Ok(verdicts),
        Err(CommitError::NotWritten(error)) => Err(error.into()),
        Err(CommitError::Unknown(error)) => {
            tracing::error!(%error, "a commit's outcome is unknown");
            Err(Unwritten::Unknown)
        }
    }
}

/// A row that is there already is another writer's.
fn beaten(error: sqlx::Error) -> Unwritten {
    if is_duplicate(&error) { Unwritten::Conflict } else { error.into() }
}

async fn carry_out(tx: &mut Tx, catalog: &Catalog, hub: &Hub, batch: &Batch, effect: &Effect) -> Result<()> {
    let id = batch.id();
    match effect {
        Effect::OpensByHand => {
            if store::show_has_ended(tx, id).await? {
                return Err(streams::not_live("The show has ended; no lot of it can open."));
            }
        }
        Effect::Strikes(struck) => store::mark_voided(tx, id, struck.bidder, struck.from_seq).await?,
        Effect::Amends { rules, item } => store::amend_lot(tx, id, rules, item).await?,
        Effect::Releases(product) => catalog.release_unit(tx, *product, "lot not sold", batch.at).await?,
        Effect::Moves => {
            let lot = store::lot(&mut *tx, id).await?.ok_or_else(Error::not_found)?;
            if let Some(stream) = lot.stream_id {
                let (hub, news) = (hub.clone(), UpdateData::Lot { auction_id: id, status: batch.status });
                let at = batch.at;
                tx.then(async move { hub.update(Topic::Stream(stream), news, at) });
            }
        }
    }
    Ok(())
}
