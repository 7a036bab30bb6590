//! Problem documents (RFC 9457) with the request's id, for every error that leaves the house.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use blytz_core::wire::{ErrorCode, Problem};

/// The header that carries the request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request being answered, for logs and problems.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives every request an id and every error its body. Outermost, so that nothing slips past.
pub async fn finish(mut request: Request, next: Next) -> Response {
    let made = || hex::encode(crate::clock::random_bytes::<12>());
    let id = proposed_id(&request).map_or_else(made, str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Box<Problem>>().or_else(|| unexplained(&response));
    if let Some(mut problem) = problem {
        problem.request_id.clone_from(&id);
        response = explain(response, &problem);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The id that its sender gave it, if it is one to write into a log.
fn proposed_id(request: &Request) -> Option<&str> {
    let id = request.headers().get(&REQUEST_ID)?.to_str().ok()?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (is_plain && (1..=64).contains(&id.len())).then_some(id)
}

/// The problem behind an error that a library answered by itself: a wrong method, a time-out.
fn unexplained(response: &Response) -> Option<Box<Problem>> {
    let status = response.status();
    // What has JSON to say, such as a readiness check that failed, has said it.
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let ours = kind.is_some_and(|kind| matches!(kind, "application/problem+json" | "application/json"));
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => (ErrorCode::NotFound, "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => (
            ErrorCode::MethodNotAllowed,
            "This address does not take that method; the Allow header says which it takes.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::PayloadTooLarge, "The body may have at most 1 MiB."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (ErrorCode::UnsupportedMediaType, "Send application/json."),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            (ErrorCode::Unavailable, "The server is busy; try again in a moment.")
        }
        _ if status.is_client_error() => (ErrorCode::BadRequest, "The request could not be understood."),
        _ => (ErrorCode::Internal, "Something went wrong on our side; it has been noted."),
    };
    let mut problem = Problem::new(code, detail);
    problem.status = status.as_u16();
    problem.retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
    Some(Box::new(problem))
}

fn explain(response: Response, problem: &Problem) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.status == 401 {
        parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Response::from_parts(parts, Body::from(serde_json::to_vec(problem).unwrap_or_default()))
}
