//! Work that a client who hangs up must not cut in half.

use std::panic::resume_unwind;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::error::Error;

/// Runs a handler that may change something in a task of its own. When the client hangs up or the
/// request's time is over, only the waiting ends: no transaction is dropped in the middle, and what
/// follows a commit, such as telling caches and rooms, happens. A stop waits for it.
pub(super) async fn to_its_end(State(tasks): State<TaskTracker>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tasks.spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => {
                Error::outcome_unknown("The server is stopping; whether this was done is not known.").into_response()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{Router, body::Body, http::Method, middleware, routing::any};
    use tokio::sync::{Notify, Semaphore};
    use tower::ServiceExt as _;

    use super::*;

    /// Whether a handler gets to its end when its client has hung up in the middle.
    async fn ends(method: Method) -> bool {
        let (begun, goes_on, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
        let (begins, waits, ends) = (Arc::clone(&begun), Arc::clone(&goes_on), Arc::clone(&ended));
        let handler = async move || {
            begins.notify_one();
            waits.notified().await;
            ends.add_permits(1);
        };
        let tasks = TaskTracker::new();
        let router =
            Router::new().route("/", any(handler)).layer(middleware::from_fn_with_state(tasks.clone(), to_its_end));
        let request = Request::builder().method(method).body(Body::empty()).expect("a request");
        let client = tokio::spawn(router.oneshot(request));
        begun.notified().await;
        client.abort();
        assert!(client.await.expect_err("it hung up").is_cancelled());
        goes_on.notify_one();
        tasks.close();
        tasks.wait().await;
        ended.available_permits() == 1
    }

    #[tokio::test]
    async fn what_may_change_something_is_done_whoever_hangs_up() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(ends(method.clone()).await, "{method}");
        }
        assert!(!ends(Method::GET).await, "nobody needs an answer that is not waited for");
    }
}
