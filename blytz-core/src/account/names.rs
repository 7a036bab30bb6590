//! Display names: what others see beside a bid or a message.

use unicode_normalization::UnicodeNormalization as _;

use crate::text::{is_blank, is_deceptive, without_leftovers};

/// The most characters a display name may have.
const MAX_CHARACTERS: usize = 50;

/// The form in which names are stored: NFC, runs of white space as one space, none around it, no byte
/// order marks, one selector after an emoji.
pub fn normalise_display_name(name: &str) -> String {
    let name = without_leftovers(name);
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").nfc().collect()
}

/// Why a text is no display name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Characters that reorder or hide others are refused, as in chat: with them one name could
    /// pass for another.
    #[error("must not contain control, direction-override or hidden characters")]
    Deceptive,
    /// Of its normalised form.
    #[error("must have 1 to {MAX_CHARACTERS} characters and not be blank")]
    Length,
}

/// Whether a text will do as a display name.
///
/// # Errors
/// Why it will not.
pub fn check_display_name(name: &str) -> Result<(), InvalidName> {
    if is_deceptive(name) {
        return Err(InvalidName::Deceptive);
    }
    let name = normalise_display_name(name);
    if is_blank(&name) || name.chars().count() > MAX_CHARACTERS { Err(InvalidName::Length) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(name: &str) -> bool {
        check_display_name(name).is_ok()
    }

    #[test]
    fn names() {
        let longest = "\u{e9}".repeat(50);
        for good in [
            "A",
            "Ann Tan",
            " Ann ",
            "\u{5f20}\u{4f1f}",
            "O'Neil-Smith 3rd",
            "\u{1f469}\u{200d}\u{1f52c}",
            "\u{feff}Ann",
            "Ann \u{2764}\u{fe0f}\u{fe0f}",
            &longest,
        ] {
            assert!(is_valid(good), "{good:?}");
        }
        let too_long = "a".repeat(51);
        for bad in ["", "   ", "\u{200d}", "\u{3164}", "Ann\u{202e}nnA", "a\u{200b}b", "a\u{feff}b", "a\0b", "a\nb"]
            .into_iter()
            .chain(["\u{1d159}", "\u{3164}\u{a0}\u{1d159}", "Ann\u{f8ff}", "A\u{ffff}nn", "A\u{fe0f}nn", "Ann\u{200d}"])
            .chain([too_long.as_str()])
        {
            assert!(!is_valid(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(normalise_display_name("  Ann \u{a0} Tan "), "Ann Tan");
        assert_eq!(normalise_display_name("\u{feff} e\u{301}"), "\u{e9}");
        assert_eq!(normalise_display_name("\u{2764}\u{fe0f}\u{fe0f}"), "\u{2764}\u{fe0f}");
    }
}
