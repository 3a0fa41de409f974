//! The common name that a server must have, where a program requires that instead of RFC 9525.

use super::Name;
use super::server::{ends_in_number, has_byte, is_preferred_label, is_preferred_name, same_ignoring_case};
use crate::error::{ApiMisuse, Error};
use crate::text::Escaped;
use core::fmt;

/// Longest common name that can be required, in bytes: RFC 5280 appendix A.1 allows authorities 64
/// characters (`ub-common-name`), which are at most 256 bytes of UTF-8.
const MAX_COMMON_NAME: usize = 256;

/// The common name that the certificate of a server must have, **instead of** a
/// [`ServerName`](crate::x509::ServerName) among its subject alternative names.
///
/// For servers of an older practice, whose certificates name no host. RFC 9525 section 1.3 advises against
/// this: "Do not include or check strings that look like domain names in the subject's Common Name." So it
/// is done only with [`ClientConfig::with_common_name`](crate::ClientConfig::with_common_name).
///
/// - Only the *first* common name of the subject counts, as with web servers, and as
///   [`PeerIdentity::common_name`](crate::x509::PeerIdentity::common_name) returns it.
/// - It counts if it is text: a UTF8String, or a PrintableString, IA5String or TeletexString of ASCII. A `BMPString` or
///   a `UniversalString` never matches.
/// - An exact name is compared byte by byte, as gateways document. With a pattern, ASCII letters are compared without
///   regard to case, as host names are. A name with a control character never matches.
/// - The name in the certificate is never a pattern: the wildcard is on *our* side, unlike with a `dNSName`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CommonName<'a> {
    /// The whole name, or the part after the left-most label and its dot.
    text: &'a str,
    is_pattern: bool,
}

#[cfg(feature = "resumption")]
impl CommonName<'_> {
    /// Gives its parts to `part`.
    pub(crate) fn describe(&self, part: &mut dyn FnMut(&[u8])) {
        part(self.text.as_bytes());
        part(&[u8::from(self.is_pattern)]);
    }
}

impl<'a> CommonName<'a> {
    /// Requires exactly this text. `*.example.com` matches only a certificate whose common name is literally
    /// `*.example.com`.
    ///
    /// # Errors
    /// [`ApiMisuse::CommonNameInvalid`] if it is empty, longer than 256 bytes or contains a control character.
    pub fn exact(name: &'a str) -> Result<Self, Error> {
        if name.is_empty() || name.len() > MAX_COMMON_NAME || name.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(ApiMisuse::CommonNameInvalid.into());
        }
        Ok(Self { text: name, is_pattern: false })
    }

    /// Requires this pattern: `*.example.com` matches `abc.example.com`, but neither `example.com` nor
    /// `a.b.example.com` nor a certificate for `*.example.com`.
    ///
    /// The `*` is the whole left-most label and matches exactly one: letters, digits and hyphens, 1 to 63 of them.
    /// A name without any `*` is required as by [`exact`](Self::exact).
    ///
    /// # Errors
    /// [`ApiMisuse::CommonNameInvalid`] if it has a `*` and does not begin with `*.`, or the rest is not a host name
    /// of two labels or more; without one, as [`exact`](Self::exact).
    pub fn wildcard(pattern: &'a str) -> Result<Self, Error> {
        if !pattern.contains('*') {
            return Self::exact(pattern);
        }
        let parent = pattern.strip_prefix('*').ok_or(ApiMisuse::CommonNameInvalid)?;
        let host = parent.strip_prefix('.').unwrap_or_default().as_bytes();
        // As with `dNSName`s, a wildcard for a whole registry, `*.com`, is not accepted.
        if is_preferred_name(host) && has_byte(host, b'.') && !ends_in_number(host) {
            Ok(Self { text: parent, is_pattern: true })
        } else {
            Err(ApiMisuse::CommonNameInvalid.into())
        }
    }

    /// Returns whether this is the common name of `subject`.
    pub(crate) fn is_of(&self, subject: &Name<'_>) -> bool {
        let Some(common_name) = subject.first_common_name().filter(|found| found.can_hold(self.text)) else {
            return false;
        };
        let (found, wanted) = (common_name.value, self.text.as_bytes());
        if !self.is_pattern {
            return found == wanted;
        }
        let label = found.len().saturating_sub(wanted.len());
        let (label, parent) = found.split_at_checked(label).unwrap_or_default();
        is_preferred_label(label) && same_ignoring_case(parent, wanted)
    }
}

impl fmt::Display for CommonName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_pattern { "*" } else { "" })?;
        Escaped(self.text).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{BMP_STRING, IA5_STRING, PRINTABLE_STRING, TELETEX_STRING, UTF8_STRING};
    use std::vec::Vec;

    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

    fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(value.len()).unwrap()], value].concat()
    }

    fn attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(0x06, oid), tlv(tag, value)].concat())
    }

    /// A subject: one set for each list of attributes.
    fn subject(sets: &[&[Vec<u8>]]) -> Vec<u8> {
        tlv(0x30, &sets.iter().flat_map(|set| tlv(0x31, &set.concat())).collect::<Vec<_>>())
    }

    fn is_of(wanted: CommonName<'_>, subject: &[u8]) -> bool {
        wanted.is_of(&Name::from_der(subject).unwrap())
    }

    fn matches(wanted: Result<CommonName<'_>, Error>, tag: u8, found: &[u8]) -> bool {
        is_of(wanted.unwrap(), &subject(&[&[attribute(COMMON_NAME, tag, found)]]))
    }

    fn exact(wanted: &str, found: &str) -> bool {
        matches(CommonName::exact(wanted), UTF8_STRING, found.as_bytes())
    }

    fn wildcard(wanted: &str, found: &str) -> bool {
        matches(CommonName::wildcard(wanted), UTF8_STRING, found.as_bytes())
    }

    #[test]
    fn an_exact_name_is_compared_literally() {
        assert!(exact("abc.myhost.com", "abc.myhost.com"));
        assert!(!exact("abc.myhost.com", "ABC.MyHost.com"));
        assert!(exact("*.myhost.com", "*.myhost.com"));
        assert!(exact("Order Desk 7", "Order Desk 7"));
        assert!(!exact("Order Desk 7", "order desk 7"));
        assert!(!exact("*.myhost.com", "abc.myhost.com"));
        assert!(!exact("abc.myhost.com", "*.myhost.com"));
        assert!(!exact("abc.myhost.com", "abc.myhost.com."));
        assert!(!exact("abc.myhost.com", " abc.myhost.com"));
        assert!(!exact("Order  Desk 7", "Order Desk 7"));
    }

    #[test]
    fn a_wildcard_of_ours_matches_exactly_one_label() {
        assert!(wildcard("*.myhost.com", "abc.myhost.com"));
        assert!(wildcard("*.myhost.com", "a-1.MYHOST.com"));
        assert!(!wildcard("*.myhost.com", "myhost.com"));
        assert!(wildcard("myhost.com", "myhost.com") && !wildcard("myhost.com", "abc.myhost.com"));
        assert!(!wildcard("*.myhost.com", ".myhost.com"));
        assert!(!wildcard("*.myhost.com", "a.b.myhost.com"));
        assert!(!wildcard("*.myhost.com", "abcmyhost.com"));
        assert!(!wildcard("*.myhost.com", "abc.myhost.com.evil.org"));
        assert!(!wildcard("*.myhost.com", "-.myhost.com"));
        assert!(!wildcard("*.myhost.com", "a_b.myhost.com"));
        assert!(!wildcard("*.myhost.com", "a b.myhost.com"));
        assert!(!wildcard("*.myhost.com", &("a".repeat(64) + ".myhost.com")));
    }

    #[test]
    fn the_certificate_never_holds_the_pattern() {
        assert!(!wildcard("*.myhost.com", "*.myhost.com"));
        assert!(!wildcard("*.myhost.com", "*.*.com"));
        assert!(!exact("abc.myhost.com", "*.myhost.com"));
        assert!(!exact("abc.myhost.com", "*"));
    }

    #[test]
    fn bytes_that_deceive_other_readers_match_nothing() {
        for found in ["abc.myhost.com\0.evil.org", "abc.myhost.com\0", "\0abc.myhost.com", "evil.org\0abc.myhost.com"] {
            assert!(!exact("abc.myhost.com", found), "{found:?}");
            assert!(!wildcard("*.myhost.com", found), "{found:?}");
        }
        // Cyrillic letters, a full-width dot, a soft hyphen.
        for found in ["\u{430}bc.myhost.com", "abc\u{ff0e}myhost.com", "abc.my\u{ad}host.com"] {
            assert!(!exact("abc.myhost.com", found), "{found:?}");
            assert!(!wildcard("*.myhost.com", found), "{found:?}");
        }
        assert!(exact("M\u{fc}ller", "M\u{fc}ller"));
        assert!(!exact("M\u{fc}ller", "M\u{dc}ller"));
    }

    #[test]
    fn only_types_that_hold_the_bytes_of_text_count() {
        let wanted = CommonName::exact("abc.myhost.com");
        for tag in [UTF8_STRING, PRINTABLE_STRING, IA5_STRING, TELETEX_STRING] {
            assert!(matches(wanted, tag, b"abc.myhost.com"), "{tag}");
            assert!(!matches(wanted, tag, b"abc.myhost.com\xff"), "{tag}");
        }
        assert!(!matches(wanted, BMP_STRING, b"abc.myhost.com"));
        let wide: Vec<u8> = "abc.myhost.com".bytes().flat_map(|byte| [0, byte]).collect();
        assert!(!matches(wanted, BMP_STRING, &wide));
        assert!(!matches(CommonName::exact("M\u{fc}ller"), TELETEX_STRING, "M\u{fc}ller".as_bytes()));
        // An OCTET STRING is no text.
        assert!(!matches(wanted, 0x04, b"abc.myhost.com"));
    }

    #[test]
    fn the_first_common_name_counts_and_no_other_attribute() {
        let cn = |text: &str| attribute(COMMON_NAME, UTF8_STRING, text.as_bytes());
        let wanted = CommonName::exact("good").unwrap();
        assert!(is_of(wanted, &subject(&[&[cn("good")], &[cn("bad")]])));
        assert!(!is_of(wanted, &subject(&[&[cn("bad")], &[cn("good")]])));
        assert!(is_of(wanted, &subject(&[&[cn("good"), cn("later")]])));
        assert!(!is_of(wanted, &subject(&[&[cn("bad"), cn("good")]])));
        // One that is no text hides those behind it.
        assert!(!is_of(wanted, &subject(&[&[attribute(COMMON_NAME, BMP_STRING, b"\0x")], &[cn("good")]])));
        assert!(!is_of(wanted, &subject(&[&[attribute(ORGANIZATION, UTF8_STRING, b"good")]])));
        assert!(!is_of(wanted, &subject(&[])));
    }

    #[cfg(feature = "resumption")]
    #[test]
    fn a_pattern_is_described_otherwise_than_the_same_text() {
        let parts = |name: Result<CommonName<'_>, Error>| {
            let mut parts = Vec::new();
            name.unwrap().describe(&mut |part| parts.push(part.to_vec()));
            parts
        };
        assert_ne!(parts(CommonName::wildcard("*.myhost.com")), parts(CommonName::exact(".myhost.com")));
    }

    #[test]
    fn patterns_that_match_nothing_or_too_much_are_invalid() {
        let invalid = Err(ApiMisuse::CommonNameInvalid.into());
        for name in ["", "a\0b", "a\nb", &"x".repeat(257)] {
            assert_eq!(CommonName::exact(name), invalid, "{name:?}");
        }
        assert!(CommonName::exact(&"x".repeat(256)).is_ok());
        for pattern in [
            "",
            "*",
            "*.",
            "*.com",
            "*com",
            "**.a.com",
            "*.*.com",
            "a*.b.com",
            "*.a..com",
            "*.10.1",
            "*.m\u{fc}ller.de",
            "*..a.com",
        ] {
            assert_eq!(CommonName::wildcard(pattern), invalid, "{pattern:?}");
        }
    }
}
