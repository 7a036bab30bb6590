//! Text cut, padded and wrapped by the cells it takes.

use ratatui::text::Span;
use unicode_segmentation::UnicodeSegmentation as _;

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// Cut to `room` cells, with `…` where something is missing.
pub fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.graphemes(true) {
        if used + width(character) + 1 > room {
            break;
        }
        used += width(character);
        kept.push_str(character);
    }
    if room > 0 {
        kept.push('…');
    }
    kept
}

/// Cut or padded to exactly `room` cells.
pub fn fit(text: &str, room: usize) -> String {
    let mut text = cut(text, room);
    let missing = room.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Cut or padded to exactly `room` cells, to the right.
pub fn fit_right(text: &str, room: usize) -> String {
    let text = cut(text, room);
    let missing = room.saturating_sub(width(&text));
    " ".repeat(missing) + &text
}

/// Wrapped at spaces into lines of at most `room` cells, the first with `indent` cells less. Words
/// longer than a line are broken.
pub fn wrap(text: &str, room: usize, indent: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = vec![String::new()];
    let mut used = indent.min(room - 1);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(used > 0 && !lines.last().is_none_or(String::is_empty));
        if used + gap + width(word) > room && used > 0 {
            lines.push(String::new());
            used = 0;
        } else if gap == 1 {
            push(&mut lines, " ");
            used += 1;
        }
        for character in word.graphemes(true) {
            if used + width(character) > room {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, character);
            used += width(character);
        }
    }
    lines
}

fn push(lines: &mut [String], character: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_cells_and_not_by_characters() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("時計時計", 5), "時計…");
        assert_eq!(cut("abc", 0), "");
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
        assert_eq!(cut(&family.repeat(3), 5), format!("{family}{family}…"));
        assert_eq!(wrap(&family.repeat(3), 4, 0), [family.repeat(2), family.to_owned()]);
        assert_eq!(fit("時計", 6), "時計  ");
        assert_eq!(fit_right("1.00", 6), "  1.00");
    }

    #[test]
    fn wrapping() {
        assert_eq!(wrap("one two three", 7, 0), ["one two", "three"]);
        assert_eq!(wrap("one two three", 7, 4), ["one", "two", "three"]);
        assert_eq!(wrap("incomprehensible", 6, 0), ["incomp", "rehens", "ible"]);
        assert_eq!(wrap("時計時計", 4, 0), ["時計", "時計"]);
        assert_eq!(wrap("", 4, 0), [""]);
        for room in 0..12 {
            for line in wrap("a bb ccc 時計 dddd  eeeeeeeeeeeee f", room, 3) {
                assert!(width(&line) <= room.max(2), "{line:?} in {room}");
            }
        }
    }
}
