//! Text that is safe to print.

use std::fmt;

use blytz_core::text::{Unseen, without_deceptive};
use ratatui::text::Span;
use unicode_segmentation::UnicodeSegmentation as _;

/// Text from outside with everything taken out that a terminal might obey or that would hide or
/// reorder what stands beside it.
///
/// No other text from the network is shown: there is no way to a `Clean` but through [`Clean::line`],
/// and [`crate::words`] goes that way with what an event says. So nothing that somebody typed into a
/// chat can move a cursor, change a title or paint a false price.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Clean(String);

/// More marks than this on one character are no language but an attempt to paint over other rows.
const MARKS_PER_CHARACTER: usize = 4;

/// The longest title shown.
const TITLE_LENGTH: usize = 200;

impl Clean {
    /// One line of at most `limit` characters, as people count them. Line breaks and tabs become spaces;
    /// control characters (escape sequences begin with one), bidi overrides and what only hides go.
    /// Flags, families and the marks of other scripts stay whole.
    pub fn line(text: &str, limit: usize) -> Self {
        let text = printable(text);
        let mut line = String::with_capacity(text.len().min(limit.saturating_mul(4)));
        for (taken, character) in text.graphemes(true).enumerate() {
            if taken == limit {
                line.push('…');
                break;
            }
            push_with_few_marks(&mut line, character);
        }
        Self(line.trim().to_owned())
    }

    /// A line as long as titles and reasons may be.
    pub fn title(text: &str) -> Self {
        Self::line(text, TITLE_LENGTH)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A text in one line, without what a terminal might obey, what hides or reorders what stands beside it,
/// and what terminals give a width of their own.
pub fn printable(text: &str) -> String {
    let is_break = |c| matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}');
    let line: String = text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect();
    without_deceptive(&line).chars().filter(|c| !is_hostile(*c)).collect()
}

/// Whether a character is never printed, wherever it stands. Joiners, variation selectors and direction
/// marks are, as there are scripts that can't be written without them, and so are the tags of a flag.
pub fn is_hostile(c: char) -> bool {
    match Unseen::of(c) {
        None | Some(Unseen::Direction | Unseen::Joiner | Unseen::Selector | Unseen::Tag) => false,
        // The empty cell of Braille is as wide as its other cells.
        Some(Unseen::Filler) => c != '\u{2800}',
        Some(_) => true,
    }
}

fn push_with_few_marks(line: &mut String, character: &str) {
    let mut marks = 0;
    for c in character.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks <= MARKS_PER_CHARACTER {
            line.push(c);
        }
    }
}

/// The tags of a flag are none: a region's code is as long as it is.
fn is_mark(c: char) -> bool {
    let mut bytes = [0; 4];
    let text: &str = c.encode_utf8(&mut bytes);
    Unseen::of(c) != Some(Unseen::Tag) && Span::raw(text).width() == 0
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_would_obey_is_left() {
        for (raw, clean) in [
            ("plain", "plain"),
            ("\x1b[31mred\x1b[0m", "[31mred[0m"),
            ("\x1b]0;owned\x07title", "]0;ownedtitle"),
            ("\u{9b}2Jcleared", "2Jcleared"),
            ("a\u{90}b\u{9c}c", "abc"),
            ("back\x08\x7fspace", "backspace"),
            ("two\r\nlines\tand a tab", "two  lines and a tab"),
            ("\u{202e}evil\u{202c} \u{2066}bidi\u{2069}", "evil bidi"),
            ("zero\u{200b}width\u{feff}\u{e0041}", "zerowidth"),
            ("  trimmed ", "trimmed"),
            ("a black flag \u{1f3f4}\u{e0067}\u{e0062}", "a black flag \u{1f3f4}"),
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
                "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            ),
            ("\u{5d0} (A)\u{200f}", "\u{5d0} (A)\u{200f}"),
            ("Aishah \u{1f1f2}\u{1f1fe} 時計", "Aishah \u{1f1f2}\u{1f1fe} 時計"),
        ] {
            assert_eq!(Clean::line(raw, 100).as_str(), clean, "{raw:?}");
        }
    }

    #[test]
    fn every_character_below_u_10000_is_harmless_afterwards() {
        let all: String = ('\u{0}'..='\u{ffff}').collect();
        let clean = Clean::line(&all, usize::MAX);
        assert!(clean.as_str().len() > 100_000, "ordinary text survives");
        assert_eq!(clean.as_str().chars().find(|&c| is_hostile(c)), None);
    }

    #[test]
    fn long_texts_and_towers_of_marks_are_cut() {
        assert_eq!(Clean::line("abcdef", 3).as_str(), "abc…");
        assert_eq!(Clean::line("abc", 3).as_str(), "abc");
        let flags = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}".repeat(3);
        assert_eq!(Clean::line(&flags, 3).as_str(), flags);
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
        assert_eq!(Clean::line(&family.repeat(2), 1).as_str(), format!("{family}…"));
        let tower = format!("z{}", "\u{0301}".repeat(50));
        assert_eq!(Clean::line(&tower, 100).as_str().chars().count(), 1 + MARKS_PER_CHARACTER);
    }
}
