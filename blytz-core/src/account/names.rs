//! Display names: what others see beside a bid or a message.

use unicode_normalization::UnicodeNormalization as _;

use crate::{chat::is_deceptive, text::is_invisible, wire::Faults};

/// The most characters a display name may have.
const MAX_CHARACTERS: usize = 50;

/// The form in which names are stored: NFC, runs of white space as one space, none around it.
pub fn normalise_display_name(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").nfc().collect()
}

/// Notes what is wrong with a display name. Its length is that of the normalised form.
///
/// Characters that reorder or hide others are refused, as in chat: with them one name could pass
/// for another.
pub fn check_display_name(pointer: &str, name: &str, faults: &mut Faults) {
    if name.chars().any(is_deceptive) {
        faults.invalid(pointer, "must not contain control, direction-override or zero-width characters");
        return;
    }
    let name = normalise_display_name(name);
    let blank = name.chars().all(|c| c.is_whitespace() || is_invisible(c));
    if blank || name.chars().count() > MAX_CHARACTERS {
        faults.invalid(pointer, format!("must have 1 to {MAX_CHARACTERS} characters and not be blank"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(name: &str) -> bool {
        let mut faults = Faults::default();
        check_display_name("/display_name", name, &mut faults);
        faults.is_empty()
    }

    #[test]
    fn names() {
        let longest = "\u{e9}".repeat(50);
        for good in
            ["A", "Ann Tan", " Ann ", "\u{5f20}\u{4f1f}", "O'Neil-Smith 3rd", "\u{1f469}\u{200d}\u{1f52c}", &longest]
        {
            assert!(is_valid(good), "{good:?}");
        }
        let too_long = "a".repeat(51);
        for bad in ["", "   ", "\u{200d}", "\u{3164}", "Ann\u{202e}nnA", "a\u{200b}b", "a\0b", "a\nb", &too_long] {
            assert!(!is_valid(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(normalise_display_name("  Ann \u{a0} Tan "), "Ann Tan");
        assert_eq!(normalise_display_name("e\u{301}"), "\u{e9}");
    }
}
