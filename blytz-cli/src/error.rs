//! Why a command failed, and the exit code that says so.

use std::{io, process::ExitCode};

use blytz_client::{Error, wire::ErrorCode};

/// The exit codes that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did not work.
    Failed = 1,
    /// The command or a value in it is wrong.
    Usage = 2,
    /// Not logged in, or not allowed.
    Denied = 3,
    /// No such thing.
    NotFound = 4,
    /// The state forbids it: a bid too low, a lot that is over.
    Refused = 5,
    /// No answer from the server, or from none behind its address.
    Unreachable = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command or a value in it is wrong.
    #[error("{0}")]
    Usage(String),
    /// It did not work, for a reason of its own.
    #[error("{0}")]
    Failed(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The state forbids it, as could be seen before the server was asked.
    #[error("{0}")]
    Refused(String),
    /// The server refused, or did not answer.
    #[error(transparent)]
    Api(#[from] Error),
    /// Reading or writing here failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A part of the program failed that has no codes of its own.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
    /// The command has said what there is to say.
    #[error("")]
    Reported(Exit),
}

impl Failure {
    /// A wrong value, in a sentence.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::Usage(sentence.into())
    }

    /// Something that did not work, in a sentence.
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self::Failed(sentence.into())
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NotFound(_) => Exit::NotFound,
            Self::Refused(_) => Exit::Refused,
            Self::Failed(_) | Self::Io(_) => Exit::Failed,
            Self::Api(error) => exit_of(error),
            Self::Other(error) => error.downcast_ref::<Error>().map_or(Exit::Failed, exit_of),
            Self::Reported(exit) => *exit,
        }
    }

    /// What may help.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Api(Error::NotLoggedIn) => Some("Log in with: blytz login"),
            Self::Api(error) if error.code() == Some(ErrorCode::Unauthenticated) => Some("Log in with: blytz login"),
            Self::Api(error) if error.is_unreachable() => {
                Some("Name the server with --server, or start one here with: blytz serve")
            }
            _ => None,
        }
    }

    /// Whether whoever read our output has stopped reading, which is their right.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::Transport(_) => Exit::Unreachable,
        Error::NotLoggedIn => Exit::Denied,
        Error::Config(_) => Exit::Usage,
        Error::Problem(problem) => exit_of_code(problem.code, problem.status),
        // The proxy in front answers, the server behind it does not.
        Error::Unexpected(answer) if (502..=504).contains(&answer.status) => Exit::Unreachable,
        Error::Unexpected(answer) => exit_of_status(answer.status),
        _ => Exit::Failed,
    }
}

/// By the code where it says more than the status does.
fn exit_of_code(code: ErrorCode, status: u16) -> Exit {
    match code {
        // Well formed, but not what this lot or this chat takes.
        ErrorCode::CurrencyMismatch
        | ErrorCode::KindNotAllowed
        | ErrorCode::IdempotencyMismatch
        | ErrorCode::MessageBlocked
        | ErrorCode::SlowMode => Exit::Refused,
        ErrorCode::ValidationFailed => Exit::Usage,
        ErrorCode::Unavailable => Exit::Unreachable,
        _ => exit_of_status(status),
    }
}

fn exit_of_status(status: u16) -> Exit {
    match status {
        401 | 403 => Exit::Denied,
        404 => Exit::NotFound,
        409 => Exit::Refused,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use blytz_client::wire::Problem;

    use super::*;

    #[test]
    fn every_code_has_its_exit() {
        for code in ErrorCode::ALL {
            let expected = match (code, code.status()) {
                (
                    ErrorCode::CurrencyMismatch
                    | ErrorCode::KindNotAllowed
                    | ErrorCode::IdempotencyMismatch
                    | ErrorCode::MessageBlocked
                    | ErrorCode::SlowMode,
                    _,
                ) => 5,
                (ErrorCode::ValidationFailed, _) => 2,
                (ErrorCode::Unavailable, _) => 6,
                (_, 401 | 403) => 3,
                (_, 404) => 4,
                (_, 409) => 5,
                _ => 1,
            };
            let failure = Failure::from(Error::from(Problem::new(*code, "why")));
            assert_eq!(failure.exit() as u8, expected, "{code}");
            // The same wherever it comes from.
            let wrapped = Failure::from(anyhow::Error::from(Error::from(Problem::new(*code, "why"))));
            assert_eq!(wrapped.exit() as u8, expected, "{code}");
        }
    }

    #[test]
    fn those_of_the_contract() {
        for (failure, expected) in [
            (Failure::failed("it broke"), 1),
            (Failure::usage("a wrong flag"), 2),
            (Error::Config("no URL".to_owned()).into(), 2),
            (Error::NotLoggedIn.into(), 3),
            (Error::from(Problem::new(ErrorCode::InvalidCredentials, "")).into(), 3),
            (Failure::NotFound("no such account".to_owned()), 4),
            (Failure::Refused("not live yet".to_owned()), 5),
            (Error::from(Problem::new(ErrorCode::BidTooLow, "")).into(), 5),
            (Failure::Reported(Exit::Unreachable), 6),
        ] {
            assert_eq!(failure.exit() as u8, expected, "{failure}");
        }
    }
}
