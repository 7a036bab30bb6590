//! PostgreSQL: pools in lanes, and transactions that a lost connection or a lost answer can't hold up.
//!
//! sqlx waits for an answer for as long as the connection lives, and has no way to notice that it does
//! not: so every statement has a deadline here, and a connection that misses it is closed. The server's
//! own limits are shorter, so that they are mostly the ones that are met.

use std::{
    future::Future,
    io,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool, Postgres as Pg,
    pool::{PoolConnection, PoolConnectionMetadata},
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions},
    query::Query,
};

use super::{CommitError, Lane, OpenError, errors};

/// The oldest PostgreSQL we run on, as it numbers itself.
const OLDEST: i32 = 150_000;

/// How long a statement waits for what another transaction has locked.
const LOCK_MS: u32 = 2_000;
/// What is done by keys, and what lists and searches.
const KEYED: Statements = Statements { longest_ms: 4_000, plans: "auto" };
const SCANS: Statements = Statements { longest_ms: 1_000, plans: "force_custom_plan" };
/// How long a transaction may do nothing: its client has gone without a word, or hangs.
const IDLE_MS: u32 = 5_000;

/// How long an answer is waited for, and the one to a commit.
const ANSWER: Duration = Duration::from_secs(5);
const COMMITTED: Duration = Duration::from_secs(3);
/// How long anybody waits for a connection before they are told to come back.
const PATIENCE: Duration = Duration::from_secs(2);
/// After how long without use a connection is asked whether it is still there, and how long it may take to
/// say so.
const QUIET: Duration = Duration::from_secs(2);
const PING: Duration = Duration::from_secs(1);
/// How long a transaction that came to nothing is given to say so.
const ROLLBACK: Duration = Duration::from_secs(1);

/// How statements of a lane are run.
#[derive(Clone, Copy)]
struct Statements {
    /// How long one may take.
    longest_ms: u32,
    /// Whether PostgreSQL may keep one plan for whatever is asked for. One list has many filters in one text,
    /// most of them not asked for, and a plan for all of them reads every row.
    plans: &'static str,
}

/// PostgreSQL's migrations, in order. A number means the same tables in both databases.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/postgres");

/// A PostgreSQL database.
#[derive(Clone)]
pub struct Postgres {
    options: PgConnectOptions,
    bids: PgPool,
    turns: PgPool,
    writes: PgPool,
    rooms: PgPool,
    lookups: PgPool,
    scans: PgPool,
    trouble: Trouble,
}

/// Whose transaction it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// What all rooms of bids decided, and what must be as quick.
    Bids,
    /// What waits in line for a channel's head.
    Turn,
    /// All that has no hurry.
    Others,
}

/// How many connections each lane may have.
struct Sizes {
    bids: u32,
    turns: u32,
    writes: u32,
    rooms: u32,
    lookups: u32,
    scans: u32,
}

impl Sizes {
    /// For a machine with so many cores: more than that many statements at once only wait for each other.
    /// Bids are written by one transaction at a time; beside it the house says that it is served, and
    /// somebody asks whether that can be written.
    fn of(cores: usize) -> Self {
        let cores = u32::try_from(cores).unwrap_or(u32::MAX).clamp(1, 16);
        let (turns, scans) = (1 + cores.div_ceil(2), 1 + cores.div_ceil(2));
        Self { bids: 3, turns, writes: 2 + cores, rooms: 1 + cores, lookups: 2 + 2 * cores, scans }
    }
}

impl Postgres {
    /// Opens the database that a `postgres:` URL names.
    ///
    /// # Errors
    /// When it can't be reached, is too old, or does not keep its text in UTF-8.
    pub async fn open_url(url: &str) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url)?;
        let place = place(&options);
        Self::connect(options).await.map_err(|error| match error {
            OpenError::Sql(error) => OpenError::NotThere { place, advice: advice(&error), error },
            other => other,
        })
    }

    async fn connect(options: PgConnectOptions) -> Result<Self, OpenError> {
        let options = options.application_name("blytz-server").statement_cache_capacity(256);
        let checked = tokio::time::timeout(ANSWER, check(&options)).await;
        checked.map_err(|_| sqlx::Error::PoolTimedOut)??;
        let sizes = Sizes::of(std::thread::available_parallelism().map_or(1, usize::from));
        let trouble = Trouble::default();
        let lane = |size, statements| pool(size, statements, &trouble).connect_lazy_with(options.clone());
        Ok(Self {
            bids: lane(sizes.bids, KEYED),
            turns: lane(sizes.turns, KEYED),
            writes: lane(sizes.writes, KEYED),
            rooms: lane(sizes.rooms, KEYED),
            lookups: lane(sizes.lookups, KEYED),
            scans: lane(sizes.scans, SCANS),
            options,
            trouble,
        })
    }

    /// Brings the schema up to date, one process at a time: sqlx takes an advisory lock.
    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        // On a connection without limits, whatever the role has: a new index may take its time.
        let options = self.options.clone().options([
            ("statement_timeout", "0"),
            ("lock_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            ("default_transaction_read_only", "off"),
        ]);
        let alone = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
        let migrated = MIGRATIONS.run(&alone).await;
        alone.close().await;
        Ok(migrated?)
    }

    /// A connection to read on.
    pub(super) async fn reader(&self, lane: Lane) -> sqlx::Result<Pooled> {
        let pool = match lane {
            Lane::Rooms => &self.rooms,
            Lane::Lookups => &self.lookups,
            Lane::Scans => &self.scans,
        };
        self.acquire(pool).await
    }

    /// Begins a transaction; one of bids never waits for the connection of another.
    pub(super) async fn begin(&self, writer: Writer) -> sqlx::Result<PgTransaction> {
        let pool = match writer {
            Writer::Bids => &self.bids,
            Writer::Turn => &self.turns,
            Writer::Others => &self.writes,
        };
        PgTransaction::begin(self.acquire(pool).await?).await
    }

    async fn acquire(&self, pool: &PgPool) -> sqlx::Result<Pooled> {
        Ok(Pooled { connection: Some(pool.acquire().await?), trouble: self.trouble.clone() })
    }

    pub(super) async fn close(&self) {
        for pool in [&self.scans, &self.lookups, &self.rooms, &self.writes, &self.turns, &self.bids] {
            pool.close().await;
        }
    }
}

/// Where a database is, without who may use it.
pub(crate) fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("postgres://{}:{}/{database}", options.get_host(), options.get_port())
}

const ENCRYPTION: &str = "look at sslmode and sslrootcert in the URL";

/// What an operator can do about it.
fn advice(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match (error, code.as_deref()) {
        (_, Some("3D000")) => "make it with createdb first",
        (_, Some("28P01" | "28000")) => "look at the user and the password, and at the server's pg_hba.conf",
        (_, Some("53300")) => "its max_connections are all in use",
        (sqlx::Error::Tls(_), _) => ENCRYPTION,
        // What is wrong with a certificate is told as what was read.
        (sqlx::Error::Io(error), _) if error.kind() == io::ErrorKind::InvalidData => ENCRYPTION,
        (sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut, _) => "see whether PostgreSQL runs and listens there",
        _ => "look at the server's log",
    }
}

/// Looks at whom there is before anything is asked of it.
async fn check(options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = options.connect().await?;
    check_server(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Whether a server can keep a house.
///
/// # Errors
/// When it is too old, or does not keep its text in UTF-8.
pub(crate) async fn check_server(connection: &mut PgConnection) -> Result<(), OpenError> {
    let version: i32 =
        sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(&mut *connection).await?;
    if version < OLDEST {
        return Err(OpenError::OldPostgres(version / 10_000));
    }
    let encoding: String = sqlx::query_scalar("show server_encoding").fetch_one(connection).await?;
    if encoding != "UTF8" {
        return Err(OpenError::Encoding(encoding));
    }
    Ok(())
}

fn pool(size: u32, statements: Statements, trouble: &Trouble) -> PgPoolOptions {
    let trouble = trouble.clone();
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(prepare(connection, statements)))
        .before_acquire(move |connection, about| {
            let trouble = trouble.clone();
            Box::pin(async move { Ok(is_alive(connection, &about, &trouble).await) })
        })
}

/// Whether a connection can be relied on. One that was there when another broke is most likely broken, too;
/// and one that was not used for a while may have been forgotten by whatever is on its way, without a word.
async fn is_alive(connection: &mut PgConnection, about: &PoolConnectionMetadata, trouble: &Trouble) -> bool {
    if !trouble.was_before(about.age) {
        return false;
    }
    if about.idle_for < QUIET {
        return true;
    }
    let answers = within(PING, connection.ping()).await.is_ok();
    if !answers {
        trouble.note();
    }
    answers
}

/// What holds on every connection, whatever the cluster, the database or the role say. A commit is on the
/// disk before it is answered; where somebody wants more than that, they have it.
async fn prepare(connection: &mut PgConnection, statements: Statements) -> sqlx::Result<()> {
    let Statements { longest_ms, plans } = statements;
    let settings = format!(
        "set session characteristics as transaction isolation level read committed;
        set default_transaction_read_only = off;
        set statement_timeout = {longest_ms};
        set plan_cache_mode = {plans};
        set lock_timeout = {LOCK_MS};
        set idle_in_transaction_session_timeout = {IDLE_MS};
        select set_config('synchronous_commit', 'on', false)
        where current_setting('synchronous_commit') in ('off', 'local', 'remote_write');"
    );
    answered(async { connection.execute(AssertSqlSafe(settings)).await }).await.map(drop)
}

/// When a connection last broke. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<Instant>>>);

impl Trouble {
    #[expect(clippy::disallowed_methods, reason = "how old a connection is is monotonic time; no rule sees it")]
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether all trouble was before a connection of this age was made.
    fn was_before(&self, age: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() > age)
    }
}

/// A connection of a pool, which gets it back unless it broke.
pub struct Pooled {
    /// There until it is dropped or broken.
    connection: Option<PoolConnection<Pg>>,
    trouble: Trouble,
}

impl Pooled {
    /// The connection.
    pub(crate) fn get(&mut self) -> sqlx::Result<&mut PgConnection> {
        self.connection.as_deref_mut().ok_or_else(lost)
    }

    /// Looks at an answer: after one that says that the connection is lost, nobody uses it any more.
    pub(crate) fn seen<T>(&mut self, answer: sqlx::Result<T>) -> sqlx::Result<T> {
        if answer.as_ref().is_err_and(errors::is_lost) {
            self.trouble.note();
            self.part();
        }
        answer
    }

    /// Closes the connection, without a word that might have to wait for an answer.
    fn part(&mut self) {
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

impl Drop for Pooled {
    /// The pool asks a connection that it gets back whether it is there, without a deadline. One that does
    /// not say so must not keep its place in the lane.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return drop(connection.detach()) };
        let (back, trouble) = (connection.return_to_pool(), self.trouble.clone());
        runtime.spawn(async move {
            if tokio::time::timeout(PING, back).await.is_err() {
                trouble.note();
            }
        });
    }
}

fn lost() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::NotConnected, "the connection to the database was lost"))
}

/// What a statement came to, in time: nobody waits for ever for an answer that was lost on the way.
pub(crate) async fn answered<T>(asked: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    within(ANSWER, asked).await
}

async fn within<T>(limit: Duration, asked: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let late = |_| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"));
    tokio::time::timeout(limit, asked).await.map_err(late)?
}

/// A transaction. Dropped before its end it is rolled back.
pub struct PgTransaction {
    pooled: Pooled,
    /// Whether a statement erred: PostgreSQL then answers a commit with a rollback, and calls it a success.
    failed: bool,
    contended: bool,
    ended: bool,
}

impl PgTransaction {
    async fn begin(pooled: Pooled) -> sqlx::Result<Self> {
        // One from the start: who gives up before it has begun leaves no connection in a transaction.
        let mut transaction = Self { pooled, failed: false, contended: false, ended: false };
        let begun = answered(async { transaction.get()?.execute("begin").await }).await;
        transaction.seen(begun)?;
        Ok(transaction)
    }

    /// Whether a statement failed because another transaction was in its way.
    pub(super) fn is_contended(&self) -> bool {
        self.contended
    }

    /// The connection.
    pub(crate) fn get(&mut self) -> sqlx::Result<&mut PgConnection> {
        self.pooled.get()
    }

    /// Runs a statement that gives no rows; how many it changed.
    pub(crate) async fn run(&mut self, query: Query<'_, Pg, PgArguments>) -> sqlx::Result<u64> {
        let ran = answered(async { query.execute(self.pooled.get()?).await }).await;
        self.seen(ran).map(|done| done.rows_affected())
    }

    /// Looks at an answer: after an error nothing of the transaction can be committed.
    pub(crate) fn seen<T>(&mut self, answer: sqlx::Result<T>) -> sqlx::Result<T> {
        self.failed |= answer.is_err();
        self.contended |= answer.as_ref().is_err_and(errors::is_contention);
        self.pooled.seen(answer)
    }

    /// Commits.
    pub(super) async fn commit(mut self) -> Result<(), CommitError> {
        if self.failed {
            let failed = "a statement of this transaction has failed; nothing of it can be committed";
            return Err(CommitError::NotWritten(sqlx::Error::InvalidArgument(failed.to_owned())));
        }
        let Ok(connection) = self.pooled.get() else { return Err(CommitError::NotWritten(lost())) };
        self.ended = true;
        let committed = within(COMMITTED, async { connection.execute("commit").await }).await;
        self.pooled.seen(committed).map(drop).map_err(CommitError::of)
    }
}

impl Drop for PgTransaction {
    fn drop(&mut self) {
        if self.ended || self.pooled.connection.is_none() {
            return;
        }
        let mut pooled = Pooled { connection: self.pooled.connection.take(), trouble: self.pooled.trouble.clone() };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return pooled.part() };
        runtime.spawn(async move {
            let over = within(ROLLBACK, async { pooled.get()?.execute("rollback").await }).await;
            if pooled.seen(over).is_err() {
                pooled.part();
            }
        });
    }
}

#[cfg(test)]
mod tests;
