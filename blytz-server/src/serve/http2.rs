//! HTTP/2 streams that nobody reads. They hold their answers back by flow control while the
//! connection itself is well, so that no deadline of the connection's sees them.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::{
    body::{Frame, SizeHint},
    rt::Executor,
};
use tokio::time::{Instant, Sleep, sleep};

/// Runs streams, and drops those in which nothing happens for a while: they are reset, and their
/// neighbours on the connection go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streams {
    pub(super) patience: Duration,
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let Self { patience } = *self;
        tokio::spawn(async move {
            let stream = Box::pin(stream);
            Awake { stream, patience, deadline: Box::pin(sleep(patience)) }.await;
        });
    }
}

/// A future that must be woken by something, at least every so often.
struct Awake<F> {
    stream: Pin<Box<F>>,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl<F: Future> Future for Awake<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.deadline.as_mut().poll(cx).is_ready() {
            tracing::debug!("a stream was reset: nobody reads it");
            return Poll::Ready(());
        }
        // It was not the deadline that woke us, so the stream has moved.
        let next = Instant::now() + self.patience;
        self.deadline.as_mut().reset(next);
        self.deadline.as_mut().poll(cx)
    }
}

/// How much of an answer is handed over at a time. What the library has been given it keeps until the
/// client takes it, whether the stream lives or not.
const PIECE: usize = 16 * 1024;

/// A body in small pieces.
pub(super) struct Pieces {
    body: Body,
    rest: Bytes,
}

impl Pieces {
    pub(super) fn of(body: Body) -> Body {
        Body::new(Self { body, rest: Bytes::new() })
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn pieces_are_the_whole() {
        let whole: Bytes = (0..=u8::MAX).cycle().take(3 * PIECE + 1).collect();
        let mut pieces = Pieces::of(Body::from(whole.clone()));
        let mut read = Vec::new();
        loop {
            assert_eq!(pieces.size_hint().exact(), Some((whole.len() - read.len()) as u64));
            let Some(frame) = pieces.frame().await else { break };
            let data = frame.expect("a frame").into_data().expect("data");
            assert!(data.len() <= PIECE);
            read.extend_from_slice(&data);
        }
        assert!(read == whole && pieces.is_end_stream());
    }
}
