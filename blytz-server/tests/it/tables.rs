//! Each table belongs to one room: nobody else's SQL names it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Which folder of `src` owns which tables, in whichever database they are.
const OWNERS: [(&str, &[&str]); 7] = [
    ("services/auth", &["users", "users_to_settle", "sessions", "refresh_tokens", "identities", "addresses"]),
    ("services/product", &["categories", "products", "product_documents", "product_words", "stock_movements"]),
    (
        "services/auction",
        &[
            "streams",
            "stream_moderators",
            "auctions",
            "auction_heads",
            "auction_events",
            "auction_bids",
            "auction_watches",
            "seller_blocks",
            "auction_snapshots",
        ],
    ),
    ("services/chat", &["chat_channels", "chat_events", "chat_messages", "chat_members"]),
    ("keys", &["signing_keys", "history"]),
    ("platform/attendance", &["service_time", "outages"]),
    ("db", &["write_probes"]),
];

/// What carries all tables from one database into another, and what compares them.
const OF_ALL: [&str; 2] = ["commands/transfer", "db/conformance"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The tables that a migration makes, changes or indexes.
fn tables(migration: &str) -> Vec<String> {
    let named = |line: &str| {
        let rest = ["create table ", "create virtual table ", "alter table "]
            .into_iter()
            .find_map(|start| line.strip_prefix(start))
            .or_else(|| line.strip_prefix("create index ")?.split_once(" on ").map(|(_, table)| table))?;
        rest.split([' ', '(']).next().map(str::to_owned)
    };
    migration.lines().map(str::trim).filter_map(named).collect()
}

/// Whether SQL in this source names a table: after one of the words that a table follows.
fn names(source: &str, table: &str) -> bool {
    let words: Vec<&str> = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    words.windows(2).any(|pair| matches!(pair[0], "from" | "join" | "into" | "update" | "table") && pair[1] == table)
}

/// The tables that any migration of a database makes, changes or indexes.
fn tables_of(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let migrations = fs::read_dir(folder).expect("the migrations").map(|entry| entry.expect("an entry").path());
    migrations.flat_map(|migration| tables(&fs::read_to_string(migration).expect("a migration"))).collect()
}

#[test]
fn only_its_owner_names_a_table() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    for (owner, tables) in OWNERS {
        for table in tables {
            let of: Vec<&PathBuf> =
                files.iter().filter(|file| names(&fs::read_to_string(file).expect("a source"), table)).collect();
            assert!(!of.is_empty(), "{table} is used");
            for file in of {
                let may = OF_ALL.into_iter().chain([owner]).any(|room| file.starts_with(src.join(room)));
                assert!(may, "{} names {table}, which is {owner}'s", file.display());
            }
        }
    }
}

#[test]
fn every_table_has_an_owner_and_is_in_both_databases() {
    let owned: BTreeSet<String> =
        OWNERS.iter().flat_map(|(_, tables)| *tables).map(|table| (*table).to_owned()).collect();
    // Made and dropped by one migration, to refuse what it can't bring along.
    let passing = ["log_format".to_owned()].into();
    // PostgreSQL searches the products themselves.
    let index = ["product_documents".to_owned(), "product_words".to_owned()].into();
    let sqlite: BTreeSet<_> = &tables_of("sqlite") - &passing;
    assert_eq!(sqlite, owned);
    assert_eq!(tables_of("postgres"), &owned - &index);
}
