//! Logins: kept for a profile and a server, shown to nobody else.

use crate::house::{House, PASSWORD, run};

#[test]
fn a_login_is_kept_until_the_logout() {
    let house = House::open();
    let ann = house.buyer("ann");
    let user = ann.json(&["whoami"]);
    assert_eq!(user["email"], "ann@example.com");
    let table = ann.run(&["whoami"]).ok();
    assert!(table.stdout.contains("ann@example.com") && table.stderr.is_empty(), "{table:?}");

    ann.run(&["logout"]).ok();
    ann.run(&["whoami"]).exits(3);
    ann.fed("wrong password 12", &["login", "--email", "ann@example.com"]).exits(3);
    ann.fed(PASSWORD, &["login", "--email", "ann@example.com"]).ok();
    ann.run(&["whoami"]).ok();
    ann.run(&["whoami", "--profile", "another"]).exits(3);
    house.stop();
}

#[test]
fn the_profile_remembers_its_server_and_shows_its_token_to_no_other() {
    let (house, other) = (House::open(), House::open());
    let ann = house.buyer("ann");
    // Without BLYTZ_SERVER: the login says where.
    run(&ann.config_folder(), None, "", &["whoami"]).ok();
    let elsewhere = other.running.url();
    run(&ann.config_folder(), None, "", &["whoami", "--server", &elsewhere]).exits(3);
    run(&ann.config_folder(), Some(&elsewhere), "", &["whoami"]).exits(3);
    // The flag beats the environment.
    run(&ann.config_folder(), Some(&elsewhere), "", &["whoami", "--server", &house.running.url()]).ok();
    house.stop();
    other.stop();
}

#[test]
fn a_token_stands_above_the_login() {
    let house = House::open();
    let (ann, ben) = (house.buyer("ann"), house.buyer("ben"));
    let file = std::fs::read(ben.config_folder().join("blytz/credentials/default.json")).expect("a login");
    let login: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
    let token = login["tokens"]["access_token"].as_str().expect("a token");
    assert_eq!(ann.json(&["whoami", "--token", token])["email"], "ben@example.com");
    // As an environment made from a mounted file has it.
    assert_eq!(ann.json(&["whoami", "--token", &format!("{token}\n")])["email"], "ben@example.com");
    assert_eq!(ann.json(&["whoami"])["email"], "ann@example.com");
    ann.run(&["whoami", "--token", "nonsense"]).exits(3);
    house.stop();
}

#[test]
fn an_expired_token_is_renewed_once_however_many_ask() {
    let house = House::open();
    let ann = house.buyer("ann");
    let path = ann.config_folder().join("blytz/credentials/default.json");
    let mut login: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("a login")).expect("JSON");
    login["expires_at"] = "2020-01-01T00:00:00.000000Z".into();
    std::fs::write(&path, login.to_string()).expect("written");

    // Were the spent refresh token shown twice, the server would end the session.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| ann.run(&["whoami"]).ok());
        }
    });
    ann.run(&["whoami"]).ok();
    let renewed: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("a login")).expect("JSON");
    assert_ne!(renewed["tokens"]["refresh_token"], login["tokens"]["refresh_token"]);
    house.stop();
}

#[test]
fn a_profile_of_the_file_says_server_and_output() {
    let house = House::open();
    let ann = house.buyer("ann");
    let config = format!(
        "default_profile = \"here\"\n[profiles.here]\nserver = \"{}\"\noutput = \"json\"\n",
        house.running.url()
    );
    std::fs::write(ann.config_folder().join("blytz/config.toml"), config).expect("written");
    let list = run(&ann.config_folder(), None, "", &["auctions", "list"]).json();
    assert_eq!(list["items"], serde_json::json!([]));
    let table = run(&ann.config_folder(), None, "", &["auctions", "list", "--output", "table"]).ok();
    assert_eq!((table.stdout.as_str(), table.stderr.as_str()), ("", "Nothing found.\n"));
    house.stop();
}

#[test]
fn passwords_come_by_file_or_stdin_only() {
    let house = House::open();
    let ann = house.stranger("ann");
    ann.run(&["signup", "--email", "ann@example.com", "--name", "Ann", "--password", PASSWORD]).exits(2);
    ann.run(&["signup", "--email", "ann@example.com", "--name", "Ann"]).exits(2);
    ann.fed(PASSWORD, &["signup", "--email", "ann@example.com"]).exits(2);
    let short = house.file("short.txt", "short\n");
    let done = ann.run(&["signup", "--email", "ann@example.com", "--name", "Ann", "--password-file", &short]).exits(2);
    assert!(done.stderr.contains("password") && !done.stderr.contains("short\n"), "{done:?}");
    let good = house.file("good.txt", &format!("{PASSWORD}\nsecond line\n"));
    ann.run(&["signup", "--email", "ann@example.com", "--name", "Ann", "--password-file", &good]).ok();
    house.stop();
}
