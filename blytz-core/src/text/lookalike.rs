//! Texts that look alike though they are written with other letters (Unicode TS 39).

use icu_properties::{
    CodePointMapData,
    props::{BidiClass, GeneralCategory, GeneralCategoryGroup},
};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

use super::{searchable, without_invisible};

/// How a text reads to somebody who takes each foreign letter for the plain one that it looks like, in
/// the form in which texts are searched: small, as written, and in capitals. A Cyrillic м is no Latin m,
/// but its capital looks like one, and for the Latin ɑ it is the other way round.
///
/// Only letters beyond ASCII are read as others. TS 39 takes 1 and capital I for l, 0 for O and m for rn,
/// too; who looks for `lol` would find it in `101`, and `com` in `corn`. And letters that run from right
/// to left are themselves: an alef looks like an l, but the Arabic for `aha` is not read as `lol`.
///
/// ```
/// use blytz_core::text::readings;
/// assert_eq!(readings("SC\u{410}\u{41c}").last().map(String::as_str), Some("scam"));
/// ```
pub fn readings(text: &str) -> [String; 3] {
    if text.is_ascii() {
        let plain = searchable(text);
        return [plain.clone(), plain.clone(), plain];
    }
    in_each_case(text).map(|text| searchable(&text.chars().map(read_as_latin).collect::<String>()))
}

/// Whether two names can be taken for each other, as TS 39 has it: equal in their skeletons, whatever
/// their case and what stands between the letters and digits. Here digits and ASCII letters stand for
/// others, too: `A1ice` is not Alice, and that is the trick.
///
/// ```
/// use blytz_core::text::look_alike;
/// assert!(look_alike("Siti Ceramics", "siti_\u{441}er\u{430}mics"));
/// assert!(!look_alike("Siti Ceramics", "Siti"));
/// ```
pub fn look_alike(one: &str, other: &str) -> bool {
    Looks::of(one).are_like(&Looks::of(other))
}

/// What a name looks like, for one that is compared with many: small, as written and in capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks([String; 3]);

impl Looks {
    /// What this name looks like.
    pub fn of(name: &str) -> Self {
        let [small, written, capital] = in_each_case(name).map(|name| skeleton(&name).collect::<String>());
        // A capital I has become an l: as a small letter it would make Nell of Neil.
        Self([searchable(&small), searchable(&written), capital].map(|skeleton| letters(&skeleton)))
    }

    /// As [`look_alike`].
    pub fn are_like(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| !one.is_empty() && one == other)
    }
}

/// Without what is neither letter nor digit nor a mark on one, unless there is nothing else.
fn letters(name: &str) -> String {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric() || is_mark(*c)).collect();
    if letters.is_empty() { name.to_owned() } else { letters }
}

/// As written it is not yet in its compatible form, in which some letters are others than they look.
fn in_each_case(text: &str) -> [String; 3] {
    let capital = without_invisible(text.nfkc()).to_uppercase();
    [searchable(text), without_invisible(text.chars()), capital]
}

/// The letter itself where it looks like no other.
fn read_as_latin(c: char) -> String {
    if c.is_ascii() || runs_right_to_left(c) {
        return c.to_string();
    }
    let prototype: String = skeleton(c.encode_utf8(&mut [0; 4])).collect();
    match prototype.strip_prefix("rn") {
        Some(marks) => format!("m{marks}"),
        // TS 39 knows one shape for l and for capital I.
        None if prototype == "l" && c.is_uppercase() => "i".to_owned(),
        None => prototype,
    }
}

fn runs_right_to_left(c: char) -> bool {
    let class = CodePointMapData::<BidiClass>::new().get(c);
    [BidiClass::RightToLeft, BidiClass::ArabicLetter, BidiClass::ArabicNumber].contains(&class)
}

fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_taken_for_each_other() {
        for (one, other) in [
            ("Siti", "Siti"),
            ("Siti", "SITI"),
            ("Siti", "s\u{456}t\u{456}"),
            ("Siti", "S\u{406}T\u{406}"),
            ("Siti", "\u{ff33}iti"),
            ("Siti", "\u{1d412}\u{1d422}\u{1d42d}\u{1d422}"),
            ("Siti", "si\u{200d}ti\u{fe0f}"),
            ("Siti Ceramics", "Siti_Ceramics"),
            ("Siti Ceramics", "SitiCeramics \u{2714}"),
            ("Siti Ceramics", "Siti C\u{435}r\u{430}mics."),
            ("Alice", "A1ice"),
            ("Alice", "AIice"),
            ("Bob", "B0b"),
            ("Mona", "rnona"),
            ("\u{41c}\u{430}\u{448}\u{430}", "M\u{430}\u{448}a"),
            ("Jos\u{e9}", "Jose\u{301}"),
            ("\u{1f525}", "\u{1f525}\u{fe0f}"),
        ] {
            assert!(look_alike(one, other) && look_alike(other, one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn names_that_can_be_told_apart() {
        for (one, other) in [
            ("Siti", "Sitti"),
            ("Siti", "Siti 2"),
            ("Siti", "Siti fan"),
            ("Neil", "Nell"),
            ("Jos\u{e9}", "Jose"),
            ("Ann", "Anna"),
            ("\u{1f525}", "\u{1f4a7}"),
            ("", ""),
            ("", "\u{200d}"),
            ("\u{5f20}\u{4f1f}", "\u{5f20}\u{4f1f}\u{5bb6}"),
        ] {
            assert!(!look_alike(one, other) && !look_alike(other, one), "{one:?} {other:?}");
        }
    }
}
