//! Addresses and passwords are compared in one form, whichever keyboard typed them.

use argon2::{Argon2, PasswordHasher as _};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use sqlx::{Connection, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};

use crate::house::{House, PASSWORD, START, each, needs_a_file};

const COMPOSED: &str = "caf\u{e9} au lait, \u{e0} la mer";
const DECOMPOSED: &str = "cafe\u{301} au lait, a\u{300} la mer";
const UNBREAKABLE: &str = "caf\u{e9}\u{a0}au\u{202f}lait,\u{2009}\u{e0} la\u{3000}mer";
const INVISIBLE: [&str; 7] = ["\u{200b}", "\u{200d}", "\u{feff}", "\u{ad}", "\u{202e}", "\u{fe0f}", "\u{3164}"];

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard() {
    let house = House::open().await;
    let spellings = [COMPOSED, DECOMPOSED, UNBREAKABLE];
    for (index, signed_up_with) in spellings.into_iter().enumerate() {
        let email = format!("ann{index}@example.com");
        house.nobody.sign_up(&email, signed_up_with, "Ann").await.expect(201);
        for typed in spellings {
            house.nobody.log_in(&email, typed).await.expect(200);
        }
        house.nobody.log_in(&email, &COMPOSED.to_uppercase()).await.refused(401, "invalid_credentials");
        house.nobody.log_in(&email, &COMPOSED.replace(' ', "")).await.refused(401, "invalid_credentials");
    }
    let ann = house.nobody.log_in("ann0@example.com", UNBREAKABLE).await.person(200);
    ann.change_password(DECOMPOSED, "cr\u{e8}me\u{a0}br\u{fb}l\u{e9}e").await.expect(204);
    ann.log_in_with("cre\u{300}me bru\u{302}le\u{301}e").await.expect(200);
}

#[tokio::test]
async fn a_passwords_length_is_that_of_its_form() {
    let house = House::open().await;
    let letters = ["e\u{301}", "o\u{308}", "a\u{300}", "u\u{301}", "n\u{303}"];
    let of = |count: usize| letters.iter().cycle().take(count).copied().collect::<String>();
    house.nobody.sign_up("ann@example.com", &of(11), "Ann").await.refused_for("/password");
    house.nobody.sign_up("ann@example.com", &of(129), "Ann").await.refused_for("/password");
    house.nobody.sign_up("ann@example.com", &of(128), "Ann").await.expect(201);
    house.nobody.sign_up("bob@example.com", &of(12), "Ann").await.expect(201);
}

#[tokio::test]
async fn an_address_is_the_same_in_every_spelling() {
    let house = House::open().await;
    let made = house.nobody.sign_up("Jo\u{308}rg@Bu\u{308}cher.example", PASSWORD, "Ann").await.expect(201);
    assert_eq!(made["user"]["email"], "j\u{f6}rg@b\u{fc}cher.example");
    let spellings = [
        "j\u{f6}rg@b\u{fc}cher.example",
        "jo\u{308}rg@b\u{fc}cher.example",
        "J\u{f6}RG@B\u{dc}CHER.Example",
        "j\u{f6}rg@xn--bcher-kva.example",
        " j\u{f6}rg@XN--BCHER-KVA.example\u{a0}",
    ];
    for spelling in spellings {
        house.nobody.sign_up(spelling, "cerulean-okapi-88", "Ann").await.refused(409, "email_taken");
        assert_eq!(
            json!(house.nobody.log_in(spelling, PASSWORD).await.person(200).id),
            made["user"]["id"],
            "{spelling:?}"
        );
    }
    house.nobody.log_in("J\u{d6}rg@b\u{fc}cher.example", PASSWORD).await.refused(401, "invalid_credentials");
    let other = house.nobody.sign_up("J\u{d6}rg@b\u{fc}cher.example", PASSWORD, "Ann").await.expect(201);
    assert_ne!(other["user"]["id"], made["user"]["id"], "only ASCII letters are without case");
}

#[tokio::test]
async fn what_can_not_be_seen_is_refused_and_said() {
    let house = House::open().await;
    let ann = house.buyer("ann").await;
    for invisible in INVISIBLE {
        let (address, password) = (format!("a{invisible}nn@example.com"), format!("vermilion-{invisible}quagga-77"));
        house.nobody.sign_up(&address, PASSWORD, "Ann").await.refused_for("/email");
        house.nobody.sign_up("new@example.com", &password, "Ann").await.refused_for("/password");
        house.nobody.log_in(&address, PASSWORD).await.refused_for("/email");
        house.nobody.log_in(&format!("ann@exam{invisible}ple.com"), PASSWORD).await.refused_for("/email");
        ann.log_in_with(&password).await.refused_for("/password");
        house.nobody.log_in("nobody@example.com", &password).await.refused_for("/password");
        ann.change_password(PASSWORD, &password).await.refused_for("/new_password");
    }
    for disguised in ["ann@e\u{ff58}ample.com", "\u{ff41}nn@example.com"] {
        house.nobody.sign_up(disguised, PASSWORD, "Ann").await.refused_for("/email");
        house.nobody.log_in(disguised, PASSWORD).await.refused(401, "invalid_credentials");
    }
    ann.log_in_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn admins_find_people_in_any_form() {
    let house = House::open().await;
    let admin = house.admin().await;
    let anne = house.nobody.sign_up("anna@stra\u{df}e.example", PASSWORD, "Ann\u{e9} Gro\u{df}").await.person(201);
    let found = async |text: &str| {
        let query = |request: RequestBuilder| request.query(&[("q", text)]);
        each(&admin.send(Method::GET, "/auth/users", query).await.expect(200), "id")
    };
    for text in ["anne\u{301}", "ANN\u{c9}", "GROSS", "gro\u{df}", "STRASSE", "\u{ff41}\u{ff4e}\u{ff4e}\u{ff41}"] {
        assert_eq!(found(text).await, [&*anne.id], "{text:?}");
    }
    anne.patch("/auth/profile", json!({ "display_name": "\u{c5}sa" })).await.expect(200);
    for text in ["A\u{30a}SA", "strasse.EXAMPLE \u{e5}sa"] {
        assert_eq!(found(text).await, [&*anne.id], "{text:?}");
    }
    assert_eq!(found("gross").await, [""; 0]);
}

/// An account as it was stored before there was one form: its address in lower case, the hash of
/// the password as it was typed.
struct Before {
    typed: &'static str,
    stored: &'static str,
    password: &'static str,
    name: &'static str,
}

const BEFORE: &[Before] = &[
    Before { typed: "ANN@example.com", stored: "ann@example.com", password: PASSWORD, name: "Ann" },
    Before { typed: "bob@example.com", stored: "bob@example.com", password: DECOMPOSED, name: "Gro\u{df}" },
    Before { typed: "cid@example.com", stored: "cid@example.com", password: UNBREAKABLE, name: "Cid" },
    Before { typed: "dot@example.com", stored: "dot@example.com", password: "zero\u{200b}width-77", name: "Dot" },
    Before { typed: "Jo\u{308}rg@example.com", stored: "jo\u{308}rg@example.com", password: PASSWORD, name: "J" },
    Before { typed: "\u{c4}RNE@example.com", stored: "\u{e4}rne@example.com", password: PASSWORD, name: "A" },
    Before { typed: "O\u{308}ne@example.com", stored: "o\u{308}ne@example.com", password: PASSWORD, name: "O" },
    Before { typed: "eva@xn--bcher-kva.example", stored: "eva@xn--bcher-kva.example", password: PASSWORD, name: "E" },
    Before { typed: "fa\u{200b}y@example.com", stored: "fa\u{200b}y@example.com", password: PASSWORD, name: "F" },
    Before { typed: "\u{ff27}us@example.com", stored: "\u{ff47}us@example.com", password: PASSWORD, name: "G" },
    Before { typed: "h\u{e9}l@example.com", stored: "h\u{e9}l@example.com", password: PASSWORD, name: "H" },
    Before { typed: "he\u{301}l@example.com", stored: "he\u{301}l@example.com", password: "other-hel-88", name: "H2" },
];

async fn write_a_database_of_before(path: &std::path::Path) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    let before = blytz_server::db::MIGRATIONS.iter().filter(|migration| migration.version < 7).cloned().collect();
    Migrator::with_migrations(before).run(&mut connection).await.expect("a schema");
    for (number, account) in (1..).zip(BEFORE) {
        let hash = Argon2::default().hash_password_with_salt(account.password.as_bytes(), b"salt of a test !");
        let insert = "insert into users (id, email, email_proven, display_name, search_text, password_hash, roles, \
            suspended, rev, created_at) values ($1, $2, false, $3, $4, $5, '[\"buyer\"]', false, 1, $6)";
        sqlx::query(insert)
            .bind(uuid::Uuid::from_u128(number))
            .bind(account.stored)
            .bind(account.name)
            .bind(format!("{} {}", account.stored, account.name.to_lowercase()))
            .bind(hash.expect("a hash").to_string())
            .bind(START.as_micros())
            .execute(&mut connection)
            .await
            .expect("an account");
    }
    connection.close().await.expect("closed");
}

#[tokio::test]
async fn accounts_of_before_keep_their_logins() {
    if needs_a_file() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    write_a_database_of_before(&folder.path().join("blytz.db")).await;
    let house = House::open_with(|config| folder.path().clone_into(&mut config.data)).await;
    let is_locked_out = |account: &&Before| account.typed.starts_with("he\u{301}");
    let is_invisible = |account: &&Before| account.typed.contains('\u{200b}');
    for account in BEFORE.iter().filter(|account| !is_locked_out(account) && !is_invisible(account)) {
        for round in ["once", "and again, anew"] {
            let answer = house.nobody.log_in(account.typed, account.password).await;
            assert_eq!(answer.status, 200, "{:?} {round}: {}", account.typed, answer.body);
            assert_eq!(answer.body["user"]["display_name"], account.name);
        }
        house.nobody.log_in(account.typed, "not-this-password").await.refused(401, "invalid_credentials");
    }
    // Whoever has logged in once as they always did may type it as anybody does.
    house.nobody.log_in("bob@example.com", COMPOSED).await.expect(200);
    house.nobody.log_in("cid@example.com", COMPOSED).await.expect(200);

    for (spelling, name) in [
        ("j\u{f6}rg@example.com", "J"),
        ("\u{e4}rne@example.com", "A"),
        ("\u{f6}ne@example.com", "O"),
        ("eva@b\u{fc}cher.example", "E"),
        ("fay@example.com", "F"),
        ("h\u{e9}l@example.com", "H"),
    ] {
        let body = house.nobody.log_in(spelling, PASSWORD).await.expect(200);
        assert_eq!((&body["user"]["email"], &body["user"]["display_name"]), (&json!(spelling), &json!(name)));
    }
    house.nobody.log_in("fa\u{200b}y@example.com", PASSWORD).await.refused_for("/email");
    // Two accounts with one address: whose form it is has it.
    house.nobody.log_in("he\u{301}l@example.com", "other-hel-88").await.refused(401, "invalid_credentials");

    // An account made since has its address alone, in whatever case somebody else's was.
    house.nobody.sign_up("\u{c4}rne@example.com", "cerulean-okapi-88", "Ann").await.expect(201);
    house.nobody.log_in("\u{c4}RNE@example.com", "cerulean-okapi-88").await.expect(200);
    house.nobody.log_in("\u{c4}RNE@example.com", PASSWORD).await.refused(401, "invalid_credentials");

    let admin = house.admin().await;
    let page = admin.get("/auth/users?q=GROSS").await.expect(200);
    assert_eq!(page["items"][0]["email"], "bob@example.com", "found in the form of now");
}
