//! Comparison of names for name constraints (RFC 5280 sections 4.2.1.10 and 7.1), with three results: what is not
//! certain is unclear, and the caller decides what is safe.
//!
//! Text is compared across all string types. Two texts certainly differ if they do so however RFC 4518 maps their
//! other characters: at the first difference both have a visible ASCII character, or one has ended. All else, such as
//! other alphabets in another case, invisible characters, or a string type without a known encoding, is unclear.

use super::{Attribute, Name};
use crate::der::{self, Reader};

/// Attributes of one set that are compared with each other; a set of more is unclear. Real ones have one, rarely two.
const MAX_SET: usize = 4;

/// The result of comparing two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Different,
    Same,
    Unclear,
}

impl Name<'_> {
    /// Returns whether `base` is the beginning of the name, so that the name is in its subtree (RFC 5280 section
    /// 4.2.1.10).
    pub(super) fn begins_with(&self, base: &Name<'_>) -> Likeness {
        let (mut ours, mut bases) = (self.sets(), base.sets());
        let mut whole = Likeness::Same;
        while let Ok(base) = bases.nested(der::SET) {
            let Ok(our) = ours.nested(der::SET) else { return Likeness::Different };
            match compare_sets(our, base) {
                Likeness::Different => return Likeness::Different,
                Likeness::Same => {}
                Likeness::Unclear => whole = Likeness::Unclear,
            }
        }
        whole
    }

    /// Returns whether the names may be equal as text, regardless of their string types.
    pub(crate) fn is_almost(&self, other: &Name<'_>) -> bool {
        self.begins_with(other) != Likeness::Different && other.begins_with(self) != Likeness::Different
    }
}

/// RFC 5280 section 7.1: "Two relative distinguished names RDN1 and RDN2 match if they have the same number of naming
/// attributes and for each naming attribute in RDN1 there is a matching naming attribute in RDN2." Their order depends
/// on their encoding, so each is looked for.
fn compare_sets(ours: Reader<'_>, bases: Reader<'_>) -> Likeness {
    let count = attributes(ours).count();
    if count != attributes(bases).count() {
        return Likeness::Different;
    }
    if count > MAX_SET {
        return Likeness::Unclear;
    }
    let mut whole = Likeness::Same;
    for base in attributes(bases) {
        let mut found = Likeness::Different;
        for our in attributes(ours) {
            match our.likeness(&base) {
                Likeness::Same => {
                    found = Likeness::Same;
                    break;
                }
                Likeness::Unclear => found = Likeness::Unclear,
                Likeness::Different => {}
            }
        }
        match found {
            Likeness::Different => return Likeness::Different,
            Likeness::Same => {}
            Likeness::Unclear => whole = Likeness::Unclear,
        }
    }
    whole
}

fn attributes(mut set: Reader<'_>) -> impl Iterator<Item = Attribute<'_>> {
    core::iter::from_fn(move || Attribute::parse(&mut set).ok())
}

impl Attribute<'_> {
    fn likeness(&self, other: &Self) -> Likeness {
        if self.oid != other.oid {
            return Likeness::Different;
        }
        if self.tag == other.tag && self.value == other.value {
            return Likeness::Same;
        }
        self.text_likeness(other)
    }

    /// Compares the values as text, without regard to case in ASCII, to space at both ends and to the length of space
    /// inside (RFC 4518 section 2.6.1, as RFC 5280 section 7.1 asks for).
    pub(super) fn text_likeness(&self, other: &Attribute<'_>) -> Likeness {
        let (mut ours, mut theirs) = (Folded::new(self), Folded::new(other));
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return Likeness::Same,
                (Some(Point::Known(our)), Some(Point::Known(their))) if our == their => {}
                (our, their) => {
                    // Space may be next to characters that RFC 4518 maps to nothing.
                    let is_ascii = |point| matches!(point, Point::Known(' '..='~'));
                    let all_ascii = || Characters::new(self).all(is_ascii) && Characters::new(other).all(is_ascii);
                    let sure = our.is_none_or(Point::is_visible_ascii) && their.is_none_or(Point::is_visible_ascii);
                    return if sure || all_ascii() { Likeness::Different } else { Likeness::Unclear };
                }
            }
        }
    }
}

/// A character of a value.
#[derive(Clone, Copy, Debug)]
enum Point {
    Known(char),
    Unknown,
}

impl Point {
    /// Returns whether it equals only itself.
    const fn is_visible_ascii(self) -> bool {
        matches!(self, Self::Known('!'..='~'))
    }
}

/// The characters of a value.
#[derive(Clone, Debug)]
struct Characters<'a> {
    rest: &'a [u8],
    /// Bytes of a character; 0 in UTF-8, where that differs.
    width: usize,
}

impl<'a> Characters<'a> {
    /// A single one that is not known: of a type without characters, and of text that is not UTF-8.
    const UNKNOWN: Self = Self { rest: &[0xff], width: 1 };

    fn new(attribute: &Attribute<'a>) -> Self {
        let width = match attribute.tag {
            der::UTF8_STRING => 0,
            der::NUMERIC_STRING
            | der::PRINTABLE_STRING
            | der::TELETEX_STRING
            | der::IA5_STRING
            | der::VISIBLE_STRING => 1,
            der::BMP_STRING => 2,
            der::UNIVERSAL_STRING => 4,
            _ => return Self::UNKNOWN,
        };
        let mut characters = Self { rest: attribute.value, width };
        let text = characters.clone();
        if width == 0 && characters.any(|point| matches!(point, Point::Unknown)) { Self::UNKNOWN } else { text }
    }
}

impl Iterator for Characters<'_> {
    type Item = Point;

    fn next(&mut self) -> Option<Point> {
        let width = match (self.width, *self.rest.first()?) {
            (0, ..0x80) => 1,
            // RFC 3629 section 3: "The number of higher-order 1 bits in the first octet" is that of all octets.
            (0, first) => usize::try_from(first.leading_ones()).ok()?,
            (width, _) => width,
        };
        let (piece, rest) = self.rest.split_at_checked(width).unwrap_or((self.rest, &[]));
        self.rest = rest;
        let character = if piece.len() < width {
            None
        } else if self.width == 0 {
            utf8(piece)
        } else {
            let number = piece.iter().fold(0_u32, |number, &byte| number << 8 | u32::from(byte));
            // Implementations disagree on the characters of a TeletexString beyond ASCII.
            if width > 1 || number < 0x80 { char::from_u32(number) } else { None }
        };
        Some(character.map_or(Point::Unknown, Point::Known))
    }
}

/// Decodes one character (RFC 3629 section 3). The decoder of the standard library takes 400 bytes.
fn utf8(bytes: &[u8]) -> Option<char> {
    let (&first, rest) = bytes.split_first()?;
    if rest.is_empty() {
        return if first < 0x80 { Some(char::from(first)) } else { None };
    }
    let begin = u32::from(first) & 0x7f_u32.checked_shr(bytes.len().try_into().ok()?)?;
    let number = rest.iter().try_fold(begin, |number, &byte| {
        if byte & 0xc0 == 0x80 { Some(number << 6 | u32::from(byte & 0x3f)) } else { None }
    });
    // "The octet values C0, C1, F5 to FF never appear", nor do those that encode a character in more octets than it needs.
    char::from_u32(number?).filter(|character| character.len_utf8() == bytes.len())
}

/// Characters in lower case. Space up to the next word counts as one, at both ends as none.
struct Folded<'a> {
    rest: Characters<'a>,
    /// A word has been read, so space before the next one counts.
    has_begun: bool,
}

impl<'a> Folded<'a> {
    fn new(attribute: &Attribute<'a>) -> Self {
        Self { rest: Characters::new(attribute), has_begun: false }
    }
}

impl Iterator for Folded<'_> {
    type Item = Point;

    fn next(&mut self) -> Option<Point> {
        let mut space = false;
        loop {
            let mut rest = self.rest.clone();
            match rest.next()? {
                Point::Known(' ') => space = self.has_begun,
                _ if space => return Some(Point::Known(' ')),
                point => {
                    *self = Self { rest, has_begun: true };
                    return Some(match point {
                        Point::Known(character) => Point::Known(character.to_ascii_lowercase()),
                        Point::Unknown => Point::Unknown,
                    });
                }
            }
            self.rest = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{name, pair};
    use super::Likeness::{Different, Same, Unclear};
    use super::*;
    use std::vec::Vec;

    const O: &[u8] = &[0x55, 0x04, 0x0a];
    const CN: &[u8] = &[0x55, 0x04, 0x03];

    fn attribute<'a>(oid: &'static [u8], tag: u8, value: &'a [u8]) -> Attribute<'a> {
        Attribute { oid, tag, value, continues: false }
    }

    fn wide(text: &str, width: usize) -> Vec<u8> {
        text.chars().flat_map(|c| u32::from(c).to_be_bytes().into_iter().skip(4 - width)).collect()
    }

    fn utf8(ours: &str, theirs: &str) -> Likeness {
        let compare = |a: &str, b: &str| {
            attribute(O, der::UTF8_STRING, a.as_bytes()).likeness(&attribute(O, der::UTF8_STRING, b.as_bytes()))
        };
        assert_eq!(compare(ours, theirs), compare(theirs, ours));
        compare(ours, theirs)
    }

    #[test]
    fn the_same_text_is_the_same_in_every_string_type() {
        let base = attribute(O, der::UTF8_STRING, b"Evil  Corp");
        for tag in [
            der::NUMERIC_STRING,
            der::PRINTABLE_STRING,
            der::TELETEX_STRING,
            der::IA5_STRING,
            der::VISIBLE_STRING,
            der::UTF8_STRING,
        ] {
            assert_eq!(attribute(O, tag, b" EVIL corp ").likeness(&base), Same, "{tag}");
            assert_eq!(attribute(O, tag, b"Evilcorp").likeness(&base), Different, "{tag}");
            assert_eq!(attribute(O, tag, b"Evil Corp\xff").likeness(&base), Unclear, "{tag}");
        }
        for (tag, width) in [(der::BMP_STRING, 2), (der::UNIVERSAL_STRING, 4)] {
            assert_eq!(attribute(O, tag, &wide("evil corp", width)).likeness(&base), Same, "{tag}");
            assert_eq!(attribute(O, tag, &wide("good corp", width)).likeness(&base), Different, "{tag}");
            // Half a character.
            assert_eq!(attribute(O, tag, &[&wide("evil corp", width)[..], &[0]].concat()).likeness(&base), Unclear);
        }
        let umlaut = attribute(O, der::BMP_STRING, &[0, 0xfc]);
        assert_eq!(umlaut.likeness(&attribute(O, der::UTF8_STRING, "\u{fc}".as_bytes())), Same);
    }

    #[test]
    fn a_teletex_string_is_known_in_ascii_only() {
        let teletex = |value| attribute(O, der::TELETEX_STRING, value);
        assert_eq!(teletex(b"\x7f").likeness(&attribute(O, der::UTF8_STRING, b"\x7f")), Same);
        assert_eq!(teletex(b"\x80").likeness(&attribute(O, der::UTF8_STRING, "\u{80}".as_bytes())), Unclear);
    }

    #[test]
    fn a_type_without_characters_is_only_like_itself() {
        // GeneralString, GraphicString, VideotexString, OCTET STRING.
        for tag in [0x1b, 0x19, 0x15, 0x04] {
            assert_eq!(attribute(O, tag, b"Evil").likeness(&attribute(O, tag, b"Evil")), Same);
            assert_eq!(attribute(O, tag, b"Evil").likeness(&attribute(O, tag, b"EVIL")), Unclear);
            assert_eq!(attribute(O, tag, b"Evil").likeness(&attribute(O, der::UTF8_STRING, b"Evil")), Unclear);
            assert_eq!(attribute(O, tag, b"").likeness(&attribute(O, der::UTF8_STRING, b"")), Unclear);
            assert_eq!(attribute(O, tag, b"Evil").likeness(&attribute(CN, tag, b"Evil")), Different);
        }
    }

    #[test]
    fn names_that_rfc_4518_might_make_equal_are_unclear() {
        // An invisible character, a full-width letter, another case, a sign that is a letter.
        for other in ["Ev\u{ad}il", "Evil\u{200b}", "\u{ff25}vil", "E\0vil", "Evi\u{2113}", "Evil\n"] {
            assert_eq!(utf8("Evil", other), Unclear, "{other:?}");
        }
        assert_eq!(utf8("M\u{fc}ller", "M\u{dc}LLER"), Unclear);
        assert_eq!(utf8("a b", "a \u{ad} b"), Unclear);
        assert_eq!(utf8("a", "a \u{ad}"), Unclear);
    }

    #[test]
    fn texts_of_other_alphabets_can_be_known_to_differ() {
        assert_eq!(utf8("M\u{fc}ller", "Evil"), Different);
        assert_eq!(utf8("M\u{fc}ller GmbH", "m\u{fc}ller AG"), Different);
        assert_eq!(utf8("Evil", "Evil Corp"), Different);
        assert_eq!(utf8("", "a"), Different);
        assert_eq!(utf8("", " "), Same);
        assert_eq!(utf8("a b", "ab"), Different);
    }

    /// A name of sets of attributes, each a common name of one letter.
    fn letters(sets: &[&str]) -> Vec<u8> {
        let set = |letters: &&str| letters.bytes().map(|letter| pair(CN, der::UTF8_STRING, &[letter])).collect();
        let sets: Vec<Vec<_>> = sets.iter().map(set).collect();
        name(&sets.iter().map(|set| &set[..]).collect::<Vec<_>>())
    }

    #[test]
    fn names_of_which_one_begins_with_the_other_are_not_almost_the_same() {
        let (short, long, other) = (letters(&["a"]), letters(&["a", "b"]), letters(&["A", "B"]));
        let [short, long, other] = [&short, &long, &other].map(|der| Name::from_der(der).unwrap());
        assert!(!short.is_almost(&long) && !long.is_almost(&short));
        assert!(long.is_almost(&other) && other.is_almost(&long));
    }

    #[test]
    fn sets_of_up_to_four_attributes_are_compared_in_any_order() {
        let begins = |one: &str, other: &str| {
            let (one, other) = (letters(&[one]), letters(&[other]));
            Name::from_der(&one).unwrap().begins_with(&Name::from_der(&other).unwrap())
        };
        assert_eq!(begins("abcd", "dcba"), Same);
        assert_eq!(begins("abcd", "abce"), Different);
        assert_eq!(begins("abcd", "abc"), Different);
        assert_eq!(begins("abcde", "abcde"), Unclear);
    }

    #[test]
    fn utf8_is_decoded_as_by_the_standard_library() {
        let edges = [
            0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0,
            0xf1, 0xf4, 0xf5, 0xf8, 0xfc, 0xfe, 0xff,
        ];
        let decode = |bytes: &[u8]| {
            let points = Characters::new(&attribute(O, der::UTF8_STRING, bytes));
            let known = |point| if let Point::Known(character) = point { Some(character) } else { None };
            points.map(known).collect::<Option<std::string::String>>()
        };
        let check = |bytes: &[u8]| {
            assert_eq!(decode(bytes).as_deref(), core::str::from_utf8(bytes).ok(), "{bytes:x?}");
        };
        for [a, b] in edges.iter().flat_map(|&a| edges.map(|b| [a, b])) {
            check(&[a]);
            check(&[a, b]);
            for [c, d] in edges.iter().flat_map(|&c| edges.map(|d| [c, d])) {
                check(&[a, b, c]);
                check(&[a, b, c, d]);
            }
        }
        for character in char::MIN..=char::MAX {
            check(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}
