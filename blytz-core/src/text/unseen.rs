//! Characters that show nothing, by what they are there for.
//!
//! Half of them belong to what people write: flags and families are emoji held together by them,
//! Persian, Khmer and Mongolian are spelled with them, Hebrew beside Latin is put in order by them. The
//! other half only makes a text pass for another one. Which half a character belongs to is a question
//! of its kind, and for some kinds of where it stands; the number of its block says nothing about it.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        BidiControl, BinaryProperty, DefaultIgnorableCodePoint, GeneralCategory, JoinControl, LineBreak,
        PrependedConcatenationMark, Script, VariationSelector,
    },
};

/// What a character is there for that shows nothing and is no space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unseen {
    /// Tells a machine something: escape sequences begin with one, lines end with one.
    Control,
    /// Sets the writing direction of all that follows until it is ended: embeddings, overrides and
    /// isolates. A price can be turned around by them, and so can what stands behind the text.
    Reordering,
    /// Has a direction itself, as a letter has (LRM, RLM, ALM). Hebrew and Arabic keyboards set it
    /// beside numbers and Latin words. It does nothing that a letter of these scripts would not do.
    Direction,
    /// Joins its neighbours or keeps them apart: Persian, Indic scripts, emoji of several people.
    Joiner,
    /// Says which form of the character before it is meant. A superfluous one changes nothing, and some
    /// emoji keyboards write two.
    Selector,
    /// A letter of a region's flag, after the black flag. By itself it is text that nobody sees.
    Tag,
    /// The byte order mark, which programs leave where a pasted text begins or ends.
    ByteOrderMark,
    /// Where a line may be broken (Thai, Lao, Khmer, Burmese) or a word changes its form (Mongolian):
    /// scripts that put no spaces there. In others it only splits a word unseen.
    WordBreak,
    /// Holds an empty place or a hyphen that is only sometimes shown: Hangul fillers, the empty cell of
    /// Braille, the soft hyphen.
    Filler,
    /// Arranges the signs of a notation: hieroglyphs, shorthand, music.
    Notation,
    /// Nothing that anybody would write into a message: invisible operators, annotations, deprecated
    /// and unassigned characters.
    Hidden,
}

impl Unseen {
    /// What the character is there for; none when it can be seen or is a space.
    pub fn of(c: char) -> Option<Self> {
        match c {
            ' '..='~' => None,
            '\u{200e}' | '\u{200f}' | '\u{61c}' => Some(Self::Direction),
            '\u{feff}' => Some(Self::ByteOrderMark),
            ZERO_WIDTH_SPACE | VOWEL_SEPARATOR => Some(Self::WordBreak),
            '\u{ad}' | '\u{2800}' => Some(Self::Filler),
            '\u{e0020}'..=CANCEL => Some(Self::Tag),
            _ if has::<BidiControl>(c) => Some(Self::Reordering),
            _ if has::<JoinControl>(c) => Some(Self::Joiner),
            _ if has::<VariationSelector>(c) => Some(Self::Selector),
            _ => by_category(c),
        }
    }
}

const ZERO_WIDTH_SPACE: char = '\u{200b}';
const VOWEL_SEPARATOR: char = '\u{180e}';
const BLACK_FLAG: char = '\u{1f3f4}';
/// Ends a flag's tags.
const CANCEL: char = '\u{e007f}';
/// The longest code of a region: `gbsct` has five letters, some have seven.
const LONGEST_REGION: usize = 7;

fn has<P: BinaryProperty>(c: char) -> bool {
    CodePointSetData::new::<P>().contains(c)
}

fn by_category(c: char) -> Option<Unseen> {
    let ignorable = has::<DefaultIgnorableCodePoint>(c);
    match CodePointMapData::<GeneralCategory>::new().get(c) {
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            Some(Unseen::Control)
        }
        // Marks that stand before Arabic and other numbers are in this category, but can be seen.
        GeneralCategory::Format if has::<PrependedConcatenationMark>(c) => None,
        // All of these beyond the first plane belong to notations, but for the tags.
        GeneralCategory::Format if ('\u{10000}'..'\u{e0000}').contains(&c) => Some(Unseen::Notation),
        GeneralCategory::Format => Some(Unseen::Hidden),
        GeneralCategory::OtherLetter | GeneralCategory::NonspacingMark if ignorable => Some(Unseen::Filler),
        _ if ignorable => Some(Unseen::Hidden),
        _ => None,
    }
}

/// Whether the character shows nothing and is no space: controls, marks of format and direction,
/// joiners, variation selectors, fillers, tags.
///
/// Some have a meaning, which [`Unseen`] tells. Where that counts, ask [`is_deceptive`].
pub fn is_invisible(c: char) -> bool {
    Unseen::of(c).is_some()
}

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

/// What makes a line look like another one, and where it stands.
fn deceptive(line: &str) -> impl Iterator<Item = (usize, char)> {
    line.char_indices().filter(|(at, c)| Unseen::of(*c).is_some_and(|kind| !has_meaning(kind, line, *at, *c)))
}

/// Looks at the neighbours only, so that a text of any length is read once.
fn has_meaning(kind: Unseen, line: &str, at: usize, c: char) -> bool {
    let before = line[..at].chars().next_back();
    let after = line[at + c.len_utf8()..].chars().next();
    match kind {
        Unseen::Control | Unseen::Reordering | Unseen::Hidden => false,
        Unseen::Direction | Unseen::Joiner | Unseen::Selector | Unseen::Filler | Unseen::Notation => true,
        Unseen::ByteOrderMark => [before, after].iter().any(|neighbour| neighbour.is_none_or(is_space)),
        Unseen::WordBreak => [before, after].into_iter().flatten().any(|neighbour| is_broken_by(neighbour, c)),
        Unseen::Tag => is_in_flag(line, at),
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() && !is_invisible(c)
}

/// Whether the script of a letter knows this kind of break.
fn is_broken_by(letter: char, word_break: char) -> bool {
    if word_break == VOWEL_SEPARATOR {
        CodePointMapData::<Script>::new().get(letter) == Script::Mongolian
    } else {
        CodePointMapData::<LineBreak>::new().get(letter) == LineBreak::ComplexContext
    }
}

/// Whether the tag at `at` belongs to a flag: the black flag, a region's code, the tag that ends it.
fn is_in_flag(line: &str, at: usize) -> bool {
    let back = line[..at].char_indices().rev().take(LONGEST_REGION + 1);
    // No tag may stand between this one and the one that ended a flag before it.
    let flag =
        back.take_while(|(_, c)| *c != CANCEL && (is_tag(*c) || *c == BLACK_FLAG)).find(|(_, c)| *c == BLACK_FLAG);
    flag.is_some_and(|(start, _)| begins_with_region(&line[start + BLACK_FLAG.len_utf8()..]))
}

fn is_tag(c: char) -> bool {
    Unseen::of(c) == Some(Unseen::Tag)
}

/// Whether a region's code in tags comes first, and the tag that ends it.
fn begins_with_region(tags: &str) -> bool {
    let mut code = String::new();
    for c in tags.chars().take(LONGEST_REGION + 1) {
        if c == CANCEL {
            return is_region(&code);
        }
        // Tags stand where ASCII stands, fourteen planes higher up.
        let Some(letter) = u32::from(c).checked_sub(0xe0000).and_then(char::from_u32) else { return false };
        code.push(letter);
    }
    false
}

/// A part of a country (`unicode_subdivision_id` of UTS 35): the country by two letters or three digits,
/// its part by one to four letters or digits.
fn is_region(code: &str) -> bool {
    let by_number = code.starts_with(|c: char| c.is_ascii_digit());
    let Some((country, part)) = code.split_at_checked(if by_number { 3 } else { 2 }) else { return false };
    let country_fits = |fits: fn(&u8) -> bool| country.bytes().all(|b| fits(&b));
    (country_fits(u8::is_ascii_digit) || country_fits(u8::is_ascii_lowercase))
        && (1..=4).contains(&part.len())
        && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A flag by its region's code.
    fn flag(code: &str) -> String {
        let tags = code.chars().map(|c| char::from_u32(0xe0000 + u32::from(c)).expect("a tag"));
        std::iter::once(BLACK_FLAG).chain(tags).chain([CANCEL]).collect()
    }

    #[test]
    fn what_can_not_be_seen() {
        for (kind, characters) in [
            (Unseen::Control, "\0\n\u{7f}\u{85}\u{2028}\u{2029}"),
            (Unseen::Reordering, "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}"),
            (Unseen::Direction, "\u{61c}\u{200e}\u{200f}"),
            (Unseen::Joiner, "\u{200c}\u{200d}"),
            (Unseen::Selector, "\u{180b}\u{fe00}\u{fe0f}\u{e0100}\u{e01ef}"),
            (Unseen::Tag, "\u{e0020}\u{e0041}\u{e0067}\u{e007f}"),
            (Unseen::ByteOrderMark, "\u{feff}"),
            (Unseen::WordBreak, "\u{200b}\u{180e}"),
            (Unseen::Filler, "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{2800}\u{3164}\u{ffa0}"),
            (Unseen::Notation, "\u{13430}\u{1bca0}\u{1d173}"),
            (Unseen::Hidden, "\u{2060}\u{2064}\u{2065}\u{206a}\u{206f}\u{fff0}\u{fff9}\u{e0000}\u{e0001}\u{e0fff}"),
        ] {
            for c in characters.chars() {
                assert_eq!(Unseen::of(c), Some(kind), "{c:?}");
                assert!(is_invisible(c));
            }
        }
        for c in " ~aZ0\u{a0}\u{3000}\u{301}\u{e9}\u{600}\u{6dd}\u{5d0}\u{4e00}\u{1f525}\u{1f3fb}\u{110bd}".chars() {
            assert_eq!(Unseen::of(c), None, "{c:?}");
        }
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
        ] {
            assert!(is_deceptive(text), "{text:?}");
            assert_eq!(without_deceptive(text), left, "{text:?}");
        }
        for no_region in ["g", "gb", "gbscotl", "GBSCT", "gb sc", "1gsct", "hiddenword", "g1sct"] {
            assert_eq!(without_deceptive(&flag(no_region)), "\u{1f3f4}", "{no_region}");
        }
        let twice = format!("{}\u{e0067}", flag("gbsct"));
        assert_eq!(without_deceptive(&twice), flag("gbsct"), "what follows a flag is no part of it");
    }

    proptest! {
        #[test]
        fn nothing_deceptive_is_left(
            text in "\\PC{0,12}|.{0,20}|[a \u{e01}\u{1f3f4}\u{feff}\u{200b}\u{180e}\u{e0062}\u{e0067}\u{e0073}\u{e007f}]{0,20}",
        ) {
            let left = without_deceptive(&text);
            prop_assert!(!is_deceptive(&left), "{left:?}");
            prop_assert_eq!(left.len() == text.len(), !is_deceptive(&text));
        }
    }
}
