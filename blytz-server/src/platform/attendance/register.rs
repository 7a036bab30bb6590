//! Where it is written until when the house was served: the database, or what stands for it in a house
//! that is only simulated.

use blytz_core::{Timestamp, auction::Outage};

#[cfg(test)]
use super::memory::{Memory, MemoryTx};
use super::store;
use crate::db::{CommitError, Db, Tx};

/// The register of a house. Cheap to clone.
#[derive(Clone)]
#[cfg_attr(test, expect(clippy::large_enum_variant, reason = "there is one in a process"))]
pub enum Register {
    Database(Db),
    #[cfg(test)]
    Memory(Memory),
}

/// A transaction on it: a beat.
#[cfg_attr(test, expect(clippy::large_enum_variant, reason = "there is one at a time"))]
pub enum Page {
    Database(Tx),
    #[cfg(test)]
    Memory(MemoryTx),
}

impl Register {
    /// Until when the house has been served; none if it never was.
    pub async fn served_until(&self) -> Result<Option<Timestamp>, sqlx::Error> {
        match self {
            Self::Database(db) => store::served_until(db).await,
            #[cfg(test)]
            Self::Memory(memory) => Ok(memory.served_until().await),
        }
    }

    /// Whether whoever served last had one beat only, which ended an outage.
    pub async fn is_false_start(&self) -> Result<bool, sqlx::Error> {
        let outages = match self {
            Self::Database(db) => store::outages(db).await?,
            #[cfg(test)]
            Self::Memory(memory) => memory.outages().await,
        };
        let until = self.served_until().await?;
        Ok(until.is_some() && until == outages.last().map(|outage| outage.to))
    }

    /// Begins a transaction, in a bid's turn.
    pub async fn begin(&self) -> Result<Page, sqlx::Error> {
        match self {
            Self::Database(db) => Ok(Page::Database(db.begin_bids().await?)),
            #[cfg(test)]
            Self::Memory(memory) => Ok(Page::Memory(memory.begin().await?)),
        }
    }
}

impl Page {
    /// As [`Register::served_until`].
    pub async fn served_until(&mut self) -> Result<Option<Timestamp>, sqlx::Error> {
        match self {
            Self::Database(tx) => store::served_until(tx).await,
            #[cfg(test)]
            Self::Memory(tx) => Ok(tx.served_until()),
        }
    }

    /// Notes that the house has been served until now.
    pub async fn serve(&mut self, until: Timestamp) -> Result<(), sqlx::Error> {
        match self {
            Self::Database(tx) => store::serve(tx, until).await?,
            #[cfg(test)]
            Self::Memory(tx) => tx.serve(until),
        }
        Ok(())
    }

    /// Notes that nobody was served for a while.
    pub async fn insert_outage(&mut self, outage: Outage) -> Result<(), sqlx::Error> {
        match self {
            Self::Database(tx) => store::insert_outage(tx, outage).await?,
            #[cfg(test)]
            Self::Memory(tx) => tx.insert_outage(outage),
        }
        Ok(())
    }

    /// The newest outages, the oldest of them first.
    pub async fn outages(&mut self) -> Result<Vec<Outage>, sqlx::Error> {
        match self {
            Self::Database(tx) => store::outages(tx).await,
            #[cfg(test)]
            Self::Memory(tx) => Ok(tx.outages()),
        }
    }

    /// Ends the transaction.
    pub async fn commit(self) -> Result<(), CommitError> {
        match self {
            Self::Database(tx) => tx.commit().await,
            #[cfg(test)]
            Self::Memory(tx) => {
                tx.commit();
                Ok(())
            }
        }
    }
}
