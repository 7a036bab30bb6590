//! Work that a client who hangs up must not cut in half.

use std::panic::resume_unwind;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use crate::{app::App, error::Error};

/// Runs a handler that may change something in a task of its own. When the client hangs up or the
/// request's time is over, only the waiting ends: no transaction is dropped in the middle, and what
/// follows a commit, such as telling caches and rooms, happens. A stop waits for it.
pub(super) async fn to_its_end(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match app.tasks.spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => {
                Error::outcome_unknown("The server is stopping; whether this was done is not known.").into_response()
            }
        },
    }
}
