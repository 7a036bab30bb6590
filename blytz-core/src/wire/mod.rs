//! The JSON that clients and servers exchange: one type per shape, a file per service.
//!
//! Requests refuse unknown fields. What a type can't say by itself (a length, a range, exactly one
//! of three fields) is said by its [`Check`], which names every fault with a JSON pointer; servers
//! run it before a handler starts, clients may run it before they ask.

pub mod account;
pub mod auction;
pub mod chat;
mod faults;
pub mod live;
pub mod problem;
pub mod process;
pub mod product;
pub mod stream;
mod strict;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::{
    faults::Faults,
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
