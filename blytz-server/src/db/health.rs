//! Whether the database takes writes: asked for whoever wants to know, at most once a second.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use blytz_core::Timestamp;
use tokio::sync::Mutex;

use super::{CommitError, Db, Run, on_tx};

/// How long an answer is good for: whoever asks more often learns nothing more, and costs no write.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// Ten pages or so, about what a bid writes: a disk that has room for less is full.
const FILLER: usize = 40_000;

/// The last answer, and when it was given.
#[derive(Clone, Default)]
pub(super) struct Health(Arc<Mutex<Option<(Instant, bool)>>>);

const PROBE: &str = "
    insert into write_probes (id, at_us, filler) values (1, $1, $2)
    on conflict (id) do update set at_us = excluded.at_us, filler = excluded.filler";

impl Db {
    /// Whether the database takes a write as large as a bid's, in a bid's turn: it may still give
    /// what it has when it takes nothing any more.
    pub async fn is_writable(&self, at: Timestamp) -> bool {
        let db = self.clone();
        // A task of its own: who asks may hang up, and the transaction must end all the same.
        tokio::spawn(async move { db.ask(at).await }).await.unwrap_or(false)
    }

    #[expect(clippy::disallowed_methods, reason = "how old an answer is is monotonic time; no rule sees it")]
    async fn ask(&self, at: Timestamp) -> bool {
        let mut last = self.health.0.lock().await;
        if let Some((asked, fine)) = *last
            && asked.elapsed() < FRESH_FOR
        {
            return fine;
        }
        let written = self.write_probe(at).await;
        if let Err(error) = &written {
            tracing::error!(%error, "the database takes no writes");
        }
        *last = Some((Instant::now(), written.is_ok()));
        written.is_ok()
    }

    async fn write_probe(&self, at: Timestamp) -> Result<(), CommitError> {
        let mut tx = self.begin_bids().await?;
        on_tx!(tx, conn => sqlx::query(PROBE).bind(at.as_micros()).bind(vec![0_u8; FILLER]).run(conn).await)?;
        tx.commit().await
    }
}
