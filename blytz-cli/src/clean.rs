//! Text from outside, fit for a terminal.

use std::fmt::Write;

use blytz_tui::clean::is_hostile;

/// The text with everything taken out that a terminal might obey, or that would hide or reorder
/// what stands beside it. Line breaks and tabs become spaces.
pub fn clean(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c });
    spaced.filter(|c| !is_hostile(*c)).collect()
}

/// JSON text in which no such character stands bare. It says the same.
pub fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside strings JSON is plain ASCII, so whatever is found here stands in one. The line
        // breaks of pretty printing are not: serde_json has escaped those in strings.
        if c != '\n' && is_hostile(c) {
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
        ] {
            assert_eq!(clean(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn json_says_the_same_without_them() {
        let value = serde_json::json!({ "text": "\u{9b}2J\u{202e}\u{7f}\u{e0041} 時計\n" });
        let plain = serde_json::to_string_pretty(&value).expect("a value");
        let escaped = escape_json(&plain);
        assert!(!escaped.chars().any(|c| c != '\n' && is_hostile(c)), "{escaped:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"), value);
    }
}
