//! One value on its way: read from either database, written as `copy` reads it, and digested.

use std::fmt;

use sha2::{Digest, Sha256};
use sqlx::{
    Decode, Row, TypeInfo, ValueRef,
    error::BoxDynError,
    postgres::PgRow,
    sqlite::{Sqlite, SqliteRow},
};
use uuid::Uuid;

use super::tables::Kind;

/// What stands in a column of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'r> {
    Null,
    Uuid(Uuid),
    Text(&'r str),
    Number(i64),
    Flag(bool),
}

/// As it stands in a sentence that names a row.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

impl<'r> Value<'r> {
    /// SQLite keeps any value in any column, and makes something of it for whoever asks for another type:
    /// what is not of the column's kind is refused instead.
    pub fn of_sqlite(row: &'r SqliteRow, place: usize, kind: Kind) -> Result<Self, BoxDynError> {
        let value = row.try_get_raw(place)?;
        if value.is_null() {
            return Ok(Self::Null);
        }
        let stored = value.type_info();
        match (kind, stored.name()) {
            (Kind::Uuid, "BLOB") => Ok(Self::Uuid(<Uuid as Decode<'r, Sqlite>>::decode(value)?)),
            (Kind::Text, "TEXT") => Ok(Self::Text(<&str as Decode<'r, Sqlite>>::decode(value)?)),
            (Kind::Number, "INTEGER") => Ok(Self::Number(<i64 as Decode<'r, Sqlite>>::decode(value)?)),
            (Kind::Flag, "INTEGER") => match <i64 as Decode<'r, Sqlite>>::decode(value)? {
                0 => Ok(Self::Flag(false)),
                1 => Ok(Self::Flag(true)),
                other => Err(format!("{other} is neither true nor false").into()),
            },
            (_, other) => Err(format!("it is stored as {other}").into()),
        }
    }

    pub fn of_postgres(row: &'r PgRow, place: usize, kind: Kind) -> sqlx::Result<Self> {
        Ok(match kind {
            Kind::Uuid => row.try_get::<Option<_>, _>(place)?.map_or(Self::Null, Self::Uuid),
            Kind::Text => row.try_get::<Option<_>, _>(place)?.map_or(Self::Null, Self::Text),
            Kind::Number => row.try_get::<Option<_>, _>(place)?.map_or(Self::Null, Self::Number),
            Kind::Flag => row.try_get::<Option<_>, _>(place)?.map_or(Self::Null, Self::Flag),
        })
    }

    /// Appends it in the text format of `copy`, in which a backslash, a tab and the ends of lines are
    /// escaped. False when PostgreSQL has no such text: it takes every character but U+0000.
    #[must_use]
    pub fn write(&self, line: &mut Vec<u8>) -> bool {
        match self {
            Self::Null => line.extend_from_slice(br"\N"),
            Self::Uuid(uuid) => {
                let mut buffer = Uuid::encode_buffer();
                line.extend_from_slice(uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
            }
            Self::Text(text) => return escape(text, line),
            Self::Number(number) => line.extend_from_slice(number.to_string().as_bytes()),
            Self::Flag(flag) => line.push(if *flag { b't' } else { b'f' }),
        }
        true
    }

    /// Appends it in a form that no other value has, and that is not the one in which it travels: a
    /// mistake there would show.
    fn mark(&self, row: &mut Vec<u8>) {
        match self {
            Self::Null => row.push(0),
            Self::Uuid(uuid) => {
                row.push(1);
                row.extend_from_slice(uuid.as_bytes());
            }
            Self::Text(text) => {
                row.push(2);
                row.extend_from_slice(&(text.len() as u64).to_be_bytes());
                row.extend_from_slice(text.as_bytes());
            }
            Self::Number(number) => {
                row.push(3);
                row.extend_from_slice(&number.to_be_bytes());
            }
            Self::Flag(flag) => row.extend_from_slice(&[4, u8::from(*flag)]),
        }
    }
}

fn escape(text: &str, line: &mut Vec<u8>) -> bool {
    let mut plain = 0;
    let bytes = text.as_bytes();
    for (place, byte) in bytes.iter().enumerate() {
        let escaped = match byte {
            b'\\' => br"\\",
            b'\t' => br"\t",
            b'\n' => br"\n",
            b'\r' => br"\r",
            0 => return false,
            _ => continue,
        };
        line.extend_from_slice(&bytes[plain..place]);
        line.extend_from_slice(escaped);
        plain = place + 1;
    }
    line.extend_from_slice(&bytes[plain..]);
    true
}

/// What is in a table: how many rows, and which, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub rows: u64,
    pub digest: [u8; 32],
}

/// Sums a table's rows up, one after the other.
#[derive(Default)]
pub(super) struct Summing {
    rows: u64,
    sha: Sha256,
    row: Vec<u8>,
}

impl Summing {
    pub fn add(&mut self, values: &[Value<'_>]) {
        self.row.clear();
        for value in values {
            value.mark(&mut self.row);
        }
        self.sha.update(&self.row);
        self.rows += 1;
    }

    pub fn contents(self) -> Contents {
        Contents { rows: self.rows, digest: self.sha.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Value<'_>) -> Option<String> {
        let mut line = Vec::new();
        value.write(&mut line).then(|| String::from_utf8(line).expect("text"))
    }

    #[test]
    fn a_value_is_written_as_copy_reads_it() {
        let id = Uuid::from_u128(0x0190_a5c2_7e3b_7cc1_9a54_3f2e_6f0b_1d77);
        for (value, line) in [
            (Value::Null, r"\N"),
            (Value::Text(r"\N"), r"\\N"),
            (Value::Text(""), ""),
            (Value::Text("a\tb\nc\r\n\\."), r"a\tb\nc\r\n\\."),
            (Value::Text("\u{8}🦀 'q' \"q\"\\"), "\u{8}🦀 'q' \"q\"\\\\"),
            (Value::Uuid(id), "0190a5c2-7e3b-7cc1-9a54-3f2e6f0b1d77"),
            (Value::Number(i64::MIN), "-9223372036854775808"),
            (Value::Flag(true), "t"),
            (Value::Flag(false), "f"),
        ] {
            assert_eq!(written(value).as_deref(), Some(line), "{value:?}");
        }
        assert_eq!(written(Value::Text("a\0b")), None);
    }

    #[test]
    fn no_two_tables_have_one_digest() {
        let contents = |rows: &[&[Value<'_>]]| {
            let mut summing = Summing::default();
            for row in rows {
                summing.add(row);
            }
            summing.contents()
        };
        let all = [
            contents(&[]),
            contents(&[&[Value::Null, Value::Null]]),
            contents(&[&[Value::Text("ab"), Value::Text("c")]]),
            contents(&[&[Value::Text("a"), Value::Text("bc")]]),
            contents(&[&[Value::Text(""), Value::Null]]),
            contents(&[&[Value::Number(0), Value::Flag(false)]]),
            contents(&[&[Value::Flag(false), Value::Number(0)]]),
            contents(&[&[Value::Number(1), Value::Null], &[Value::Number(2), Value::Null]]),
            contents(&[&[Value::Number(2), Value::Null], &[Value::Number(1), Value::Null]]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other.digest != one.digest), "{place}");
        }
    }
}
