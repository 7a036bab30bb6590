//! The text of a message: one line, in one form, with nothing hidden in it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Unseen, is_blank, is_deceptive, without_leftovers};

/// The most characters a message may have, as people count them; a chat's settings may lower it.
pub const MAX_CHARACTERS: u32 = 500;

/// The most bytes (UTF-8) a message may have. A character may be of any size: marks can be piled upon
/// one without end.
pub const MAX_BYTES: usize = 4_000;

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
    /// Few characters, but of a great many marks.
    #[error("must have at most {MAX_BYTES} bytes")]
    TooLarge,
    /// Something that no one sees, without a meaning where it stands; or that reorders what is seen.
    #[error("must not contain control, direction-override or hidden characters")]
    Deceptive,
}

/// The form in which a message is stored, compared and counted: NFC, no white space around it, no byte
/// order marks, one selector after an emoji. A message is one line: a line break or a tab inside it is a control character like any
/// other.
///
/// `max` is the most characters allowed, at most [`MAX_CHARACTERS`]. A character is what people see as
/// one (an extended grapheme cluster): a letter with its accents, a flag, a family.
///
/// ```
/// use blytz_core::text::normalise;
/// assert_eq!(normalise("  nice vase\r\n", 500).as_deref(), Ok("nice vase"));
/// assert!(normalise("\u{1f469}\u{200d}\u{1f467}", 1).is_ok());
/// assert!(normalise("two\nlines", 500).is_err());
/// assert!(normalise("tricky \u{202e}txet", 500).is_err());
/// ```
///
/// # Errors
/// [`InvalidText`] when nothing, too much or something deceptive is left.
pub fn normalise(text: &str, max: u32) -> Result<String, InvalidText> {
    if is_blank(text) {
        return Err(InvalidText::Blank);
    }
    let text: String = text.trim_matches(|c: char| c.is_whitespace() || is_byte_order_mark(c)).nfc().collect();
    if is_deceptive(&text) {
        return Err(InvalidText::Deceptive);
    }
    let text = without_leftovers(&text);
    let max = max.min(MAX_CHARACTERS);
    if count_up_to(&text, max as usize + 1) > max as usize {
        return Err(InvalidText::TooLong { max });
    }
    if text.len() > MAX_BYTES { Err(InvalidText::TooLarge) } else { Ok(text) }
}

/// How many characters a text has as people count them, or `most` if it has more: how long a text is
/// that is refused does not matter.
pub fn count_up_to(text: &str, most: usize) -> usize {
    text.graphemes(true).take(most).count()
}

/// Its programs leave it where a text that is pasted begins or ends; between two letters it is refused.
fn is_byte_order_mark(c: char) -> bool {
    Unseen::of(c) == Some(Unseen::ByteOrderMark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCOTLAND: &str = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
    const FAMILY: &str = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";

    #[test]
    fn messages_are_one_line_in_one_form() {
        for (given, expected) in [
            ("hello", "hello"),
            ("  hello\t", "hello"),
            ("a  b", "a  b"),
            ("e\u{301}t\u{e9}", "\u{e9}t\u{e9}"),
            ("\u{feff}hello\u{feff}\r\n", "hello"),
            ("\u{feff}\u{feff} look: \u{feff}hello", "look: hello"),
            ("\u{2764}\u{fe0f}\u{fe0f}", "\u{2764}\u{fe0f}"),
        ] {
            assert_eq!(normalise(given, 500).as_deref(), Ok(expected), "{given:?}");
        }
        for as_it_is in [
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{2764}\u{fe0f}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f} (A) \u{200e}7\u{61c}",
            SCOTLAND,
            FAMILY,
        ] {
            assert_eq!(normalise(as_it_is, 500).as_deref(), Ok(as_it_is), "{as_it_is:?}");
        }
        for blank in ["", "   ", "\n\n", "\u{a0}", "\u{3000}", "\u{200d}", "\u{3164}\u{3164}", "\u{ad}", "\u{feff}"]
            .into_iter()
            .chain(["\u{200f}", "\u{1d159}", "\u{1d159}\u{3164}\u{a0}\u{1d159}", "\u{a0}\u{13441}", "\u{e000}"])
        {
            assert_eq!(normalise(blank, 500), Err(InvalidText::Blank), "{blank:?}");
        }
    }

    #[test]
    fn what_hides_or_reorders_is_refused() {
        for c in ['\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{9b}', '\u{200b}', '\u{202a}', '\u{202e}', '\u{2066}']
            .into_iter()
            .chain(['\u{2069}', '\u{2060}', '\u{206a}', '\u{e0041}', '\u{e007f}', '\u{180e}', '\u{1d173}', '\u{1bca3}'])
            .chain([
                '\u{fdd0}',
                '\u{fffe}',
                '\u{ffff}',
                '\u{10ffff}',
                '\u{e0fff}',
                '\u{e000}',
                '\u{f8ff}',
                '\u{10fffd}',
            ])
            .chain(['\u{fe0f}', '\u{fe00}', '\u{e0100}'])
        {
            assert_eq!(normalise(&format!("a{c}b"), 500), Err(InvalidText::Deceptive), "{c:?}");
            assert_eq!(normalise(&format!("ab{c}"), 500), Err(InvalidText::Deceptive), "at the end, too: {c:?}");
        }
        let selectors = format!("\u{1f525}{}", "\u{e0100}".repeat(50));
        for hidden in
            ["va\u{feff}se", "a\u{200d}\u{200d}\u{200d}\u{200d}b", "\u{200d}a", "a\u{200c}", "a \u{200d}b", &selectors]
        {
            assert_eq!(normalise(hidden, 500), Err(InvalidText::Deceptive), "{hidden:?}");
        }
    }

    #[test]
    fn length_is_what_people_see_of_the_normalised_text() {
        for one in [
            "a",
            "e\u{301}",
            "\u{1f525}",
            "\u{2764}\u{fe0f}",
            "\u{1f1f2}\u{1f1fe}",
            "\u{ac00}",
            "\u{915}\u{94d}\u{937}",
        ] {
            let most = (MAX_BYTES / one.len()).min(500);
            assert!(normalise(&format!(" {} ", one.repeat(most)), most as u32).is_ok(), "{one:?}");
            let more = normalise(&one.repeat(most), most as u32 - 1);
            assert_eq!(more, Err(InvalidText::TooLong { max: most as u32 - 1 }), "{one:?}");
        }
        for one in [SCOTLAND, FAMILY] {
            assert!(normalise(one, 1).is_ok());
            assert_eq!(normalise(&one.repeat(2), 1), Err(InvalidText::TooLong { max: 1 }));
        }
        assert_eq!(normalise(&"a".repeat(501), 9_000), Err(InvalidText::TooLong { max: 500 }));
        assert_eq!(normalise("abcd", 3), Err(InvalidText::TooLong { max: 3 }));
    }

    #[test]
    fn a_tower_of_marks_is_bounded_by_its_bytes() {
        let tower = |marks: usize| format!("zz{}", "\u{335}".repeat(marks));
        assert!(normalise(&tower(1_999), 500).is_ok());
        assert_eq!(normalise(&tower(2_000), 500), Err(InvalidText::TooLarge));
        assert!(normalise(&SCOTLAND.repeat(142), 500).is_ok());
        assert_eq!(normalise(&SCOTLAND.repeat(143), 500), Err(InvalidText::TooLarge));
        assert!(normalise(&"\u{1f525}".repeat(500), 500).is_ok());
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(
            text in "\\PC{0,40}|.{0,40}|[ a\u{301}\u{e01}\u{1f3f4}\u{feff}\u{200b}\u{200d}\u{e0062}\u{e0067}\u{e007f}]{0,20}\
                |[ a\u{338}\u{2adc}\u{f900}\u{2764}\u{645}\u{200d}\u{200f}\u{feff}\u{fe00}\u{fe0f}\u{e0100}]{0,12}",
        ) {
            if let Ok(once) = normalise(&text, 500) {
                prop_assert_eq!(normalise(&once, 500), Ok(once.clone()));
                prop_assert!(!is_deceptive(&once));
                prop_assert!(once.len() <= MAX_BYTES);
                prop_assert!(once.chars().all(|c| !is_byte_order_mark(c)));
            }
        }
    }
}
