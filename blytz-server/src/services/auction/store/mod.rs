//! The SQL of service auction. Nobody else names its tables.

mod bids;
#[cfg(test)]
mod conformance;
mod log;
mod lookup;
mod lots;
mod people;
mod queue;
mod snapshots;
mod streams;

use serde::de::DeserializeOwned;

pub use self::{bids::*, log::*, lookup::*, lots::*, people::*, queue::*, snapshots::*, streams::*};

/// Rows per insert: well under SQLite's limit of 32,766 bound values.
const CHUNK: usize = 1_000;

/// Databases know signed integers only; what is counted here never comes near the difference.
fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// One column of many rows, as PostgreSQL takes it: an array. A statement then has the same text
/// however many rows there are.
fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// Reads JSON that we wrote. What is wrong with it would quote it, which may be a reserve.
fn read<T: DeserializeOwned>(json: &str) -> sqlx::Result<T> {
    serde_json::from_str(json).map_err(|error| unreadable(&format!("JSON at column {}", error.column())))
}

/// What stands in the database is not guessed at.
fn unreadable(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("stored {what} can't be read").into())
}
