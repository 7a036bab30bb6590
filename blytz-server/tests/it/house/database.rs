use std::{
    env, fs,
    path::Path,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use blytz_server::{
    Config,
    config::{DatabaseConfig, Secret},
};

use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::cluster;

/// Whether houses keep what they know in PostgreSQL: BLYTZ_TEST_DATABASE=postgres. Otherwise in SQLite.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says in the environment what for")]
fn on_postgres() -> bool {
    match env::var("BLYTZ_TEST_DATABASE").as_deref() {
        Err(_) | Ok("sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("BLYTZ_TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// Whether a test of what only a file can do has nothing to do here.
pub fn needs_a_file() -> bool {
    if on_postgres() {
        println!("nothing to do: this is about a database that is a file");
    }
    on_postgres()
}

/// The configuration of a server over a folder, which may have been one's before.
pub fn config_in(folder: &Path) -> Config {
    let mut config = Config::in_folder(folder);
    if let Some(url) = database_of(folder) {
        config.database = DatabaseConfig::Postgres(Secret::new(url));
    }
    config
}

/// The database of a folder, made when it is first asked for; none if it is the file in it.
pub fn database_of(folder: &Path) -> Option<String> {
    if !on_postgres() {
        return None;
    }
    let note = folder.join("database.url");
    if let Ok(url) = fs::read_to_string(&note) {
        return Some(url);
    }
    let url = fresh_database();
    fs::write(&note, &url).expect("a note of it");
    Some(url)
}

/// A new database in the cluster that all tests share, with a schema and nothing else in it.
pub fn fresh_database() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(1);
    let name = format!("house_{}", NAMES.fetch_add(1, Ordering::Relaxed));
    cluster::shared().create_database(&name, Some(template()));
    cluster::shared().url(&name)
}

/// Changes what is stored, behind the back of whoever serves it. How many rows there were.
pub async fn tamper(folder: &Path, sql: &'static str, id: Uuid, text: Option<&str>) -> u64 {
    match database_of(folder) {
        Some(url) => {
            let mut connection = PgConnection::connect(&url).await.expect("the database");
            let query = sqlx::query(sql).bind(id);
            let query = if let Some(text) = text { query.bind(text) } else { query };
            query.execute(&mut connection).await.expect("it is changed").rows_affected()
        }
        None => {
            let options = SqliteConnectOptions::new().filename(folder.join("blytz.db"));
            let mut connection = SqliteConnection::connect_with(&options).await.expect("the database");
            let query = sqlx::query(sql).bind(id);
            let query = if let Some(text) = text { query.bind(text) } else { query };
            query.execute(&mut connection).await.expect("it is changed").rows_affected()
        }
    }
}

/// What these are copied from: a schema of its own each time would take longer than most tests.
fn template() -> &'static str {
    static MADE: OnceLock<&str> = OnceLock::new();
    MADE.get_or_init(|| {
        let (name, cluster) = ("house_template", cluster::shared());
        cluster.create_database(name, None);
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_blytz-server"));
        let migrated = migrate.env_clear().arg("migrate").env("BLYTZ_DATABASE_URL", cluster.url(name)).output();
        let migrated = migrated.expect("it runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        name
    })
}
