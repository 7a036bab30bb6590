//! The terms that keep a message out.

use crate::text::searchable;

/// Whether a message contains one of the terms, whatever their case, width, or spacing.
///
/// A term is found inside longer words, too: not all scripts put spaces between words, and those
/// who want to dodge a term write around it. A moderator who blocks `ass` blocks `class`.
pub fn has_blocked_term(text: &str, terms: &[String]) -> bool {
    let text = searchable(text);
    terms.iter().map(|term| searchable(term)).any(|term| !term.is_empty() && text.contains(&term))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_terms_are_found_however_they_are_dressed() {
        let terms = ["Scam".to_owned(), "buy  followers".to_owned(), "\u{200d}".to_owned()];
        for blocked in [
            "this is a SCAM",
            "scammers",
            "s\u{ad}c\u{200d}am",
            "\u{ff33}\u{ff23}\u{ff21}\u{ff2d}",
            "Buy followers now",
            "buy \u{a0} FOLLOWERS",
        ] {
            assert!(has_blocked_term(blocked, &terms), "{blocked:?}");
        }
        for fine in ["hello", "s c a m", "followers buy"] {
            assert!(!has_blocked_term(fine, &terms), "{fine:?}");
        }
        assert!(!has_blocked_term("anything", &[]));
    }
}
