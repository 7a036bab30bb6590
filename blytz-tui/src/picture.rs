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

/// Renders a buffer. Runs of cells that look the same become one text element; block characters
/// become rectangles, and other characters outside ASCII get a place each, so that columns stay
/// aligned whatever fonts the viewer has.
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
        if run.chars().all(|c| matches!(c, ' ' | '█' | '▀' | '▄')) {
            return self.draw_blocks(svg, (left, top), run);
        }
        let mut extra = String::new();
        if self.modifier.contains(Modifier::BOLD) {
            extra.push_str(" font-weight=\"bold\"");
        }
        if self.modifier.contains(Modifier::CROSSED_OUT) {
            extra.push_str(" text-decoration=\"line-through\"");
        } else if self.modifier.contains(Modifier::UNDERLINED) {
            extra.push_str(" text-decoration=\"underline\"");
        }
        let text = run.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let place = if run.is_ascii() {
            format!("x=\"{left}\" textLength=\"{width}\"")
        } else {
            format!("x=\"{}\"", places(left, run).join(" "))
        };
        let (base, fill) = (top + CELL.1 - 4, &self.foreground);
        let _ = writeln!(svg, "<text {place} y=\"{base}\" fill=\"{fill}\"{extra}>{text}</text>");
    }

    /// Neighbouring blocks become one rectangle: seams between glyphs would show.
    fn draw_blocks(&self, svg: &mut String, (left, top): (u32, u32), run: &str) {
        let blocks: Vec<char> = run.chars().collect();
        let mut at = left;
        for same in blocks.chunk_by(|a, b| a == b) {
            let width = same.len() as u32 * CELL.0;
            let half = CELL.1 / 2;
            let (y, height) = match same[0] {
                '█' => (top, CELL.1),
                '▀' => (top, half),
                '▄' => (top + half, CELL.1 - half),
                _ => (top, 0),
            };
            if height > 0 {
                let fill = &self.foreground;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{at}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\" shape-rendering=\"crispEdges\"/>"
                );
            }
            at += width;
        }
    }
}

/// Where each character of a run stands.
fn places(left: u32, run: &str) -> Vec<String> {
    let mut bytes = [0; 4];
    let mut at = left;
    let mut place = |c: char| {
        let here = at;
        let text: &str = c.encode_utf8(&mut bytes);
        at += Span::raw(text).width() as u32 * CELL.0;
        here.to_string()
    };
    run.chars().map(&mut place).collect()
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
        assert!(
            svg.contains("<text x=\"0 9 18 27 36 45 54 72\" y=\"13\" fill=\"#e06c75\">a&lt;b &amp; 時計</text>"),
            "{svg}"
        );
        assert!(svg.contains("<rect x=\"18\" y=\"17\" width=\"27\" height=\"17\" fill=\"#d7dae0\"/>"), "{svg}");
        assert!(svg.contains("font-weight=\"bold\">bid</text>"), "{svg}");
        assert_eq!(svg.matches("<text").count(), 2);
    }

    #[test]
    fn figures_become_rectangles() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 1));
        buffer.set_string(0, 0, "██ ▄", Style::new());
        let svg = svg(&buffer);
        assert!(svg.contains("x=\"0\" y=\"0\" width=\"18\" height=\"17\""), "{svg}");
        assert!(svg.contains("x=\"27\" y=\"8\" width=\"9\" height=\"9\""), "{svg}");
        assert_eq!(svg.matches("<text").count(), 0);
    }
}
