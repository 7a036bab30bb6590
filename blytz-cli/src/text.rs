//! Text files as people's programs write them: UTF-8 with or without a mark, UTF-16 with one.

use std::{borrow::Cow, fmt};

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotText {
    /// Not UTF-8 from this line on; the line as far as it is ASCII.
    Encoding { line: usize, looks_like: String },
    /// UTF-16 by its mark, but not in what follows.
    Utf16,
    /// Zeros, as in no text.
    Binary,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding { line, looks_like } => write!(f, "line {line} is not UTF-8 ({looks_like})"),
            Self::Utf16 => f.write_str("it begins like UTF-16 and does not go on so"),
            Self::Binary => f.write_str("there are zero bytes in it, as in UTF-16 without a mark or in no text at all"),
        }
    }
}

/// The text, without its mark.
pub fn decode(bytes: Vec<u8>) -> Result<String, NotText> {
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ => {
            let text = String::from_utf8(bytes).map_err(|error| not_utf8(error.as_bytes()))?;
            match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            }
        }
    };
    if text.contains('\0') { Err(NotText::Binary) } else { Ok(text) }
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NotText::Utf16);
    }
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).map_err(|_| NotText::Utf16)
}

/// Says where it is no longer UTF-8, and how it looks there.
fn not_utf8(bytes: &[u8]) -> NotText {
    let good = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let line = bytes[..good].split(|byte| *byte == b'\n').count();
    let start = bytes[..good].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = bytes[good..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(bytes.len(), |at| good + at);
    let shown: Cow<'_, str> = String::from_utf8_lossy(&bytes[start..end]);
    NotText::Encoding { line, looks_like: shown.chars().take(40).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_what_it_is_and_are_no_part_of_it() {
        let utf16 = |mark: char, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("{mark}é 時\u{1f3fa}").encode_utf16().flat_map(bytes).collect()
        };
        for bytes in [
            "é 時\u{1f3fa}".as_bytes().to_vec(),
            "\u{feff}é 時\u{1f3fa}".as_bytes().to_vec(),
            utf16('\u{feff}', u16::to_le_bytes),
            utf16('\u{feff}', u16::to_be_bytes),
        ] {
            assert_eq!(decode(bytes.clone()).as_deref(), Ok("é 時\u{1f3fa}"), "{bytes:?}");
        }
        assert_eq!(decode(Vec::new()).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_told_by_its_line() {
        let latin1 = decode(b"a,b\nplain,1\nCaf\xe9,2\n".to_vec()).expect_err("latin-1");
        assert_eq!(latin1.to_string(), "line 3 is not UTF-8 (Caf\u{fffd},2)");
        assert_eq!(decode(b"\xff\xfea".to_vec()), Err(NotText::Utf16));
        assert_eq!(decode(b"\xff\xfe\x00\xd8".to_vec()), Err(NotText::Utf16), "half a pair");
        assert_eq!(decode(b"t\0i\0t\0".to_vec()), Err(NotText::Binary));
    }
}
