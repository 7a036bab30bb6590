//! Flags of regions: a black flag and a code in letters that nobody sees.

use super::{Unseen, unseen::LAST_TAG};

pub(super) const BLACK_FLAG: char = '\u{1f3f4}';
/// The longest code of a region: `gbsct` has five letters, some have seven.
const LONGEST_REGION: usize = 7;

/// Whether the tag at `at` belongs to a flag: the black flag, a region's code, the tag that ends it.
pub(super) fn is_in_flag(line: &str, at: usize) -> bool {
    let back = line[..at].char_indices().rev().take(LONGEST_REGION + 1);
    // No tag may stand between this one and the one that ended a flag before it.
    let flag =
        back.take_while(|(_, c)| *c != LAST_TAG && (is_tag(*c) || *c == BLACK_FLAG)).find(|(_, c)| *c == BLACK_FLAG);
    flag.is_some_and(|(start, _)| begins_with_region(&line[start + BLACK_FLAG.len_utf8()..]))
}

fn is_tag(c: char) -> bool {
    Unseen::of(c) == Some(Unseen::Tag)
}

/// Whether a region's code in tags comes first, and the tag that ends it.
fn begins_with_region(tags: &str) -> bool {
    let mut code = String::new();
    for c in tags.chars().take(LONGEST_REGION + 1) {
        if c == LAST_TAG {
            return is_region(&code);
        }
        // Tags stand where ASCII stands, fourteen planes higher up.
        let Some(letter) = u32::from(c).checked_sub(0xe0000).and_then(char::from_u32) else { return false };
        code.push(letter);
    }
    false
}

/// A part of a country (`unicode_subdivision_id` of UTS 35): the country by two letters or three digits,
/// its part by one to four letters or digits.
fn is_region(code: &str) -> bool {
    let by_number = code.starts_with(|c: char| c.is_ascii_digit());
    let Some((country, part)) = code.split_at_checked(if by_number { 3 } else { 2 }) else { return false };
    let country_fits = |fits: fn(&u8) -> bool| country.bytes().all(|b| fits(&b));
    (country_fits(u8::is_ascii_digit) || country_fits(u8::is_ascii_lowercase))
        && (1..=4).contains(&part.len())
        && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
