//! What is printed: data on stdout, as tables for people or as JSON for programs; talk on stderr.

use std::io::{self, IsTerminal, Write};

use blytz_client::wire::Page;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::{
    clean::{clean, escape_json},
    error::Failure,
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
        // Where nobody listens nothing is lost.
        let _ = writeln!(anstream::stderr(), "{}", clean(text.as_ref()));
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
        let mut table = borderless();
        table.set_header(head.iter().map(|name| Cell::new(name.to_uppercase()).add_attribute(Attribute::Bold)));
        table.add_rows(rows.into_iter().map(|row| row.iter().map(|text| toned(text)).collect::<Vec<_>>()));
        if table.is_empty() { Ok(()) } else { write_table(table) }
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
        let mut table = borderless();
        for (name, text) in fields() {
            let text = if text.is_empty() { "-" } else { &text };
            table.add_row([Cell::new(name).add_attribute(Attribute::Dim), toned(text)]);
        }
        write_table(table)
    }
}

fn borderless() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).enforce_styling();
    table.style_text_only();
    // A pipe has no width: there every row stays on its line.
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// A cell, coloured if its text is one of the words that matter at a glance.
fn toned(text: &str) -> Cell {
    let cell = Cell::new(clean(text));
    match text {
        "live" | "leading" | "won" | "sold" | "active" => cell.fg(Color::Green),
        "outbid" | "suspended" | "cancelled" | "unsold" => cell.fg(Color::Red),
        "scheduled" | "draft" | "sealed" => cell.fg(Color::Yellow),
        _ => cell,
    }
}

fn write_table(mut table: Table) -> Result<(), Failure> {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // The stream takes the colours out again where they are not wanted.
    let mut out = anstream::stdout().lock();
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(out.flush()?)
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
