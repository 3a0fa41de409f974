//! Names of servers (RFC 9525), and how they match those of a certificate.

use super::address;
use super::general::{GeneralName, GeneralNames};
use crate::error::{ApiMisuse, Error};
use core::fmt;
use core::net::IpAddr;

/// Longest host name in text (RFC 1035 section 2.3.4: 255 bytes on the wire).
const MAX_HOST_NAME: usize = 253;
/// Longest label (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// The name of the server that a client wants to reach, RFC 9525's *reference identifier* (RFC 9525 section 6.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ServerName<'a> {
    /// A host name: compared with the `dNSName`s of the certificate, and sent as SNI.
    Dns(DnsName<'a>),
    /// An address: compared with the `iPAddress`es of the certificate, never sent as SNI
    /// (RFC 6066 section 3).
    Ip(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] IpAddr),
}

/// A valid host name: letters, digits, hyphens and underscores in labels of 1 to 63 bytes, at most 253 bytes,
/// the last label not a number. A trailing dot is removed.
///
/// An internationalized name must be given as A-labels (`xn--...`), as certificates encode it (RFC 9525 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct DnsName<'a>(&'a str);

impl<'a> ServerName<'a> {
    /// Parses an IP address or a host name. IPv6 is written without brackets.
    ///
    /// # Errors
    /// [`ApiMisuse::ServerNameInvalid`] if it is neither, or an address without the feature `any-peer`.
    pub fn parse(name: &'a str) -> Result<Self, Error> {
        match parse_address(name) {
            Some(address) => Ok(Self::Ip(address)),
            None => DnsName::parse(name).map(Self::Dns),
        }
    }

    /// Returns whether `text` is this name.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        match self {
            Self::Dns(wanted) => same_ignoring_case(wanted.0.as_bytes(), text.as_bytes()),
            Self::Ip(wanted) => parse_address(text) == Some(*wanted),
        }
    }

    /// Returns whether one of the names of a certificate is this one.
    ///
    /// Only the subject alternative name counts. RFC 9525 section 1.3: "Do not include or check
    /// strings that look like domain names in the subject's Common Name."
    pub(crate) fn is_among(&self, names: GeneralNames<'_>) -> bool {
        names.iter().any(|name| match (self, name) {
            (Self::Dns(wanted), GeneralName::Dns(presented)) => wanted.matches(presented),
            // RFC 9525 section 6.4: addresses match "octet-for-octet".
            (Self::Ip(IpAddr::V4(wanted)), GeneralName::Ip(presented)) => wanted.octets() == presented,
            (Self::Ip(IpAddr::V6(wanted)), GeneralName::Ip(presented)) => wanted.octets() == presented,
            _ => false,
        })
    }
}

/// Parses an address, which is no host name in a build that does not.
fn parse_address(text: &str) -> Option<IpAddr> {
    if cfg!(feature = "any-peer") { address::parse(text.as_bytes()) } else { None }
}

impl<'a> DnsName<'a> {
    /// Checks the syntax of a host name, also in a constant.
    ///
    /// Underscores are accepted, though RFC 5280 section 4.2.1.6 requires the "preferred name syntax" of
    /// RFC 1034 section 3.5 from authorities: hosts and certificates have such names. A trailing dot, which marks the name
    /// as complete, is removed, as neither SNI (RFC 6066 section 3: "without a trailing dot") nor a certificate has it.
    ///
    /// # Errors
    /// [`ApiMisuse::ServerNameInvalid`].
    pub const fn parse(name: &'a str) -> Result<Self, Error> {
        let name = match name.as_bytes() {
            [complete @ .., b'.'] => match name.split_at_checked(complete.len()) {
                Some((complete, _)) => complete,
                None => name,
            },
            _ => name,
        };
        // RFC 1123 section 2.1: "a valid host name can never have the dotted-decimal form #.#.#.#,
        // since at least the highest-level component label will be alphabetic".
        if is_host_name(name.as_bytes()) && !ends_in_number(name.as_bytes()) {
            Ok(Self(name))
        } else {
            Err(Error::ApiMisuse(ApiMisuse::ServerNameInvalid))
        }
    }

    /// Returns the name as it was given, without a trailing dot.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Returns whether it is `parent` or ends in it, by whole labels.
    pub(crate) fn is_same_or_below(&self, parent: &str) -> bool {
        is_same_or_below(self.0.as_bytes(), parent.as_bytes())
    }

    /// Returns whether a `dNSName` of a certificate matches this name.
    ///
    /// RFC 9525 section 6.2.
    ///
    /// RFC 5280 section 7.2.
    pub(crate) fn matches(&self, presented: &[u8]) -> bool {
        let name = self.0.as_bytes();
        // RFC 9525 section 6.3: labels are compared "as case-insensitive ASCII". A wildcard counts if
        // "1. There is only one wildcard character. 2. The wildcard character appears only as the
        // complete content of the left-most label", and then "can only match exactly one label".
        let Some(parent) = presented.strip_prefix(b"*.") else {
            return same_ignoring_case(presented, name);
        };
        let (_, rest) = split_once(name, b'.');
        // `*.com` claims a whole registry. RFC 9525 section 7.1 leaves such names to the client: two
        // labels have to follow the wildcard, as NSS and OpenSSL ask for.
        has_byte(parent, b'.') && rest.is_some_and(|rest| same_ignoring_case(rest, parent))
    }
}

/// Returns whether this is a name without underscores, RFC 5280 section 4.2.1.6: "in the 'preferred name syntax', as
/// specified by Section 3.5 of RFC 1034 and as modified by Section 2.1 of RFC 1123".
pub(crate) fn is_preferred_name(name: &[u8]) -> bool {
    !has_byte(name, b'_') && is_host_name(name)
}

/// Returns whether this can be the name of a host. Underscores are accepted, since hosts have them.
pub(crate) const fn is_host_name(name: &[u8]) -> bool {
    let (mut rest, mut before, mut label) = (name, b'.', 0_usize);
    while let [byte, more @ ..] = rest {
        match *byte {
            // Labels are not empty, and begin and end with another byte.
            b'.' if matches!(before, b'.' | b'-') => return false,
            b'-' if before == b'.' => return false,
            b'.' => label = 0,
            b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' if label < MAX_LABEL => {
                label = label.saturating_add(1);
            }
            _ => return false,
        }
        (rest, before) = (more, *byte);
    }
    name.len() <= MAX_HOST_NAME && !matches!(before, b'.' | b'-')
}

/// Returns whether a host is `parent` or ends in it, by whole labels.
pub(super) fn is_same_or_below(host: &[u8], parent: &[u8]) -> bool {
    let Some(split) = host.len().checked_sub(parent.len()) else { return false };
    let (left, right) = host.split_at(split);
    same_ignoring_case(right, parent) && left.last().is_none_or(|&byte| byte == b'.')
}

/// Compares ASCII without regard to case. The method of the standard library does it in blocks, which
/// is fast, and large in each place where it is inlined.
#[inline(never)]
pub(crate) fn same_ignoring_case(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// Splits bytes at the first that is `separator`, and leaves that out; the second part is `None` without one.
#[inline(never)]
pub(super) fn split_once(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = bytes.splitn(2, |&byte| byte == separator);
    (parts.next().unwrap_or_default(), parts.next())
}

/// Returns whether the byte is there. The method of the standard library compares words at a time, which is fast, and large.
#[inline(never)]
#[expect(clippy::manual_contains, reason = "that is larger")]
pub(in crate::x509) fn has_byte(bytes: &[u8], wanted: u8) -> bool {
    bytes.iter().any(|&byte| byte == wanted)
}

/// Returns whether the last label is a number, so that the name could be mistaken for an IPv4 address: decimal, or
/// hexadecimal as `inet_aton` and browsers parse it.
pub(crate) const fn ends_in_number(name: &[u8]) -> bool {
    let (mut rest, mut last) = (name, name);
    while let [byte, more @ ..] = rest {
        if *byte == b'.' {
            last = more;
        }
        rest = more;
    }
    let (mut digits, radix) = match last {
        [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
        digits => (digits, 10),
    };
    while let [byte, more @ ..] = digits {
        if !(byte.is_ascii_digit() || radix == 16 && byte.is_ascii_hexdigit()) {
            return false;
        }
        digits = more;
    }
    true
}

/// Returns whether this is a label without underscores.
pub(crate) fn is_preferred_label(label: &[u8]) -> bool {
    !has_byte(label, b'.') && is_preferred_name(label)
}

impl fmt::Display for DnsName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for ServerName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(address) => address::write(*address, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn matches(wanted: &str, presented: &str) -> bool {
        DnsName::parse(wanted).unwrap().matches(presented.as_bytes())
    }

    #[test]
    fn only_host_names_and_addresses_are_server_names() {
        for good in ["a", "localhost", "supplier.example.com", "xn--mller-kva.example", "1.example", "a-b.c", "10.in"] {
            assert!(matches!(ServerName::parse(good), Ok(ServerName::Dns(_))), "{good}");
        }
        for address in ["10.0.0.1", "::1", "2001:db8::7"] {
            assert!(matches!(ServerName::parse(address), Ok(ServerName::Ip(_))), "{address}");
        }
        let long = "a.".repeat(126) + "aa";
        for bad in [
            "",
            ".",
            "a..",
            "..",
            ".a",
            "a..b",
            "-a.b",
            "a-.b",
            "*.a.b",
            "10.0.0.256",
            "1.2",
            "0x0a000001",
            "10.0X1",
            "a.0x",
            "m\u{fc}ller.de",
            &long,
            "[::1]",
            "a b",
        ] {
            assert_eq!(ServerName::parse(bad), Err(ApiMisuse::ServerNameInvalid.into()), "{bad}");
        }
        for underscored in ["erp_gate.example", "_sip.example", "a_", "a_b.apps.example"] {
            assert!(matches!(ServerName::parse(underscored), Ok(ServerName::Dns(_))), "{underscored}");
        }
        let complete = DnsName::parse("supplier.example.").unwrap();
        assert_eq!(complete.as_str(), "supplier.example");
        assert_eq!(ServerName::parse("10.0.0.1."), Err(ApiMisuse::ServerNameInvalid.into()), "no address, no name");
        assert!(DnsName::parse(&String::from("a").repeat(63)).is_ok());
        assert!(DnsName::parse(&String::from("a").repeat(64)).is_err());
    }

    /// The same as label by label, for every short name of the bytes that matter.
    #[test]
    fn a_name_is_one_of_labels() {
        let is_label = |label: &[u8]| {
            let inner = label.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
            inner && !label.is_empty() && !label.starts_with(b"-") && !label.ends_with(b"-")
        };
        let is_number = |label: &[u8]| match label {
            [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
            digits => digits.iter().all(u8::is_ascii_digit),
        };
        let bytes = b"a.-_0xZ ";
        for len in 0..=5 {
            for number in 0..bytes.len().pow(len) {
                let name: Vec<u8> = (0..len).map(|at| bytes[number / bytes.len().pow(at) % bytes.len()]).collect();
                assert_eq!(is_host_name(&name), name.split(|&byte| byte == b'.').all(is_label), "{name:?}");
                let last = name.rsplit(|&byte| byte == b'.').next().unwrap();
                assert_eq!(ends_in_number(&name), is_number(last), "{name:?}");
            }
        }
    }

    #[test]
    fn neither_case_nor_a_dot_at_the_end_matters() {
        assert!(matches("supplier.example.com.", "supplier.example.com"));
        assert!(matches("my_app.apps.example", "*.apps.example") && matches("my_app.example", "my_app.example"));
        assert!(matches("Supplier.Example.com", "supplier.eXample.COM"));
        assert!(!matches("supplier.example.com", "supplier.example.org"));
        assert!(!matches("supplier.example.com", "supplier.example.com."));
    }

    #[test]
    fn a_wildcard_matches_exactly_one_whole_label() {
        assert!(matches("a.example.com", "*.example.com"));
        assert!(matches("a.example.com", "*.EXAMPLE.com"));
        assert!(!matches("example.com", "*.example.com"));
        assert!(!matches("b.a.example.com", "*.example.com"));
        assert!(!matches("a.example.com", "a*.example.com"));
        assert!(!matches("ab.example.com", "a*.example.com"));
        assert!(!matches("a.b.example.com", "a.*.example.com"));
        assert!(!matches("a.b.example.com", "*.*.example.com"));
        assert!(!matches("example.com", "*.com"));
        assert!(!matches("localhost", "*"));
    }

    #[test]
    fn an_address_is_compared_byte_by_byte_and_never_with_a_dns_name() {
        let among = |wanted: &str, value: &[u8]| {
            ServerName::parse(wanted).unwrap().is_among(GeneralNames::parse(value).unwrap())
        };
        assert!(among("10.0.0.1", &[0x30, 6, 0x87, 4, 10, 0, 0, 1]));
        assert!(!among("10.0.0.1", &[0x30, 6, 0x87, 4, 10, 0, 0, 2]));
        assert!(!among("10.0.0.1", b"\x30\x0a\x82\x0810.0.0.1"));
        let mapped = [0x30, 18, 0x87, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
        assert!(!among("10.0.0.1", &mapped));
        assert!(among("::ffff:10.0.0.1", &mapped));
    }
}
