//! What keeps strangers from doing harm: headers, origins, time limits, and no panic that gets out.

use std::any::Any;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
    timeout::RequestBodyTimeoutLayer,
};

use crate::{
    config::{Config, Timeouts},
    error::{Error, internal},
};

/// Nothing that we answer is a page, so it may load nothing and be framed by nobody.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Wraps the whole router.
pub fn wrap<S: Clone + Send + Sync + 'static>(router: Router<S>, config: &Config) -> Router<S> {
    router
        .layer(RequestBodyTimeoutLayer::new(config.timeouts.body))
        .layer(middleware::from_fn_with_state(config.timeouts, in_time))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(cors(&config.cors_origins))
        .layer(middleware::from_fn(headers))
}

/// `unavailable` promises that nothing was done, which nobody knows here of what may change something.
async fn in_time(State(timeouts): State<Timeouts>, request: Request, next: Next) -> Response {
    let only_looks = request.method().is_safe();
    match tokio::time::timeout(timeouts.request, next.run(request)).await {
        Ok(response) => response,
        Err(_) if only_looks => Error::unavailable("This took too long; try again in a moment.").into_response(),
        Err(_) => Error::outcome_unknown("This took too long; whether it was done is not known.").into_response(),
    }
}

/// A bug is told from a failure by its log line only; the client learns nothing of the inside.
fn after_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    internal(format_args!("a handler panicked: {}", text.unwrap_or("without words"))).into_response()
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse().ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            super::problem::REQUEST_ID,
        ])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("idempotent-replayed"),
            super::problem::REQUEST_ID,
        ])
        .max_age(std::time::Duration::from_hours(1))
}

/// Headers that every answer has, unless a handler set its own.
async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ] {
        headers.entry(name).or_insert(value);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{body::Body, routing::any};
    use blytz_core::wire::{ErrorCode, Problem};
    use tower::ServiceExt as _;

    use super::*;

    /// What is answered when the handler does not end.
    async fn overdue(method: Method) -> Problem {
        let timeouts = Timeouts { request: Duration::ZERO, ..Timeouts::default() };
        let router = Router::new()
            .route("/", any(std::future::pending::<Response>))
            .layer(middleware::from_fn_with_state(timeouts, in_time));
        let request = Request::builder().method(method).body(Body::empty()).expect("a request");
        let mut response = router.oneshot(request).await.expect("an answer");
        *response.extensions_mut().remove::<Box<Problem>>().expect("a problem")
    }

    #[tokio::test]
    async fn whether_it_was_done_is_not_known_of_what_may_change_something() {
        for (method, code) in [
            (Method::GET, ErrorCode::Unavailable),
            (Method::HEAD, ErrorCode::Unavailable),
            (Method::POST, ErrorCode::OutcomeUnknown),
            (Method::PUT, ErrorCode::OutcomeUnknown),
            (Method::PATCH, ErrorCode::OutcomeUnknown),
            (Method::DELETE, ErrorCode::OutcomeUnknown),
        ] {
            let problem = overdue(method.clone()).await;
            assert_eq!((problem.code, problem.status, problem.retry_after), (code, 503, Some(1)), "{method}");
        }
    }
}
