//! Whether both databases do the same: every statement of every store, asked of an SQLite and of a
//! PostgreSQL in turn, by the same functions, with arguments that are drawn at random.
//!
//! Each store has a `conformance` module with the operations on its tables. A [`Pair`] does each of
//! them on both databases and compares what they answer; now and then it compares whole tables.

mod coverage;
mod draw;
mod tables;

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::atomic::{AtomicU32, Ordering},
};

use blytz_core::wire::ErrorCode;
use sqlx::error::ErrorKind;

pub use self::draw::Draw;
pub use super::cluster::left_out;
use super::{Db, Postgres, Run, Sqlite, Tx, on_tx};
use crate::error;

/// How many operations are done between two comparisons of whole tables.
const BETWEEN: usize = 500;

/// A database of each kind, which are to have the same in them.
pub struct Pair {
    sqlite: Db,
    postgres: Db,
    seed: u64,
    step: usize,
    /// What each function answered.
    asked: BTreeMap<&'static str, Answers>,
    _folder: tempfile::TempDir,
}

/// What a function answered so far: one that says nothing new is not tested.
#[derive(Default)]
struct Answers {
    first: Option<String>,
    /// Whether another answer followed the first.
    differ: bool,
}

impl Answers {
    fn note(&mut self, answer: &impl Debug) {
        if !self.differ {
            let answer = format!("{answer:?}");
            let first = self.first.get_or_insert_with(|| answer.clone());
            self.differ = *first != answer;
        }
    }

    /// Whether it did something, and answered differently where it answers at all.
    fn say_something(&self) -> bool {
        self.differ || self.first.as_deref() == Some("()")
    }
}

/// What an error is, whichever database says it: texts differ.
pub trait Class {
    fn class(&self) -> String;
}

impl Class for sqlx::Error {
    fn class(&self) -> String {
        match self {
            Self::Database(error) => match error.kind() {
                ErrorKind::Other => format!("other: {error}"),
                kind => format!("{kind:?}"),
            },
            Self::Decode(error) => format!("unreadable: {error}"),
            other => format!("{other:?}"),
        }
    }
}

impl Class for error::Error {
    fn class(&self) -> String {
        let code = self.code();
        assert_ne!(code, ErrorCode::Unavailable, "nobody else is at work: {self}");
        format!("{code}")
    }
}

/// Has a function of a store read from both databases: `reads!(pair, users::user(id))`. With
/// `=> shown` after it, that is made of its answer and compared.
macro_rules! reads {
    ($pair:expr, $($function:ident)::+ ($($argument:expr),* $(,)?) $(=> $shown:expr)?) => {
        $pair.read(
            stringify!($($function)::+),
            async |db| $($function)::+(db $(, $argument)*).await $(.map($shown))?,
        ).await
    };
}

/// Has a function of a store write to both databases, in a transaction of its own.
macro_rules! writes {
    ($pair:expr, $($function:ident)::+ ($($argument:expr),* $(,)?) $(=> $shown:expr)?) => {
        $pair.write(
            stringify!($($function)::+),
            async |tx| $($function)::+(tx $(, $argument)*).await $(.map($shown))?,
        ).await
    };
}

pub(crate) use {reads, writes};

impl Pair {
    /// Two databases with the schema and nothing else.
    pub async fn open(seed: u64) -> Self {
        let folder = in_memory().expect("a temporary folder");
        let sqlite = Sqlite::open(&folder.path().join("t.db")).await.expect("SQLite opens");
        let postgres = Postgres::open_url(&fresh_database()).await.expect("PostgreSQL opens");
        Self {
            sqlite: Db::sqlite(sqlite).await.expect("a schema"),
            postgres: Db::postgres(postgres).await.expect("a schema"),
            seed,
            step: 0,
            asked: BTreeMap::new(),
            _folder: folder,
        }
    }

    /// Reads from both, and compares.
    pub async fn read<T, E>(&mut self, name: &'static str, op: impl AsyncFn(&Db) -> Result<T, E>) -> Option<T>
    where
        T: Debug + PartialEq,
        E: Class,
    {
        let (sqlite, postgres) = tokio::join!(op(&self.sqlite), op(&self.postgres));
        self.agree(name, sqlite.map_err(|error| error.class()), postgres.map_err(|error| error.class()))
    }

    /// Writes to both, each in a transaction of its own, and compares. What fails is rolled back.
    pub async fn write<T, E>(&mut self, name: &'static str, op: impl AsyncFn(&mut Tx) -> Result<T, E>) -> Option<T>
    where
        T: Debug + PartialEq,
        E: Class,
    {
        let (sqlite, postgres) = tokio::join!(written(&self.sqlite, &op), written(&self.postgres, &op));
        self.agree(name, sqlite, postgres)
    }

    fn agree<T: Debug + PartialEq>(
        &mut self,
        name: &'static str,
        sqlite: Result<T, String>,
        postgres: Result<T, String>,
    ) -> Option<T> {
        let place = format!("{name} at step {} of seed {}", self.step, self.seed);
        assert!(sqlite == postgres, "{place} (SQLite, PostgreSQL): {:#?}", differing(&sqlite, &postgres));
        let answers = self.asked.entry(name).or_default();
        sqlite.inspect(|answer| answers.note(answer)).ok()
    }

    /// Runs a statement of the test's own on both, for rows that no store writes.
    pub async fn arrange(&self, sql: &'static str, id: uuid::Uuid) {
        for db in [&self.sqlite, &self.postgres] {
            let arranged = async |tx: &mut Tx| on_tx!(tx, conn => sqlx::query(sql).bind(id).run(conn).await);
            written(db, &arranged).await.expect("a statement that both run");
        }
    }

    /// One step is over; every so often all tables are compared.
    pub async fn step(&mut self) {
        self.step += 1;
        if self.step.is_multiple_of(BETWEEN) {
            self.compare().await;
        }
    }

    async fn compare(&self) {
        let place = format!("after step {} of seed {}", self.step, self.seed);
        tables::compare(&self.sqlite, &self.postgres, &place).await;
    }

    /// Compares what there is in the end, and sees to it that every function was of use: one that always
    /// refuses, or always finds the same, is not tested.
    pub async fn finish(self) {
        self.compare().await;
        let dull: Vec<_> = self.asked.iter().filter(|(_, answers)| !answers.say_something()).collect();
        let dull: Vec<_> = dull.into_iter().map(|(name, answers)| (name, &answers.first)).collect();
        assert!(dull.is_empty(), "these did nothing, or always the same: {dull:#?}");
        self.sqlite.close().await;
        self.postgres.close().await;
    }
}

async fn written<T, E: Class>(db: &Db, op: &impl AsyncFn(&mut Tx) -> Result<T, E>) -> Result<T, String> {
    let mut tx = db.begin_write().await.expect("a transaction");
    let value = op(&mut tx).await.map_err(|error| error.class())?;
    tx.commit().await.expect("a commit");
    Ok(value)
}

/// Two answers from where they begin to differ: some have thousands of rows.
fn differing(one: &impl Debug, other: &impl Debug) -> [String; 2] {
    let (one, other) = (format!("{one:?}"), format!("{other:?}"));
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    [one, other].map(|text| text.chars().skip(same.saturating_sub(200)).take(600).collect())
}

/// A folder that costs no wait for a disk, where there is one: ten thousand commits are many.
fn in_memory() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

/// A database of the shared cluster that nobody else has: its URL.
pub fn fresh_database() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("fresh_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let shared = super::cluster::shared();
    shared.create_database(&name, None);
    shared.url(&name)
}
