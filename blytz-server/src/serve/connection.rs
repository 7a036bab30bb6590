//! One connection: HTTP/1 or HTTP/2, and never a client that says nothing for long.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, Version, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{
    http2::{Pieces, Streams},
    timed::Timed,
};
use crate::{config::Timeouts, error::Error, platform::crowd::Crowd};

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

/// How many of those who are turned away are told why at a time, and how long that may take.
const MAX_FAREWELLS: usize = 64;
const FAREWELL: Duration = Duration::from_secs(1);

/// The open connections.
pub(super) struct Connections {
    router: Router,
    crowd: Crowd,
    builder: auto::Builder<Streams>,
    graceful: GracefulShutdown,
    cut: CancellationToken,
    timeouts: Timeouts,
    farewells: Arc<Semaphore>,
}

impl Connections {
    pub(super) fn new(router: Router, crowd: Crowd, timeouts: Timeouts) -> Self {
        let mut builder = auto::Builder::new(Streams { patience: timeouts.stream });
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
        let (graceful, farewells) = (GracefulShutdown::new(), Arc::new(Semaphore::new(MAX_FAREWELLS)));
        Self { router, crowd, builder, graceful, cut, timeouts, farewells }
    }

    /// Serves a connection in a task of its own, unless its address has too many.
    pub(super) fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let guest = match self.crowd.enter(peer.ip()) {
            Ok(guest) => guest,
            Err(error) => return self.turn_away(stream, error),
        };
        // A bid's answer is smaller than a packet, and must not wait for company.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        #[cfg(unix)]
        if let Err(error) = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER) {
            tracing::debug!(%error, "the send buffer's size could not be set");
        }
        let stream = Timed::new(stream, guest, self.timeouts);
        let (router, builder) = (self.router.clone(), self.builder.clone());
        tokio::spawn(converse(stream, peer, router, builder, self.graceful.watcher(), self.cut.clone()));
    }

    /// Says why, if there is somebody who listens; of very many at once not everybody is told.
    fn turn_away(&self, mut stream: TcpStream, error: Error) {
        let Ok(permit) = Arc::clone(&self.farewells).try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _permit = permit;
            let told = async {
                stream.write_all(refusal(error).as_bytes()).await?;
                stream.shutdown().await?;
                // Closed over a request that nobody read, the connection would be reset, and the answer with it.
                tokio::io::copy(&mut (&mut stream).take(MAX_HEAD as u64), &mut tokio::io::sink()).await
            };
            let _: Result<io::Result<u64>, _> = tokio::time::timeout(FAREWELL, told).await;
        });
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
    stream: Timed,
    peer: SocketAddr,
    router: Router,
    builder: auto::Builder<Streams>,
    watcher: Watcher,
    cut: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let in_pieces = request.version() == Version::HTTP_2;
        let answer = router.clone().call(request);
        async move { answer.await.map(|answer| if in_pieces { answer.map(Pieces::of) } else { answer }) }
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

/// A refusal as HTTP/1 puts it, which is all that is known of whoever has not been heard yet.
fn refusal(error: Error) -> String {
    let mut problem = error.into_problem();
    problem.request_id = hex::encode(crate::clock::random_bytes::<12>());
    let body = serde_json::to_string(&problem).unwrap_or_default();
    format!(
        "HTTP/1.1 {} {}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\nRetry-After: {}\r\n\
         Connection: close\r\n\r\n{body}",
        problem.status,
        problem.title,
        body.len(),
        problem.retry_after.unwrap_or(1),
    )
}
