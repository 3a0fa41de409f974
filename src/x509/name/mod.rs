//! Distinguished names (RFC 5280 section 4.1.2.4): reading, comparing, printing.

pub(super) mod address;
pub(super) mod common;
pub(super) mod constraints;
pub(super) mod general;
mod likeness;
pub(super) mod server;

use self::likeness::Likeness;
use self::server::same_ignoring_case;
use crate::der::oid::{self, Oid};
use crate::der::{self, Malformed, Reader};
use crate::text;
use core::fmt;

/// Bytes of one value that are printed; the rest becomes `...`.
const PRINTED: usize = 64;
/// Sets of attributes that are printed, the most specific ones; the rest becomes `...`.
const PRINTED_SETS: usize = 16;

/// A distinguished name, borrowed from its encoding.
///
/// `Display` writes it as RFC 4514 does, the last attribute first: `CN=gateway-7,O=Example,C=DE`.
/// Escaped as by [`Escaped`](crate::Escaped), a name is cut after 16 attributes and a value after 64 bytes, so that
/// a log line stays one line. Do not compare the text: compare the parts.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    der: &'a [u8],
}

/// One attribute of a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The object identifier of the type: the content bytes of its DER.
    pub oid: &'a [u8],
    tag: u8,
    /// The content bytes of the value, of any string type.
    pub value: &'a [u8],
    /// True if more attributes follow in the same set.
    continues: bool,
}

impl<'a> Name<'a> {
    /// Parses the next TLV as a name and checks its whole structure, so that iteration cannot fail.
    ///
    /// RFC 5280 section 4.1.2.6.
    pub(crate) fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let der = reader.raw(der::SEQUENCE)?;
        let mut names = Reader::inside(der, der::SEQUENCE)?;
        while !names.is_empty() {
            let mut set = names.nested(der::SET)?;
            // RFC 5280 section 4.1.2.4: "RelativeDistinguishedName ::= SET SIZE (1..MAX)".
            loop {
                Attribute::parse(&mut set)?;
                if set.is_empty() {
                    break;
                }
            }
        }
        Ok(Self { der })
    }

    /// Parses the DER of a name, with its tag and length; `None` if it is not a name, or has trailing bytes.
    pub fn from_der(der: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(der);
        let name = Self::parse(&mut reader).ok()?;
        reader.is_empty().then_some(name)
    }

    /// Makes a name that was parsed before.
    pub(crate) const fn from_checked(der: &'a [u8]) -> Self {
        Self { der }
    }

    /// Returns the DER of the name, with its tag and length: a `DistinguishedName` as
    /// `certificate_authorities` lists them (RFC 9846 section 4.3.4).
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// Returns whether the name has no attribute.
    pub fn is_empty(&self) -> bool {
        self.attributes().next().is_none()
    }

    /// Lists the attributes in the order of the certificate, the broadest first.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let (mut sets, mut set) = (self.sets(), Reader::new(&[]));
        core::iter::from_fn(move || {
            if set.is_empty() {
                set = sets.nested(der::SET).ok()?;
            }
            Attribute::parse(&mut set).ok()
        })
    }

    /// Returns the concatenated SETs of attributes.
    fn sets(&self) -> Reader<'a> {
        Reader::inside(self.der, der::SEQUENCE).unwrap_or(Reader::new(&[]))
    }

    /// Returns the first common name, if it is text. Another common name after it is
    /// ignored everywhere.
    ///
    /// It names the subject to people and to rules of the application. It never replaces a
    /// host name. RFC 9525 section 1.3: "Do not include or check strings that look like domain names in
    /// the subject's Common Name."
    pub fn common_name(&self) -> Option<&'a str> {
        self.first_common_name()?.text()
    }

    /// Returns the first common name, whether it is text or not.
    pub(crate) fn first_common_name(&self) -> Option<Attribute<'a>> {
        self.common_names().next()
    }

    /// Lists all common names, whether they are text or not.
    pub(crate) fn common_names(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        self.attributes().filter(|attribute| attribute.oid == oid::COMMON_NAME)
    }

    /// Compares as RFC 5280 section 7.1 requires: bytes first; then attribute by attribute, where
    /// PrintableString and UTF8String are compared without regard to case and to the amount of
    /// space. Case is folded in ASCII only: other characters must be the same bytes.
    pub(crate) fn matches(&self, other: &Name<'_>) -> bool {
        if self.der == other.der {
            return true;
        }
        let (mut ours, mut theirs) = (self.attributes(), other.attributes());
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some(our), Some(their)) if our.matches(&their) => {}
                _ => return false,
            }
        }
    }
}

impl<'a> Attribute<'a> {
    fn parse(set: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut pair = set.nested(der::SEQUENCE)?;
        let oid = pair.value(der::OID)?;
        let (tag, value) = pair.any()?;
        pair.finish()?;
        Ok(Self { oid, tag, value, continues: !set.is_empty() })
    }

    /// Returns the value as text: a UTF8String, or a PrintableString, IA5String or TeletexString of
    /// nothing but ASCII.
    pub fn text(&self) -> Option<&'a str> {
        let text = core::str::from_utf8(self.value).ok()?;
        match self.tag {
            der::UTF8_STRING => Some(text),
            der::PRINTABLE_STRING | der::IA5_STRING | der::TELETEX_STRING if text.is_ascii() => Some(text),
            _ => None,
        }
    }

    /// Returns whether the type of the value can contain this text byte for byte, regardless of the value: any text in a
    /// UTF8String, ASCII in the others that [`text`](Self::text) reads.
    pub(crate) fn can_hold(&self, text: &str) -> bool {
        match self.tag {
            der::UTF8_STRING => true,
            // The method for the whole text compares words at a time, in 90 bytes more.
            der::PRINTABLE_STRING | der::IA5_STRING | der::TELETEX_STRING => text.bytes().all(|byte| byte.is_ascii()),
            _ => false,
        }
    }

    /// Returns the short name of the type where RFC 4514 section 3 or custom defines one.
    pub const fn short_name(&self) -> Option<&'static str> {
        match self.oid {
            oid::COMMON_NAME => Some("CN"),
            [0x55, 0x04, 0x04] => Some("SN"),
            [0x55, 0x04, 0x05] => Some("serialNumber"),
            [0x55, 0x04, 0x06] => Some("C"),
            [0x55, 0x04, 0x07] => Some("L"),
            [0x55, 0x04, 0x08] => Some("ST"),
            [0x55, 0x04, 0x09] => Some("STREET"),
            [0x55, 0x04, 0x0a] => Some("O"),
            [0x55, 0x04, 0x0b] => Some("OU"),
            [0x55, 0x04, 0x0c] => Some("title"),
            [0x55, 0x04, 0x0d] => Some("description"),
            [0x55, 0x04, 0x2a] => Some("GN"),
            [0x55, 0x04, 0x2b] => Some("initials"),
            oid::DOMAIN_COMPONENT => Some("DC"),
            oid::EMAIL_ADDRESS => Some("emailAddress"),
            oid::USER_ID => Some("UID"),
            _ => None,
        }
    }

    fn matches(&self, other: &Attribute<'_>) -> bool {
        if self.oid != other.oid || self.continues != other.continues {
            return false;
        }
        // RFC 5280 section 7.3: "Conforming implementations MUST perform a case-insensitive exact
        // match when comparing domainComponent attributes".
        if self.oid == oid::DOMAIN_COMPONENT {
            return same_ignoring_case(self.value, other.value);
        }
        if self.tag == other.tag && self.value == other.value {
            return true;
        }
        // RFC 5280 section 7.1 folds "attributes encoded in either PrintableString or UTF8String". Other
        // types are compared as bytes.
        is_folded(self.tag) && is_folded(other.tag) && self.text_likeness(other) == Likeness::Same
    }
}

const fn is_folded(tag: u8) -> bool {
    matches!(tag, der::PRINTABLE_STRING | der::UTF8_STRING)
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Backwards without memory: count, then take each by its place. A set of several attributes
        // keeps its order in the middle of it all, joined with '+'.
        let mut names = self.sets();
        let mut count: usize = 0;
        while names.any().is_ok() {
            count = count.saturating_add(1);
        }
        let cut = count.saturating_sub(PRINTED_SETS);
        for place in (cut..count).rev() {
            let mut names = self.sets();
            for _ in 0..place {
                let _ = names.any();
            }
            let mut set = names.nested(der::SET).unwrap_or(Reader::new(&[]));
            while let Ok(attribute) = Attribute::parse(&mut set) {
                write!(f, "{attribute}")?;
                if attribute.continues {
                    f.write_str("+")?;
                }
            }
            if place != cut {
                f.write_str(",")?;
            }
        }
        f.write_str(if cut == 0 { "" } else { ",..." })
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.short_name() {
            Some(name) => f.write_str(name)?,
            None => Oid(self.oid).fmt(f)?,
        }
        f.write_str("=")?;
        match self.text() {
            Some(text) => write_text(f, text),
            None => write_hex(f, self.value),
        }
    }
}

/// Escapes as RFC 4514 section 2.4 requires, and everything else that must be escaped for display.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for (at, character) in text.char_indices() {
        if at >= PRINTED {
            return f.write_str("...");
        }
        let last = at.saturating_add(character.len_utf8()) == text.len();
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{character}")?,
            ' ' if at == 0 || last => f.write_str("\\ ")?,
            '#' if at == 0 => f.write_str("\\#")?,
            other => text::write_char(f, other)?,
        }
    }
    Ok(())
}

fn write_hex(f: &mut fmt::Formatter<'_>, value: &[u8]) -> fmt::Result {
    f.write_str("#")?;
    for byte in value.iter().take(PRINTED) {
        write!(f, "{byte:02X}")?;
    }
    f.write_str(if value.len() > PRINTED { "..." } else { "" })
}

#[cfg(feature = "defmt")]
impl defmt::Format for Name<'_> {
    /// As OpenSSL does in one line, the broadest attribute first: `/C=DE/O=Example/CN=gateway-7`.
    fn format(&self, f: defmt::Formatter<'_>) {
        for attribute in self.attributes().take(PRINTED_SETS) {
            let (name, value) = (attribute.short_name().unwrap_or("?"), attribute.text().unwrap_or("?"));
            defmt::write!(f, "/{=str}={}", name, text::Escaped(value));
        }
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// Equal under RFC 5280 section 7.1, not only byte for byte.
impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}

impl Eq for Name<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use core::slice;
    use std::string::ToString;
    use std::vec;
    use std::vec::Vec;

    const CN: &[u8] = oid::COMMON_NAME;
    const O: &[u8] = &[0x55, 0x04, 0x0a];

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let head = match content.len() {
            0..0x80 => std::vec![tag, low],
            0x80..0x100 => std::vec![tag, 0x81, low],
            _ => std::vec![tag, 0x82, high, low],
        };
        [&head, content].concat()
    }

    pub(super) fn pair(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        tlv(der::SEQUENCE, &[tlv(der::OID, oid), tlv(tag, value)].concat())
    }

    pub(super) fn name(sets: &[&[Vec<u8>]]) -> Vec<u8> {
        let sets: Vec<_> = sets.iter().flat_map(|pairs| tlv(der::SET, &pairs.concat())).collect();
        tlv(der::SEQUENCE, &sets)
    }

    fn simple(tag: u8, value: &[u8]) -> Vec<u8> {
        name(&[&[pair(CN, tag, value)]])
    }

    fn parse(der: &[u8]) -> Name<'_> {
        Name::parse(&mut Reader::new(der)).unwrap()
    }

    #[test]
    fn a_name_is_printed_backwards_and_escaped() {
        let der = name(&[
            &[pair(&[0x55, 0x04, 0x06], der::PRINTABLE_STRING, b"DE")],
            &[pair(O, der::UTF8_STRING, " M\u{fc}ller, S\u{f6}hne #1 ".as_bytes())],
            &[pair(CN, der::UTF8_STRING, b"gate\nway"), pair(oid::USER_ID, der::UTF8_STRING, b"#7")],
            &[pair(&[0x2a, 0x03, 0x81, 0x00], 0x1e, &[0, 65])],
        ]);
        assert_eq!(
            parse(&der).to_string(),
            "1.2.3.128=#0041,CN=gate\\0Away+UID=\\#7,O=\\ M\u{fc}ller\\, S\u{f6}hne #1\\ ,C=DE"
        );
    }

    #[test]
    fn a_name_cannot_hide_the_order_of_its_characters() {
        let der = simple(der::UTF8_STRING, "gateway\u{202e}7\u{2066}x\u{200b}\u{85}".as_bytes());
        assert_eq!(parse(&der).to_string(), "CN=gateway\\E2\\80\\AE7\\E2\\81\\A6x\\E2\\80\\8B\\C2\\85");
    }

    #[test]
    fn a_long_value_is_cut() {
        let der = simple(der::UTF8_STRING, &[b'a'; 100]);
        assert_eq!(parse(&der).to_string().len(), "CN=".len() + PRINTED + "...".len());
        // In hexadecimal, since it is no text.
        for (length, end) in [(PRINTED, ""), (PRINTED + 1, "...")] {
            let der = simple(der::BMP_STRING, &vec![1; length]);
            assert_eq!(parse(&der).to_string(), ["CN=#", &"01".repeat(PRINTED), end].concat());
        }
    }

    #[test]
    fn a_name_of_many_parts_is_cut() {
        let part = [pair(CN, der::UTF8_STRING, b"a")];
        let parts = [&part[..]; PRINTED_SETS];
        assert_eq!(parse(&name(&parts)).to_string(), ["CN=a"; PRINTED_SETS].join(","));
        assert_eq!(parse(&name(&[&parts[..], &parts].concat())).to_string(), ["CN=a"; PRINTED_SETS].join(",") + ",...");
    }

    #[test]
    fn the_first_common_name_counts() {
        let der = name(&[&[pair(CN, der::UTF8_STRING, b"broad")], &[pair(CN, der::PRINTABLE_STRING, b"narrow")]]);
        assert_eq!(parse(&der).common_name(), Some("broad"));
        assert_eq!(parse(&name(&[])).common_name(), None);
    }

    #[test]
    fn text_is_utf8_or_of_ascii_in_the_older_types() {
        let text = |tag, value| Attribute { oid: CN, tag, value, continues: false }.text();
        for tag in [der::PRINTABLE_STRING, der::IA5_STRING, der::TELETEX_STRING] {
            assert_eq!(text(tag, b"Root"), Some("Root"));
            assert_eq!(text(tag, "M\u{fc}ller".as_bytes()), None, "{tag}");
        }
        assert_eq!(text(der::UTF8_STRING, "M\u{fc}ller".as_bytes()), Some("M\u{fc}ller"));
        assert_eq!(text(der::UTF8_STRING, b"M\xfcller"), None);
        assert_eq!(text(der::BMP_STRING, b"\0R"), None);
    }

    #[test]
    fn case_and_space_are_folded_across_printable_and_utf8() {
        let a = simple(der::PRINTABLE_STRING, b"Example  Root");
        let b = simple(der::UTF8_STRING, b" example root ");
        assert_eq!(parse(&a), parse(&b));
        assert_ne!(parse(&a), parse(&simple(der::UTF8_STRING, b"exampleroot")));
        assert_ne!(parse(&a), parse(&simple(der::UTF8_STRING, b"Example Root 2")));
    }

    #[test]
    fn domain_components_are_compared_without_regard_to_case() {
        let component = |value| name(&[&[pair(oid::DOMAIN_COMPONENT, der::IA5_STRING, value)]]);
        let (lower, upper, other) = (component(b"example"), component(b"EXAMPLE"), component(b"exam ple"));
        assert!(parse(&lower).matches(&parse(&upper)));
        assert!(!parse(&lower).matches(&parse(&other)));
    }

    #[test]
    fn other_string_types_are_compared_as_bytes() {
        let a = simple(der::TELETEX_STRING, b"Root");
        assert_eq!(parse(&a), parse(&simple(der::TELETEX_STRING, b"Root")));
        assert_ne!(parse(&a), parse(&simple(der::TELETEX_STRING, b"root")));
        assert_ne!(parse(&a), parse(&simple(der::UTF8_STRING, b"Root")));
    }

    #[test]
    fn the_shape_of_the_sets_counts() {
        let (o, cn) = (pair(O, der::UTF8_STRING, b"o"), pair(CN, der::UTF8_STRING, b"cn"));
        let two_sets = name(&[slice::from_ref(&o), slice::from_ref(&cn)]);
        let one_set = name(&[&[o.clone(), cn.clone()]]);
        assert_ne!(parse(&two_sets), parse(&one_set));
        let below = |ours: &[u8], base: &[u8]| parse(ours).begins_with(&parse(base));
        let only_o = name(&[slice::from_ref(&o)]);
        assert_eq!(below(&two_sets, &only_o), Likeness::Same);
        assert_eq!(below(&one_set, &only_o), Likeness::Different);
        assert_eq!(below(&two_sets, &name(&[slice::from_ref(&cn)])), Likeness::Different);
        assert_eq!(below(&two_sets, &name(&[])), Likeness::Same);
        assert_eq!(below(&only_o, &two_sets), Likeness::Different);
        // In another encoding, the attributes of a set are in another order.
        let wide = pair(O, der::BMP_STRING, b"\0o");
        assert_eq!(below(&name(&[&[cn.clone(), wide]]), &one_set), Likeness::Same);
        assert_eq!(below(&name(&[&vec![o.clone(); 9]]), &name(&[&vec![o; 9]])), Likeness::Unclear);
    }

    #[test]
    fn a_broken_structure_is_rejected() {
        for der in [
            tlv(der::SEQUENCE, &tlv(der::SET, &[])),
            tlv(der::SEQUENCE, &tlv(der::SEQUENCE, &pair(CN, der::UTF8_STRING, b"x"))),
            tlv(der::SEQUENCE, &tlv(der::SET, &tlv(der::SEQUENCE, &tlv(der::OID, CN)))),
            tlv(der::SET, &[]),
        ] {
            assert!(Name::parse(&mut Reader::new(&der)).is_err());
        }
    }
}
