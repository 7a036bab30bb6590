//! PostgreSQL for tests of what only it can do: a proxy before it that loses commits.

pub mod proxy;

mod encrypted;
mod operator;
mod tests;

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// Does what waits for other programs, beside what else goes on in a test.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.unwrap_or_else(|failed| resume_unwind(failed.into_panic()))
}
