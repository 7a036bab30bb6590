//! Text from outside, fit for a terminal.

use std::fmt::Write;

use blytz_core::text::Unseen;
use blytz_tui::clean::{is_hostile, printable};

/// The text with everything taken out that a terminal might obey, or that would hide or reorder
/// what stands beside it. Line breaks and tabs become spaces.
pub fn clean(text: &str) -> String {
    printable(text)
}

/// JSON text in which no such character stands bare. It says the same.
pub fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside strings JSON is plain ASCII, so whatever is found here stands in one. The line
        // breaks of pretty printing are not: serde_json has escaped those in strings.
        if c != '\n' && (is_hostile(c) || Unseen::of(c) == Some(Unseen::Tag)) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_would_obey_is_left() {
        for (raw, expected) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{1b}]0;owned\u{7}title", "]0;ownedtitle"),
            ("\u{9b}2Jcleared", "2Jcleared"),
            ("two\nlines\tand a tab", "two lines and a tab"),
            ("\u{202e}evil\u{202c}", "evil"),
            ("Aishah 時計", "Aishah 時計"),
            (
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}\u{e0067}",
                "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            ),
        ] {
            assert_eq!(clean(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn json_says_the_same_without_them() {
        let value = serde_json::json!({ "text": "\u{9b}2J\u{202e}\u{7f}\u{e0041} 時計\n" });
        let plain = serde_json::to_string_pretty(&value).expect("a value");
        let escaped = escape_json(&plain);
        assert!(!escaped.chars().any(|c| c != '\n' && (is_hostile(c) || c == '\u{e0041}')), "{escaped:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"), value);
    }
}
