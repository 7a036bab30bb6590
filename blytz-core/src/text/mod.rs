//! Text in one form: what people take for the same text is the same string.
//!
//! Which form depends on what for. Here is the one in which text is searched; what must stay as it
//! was written keeps more: addresses and passwords have forms of their own in [`crate::account`].

mod deceptive;
mod flag;
mod lookalike;
mod message;
mod unseen;

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

pub(crate) use self::deceptive::without_leftovers;
pub use self::{
    deceptive::{is_deceptive, without_deceptive},
    lookalike::{Looks, look_alike, readings},
    message::{InvalidText, MAX_BYTES, MAX_CHARACTERS, count_up_to, normalise},
    unseen::{Unseen, is_blank, is_invisible},
};

/// The form in which text is searched, for both what is looked for and what it is looked for in:
/// compatibility characters as plain ones (NFKC), without case (full folding), without what can't
/// be seen, one space between words and none around them.
///
/// NFKC and not NFC: a search may find too much, but must not miss what looks alike. Full-width
/// letters come from Asian keyboards, ligatures from printed catalogues. Folding and not lower case:
/// `Straße` is found by `STRASSE`, and a final sigma by any other. Accents stay, so that `cafe` does
/// not find `café`: in many languages they make another letter.
///
/// The form of a form is itself. A part of a text is not always found in the text's form: an accent
/// alone is no part of the letter that it has become one with.
///
/// ```
/// use blytz_core::text::searchable;
/// assert_eq!(searchable("  Cafe\u{301}\u{a0}MENU "), "caf\u{e9} menu");
/// assert_eq!(searchable("\u{ff33}tra\u{df}e"), searchable("STRASSE"));
/// ```
pub fn searchable(text: &str) -> String {
    if text.is_ascii() {
        return one_space_between_words(&without_invisible(text.chars()).to_ascii_lowercase());
    }
    // Twice, as what folding takes apart and normalising puts together may have a case again.
    fold(&fold(text))
}

/// Taken apart before it is folded: a Greek letter with an iota below becomes two letters, and the
/// other marks belong to the first.
fn fold(text: &str) -> String {
    let visible = without_invisible(text.nfkd());
    let folded = UniCase::unicode(visible).to_folded_case();
    one_space_between_words(&folded.nfkc().collect::<String>())
}

/// White space stays, whatever kind of it can be seen.
fn without_invisible(characters: impl Iterator<Item = char>) -> String {
    characters.filter(|c| c.is_whitespace() || !is_invisible(*c)).collect()
}

fn one_space_between_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use icu_properties::{CodePointMapData, props::GeneralCategory};
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    #[test]
    fn what_people_take_for_the_same_text_has_one_form() {
        for (one, other) in [
            ("caf\u{e9}", "CAFE\u{301}"),
            ("\u{c5}ngstr\u{f6}m", "\u{212b}NGSTRO\u{308}M"),
            ("stra\u{df}e", "STRASSE"),
            ("STRA\u{1e9e}E", "strasse"),
            ("\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}", "\u{3a3}\u{38a}\u{3a3}\u{3a5}\u{3a6}\u{39f}\u{3a3}"),
            ("\u{ff36}\u{ff41}\u{ff53}\u{ff45} \u{ff11}\u{ff12}", "vase 12"),
            ("\u{ff8a}\u{ff9e}\u{ff6f}\u{ff78}\u{ff9e}", "\u{30d0}\u{30c3}\u{30b0}"),
            ("\u{fb01}ne", "FINE"),
            ("\u{110b}\u{1161}\u{11ab}\u{1102}\u{1167}\u{11bc}", "\u{c548}\u{b155}"),
            ("blue\u{a0}\u{3000} vase\n", "Blue Vase"),
            ("blue\tvase", "blue vase"),
            ("va\u{ad}se", "v\u{200b}a\u{200d}se\u{feff}"),
            ("\u{2764}\u{fe0f}", "\u{2764}"),
            ("\u{1fb4}", "\u{3b1}\u{345}\u{301}"),
            ("\u{1f80}\u{302}", "\u{3b1}\u{313}\u{302}\u{399}"),
            ("\u{212a}ettle", "kettle"),
            ("Vase 7\0", "vase 7"),
        ] {
            assert_eq!(searchable(one), searchable(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_people_tell_apart_stays_apart() {
        for (one, other) in
            [("cafe", "caf\u{e9}"), ("bluevase", "blue vase"), ("\u{441}up", "cup"), ("vase", "vases"), ("", "a")]
        {
            assert_ne!(searchable(one), searchable(other));
        }
        assert_eq!(searchable("\u{200d}\n\u{3164}"), "");
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(text in "\\PC{0,12}|[\u{300}-\u{3ff}\u{1f00}-\u{1fff}]{0,12}|.{0,12}") {
            let form = searchable(&text);
            prop_assert_eq!(searchable(&form), form);
        }

        /// However a keyboard or a file system composes a text, and in whatever case it was stored.
        #[test]
        fn composition_and_case_do_not_matter(text in "\\PC{0,12}|[\u{300}-\u{3ff}\u{1f00}-\u{1fff}]{0,12}") {
            let form = searchable(&text);
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(searchable(&decomposed), form.clone());
            prop_assert_eq!(searchable(&text.nfkc().collect::<String>()), form.clone());
            prop_assert_eq!(searchable(&UniCase::unicode(&decomposed).to_folded_case()), form);
        }
    }

    /// Every character by itself, as random ones miss most.
    #[test]
    fn no_character_has_two_forms() {
        let categories = CodePointMapData::<GeneralCategory>::new();
        let is_assigned =
            |c: &char| !matches!(categories.get(*c), GeneralCategory::Unassigned | GeneralCategory::PrivateUse);
        for c in ('\0'..=char::MAX).filter(is_assigned) {
            let form = searchable(c.encode_utf8(&mut [0; 4]));
            assert_eq!(searchable(&form), form, "{c:?}");
            assert_eq!(searchable(&c.nfd().collect::<String>()), form, "{c:?}");
        }
    }
}
