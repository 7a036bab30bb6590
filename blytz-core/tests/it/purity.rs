//! The core decides; it does not ask for the time, roll dice or touch the outside. What it is built
//! on and what it names prove it.
#![expect(clippy::unwrap_used, reason = "a test may fall over")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Crates that do input and output, keep time or make random numbers.
const IMPURE_CRATES: &[&str] = &[
    "async-std",
    "axum",
    "chrono",
    "fastrand",
    "getrandom",
    "hyper",
    "hyper-util",
    "mio",
    "notify",
    "quinn",
    "rand",
    "rand_core",
    "redis",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "sqlx-core",
    "time",
    "tokio",
    "tower",
    "tracing-subscriber",
    "tungstenite",
    "ureq",
];

/// Names by which the standard library and our dependencies reach the outside.
const IMPURE_NAMES: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "now_v7",
    "new_v4",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "thread_rng",
    "env!(",
    "include_str!(",
    "println!",
    "eprintln!",
];

fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_dependency_does_input_or_output() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "-p", "blytz-core", "-e", "normal", "--prefix", "none", "--format", "{lib}", "--offline"])
        .current_dir(manifest_dir())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("names of crates are ASCII");
    let names: Vec<String> = tree.lines().map(|line| line.trim().replace('_', "-")).collect();

    assert!(names.iter().any(|name| name == "serde"), "the tree was read: {names:?}");
    for name in names {
        assert!(!IMPURE_CRATES.contains(&name.as_str()), "blytz-core must not depend on {name}");
    }
}

#[test]
fn no_source_names_the_outside() {
    let mut folders = vec![manifest_dir().join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                check(&path);
                files += 1;
            }
        }
    }
    assert!(files > 20, "the sources were read: {files} files");
}

fn check(path: &PathBuf) {
    let source = fs::read_to_string(path).unwrap();
    for (index, line) in source.lines().enumerate() {
        for name in IMPURE_NAMES {
            assert!(!line.contains(name), "{}:{} names {name}", path.display(), index + 1);
        }
    }
}
