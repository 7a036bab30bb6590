//! Work that a client who hangs up must not cut in half.

use crate::error::{Result, internal};

/// Runs `work` to its end even when the client hangs up meanwhile: what changes the database and
/// then what we remember, or whom we wake, must not stop between the two.
pub(crate) async fn uninterrupted<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.map_err(internal)?
}
