//! Text that is safe to print.

use std::fmt;

use ratatui::text::Span;

/// Text from outside with everything taken out that a terminal might obey or that would hide or
/// reorder what stands beside it.
///
/// No other text from the network is shown: there is no way to a `Clean` but through [`Clean::line`],
/// and [`crate::words`] goes that way, so nothing that somebody typed into a chat can move a cursor, change a title
/// or paint a false price.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Clean(String);

/// More marks than this on one character are no language but an attempt to paint over other rows.
const MARKS_PER_CHARACTER: usize = 4;

/// The longest title shown.
const TITLE_LENGTH: usize = 200;

impl Clean {
    /// One line of at most `limit` characters. Line breaks and tabs become spaces; control
    /// characters (escape sequences begin with one), bidi overrides and invisible characters go.
    pub fn line(text: &str, limit: usize) -> Self {
        let mut line = String::with_capacity(text.len().min(limit.saturating_mul(4)));
        let mut marks = 0;
        let mut taken = 0;
        for c in text.chars() {
            let c = if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c };
            if is_hostile(c) {
                continue;
            }
            marks = if is_mark(c) { marks + 1 } else { 0 };
            if marks > MARKS_PER_CHARACTER {
                continue;
            }
            if taken == limit {
                line.push('…');
                break;
            }
            taken += 1;
            line.push(c);
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

/// Control characters, bidi overrides and isolates, and characters that show nothing. The two
/// joiners stay: Persian and several Indic scripts cannot be written without them.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_mark(c: char) -> bool {
    let mut bytes = [0; 4];
    let text: &str = c.encode_utf8(&mut bytes);
    Span::raw(text).width() == 0
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
        let tower = format!("z{}", "\u{0301}".repeat(50));
        assert_eq!(Clean::line(&tower, 100).as_str().chars().count(), 1 + MARKS_PER_CHARACTER);
    }
}
