//! Whether every function of a store is among the operations. Those that only their own file can call are
//! reached by these; the compiler warns of one that nobody calls.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What can't be compared, and why.
const NOT_COMPARED: [(&str, &str); 2] = [
    ("search::not_indexed", "asks for what SQLite's search has no rows of; PostgreSQL has no such rows"),
    ("search::count", "is told the words in each engine's own way; `listing::list` asks it"),
];

/// Where else SQL is run: by the database itself, and by commands that move and keep whole databases.
const NOT_STORES: [&str; 2] = ["src/db", "src/commands"];

#[test]
fn every_function_of_every_store_is_asked_of_both_databases() {
    let (mut known, mut missing) = (BTreeSet::new(), Vec::new());
    for (path, source) in sources(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        if !is_store(&path) {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let operations = fs::read_to_string(suite_of(&path)).unwrap_or_default();
        for name in public_functions(without_tests(&source)).map(|name| format!("{stem}::{name}")) {
            let excused = NOT_COMPARED.iter().any(|(excused, _)| *excused == name);
            if !excused && !operations.contains(&format!("{name}(")) {
                missing.push(format!("{} lacks {name}", suite_of(&path).display()));
            }
            known.insert(name);
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(known.len() > 90, "only {} functions were found: do stores look otherwise now?", known.len());
    for (name, _) in NOT_COMPARED {
        assert!(known.contains(name), "{name} is excused and not there");
    }
}

/// Where the operations on a store's tables are: beside the files of a folder, and below a file.
fn suite_of(store: &Path) -> PathBuf {
    let folder = if store.ends_with("store.rs") { store.with_extension("") } else { store.with_file_name("") };
    folder.join("conformance.rs")
}

/// Every file that runs SQL is a store, or named above: otherwise its statements would be asked of nobody.
#[test]
fn sql_is_run_in_stores_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let elsewhere: Vec<_> = sources(root.join("src"))
        .into_iter()
        .filter(|(path, source)| {
            let runs_sql = ["on_db!(", "on_tx!(", "select_in(", "sqlx::query"];
            let runs_sql = runs_sql.iter().any(|call| without_tests(source).contains(call));
            let named = NOT_STORES.iter().any(|place| path.starts_with(root.join(place)));
            runs_sql && !named && !is_store(path) && !is_test(path)
        })
        .map(|(path, _)| path)
        .collect();
    assert!(elsewhere.is_empty(), "these run SQL and are no stores: {elsewhere:?}");
}

/// All Rust sources below a folder.
fn sources(folder: PathBuf) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(sources(entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&entry).expect("a source");
            found.push((entry, source));
        }
    }
    found
}

fn is_store(path: &Path) -> bool {
    let in_folder = path.parent().is_some_and(|parent| parent.ends_with("store"));
    (in_folder || path.ends_with("store.rs")) && !is_test(path)
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| ["tests", "tests.rs", "conformance.rs"].iter().any(|name| part.as_os_str() == *name))
}

fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

fn public_functions(source: &str) -> impl Iterator<Item = &str> {
    let named = source.split("\npub async fn ").skip(1);
    named.filter_map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
}
