//! Characters that show nothing, by what they are there for.
//!
//! Half of them belong to what people write: flags and families are emoji held together by them,
//! Persian, Khmer and Mongolian are spelled with them, Hebrew beside Latin is put in order by them. The
//! other half only makes a text pass for another one. Which half a character belongs to is a question
//! of its kind, and for most kinds of where it stands ([`is_deceptive`](super::is_deceptive)); the
//! number of its block says nothing about it.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        BidiControl, BinaryProperty, DefaultIgnorableCodePoint, GeneralCategory, JoinControl, NoncharacterCodePoint,
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
    /// Says which form of the character before it is meant: an emoji in colours or in black, one of the
    /// shapes of an ideograph. There are 260 of them, so that a row of them holds a text of its own.
    Selector,
    /// A letter of a region's flag, after the black flag. By itself it is text that nobody sees.
    Tag,
    /// The byte order mark, which programs leave where a pasted text begins or ends.
    ByteOrderMark,
    /// Where a line may be broken (Thai, Lao, Khmer, Burmese) or a word changes its form (Mongolian):
    /// scripts that put no spaces there. In others it only splits a word unseen.
    WordBreak,
    /// Holds an empty place or a hyphen that is only sometimes shown: Hangul fillers, the empty cell of
    /// Braille, a note without a head, the soft hyphen.
    Filler,
    /// Puts hieroglyphs above and into each other.
    Notation,
    /// Nothing that anybody would write into a message: invisible operators, annotations, the beams and
    /// strokes of music and shorthand, deprecated and unassigned characters, and what is no character at
    /// all. Private use is here, too: each font draws another thing there or nothing, so that nobody
    /// else sees what was meant.
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
            '\u{ad}' | EMPTY_CELL | EMPTY_NOTE | '\u{13441}' | '\u{13442}' | '\u{16fe4}' => Some(Self::Filler),
            '\u{e0020}'..=LAST_TAG => Some(Self::Tag),
            _ if has::<BidiControl>(c) => Some(Self::Reordering),
            _ if has::<JoinControl>(c) => Some(Self::Joiner),
            _ if has::<VariationSelector>(c) => Some(Self::Selector),
            _ => by_category(c),
        }
    }
}

const ZERO_WIDTH_SPACE: char = '\u{200b}';
pub(super) const VOWEL_SEPARATOR: char = '\u{180e}';
/// Of Braille; as wide as its other cells.
pub(super) const EMPTY_CELL: char = '\u{2800}';
/// For stems without a head. Unicode has it among the symbols, as if it could be seen.
const EMPTY_NOTE: char = '\u{1d159}';
/// Ends a flag.
pub(super) const LAST_TAG: char = '\u{e007f}';

pub(super) fn has<P: BinaryProperty>(c: char) -> bool {
    CodePointSetData::new::<P>().contains(c)
}

pub(super) fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

fn by_category(c: char) -> Option<Unseen> {
    let ignorable = has::<DefaultIgnorableCodePoint>(c);
    match CodePointMapData::<GeneralCategory>::new().get(c) {
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            Some(Unseen::Control)
        }
        // Marks that stand before Arabic and other numbers are in this category, but can be seen.
        GeneralCategory::Format if has::<PrependedConcatenationMark>(c) => None,
        GeneralCategory::Format if script(c) == Script::EgyptianHieroglyphs => Some(Unseen::Notation),
        GeneralCategory::Format | GeneralCategory::PrivateUse => Some(Unseen::Hidden),
        GeneralCategory::OtherLetter | GeneralCategory::NonspacingMark if ignorable => Some(Unseen::Filler),
        _ if ignorable || has::<NoncharacterCodePoint>(c) => Some(Unseen::Hidden),
        _ => None,
    }
}

/// Whether the character shows nothing and is no space: controls, marks of format and direction,
/// joiners, variation selectors, fillers, tags.
///
/// Some have a meaning, which [`Unseen`] tells. Where that counts, ask
/// [`is_deceptive`](super::is_deceptive).
pub fn is_invisible(c: char) -> bool {
    Unseen::of(c).is_some()
}

/// Whether nothing of a text can be seen, however long it is.
///
/// ```
/// use blytz_core::text::is_blank;
/// assert!(is_blank(" \u{3164}\u{a0}\u{1d159}"), "a filler, spaces, a note without a head");
/// ```
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_seen() {
        for (kind, characters) in [
            (Unseen::Control, "\0\n\u{7f}\u{85}\u{2028}\u{2029}"),
            (Unseen::Reordering, "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}"),
            (Unseen::Direction, "\u{61c}\u{200e}\u{200f}"),
            (Unseen::Joiner, "\u{200c}\u{200d}"),
            (Unseen::Selector, "\u{180b}\u{180f}\u{fe00}\u{fe0f}\u{e0100}\u{e01ef}"),
            (Unseen::Tag, "\u{e0020}\u{e0041}\u{e0067}\u{e007f}"),
            (Unseen::ByteOrderMark, "\u{feff}"),
            (Unseen::WordBreak, "\u{200b}\u{180e}"),
            (Unseen::Filler, "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{2800}\u{3164}\u{ffa0}"),
            (Unseen::Filler, "\u{1d159}\u{13441}\u{13442}\u{16fe4}"),
            (Unseen::Notation, "\u{13430}\u{1343f}"),
            (Unseen::Hidden, "\u{2060}\u{2064}\u{2065}\u{206a}\u{206f}\u{fff0}\u{fff9}\u{e0000}\u{e0001}\u{e0fff}"),
            (Unseen::Hidden, "\u{1bca0}\u{1bca3}\u{1d173}\u{1d17a}"),
            (Unseen::Hidden, "\u{fdd0}\u{fdef}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}"),
            (Unseen::Hidden, "\u{e000}\u{f8ff}\u{f0000}\u{ffffd}\u{100000}\u{10fffd}"),
        ] {
            for c in characters.chars() {
                assert_eq!(Unseen::of(c), Some(kind), "{c:?}");
                assert!(is_invisible(c));
            }
        }
        let seen = " ~aZ0\u{a0}\u{3000}\u{301}\u{e9}\u{600}\u{6dd}\u{5d0}\u{4e00}\u{1f525}\u{1f3fb}\u{110bd}";
        for c in seen.chars().chain("\u{fdcf}\u{fdf0}\u{fffd}\u{1d158}\u{1d15a}\u{1bc9c}\u{13000}\u{2801}".chars()) {
            assert_eq!(Unseen::of(c), None, "{c:?}");
        }
    }

    #[test]
    fn a_text_is_blank_when_nothing_of_it_can_be_seen() {
        for blank in
            ["", " ", "\u{1d159}", "\u{3164}\u{a0}\u{1d159}", "\u{2800}\u{2800}", "\u{e000}", "\u{200d}\u{fe0f}"]
        {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in ["a", "\u{3164}.", "\u{1d159}\u{1d165}", "\u{301}"] {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }
}
