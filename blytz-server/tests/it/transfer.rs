//! A shop that moves from SQLite into PostgreSQL in one command.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use blytz_core::{Timestamp, auction::proof::verify, wire::auction::Proof};
use blytz_server::{
    Clock, Config, Server,
    config::{DatabaseConfig, RateLimits, Secret},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    cluster::{left_out, shared},
    house::{House, START, buy_now, each, exact, max, money, new_id, product, rules, rules_with, text, with},
    program::program,
};

/// An empty database of this name, made with these options, in the cluster that all tests share.
async fn database(name: &str, options: &str) -> String {
    administer(AssertSqlSafe(format!("create database {name} {options}"))).await;
    shared().url(name)
}

async fn administer(sql: AssertSqlSafe<String>) {
    sqlx::query(sql).execute(&mut postgres(&shared().url("postgres")).await).await.expect("it is done");
}

/// What no format may trip over.
const ODD: &str = "tab\t back\\slash \\N \\. \\t line\nend\r\n 'one' \"two\" \u{1f}🦀 é e\u{301} \u{202e}|\u{7f}";

/// A shop with something in every table, in a folder; the server over it has ended.
async fn shop(folder: &Path, secret_key: Option<&str>) -> PathBuf {
    let config =
        Config { rate_limits: RateLimits::Off, secret_key: secret_key.map(Secret::new), ..Config::in_folder(folder) };
    let house = House::launch(Server::builder().config(config), Clock::manual(START)).await;
    trade(&house).await;
    house.close().await;
    let file = folder.join("blytz.db");
    add_the_rest(&file).await;
    file
}

/// Has people do what people do.
async fn trade(house: &House) {
    let (admin, seller) = (house.admin().await, house.seller("sita").await);
    let (ann, ben, mei) = (house.buyer("ann").await, house.buyer("ben").await, house.buyer("mei").await);
    for name in ["Vases", "Bowls", "Plates"] {
        admin.post("/categories", json!({ "name": name })).await.expect(201);
    }
    seller.list(with(product(5), json!({ "weight_g": 500, "tags": ["blue", "a \"b\" \\ c"] }))).await;
    let show = seller.host("Evening show 🦀").await;
    seller.put(format!("/streams/{show}/moderators/{}", mei.id), json!({})).await.expect(204);
    let lot = seller.auction(rules_with(json!({ "buy_now_price": money(90_000) }))).await;
    ann.bid(&lot, max(3_000)).await.expect(201);
    ben.bid(&lot, exact(2_000)).await.expect(201);
    ann.post(format!("/auction/{lot}/watch"), json!({})).await.expect(204);
    let sold = seller.auction(rules_with(json!({ "buy_now_price": money(5_000) }))).await;
    ben.bid(&sold, buy_now()).await.expect(201);
    let shown = seller.put_up(rules()).await;
    seller.queue(&show, &[&shown]).await.expect(200);
    seller.block(&mei).await.expect(204);
    for text in ["Lovely!", "back\\slash \\N 'q' \"q\" 🦀", "and once more"] {
        ann.say(&show, text).await.expect(201);
    }
    let mute = json!({ "user_id": ben.id, "seconds": 60, "reason": "spam" });
    seller.moderate(&show, "mute", mute).await.expect(204);
    let address = json!({
        "name": "Ann", "phone": "+60 12 345 6789", "line1": "1 Jalan Satu", "line2": null, "city": "Ipoh",
        "state": null, "postcode": "30000", "country": "MY",
    });
    text(&ann.post("/auth/profile/addresses", address).await.expect(201)["id"]);
    ben.log_out().await.expect(204);
}

async fn sqlite(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file);
    SqliteConnection::connect_with(&options).await.expect("a database")
}

async fn postgres(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

/// Fills what takes a crash, a long log or somebody else's accounts, and puts odd text where any may be.
async fn add_the_rest(file: &Path) {
    let mut connection = sqlite(file).await;
    for sql in [
        "insert into users_to_settle (user_id) select id from users limit 2",
        "insert into identities (provider, subject, user_id, created_at_us)
            with named (name) as (values ('a'), ('B'), ('Ä'), ('-'), ('_'), ('ab'))
            select name, 'B', (select id from users limit 1), 1 from named",
        "insert into auction_snapshots (auction_id, seq, snapshot) select auction_id, seq, state from auction_heads",
        "insert into outages (from_us, to_us) values (1, 2), (-3, 9223372036854775807)",
        // The first is under the last, which comes after it.
        "update categories set parent_id = (select max(id) from categories) where id = (select min(id) from categories)",
    ] {
        sqlx::query(sql).execute(&mut connection).await.expect("a row");
    }
    for sql in [
        "update products set description = $1",
        "update addresses set line2 = $1, state = ''",
        "update chat_messages set text = $1 where seq = (select min(seq) from chat_messages)",
    ] {
        sqlx::query(sql).bind(ODD).execute(&mut connection).await.expect("a text");
    }
    connection.close().await.expect("closed");
}

fn migrate(folder: &Path, from: &str, to: &str) -> Command {
    let mut command = program(folder);
    command.args(["migrate", "--from", from, "--to", to]).stdin(Stdio::null());
    command
}

/// The exit code and what was said.
fn ended(output: &Output) -> (Option<i32>, String) {
    assert!(output.stdout.is_empty(), "stdout is for data");
    (output.status.code(), String::from_utf8(output.stderr.clone()).expect("text"))
}

fn moved(folder: &Path, file: &Path, to: &str) -> (Option<i32>, String) {
    ended(&migrate(folder, &format!("sqlite:{}", file.display()), to).output().expect("it ends"))
}

const COLUMNS: &str = "
    select table_name::text, column_name::text, data_type::text from information_schema.columns
    where table_schema = 'public' and table_name not in ('_sqlx_migrations', 'write_probes')
    order by table_name, column_name";

type Rows = Vec<String>;

/// All tables, each with its rows as texts that both databases make of them.
async fn both(file: &Path, url: &str) -> Vec<(String, Rows, Rows)> {
    let (mut old, mut new) = (sqlite(file).await, postgres(url).await);
    let columns: Vec<(String, String, String)> = sqlx::query_as(COLUMNS).fetch_all(&mut new).await.expect("columns");
    let mut all = Vec::new();
    for of in columns.chunk_by(|one, next| one.0 == next.0) {
        let each = |format: fn(&str, &str) -> String| {
            let texts: Vec<_> = of.iter().map(|(_, name, kind)| format(name, kind)).collect();
            format!("select {} from {}", texts.join(" || '|' || "), of[0].0)
        };
        let here = each(|name, kind| match kind {
            "uuid" => format!("iif({name} is null, 'none', lower(hex({name})))"),
            "boolean" => format!("iif({name}, 'true', 'false')"),
            _ => format!("coalesce(cast({name} as text), 'none')"),
        });
        let there = each(|name, kind| match kind {
            "uuid" => format!("coalesce(replace({name}::text, '-', ''), 'none')"),
            _ => format!("coalesce({name}::text, 'none')"),
        });
        let mut here: Rows = sqlx::query_scalar(AssertSqlSafe(here)).fetch_all(&mut old).await.expect("rows");
        let mut there: Rows = sqlx::query_scalar(AssertSqlSafe(there)).fetch_all(&mut new).await.expect("rows");
        here.sort_unstable();
        there.sort_unstable();
        all.push((of[0].0.clone(), here, there));
    }
    all
}

#[tokio::test]
async fn every_row_of_every_table_arrives() {
    if left_out() {
        return;
    }
    for (name, secret_key) in [("moved_plain", None), ("moved_encrypted", Some("a secret of the operator's"))] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = shop(folder.path(), secret_key).await;
        let url = database(name, "").await;
        // Whatever the operator has limited, a move has its time.
        let limit = format!("alter database {name} set statement_timeout = '1ms'");
        administer(AssertSqlSafe(limit)).await;

        let (code, said) = moved(folder.path(), &file, &url);
        assert_eq!(code, Some(0), "{said}");
        administer(AssertSqlSafe(format!("alter database {name} reset statement_timeout"))).await;
        let all = both(&file, &url).await;
        assert_eq!(all.len(), 26);
        for (table, here, there) in &all {
            assert!(!here.is_empty(), "the shop has something in {table}");
            assert_eq!(here, there, "{table}");
        }
        let rows: usize = all.iter().map(|(_, here, _)| here.len()).sum();
        assert!(said.contains(&format!("{rows} rows of 26 tables, 3 lots")), "{said}");
        assert!(said.contains("The epoch ") && said.contains("2 signing keys are kept"), "{said}");
        assert_eq!(said.contains("BLYTZ_SECRET_KEY"), secret_key.is_some(), "{said}");

        // Once more is once too often.
        let (code, said) = moved(folder.path(), &file, &url);
        assert_eq!(code, Some(1));
        assert!(said.contains("It has data already") && said.contains("give an empty database"), "{said}");
    }
}

#[tokio::test]
async fn what_can_not_be_moved_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let missing = data.join("none.db");
    let other = data.join("other.db");
    fs::write(&other, "").expect("an empty file");
    let from = |file: &Path| format!("sqlite:{}", file.display());
    let nowhere = "postgres://ann:s3cr3t@127.0.0.1:1/shop";
    for (arguments, code, named) in [
        (vec!["--from", &from(&missing), "--to", nowhere], 2, "There is no database at"),
        (vec!["--from", &from(&other)], 2, "--from is given without --to"),
        (vec!["--to", nowhere], 2, "--to is given without --from"),
        (vec!["--from", nowhere, "--to", &from(&other)], 2, "--from is no SQLite file"),
        (vec!["--from", &from(&other), "--to", "mysql://ann:s3cr3t@127.0.0.1/shop"], 2, "--to is no PostgreSQL URL"),
        (vec!["--from", &from(&other), "--to", "postgres://ann:12/s3cr3t@[::1]/shop"], 2, "--to is no PostgreSQL URL"),
        (vec!["--from", &from(&other), "--to", nowhere], 1, "It is no database of a shop"),
    ] {
        let output = program(data).arg("migrate").args(&arguments).output().expect("it ends");
        let (ended, said) = ended(&output);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(named) && said.lines().count() == 1, "{said}");
        assert!(!said.contains("s3cr3t"), "{said}");
    }
    assert!(!missing.exists(), "none is made");
    assert_eq!(fs::metadata(&other).expect("it is there").len(), 0, "nothing is put into it");

    let (code, said) = {
        let house = House::open_in(&data.join("shop"), START).await;
        let refused = moved(data, &data.join("shop/blytz.db"), nowhere);
        house.close().await;
        refused
    };
    assert_eq!(code, Some(1));
    assert!(said.contains("is in use by another process"), "{said}");
    let (code, said) = moved(data, &data.join("shop/blytz.db"), nowhere);
    assert_eq!(code, Some(1));
    assert!(said.contains("postgres://127.0.0.1:1/shop can't be moved into") && !said.contains("s3cr3t"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_not_ours_to_fill_is_refused_and_left_alone() {
    if left_out() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = shop(folder.path(), None).await;
    for (name, options, table, named) in [
        ("with_table", "", "create table users (id bigint)", "It has a table users of another program"),
        ("with_view", "", "create view history as select 1 as id", "It has a table history of another program"),
        ("latin", "template template0 encoding 'LATIN1' locale 'C' locale_provider libc", "", "encoding is LATIN1"),
    ] {
        let url = database(name, options).await;
        let mut taken = postgres(&url).await;
        sqlx::raw_sql(table).execute(&mut taken).await.expect("a table");
        let (code, said) = moved(folder.path(), &file, &url);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(named), "{said}");
        let made = "select count(*) from pg_class where relname in ('_sqlx_migrations', 'auctions')";
        let made: i64 = sqlx::query_scalar(made).fetch_one(&mut taken).await.expect("a number");
        assert_eq!(made, 0, "nothing is made there");
        taken.close().await.expect("closed");
    }
    assert!(!folder.path().join("blytz.db-wal").exists(), "nothing is left beside the file");
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql).fetch_one(connection).await.expect("a number")
}

#[tokio::test]
async fn what_would_not_arrive_whole_is_not_moved_at_all() {
    if left_out() {
        return;
    }
    let url = database("damaged", "").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = shop(folder.path(), None).await;
    let mut old = sqlite(&file).await;
    for (damage, repair, named) in [
        (
            "update chat_members set reason = 'a' || char(0) || 'b'",
            "update chat_members set reason = null",
            "chat_members: reason of the row",
        ),
        ("update auctions set position = 'first'", "update auctions set position = 0", "auctions: position of the row"),
        (
            "update auction_heads set seq = seq + 1",
            "update auction_heads set seq = seq - 1",
            "does not end where its head says",
        ),
        (
            "update chat_channels set head_seq = head_seq - 1",
            "update chat_channels set head_seq = head_seq + 1",
            "does not end where its head says",
        ),
        ("create table notes (id bigint)", "drop table notes", "a table notes"),
    ] {
        let damaged = sqlx::query(damage).execute(&mut old).await.expect("damaged");
        assert!(damaged.rows_affected() > 0 || damage.starts_with("create"), "{damage}");
        let (code, said) = moved(folder.path(), &file, &url);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(named), "{said}");
        sqlx::query(repair).execute(&mut old).await.expect("repaired");
    }
    let mut new = postgres(&url).await;
    for table in ["users", "auction_events", "history"] {
        assert_eq!(count(&mut new, table).await, 0, "{table}");
    }
    // A value that changes on its way is found out.
    for sql in [
        "create function wrong() returns trigger language plpgsql as
            'begin new.text = new.text || ''.''; return new; end'",
        "create trigger wrong before insert on chat_messages for each row execute function wrong()",
    ] {
        sqlx::query(sql).execute(&mut new).await.expect("a trigger");
    }
    let (code, said) = moved(folder.path(), &file, &url);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("chat_messages: The rows that arrived are not those that left"), "{said}");
    assert_eq!(count(&mut new, "chat_messages").await, 0);
    sqlx::query("drop function wrong() cascade").execute(&mut new).await.expect("gone");
    let (code, said) = moved(folder.path(), &file, &url);
    assert_eq!(code, Some(0), "{said}");
}

const WAITING: &str = "
    select exists (select 1 from pg_locks join pg_database on pg_database.oid = pg_locks.database
        where datname = current_database() and locktype = 'advisory' and not granted)";

#[tokio::test]
async fn whoever_is_killed_in_the_middle_leaves_nothing_and_can_begin_again() {
    if left_out() {
        return;
    }
    let url = database("killed", "").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = shop(folder.path(), None).await;
    let (mut holder, mut new) = (postgres(&url).await, postgres(&url).await);
    sqlx::migrate!("./migrations/postgres").run(&mut new).await.expect("a schema");
    // A row of a late table waits for this test.
    for sql in [
        "create function wait() returns trigger language plpgsql as
            'begin perform pg_advisory_xact_lock(1); return new; end'",
        "create trigger wait before insert on chat_events for each row execute function wait()",
    ] {
        sqlx::query(sql).execute(&mut new).await.expect("a trigger");
    }
    sqlx::query("select pg_advisory_lock(1)").execute(&mut holder).await.expect("held");
    let mut command = migrate(folder.path(), &format!("sqlite:{}", file.display()), &url);
    let mut mover = command.stderr(Stdio::piped()).spawn().expect("it starts");
    while !sqlx::query_scalar::<_, bool>(WAITING).fetch_one(&mut new).await.expect("an answer") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let copy = folder.path().join("copy/blytz.db");
    fs::create_dir(folder.path().join("copy")).expect("a folder");
    fs::copy(&file, &copy).expect("a copy");
    let (code, said) = moved(folder.path(), &copy, &url);
    assert_eq!(code, Some(1));
    assert!(said.contains("Another move into it is under way"), "{said}");
    assert_eq!(mover.try_wait().expect("it can be asked"), None, "it waits still");

    mover.kill().expect("it was alive");
    mover.wait().expect("it is gone");
    sqlx::query("select pg_advisory_unlock(1)").execute(&mut holder).await.expect("released");
    // Waits for what the killed one has open.
    sqlx::query("drop function wait() cascade").execute(&mut new).await.expect("gone");
    for table in ["users", "auction_events", "chat_events", "history"] {
        assert_eq!(count(&mut new, table).await, 0, "{table}");
    }
    let (code, said) = moved(folder.path(), &file, &url);
    assert_eq!(code, Some(0), "{said}");
    for (table, here, there) in both(&file, &url).await {
        assert_eq!(here, there, "{table}");
    }
}

/// A house over a SQLite file or another database, whatever else the tests are run on.
async fn house(data: &Path, database: DatabaseConfig, at: Timestamp) -> House {
    let config = Config { rate_limits: RateLimits::Off, database, ..Config::in_folder(data) };
    House::launch(Server::builder().config(config), Clock::manual(at)).await
}

#[tokio::test]
async fn a_shop_moves_in_the_middle_of_a_show_and_goes_on() {
    if left_out() {
        return;
    }
    let url = database("moved_live", "").await;
    let folder = tempfile::tempdir().expect("a folder");
    let before = house(folder.path(), DatabaseConfig::InFolder, START).await;
    let (seller, ann, ben) = (before.seller("sita").await, before.buyer("ann").await, before.buyer("ben").await);
    let show = seller.host("Evening show").await;
    let lot = seller.auction(rules()).await;
    seller.queue(&show, &[&lot]).await.expect(200);
    let first = new_id();
    let kept = ann.bid(&lot, exact(1_000).under(&first)).await.expect(201);
    ben.bid(&lot, max(2_000)).await.expect(201);
    ann.say(&show, "Lovely!").await.expect(201);
    let since = json!({ "epoch": lot.status().await["epoch"], "seq": 3 });
    before.close().await;

    let (code, said) = moved(folder.path(), &folder.path().join("blytz.db"), &url);
    assert_eq!(code, Some(0), "{said}");
    let database = DatabaseConfig::Postgres(Secret::new(url.as_str()));
    let after = house(folder.path(), database, START.plus_millis(20_000)).await;
    // Who was logged in is, at the new address.
    let [seller, ann, ben] = [&seller, &ann, &ben].map(|person| after.nobody.with_token(&person.token));
    let lot = lot.at(&after);
    let mut socket = ben.connect().await;
    assert_eq!(socket.subscribe(&lot, Some(since)).await["ok"]["recovered"], true, "the epoch is the same");
    assert_eq!(socket.events(1).await, [4]);
    // What was answered is answered again as it was, and bidding goes on.
    let again = ann.bid(&lot, exact(1_000).under(&first)).await.expect(200);
    assert_eq!(again["receipt"], kept["receipt"]);
    assert_eq!(again["replayed"], true);
    ann.bid(&lot, exact(3_000)).await.expect(201);
    seller.say(&show, "Going once").await.expect(201);
    after.clock.advance(Duration::from_mins(2));
    while lot.status().await["status"] == "live" {
        tokio::task::yield_now().await;
    }
    assert_eq!(lot.status().await["status"], "sold");
    let proof: Proof = serde_json::from_value(lot.proof().await.expect(200)).expect("a proof");
    let verdict = verify(&proof, &after.trust().await).expect("the log goes on where it was");
    assert_eq!(verdict.key_id, kept["receipt"]["key_id"].as_str().expect("a key"));
    let said: Vec<_> = each(&ann.get(format!("/chat/stream/{show}")).await.expect(200), "text");
    assert_eq!(said, ["Going once", "Lovely!"]);
    after.close().await;
}
