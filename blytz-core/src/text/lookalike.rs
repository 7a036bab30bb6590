//! Texts that look alike though they are written with other letters (Unicode TS 39).

use icu_properties::{
    CodePointMapData,
    props::{BidiClass, CanonicalCombiningClass, GeneralCategory, GeneralCategoryGroup, Script},
};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

use super::{searchable, unseen::script, without_invisible};

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

/// Whether two names can be taken for each other: equal in their skeletons (TS 39), whatever their case
/// and what stands between the letters and digits, with their accents or without. Here digits and ASCII
/// letters stand for others, too: `A1ice` is not Alice, and that is the trick.
///
/// An accent is easily overlooked, or taken for how somebody likes to be written. Marks that are the
/// vowels of a script, or make another letter of one, as in Thai or Japanese, are no accents.
///
/// ```
/// use blytz_core::text::look_alike;
/// assert!(look_alike("Siti Ceramics", "siti_\u{441}er\u{430}mics"));
/// assert!(look_alike("Nu\u{f1}ez", "Nunez"));
/// assert!(!look_alike("Siti Ceramics", "Siti"));
/// ```
pub fn look_alike(one: &str, other: &str) -> bool {
    Looks::of(one).are_like(&Looks::of(other))
}

/// What a name looks like, for one that is compared with many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks {
    written: [String; 3],
    without_accents: [String; 3],
}

impl Looks {
    /// What this name looks like.
    pub fn of(name: &str) -> Self {
        Self { written: skeletons(name), without_accents: skeletons(&without_accents(name)) }
    }

    /// As [`look_alike`].
    pub fn are_like(&self, other: &Self) -> bool {
        let any_equal = |ours: &[String; 3], theirs: &[String; 3]| {
            ours.iter().zip(theirs).any(|(one, other)| !one.is_empty() && one == other)
        };
        any_equal(&self.written, &other.written) || any_equal(&self.without_accents, &other.without_accents)
    }
}

/// Of the letters of a name: small, as written and in capitals.
fn skeletons(name: &str) -> [String; 3] {
    let [small, written, capital] = in_each_case(name).map(|name| skeleton(&name).collect::<String>());
    // A capital I has become an l: as a small letter it would make Nell of Neil.
    [searchable(&small), searchable(&written), capital].map(|skeleton| letters(&skeleton))
}

/// A name without its accents, and without the strokes through its Latin letters, which come apart in
/// the tables of TS 39 only. Through a Greek or a Cyrillic letter a stroke makes another one.
fn without_accents(name: &str) -> String {
    let bare = |c: char| -> String {
        let is_latin = !c.is_ascii() && script(c) == Script::Latin;
        let plain: String = skeleton(c.encode_utf8(&mut [0; 4])).filter(|part| !is_accent(*part)).collect();
        // Only what becomes one plain letter: others are letters of their own, and TS 39 compares them.
        if is_latin && plain.len() == 1 { plain } else { c.to_string() }
    };
    name.nfd().filter(|c| !is_accent(*c)).map(bare).collect()
}

/// A mark that any script may use, or a point of those that write their vowels as points and mostly
/// leave them out. The marks of kana are none: they make another letter.
fn is_accent(c: char) -> bool {
    is_mark(c)
        && [Script::Inherited, Script::Arabic, Script::Hebrew].contains(&script(c))
        && CodePointMapData::<CanonicalCombiningClass>::new().get(c) != CanonicalCombiningClass::KanaVoicing
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
            ("Anna Silva", "Anna S\u{ed}lva"),
            ("Anna Silva", "\u{c1}nna Silva"),
            ("Anna Silva", "Ann\u{e4} Silva"),
            ("Anna Silva", "A\u{308}\u{323}NNA\u{30a} \u{15e}ilva"),
            ("Anna Silva", "\u{410}\u{301}nna S\u{131}lva\u{335}"),
            ("Anna Silva", "Anna Si\u{142}va"),
            ("Jos\u{e9}", "Jose"),
            ("Nu\u{f1}ez", "Nunez"),
            ("NU\u{d1}EZ", "n\u{fa}nez"),
            ("\u{d8}rsted", "Orsted"),
            ("\u{110}inh", "Dinh"),
            ("Nguy\u{1ec5}n", "Nguyen"),
            ("\u{3a3}\u{3af}\u{3bc}\u{3bf}\u{3c2}", "\u{3a3}\u{3b9}\u{3bc}\u{3bf}\u{3c2}"),
            ("\u{410}\u{43b}\u{451}\u{43d}\u{430}", "\u{410}\u{43b}\u{435}\u{43d}\u{430}"),
            ("\u{623}\u{62d}\u{645}\u{62f}", "\u{627}\u{62d}\u{645}\u{62f}"),
            ("\u{5e9}\u{5b8}\u{5e8}\u{5b8}\u{5d4}", "\u{5e9}\u{5e8}\u{5d4}"),
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
            ("N\u{e9}il", "N\u{e9}ll"),
            ("Anna Silva", "Anna Salv\u{e1}"),
            ("Gro\u{df}", "Gros"),
            ("\u{c6}sa", "Asa"),
            ("\u{398}\u{3ac}\u{3bd}\u{3bf}\u{3c2}", "\u{39f}\u{3ac}\u{3bd}\u{3bf}\u{3c2}"),
            ("\u{4e8}\u{43d}\u{4e9}", "\u{41e}\u{43d}\u{43e}"),
            ("\u{30ac}\u{30f3}", "\u{30ab}\u{30f3}"),
            ("\u{e01}\u{e34}\u{e19}", "\u{e01}\u{e31}\u{e19}"),
            ("\u{915}\u{93f}", "\u{915}\u{941}"),
            ("\u{628}\u{62f}\u{631}", "\u{646}\u{62f}\u{631}"),
            ("\u{ac00}", "\u{ac01}"),
            ("", "\u{301}"),
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
