//! `blytz-server` without a command: serve until a signal says stop.

use std::io::Write;

use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::{
    config::{Config, Layers, Options},
    serve::Server,
    telemetry,
};

/// Serves as the options, the environment and the file say, until SIGTERM or SIGINT. Prints one
/// line with the address on stdout once it is ready.
///
/// # Errors
/// [`Failure::Usage`] when a value is wrong, [`Failure::Failed`] when the server can't start.
pub async fn serve(options: &Options) -> Result<(), Failure> {
    let layers = Layers::gather(options)?;
    let config = Config::from_layers(&layers)?;
    telemetry::init(&config.log);
    for warning in layers.warnings() {
        tracing::warn!("{warning}");
    }
    // Before the start, so that a signal while it lasts is not lost.
    let shutdown = CancellationToken::new();
    let signals = Signals::listen()?;
    tokio::spawn(stop_on_signal(signals, shutdown.clone()));

    allow_many_sockets();
    let running = Server::builder().config(config).shutdown(shutdown).launch().await?;
    announce(&running.url());
    Ok(running.stopped().await?)
}

/// Every watcher is a socket, and many systems allow a process no more than 1024 files unless it
/// asks for the rest of what it may have.
#[cfg(unix)]
pub fn allow_many_sockets() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, ?current, "the number of sockets could not be raised");
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub fn allow_many_sockets() {}

fn announce(url: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading, and that is no reason to stop.
    let _ = writeln!(out, "blytz-server listening on {url}").and_then(|()| out.flush());
}

async fn stop_on_signal(mut signals: Signals, shutdown: CancellationToken) {
    signals.next().await;
    shutdown.cancel();
    // Who asks twice does not want to wait.
    signals.next().await;
    std::process::exit(1);
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Result<Self, anyhow::Error> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on the other systems")]
    fn listen() -> Result<Self, anyhow::Error> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
