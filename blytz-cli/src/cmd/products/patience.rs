//! Requests to a server that may have more to do than ours.

use std::time::Duration;

use blytz_client::{Error, RetryKind, wire::ErrorCode};
use tokio_util::sync::CancellationToken;

/// Why an import ended before the last row.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The next row would fare no better.
    #[error(transparent)]
    Refused(Error),
    /// The person pressed Ctrl-C.
    #[error("Interrupted.")]
    Interrupted,
}

/// One request. A server that says "not now" has done nothing, and is asked again when it said.
pub async fn patiently<T>(
    interrupted: &CancellationToken,
    request: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Stop> {
    let mut patience = 20;
    while !interrupted.is_cancelled() {
        let error = match request().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        match (&error, error.retry_kind()) {
            (Error::Problem(problem), RetryKind::After(wait))
                if patience > 0 && problem.code != ErrorCode::OutcomeUnknown =>
            {
                patience -= 1;
                let wait = wait.clamp(Duration::from_millis(100), Duration::from_secs(10));
                // Whichever comes first: the time to ask again, or the wish to stop.
                let _ = interrupted.run_until_cancelled(tokio::time::sleep(wait)).await;
            }
            _ => return Err(Stop::Refused(error)),
        }
    }
    Err(Stop::Interrupted)
}
