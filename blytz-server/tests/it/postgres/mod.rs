//! PostgreSQL for tests of what only it can do: it goes away and comes back, commits get lost on the way to
//! it, operators are at work on it, and several servers share it.

pub mod proxy;

mod disturbed;
mod encrypted;
mod lost;
mod operator;
mod several;
mod stopped;
mod tests;

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;

/// Does what waits for other programs, beside what else goes on in a test.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.unwrap_or_else(|failed| resume_unwind(failed.into_panic()))
}
