//! Answers on their way. A large one is in memory until its client has taken it, and clients can ask
//! faster than they take: what is on its way to one address has a bound.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::body::{Frame, SizeHint};

use super::ClientAddr;
use crate::platform::{Platform, crowd::Held};

/// Smaller answers are not counted, in bytes.
const SMALL: usize = 16 * 1024;

/// What an answer of unknown length has in memory at a time, in bytes: a page of a log, and as much
/// where it is being sent.
const IN_PIECES: usize = 512 * 1024;

/// Marks an answer whose bytes every client gets: it is in memory anyway.
#[derive(Debug, Clone, Copy)]
pub struct Shared;

/// Counts a large answer until it has left. Only reading can be refused at this point: whatever else
/// was asked has been done, and its answer is small.
pub async fn count(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let (ClientAddr(address), _) = ClientAddr::of(&parts, &platform.config.trusted_proxies);
    let response = next.run(Request::from_parts(parts, body)).await;
    let size =
        response.body().size_hint().exact().map_or(IN_PIECES, |size| usize::try_from(size).unwrap_or(usize::MAX));
    if size < SMALL || response.extensions().get::<Shared>().is_some() {
        return response;
    }
    match platform.crowd.hold(address, size) {
        Ok(held) => response.map(|body| Body::new(OnItsWay { body, held: Arc::new(held) })),
        Err(error) => error.into_response(),
    }
}

/// A body whose bytes keep `held` until nobody needs them any more. The body itself ends earlier: when
/// it has handed them over.
struct OnItsWay {
    body: Body,
    held: Arc<Held>,
}

impl HttpBody for OnItsWay {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let counted = |bytes| Bytes::from_owner(Counted { bytes, _held: Arc::clone(&self.held) });
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(counted))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct Counted {
    bytes: Bytes,
    _held: Arc<Held>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use http_body_util::BodyExt;

    use super::*;
    use crate::{config::Config, platform::crowd::Crowd};

    #[tokio::test]
    async fn bytes_count_until_they_are_let_go_wherever_they_are() {
        let (crowd, address) = (Crowd::new(&Config::default()), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let all = Crowd::MOST_HELD;
        let held = Arc::new(crowd.hold(address, all).expect("there is room"));
        let body = OnItsWay { body: Body::from("an answer"), held };
        assert_eq!(body.size_hint().exact(), Some(9), "its length is known beforehand");
        let bytes = body.collect().await.expect("a body").to_bytes();
        assert_eq!(bytes, "an answer");
        let part = bytes.slice(3..);
        drop(bytes);
        assert!(crowd.hold(address, 1).is_err(), "a part of it is still there");
        drop(part);
        assert!(crowd.hold(address, all).is_ok());
    }
}
