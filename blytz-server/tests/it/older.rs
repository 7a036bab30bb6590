//! What a program does with the database of one before it.

use blytz_server::db::{Db, MIGRATIONS, Sqlite};
use sqlx::{Connection, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};

/// Lots from before logs had their present form can't go on; a database without any can.
#[tokio::test]
async fn logs_of_the_format_before_are_refused_with_a_sentence() {
    for (lots, is_taken) in [(0, true), (1, false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("blytz.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
        let before = MIGRATIONS.iter().filter(|migration| migration.version < 17).cloned().collect();
        Migrator::with_migrations(before).run(&mut connection).await.expect("a schema");
        for number in 0..lots {
            let insert = "insert into auctions (id, seller_id, product_id, position, title, rules, rules_view,
                rules_hash, created_at_us) values ($1, $1, $1, 0, 'A lot', '{}', '{}', '', 0)";
            sqlx::query(insert).bind(uuid::Uuid::from_u128(number)).execute(&mut connection).await.expect("a lot");
        }
        connection.close().await.expect("closed");

        let sqlite = Sqlite::open(&path).await.expect("it opens");
        let migrated = Db::sqlite(sqlite).await.map(drop);
        assert_eq!(migrated.is_ok(), is_taken);
        if let Err(error) = migrated {
            assert!(format!("{error:#}").contains("start with a new data folder"), "{error}");
        }
    }
}
