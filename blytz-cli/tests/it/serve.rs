//! `blytz serve`: the server of the other tests, as a program.

use std::{
    io::{BufRead, BufReader},
    process::Command,
};

use crate::house::{PASSWORD, Started, command, run};

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let args = ["serve", "--listen", "127.0.0.1:0", "--data", &data, "--log", "warn"];
    let mut serve = command(folder.path(), None, &args);
    serve.env("BLYTZ_ADMIN_EMAIL", "admin@example.com").env("BLYTZ_ADMIN_PASSWORD", PASSWORD);
    let mut child = Started::by(serve);
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let url = line.trim().rsplit(' ').next().expect("an address").to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{line:?}");

    let login = ["login", "--email", "admin@example.com", "--password-file", "-", "--output", "json"];
    let admin = run(folder.path(), Some(&url), PASSWORD, &login).json();
    assert!(admin["roles"].as_array().is_some_and(|roles| roles.contains(&"admin".into())), "{admin}");

    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("told");
    assert!(told.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    run(folder.path(), Some(&url), "", &["whoami"]).exits(6);
}

#[test]
fn wrong_options_are_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [["serve", "--listen", "nonsense"], ["serve", "--rate-limits", "sometimes"], ["serve", "--wrong", "x"]]
    {
        run(folder.path(), None, "", &args).exits(2);
    }
}
