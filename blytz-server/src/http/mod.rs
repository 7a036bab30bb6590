//! HTTP: what every handler shares.

mod client_addr;
pub mod docs;
pub mod extract;
mod held;
mod lingering;
pub mod metrics;
pub mod openapi;
mod origin;
pub mod problem;
pub mod process;
pub mod security;
mod unreadable;

use axum::{Router, extract::DefaultBodyLimit, middleware};

pub use self::{
    client_addr::ClientAddr,
    extract::{Anyone, Body, PageQuery, PathId, Query, bearer},
    origin::check_origin,
};
use crate::{error::Error, platform::Platform};

/// What stands between the routes and whoever counts requests.
pub fn inside<S: Clone + Send + Sync + 'static>(routes: Router<S>, platform: &Platform) -> Router<S> {
    routes
        .fallback(|| async { Error::not_found() })
        .layer(middleware::from_fn_with_state(platform.clone(), held::count))
}

/// What stands around everything: what may be sent, how long it may take, and how errors look.
pub fn outside<S: Clone + Send + Sync + 'static>(router: Router<S>, platform: &Platform) -> Router<S> {
    let timeouts = platform.config.timeouts;
    security::wrap(router.layer(DefaultBodyLimit::max(extract::MAX_BODY)), &platform.config)
        .layer(middleware::from_fn_with_state(timeouts, lingering::hear_out))
        .layer(middleware::from_fn(metrics::measure))
        .layer(middleware::from_fn(problem::finish))
}
