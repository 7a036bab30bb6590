//! The core's refusals as errors of the API.

use blytz_core::{chat::Refusal, wire::FieldError};

use crate::error::Error;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let at_text = |detail: String| {
            Self::invalid(vec![FieldError { pointer: "/text".to_owned(), code: refusal.code(), detail }])
        };
        match refusal {
            Refusal::NotFound => Self::not_found(),
            Refusal::Invalid(why) => at_text(why.to_string()),
            Refusal::Blocked => at_text("contains a term that is blocked in this chat".to_owned()),
            _ => {
                let error = Self::new(refusal.code(), sentence(&refusal.to_string()));
                refusal.retry_after().map_or(error.clone(), |seconds| error.retry_after(seconds))
            }
        }
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
