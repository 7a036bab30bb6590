//! What is printed: data on stdout, as tables for people or as JSON for programs; talk on stderr.

use std::{
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use blytz_client::wire::Page;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use console::{Term, measure_text_width, truncate_str};
use serde::Serialize;

use crate::{
    clean::{clean, escape_json},
    error::Failure,
    layout::{self, Column},
};

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Aligned columns, for people.
    #[default]
    Table,
    /// JSON as the API has it, for programs; one document a line where the output goes on.
    Json,
}

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    format: Format,
}

/// What was said and is still held back; none while the terminal is free.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<Vec<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(text: &str) {
    // Where nobody listens nothing is lost.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// While this lives, what is said waits.
#[must_use = "what is said waits only while this lives"]
pub struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        held().take().into_iter().flatten().for_each(|text| say(&text));
    }
}

#[expect(
    clippy::unused_self,
    reason = "commands ask their context to print, and need not know which way is the same for all"
)]
impl Output {
    pub fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether data is printed as JSON.
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// One JSON document, to be read by people, too.
    pub fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?;
        write_line(&escape_json(&text))
    }

    /// One JSON document on a line of its own.
    pub fn json_line(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(anyhow::Error::from)?;
        write_line(&escape_json(&text))
    }

    /// A line of data as people read it.
    pub fn line(self, text: impl AsRef<str>) -> Result<(), Failure> {
        write_line(&clean(text.as_ref()))
    }

    /// Something said to the person, beside the data.
    pub fn note(self, text: impl AsRef<str>) {
        let text = clean(text.as_ref());
        match &mut *held() {
            Some(notes) => notes.push(text),
            None => say(&text),
        }
    }

    /// Holds back what is said until this is dropped, because the terminal belongs to a screen that would
    /// be spoilt by it.
    pub fn hold_notes(self) -> Held {
        held().get_or_insert_default();
        Held
    }

    /// A list: the page as it is, or a row per item.
    pub fn page<T: Serialize, const N: usize>(
        self,
        page: &Page<T>,
        head: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), Failure> {
        if self.is_json() {
            return self.json(page);
        }
        self.rows(head, page.items.iter().map(row))?;
        if page.items.is_empty() {
            self.note("Nothing found.");
        }
        if let Some(cursor) = &page.next_cursor {
            self.note(format!("There is more: add --all, or --cursor {cursor}"));
        }
        Ok(())
    }

    /// A table.
    pub fn rows<const N: usize>(
        self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Result<(), Failure> {
        let rows: Vec<_> = rows.into_iter().map(|row| row.map(|text| clean(&text))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let columns: Vec<_> = head.iter().enumerate().map(|(at, name)| column(name, at, &rows)).collect();
        let widths = layout::lines(&columns, width());
        let (mut begin, mut parts) = (0, Vec::new());
        for line in &widths {
            let table = part(&head, &rows, begin, line, widths.len() == 1);
            parts.push(rendered(table));
            begin += line.len();
        }
        let Some((first, below)) = parts.split_first() else { return Ok(()) };
        // The stream takes the colours out again where they are not wanted.
        let mut out = anstream::stdout().lock();
        for (at, line) in first.iter().enumerate() {
            writeln!(out, "{line}")?;
            for line in below.iter().filter_map(|part| part.get(at)) {
                writeln!(out, "{:1$}{line}", "", layout::INDENT)?;
            }
        }
        Ok(out.flush()?)
    }

    /// One thing: the value as it is, or a line per field.
    pub fn record<T: Serialize>(
        self,
        value: &T,
        fields: impl FnOnce() -> Vec<(&'static str, String)>,
    ) -> Result<(), Failure> {
        if self.is_json() {
            return self.json(value);
        }
        let fields = fields();
        let mut table = borderless();
        let words = fields.iter().flat_map(|(_, text)| text.split_whitespace());
        let longest = words.map(measure_text_width).max().unwrap_or(0);
        let names = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        // Sentences are wrapped between words; an id is no shorter on two lines, only broken.
        if let Some(room) = width().filter(|room| names + layout::GAP + longest <= *room) {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(room as u16);
        }
        for (name, text) in fields {
            let text = if text.is_empty() { "-" } else { &text };
            table.add_row([Cell::new(name).add_attribute(Attribute::Dim), toned(&clean(text))]);
        }
        let mut out = anstream::stdout().lock();
        for line in rendered(table) {
            writeln!(out, "{line}")?;
        }
        Ok(out.flush()?)
    }
}

/// Columns of text that is understood without its end.
const CUT: [&str; 5] = ["title", "name", "lot", "seller", "winner"];
/// Columns of sentences.
const WRAPPED: [&str; 1] = ["reason"];

/// How wide stdout is; None for what is no terminal, and for one that does not know.
fn width() -> Option<usize> {
    Term::stdout().size_checked().map(|(_, columns)| usize::from(columns))
}

fn column<const N: usize>(name: &str, at: usize, rows: &[[String; N]]) -> Column {
    let width = rows.iter().map(|row| measure_text_width(&row[at])).max().unwrap_or(0).max(name.len());
    let least = match name {
        // Enough to know it again, so that a list of products has a line for each at 80 columns.
        _ if CUT.contains(&name) => 10,
        _ if WRAPPED.contains(&name) => 24,
        _ => width,
    };
    Column { width, least: least.min(width) }
}

/// The columns from `begin` on that stand on one line. A row is one line, but that sentences may wrap
/// where all columns have room beside each other.
fn part<const N: usize>(head: &[&str; N], rows: &[[String; N]], begin: usize, widths: &[usize], wrap: bool) -> Table {
    let mut table = borderless();
    let names = head.iter().skip(begin).take(widths.len());
    table.set_header(names.map(|name| Cell::new(name.to_uppercase()).add_attribute(Attribute::Bold)));
    for row in rows {
        let cells = head.iter().zip(row).skip(begin).zip(widths);
        table.add_row(cells.map(|((name, text), width)| {
            if CUT.contains(name) { toned(&truncate_str(text, *width, "\u{2026}")) } else { toned(text) }
        }));
    }
    if wrap && head.iter().any(|name| WRAPPED.contains(name)) {
        let whole = widths.iter().map(|width| width + layout::GAP).sum::<usize>();
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(whole as u16);
        for (column, width) in table.column_iter_mut().zip(widths) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed((width + layout::GAP) as u16)));
        }
    }
    table
}

fn borderless() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).enforce_styling();
    table.style_text_only();
    table
}

/// A cell, coloured if its text is one of the words that matter at a glance.
fn toned(text: &str) -> Cell {
    let cell = Cell::new(text);
    match text {
        "live" | "leading" | "won" | "sold" | "active" => cell.fg(Color::Green),
        "outbid" | "suspended" | "cancelled" | "unsold" => cell.fg(Color::Red),
        "scheduled" | "draft" | "sealed" => cell.fg(Color::Yellow),
        _ => cell,
    }
}

fn rendered(mut table: Table) -> Vec<String> {
    for column in table.column_iter_mut() {
        column.set_padding((0, layout::GAP as u16));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Writes a line that has been cleaned.
fn write_line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// A word of the API as it stands in JSON, such as `sealed_first_price`.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// What an absent value looks like.
pub fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
