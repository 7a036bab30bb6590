//! The JSON that clients and servers exchange: one type per shape, a file per service.
//!
//! Requests refuse unknown fields. What a type can't say by itself (a length, a range, exactly one
//! of three fields) is said by its [`Check`], which names every fault with a JSON pointer; servers
//! run it before a handler starts, clients may run it before they ask.

pub mod account;
pub mod auction;
pub mod chat;
pub mod live;
pub mod problem;
pub mod process;
pub mod product;
pub mod stream;
mod strict;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::{
    problem::{ErrorCode, FieldError, Problem},
    strict::Strict,
};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The page's items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page starts, to be passed back as it is; null on the last page.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of `size` items out of a list that was asked for one more: that one only says that there
    /// is a next page, which starts after `cursor` of the last item shown.
    pub fn cut(mut items: Vec<T>, size: usize, cursor: impl FnOnce(&T) -> String) -> Self {
        let more = items.len() > size;
        items.truncate(size);
        let next_cursor = if more { items.last().map(cursor) } else { None };
        Self { items, next_cursor }
    }

    /// The same page of something else, in the same order.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

/// What a request must fulfil beyond its types.
pub trait Check {
    /// Adds every fault to `faults`; none added means the request is valid.
    fn check(&self, faults: &mut Faults);
}

/// The faults found in a request, the first [`Faults::MOST`] of them.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// How many are listed: enough for any form that people fill in, and a short answer to a long
    /// array of nonsense.
    pub const MOST: usize = 50;

    /// Notes a fault at `pointer` (RFC 6901), unless there are many already.
    pub fn add(&mut self, pointer: impl Into<String>, code: ErrorCode, detail: impl Into<String>) {
        if self.0.len() < Self::MOST {
            self.0.push(FieldError { pointer: pointer.into(), code, detail: detail.into() });
        }
    }

    /// Notes an invalid value at `pointer`.
    pub fn invalid(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.add(pointer, ErrorCode::ValidationFailed, detail);
    }

    /// Notes a text whose number of characters is outside `range`, or that is blank though it must
    /// not be, or that contains control characters or others that make it look like another text.
    pub fn text(&mut self, pointer: &str, text: &str, range: std::ops::RangeInclusive<usize>) {
        let length = text.chars().count();
        if !range.contains(&length) || (*range.start() > 0 && text.trim().is_empty()) {
            self.invalid(
                pointer,
                format!("must have {} to {} characters and not be blank", range.start(), range.end()),
            );
        } else if text.chars().any(|c| crate::chat::is_deceptive(c) && c != '\n' && c != '\t' && c != '\r') {
            self.invalid(pointer, "must not contain control, direction-override or zero-width characters");
        }
    }

    /// The faults in the order they were found.
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Every fault of a request.
///
/// # Errors
/// The faults, when there is at least one.
pub fn check<T: Check>(request: &T) -> Result<(), Vec<FieldError>> {
    let mut faults = Faults::default();
    request.check(&mut faults);
    if faults.is_empty() { Ok(()) } else { Err(faults.into_vec()) }
}

/// For PATCH: tells an absent field (`None`) from one set to null (`Some(None)`).
#[expect(clippy::option_option, reason = "absent, null and set are three things in a PATCH")]
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// For PATCH: an absent field stays as it is; null is a wrong type, since there is nothing to clear.
pub(crate) fn stated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
