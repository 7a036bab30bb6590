//! A picture of the screen: what a terminal would show, as SVG.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
    text::Span,
};

/// The size of a cell in pixels.
const CELL: (u32, u32) = (9, 17);
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d7dae0";

/// Renders a buffer. Runs of cells that look the same become one text element; frames,
/// blocks and chart dots become shapes, so that all stays aligned whatever fonts the viewer has.
pub fn svg(buffer: &Buffer) -> String {
    let (width, height) = (u32::from(buffer.area.width) * CELL.0, u32::from(buffer.area.height) * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"15\" \
         xml:space=\"preserve\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n"
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let start = x;
            let look = Look::of(&buffer[(x, y)]);
            let mut run = String::new();
            while x < buffer.area.width && Look::of(&buffer[(x, y)]) == look {
                let symbol = buffer[(x, y)].symbol();
                run.push_str(symbol);
                // A wide character takes the cell after it, too, which holds only a space.
                x += u16::try_from(Span::raw(symbol).width()).unwrap_or(1).max(1);
            }
            look.draw(&mut svg, (start, y), x - start, &run);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[derive(PartialEq, Eq)]
struct Look {
    foreground: String,
    background: Option<String>,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let modifier = cell.modifier & (Modifier::BOLD | Modifier::UNDERLINED | Modifier::CROSSED_OUT);
        let foreground = colour(cell.fg);
        let background = colour(cell.bg);
        if cell.modifier.contains(Modifier::REVERSED) {
            let ink = background.unwrap_or_else(|| BACKGROUND.to_owned());
            return Self {
                foreground: ink,
                background: Some(foreground.unwrap_or_else(|| FOREGROUND.to_owned())),
                modifier,
            };
        }
        Self { foreground: foreground.unwrap_or_else(|| FOREGROUND.to_owned()), background, modifier }
    }

    fn draw(&self, svg: &mut String, (x, y): (u16, u16), cells: u16, run: &str) {
        let (left, top) = (u32::from(x) * CELL.0, u32::from(y) * CELL.1);
        let width = u32::from(cells) * CELL.0;
        if let Some(background) = &self.background {
            // Writing to a String never fails.
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{background}\"/>",
                CELL.1
            );
        }
        let mut at = left;
        for piece in pieces(run) {
            if piece.chars().all(|c| shape(c).is_some()) {
                self.draw_shapes(svg, (at, top), &piece);
            } else if !piece.trim().is_empty() {
                self.draw_text(svg, (at, top), &piece);
            }
            at += Span::raw(piece.as_str()).width() as u32 * CELL.0;
        }
    }

    fn draw_text(&self, svg: &mut String, (left, top): (u32, u32), text: &str) {
        let mut extra = String::new();
        if self.modifier.contains(Modifier::BOLD) {
            extra.push_str(" font-weight=\"bold\"");
        }
        if self.modifier.contains(Modifier::CROSSED_OUT) {
            extra.push_str(" text-decoration=\"line-through\"");
        } else if self.modifier.contains(Modifier::UNDERLINED) {
            extra.push_str(" text-decoration=\"underline\"");
        }
        let width = Span::raw(text).width() as u32 * CELL.0;
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (base, fill) = (top + CELL.1 - 4, &self.foreground);
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"{base}\" textLength=\"{width}\" fill=\"{fill}\"{extra}>{text}</text>"
        );
    }

    /// One path for all: a rectangle for each shape of each character.
    fn draw_shapes(&self, svg: &mut String, (left, top): (u32, u32), piece: &str) {
        let mut path = String::new();
        for (index, c) in (0..).zip(piece.chars()) {
            for (x, y, width, height) in shape(c).unwrap_or_default() {
                let _ = write!(path, "M{} {}h{width}v{height}h-{width}z", left + index * CELL.0 + x, top + y);
            }
        }
        if !path.is_empty() {
            let fill = &self.foreground;
            let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{fill}\" shape-rendering=\"crispEdges\"/>");
        }
    }
}

/// Cuts a run where characters that are drawn meet characters that are written. Each character
/// outside ASCII stands alone: its font may be another one, with another width.
fn pieces(run: &str) -> Vec<String> {
    let characters: Vec<char> = run.chars().collect();
    let drawn = |c: char| c != ' ' && shape(c).is_some();
    let together = |a: &char, b: &char| {
        let mark = Span::raw(b.to_string()).width() == 0;
        (a.is_ascii() && b.is_ascii()) || (drawn(*a) && drawn(*b)) || (mark && !drawn(*a))
    };
    characters.chunk_by(together).map(|piece| piece.iter().collect()).collect()
}

/// Frames, blocks and chart dots as rectangles within a cell: fonts draw them with seams, or have
/// none at all.
fn shape(c: char) -> Option<Vec<(u32, u32, u32, u32)>> {
    let (width, height) = CELL;
    let (middle, centre, half) = (height / 2, width / 2, height / 2);
    let (left, right) = ((0, middle, centre + 1, 1), (centre, middle, width - centre, 1));
    let (up, down) = ((centre, 0, 1, middle + 1), (centre, middle, 1, height - middle));
    Some(match c {
        ' ' => Vec::new(),
        '█' => vec![(0, 0, width, height)],
        '▀' => vec![(0, 0, width, half)],
        '▄' => vec![(0, half, width, height - half)],
        '─' => vec![left, right],
        '│' => vec![up, down],
        '┌' => vec![right, down],
        '┐' => vec![left, down],
        '└' => vec![right, up],
        '┘' => vec![left, up],
        '\u{2800}'..='\u{28ff}' => {
            // Dots 1 to 3 and 7 on the left from the top, 4 to 6 and 8 on the right.
            let bits = u32::from(c) - 0x2800;
            let dots = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
            let on = dots.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
            on.map(|(_, (column, row))| (1 + column * 4, 1 + row * 4, 3, 2)).collect()
        }
        _ => return None,
    })
}

fn colour(colour: Color) -> Option<String> {
    let named = match colour {
        Color::Reset => return None,
        Color::Black => "#16181d",
        Color::Red => "#e06c75",
        Color::Green => "#7fbf6a",
        Color::Yellow => "#e0b55f",
        Color::Blue => "#2f5d9e",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#56b6c2",
        Color::Gray => "#b4b9c2",
        Color::DarkGray => "#7a818e",
        Color::LightRed => "#ff8a92",
        Color::LightGreen => "#a3d992",
        Color::LightYellow => "#ffd98a",
        Color::LightBlue => "#7fb0f0",
        Color::LightMagenta => "#e3a6f5",
        Color::LightCyan => "#8be0ea",
        Color::White => "#f4f5f7",
        Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Indexed(_) => FOREGROUND,
    };
    Some(named.to_owned())
}

#[cfg(test)]
mod tests {
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    #[test]
    fn cells_become_text_that_xml_can_hold() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "a<b & 時計", Style::new().fg(Color::Red));
        buffer.set_string(2, 1, "bid", Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD));
        let svg = svg(&buffer);
        let red = |x: u32, width: u32, text: &str| {
            format!("<text x=\"{x}\" y=\"13\" textLength=\"{width}\" fill=\"#e06c75\">{text}</text>")
        };
        for text in [red(0, 54, "a&lt;b &amp; "), red(54, 18, "時"), red(72, 18, "計")] {
            assert!(svg.contains(&text), "{text} in {svg}");
        }
        assert!(svg.contains("<rect x=\"18\" y=\"17\" width=\"27\" height=\"17\" fill=\"#d7dae0\"/>"), "{svg}");
        assert!(svg.contains("font-weight=\"bold\">bid</text>"), "{svg}");
        assert_eq!(svg.matches("<text").count(), 4);
    }

    #[test]
    fn figures_frames_and_charts_are_drawn_and_not_written() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        buffer.set_string(0, 0, "█▄ │⡇─┐", Style::new());
        let svg = svg(&buffer);
        assert!(svg.contains("M0 0h9v17h-9zM9 8h9v9h-9z"), "{svg}");
        assert_eq!(svg.matches("<text").count(), 0);
    }
}
