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

    // Were the spent refresh token shown again once its successor is used, the server would end the session.
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
fn an_account_is_named_by_any_spelling_of_its_address() {
    let house = House::open();
    let jo = house.stranger("jo");
    let signup = ["signup", "--email", "j\u{f6}rg@b\u{fc}cher.example", "--name", "J", "--password-file", "-"];
    jo.fed(PASSWORD, &signup).ok();
    let admin = house.admin();
    admin.run(&["users", "roles", "Jo\u{308}RG@xn--bcher-kva.example", "seller"]).ok();
    assert_eq!(jo.json(&["whoami"])["roles"], serde_json::json!(["buyer", "seller"]));
    admin.run(&["users", "roles", "rg@b\u{fc}cher.example", "seller"]).exits(4);
    admin.run(&["users", "roles", "j\u{200b}\u{f6}rg@b\u{fc}cher.example", "seller"]).exits(2);
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

#[test]
fn a_password_file_is_what_editors_and_shells_make_of_it() {
    let house = House::open();
    let ann = house.buyer("ann");
    let utf16: Vec<u8> = format!("\u{feff}{PASSWORD}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [
        ("plain", PASSWORD.as_bytes().to_vec()),
        ("unix", format!("{PASSWORD}\n").into_bytes()),
        ("dos", format!("{PASSWORD}\r\n").into_bytes()),
        ("marked", format!("\u{feff}{PASSWORD}\r\n").into_bytes()),
        ("utf16", utf16),
    ] {
        let path = house.file(name, "");
        std::fs::write(&path, bytes).expect("written");
        ann.run(&["login", "--email", "ann@example.com", "--password-file", &path]).ok();
        ann.run(&["logout"]).ok();
    }
    // What is within the line is the password's.
    ann.fed(&format!("{PASSWORD} \n"), &["login", "--email", "ann@example.com", "--password-file", "-"]).exits(3);
    let binary = house.file("binary", "");
    std::fs::write(&binary, b"\xff\xfe\xfd").expect("written");
    let refused = ann.run(&["login", "--email", "ann@example.com", "--password-file", &binary]).exits(2);
    assert!(refused.stderr.contains("no text"), "{refused:?}");

    // The same of a token that came out of a file.
    ann.fed(PASSWORD, &["login", "--email", "ann@example.com"]).ok();
    let file = std::fs::read(ann.config_folder().join("blytz/credentials/default.json")).expect("a login");
    let login: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
    let token = format!("{}\n", login["tokens"]["access_token"].as_str().expect("a token"));
    assert_eq!(house.stranger("nobody").json(&["whoami", "--token", &token])["email"], "ann@example.com");
    house.stop();
}
