//! Cursors: where a page starts, in a form that nobody is tempted to read.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::error::{Error, Result};

/// A cursor of these parts. Only the last one may contain line breaks.
pub fn encode(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(parts.join("\n"))
}

/// The parts of a cursor.
///
/// # Errors
/// 422 at `/cursor` when it is none of ours.
pub fn decode<const N: usize>(cursor: &str) -> Result<[String; N]> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    let text = String::from_utf8(bytes).map_err(|_| invalid())?;
    if text.contains('\0') {
        // In no text of ours; and PostgreSQL takes none that has it, not even to compare with.
        return Err(invalid());
    }
    let parts: Vec<_> = text.splitn(N, '\n').map(str::to_owned).collect();
    parts.try_into().map_err(|_| invalid())
}

/// 422: this cursor leads nowhere.
pub fn invalid() -> Error {
    Error::invalid_field("/cursor", "must be the next_cursor of this list's page before, unchanged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let cursor = encode(&["title", "a\nb"]);
        assert_eq!(decode::<2>(&cursor).expect("our own"), ["title", "a\nb"]);
        for bad in ["", "%", "AAAA", "x", &encode(&["title", "a\0b"])] {
            assert!(decode::<2>(bad).is_err(), "{bad:?}");
        }
    }
}
