//! A proxy before PostgreSQL that loses commits and answers to commits, or lets them come late.
//!
//! It reads what clients send, and asks the test what is to become of each `COMMIT`. A statement that
//! commits by itself, outside of a transaction, passes.

mod session;
mod wire;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Pass,
    /// PostgreSQL commits, and then both connections are cut: nobody is told.
    DropAnswer,
    /// Both connections are cut before PostgreSQL hears of it.
    DropBefore,
    /// PostgreSQL commits, and what it says comes so much later, if somebody still listens.
    DelayAnswer(Duration),
    /// PostgreSQL hears of it so much later, even if whoever commits has hung up meanwhile.
    HoldCommit(Duration),
}

/// How many commits there were, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// That clients have sent.
    pub seen: usize,
    /// That PostgreSQL has answered, whatever became of its answer.
    pub answered: usize,
    /// Whose connections were cut, by [`Fate::DropAnswer`] or [`Fate::DropBefore`].
    pub dropped: usize,
    /// Whose answer was there, and was held back.
    pub delayed: usize,
    /// That were held back themselves.
    pub held: usize,
}

/// The statements of a transaction, so far.
#[derive(Debug, Default)]
pub struct Transaction(Vec<String>);

impl Transaction {
    /// Whether one of its statements has this text in it.
    pub fn says(&self, text: &str) -> bool {
        self.0.iter().any(|statement| statement.contains(text))
    }
}

type Decide = Box<dyn FnMut(&Transaction) -> Fate + Send>;

/// What all connections of a proxy share.
struct Ground {
    decide: Mutex<Decide>,
    counts: watch::Sender<Counts>,
}

impl Ground {
    fn decide(&self, transaction: &Transaction) -> Fate {
        self.count(|counts| counts.seen += 1);
        self.decide.lock().unwrap_or_else(PoisonError::into_inner)(transaction)
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }
}

/// A proxy on a loopback port. Dropped, it cuts all its connections.
pub struct CommitProxy {
    port: u16,
    ground: Arc<Ground>,
    accepting: JoinHandle<()>,
}

impl CommitProxy {
    /// One before the PostgreSQL on this port. Everything passes until the test says otherwise.
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let ground = Ground { decide: Mutex::new(Box::new(|_| Fate::Pass)), counts: watch::Sender::default() };
        let ground = Arc::new(ground);
        Self { port, accepting: tokio::spawn(accept(listener, server, Arc::clone(&ground))), ground }
    }

    /// A database's address by way of this proxy.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://blytz@127.0.0.1:{}/{database}", self.port)
    }

    /// Asks this from now on what becomes of each commit.
    pub fn decide(&self, decide: impl FnMut(&Transaction) -> Fate + Send + 'static) {
        *self.ground.decide.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(decide);
    }

    /// What becomes of the next commits of transactions that say this, in order. All others pass.
    pub fn next(&self, text: &str, fates: impl IntoIterator<Item = Fate>) {
        let (text, mut fates) = (text.to_owned(), fates.into_iter().collect::<VecDeque<_>>());
        self.decide(
            move |transaction| {
                if transaction.says(&text) { fates.pop_front().unwrap_or(Fate::Pass) } else { Fate::Pass }
            },
        );
    }

    pub fn counts(&self) -> Counts {
        *self.ground.counts.borrow()
    }

    /// Waits until the counts are as the test wants them.
    pub async fn until(&self, holds: impl FnMut(&Counts) -> bool) {
        let mut counts = self.ground.counts.subscribe();
        let held = tokio::time::timeout(Duration::from_mins(1), counts.wait_for(holds)).await;
        assert!(held.is_ok(), "not in a minute; it stands at {:?}", self.counts());
    }
}

impl Drop for CommitProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves whoever comes. Its connections end with it.
async fn accept(listener: TcpListener, server: u16, ground: Arc<Ground>) {
    let mut sessions = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.expect("somebody comes");
        while sessions.try_join_next().is_some() {}
        let ground = Arc::clone(&ground);
        sessions.spawn(async move {
            // Who can't be connected is hung up on, as they would be without a proxy.
            if let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await {
                session::serve(client, server, &ground).await;
            }
        });
    }
}
