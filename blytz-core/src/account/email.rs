//! Email addresses: what we take for one, and when two are the same.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization as _;

use crate::text::is_invisible;

/// The most bytes that an address and the part before its @ may have (RFC 5321, RFC 6531).
const MAX_LENGTH: usize = 254;
const MAX_LOCAL_LENGTH: usize = 64;

/// Why a text is no email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// There are characters in it that nobody sees.
    #[error("must not contain invisible characters")]
    Invisible,
    /// There are characters in it that stand for plain letters and are none: the Kelvin sign,
    /// full-width letters, ligatures.
    #[error("must be written in plain letters: it has a character that only stands for one")]
    Disguised,
    /// It is not made like an address.
    #[error("must be an email address like ann@example.com, of at most 254 characters")]
    Malformed,
}

/// The form in which addresses are stored and compared: NFC, ASCII letters in lower case, the host
/// as IDNA maps it, in Unicode; no white space around it.
///
/// Strictly the part before the @ may tell cases apart; no provider that people use does, and two
/// accounts that differ in ASCII case only would be a trap. Other letters keep theirs: what is small
/// and what is capital depends on the language, and lower case turns the Kelvin sign into a k.
///
/// Two texts with one form are one address. So nothing but ASCII has a form in ASCII: whoever owns an
/// address that a provider tells apart from a plain one must not be taken for the plain one's owner.
///
/// ```
/// use blytz_core::account::normalise_email;
/// assert_eq!(normalise_email(" Ann@Example.COM").as_deref(), Ok("ann@example.com"));
/// assert_eq!(normalise_email("ann@xn--bcher-kva.example").as_deref(), Ok("ann@b\u{fc}cher.example"));
/// assert!(normalise_email("mar\u{212a}@example.com").is_err());
/// ```
///
/// # Errors
/// [`InvalidEmail`] for what can't be an address. Only a message that arrives proves one, so this
/// refuses no more: it wants one @, something before it, and a host name after it.
pub fn normalise_email(email: &str) -> Result<String, InvalidEmail> {
    let email = email.trim();
    // No letter is more than three times as long when it comes apart. The rest is not worth a look.
    if email.len() > 4 * MAX_LENGTH {
        return Err(InvalidEmail::Malformed);
    }
    if email.contains(is_invisible) {
        return Err(InvalidEmail::Invisible);
    }
    if email.chars().filter(|c| !c.is_whitespace()).any(stands_for_ascii) {
        return Err(InvalidEmail::Disguised);
    }
    let (local, host) = email.split_once('@').ok_or(InvalidEmail::Malformed)?;
    let local = local.nfc().collect::<String>().to_ascii_lowercase();
    let host = normalise_host(host).ok_or(InvalidEmail::Malformed)?;
    let email = format!("{local}@{host}");
    if is_local(&local) && email.len() <= MAX_LENGTH { Ok(email) } else { Err(InvalidEmail::Malformed) }
}

/// Whether a character is none of ASCII, but could be made one: by NFKC or by IDNA, which goes
/// further and takes the ideographic full stop for a dot, too.
fn stands_for_ascii(c: char) -> bool {
    let alone = c.to_string();
    let (host, _) = Uts46::new().to_unicode(alone.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    !c.is_ascii() && (c.nfkc().all(|c| c.is_ascii()) || host.is_ascii())
}

fn is_local(local: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || "()<>[]:;@\\,\"".contains(c);
    (1..=MAX_LOCAL_LENGTH).contains(&local.len())
        && !local.contains(forbidden)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

/// A name with a dot, or `localhost`, as people read it; none for what can't be a host's name.
fn normalise_host(host: &str) -> Option<String> {
    let (idna, strict) = (Uts46::new(), AsciiDenyList::STD3);
    // To ASCII first: it is there that names and their parts have a length.
    let ascii = idna.to_ascii(host.as_bytes(), strict, Hyphens::CheckFirstLast, DnsLength::Verify).ok()?;
    let (host, valid) = idna.to_unicode(ascii.as_bytes(), strict, Hyphens::CheckFirstLast);
    let reachable = host.contains('.') || host == "localhost";
    (valid.is_ok() && reachable).then(|| host.into_owned())
}

#[cfg(test)]
mod tests {
    use icu_properties::{CodePointMapData, props::GeneralCategory};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_have_one_form() {
        for (given, form) in [
            ("ann@example.com", "ann@example.com"),
            ("ANN@Example.COM", "ann@example.com"),
            (" Ann@Example.COM\n", "ann@example.com"),
            ("a.b+Tag@mail.example.co.uk", "a.b+tag@mail.example.co.uk"),
            ("o'neil@example.com", "o'neil@example.com"),
            ("admin@LOCALHOST", "admin@localhost"),
            ("ann@r3---sn.example.com", "ann@r3---sn.example.com"),
            ("j\u{f6}rg@b\u{fc}cher.example", "j\u{f6}rg@b\u{fc}cher.example"),
            ("jo\u{308}rg@bu\u{308}cher.example", "j\u{f6}rg@b\u{fc}cher.example"),
            ("j\u{f6}rg@B\u{dc}CHER.example", "j\u{f6}rg@b\u{fc}cher.example"),
            ("J\u{f6}rg@xn--bcher-kva.example", "j\u{f6}rg@b\u{fc}cher.example"),
            ("j\u{f6}rg@XN--BCHER-KVA.example", "j\u{f6}rg@b\u{fc}cher.example"),
            ("ann@fa\u{df}.example", "ann@fa\u{df}.example"),
            ("\u{5f20}@\u{4f8b}\u{3048}.jp", "\u{5f20}@\u{4f8b}\u{3048}.jp"),
            (
                "x@\u{909}\u{926}\u{93e}\u{939}\u{930}\u{923}.\u{92d}\u{93e}\u{930}\u{924}",
                "x@\u{909}\u{926}\u{93e}\u{939}\u{930}\u{923}.\u{92d}\u{93e}\u{930}\u{924}",
            ),
        ] {
            assert_eq!(normalise_email(given).as_deref(), Ok(form), "{given:?}");
        }
    }

    #[test]
    fn letters_beyond_ascii_keep_their_case() {
        assert_eq!(normalise_email("J\u{d6}RG@example.com").as_deref(), Ok("j\u{d6}rg@example.com"));
    }

    #[test]
    fn what_can_not_be_an_address() {
        let long = format!("ann@{}.com", "a.".repeat(125));
        let long_local = format!("{}@example.com", "\u{e9}".repeat(33));
        for bad in [
            "",
            "ann",
            "@",
            "ann@",
            "@example.com",
            "ann@example",
            "ann@@example.com",
            "ann@b@example.com",
            "an n@example.com",
            "an\u{a0}n@example.com",
            "ann@exam ple.com",
            "ann@exam_ple.com",
            "ann@.com",
            "ann@example..com",
            "ann@-example.com",
            "ann@example.com.",
            "ann@xn--.com",
            "ann@xn--\u{fc}.com",
            ".ann@example.com",
            "a..n@example.com",
            "<ann@example.com>",
            long.as_str(),
            long_local.as_str(),
        ] {
            assert_eq!(normalise_email(bad), Err(InvalidEmail::Malformed), "{bad:?}");
        }
        for invisible in [
            "ann\n@example.com",
            "ann\0@example.com",
            "an\u{200b}n@example.com",
            "an\u{ad}n@example.com",
            "\u{feff}ann@example.com",
            "ann@exam\u{200d}ple.com",
            "ann@example.com\u{200e}",
            "an\u{3164}n@example.com",
            "an\u{fe0f}n@example.com",
        ] {
            assert_eq!(normalise_email(invisible), Err(InvalidEmail::Invisible), "{invisible:?}");
        }
        for disguised in [
            "mar\u{212a}@example.com",
            "mark@\u{212a}ite.example",
            "mark@example.com\u{37e}",
            "\u{ff4d}ark@example.com",
            "mark\u{ff20}example.com",
            "mark@example\u{ff0e}com",
            "mark@example\u{3002}com",
            "mark@e\u{17f}ample.com",
            "\u{fb01}ona@example.com",
        ] {
            assert_eq!(normalise_email(disguised), Err(InvalidEmail::Disguised), "{disguised:?}");
        }
    }

    #[test]
    fn nothing_but_ascii_has_a_form_in_ascii() {
        let categories = CodePointMapData::<GeneralCategory>::new();
        // Ideographs and syllables are many, and none of them becomes a letter of ASCII.
        let worth_a_look = |c: &char| match categories.get(*c) {
            GeneralCategory::OtherLetter => *c < '\u{3000}',
            GeneralCategory::Unassigned | GeneralCategory::PrivateUse => false,
            _ => !c.is_whitespace(),
        };
        for c in ('\u{80}'..=char::MAX).filter(worth_a_look) {
            for email in [format!("ann{c}@example.com"), format!("ann@a{c}b.example")] {
                let form = normalise_email(&email);
                assert!(!form.as_ref().is_ok_and(|form| form.is_ascii()), "{email:?} {form:?}");
            }
        }
        for host in ["xn--ann-", "xn--a", "xn--ann--", "xn--example-.com", "xn--xn--bcher-kva-.example"] {
            let form = normalise_email(&format!("x@{host}.example"));
            assert_eq!(form, Err(InvalidEmail::Malformed), "{host}");
        }
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(email in "[a-zA-Z\u{c0}-\u{24f}\u{300}-\u{36f}\u{370}-\u{5ff}.@-]{1,12}@\\PC{1,8}[.]example") {
            if let Ok(form) = normalise_email(&email) {
                prop_assert_eq!(normalise_email(&form), Ok(form.clone()));
                prop_assert_eq!(normalise_email(&email.nfd().collect::<String>()), Ok(form));
            }
        }
    }
}
