//! A picture of the screen: what a terminal would show, as SVG.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
    text::Span,
};

/// The size of a cell in pixels.
const CELL: (u32, u32) = (9, 17);

/// What a picture is drawn on. A terminal's own colours are not known; these are like many's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// Nearly black.
    Dark,
    /// Nearly white.
    Light,
}

/// Renders a buffer. Runs of cells that look the same become one text element; frames,
/// blocks and chart dots become shapes, so that all stays aligned whatever fonts the viewer has.
pub fn svg(buffer: &Buffer, paper: Paper) -> String {
    let (width, height) = (u32::from(buffer.area.width) * CELL.0, u32::from(buffer.area.height) * CELL.1);
    // Browsers go by the style alone, and older viewers by the attribute: a space that one drops
    // would have the rest of its run stretched over the gap.
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"15\" \
         xml:space=\"preserve\">\n<style>text{{white-space:pre}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n",
        paper.background()
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let start = x;
            let look = Look::of(&buffer[(x, y)], paper);
            let mut run = String::new();
            while x < buffer.area.width && Look::of(&buffer[(x, y)], paper) == look {
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
    fn of(cell: &Cell, paper: Paper) -> Self {
        let modifier = cell.modifier & (Modifier::BOLD | Modifier::UNDERLINED | Modifier::CROSSED_OUT);
        let foreground = paper.colour(cell.fg);
        let background = paper.colour(cell.bg);
        if cell.modifier.contains(Modifier::REVERSED) {
            let ink = background.unwrap_or_else(|| paper.background().to_owned());
            return Self {
                foreground: ink,
                background: Some(foreground.unwrap_or_else(|| paper.foreground().to_owned())),
                modifier,
            };
        }
        Self { foreground: foreground.unwrap_or_else(|| paper.foreground().to_owned()), background, modifier }
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

impl Paper {
    const fn background(self) -> &'static str {
        match self {
            Self::Dark => "#16181d",
            Self::Light => "#fbfaf7",
        }
    }

    const fn foreground(self) -> &'static str {
        match self {
            Self::Dark => "#d7dae0",
            Self::Light => "#24272e",
        }
    }

    /// A colour as it can be read on this paper; none for the terminal's own.
    fn colour(self, colour: Color) -> Option<String> {
        let (on_dark, on_light) = match colour {
            Color::Reset => return None,
            Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
            Color::Indexed(_) => (self.foreground(), self.foreground()),
            Color::Black => ("#16181d", "#16181d"),
            Color::Red => ("#e06c75", "#b3261e"),
            Color::Green => ("#7fbf6a", "#2e7032"),
            Color::Yellow => ("#e0b55f", "#7d5a00"),
            Color::Blue => ("#2f5d9e", "#2f5d9e"),
            Color::Magenta => ("#c678dd", "#8e2fa6"),
            Color::Cyan => ("#56b6c2", "#0b6e7d"),
            Color::Gray => ("#b4b9c2", "#6e747f"),
            Color::DarkGray => ("#7a818e", "#5b616d"),
            Color::LightRed => ("#ff8a92", "#c9372c"),
            Color::LightGreen => ("#a3d992", "#3b8a40"),
            Color::LightYellow => ("#ffd98a", "#936b00"),
            Color::LightBlue => ("#7fb0f0", "#3a70bd"),
            Color::LightMagenta => ("#e3a6f5", "#a344bb"),
            Color::LightCyan => ("#8be0ea", "#128294"),
            Color::White => ("#f4f5f7", "#f4f5f7"),
        };
        let chosen = if self == Self::Dark { on_dark } else { on_light };
        Some(chosen.to_owned())
    }
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
        let svg = svg(&buffer, Paper::Dark);
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
        let svg = svg(&buffer, Paper::Dark);
        assert!(svg.contains("M0 0h9v17h-9zM9 8h9v9h-9z"), "{svg}");
        assert_eq!(svg.matches("<text").count(), 0);
    }

    /// The value of an attribute.
    fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
        let (_, rest) = element.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("{name} in {element}"));
        rest.split('"').next().expect("a value")
    }

    /// Every text element: its row and column, the columns it is given, and what stands in it.
    fn texts(svg: &str) -> Vec<(usize, usize, usize, String)> {
        let elements = svg.lines().filter(|line| line.starts_with("<text "));
        let cells = |pixels: &str, size: u32| {
            let pixels: u32 = pixels.parse().expect("a number");
            assert_eq!(pixels % size, 0, "on the grid: {pixels}");
            (pixels / size) as usize
        };
        let read = |element: &str| {
            let (head, rest) = element.split_once('>').expect("an element");
            let text = rest.strip_suffix("</text>").expect("on one line");
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let base: u32 = attribute(head, "y").parse().expect("a number");
            let row = cells(&(base + 4 - CELL.1).to_string(), CELL.1);
            (row, cells(attribute(head, "x"), CELL.0), cells(attribute(head, "textLength"), CELL.0), text)
        };
        elements.map(read).collect()
    }

    #[test]
    fn every_letter_stands_in_its_cell() {
        let rows = ["Lot  12 of 40:   tin & robot", "│  時計  watch │", "    <b>   indented", "  ●  live   "];
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 4));
        for (y, row) in (0..).zip(rows) {
            buffer.set_string(0, y, row, Style::new());
        }
        let svg = svg(&buffer, Paper::Light);
        // Without it Chromium drops spaces, and stretches what is left over their place.
        assert!(svg.contains("<style>text{white-space:pre}</style>"), "{svg}");
        let mut written = [[' '; 30]; 4];
        for (row, column, columns, text) in texts(&svg) {
            assert_eq!(columns, Span::raw(&text).width(), "{text:?} is neither stretched nor squeezed");
            let mut at = column;
            for c in text.chars() {
                written[row][at] = c;
                at += Span::raw(c.to_string()).width();
            }
        }
        for (y, row) in written.iter().enumerate() {
            let drawn = |c: char| if shape(c).is_some() { ' ' } else { c };
            let mut expected = [' '; 30];
            for (x, cell) in expected.iter_mut().enumerate() {
                *cell = drawn(buffer[(x as u16, y as u16)].symbol().chars().next().unwrap_or(' '));
            }
            assert_eq!(row, &expected);
        }
    }

    /// The README's, which was taken of the running program.
    #[test]
    fn the_picture_in_the_documentation_is_one_of_these() {
        let svg = include_str!("../../docs/images/lot.svg");
        assert!(svg.contains("<style>text{white-space:pre}</style>"));
        let texts = texts(svg);
        assert!(texts.iter().any(|(row, column, _, text)| (*row, *column) == (0, 0) && text.starts_with(" BLYTZ")));
        for (_, _, columns, text) in texts {
            assert_eq!(columns, Span::raw(&text).width(), "{text:?}");
        }
    }

    #[test]
    fn every_colour_can_be_read_on_its_paper() {
        use crate::theme::{Base, Role, Theme};
        let parts =
            |hex: &str| [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")) / 255.0);
        let linear = |c: f64| if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        let luminance = |hex: &str| {
            let [r, g, b] = parts(hex).map(linear);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        // The contrast of WCAG; 4.5 is what it asks of small text.
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(a), luminance(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for (base, paper) in [(Base::Dark, Paper::Dark), (Base::Light, Paper::Light), (Base::Plain, Paper::Dark)] {
            let theme = Theme::new(base);
            let all = [
                Role::Text,
                Role::Muted,
                Role::Accent,
                Role::Price,
                Role::Good,
                Role::Bad,
                Role::Warn,
                Role::Border,
                Role::Focus,
                Role::Selected,
                Role::Bar,
            ];
            for role in all {
                let mut cell = Cell::default();
                cell.set_style(theme.style(role));
                let look = Look::of(&cell, paper);
                let ground = look.background.unwrap_or_else(|| paper.background().to_owned());
                assert!(
                    contrast(&look.foreground, &ground) >= 4.5,
                    "{role:?} of {base:?}: {} on {ground}",
                    look.foreground
                );
            }
        }
    }
}
