//! The terms that keep a message out.

use crate::text::{readings, searchable};

/// Whether a message contains one of the terms, whatever their case, width, or spacing, and whichever
/// alphabet the letters were taken from, as long as they look the same ([`readings`]).
///
/// A term is found inside longer words, too: not all scripts put spaces between words, and those
/// who want to dodge a term write around it. A moderator who blocks `ass` blocks `class`, and one who
/// blocks the Russian `сор` blocks `cop`, which can't be told from it by looking. Digits stand for
/// themselves: to keep out `sc4m`, block that, too.
pub fn has_blocked_term(text: &str, terms: &[String]) -> bool {
    if terms.is_empty() {
        return false;
    }
    let text = forms(text);
    terms.iter().map(|term| forms(term)).any(|term| {
        let found = |(text, term): (&String, &String)| !term.is_empty() && text.contains(term);
        text.iter().zip(&term).any(found)
    })
}

/// As it is searched, and as it reads. The first is not among the others: letters of one alphabet are
/// the same in both cases, and what they look like need not be.
fn forms(text: &str) -> [String; 4] {
    let [small, written, capital] = readings(text);
    [searchable(text), small, written, capital]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            "sc\u{430}m",
            "\u{405}\u{421}\u{410}\u{41c}",
            "\u{455}\u{441}\u{430}\u{41c}",
            "S\u{ad}\u{421}\u{200d}am",
            "\u{1d42c}\u{1d41c}\u{1d41a}\u{1d426}",
            "\u{455}c\u{251}m",
            "buy f\u{3bf}ll\u{3bf}w\u{435}rs",
        ] {
            assert!(has_blocked_term(blocked, &terms), "{blocked:?}");
        }
        for fine in ["hello", "s c a m", "followers buy", "sc4m", "scarn", "sc\u{e4}m", "\u{441}\u{430}\u{43c}"] {
            assert!(!has_blocked_term(fine, &terms), "{fine:?}");
        }
        assert!(!has_blocked_term("anything", &[]));
    }

    #[test]
    fn a_term_is_found_in_its_own_alphabet_and_where_it_was_taken_from_another() {
        for (term, text) in [
            ("\u{43e}\u{431}\u{43c}\u{430}\u{43d}", "\u{41e}\u{411}\u{41c}\u{410}\u{41d}"),
            ("\u{43e}\u{431}\u{43c}\u{430}\u{43d}", "o\u{431}\u{43c}a\u{43d}"),
            ("sc\u{430}m", "SCAM"),
            ("\u{3bd}\u{3af}\u{3ba}\u{3b7}", "\u{39d}\u{38a}\u{39a}\u{397}"),
            ("\u{441}\u{43e}\u{440}", "cop"),
            ("hello", "he\u{4c0}\u{4c0}o"),
            ("mini", "\u{41c}\u{406}N\u{406}"),
            ("mini", "\u{560}ini"),
        ] {
            assert!(has_blocked_term(text, &[term.to_owned()]), "{term:?} in {text:?}");
        }
    }

    #[test]
    fn what_no_moderator_would_expect_is_let_through() {
        for (term, text) in [
            ("lol", "101"),
            ("lol", "IoI"),
            ("lol", "\u{627}\u{647}\u{627}"),
            ("ill", "111 sold"),
            ("look", "100k"),
            ("corn", "see shop.com"),
            ("modem", "a modern vase"),
            ("porn", "pom"),
            ("''", "\""),
        ] {
            assert!(!has_blocked_term(text, &[term.to_owned()]), "{term:?} in {text:?}");
        }
    }

    /// Letters, each with some that look like it, small or in capitals.
    const DISGUISES: &[(char, &str)] = &[
        ('a', "a\u{430}\u{410}\u{391}\u{ff41}\u{1d41a}\u{251}"),
        ('c', "c\u{441}\u{421}\u{3f2}\u{217d}"),
        ('e', "e\u{435}\u{415}\u{395}\u{212e}"),
        ('i', "i\u{456}\u{406}\u{399}\u{2170}"),
        ('o', "o\u{43e}\u{41e}\u{3bf}\u{39f}\u{585}"),
        ('p', "p\u{440}\u{420}\u{3c1}\u{3a1}"),
        ('s', "s\u{455}\u{405}\u{ff33}"),
        ('x', "x\u{445}\u{425}\u{3a7}"),
    ];

    fn disguised() -> impl Strategy<Value = (String, String)> {
        let letter = (prop::sample::select(DISGUISES), any::<prop::sample::Index>(), any::<bool>());
        prop::collection::vec(letter, 1..12).prop_map(|letters| {
            let dress = |looks: &str, index: &prop::sample::Index, hides: bool| {
                let looks: Vec<char> = looks.chars().collect();
                format!("{}{}", index.get(&looks), if hides { "\u{ad}" } else { "" })
            };
            let term = letters.iter().map(|((letter, _), _, _)| letter).collect();
            let text = letters.iter().map(|((_, looks), index, hides)| dress(looks, index, *hides)).collect();
            (term, text)
        })
    }

    proptest! {
        #[test]
        fn a_disguise_does_not_help((term, text) in disguised(), around in "[a-z ]{0,5}") {
            prop_assert!(has_blocked_term(&format!("{around}{text}{around}"), std::slice::from_ref(&term)), "{} {}", text, term);
        }

        /// Nothing that is plain is taken for anything else.
        #[test]
        fn plain_text_is_blocked_by_what_stands_in_it(text in "[ -~]{0,20}", term in "[!-~]{1,3}") {
            let stands_in_it = text.to_ascii_lowercase().split_whitespace().any(|word| word.contains(&term.to_ascii_lowercase()));
            prop_assert_eq!(has_blocked_term(&text, &[term]), stands_in_it);
        }
    }
}
