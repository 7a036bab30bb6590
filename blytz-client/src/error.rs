//! What can go wrong, and whether asking again is safe.

use std::{fmt, time::Duration};

use blytz_core::wire::{ErrorCode, Problem, auction::BidAnswer};

use crate::evidence::Untrue;

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused, and said why.
    #[error("{}", describe(.0))]
    Problem(Box<Problem>),
    /// The server could not say whether the request was done, and the request has no id of its own
    /// under which it could be asked again. Look before repeating it.
    #[error("the server could not say whether this was done: {}", describe(.0))]
    Unsettled(Box<Problem>),
    /// An answer that is not Blytz's: a proxy's error page, a redirect, another program's port.
    #[error(transparent)]
    Unexpected(#[from] Box<UnexpectedAnswer>),
    /// No answer: the server can't be reached, or the connection was cut.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer whose body is not what this version of the SDK expects.
    #[error("the answer to {request} is not understood: {source}")]
    Decode {
        /// Method and path of the request, or the WebSocket op.
        request: String,
        /// What is wrong with the body.
        source: serde_json::Error,
    },
    /// An answer that is longer than what is kept of one.
    #[error("the answer to {request} is longer than {} MiB", limit >> 20)]
    TooLarge {
        /// Method and path of the request.
        request: String,
        /// The most that is kept, in bytes.
        limit: usize,
    },
    /// The call needs tokens and the client has none.
    #[error("not logged in")]
    NotLoggedIn,
    /// Somebody logged in or out before this was answered, and it is not sent again in another name.
    /// Whether it was done is not known.
    #[error("the login changed before this was answered")]
    LoginChanged,
    /// The house answered that a bid counts, and what it signed does not hold. The bid may stand all the
    /// same; who sends it again gets the same answer. Keep this one: it is evidence.
    #[error("the house answered that the bid counts, but it can't be held to that: {why}")]
    Untrue {
        /// What does not hold.
        why: Box<Untrue>,
        /// What was answered.
        answer: Box<BidAnswer>,
    },
    /// The client's configuration is wrong; the text names the setting.
    #[error("{0}")]
    Config(String),
    /// The live connection was closed by this program.
    #[error("the live connection is closed")]
    Closed,
}

/// Detail first, because it says what would be right; faults after it.
fn describe(problem: &Problem) -> String {
    let mut text = if problem.detail.is_empty() { problem.title.clone() } else { problem.detail.clone() };
    for (index, fault) in problem.errors.iter().enumerate() {
        text.push_str(if index == 0 { ": " } else { "; " });
        if !fault.pointer.is_empty() {
            text.push_str(&fault.pointer);
            text.push(' ');
        }
        text.push_str(&fault.detail);
    }
    text
}

/// Whether the same request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryKind {
    /// It would be refused again, or might be done twice.
    Never,
    /// The identical request, with the same ids, is safe now.
    SameRequest,
    /// The identical request, with the same ids, is safe after this long.
    After(Duration),
}

impl Error {
    /// The stable code, when the server named one.
    ///
    /// ```
    /// use blytz_client::{Error, wire::{ErrorCode, Problem}};
    /// let error = Error::from(Problem::new(ErrorCode::BidTooLow, "the next minimum is MYR 12.00"));
    /// assert_eq!(error.code(), Some(ErrorCode::BidTooLow));
    /// assert_eq!(error.status(), Some(409));
    /// ```
    pub fn code(&self) -> Option<ErrorCode> {
        self.problem().map(|problem| problem.code)
    }

    /// The HTTP status, when there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unexpected(answer) => Some(answer.status),
            _ => self.problem().map(|problem| problem.status),
        }
    }

    /// The problem as the server stated it.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) | Self::Unsettled(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the same request may be sent again. The client has tried what is safe by itself
    /// already; this is for callers with more patience.
    pub fn retry_kind(&self) -> RetryKind {
        match self {
            Self::Problem(problem) => match problem.code {
                // The server may or may not have done it; under the same id it is done once.
                ErrorCode::OutcomeUnknown | ErrorCode::IdempotencyInProgress => wait(problem.retry_after),
                _ if matches!(problem.status, 429 | 503) => {
                    RetryKind::After(Duration::from_secs(problem.retry_after.unwrap_or(1)))
                }
                _ => RetryKind::Never,
            },
            Self::Unexpected(answer) => match answer.status {
                429 | 502..=504 if answer.repeatable => wait(answer.retry_after),
                _ => RetryKind::Never,
            },
            Self::Transport(error) if error.repeatable => RetryKind::SameRequest,
            _ => RetryKind::Never,
        }
    }

    /// The same about a request that has no id of its own under which it could be asked again.
    pub(crate) fn unsettled(self) -> Self {
        match self {
            Self::Problem(problem) if problem.code == ErrorCode::OutcomeUnknown => Self::Unsettled(problem),
            error => error,
        }
    }

    /// Whether a new access token could help. Wrong credentials are a 401, too, but say so.
    pub(crate) fn wants_login(&self) -> bool {
        self.status() == Some(401) && self.code() != Some(ErrorCode::InvalidCredentials)
    }

    /// Whether the server refused a refresh for good. A proxy's error page does not say so.
    pub(crate) fn ends_login(&self) -> bool {
        let refused = |status| (400..500).contains(&status) && status != 429;
        matches!(self, Self::NotLoggedIn) || self.problem().is_some_and(|problem| refused(problem.status))
    }

    /// Whether no answer came at all: a wrong address, a server that is down, a cut line.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Transport(_))
    }
}

fn wait(seconds: Option<u64>) -> RetryKind {
    seconds.map_or(RetryKind::SameRequest, |seconds| RetryKind::After(Duration::from_secs(seconds)))
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct TransportError {
    what: String,
    repeatable: bool,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// `repeatable`: nothing was sent, or what was sent is done once however often it arrives.
    pub(crate) fn new(what: impl Into<String>, repeatable: bool) -> Self {
        Self { what: what.into(), repeatable, source: None }
    }

    pub(crate) fn late(request: &str, repeatable: bool) -> Self {
        Self::new(format!("no answer to {request} in time"), repeatable)
    }

    pub(crate) fn from_http(request: &str, error: reqwest::Error, repeatable: bool) -> Self {
        let never_sent = error.is_connect();
        let what = if never_sent {
            format!("can't reach the server: {}", root_cause(&error))
        } else if error.is_timeout() {
            return Self::late(request, repeatable);
        } else {
            format!("the connection broke during {request}: {}", root_cause(&error))
        };
        // The URL may hold what the user typed; the message names the path already.
        Self { what, repeatable: repeatable || never_sent, source: Some(Box::new(error.without_url())) }
    }
}

/// The innermost cause, which is the one that tells ("connection refused").
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// An answer that carries no problem document and no expected body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnexpectedAnswer {
    /// Method and path of the request.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`, empty when absent.
    pub content_type: String,
    /// For a redirect, where to. The client follows none, lest a token travel to another host.
    pub location: Option<String>,
    /// The beginning of the body, without control characters.
    pub excerpt: String,
    /// The `Retry-After` header, in seconds.
    pub retry_after: Option<u64>,
    pub(crate) repeatable: bool,
}

impl fmt::Display for UnexpectedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unexpected answer {} to {}", self.status, self.request)?;
        if let Some(location) = &self.location {
            return write!(f, ": it redirects to {location}");
        }
        if !self.excerpt.is_empty() {
            write!(f, ": {}", self.excerpt)?;
        }
        Ok(())
    }
}

impl std::error::Error for UnexpectedAnswer {}
