//! A sheet as spreadsheets export it: which sign parts its columns, and where each row begins.
//!
//! Rows are told apart here and not by the CSV reader, which knows no row numbers, skips blank lines
//! without counting them, and takes the rest of the file for a cell when a quote is never closed.

use std::str::FromStr;

/// The sign between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    pub const COMMA: Self = Self(b',');
    const SEMICOLON: Self = Self(b';');
    const TAB: Self = Self(b'\t');

    /// What a spreadsheet may have put there without being asked.
    const USUAL: [Self; 3] = [Self::COMMA, Self::SEMICOLON, Self::TAB];

    /// What it is called.
    pub fn name(self) -> String {
        match self.0 {
            b',' => "commas".to_owned(),
            b';' => "semicolons".to_owned(),
            b'\t' => "tabs".to_owned(),
            other => format!("`{}`", char::from(other)),
        }
    }
}

impl FromStr for Delimiter {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.as_bytes()) {
            ("comma", _) => Ok(Self::COMMA),
            ("semicolon", _) => Ok(Self::SEMICOLON),
            ("tab" | "\\t" | "\t", _) => Ok(Self::TAB),
            (_, [sign]) if sign.is_ascii_punctuation() && *sign != b'"' => Ok(Self(*sign)),
            _ => Err("must be one sign, like ; or |, or one of comma, semicolon, tab".to_owned()),
        }
    }
}

/// A row of the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its number, as the sheet counts: blank rows count, lines within a cell do not.
    pub number: u64,
    text: &'a str,
    /// The line on which a quote begins that is never closed.
    pub open_quote: Option<u64>,
}

impl Row<'_> {
    /// Its cells; none if the row is blank.
    pub fn cells(&self, delimiter: Delimiter) -> Result<Option<csv::StringRecord>, csv::Error> {
        let mut record = csv::StringRecord::new();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.0)
            .buffer_capacity(self.text.len() + 1)
            .from_reader(self.text.as_bytes());
        let is_blank = !reader.read_record(&mut record)? || record.iter().all(|cell| cell.trim().is_empty());
        Ok((!is_blank).then_some(record))
    }
}

/// A sheet's text, and what parts its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet<'a> {
    text: &'a str,
    /// Lines of the file before it.
    lines_before: u64,
    pub delimiter: Delimiter,
}

impl<'a> Sheet<'a> {
    /// Reads a file's text. Without a `delimiter` the head says it, in which `known` are the columns.
    pub fn new(text: &'a str, delimiter: Option<Delimiter>, known: &[&str]) -> Self {
        // A line that Excel writes and takes for no row.
        let (text, lines_before, said) = match text.split_once('\n') {
            Some((first, rest)) => match first.trim_end_matches('\r').strip_prefix("sep=").map(str::parse) {
                Some(Ok(said)) => (rest, 1, Some(said)),
                _ => (text, 0, None),
            },
            None => (text, 0, None),
        };
        let with = |delimiter| Self { text, lines_before, delimiter };
        match delimiter.or(said) {
            Some(delimiter) => with(delimiter),
            None => with(told_by_the_head(with(Delimiter::COMMA), known)),
        }
    }

    /// Every row, blank ones too.
    pub fn rows(self) -> impl Iterator<Item = Row<'a>> {
        let (mut rest, mut line, mut number) = (self.text, 1 + self.lines_before, 0);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let found = Scan::of(rest.as_bytes(), self.delimiter.0);
            number += 1;
            let open_quote = found.open_quote_on.map(|further| line + further);
            let row = Row { number, text: &rest[..found.end], open_quote };
            rest = &rest[found.next..];
            line += found.lines;
            Some(row)
        })
    }
}

/// The delimiter by which the head has the most columns that are known.
fn told_by_the_head(sheet: Sheet<'_>, known: &[&str]) -> Delimiter {
    let columns = |delimiter: &Delimiter| {
        let mut rows = Sheet { delimiter: *delimiter, ..sheet }.rows();
        let head = rows.find_map(|row| row.cells(*delimiter).ok().flatten()).unwrap_or_default();
        head.iter().filter(|cell| known.contains(&cell.trim().to_lowercase().as_str())).count()
    };
    // Of equals the last would be taken, and a comma needs no reason.
    let plainest = Delimiter::USUAL.into_iter().rev().max_by_key(columns);
    plainest.unwrap_or(Delimiter::COMMA)
}

/// Where a row ends.
struct Scan {
    /// Where its text ends.
    end: usize,
    /// Where the next row begins.
    next: usize,
    /// Lines that it takes.
    lines: u64,
    /// The line of it on which a quote begins that is never closed.
    open_quote_on: Option<u64>,
}

impl Scan {
    /// Follows the first row of `bytes`, with quotes as the CSV reader has them: one at the beginning
    /// of a cell opens, two in a quoted cell are one.
    fn of(bytes: &[u8], delimiter: u8) -> Self {
        let (mut at, mut lines, mut cell_begins) = (0, 0, true);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' if cell_begins => match closing(bytes, at, delimiter) {
                    Some((after, within)) => {
                        at = after;
                        lines += within;
                    }
                    None => {
                        // Nobody can say where the cell ends. The line is lost; the next is a row again.
                        let end = at + line_end(&bytes[at..]);
                        let next = end + terminator(&bytes[end..]);
                        return Self { end, next, lines: lines + 1, open_quote_on: Some(lines) };
                    }
                },
                b'\n' | b'\r' => break,
                _ => at += 1,
            }
            cell_begins = *byte == delimiter;
        }
        Self { end: at, next: at + terminator(&bytes[at..]), lines: lines + 1, open_quote_on: None }
    }
}

/// Where the quoted cell that begins at `open` is over, and how many line ends are within. None when
/// it is never closed; also when it runs over lines and then is closed in the middle of something,
/// because then its own quote is missing and that one is the next cell's.
fn closing(bytes: &[u8], open: usize, delimiter: u8) -> Option<(usize, u64)> {
    let (mut at, mut lines) = (open + 1, 0);
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', after) => {
                let is_whole = after.is_none_or(|byte| *byte == delimiter || matches!(byte, b'\n' | b'\r'));
                return (is_whole || lines == 0).then_some((at + 1, lines));
            }
            (b'\n' | b'\r', _) => {
                lines += 1;
                at += terminator(&bytes[at..]);
            }
            _ => at += 1,
        }
    }
}

fn line_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len())
}

/// How long the line end is that `bytes` begin with.
fn terminator(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["title", "price", "quantity"];

    fn numbers(text: &str) -> Vec<(u64, Vec<String>)> {
        let sheet = Sheet::new(text, None, &KNOWN);
        let cells = |row: Row<'_>| {
            let cells = row.cells(sheet.delimiter).expect("cells")?;
            Some((row.number, cells.iter().map(str::to_owned).collect()))
        };
        sheet.rows().filter_map(cells).collect()
    }

    #[test]
    fn the_head_says_what_parts_the_columns() {
        for (head, expected) in [
            ("title,price,quantity", Delimiter::COMMA),
            ("title;price;quantity", Delimiter::SEMICOLON),
            ("Title\tPrice\tQuantity", Delimiter::TAB),
            ("\n\ntitle;price;quantity", Delimiter::SEMICOLON),
            ("\"title\";\"price\";\"quantity\"", Delimiter::SEMICOLON),
            ("title;price,quantity", Delimiter::COMMA),
            ("title", Delimiter::COMMA),
            ("something else", Delimiter::COMMA),
            ("", Delimiter::COMMA),
            ("sep=|\r\ntitle|price|quantity", Delimiter(b'|')),
        ] {
            assert_eq!(Sheet::new(head, None, &KNOWN).delimiter, expected, "{head:?}");
        }
        let told = Sheet::new("title;price,quantity", Some(Delimiter::TAB), &KNOWN);
        assert_eq!(told.delimiter, Delimiter::TAB);
        for wrong in ["", ";;", "x", "\"", "\n", "é"] {
            assert!(wrong.parse::<Delimiter>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn rows_are_counted_as_the_sheet_does() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["title,price,quantity", "\"a", "b\",1,1", "", ",,", "c,1,1", "  ", "\"\",2,2", "d\"e,3,3", ""]
                .join(end);
            let expected = [1, 2, 5, 7, 8];
            let rows = numbers(&text);
            assert_eq!(rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), expected, "{end:?}: {rows:?}");
            assert_eq!(rows[1].1[0], format!("a{end}b"));
            assert_eq!(rows[4].1[0], "d\"e");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_row() {
        for (text, expected) in [
            ("h\n\"a,1\nb,2\nc,3\n", vec![(1, None), (2, Some(2)), (3, None), (4, None)]),
            // The next quote closes it, in the middle of a cell.
            ("h\n\"a,1\nb,\"c d\"\n", vec![(1, None), (2, Some(2)), (3, None)]),
            // One that is closed before; the line is the open one's.
            ("\"a\nb\",\"c\nd,1\n", vec![(1, Some(2)), (2, None)]),
            ("\"a\"\"\nb,1", vec![(1, Some(1)), (2, None)]),
            // Closed on its own line, whatever comes after.
            ("\"a\"b,1\nc,2", vec![(1, None), (2, None)]),
            ("\"a\nb\"", vec![(1, None)]),
        ] {
            let rows: Vec<_> = Sheet::new(text, None, &KNOWN).rows().map(|row| (row.number, row.open_quote)).collect();
            assert_eq!(rows, expected, "{text:?}");
        }
    }
}
