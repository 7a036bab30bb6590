//! Passwords: length decides, and what everybody tries first is refused.
//!
//! There are no rules about kinds of characters: they make passwords harder to remember, not to
//! guess (NIST SP 800-63B, 5.1.1.2). Refused are the passwords of leaked lists that are long
//! enough, and the patterns they are made of; the lists themselves would be megabytes that change
//! nothing for who logs in at most 20 times in a quarter of an hour.

use icu_properties::{CodePointMapData, props::GeneralCategory};
use unicode_normalization::UnicodeNormalization as _;

use crate::text::is_invisible;

const MIN_CHARACTERS: usize = 12;
const MAX_CHARACTERS: usize = 128;

/// Words that, with digits and signs around them or written twice, make the most common passwords.
/// In lower case, without the usual replacements of letters.
const COMMON_WORDS: &[&str] = &[
    "abc",
    "admin",
    "administrator",
    "asdf",
    "asdfgh",
    "baseball",
    "basketball",
    "blytz",
    "butterfly",
    "changeme",
    "chocolate",
    "computer",
    "default",
    "dragon",
    "football",
    "iloveyou",
    "iloveyousomuch",
    "letmein",
    "liverpool",
    "login",
    "loveyou",
    "manchester",
    "manchesterunited",
    "master",
    "michael",
    "monkey",
    "mypassword",
    "newpassword",
    "pass",
    "passw",
    "password",
    "passwort",
    "pokemon",
    "princess",
    "qazwsx",
    "qazwsxedc",
    "qwe",
    "qwer",
    "qwert",
    "qwerty",
    "secret",
    "starwars",
    "sunshine",
    "superman",
    "superstar",
    "test",
    "thisismypassword",
    "trustno",
    "user",
    "welcome",
    "welcometo",
];

/// Common passwords that no pattern below finds.
const COMMON_PASSWORDS: &[&str] = &[
    "1q2w3e4r5t6y",
    "1q2w3e4r5t6y7u",
    "1q2w3e4r5t6y7u8i",
    "1q2w3e4r5t6y7u8i9o",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc",
    "1qaz2wsx3edc4rfv",
    "l6fkiy9on123",
    "livetest1234",
    "q1w2e3r4t5y6",
    "q1w2e3r4t5y6u7i8",
    "qwerty1234567",
    "zaq12wsxcde3",
    "zaq1xsw2cde3",
    "zxcvbnm12345",
];

/// What runs along a keyboard, the alphabet and the digits.
const TRACKS: &[&str] =
    &["abcdefghijklmnopqrstuvwxyz", "01234567890", "`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"];

/// The form in which passwords are counted and hashed: NFC, every kind of space as a plain one
/// (RFC 8265, OpaqueString).
///
/// Keyboards differ in how they compose letters, and some make a no-break space of a space typed in
/// passing; the person has typed the same. Case and width stay, as they were chosen.
pub fn normalise_password(password: &str) -> String {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let plain = |c| if categories.get(c) == GeneralCategory::SpaceSeparator { ' ' } else { c };
    password.chars().map(plain).nfc().collect()
}

/// Why a text is not taken for a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// It comes from a clipboard, and nobody would know to type it again.
    #[error("must not contain invisible characters; some emoji are made of them")]
    Invisible,
    /// Of its normalised form.
    #[error("must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")]
    Length,
    /// Programs that guess begin with these.
    #[error("is too easy to guess: it is among the passwords that are tried first")]
    Common,
    /// It is nothing but something known about its owner.
    #[error("is too easy to guess: it must be more than your email address or name")]
    Known,
}

/// Whether a text will do as a new password, of whomever.
///
/// # Errors
/// Why it will not.
pub fn check_password(password: &str) -> Result<(), InvalidPassword> {
    if password.contains(is_invisible) {
        return Err(InvalidPassword::Invisible);
    }
    let password = normalise_password(password);
    if !(MIN_CHARACTERS..=MAX_CHARACTERS).contains(&password.chars().count()) {
        Err(InvalidPassword::Length)
    } else if is_common(&plain(&password)) {
        Err(InvalidPassword::Common)
    } else {
        Ok(())
    }
}

/// Whether a password is more than something known about its owner: their email address, the part
/// before its @, their name; also with digits and signs around it.
///
/// # Errors
/// [`InvalidPassword::Known`] when it is not.
pub fn check_password_is_not(password: &str, known: &[&str]) -> Result<(), InvalidPassword> {
    let password = plain(password);
    let is_known = |known: &str| {
        let known = plain(known);
        let local = known.split('@').next().unwrap_or_default();
        [known.as_str(), local].into_iter().any(|fact| {
            let rest = password.replacen(fact, "", 1);
            !fact.is_empty() && rest.len() < password.len() && !rest.contains(char::is_alphabetic)
        })
    };
    if known.iter().any(|fact| is_known(fact)) { Err(InvalidPassword::Known) } else { Ok(()) }
}

/// What is compared when something is guessed: without case, width and surrounding space.
fn plain(text: &str) -> String {
    text.trim().nfkc().collect::<String>().to_lowercase()
}

fn is_common(password: &str) -> bool {
    COMMON_PASSWORDS.contains(&password)
        || repeats(password, 4)
        || follows_tracks(password)
        || is_decorated_word(password)
}

/// Whether the text is one unit of at most `longest` characters over and over: `aaaa`, `123123`.
fn repeats(text: &str, longest: usize) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=longest).any(|unit| chars.iter().skip(unit).eq(chars.iter().take(chars.len().saturating_sub(unit))))
}

/// Whether the text consists of runs along the tracks, forwards or backwards, of at least four
/// characters on average: `qwertyuiop12`, `abcdef123456`, `987654321abc`.
fn follows_tracks(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let breaks = chars.windows(2).filter(|pair| !is_step(pair[0], pair[1])).count();
    (breaks + 1) * 4 <= chars.len()
}

fn is_step(from: char, to: char) -> bool {
    let forwards = String::from_iter([from, to]);
    let backwards = String::from_iter([to, from]);
    TRACKS.iter().any(|track| track.contains(&forwards) || track.contains(&backwards))
}

/// Whether a common word is left when the digits and signs around it are taken away and the usual
/// replacements undone: `P@ssw0rd2026!`, `letmeinletmein`.
fn is_decorated_word(password: &str) -> bool {
    let stem = password.trim_matches(|c: char| !c.is_alphabetic());
    let plain: String = stem.chars().map(undo_replacement).collect();
    COMMON_WORDS.iter().any(|word| !plain.is_empty() && plain.replace(word, "").is_empty())
}

fn undo_replacement(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(password: &str) -> bool {
        check_password(password).is_ok()
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(!is_valid("tr4v-Nuqe-m"));
        assert!(is_valid("tr4v-Nuqe-mi"));
        assert!(is_valid("\u{e9}t\u{e9} \u{e0} la mer"));
        let long: String = "xk".chars().chain(('\u{4e00}'..).take(126)).collect();
        assert!(is_valid(&long));
        assert!(!is_valid(&format!("{long}x")));
    }

    #[test]
    fn a_password_typed_on_another_keyboard_is_the_same() {
        for (one, other) in [
            ("\u{e9}t\u{e9} \u{e0} la mer", "e\u{301}te\u{301} a\u{300} la mer"),
            ("caf\u{e9}\u{a0}au\u{202f}lait", "cafe\u{301} au\u{3000}lait"),
            ("\u{212b}ngstr\u{f6}m 10^-10", "\u{c5}ngstro\u{308}m 10^-10"),
        ] {
            assert_eq!(normalise_password(one), normalise_password(other));
        }
        for (one, other) in [("Vase", "vase"), ("a b", "ab"), ("a\tb", "a b"), ("\u{ff21}", "A"), (" a", "a")] {
            assert_ne!(normalise_password(one), normalise_password(other));
        }
        // Eleven letters and 125, each of two characters when it comes apart.
        assert!(!is_valid("e\u{301}i\u{308}o\u{302}a\u{300}u\u{301}n\u{303}c\u{327}e\u{302}a\u{302}i\u{301}o\u{303}"));
        assert!(is_valid(&"e\u{301}o\u{308}a\u{300}u\u{301}n\u{303}".repeat(25)));
    }

    #[test]
    fn what_can_not_be_seen_is_refused() {
        for invisible in
            ["\u{200b}", "\u{200d}", "\u{feff}", "\u{ad}", "\0", "\t", "\n", "\u{202e}", "\u{fe0f}", "\u{3164}"]
        {
            assert!(!is_valid(&format!("vermilion{invisible}quagga")), "{invisible:?}");
            assert!(!is_valid(&format!("vermilion-quagga{invisible}")), "{invisible:?}");
        }
        assert!(is_valid("vermilion \u{1f525} quagga"));
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for common in [
            "password1234",
            "Password1234",
            "P@ssw0rd2026!",
            "passwordpassword",
            "password12345678",
            "123456789012",
            "1234567890123456",
            "098765432109",
            "111111111111",
            "121212121212",
            "123123123123",
            "abcabcabcabc",
            "testtesttest",
            "qwertyuiop12",
            "qwertyuiop123",
            "qwerty123456",
            "QWERTYUIOPASDFGHJKL",
            "abcdefghijkl",
            "abcdef123456",
            "1q2w3e4r5t6y",
            "iloveyou1234",
            "letmeinletmein",
            "adminadmin123",
            "welcome12345",
            "            ",
            "\u{3000}\u{3000}\u{a0}\u{3000}\u{3000}\u{a0}\u{3000}\u{3000}\u{a0}\u{3000}\u{3000}\u{a0}",
            "\u{ff50}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}1234",
        ] {
            assert!(!is_valid(common), "{common:?}");
        }
    }

    #[test]
    fn what_merely_contains_a_common_word_is_not() {
        for good in [
            "correct horse battery staple",
            "a password of my own",
            "test-password-1",
            "buyer-password-123",
            "dragon monkey sunshine",
            "sup3r-s3cret-pass",
            "hunter2hunter2",
            "Tr0ub4dor&3xx",
            "vermilion-quagga-77",
        ] {
            assert!(is_valid(good), "{good:?}");
        }
    }

    #[test]
    fn known_facts_alone_are_no_password() {
        let is_unknown = |password: &str| {
            check_password_is_not(password, &["Jonathan.Tan@example.com", "Jonathan the Great"]).is_ok()
        };
        for bad in ["jonathan.tan@example.com", "Jonathan.Tan", "jonathan.tan2026!", "jonathan the great"] {
            assert!(!is_unknown(bad), "{bad}");
        }
        for good in ["vermilion-quagga-77", "jonathan.tan likes tea"] {
            assert!(is_unknown(good), "{good}");
        }
    }
}
