//! The faults of a request, each with a pointer to where it is.

use std::{fmt, ops::RangeInclusive};

use super::problem::{ErrorCode, FieldError};
use crate::text::{is_blank, is_deceptive};

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

    /// Notes why a value was refused, if it was.
    pub fn check<T>(&mut self, pointer: &str, checked: Result<T, impl fmt::Display>) {
        if let Err(why) = checked {
            self.invalid(pointer, why.to_string());
        }
    }

    /// Notes a text whose number of characters is outside `range`, or that is blank though it must
    /// not be, or that contains control characters or others that make it look like another text.
    pub fn text(&mut self, pointer: &str, text: &str, range: RangeInclusive<usize>) {
        let length = text.chars().count();
        if !range.contains(&length) || (*range.start() > 0 && is_blank(text)) {
            self.invalid(
                pointer,
                format!("must have {} to {} characters and not be blank", range.start(), range.end()),
            );
        } else if text.split(['\n', '\t', '\r']).any(is_deceptive) {
            self.invalid(pointer, "must not contain control, direction-override or hidden characters");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_shows_something_and_hides_nothing() {
        let faults_of = |title: &str| {
            let mut faults = Faults::default();
            faults.text("/title", title, 1..=20);
            faults.into_vec().len()
        };
        for good in ["Vase", "\u{2764}\u{fe0f}", "two\nlines", "\u{645}\u{6cc}\u{200c}\u{62e}"] {
            assert_eq!(faults_of(good), 0, "{good:?}");
        }
        for bad in
            ["", " ", "\u{3164}", "\u{1d159}\u{a0}", "Va\u{1d173}se", "Va\u{ffff}se", "Va\u{e000}se", "a\u{200d}\nb"]
        {
            assert_eq!(faults_of(bad), 1, "{bad:?}");
        }
    }
}
