//! What an operator does to a shop in PostgreSQL.

use std::process::{Command, Output, Stdio};

use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    cluster::left_out,
    house::fresh_database,
    program::{Program, program},
};

/// The program over a database, whatever else the tests are run on.
fn over(data: &std::path::Path, url: &str) -> Command {
    let mut command = program(data);
    command.env("BLYTZ_DATABASE_URL", url).stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

async fn epoch(url: &str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("the database");
    let epoch: Uuid = sqlx::query_scalar("select epoch from history").fetch_one(&mut connection).await.expect("one");
    epoch.to_string()
}

#[tokio::test]
async fn backups_are_postgres_s_own_and_a_new_epoch_is_a_command() {
    if left_out() {
        return;
    }
    let (data, url) = (tempfile::tempdir().expect("a folder"), fresh_database());
    let run = |arguments: &[&str]| over(data.path(), &url).args(arguments).output().expect("it ends");
    for arguments in [&["backup", "monday.db"][..], &["restore", "monday.db", "--yes"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(
            said(&output).contains("pg_dump") && said(&output).contains("restore --new-epoch"),
            "{}",
            said(&output)
        );
    }
    assert_eq!(run(&["restore"]).status.code(), Some(2), "a file or --new-epoch");
    assert_eq!(run(&["restore", "monday.db", "--new-epoch"]).status.code(), Some(2), "not both");

    // Whoever serves would go on with the old epoch and the old key.
    let server = Program::start(&mut over(data.path(), &url));
    let before = epoch(&url).await;
    for arguments in [&["restore", "--new-epoch"][..], &["keys", "rotate"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("A server is running on this database; stop it first."), "{}", said(&output));
    }
    server.signal("-TERM");
    assert_eq!(server.wait().0, Some(0));

    let begun = run(&["restore", "--new-epoch"]);
    assert_eq!(begun.status.code(), Some(0), "{}", said(&begun));
    assert_eq!(run(&["keys", "rotate"]).status.code(), Some(0));
    let _server = Program::start(&mut over(data.path(), &url));
    let after = epoch(&url).await;
    assert_eq!(after, String::from_utf8(begun.stdout).expect("text").trim());
    assert_ne!(after, before);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_without_its_password() {
    let data = tempfile::tempdir().expect("a folder");
    for arguments in [&[][..], &["migrate"], &["keys", "rotate"]] {
        let url = "postgres://ann:hunter2@127.0.0.1:1/shop";
        let output = over(data.path(), url).args(arguments).output().expect("it ends");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(
            said(&output).contains("postgres://127.0.0.1:1/shop could not be opened")
                && !said(&output).contains("hunter2"),
            "{}",
            said(&output)
        );
    }
}
