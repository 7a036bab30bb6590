//! `/metrics`: what the process counted, in Prometheus' text format.

use std::{sync::OnceLock, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::Instant;
use tracing::Instrument;

use super::problem::RequestId;
use crate::platform::hub::Hub;

/// From half a millisecond, where a commit is, to the ten seconds after which nobody waits.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Numbers of things handled together.
const SIZES: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// The process's recorder, installed by whoever asks first; servers in one process share it.
///
/// A program that installed another recorder before keeps it, and `/metrics` is empty.
pub fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        builder().install_recorder().unwrap_or_else(|error| {
            tracing::warn!(%error, "metrics go to a recorder that was there before; /metrics is empty");
            builder().build_recorder().handle()
        })
    })
}

fn builder() -> PrometheusBuilder {
    let builder = PrometheusBuilder::new();
    let sizes = |name: &str| (Matcher::Full(name.to_owned()), SIZES.as_slice());
    [
        (Matcher::Suffix("_seconds".to_owned()), SECONDS.as_slice()),
        sizes("blytz_commit_events"),
        sizes("blytz_room_queue"),
    ]
    .into_iter()
    .fold(builder, |builder, (matcher, buckets)| {
        // Refused are only empty buckets.
        builder.set_buckets_for_metric(matcher, buckets).unwrap_or_else(|_| PrometheusBuilder::new())
    })
}

/// How often samples are put into their buckets; nobody may ever ask for the page.
const UPKEEP: Duration = Duration::from_secs(5);

/// Keeps the recorder small until `shutdown`, whether anybody asks for the page or not.
pub(crate) async fn upkeep(shutdown: tokio_util::sync::CancellationToken) {
    let mut beat = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = beat.tick() => recorder().run_upkeep(),
            () = shutdown.cancelled() => return,
        }
    }
}

/// What `/metrics` answers.
pub(super) fn page(hub: &Hub) -> Response {
    metrics::gauge!("blytz_live_subscriptions").set(hub.subscriptions() as f64);
    let text = recorder().render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Counts requests and times them by route, never by path: an id must not become a label.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    // Whatever is logged meanwhile can be found by the id that the client was given.
    let id = request.extensions().get::<RequestId>().map_or("", |id| id.0.as_str());
    let span = tracing::error_span!("request", id, method, path);
    let started = Instant::now();
    let response = next.run(request).instrument(span).await;
    let took = started.elapsed();
    let status = response.status().as_u16().to_string();
    tracing::debug!(method, path, status, took_ms = millis(took), "answered");
    metrics::counter!("blytz_http_requests_total", "method" => method.clone(), "path" => path.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("blytz_http_request_seconds", "method" => method, "path" => path).record(took.as_secs_f64());
    response
}

fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}
