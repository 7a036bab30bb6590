//! `/openapi.json`, and `/docs` to read it in a browser, from files that are in the program: a
//! machine without internet shows them as well.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::{app::App, error::Error};

/// The reader brings its own scripts and styles, sets styles inline, and asks us for the document.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; frame-ancestors 'none'",
);

/// The two, over a document that does not change while the program runs.
pub(super) fn router(document: &OpenApi) -> Router<App> {
    let json = Bytes::from(document.to_pretty_json().unwrap_or_default());
    // Relative, so that it is found under whatever prefix the router is nested; and no
    // badge of a validator on the internet.
    let config = Arc::new(Config::from("../openapi.json").validator_url("none"));
    Router::new()
        .route("/openapi.json", get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json) }))
        .route("/docs", get(|| async { (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "docs/")]) }))
        .route("/docs/", get({
            let config = Arc::clone(&config);
            || async move { file("", config) }
        }))
        .route("/docs/{*file}", get(|Path(path): Path<String>, State(config): State<Arc<Config<'static>>>| async move {
            file(&path, config)
        }).with_state(config))
}

fn file(path: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(path, config) {
        Ok(Some(file)) => {
            let mut response = Body::from(file.bytes.into_owned()).into_response();
            let headers = response.headers_mut();
            if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
            response
        }
        Ok(None) => Error::not_found().into_response(),
        Err(error) => crate::error::internal(error).into_response(),
    }
}
