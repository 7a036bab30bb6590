//! Answers that come before the question was heard to its end.
//!
//! A body that is too large is refused while its client still sends. Were the connection closed
//! then, the client would fail at sending and never read why. So what nobody read is read here and
//! thrown away, up to a point. (HTTP/2 can tell a client to stop, and does.)

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    Error,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::Version,
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

use crate::config::Timeouts;

/// How much is thrown away, in bytes; who sends more is cut off after all.
const PATIENCE: usize = 64 * 1024 * 1024;

/// Hears every HTTP/1 request to its end before its answer goes out.
pub async fn hear_out(State(timeouts): State<Timeouts>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() || request.version() > Version::HTTP_11 {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = Shared(Arc::new(Mutex::new(Some(body))));
    let response = next.run(Request::from_parts(parts, Body::new(body.clone()))).await;
    // Who does not send on in time, or sends too much, is not waited for.
    if let Some(rest) = body.take() {
        let _ = tokio::time::timeout(timeouts.body, throw_away(rest)).await;
    }
    response
}

async fn throw_away(mut body: Body) {
    let mut left = PATIENCE;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// A body of which the rest is still there when its answer is. A handler that is still at work then
/// gets nothing more of it: of two readers each would see a part.
#[derive(Clone)]
struct Shared(Arc<Mutex<Option<Body>>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut Option<Body>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&self) -> Option<Body> {
        self.with(Option::take)
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.with(|body| match body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(Some(Err(Error::new("the request's time is over")))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.as_ref().is_some_and(HttpBody::is_end_stream))
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.as_ref().map(HttpBody::size_hint).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_is_thrown_away_has_no_other_reader() {
        let body = Shared(Arc::new(Mutex::new(Some(Body::from("half of it")))));
        let mut handler = Body::new(body.clone());
        throw_away(body.take().expect("the rest")).await;
        assert!(handler.frame().await.expect("no silent end").is_err(), "what is missing is not passed over");
    }
}
