//! Each table belongs to one room: nobody else's SQL names it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Which folder of `src` owns the tables of which migration.
const OWNERS: [(&str, &str); 17] = [
    ("0001_auth.sql", "services/auth"),
    ("0002_product.sql", "services/product"),
    ("0003_auction.sql", "services/auction"),
    ("0004_chat.sql", "services/chat"),
    ("0005_keys.sql", "keys"),
    ("0006_write_probe.sql", "db"),
    ("0007_auth_one_form.sql", "services/auth"),
    ("0008_product_sku.sql", "services/product"),
    ("0009_product_search.sql", "services/product"),
    ("0010_stream_sellers.sql", "services/auction"),
    ("0011_chat_authors.sql", "services/chat"),
    ("0012_instants_in_us.sql", ANY),
    ("0013_chat_roles.sql", "services/chat"),
    ("0014_service_time.sql", "platform/attendance"),
    ("0015_auction_snapshots.sql", "services/auction"),
    ("0016_late_lots.sql", "services/auction"),
    ("0017_log_format.sql", "services/auction"),
];

/// Whose tables a migration changes that makes none, and goes through all rooms.
const ANY: &str = "";

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

#[test]
fn only_its_owner_names_a_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut migrations: Vec<String> = fs::read_dir(root.join("migrations"))
        .expect("the migrations")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    migrations.sort();
    assert_eq!(migrations, OWNERS.map(|(migration, _)| migration), "every migration has an owner");

    let src = root.join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    for (migration, owner) in OWNERS {
        let tables = tables(&fs::read_to_string(root.join("migrations").join(migration)).expect("a migration"));
        assert!(!tables.is_empty(), "{migration} makes or changes tables");
        for table in tables {
            let of: Vec<&PathBuf> =
                files.iter().filter(|file| names(&fs::read_to_string(file).expect("a source"), &table)).collect();
            assert!(!of.is_empty(), "{table} is used");
            for file in of {
                assert!(file.starts_with(src.join(owner)), "{} names {table}, which is {owner}'s", file.display());
            }
        }
    }
}
