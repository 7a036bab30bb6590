//! What is said of input that could not be read. An answer quotes at most a hundred characters of
//! it, once: otherwise a question of a megabyte would be answered with several.

use blytz_core::wire::{ErrorCode, FieldError};

use crate::error::Error;

/// How much of anybody's input an answer repeats, in characters.
const QUOTED: usize = 100;
/// How long serde's sentence may be, in characters; none of ours is.
const SENTENCE: usize = 500;

/// 422 for a JSON text that serde could not read as what it should be.
pub fn json(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let text = error.inner().to_string();
    // Without serde's own "at line 1 column 7".
    let sentence = text.rsplit_once(" at line ").map_or(text.as_str(), |(sentence, _)| sentence);
    if sentence.starts_with("unknown field ") {
        unknown_field(pointer(error.path()), wanted(sentence))
    } else if let Some(name) = between("missing field `", sentence) {
        // A name of ours: what it is the pointer to is what has to be added.
        Error::invalid_field(format!("{}/{name}", pointer(error.path())), "is missing")
    } else {
        Error::invalid_field(pointer(error.path()), without_input(sentence))
    }
}

/// 422 for a query that could not be read as what it should be.
pub fn query(sentence: &str) -> Error {
    let (field, detail) = sentence.split_once(": ").unwrap_or(("", sentence));
    // Not every sentence begins with the name of a parameter.
    let pointer =
        if field.is_empty() || field.contains(' ') { String::new() } else { format!("/{}", cut(field, QUOTED)) };
    Error::invalid_field(pointer, number_wanted(detail).map_or_else(|| without_input(detail), str::to_owned))
}

/// What a number has to be that the standard library could not read.
fn number_wanted(sentence: &str) -> Option<&'static str> {
    match sentence {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            Some("must be a whole number, in digits")
        }
        "number too large to fit in target type" => Some("must be a smaller number"),
        "number too small to fit in target type" => Some("must be a larger number"),
        _ => None,
    }
}

/// What stands between `start` and the next backtick.
fn between<'a>(start: &str, sentence: &'a str) -> Option<&'a str> {
    sentence.strip_prefix(start)?.split('`').next()
}

/// The one fault that can only be told by repeating the client's own word: as the last part of the
/// pointer, and nowhere else.
fn unknown_field(pointer: String, wanted: Option<&str>) -> Error {
    let expected = wanted.map(|wanted| format!("; expected {wanted}")).unwrap_or_default();
    let place = match pointer.rsplit_once('/') {
        None | Some(("", _)) => "The request",
        Some((place, _)) => place,
    };
    let summary = format!("{place} has an unknown field{expected}.");
    let detail = format!("is no field here{expected}");
    Error::invalid(vec![FieldError { pointer, code: ErrorCode::ValidationFailed, detail }]).detail(summary)
}

/// serde's sentence without the value that it quotes: its sender has the original.
fn without_input(sentence: &str) -> String {
    let kind = sentence.split(['`', '"']).next().unwrap_or_default().trim_end();
    let quotes = ["unknown variant", "invalid type: ", "invalid value: "].iter().any(|quotes| kind.starts_with(quotes));
    match wanted(sentence).filter(|_| quotes && kind.len() < sentence.len()) {
        Some(wanted) => format!("{kind}, expected {wanted}"),
        None => cut(sentence, SENTENCE).to_owned(),
    }
}

/// What serde wanted in place of what it found. The latter comes first and may contain anything.
fn wanted(sentence: &str) -> Option<&str> {
    let marks = [", expected ", ", there are "];
    let start = marks.iter().filter_map(|mark| Some(sentence.rfind(mark)? + mark.len())).max()?;
    Some(cut(&sentence[start..], SENTENCE))
}

/// A path as a JSON pointer. Its parts are names of ours but for one that nobody knows.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |mut pointer, segment| {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => cut(key, QUOTED).replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => cut(variant, QUOTED).to_owned(),
            Segment::Unknown => return pointer,
        };
        pointer.push('/');
        pointer.push_str(&name);
        pointer
    })
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use blytz_core::{
        Money,
        wire::{Check, Faults, Problem},
    };
    use serde::Deserialize;

    use super::{super::extract::parse, *};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[serde(rename = "price")]
        _price: Option<Money>,
        #[serde(rename = "quantity")]
        _quantity: Option<u32>,
        #[serde(rename = "kind")]
        _kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Draft,
        Active,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    impl Check for Order {
        fn check(&self, _: &mut Faults) {}
    }

    impl Check for Nothing {
        fn check(&self, _: &mut Faults) {}
    }

    fn refused(text: &str) -> Problem {
        parse::<Order>(text).expect_err(text).into_problem()
    }

    #[test]
    fn a_parameter_that_is_no_number_is_told_what_it_has_to_be() {
        for (sentence, detail) in [
            ("limit: invalid digit found in string", "must be a whole number, in digits"),
            ("limit: number too large to fit in target type", "must be a smaller number"),
            ("limit: unknown variant `x`, expected `a` or `b`", "unknown variant, expected `a` or `b`"),
        ] {
            let problem = query(sentence).into_problem();
            assert_eq!((problem.errors[0].pointer.as_str(), problem.errors[0].detail.as_str()), ("/limit", detail));
        }
    }

    #[test]
    fn a_fault_says_where_and_what_would_be_right() {
        for (text, pointer, detail) in [
            (r#"{"colour": 1}"#, "/colour", "is no field here; expected one of `price`, `quantity`, `kind`"),
            (r#"{"price": {"a/b~": 1}}"#, "/price/a~1b~0", "is no field here; expected `amount` or `currency`"),
            (r#"{"kind": "gone"}"#, "/kind", "unknown variant, expected `draft` or `active`"),
            (r#"{"kind": "`, expected `gone"}"#, "/kind", "unknown variant, expected `draft` or `active`"),
            (r#"{"quantity": "12"}"#, "/quantity", "invalid type: string, expected u32"),
            (r#"{"quantity": "\", expected \"u8"}"#, "/quantity", "invalid type: string, expected u32"),
            (r#"{"quantity": -1}"#, "/quantity", "invalid value: integer, expected u32"),
            (r#"{"quantity": 1.5}"#, "/quantity", "invalid type: floating point, expected u32"),
            (r#"{"quantity": {}}"#, "/quantity", "invalid type: map, expected u32"),
            (r#"{"quantity": 1, "quantity": 1}"#, "", "duplicate field `quantity`"),
            (r#"{"price": {"amount": 1}}"#, "/price/currency", "is missing"),
        ] {
            let problem = refused(text);
            let [fault] = problem.errors.as_slice() else { panic!("{text}: {problem:?}") };
            assert_eq!((fault.pointer.as_str(), fault.detail.as_str()), (pointer, detail), "{text}");
        }
        assert_eq!(
            refused(r#"{"colour": 1}"#).detail,
            "The request has an unknown field; expected one of `price`, `quantity`, `kind`."
        );
        assert_eq!(
            refused(r#"{"price": {"x": 1}}"#).detail,
            "/price has an unknown field; expected `amount` or `currency`."
        );
        assert_eq!(refused(r#"{"quantity": "7"}"#).detail, "/quantity invalid type: string, expected u32.");
    }

    #[test]
    fn a_hundred_characters_are_quoted_once_at_most() {
        let long = "\u{1f3a9}".repeat(200_000);
        for (text, quoted) in [
            (format!(r#"{{"{long}": 1}}"#), QUOTED),
            (format!(r#"{{"price": {{"{long}": 1}}}}"#), QUOTED),
            (format!(r#"{{"`, expected {long}": 1}}"#), QUOTED - "`, expected ".len()),
            (format!(r#"{{"`, there are {long}": 1}}"#), QUOTED - "`, there are ".len()),
            (format!(r#"{{"price": "{long}"}}"#), 0),
            (format!(r#"{{"price": {{"amount": 1, "currency": "{long}"}}}}"#), 0),
            (format!(r#"{{"quantity": "{long}"}}"#), 0),
            (format!(r#"{{"kind": "{long}"}}"#), 0),
            (format!(r#"{{"kind": {{"{long}": 1}}}}"#), 0),
            (format!(r#""{long}""#), 0),
        ] {
            let start: String = text.chars().take(30).collect();
            let answer = serde_json::to_string(&refused(&text)).expect("JSON");
            assert_eq!(answer.matches('\u{1f3a9}').count(), quoted, "{start}");
            assert!(answer.len() < 2_000, "{start}: {} bytes", answer.len());
        }
        let text = format!(r#"{{"`, expected {long}": 1}}"#);
        let problem = parse::<Nothing>(&text).expect_err("there are no fields").into_problem();
        assert_eq!(problem.detail, "The request has an unknown field; expected no fields.");
    }
}
