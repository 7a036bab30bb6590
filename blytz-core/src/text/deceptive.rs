//! Unseen characters that have no meaning where they stand.

use icu_properties::{
    CodePointMapData,
    props::{
        CanonicalCombiningClass, Emoji, GeneralCategory, GeneralCategoryGroup, JoiningType, LineBreak, Math, Script,
        UnifiedIdeograph,
    },
};

use super::{
    Unseen,
    flag::is_in_flag,
    is_invisible,
    unseen::{EMPTY_CELL, VOWEL_SEPARATOR, has, script},
};

/// Whether something in a line makes it look like another: controls, characters that reorder it, and
/// unseen ones that have no meaning where they stand.
///
/// ```
/// use blytz_core::text::is_deceptive;
/// assert!(!is_deceptive("\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}"), "Scotland");
/// assert!(is_deceptive("hi\u{e0067}\u{e0062}"), "the same letters without a flag");
/// ```
pub fn is_deceptive(line: &str) -> bool {
    deceptive(line).next().is_some()
}

/// A line without what [`is_deceptive`] finds in it.
pub fn without_deceptive(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut from = 0;
    for (at, c) in deceptive(line) {
        kept.push_str(&line[from..at]);
        from = at + c.len_utf8();
    }
    kept.push_str(&line[from..]);
    kept
}

/// A text without what programs leave in it that means nothing: byte order marks where a text was pasted,
/// and the second of two selectors after an emoji.
pub(crate) fn without_leftovers(text: &str) -> String {
    let mut last = None;
    let characters = text.chars().filter(|c| Unseen::of(*c) != Some(Unseen::ByteOrderMark));
    characters.filter(|c| last.replace(*c) != Some(IN_COLOURS) || *c != IN_COLOURS).collect()
}

/// What makes a line look like another one, and where it stands.
fn deceptive(line: &str) -> impl Iterator<Item = (usize, char)> {
    line.char_indices().filter(|(at, c)| Unseen::of(*c).is_some_and(|kind| !has_meaning(kind, line, *at, *c)))
}

/// Looks at the neighbours only, so that a text of any length is read once. What is taken out brings what
/// can be seen closer, and so takes no meaning from what is left.
fn has_meaning(kind: Unseen, line: &str, at: usize, c: char) -> bool {
    let (left, right) = (&line[..at], &line[at + c.len_utf8()..]);
    let (before, after) = (left.chars().next_back(), right.chars().next());
    match kind {
        Unseen::Control | Unseen::Reordering | Unseen::Hidden => false,
        Unseen::Joiner => joins(left, after),
        Unseen::Selector => selects(left, c, after),
        Unseen::Direction => is_beside_seen(left),
        Unseen::Filler => c == EMPTY_CELL || is_beside_seen(left),
        Unseen::ByteOrderMark => [before, after].iter().any(|neighbour| neighbour.is_none_or(is_space)),
        Unseen::WordBreak => [before, after].into_iter().flatten().any(|neighbour| is_broken_by(neighbour, c)),
        Unseen::Notation => left.chars().rev().take(2).chain(right.chars().take(2)).any(is_hieroglyph),
        Unseen::Tag => is_in_flag(line, at),
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() && !is_invisible(c)
}

/// Whether at most one other stands between it and what can be seen, or where the text begins. People
/// write two, as in a syllable of Hangul without letters; more are a text in two signs that nobody sees.
fn is_beside_seen(left: &str) -> bool {
    left.chars().rev().take(2).filter(|c| is_invisible(*c)).count() < 2
}

/// Whether a joiner stands between two characters that can be seen, or where a word begins or ends of a
/// script whose letters change beside it: Malayalam ends words with one, and Persian keyboards leave one.
fn joins(left: &str, after: Option<char>) -> bool {
    // A heart on fire is a heart, a selector, a joiner and a fire.
    let before = left.chars().rev().take(3).find(|c| Unseen::of(*c) != Some(Unseen::Selector));
    let neighbours = [before, after];
    let is_seen = |c: char| !is_invisible(c) && !c.is_whitespace();
    neighbours.iter().all(|neighbour| neighbour.is_some_and(is_seen))
        || neighbours.iter().all(|neighbour| neighbour.is_none_or(|c| !is_invisible(c)))
            && neighbours.into_iter().flatten().any(is_shaped_by_joiners)
}

/// Arabic and the like by their letters, Indic scripts by the sign that takes a consonant its vowel.
fn is_shaped_by_joiners(c: char) -> bool {
    let joining = CodePointMapData::<JoiningType>::new().get(c);
    [JoiningType::DualJoining, JoiningType::RightJoining, JoiningType::LeftJoining].contains(&joining)
        || CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}

/// The selector of emoji in colours.
const IN_COLOURS: char = '\u{fe0f}';

/// Whether a selector is the only one of a character that takes it. Some keyboards write that of emoji
/// twice, which holds nothing more.
fn selects(left: &str, selector: char, after: Option<char>) -> bool {
    let mut back = left.chars().rev();
    let base = match back.next() {
        Some(IN_COLOURS) if selector == IN_COLOURS => back.next(),
        base => base,
    };
    base.is_some_and(|base| !is_invisible(base) && takes(base, selector, after))
}

/// By the kinds of characters that have variants (UTS 37, UTS 51, `StandardizedVariants.txt`), not one by
/// one: the lists grow.
fn takes(base: char, selector: char, after: Option<char>) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(base);
    match selector {
        // Digits are the emoji of keys.
        '\u{fe0e}' | IN_COLOURS if base.is_ascii() => has::<Emoji>(base) && after == Some('\u{20e3}'),
        // Telephones set one after notes and stars, too.
        '\u{fe0e}' | IN_COLOURS => has::<Emoji>(base) || GeneralCategoryGroup::Symbol.contains(category),
        '\u{180b}'..='\u{180f}' => script(base) == Script::Mongolian,
        '\u{e0100}'..='\u{e01ef}' => has::<UnifiedIdeograph>(base),
        _ if base.is_ascii() => false,
        _ => {
            has::<UnifiedIdeograph>(base)
                || has::<Math>(base)
                || GeneralCategoryGroup::Punctuation.contains(category)
                || [Script::EgyptianHieroglyphs, Script::Manichaean, Script::Myanmar, Script::PhagsPa]
                    .contains(&script(base))
        }
    }
}

/// Whether the script of a letter knows this kind of break.
fn is_broken_by(letter: char, word_break: char) -> bool {
    if word_break == VOWEL_SEPARATOR {
        script(letter) == Script::Mongolian
    } else {
        CodePointMapData::<LineBreak>::new().get(letter) == LineBreak::ComplexContext
    }
}

fn is_hieroglyph(c: char) -> bool {
    !is_invisible(c) && script(c) == Script::EgyptianHieroglyphs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::flag::BLACK_FLAG, *};

    /// A flag by its region's code.
    fn flag(code: &str) -> String {
        let tags = code.chars().map(|c| char::from_u32(0xe0000 + u32::from(c)).expect("a tag"));
        std::iter::once(BLACK_FLAG).chain(tags).chain(['\u{e007f}']).collect()
    }

    #[test]
    fn what_has_a_meaning_where_it_stands() {
        for text in [
            "plain",
            "\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525} and \u{2764}\u{fe0f}\u{fe0f}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} (A)\u{200f} 7\u{200e}",
            &flag("gbsct"),
            &format!("{}{}", flag("gbeng"), flag("gbwls")),
            &format!("go {}!", flag("ustx")),
            "\u{feff}pasted",
            "pasted\u{feff}",
            "look: \u{feff}pasted\u{feff} there",
            "\u{e20}\u{e32}\u{e29}\u{e32}\u{200b}\u{e44}\u{e17}\u{e22}",
            "\u{1794}\u{17b6}\u{1793}\u{200b}7",
            "\u{1820}\u{1832}\u{180e}\u{1820}",
            "co\u{ad}operate",
            "\u{13153}\u{13430}\u{1312f}",
            "\u{13153}\u{13430}\u{13437}\u{1312f}\u{13431}\u{1312f}\u{13438}",
            "\u{1f44b}\u{1f3fd} \u{1f469}\u{1f3fd}\u{200d}\u{2695}\u{fe0f}",
            "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308} 7\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3} \u{a9}\u{fe0e} \u{266a}\u{fe0e}",
            "\u{845b}\u{e0100}\u{98fe} \u{8c48}\u{fe00} \u{2229}\u{fe00} \u{3002}\u{fe01} \u{1000}\u{fe00}",
            "\u{1820}\u{180b}\u{1832}\u{180f}\u{180e}\u{1820}",
            "\u{915}\u{94d}\u{200d}\u{937} \u{d05}\u{d35}\u{d28}\u{d4d}\u{200d} \u{d28}\u{d4d}\u{200d}",
            "\u{6a9}\u{62a}\u{627}\u{628} \u{200c}\u{647}\u{627}\u{200c} \u{647}\u{200d}",
            "a\u{200d}b",
            "\u{115f}\u{1160}\u{11a8}",
            "\u{2800}\u{2800}\u{2800}\u{28ff}",
            "\u{5d0}!\u{200f}\u{200f}",
        ] {
            assert!(!is_deceptive(text), "{text:?}");
            assert_eq!(without_deceptive(text), text);
        }
    }

    #[test]
    fn what_only_hides() {
        for (text, left) in [
            ("a\0b", "ab"),
            ("a\tb\n", "ab"),
            ("a\u{202e}b", "ab"),
            ("\u{2067}a\u{2069}", "a"),
            ("sc\u{200b}am", "scam"),
            ("a\u{2060}b\u{2063}c", "abc"),
            ("va\u{feff}se", "vase"),
            ("v\u{180e}ase", "vase"),
            ("hi\u{e0061}", "hi"),
            ("\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}", "\u{1f3f4}"),
            ("\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}", "\u{1f3f4}"),
            ("\u{1f3f4}\u{e007f}", "\u{1f3f4}"),
            ("\u{1f3f3}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}", "\u{1f3f3}"),
            ("\u{fff9}a\u{fffa}b\u{fffb}", "ab"),
            ("a\u{1d173}b\u{1d17a}c\u{1bca0}d\u{1bca3}", "abcd"),
            ("a\u{fffe}b\u{ffff}c\u{fdd0}d\u{10ffff}e\u{e0fff}f", "abcdef"),
            ("\u{f8ff}phone\u{f0000}\u{10fffd}", "phone"),
            ("a\u{13430}b", "ab"),
            ("\u{2764}\u{fe0f}\u{fe0f}\u{fe0f}", "\u{2764}\u{fe0f}\u{fe0f}"),
            ("\u{2764}\u{fe0f}\u{fe0e}", "\u{2764}\u{fe0f}"),
            ("\u{845b}\u{e0100}\u{e0101}", "\u{845b}\u{e0100}"),
            ("\u{fe0f}a\u{fe0f}b\u{e0100}\u{5d0}\u{fe00} \u{fe0f}7\u{fe0f} 0\u{fe00}", "ab\u{5d0} 7 0"),
            ("\u{1f525}\u{e0100}\u{180b}", "\u{1f525}"),
            ("a\u{200d}\u{200d}\u{200d}\u{200d}b", "ab"),
            ("a\u{200d}\u{200c}b", "ab"),
            ("\u{200d}a\u{200c} \u{200d}b\u{200d}", "a b"),
            ("\u{1f469}\u{200d}", "\u{1f469}"),
            ("\u{645}\u{200c}\u{200c}\u{62e}", "\u{645}\u{62e}"),
            ("a\u{200e}\u{200f}\u{200e}\u{200f}b", "a\u{200e}\u{200f}b"),
            ("a\u{ad}\u{34f}\u{ad}\u{3164}b", "a\u{ad}\u{34f}b"),
        ] {
            assert!(is_deceptive(text), "{text:?}");
            assert_eq!(without_deceptive(text), left, "{text:?}");
        }
        for no_region in ["g", "gb", "gbscotl", "GBSCT", "gb sc", "1gsct", "hiddenword", "g1sct"] {
            assert_eq!(without_deceptive(&flag(no_region)), "\u{1f3f4}", "{no_region}");
        }
        for (base, selector) in [("a", '\u{e0100}'), ("\u{1f525}", '\u{fe0f}'), ("\u{845b}", '\u{e0100}')] {
            assert!(is_deceptive(&format!("{base}{}", selector.to_string().repeat(50))), "{base}");
        }
        let twice = format!("{}\u{e0067}", flag("gbsct"));
        assert_eq!(without_deceptive(&twice), flag("gbsct"), "what follows a flag is no part of it");
    }

    proptest! {
        #[test]
        fn nothing_deceptive_is_left(
            text in "\\PC{0,12}|.{0,20}|[a \u{e01}\u{1f3f4}\u{feff}\u{200b}\u{180e}\u{e0062}\u{e0067}\u{e0073}\u{e007f}]{0,20}\
                |[a7 \u{645}\u{94d}\u{2764}\u{845b}\u{1820}\u{13000}\u{13430}\u{20e3}\u{200c}\u{200d}\u{200f}\u{ad}\u{fe00}\u{fe0f}\u{180b}\u{e0100}\u{0}]{0,20}",
        ) {
            let left = without_deceptive(&text);
            prop_assert!(!is_deceptive(&left), "{left:?}");
            prop_assert_eq!(left.len() == text.len(), !is_deceptive(&text));
        }

        /// However long a row of unseen characters is, three are left at most: two selectors and a joiner.
        #[test]
        fn no_text_is_hidden_in_a_row(
            row in "[\u{ad}\u{34f}\u{1160}\u{200c}-\u{200f}\u{2060}-\u{2064}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}\u{e000}\u{fdd0}]{1,50}",
            base in "[a7\u{2764}\u{845b}\u{645}\u{5d0}]",
        ) {
            let left = without_deceptive(&format!("{base}{row}b"));
            prop_assert!(left.chars().filter(|c| is_invisible(*c)).count() <= 3, "{left:?}");
        }
    }
}
