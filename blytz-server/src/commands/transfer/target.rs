//! The PostgreSQL database: empty before, and nobody else's while it is filled.

use std::fmt;

use anyhow::{Context, bail, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgTransaction, postgres::PgConnectOptions};

use super::{super::Failure, tables::TABLES};
use crate::{
    config::{ConfigError, postgres_url},
    db::{POSTGRES_MIGRATIONS, check_server, place},
};

/// Where everything goes. It prints without the password.
pub(super) struct Target(PgConnectOptions);

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&place(&self.0))
    }
}

impl Target {
    /// What `--to` names.
    pub fn of(url: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::from(ConfigError::new(format!("--to is no PostgreSQL URL: {why}.")));
        let options = postgres_url(url).map_err(|why| wrong(&why))?;
        Ok(Self(options.application_name("blytz-server migrate")))
    }

    pub async fn connect(&self) -> anyhow::Result<PgConnection> {
        let mut connection = PgConnection::connect_with(&self.0).await?;
        prepare(&mut connection).await?;
        Ok(connection)
    }
}

/// Whatever a role or a database is set to: a move takes its time, and what is committed is on the disk.
const PATIENT: &str = "
    select set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),
        set_config('idle_in_transaction_session_timeout', '0', false),
        set_config('default_transaction_read_only', 'off', false),
        set_config('synchronous_commit', case current_setting('synchronous_commit')
            when 'remote_apply' then 'remote_apply' else 'on' end, false)";

async fn prepare(connection: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query(PATIENT).execute(&mut *connection).await?;
    Ok(check_server(connection).await?)
}

/// Makes the tables. A database that has data is refused before anything is changed there.
pub(super) async fn make_tables(connection: &mut PgConnection) -> anyhow::Result<()> {
    refuse_data(connection).await?;
    POSTGRES_MIGRATIONS.run(connection).await.context("Its tables can't be made")
}

const THERE: &str = "
    select c.relname::text from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')";

/// A move fills an empty database. What another program has made under our tables' names is not ours
/// to fill.
async fn refuse_data(connection: &mut PgConnection) -> anyhow::Result<()> {
    let there: Vec<String> = sqlx::query_scalar(THERE).fetch_all(&mut *connection).await?;
    let there = |name: &str| there.iter().any(|other| other == name);
    for name in TABLES.into_iter().filter(|name| there(name)) {
        ensure!(there("_sqlx_migrations"), "It has a table {name} of another program; give an empty database.");
        let filled = format!("select exists (select 1 from {name})");
        let filled: bool = sqlx::query_scalar(AssertSqlSafe(filled)).fetch_one(&mut *connection).await?;
        ensure!(!filled, "It has data already (in {name}); give an empty database.");
    }
    Ok(())
}

/// Says that somebody moves a shop into this database: "blytz mv".
const MOVING: i64 = 0x626c_7974_7a20_6d76;

const TAKE: &str = "select pg_try_advisory_xact_lock($1)";

/// Begins the one transaction of a move: whoever is killed in it leaves nothing. Another move is refused,
/// and a server that starts meanwhile waits.
pub(super) async fn begin(connection: &mut PgConnection) -> anyhow::Result<PgTransaction<'_>> {
    let mut transaction = connection.begin().await?;
    let taken: bool = sqlx::query_scalar(TAKE).bind(MOVING).fetch_one(&mut *transaction).await?;
    if !taken {
        bail!("Another move into it is under way; wait for its end.");
    }
    let lock = format!("lock table {} in share row exclusive mode", TABLES.join(", "));
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *transaction).await?;
    refuse_data(&mut transaction).await?;
    Ok(transaction)
}

/// Has PostgreSQL count what it got, so that the first queries are planned well.
pub(super) async fn analyze(transaction: &mut PgTransaction<'_>) -> anyhow::Result<()> {
    let analyze = format!("analyze {}", TABLES.join(", "));
    sqlx::query(AssertSqlSafe(analyze)).execute(&mut **transaction).await?;
    Ok(())
}
