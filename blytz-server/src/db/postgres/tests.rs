//! What PostgreSQL is held to: lanes, limits, and connections that break.

use std::future::pending;

use blytz_core::Timestamp;
use sqlx::PgPool;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use uuid::Uuid;

use super::{super::Engine, *};
use crate::db::{
    Db, Tx,
    cluster::left_out,
    conformance::fresh_database,
    errors::{is_contention, is_unavailable},
    on_db, on_tx,
};

/// A connection of a test's own, and a database without a schema.
async fn opened() -> (PgConnection, Postgres) {
    let url = fresh_database();
    let postgres = Postgres::open_url(&url).await.expect("opens");
    (PgConnection::connect(&url).await.expect("a connection"), postgres)
}

async fn execute(connection: &mut PgConnection, sql: &'static str) {
    connection.execute(sql).await.expect("a statement");
}

/// Waits until something has happened, looking often.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let happens = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), happens).await.expect("it happens within a minute");
}

/// A row that transactions can wait for each other with.
async fn with_a_row(connection: &mut PgConnection) {
    execute(connection, "create table t (id uuid primary key, a bigint not null)").await;
    execute(connection, "insert into t values ('00000000-0000-0000-0000-000000000001', 0)").await;
}

const ROW: Uuid = Uuid::from_u128(1);
const COUNT_UP: &str = "update t set a = a + 1";
const HOLD: &str = "select 1 from t where id = $1 for update";
const HOLD_ALL: &str = "select 1 from t where id = any($1) order by id for update";

#[tokio::test]
async fn what_fails_in_a_transaction_keeps_all_of_it_from_being_committed() {
    if left_out() {
        return;
    }
    let (mut connection, postgres) = opened().await;
    with_a_row(&mut connection).await;
    let mut transaction = postgres.begin(Writer::Others).await.expect("begins");
    transaction.run(sqlx::query(COUNT_UP)).await.expect("counts");
    transaction.run(sqlx::query("select 1 / 0")).await.expect_err("divides by nothing");
    let committed = transaction.commit().await;
    assert!(matches!(committed, Err(CommitError::NotWritten(_))), "{committed:?}");
    let a: i64 = sqlx::query_scalar("select a from t").fetch_one(&mut connection).await.expect("a row");
    assert_eq!(a, 0);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_gives_its_connection_back_as_it_was() {
    if left_out() {
        return;
    }
    let (mut connection, postgres) = opened().await;
    with_a_row(&mut connection).await;
    let mut transaction = postgres.begin(Writer::Others).await.expect("begins");
    transaction.run(sqlx::query(COUNT_UP)).await.expect("counts");
    let before = pid(transaction.get().expect("a connection")).await.expect("a number");
    drop(transaction);
    until(async || postgres.writes.num_idle() == 1).await;
    let mut transaction = postgres.begin(Writer::Others).await.expect("begins");
    assert_eq!(pid(transaction.get().expect("a connection")).await.expect("a number"), before);
    let a: i64 = sqlx::query_scalar("select a from t").fetch_one(transaction.get().expect("one")).await.expect("a row");
    assert_eq!(a, 0);
}

async fn pid(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection).await
}

impl Postgres {
    fn lanes(&self) -> [(&'static str, &PgPool); 6] {
        [
            ("bids", &self.bids),
            ("turns", &self.turns),
            ("writes", &self.writes),
            ("rooms", &self.rooms),
            ("lookups", &self.lookups),
            ("scans", &self.scans),
        ]
    }
}

/// Uses a lane as everybody does: which backend answers.
async fn asked(postgres: &Postgres, lane: &str) -> sqlx::Result<i32> {
    let mut pooled = match lane {
        "bids" | "turns" | "writes" => {
            let writer = match lane {
                "bids" => Writer::Bids,
                "turns" => Writer::Turn,
                _ => Writer::Others,
            };
            let mut transaction = postgres.begin(writer).await?;
            let asked = answered(async { pid(transaction.get()?).await }).await;
            let pid = transaction.seen(asked)?;
            transaction.commit().await.expect("nothing to commit");
            return Ok(pid);
        }
        "rooms" => postgres.reader(Lane::Rooms).await?,
        "lookups" => postgres.reader(Lane::Lookups).await?,
        _ => postgres.reader(Lane::Scans).await?,
    };
    let asked = answered(async { pid(pooled.get()?).await }).await;
    pooled.seen(asked)
}

#[tokio::test]
async fn a_connection_that_was_ended_is_missed_once() {
    const IS_THERE: &str = "select count(*) from pg_stat_activity where pid = $1";
    if left_out() {
        return;
    }
    let (mut connection, postgres) = opened().await;
    for (lane, pool) in postgres.lanes() {
        let pid = asked(&postgres, lane).await.expect("it answers");
        until(async || pool.num_idle() == 1).await;
        let ended = sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&mut connection).await;
        ended.expect("it is told to end");
        until(async || {
            let there: i64 = sqlx::query_scalar(IS_THERE).bind(pid).fetch_one(&mut connection).await.expect("a count");
            there == 0
        })
        .await;
        let error = asked(&postgres, lane).await.expect_err("it is gone");
        assert!(is_unavailable(&error), "{lane}: {error}");
        let next = asked(&postgres, lane).await;
        assert!(next.as_ref().is_ok_and(|next| *next != pid), "{lane}: {next:?}");
    }
}

#[tokio::test]
async fn every_lane_has_its_settings_whatever_the_database_says() {
    const SETTINGS: &str = "
        select concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'),
            current_setting('idle_in_transaction_session_timeout'), current_setting('synchronous_commit'),
            current_setting('transaction_read_only'), current_setting('transaction_isolation'),
            current_setting('plan_cache_mode'))";
    if left_out() {
        return;
    }
    for (set, in_force) in [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")] {
        let url = fresh_database();
        let name = url.rsplit('/').next().expect("a name");
        let mut connection = PgConnection::connect(&url).await.expect("a connection");
        for setting in [
            format!("alter role current_user in database {name} set synchronous_commit = {set}"),
            format!("alter database {name} set default_transaction_isolation = 'serializable'"),
            format!("alter database {name} set default_transaction_read_only = on"),
            format!("alter database {name} set statement_timeout = 0"),
            format!("alter database {name} set lock_timeout = 1"),
        ] {
            connection.execute(AssertSqlSafe(setting)).await.expect("a setting");
        }
        let postgres = Postgres::open_url(&url).await.expect("opens");
        for (lane, pool) in postgres.lanes() {
            let settings: String = sqlx::query_scalar(SETTINGS).fetch_one(pool).await.expect("settings");
            let (limit, plans) = if lane == "scans" { ("1s", "force_custom_plan") } else { ("4s", "auto") };
            assert_eq!(settings, format!("{limit} 2s 5s {in_force} off read committed {plans}"), "{lane}");
        }
    }
}

#[tokio::test]
async fn a_scan_without_end_is_ended() {
    const ENDLESS: &str = "
        with recursive n (i) as (select 1::bigint union all select i + 1 from n) select max(i) from n";
    if left_out() {
        return;
    }
    let db = Db::over(Engine::Postgres(opened().await.1)).for_scans();
    let scanned = on_db!(&db, conn => sqlx::query_scalar::<_, i64>(ENDLESS).fetch_one(conn).await);
    let error = scanned.expect_err("it would run for ever");
    assert!(is_unavailable(&error) && !is_contention(&error), "{error}");
    let next = on_db!(&db, conn => sqlx::query_scalar::<_, i32>("select 1").fetch_one(conn).await);
    assert_eq!(next.expect("the next one has its own time"), 1);
}

#[tokio::test]
async fn nobody_waits_for_a_lock_for_long() {
    if left_out() {
        return;
    }
    let (mut connection, postgres) = opened().await;
    with_a_row(&mut connection).await;
    let mut first = postgres.begin(Writer::Others).await.expect("begins");
    first.run(sqlx::query(COUNT_UP)).await.expect("counts");
    let mut second = postgres.begin(Writer::Bids).await.expect("begins");
    let error = second.run(sqlx::query(COUNT_UP)).await.expect_err("somebody else has it");
    assert!(is_contention(&error) && is_unavailable(&error), "{error}");
    first.commit().await.expect("it is not disturbed");
}

#[tokio::test]
async fn bids_have_connections_when_everybody_else_waits_for_one() {
    if left_out() {
        return;
    }
    let (_connection, postgres) = opened().await;
    let mut held = Vec::new();
    for (_, pool) in postgres.lanes().into_iter().filter(|(lane, _)| *lane != "bids") {
        for _ in 0..pool.options().get_max_connections() {
            held.push(pool.acquire().await.expect("a connection"));
        }
        assert!(pool.try_acquire().is_none());
    }
    postgres.begin(Writer::Bids).await.expect("begins").commit().await.expect("ends");
    drop(held);
}

#[tokio::test]
async fn who_holds_a_row_keeps_others_who_hold_it_waiting() {
    const WAITS: &str = "
        select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    if left_out() {
        return;
    }
    let (mut connection, postgres) = opened().await;
    with_a_row(&mut connection).await;
    let db = Db::over(Engine::Postgres(postgres));
    let mut first = db.begin_write().await.expect("begins");
    first.hold(HOLD, ROW).await.expect("held");
    let later = db.clone();
    let second = tokio::spawn(async move {
        let mut tx: Tx = later.begin_write().await.expect("begins");
        tx.hold(HOLD, ROW).await.expect("held in the end");
        on_db!(&mut tx, conn => sqlx::query_scalar::<_, i64>("select a from t").fetch_one(conn).await).expect("a row")
    });
    until(async || sqlx::query_scalar::<_, i64>(WAITS).fetch_one(&mut connection).await.expect("a count") == 1).await;
    on_tx!(first, conn => crate::db::Run::run(sqlx::query(COUNT_UP), conn).await).expect("counts");
    first.commit().await.expect("committed");
    assert_eq!(second.await.expect("it ends"), 1, "it reads what the first one has written");
}

#[tokio::test]
async fn what_many_wait_for_waits_for_no_row_that_somebody_has() {
    if left_out() {
        return;
    }
    let (mut connection, postgres) = opened().await;
    with_a_row(&mut connection).await;
    let db = Db::over(Engine::Postgres(postgres));
    let mut somebody = db.begin_write().await.expect("begins");
    somebody.hold(HOLD, ROW).await.expect("held");
    for mut tx in [db.begin_bids().await.expect("begins"), db.begin_batch().await.expect("begins")] {
        let refused = tx.hold_all(HOLD_ALL, &[ROW]).await.expect_err("somebody has it").to_string();
        // Whoever waits is told of the time that is over.
        assert!(refused.contains("could not obtain lock"), "{refused}");
        assert!(tx.is_contended());
    }
    let mut tx = db.begin_bids().await.expect("begins");
    let refused = tx.hold(HOLD, ROW).await.expect_err("somebody has it").to_string();
    assert!(refused.contains("could not obtain lock"), "{refused}");
}

#[tokio::test]
async fn a_database_that_takes_writes_says_so() {
    if left_out() {
        return;
    }
    let postgres = Postgres::open_url(&fresh_database()).await.expect("opens");
    let db = Db::postgres(postgres).await.expect("a schema");
    assert!(db.is_writable(Timestamp::from_micros(1)).await);
    db.close().await;
    let fresh = Db { health: super::super::health::Health::default(), ..db };
    assert!(!fresh.is_writable(Timestamp::from_micros(2)).await, "it is closed");
}

/// A way to PostgreSQL that at a word carries nothing any more, and closes nothing: as when a machine is gone
/// without having said so. Who comes later gets through.
async fn way_that_falls_silent(url: &str) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (server, database) = url.rsplit_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a URL");
    let (address, silent) = (server.to_owned(), watch::Sender::new(false));
    let words = silent.subscribe();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(&address).await.expect("PostgreSQL listens");
            let mut word = words.clone();
            word.mark_unchanged();
            tokio::spawn(async move {
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    _ = word.changed() => pending().await,
                }
            });
        }
    });
    (format!("postgres://blytz@127.0.0.1:{port}/{database}"), silent)
}

#[tokio::test]
async fn a_lane_is_free_again_when_its_connections_have_fallen_silent() {
    if left_out() {
        return;
    }
    let (url, silent) = way_that_falls_silent(&fresh_database()).await;
    let postgres = Postgres::open_url(&url).await.expect("opens");
    let mut held = Vec::new();
    for _ in 0..postgres.lookups.options().get_max_connections() {
        let mut pooled = postgres.reader(Lane::Lookups).await.expect("a connection");
        pid(pooled.get().expect("it is there")).await.expect("it answers");
        held.push(pooled);
    }
    // They are given back right after their last answers, and nobody hears them any more.
    silent.send_modify(|word| *word = true);
    drop(held);
    until(async || asked(&postgres, "lookups").await.is_ok()).await;
}
