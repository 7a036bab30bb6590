//! One connection: HTTP/1 or HTTP/2, and never a client that says nothing for long.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::config::Timeouts;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// Requests at once over one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// What the system may hold back for one connection, in bytes. Its own choice grows to megabytes,
/// which a thousand stalled watchers would fill before anybody noticed that they do not read.
#[cfg(unix)]
const SEND_BUFFER: usize = 128 * 1024;
/// How often an idle HTTP/2 connection is asked whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(20);

/// The open connections.
pub(super) struct Connections {
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    cut: CancellationToken,
    head: Duration,
}

impl Connections {
    pub(super) fn new(router: Router, timeouts: Timeouts) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(timeouts.head)
            .max_buf_size(MAX_HEAD)
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD as u32)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(timeouts.head);
        let cut = CancellationToken::new();
        Self { router, builder, graceful: GracefulShutdown::new(), cut, head: timeouts.head }
    }

    /// Serves a connection in a task of its own.
    pub(super) fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // A bid's answer is smaller than a packet, and must not wait for company.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        #[cfg(unix)]
        if let Err(error) = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER) {
            tracing::debug!(%error, "the send buffer's size could not be set");
        }
        let stream = Opening { stream, left: PREFACE, deadline: Some(Box::pin(tokio::time::sleep(self.head))) };
        let (router, builder) = (self.router.clone(), self.builder.clone());
        tokio::spawn(converse(stream, peer, router, builder, self.graceful.watcher(), self.cut.clone()));
    }

    /// Lets every connection answer what it has been asked, and cuts those that take longer.
    pub(super) async fn finish(self, patience: Duration) {
        let Self { graceful, cut, .. } = self;
        if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were not answered in time");
        }
        cut.cancel();
    }
}

async fn converse(
    stream: Opening,
    peer: SocketAddr,
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    watcher: Watcher,
    cut: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let conversation = watcher.watch(connection);
    tokio::select! {
        ended = conversation => if let Err(error) = ended {
            tracing::debug!(%error, %peer, "a connection ended early");
        },
        () = cut.cancelled() => tracing::debug!(%peer, "a connection was cut"),
    }
}

/// How many bytes hyper may look at before it knows HTTP/1 from HTTP/2. It has no time limit for
/// these, only for what comes after.
const PREFACE: usize = 24;

/// A connection that must begin to speak before a deadline.
struct Opening {
    stream: TcpStream,
    left: usize,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Opening {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        if self.left == 0 {
            self.deadline = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Opening {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
