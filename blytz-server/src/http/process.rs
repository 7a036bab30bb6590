//! What every process answers about itself: is it alive, may it get requests, what did it count.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{FromRef, State},
    http::StatusCode,
    response::Response,
};
use blytz_core::wire::process::{CheckResult, Health, Readiness};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::metrics;
use crate::platform::Platform;

/// `/health`, `/ready`, `/metrics`.
pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S>
where
    Platform: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready)).routes(routes!(metrics_page))
}

/// Is the process alive?
#[utoipa::path(get, path = "/health", tag = "process", responses((status = 200, description = "It lives.", body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// May it get requests?
#[utoipa::path(get, path = "/ready", tag = "process", responses(
    (status = 200, description = "Send requests.", body = Readiness),
    (status = 503, description = "Send none: it is stopping, or the database takes no writes.", body = Readiness),
))]
async fn ready(State(platform): State<Platform>) -> (StatusCode, Json<Readiness>) {
    let writable = platform.db.is_writable(platform.clock.now()).await;
    let database = if writable { Ok(()) } else { Err("The database takes no writes.") };
    let accepting = if platform.shutdown.is_cancelled() { Err("The server is stopping.") } else { Ok(()) };
    answer([("database", database), ("accepting", accepting)])
}

fn answer(
    results: impl IntoIterator<Item = (&'static str, Result<(), &'static str>)>,
) -> (StatusCode, Json<Readiness>) {
    let text = |fine| if fine { "ok".to_owned() } else { "unavailable".to_owned() };
    let checks: BTreeMap<_, _> = results
        .into_iter()
        .map(|(name, result)| {
            let check = CheckResult { status: text(result.is_ok()), detail: result.err().map(str::to_owned) };
            (name.to_owned(), check)
        })
        .collect();
    let fine = checks.values().all(|check| check.detail.is_none());
    let status = if fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { status: text(fine), checks }))
}

/// What the process counted, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "process", responses(
    (status = 200, description = "Prometheus' text format.", body = String, content_type = "text/plain"),
))]
async fn metrics_page(State(platform): State<Platform>) -> Response {
    metrics::page(&platform.hub)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_check_that_fails_is_enough() {
        let (status, Json(body)) = answer([("database", Ok(())), ("accepting", Err("The server is stopping."))]);
        assert_eq!((status, body.status.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
        assert_eq!(body.checks["database"], CheckResult { status: "ok".to_owned(), detail: None });
        assert_eq!(body.checks["accepting"].detail.as_deref(), Some("The server is stopping."));
        assert_eq!(answer([("database", Ok(()))]).0, StatusCode::OK);
    }
}
