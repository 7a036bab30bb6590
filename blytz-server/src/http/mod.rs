//! HTTP: what every handler shares.

mod client_addr;
pub mod crowd;
pub mod docs;
pub mod extract;
mod held;
pub mod limits;
mod lingering;
pub mod metrics;
pub mod openapi;
mod origin;
pub mod problem;
pub mod process;
pub mod security;
mod uninterrupted;
mod unreadable;

use axum::{Router, extract::DefaultBodyLimit, middleware};

pub(crate) use self::origin::check_origin;
pub use self::{
    extract::{Anyone, Body, NoBody, PageQuery, PathId, Query},
    limits::ClientAddr,
};
use crate::{app::App, error::Error};

/// Every path of the server, with everything that wraps a request. Nests in other axum apps.
///
/// The address that requests came from is taken from [`axum::extract::ConnectInfo`], which a host
/// app provides by serving with `into_make_service_with_connect_info`.
pub fn router(app: App) -> Router {
    let (routes, document) = openapi::routes();
    let router = routes
        .merge(docs::router(&document))
        .fallback(|| async { Error::not_found() })
        .layer(middleware::from_fn_with_state(app.tasks.clone(), uninterrupted::to_its_end))
        .layer(middleware::from_fn_with_state(app.clone(), held::count))
        .layer(middleware::from_fn_with_state(app.clone(), limits::count))
        .layer(DefaultBodyLimit::max(extract::MAX_BODY));
    security::wrap(router, &app.config)
        .layer(middleware::from_fn_with_state(app.config.timeouts, lingering::hear_out))
        .layer(middleware::from_fn(metrics::measure))
        .layer(middleware::from_fn(problem::finish))
        .with_state(app)
}
