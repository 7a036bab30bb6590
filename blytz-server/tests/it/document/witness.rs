//! Where answers are seen.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{Method, StatusCode, response::Parts},
    response::Response,
};
use futures_util::{StreamExt, stream};
use tower::ServiceExt;

use super::{Answer, DOCUMENT};

/// Sees every answer of one server, and fails the test that holds it when one was not as described.
#[derive(Default)]
pub struct Witness(Arc<Mutex<Vec<String>>>);

impl Witness {
    /// Puts itself around the routes: as a router of its own, for axum writes the Allow header outside
    /// of every layer.
    pub fn around(&self) -> impl FnOnce(Router) -> Router + Send + use<> {
        let seen = Arc::clone(&self.0);
        move |router| {
            Router::new().fallback(move |request: Request| {
                let (router, seen) = (router.clone(), Arc::clone(&seen));
                async move { look(request, router, &seen).await }
            })
        }
    }

    /// What was not as described until now; forgotten by this.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let faults = self.take();
        if faults.is_empty() {
            return;
        }
        let text = format!("{} answers are not as the document describes them:\n{}", faults.len(), faults.join("\n"));
        // A second panic would abort, and hide the first.
        if std::thread::panicking() {
            eprintln!("{text}");
        } else {
            panic!("{text}");
        }
    }
}

type Seen = Arc<Mutex<Vec<String>>>;

async fn look(request: Request, router: Router, seen: &Seen) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let Ok(response) = router.oneshot(request).await;
    let (parts, body) = response.into_parts();
    // After the answer to an upgrade, the connection is not HTTP any more.
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        judge(seen, &method, &path, &parts, b"");
        return Response::from_parts(parts, body);
    }
    if body.size_hint().exact().is_some() {
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("the server's own body");
        judge(seen, &method, &path, &parts, &bytes);
        return Response::from_parts(parts, Body::from(bytes));
    }
    // What is streamed goes on as it comes, and is looked at when it has ended.
    let body = copied(body, {
        let (seen, parts) = (Arc::clone(seen), parts.clone());
        move |bytes| judge(&seen, &method, &path, &parts, bytes)
    });
    Response::from_parts(parts, body)
}

fn copied(body: Body, at_the_end: impl FnOnce(&[u8]) + Send + 'static) -> Body {
    let copy = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&copy);
    let with = move |copy: &Mutex<Vec<u8>>, bytes: &Bytes| {
        copy.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    };
    let frames = body.into_data_stream().inspect(move |frame| {
        if let Ok(bytes) = frame {
            with(&copy, bytes);
        }
    });
    let end = stream::once(async move {
        at_the_end(&kept.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Bytes::new())
    });
    Body::from_stream(frames.chain(end))
}

fn judge(seen: &Seen, method: &Method, path: &str, parts: &Parts, body: &[u8]) {
    let answer = Answer { method, path, status: parts.status, headers: &parts.headers, body };
    if let Err(fault) = DOCUMENT.judge(answer) {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }
}

/// A client for plain HTTP; reqwest wants to know even so what TLS would be done with.
pub fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::new()
}

/// Sends a request to a server that has no witness, and returns the answer once it was judged.
pub async fn judged(request: reqwest::RequestBuilder) -> reqwest::Response {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.expect("an answer");
    let (mut parts, ()) = axum::http::Response::new(()).into_parts();
    (parts.status, parts.headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("a body");
    let answer = Answer { method: &method, path: &path, status: parts.status, headers: &parts.headers, body: &body };
    DOCUMENT.judge(answer).unwrap_or_else(|fault| panic!("{fault}"));
    axum::http::Response::from_parts(parts, body).into()
}
