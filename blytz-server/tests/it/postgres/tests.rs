//! What tests with PostgreSQL rely on.

use std::{collections::BTreeSet, time::Duration};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::timeout;

use super::{
    blocking,
    proxy::{CommitProxy, Counts, Fate},
};
use crate::{
    cluster::{Cluster, Durability, left_out, shared},
    house::fresh_database,
};

const TABLE: &str = "create table marks (mark integer not null)";

/// Short, and long enough to be noticed.
const MOMENT: Duration = Duration::from_millis(300);

/// Longer than any test takes.
const LONG: Duration = Duration::from_mins(10);

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("it takes connections")
}

async fn marks(url: &str) -> BTreeSet<i32> {
    let mut connection = connect(url).await;
    let marks = sqlx::query_scalar("select mark from marks").fetch_all(&mut connection).await.expect("a table");
    connection.close().await.expect("a goodbye");
    marks.into_iter().collect()
}

/// A database of a test's own with a table for marks.
async fn database() -> String {
    let url = fresh_database();
    let mut connection = connect(&url).await;
    connection.execute(TABLE).await.expect("a table");
    connection.close().await.expect("a goodbye");
    url
}

/// How a commit is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Text,
    /// By the name of a statement that has been sent before.
    Name,
}

/// Whoever writes through a proxy.
struct Writer {
    connection: PgConnection,
    by: By,
}

impl Writer {
    async fn write(&mut self, mark: i32) -> Result<(), sqlx::Error> {
        self.run("begin").await?;
        sqlx::query("insert into marks values ($1)").bind(mark).execute(&mut self.connection).await?;
        self.run("commit").await
    }

    async fn run(&mut self, text: &'static str) -> Result<(), sqlx::Error> {
        match self.by {
            By::Text => self.connection.execute(text).await.map(drop),
            By::Name => sqlx::query(text).execute(&mut self.connection).await.map(drop),
        }
    }
}

/// The address of the same database by way of a proxy.
fn through(proxy: &CommitProxy, url: &str) -> String {
    proxy.url(url.rsplit('/').next().expect("a name"))
}

/// A database, a proxy before it, and a writer for whom everything has been prepared once.
async fn through_a_proxy(by: By) -> (String, CommitProxy, Writer) {
    let url = database().await;
    let proxy = CommitProxy::start(shared().port()).await;
    let mut writer = Writer { connection: connect(&through(&proxy, &url)).await, by };
    writer.write(0).await.expect("it passes");
    assert_eq!(proxy.counts(), Counts { seen: 1, answered: 1, ..Counts::default() });
    (url, proxy, writer)
}

#[tokio::test]
async fn what_is_committed_outlives_a_stop_in_the_middle() {
    if left_out() {
        return;
    }
    let mut cluster = blocking(|| Cluster::start(Durability::On)).await;
    cluster.create_database("mine", None);
    let url = cluster.url("mine");
    let mut connection = connect(&url).await;
    connection.execute(TABLE).await.expect("a table");
    connection.execute("insert into marks values (1)").await.expect("a row");
    connection.execute("begin; insert into marks values (2)").await.expect("a row");
    let cluster = blocking(move || {
        cluster.stop_at_once();
        cluster
    });
    let mut cluster = cluster.await;
    connection.execute("commit").await.expect_err("nobody is there");
    PgConnection::connect(&url).await.expect_err("nobody is there");
    cluster.start_again();
    assert_eq!(marks(&url).await, BTreeSet::from([1]));
    cluster.drop_database("mine");
    PgConnection::connect(&url).await.expect_err("it is gone");
}

#[tokio::test]
async fn a_cluster_has_what_the_schema_needs() {
    if left_out() {
        return;
    }
    let mut connection = connect(&database().await).await;
    let sql = "select array_length(show_trgm('ÄÖÜ'), 1), 'a' < 'B', 'é' < 'f', current_setting('fsync')";
    let (trigrams, ignores_case, knows_accents, fsync): (i32, bool, bool, String) =
        sqlx::query_as(sql).fetch_one(&mut connection).await.expect("a row");
    assert_eq!((trigrams, ignores_case, knows_accents, fsync.as_str()), (4, true, true, "off"));
}

#[tokio::test]
async fn databases_are_copies_of_one_and_share_nothing() {
    if left_out() {
        return;
    }
    let urls = futures_util::future::join_all((1..=4).map(|_| database())).await;
    for (mark, url) in (1..).zip(&urls) {
        let insert = AssertSqlSafe(format!("insert into marks values ({mark})"));
        connect(url).await.execute(insert).await.expect("a row");
    }
    for (mark, url) in (1..).zip(&urls) {
        assert_eq!(marks(url).await, BTreeSet::from([mark]));
    }
}

#[tokio::test]
async fn an_answer_is_dropped_once_it_is_committed() {
    if left_out() {
        return;
    }
    for by in [By::Text, By::Name] {
        let (url, proxy, mut writer) = through_a_proxy(by).await;
        proxy.next("insert into marks", [Fate::DropAnswer]);
        writer.write(1).await.expect_err("nobody is told");
        assert_eq!(proxy.counts(), Counts { seen: 2, answered: 2, dropped: 1, ..Counts::default() });
        assert_eq!(marks(&url).await, BTreeSet::from([0, 1]), "{by:?}");
    }
}

#[tokio::test]
async fn a_commit_is_dropped_before_postgresql_hears_of_it() {
    if left_out() {
        return;
    }
    for by in [By::Text, By::Name] {
        let (url, proxy, mut writer) = through_a_proxy(by).await;
        proxy.next("insert into marks", [Fate::DropBefore]);
        writer.write(1).await.expect_err("it is cut");
        assert_eq!(proxy.counts(), Counts { seen: 2, answered: 1, dropped: 1, ..Counts::default() });
        // Waits until the transaction is over.
        connect(&url).await.execute("begin; lock table marks; commit").await.expect("it ends");
        assert_eq!(marks(&url).await, BTreeSet::from([0]), "{by:?}");
    }
}

#[tokio::test]
async fn an_answer_comes_late_though_it_is_committed() {
    if left_out() {
        return;
    }
    for by in [By::Text, By::Name] {
        let (url, proxy, mut writer) = through_a_proxy(by).await;
        proxy.next("insert into marks", [Fate::DelayAnswer(MOMENT), Fate::DelayAnswer(LONG)]);
        writer.write(1).await.expect("it comes");
        let watched = async {
            proxy.until(|counts| counts.delayed == 2).await;
            marks(&url).await
        };
        tokio::select! {
            seen = watched => assert_eq!(seen, BTreeSet::from([0, 1, 2]), "{by:?}"),
            told = writer.write(2) => panic!("told too early: {told:?}"),
        }
        assert_eq!(proxy.counts(), Counts { seen: 3, answered: 3, delayed: 2, ..Counts::default() });
    }
}

#[tokio::test]
async fn a_commit_is_held_back_and_outlives_whoever_sent_it() {
    if left_out() {
        return;
    }
    for by in [By::Text, By::Name] {
        let (url, proxy, mut writer) = through_a_proxy(by).await;
        proxy.next("insert into marks", [MOMENT, LONG, MOMENT].map(Fate::HoldCommit));
        writer.write(1).await.expect("it comes");
        for (held, mark) in [(2, 2), (3, 3)] {
            let mut hasty = Writer { connection: connect(&through(&proxy, &url)).await, by };
            tokio::select! {
                biased;
                () = proxy.until(|counts| counts.held == held) => {}
                told = hasty.write(mark) => panic!("told too early: {told:?}"),
            }
        }
        proxy.until(|counts| counts.answered == 3).await;
        assert_eq!(marks(&url).await, BTreeSet::from([0, 1, 3]), "{by:?}");
    }
}

#[tokio::test]
async fn only_the_transactions_meant_are_touched() {
    if left_out() {
        return;
    }
    let (url, proxy, mut writer) = through_a_proxy(By::Text).await;
    proxy.decide(|transaction| if transaction.says("other table") { Fate::DropBefore } else { Fate::Pass });
    writer.write(1).await.expect("it passes");
    // What was rolled back is no part of the next one.
    writer.connection.execute("begin; select 'other table'").await.expect("it passes");
    writer.connection.execute("rollback").await.expect("it passes");
    writer.write(2).await.expect("it passes");
    writer.connection.execute("begin; insert into marks values (3)").await.expect("it passes");
    sqlx::query("select 'other table'").execute(&mut writer.connection).await.expect("it passes");
    writer.connection.execute("commit").await.expect_err("it is cut");
    assert_eq!(marks(&url).await, BTreeSet::from([0, 1, 2]));
}

#[tokio::test]
async fn a_dropped_proxy_cuts_its_connections() {
    if left_out() {
        return;
    }
    let (_, proxy, mut writer) = through_a_proxy(By::Name).await;
    drop(proxy);
    let written = timeout(LONG, writer.write(1)).await.expect("it is told");
    written.expect_err("nobody is there");
}
