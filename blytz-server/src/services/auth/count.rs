//! Counting requests: by user where a valid token says who asks, by address otherwise.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Accounts;
use crate::{
    http::{ClientAddr, bearer},
    platform::limits::Caller,
};

/// Counts every request, whatever becomes of it.
pub async fn count(State(accounts): State<Accounts>, request: Request, next: Next) -> Response {
    let platform = &accounts.platform;
    if !platform.limits.are_on() || is_about_the_process(request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let is_bid = parts.method == Method::POST && parts.uri.path() == "/auction/bid";
    let user = match bearer(&parts.headers) {
        Ok(token) => accounts.identify(token).await.ok(),
        Err(_) => None,
    };
    let counted = match user {
        Some(user) if is_bid => platform.limits.bid(user.id),
        Some(user) => platform.limits.request(Caller::User(user.id)),
        None => {
            let (ClientAddr(address), _) = ClientAddr::of(&parts, &platform.config.trusted_proxies);
            platform.limits.request(Caller::Address(address))
        }
    };
    match counted {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => error.into_response(),
    }
}

/// What an operator's own programs ask, often from the address of a proxy, and must be answered. They
/// cost little: the database is looked at once a second, however often it is asked for.
fn is_about_the_process(path: &str) -> bool {
    matches!(path, "/health" | "/ready" | "/metrics")
}
