//! `/openapi.json`, and `/docs` to read it in a browser, from files that are in the program: a
//! machine without internet shows them as well.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, Response, header},
    response::IntoResponse,
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::held::Shared;
use crate::error::Error;

/// The reader brings its own scripts and styles, sets styles inline, and asks us for the document.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; frame-ancestors 'none'",
);

type Reader = Arc<Config<'static>>;

/// The two, over a document that does not change while the program runs.
pub fn router<S: Clone + Send + Sync + 'static>(document: &OpenApi) -> Router<S> {
    let json = Bytes::from(document.to_pretty_json().unwrap_or_default());
    let description = async move || (Extension(Shared), [(header::CONTENT_TYPE, "application/json")], json);
    let page = async |State(config): State<Reader>| file("", config).map(rebased);
    let same_page = async |State(config): State<Reader>| file("", config).map(Body::from);
    let other = async |Path(path): Path<String>, State(config): State<Reader>| file(&path, config).map(Body::from);
    // Relative, so that it is found under whatever prefix the router is nested; and no
    // badge of a validator on the internet.
    let config = Config::from("../openapi.json").validator_url("none");
    Router::new()
        .route("/openapi.json", get(description))
        .route("/docs", get(page))
        .route("/docs/", get(same_page))
        .route("/docs/{*file}", get(other))
        .with_state(Arc::new(config))
}

/// The page as it stands at `/docs`, without the slash: what it brings along is one level below.
fn rebased(page: Bytes) -> Body {
    let page = String::from_utf8_lossy(&page).replacen("<head>", "<head>\n    <base href=\"docs/\">", 1);
    Body::from(page)
}

/// A file of the reader, with the headers that a browser wants to see beside it.
fn file(path: &str, config: Reader) -> Response<Bytes> {
    let found = match utoipa_swagger_ui::serve(path, config) {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, path, "a file of the reader can't be served");
            None
        }
    };
    let Some(file) = found else { return missing() };
    // Every client gets the same bytes: whoever asks for the largest and does not take it costs nothing.
    let mut response = Response::new(match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    });
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response.extensions_mut().insert(Shared);
    response
}

/// 404; the problem's text is written on the way out.
fn missing() -> Response<Bytes> {
    Error::not_found().into_response().map(|_| Bytes::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_in_memory_once_however_many_ask_for_it() {
        let config = Arc::new(Config::from("../openapi.json"));
        for path in ["swagger-ui-bundle.js", "swagger-ui.css", ""] {
            let [one, other] = [0, 1].map(|_| file(path, Arc::clone(&config)).into_body());
            assert!(!one.is_empty() && one.as_ptr() == other.as_ptr(), "{path}");
        }
    }
}
