//! What a database's error means, whichever database it is.

use sqlx::Error;

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing of it was written.
    #[error("nothing was written: {0}")]
    NotWritten(#[from] sqlx::Error),
    /// The database did not say whether it was; ask it before saying anything.
    #[error("whether it was written is not known: {0}")]
    Unknown(sqlx::Error),
}

impl CommitError {
    /// What an error that a commit gave means.
    pub(super) fn of(error: Error) -> Self {
        if is_refusal(&error) { Self::NotWritten(error) } else { Self::Unknown(error) }
    }
}

// SQLite's primary result codes, https://www.sqlite.org/rescode.html.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NO_MEMORY: i32 = 7;
const READ_ONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const PROTOCOL: i32 = 15;
const NO_DATABASE: i32 = 26;

/// What a database calls its error: SQLite by a number, PostgreSQL by an SQLSTATE of five characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code<'a> {
    Sqlite(i32),
    State(&'a str),
}

/// Looks at the code of an error of the database itself.
fn code_is(error: &Error, is: impl FnOnce(Code<'_>) -> bool) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    let Some(code) = error.code() else { return false };
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        code.parse().is_ok_and(|extended: i32| is(Code::Sqlite(extended & 0xff)))
    } else {
        is(Code::State(&code))
    }
}

/// The class of an SQLSTATE, <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
fn class(state: &str) -> &str {
    state.get(..2).unwrap_or_default()
}

/// Whether an error says that what is in the file is no database, or a broken one.
pub(crate) fn is_damage(error: &Error) -> bool {
    code_is(error, |code| matches!(code, Code::Sqlite(CORRUPT | NO_DATABASE)))
}

/// Whether an error says that somebody else has what it takes, and nothing of the connection.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(error, Error::PoolTimedOut | Error::PoolClosed)
        || code_is(error, |code| matches!(code, Code::Sqlite(BUSY | LOCKED)))
}

/// Whether a commit that gave this error surely wrote nothing.
fn is_refusal(error: &Error) -> bool {
    code_is(error, |code| match code {
        // A log that is full or locked does not have the record that ends a transaction.
        Code::Sqlite(code) => matches!(code, FULL | BUSY),
        // A constraint, a conflict, a state that takes no commit. A full disk is not among them: the
        // record may be on it, and only what follows not. 40003 says that nobody knows.
        Code::State(state) => matches!(class(state), "23" | "25" | "40") && state != "40003",
    })
}

/// Whether an error says that another transaction was in the way: made anew at once, it may work.
pub(crate) fn is_contention(error: &Error) -> bool {
    code_is(error, |code| matches!(code, Code::State("40001" | "40P01" | "55P03")))
}

/// Whether an error says that the connection is of no use any more.
pub(super) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Protocol(_) | Error::Tls(_) | Error::WorkerCrashed => true,
        // The server is going down, or has come up anew; or it has ended this session.
        _ => code_is(error, |code| match code {
            Code::Sqlite(_) => false,
            Code::State(state) => state.starts_with("08") || state.starts_with("57P") || state == "25P03",
        }),
    }
}

/// Whether an error says that the database can't do it now, in contrast to never: its disk is full or
/// gives errors, somebody has it locked, nobody was free to ask it, it took too long, or it is not there.
pub(crate) fn is_unavailable(error: &Error) -> bool {
    match error {
        Error::PoolTimedOut | Error::PoolClosed => true,
        Error::Database(_) => {
            code_is(error, |code| match code {
                Code::Sqlite(code) => {
                    matches!(
                        code,
                        BUSY | LOCKED | NO_MEMORY | READ_ONLY | INTERRUPT | IO_ERROR | FULL | CANNOT_OPEN | PROTOCOL
                    )
                }
                // Connections; conflicts; no room; locks and limits of time; an operator at work; the system;
                // and a server that only reads.
                Code::State(state) => {
                    matches!(class(state), "08" | "40" | "53" | "55" | "57" | "58") || state == "25006"
                }
            }) || is_lost(error)
        }
        _ => is_lost(error),
    }
}

/// Whether an error says that PostgreSQL has no such table.
pub(crate) fn is_unknown_table(error: &Error) -> bool {
    code_is(error, |code| matches!(code, Code::State("42P01")))
}

/// Whether an error says that a unique index has this row already.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection, PgConnection};

    use super::*;
    use crate::db::cluster::{left_out, shared};

    /// What is to be thought of each: not now, another transaction was in the way, a commit wrote nothing, the
    /// connection is gone.
    const STATES: [(&str, [bool; 4]); 19] = [
        ("08006", [true, false, false, true]),
        ("22001", [false; 4]),
        ("23503", [false, false, true, false]),
        ("23505", [false, false, true, false]),
        ("25001", [false, false, true, false]),
        ("25006", [true, false, true, false]),
        ("25P03", [true, false, true, true]),
        ("40001", [true, true, true, false]),
        ("40003", [true, false, false, false]),
        ("40P01", [true, true, true, false]),
        ("42601", [false; 4]),
        ("53100", [true, false, false, false]),
        ("53300", [true, false, false, false]),
        ("55P03", [true, true, false, false]),
        ("57014", [true, false, false, false]),
        ("57P01", [true, false, false, true]),
        ("57P03", [true, false, false, true]),
        ("58030", [true, false, false, false]),
        ("P0001", [false; 4]),
    ];

    #[tokio::test]
    async fn what_postgres_says_means_one_thing() {
        if left_out() {
            return;
        }
        let mut connection = PgConnection::connect(&shared().url("postgres")).await.expect("a connection");
        for (state, meaning) in STATES {
            let raise = AssertSqlSafe(format!("do $$ begin raise 'as asked' using errcode = '{state}'; end $$"));
            let error = sqlx::query(raise).execute(&mut connection).await.expect_err("as asked");
            let means = [is_unavailable(&error), is_contention(&error), is_refusal(&error), is_lost(&error)];
            assert_eq!(means, meaning, "{state}");
            assert_eq!(is_duplicate(&error), state == "23505", "{state}");
            assert!(!is_damage(&error) && !is_busy(&error), "{state}");
            assert_eq!(matches!(CommitError::of(error), CommitError::NotWritten(_)), meaning[2], "{state}");
        }
    }
}
