//! One error for every handler, one envelope for every client.

use axum::response::{IntoResponse, Response};
use blytz_core::{
    Money,
    wire::{ErrorCode, Faults, FieldError, Problem},
};

use crate::db::{CommitError, is_unavailable};

/// What a handler answers when it can't do what was asked. The client gets it as a problem
/// document; the request's id is filled in on the way out.
#[derive(Debug, Clone)]
pub struct Error(Box<Problem>);

/// What handlers return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with the code's own status.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let mut problem = Problem::new(code, detail);
        if problem.status == 422 {
            // Every 422 lists its faults; this one is the whole request's.
            let detail = problem.detail.clone();
            problem.errors = vec![FieldError { pointer: String::new(), code, detail }];
        }
        Self(Box::new(problem))
    }

    /// 404, the same for what does not exist and for what is not yours to know.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "There is nothing at this address, or it is not yours to see.")
    }

    /// 403 with a reason.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, detail)
    }

    /// 401 with a reason.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthenticated, detail)
    }

    /// 409 with a code's own meaning.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, detail)
    }

    /// 422 with every fault that is listed. The overall code is that of the faults when they agree.
    pub fn invalid(faults: Vec<FieldError>) -> Self {
        let code = match faults.split_first() {
            Some((first, rest)) if rest.iter().all(|fault| fault.code == first.code) => first.code,
            _ => ErrorCode::ValidationFailed,
        };
        let detail = match faults.as_slice() {
            [only] if only.pointer.is_empty() => format!("The request {}.", only.detail),
            [only] => format!("{} {}.", only.pointer, only.detail),
            many if many.len() < Faults::MOST => format!("{} fields are invalid; see errors.", many.len()),
            many => format!("{} fields or more are invalid; see errors.", many.len()),
        };
        let mut problem = Problem::new(code, detail);
        problem.status = 422;
        problem.errors = faults;
        Self(Box::new(problem))
    }

    /// 422 with one fault.
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            pointer: pointer.into(),
            code: ErrorCode::ValidationFailed,
            detail: detail.into(),
        }])
    }

    /// 503: not now, ask again in a second.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, detail).retry_after(1)
    }

    /// 503: it may have been done, or not.
    pub fn outcome_unknown(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::OutcomeUnknown, detail).retry_after(1)
    }

    /// The same in other words.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// What to answer when a change is written and its answer can't be made: "not now" would be heard
    /// as "not done", and the change be asked for again.
    pub fn after_the_fact(self) -> Self {
        if self.code() != ErrorCode::Unavailable {
            return self;
        }
        Self::outcome_unknown("This was written, but can't be read now; look before you repeat it.")
    }

    /// The same with the seconds to wait.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same with the least that would do.
    pub fn next_minimum(mut self, next_minimum: Money) -> Self {
        self.0.next_minimum = Some(next_minimum);
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The problem document, still without its request id.
    pub fn into_problem(self) -> Problem {
        *self.0
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    /// The inside stays inside: the log gets the cause, the client a sentence.
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            tracing::warn!(%error, "the database can't do it now");
            Self::unavailable("The database can't do this now; try again in a moment.")
        } else {
            internal(error)
        }
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::NotWritten(error) => error.into(),
            CommitError::Unknown(error) => {
                tracing::error!(%error, "a commit's outcome is unknown");
                Self::outcome_unknown("The database did not say whether this was written; look before you repeat it.")
            }
        }
    }
}

/// A fault of our own: logged in full, told in a sentence.
pub(crate) fn internal(cause: impl std::fmt::Display) -> Error {
    tracing::error!(%cause, "an internal error");
    Error::new(ErrorCode::Internal, "Something went wrong on our side; it has been noted.")
}

impl IntoResponse for Error {
    /// A response whose body `http::problem` writes, as it knows the request's id.
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() =
            axum::http::StatusCode::from_u16(self.0.status).unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(self.0);
        response
    }
}
