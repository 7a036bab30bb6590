//! A connection that is not held open by silence: its client must begin to speak, and take what it
//! is told, before a deadline. WebSockets are written through it as well.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::{config::Timeouts, platform::crowd::Guest};

/// How many bytes hyper may look at before it knows HTTP/1 from HTTP/2. It has no time limit for
/// these, only for what comes after.
const PREFACE: usize = 24;

/// A connection with deadlines.
pub(super) struct Timed {
    // Dropped before the stream: whoever sees the end of one connection finds room for another.
    _guest: Guest,
    stream: TcpStream,
    /// What is still missing of the preface, and until when it may come.
    preface: usize,
    opening: Option<Pin<Box<Sleep>>>,
    /// Until when the client must take something; set while it does not.
    stalled: Option<Pin<Box<Sleep>>>,
    patience: Duration,
}

impl Timed {
    pub(super) fn new(stream: TcpStream, guest: Guest, timeouts: Timeouts) -> Self {
        let opening = Some(Box::pin(sleep(timeouts.head)));
        Self { _guest: guest, stream, preface: PREFACE, opening, stalled: None, patience: timeouts.write }
    }

    fn write<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.stream), cx);
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        self.give_up();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Has the system throw away what the client did not take, rather than offer it for minutes more.
    fn give_up(&self) {
        #[cfg(unix)]
        if let Err(error) = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)) {
            tracing::debug!(%error, "a stalled connection could not be reset");
        }
    }
}

impl AsyncRead for Timed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(opening) = &mut self.opening
            && opening.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.preface = self.preface.saturating_sub(buffer.filled().len() - before);
        if self.preface == 0 {
            self.opening = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Timed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write(cx, bytes))
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
        self.write(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
