//! Figures large enough to be read from across the room.

use ratatui::{Frame, layout::Rect, style::Style, text::Line, widgets::Paragraph};

/// Three dots wide and five high; a bit a dot, the highest of three on the left.
const fn glyph(c: char) -> Option<[u8; 5]> {
    Some(match c {
        '0' => [0b111, 0b101, 0b101, 0b101, 0b111],
        '1' => [0b010, 0b110, 0b010, 0b010, 0b111],
        '2' => [0b111, 0b001, 0b111, 0b100, 0b111],
        '3' => [0b111, 0b001, 0b111, 0b001, 0b111],
        '4' => [0b101, 0b101, 0b111, 0b001, 0b001],
        '5' => [0b111, 0b100, 0b111, 0b001, 0b111],
        '6' => [0b111, 0b100, 0b111, 0b101, 0b111],
        '7' => [0b111, 0b001, 0b001, 0b001, 0b001],
        '8' => [0b111, 0b101, 0b111, 0b101, 0b111],
        '9' => [0b111, 0b101, 0b111, 0b001, 0b111],
        _ => return None,
    })
}

/// How figures are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Five rows; a dot is two cells.
    Large,
    /// Three rows; a dot is half a cell.
    Small,
}

impl Size {
    /// The largest that fits.
    pub fn fitting(text: &str, area: Rect) -> Self {
        let needed = u16::try_from(rows(text, Self::Large)[0].chars().count()).unwrap_or(u16::MAX);
        if area.height >= 5 && needed <= area.width { Self::Large } else { Self::Small }
    }
}

/// The rows of a text of digits, commas and points.
pub fn rows(text: &str, size: Size) -> Vec<String> {
    let mut dots = vec![Vec::new(); 5];
    for c in text.chars() {
        let (pattern, width) = match c {
            '.' => ([0, 0, 0, 0, 1], 1),
            ',' => ([0, 0, 0, 1, 1], 1),
            c => (glyph(c).unwrap_or_default(), 3),
        };
        for (row, bits) in dots.iter_mut().zip(pattern) {
            row.extend((0..width).rev().map(|bit| bits >> bit & 1 == 1));
            row.push(false);
        }
    }
    match size {
        Size::Large => dots.iter().map(|row| row.iter().map(|on| if *on { "██" } else { "  " }).collect()).collect(),
        Size::Small => {
            let blank = vec![false; dots[0].len()];
            dots.push(blank);
            dots.chunks(2)
                .map(|pair| pair[0].iter().zip(&pair[1]).map(|(top, bottom)| half(*top, *bottom)).collect())
                .collect()
        }
    }
}

const fn half(top: bool, bottom: bool) -> char {
    match (top, bottom) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

/// Draws figures at the left of an area; returns how many cells they took.
pub fn draw(text: &str, style: Style, area: Rect, frame: &mut Frame<'_>) -> u16 {
    let rows = rows(text, Size::fitting(text, area));
    let width = u16::try_from(rows[0].chars().count()).unwrap_or(u16::MAX);
    let lines: Vec<Line<'_>> = rows.into_iter().map(|row| Line::styled(row, style)).collect();
    frame.render_widget(Paragraph::new(lines), area);
    width.min(area.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_can_be_read() {
        assert_eq!(
            rows("1,240.5", Size::Small),
            ["▄█    ▀▀█ █ █ █▀█   █▀▀ ", " █  ▄ █▀▀ ▀▀█ █ █   ▀▀█ ", "▀▀▀ ▀ ▀▀▀   ▀ ▀▀▀ ▀ ▀▀▀ "]
        );
        assert_eq!(rows("7", Size::Large), ["██████  ", "    ██  ", "    ██  ", "    ██  ", "    ██  "]);
    }

    #[test]
    fn every_digit_looks_different() {
        let mut looks: Vec<_> = ('0'..='9').map(glyph).collect();
        assert!(looks.iter().all(Option::is_some));
        looks.sort();
        looks.dedup();
        assert_eq!(looks.len(), 10);
    }

    #[test]
    fn what_does_not_fit_large_is_small() {
        assert_eq!(Size::fitting("1,250.00", Rect::new(0, 0, 60, 5)), Size::Large);
        assert_eq!(Size::fitting("1,250.00", Rect::new(0, 0, 40, 5)), Size::Small);
        assert_eq!(Size::fitting("1,250.00", Rect::new(0, 0, 60, 3)), Size::Small);
    }
}
