//! The text of a message: one line, in one form, with nothing hidden in it.

use unicode_normalization::UnicodeNormalization as _;

use super::{is_deceptive, is_invisible};

/// The most characters a message may have; a chat's settings may lower it.
pub const MAX_CHARACTERS: u32 = 500;

/// Why a text is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing visible in it.
    #[error("must not be blank")]
    Blank,
    /// Too many characters after normalising.
    #[error("must have 1 to {max} characters")]
    TooLong {
        /// The most it may have.
        max: u32,
    },
    /// A control, direction-override or zero-width character.
    #[error("must not contain control, direction-override or zero-width characters")]
    Deceptive,
}

/// The form in which a message is stored, compared and counted: NFC, no white space around it. A
/// message is one line: a line break or a tab inside it is a control character like any other.
///
/// `max` is the most characters (Unicode scalar values) allowed, at most [`MAX_CHARACTERS`].
///
/// ```
/// use blytz_core::text::normalise;
/// assert_eq!(normalise("  nice vase\r\n", 500).as_deref(), Ok("nice vase"));
/// assert!(normalise("two\nlines", 500).is_err());
/// assert!(normalise("tricky \u{202e}txet", 500).is_err());
/// ```
///
/// # Errors
/// [`InvalidText`] when nothing, too much or something deceptive is left.
pub fn normalise(text: &str, max: u32) -> Result<String, InvalidText> {
    let trimmed = text.trim();
    if trimmed.contains(is_deceptive) {
        return Err(InvalidText::Deceptive);
    }
    let text: String = trimmed.nfc().collect();
    if text.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        return Err(InvalidText::Blank);
    }
    let max = max.min(MAX_CHARACTERS);
    // Counted with a bound: the length of what is refused does not matter.
    if text.chars().take(max as usize + 1).count() > max as usize {
        return Err(InvalidText::TooLong { max });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_are_one_line_in_one_form() {
        for (given, expected) in [
            ("hello", "hello"),
            ("  hello\t", "hello"),
            ("a  b", "a  b"),
            ("e\u{301}t\u{e9}", "\u{e9}t\u{e9}"),
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            ),
            ("\u{1f469}\u{200d}\u{1f52c}", "\u{1f469}\u{200d}\u{1f52c}"),
            ("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}"),
        ] {
            assert_eq!(normalise(given, 500).as_deref(), Ok(expected), "{given:?}");
        }
        for blank in ["", "   ", "\n\n", "\u{a0}", "\u{3000}", "\u{200d}", "\u{3164}\u{3164}", "\u{ad}"] {
            assert_eq!(normalise(blank, 500), Err(InvalidText::Blank), "{blank:?}");
        }
        for c in
            ['\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{9b}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}']
                .into_iter()
                .chain(['\u{2066}', '\u{2069}', '\u{206a}', '\u{feff}', '\u{e0041}'])
        {
            assert_eq!(normalise(&format!("a{c}b"), 500), Err(InvalidText::Deceptive), "{c:?}");
            assert_eq!(normalise(&format!("ab{c}"), 500), Err(InvalidText::Deceptive), "at the end, too: {c:?}");
        }
    }

    #[test]
    fn length_is_that_of_the_normalised_text() {
        assert!(normalise(&"a".repeat(500), 500).is_ok());
        assert!(normalise(&"e\u{301}".repeat(500), 500).is_ok());
        assert!(normalise(&format!(" {} ", "\u{1f525}".repeat(500)), 500).is_ok());
        assert_eq!(normalise(&"a".repeat(501), 500), Err(InvalidText::TooLong { max: 500 }));
        assert_eq!(normalise(&"a".repeat(501), 9_000), Err(InvalidText::TooLong { max: 500 }));
        assert_eq!(normalise("abcd", 3), Err(InvalidText::TooLong { max: 3 }));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}|.{0,40}") {
            if let Ok(once) = normalise(&text, 500) {
                prop_assert_eq!(normalise(&once, 500), Ok(once.clone()));
                prop_assert!(!once.contains(is_deceptive));
            }
        }
    }
}
