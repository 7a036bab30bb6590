//! What the database would hold of it, for a house that is only simulated.

use std::sync::Arc;

use blytz_core::{Timestamp, auction::Outage};
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Asked before every transaction: whether the simulated database begins one, and when.
type Gate = Arc<dyn Fn() -> BoxFuture<'static, Result<(), sqlx::Error>> + Send + Sync>;

/// The rows that all nodes of a simulated house share. Cheap to clone.
#[derive(Clone)]
pub struct Memory {
    rows: Arc<Mutex<Rows>>,
    gate: Gate,
}

#[derive(Clone, Default)]
struct Rows {
    served_until: Option<Timestamp>,
    outages: Vec<Outage>,
}

/// A transaction: what it changes is seen when it is committed.
pub struct MemoryTx {
    held: OwnedMutexGuard<Rows>,
    changed: Rows,
}

impl Memory {
    pub fn new(gate: impl Fn() -> BoxFuture<'static, Result<(), sqlx::Error>> + Send + Sync + 'static) -> Self {
        Self { rows: Arc::default(), gate: Arc::new(gate) }
    }

    pub async fn begin(&self) -> Result<MemoryTx, sqlx::Error> {
        (self.gate)().await?;
        let held = Arc::clone(&self.rows).lock_owned().await;
        Ok(MemoryTx { changed: held.clone(), held })
    }

    /// All outages that there were.
    pub async fn outages(&self) -> Vec<Outage> {
        self.rows.lock().await.outages.clone()
    }

    pub async fn served_until(&self) -> Option<Timestamp> {
        self.rows.lock().await.served_until
    }
}

impl MemoryTx {
    pub const fn served_until(&self) -> Option<Timestamp> {
        self.changed.served_until
    }

    pub fn serve(&mut self, until: Timestamp) {
        self.changed.served_until = Some(until);
    }

    pub fn insert_outage(&mut self, outage: Outage) {
        self.changed.outages.push(outage);
    }

    pub fn outages(&self) -> Vec<Outage> {
        self.changed.outages.clone()
    }

    pub fn commit(mut self) {
        *self.held = self.changed;
    }
}
