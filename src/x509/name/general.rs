//! Names of the subject alternative name (RFC 5280 section 4.2.1.6).

use super::{Name, address};
use crate::der::{self, Malformed, Reader, context, context_constructed};
use crate::text::Escaped;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One name of a subject alternative name (RFC 5280 section 4.2.1.6).
///
/// `Display` writes it as OpenSSL does: `DNS:a.example`, `IP:10.0.0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SubjectAltName<'a> {
    /// `directoryName`.
    Directory(Name<'a>),
    /// `dNSName`: a host name, or one whose left-most label is `*`.
    Dns(&'a str),
    /// `rfc822Name`: an electronic mail address.
    Email(&'a str),
    /// `iPAddress`.
    Ip(#[cfg_attr(feature = "defmt", defmt(Debug2Format))] IpAddr),
    /// Another form, by the tag number of `GeneralName`, or one of the above with a value that is
    /// not valid.
    Other(u8),
    /// `uniformResourceIdentifier`.
    Uri(&'a str),
}

/// The subject alternative names of a certificate, borrowed from its encoding (RFC 5280 section 4.2.1.6).
#[derive(Clone, Copy, Debug)]
pub struct SubjectAltNames<'a>(pub(in crate::x509) GeneralNames<'a>);

impl<'a> SubjectAltNames<'a> {
    /// Lists the names in the order of the certificate.
    pub fn iter(&self) -> impl Iterator<Item = SubjectAltName<'a>> + use<'a> {
        self.0.iter().map(GeneralName::to_public)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for SubjectAltNames<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        for name in self.iter() {
            defmt::write!(f, "{} ", name);
        }
    }
}

impl fmt::Display for SubjectAltName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(name) => write!(f, "DirName:{name}"),
            Self::Dns(name) => write!(f, "DNS:{}", Escaped(name)),
            Self::Email(address) => write!(f, "email:{}", Escaped(address)),
            Self::Ip(address) => {
                f.write_str("IP:")?;
                address::write(*address, f)
            }
            Self::Uri(uri) => write!(f, "URI:{}", Escaped(uri)),
            Self::Other(form) => write!(f, "form {form}"),
        }
    }
}

/// A `GeneralNames`, as the content of its SEQUENCE.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GeneralNames<'a>(&'a [u8]);

/// A `GeneralName` of the certificate, or the base of a `GeneralSubtree`: here an address may have
/// a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneralName<'a> {
    /// An address as text, from a common name.
    Address(&'a [u8]),
    Directory(Name<'a>),
    Dns(&'a [u8]),
    Email(&'a [u8]),
    Ip(&'a [u8]),
    Uri(&'a [u8]),
    Other(u8),
}

impl<'a> GeneralNames<'a> {
    /// Parses the value of the extension; the structure of each name is checked.
    pub(crate) fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::inside(value, der::SEQUENCE)?;
        let list = reader.rest();
        // "GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName"
        loop {
            GeneralName::parse(&mut reader)?;
            if reader.is_empty() {
                return Ok(Self(list));
            }
        }
    }

    /// Makes names that were parsed before.
    pub(crate) const fn from_checked(list: &'a [u8]) -> Self {
        Self(list)
    }

    pub(crate) const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || GeneralName::parse(&mut reader).ok())
    }
}

impl<'a> GeneralName<'a> {
    pub(crate) fn parse(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        const OTHER_NAME: u8 = context_constructed(0);
        const EMAIL: u8 = context(1);
        const DNS: u8 = context(2);
        const X400_ADDRESS: u8 = context_constructed(3);
        const DIRECTORY: u8 = context_constructed(4);
        const EDI_PARTY: u8 = context_constructed(5);
        const URI: u8 = context(6);
        const IP: u8 = context(7);
        const REGISTERED_ID: u8 = context(8);
        let (tag, value) = reader.any()?;
        Ok(match tag {
            EMAIL => Self::Email(value),
            DNS => Self::Dns(value),
            DIRECTORY => {
                // A CHOICE is tagged explicitly: the name keeps its own SEQUENCE.
                let mut inner = Reader::new(value);
                let name = Name::parse(&mut inner)?;
                inner.finish()?;
                Self::Directory(name)
            }
            URI => Self::Uri(value),
            IP => Self::Ip(value),
            // Compare the whole tag: a constructed dNSName is not a constraint of another form.
            OTHER_NAME | X400_ADDRESS | EDI_PARTY | REGISTERED_ID => Self::Other(tag & 0x1f),
            _ => return Err(Malformed),
        })
    }

    /// Returns the name as the application gets it.
    pub(crate) fn to_public(self) -> SubjectAltName<'a> {
        match self {
            Self::Address(text) => address::parse(text).map_or(SubjectAltName::Other(7), SubjectAltName::Ip),
            Self::Directory(name) => SubjectAltName::Directory(name),
            Self::Dns(bytes) => ascii(bytes).map_or(SubjectAltName::Other(2), SubjectAltName::Dns),
            Self::Email(bytes) => ascii(bytes).map_or(SubjectAltName::Other(1), SubjectAltName::Email),
            Self::Ip(bytes) => address_of(bytes).map_or(SubjectAltName::Other(7), SubjectAltName::Ip),
            Self::Uri(bytes) => ascii(bytes).map_or(SubjectAltName::Other(6), SubjectAltName::Uri),
            Self::Other(form) => SubjectAltName::Other(form),
        }
    }
}

/// Returns an IA5String without control characters, which are not part of a name and could forge a log.
fn ascii(bytes: &[u8]) -> Option<&str> {
    let printable = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    if printable { core::str::from_utf8(bytes).ok() } else { None }
}

/// Parses an address. RFC 5280 section 4.2.1.6: for IPv4 "the octet string MUST contain exactly four octets", for IPv6
/// "exactly sixteen octets".
fn address_of(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(v4)));
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| IpAddr::V6(Ipv6Addr::from(v6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_shown() {
        let value =
            [0x30, 19, 0x82, 3, b'a', b'.', b'b', 0x87, 4, 10, 0, 0, 1, 0x88, 1, 0x2a, 0x81, 3, b'a', 0x0a, b'b'];
        let names = GeneralNames::parse(&value).unwrap();
        let shown: std::vec::Vec<_> = names.iter().map(GeneralName::to_public).collect();
        assert_eq!(
            shown,
            [
                SubjectAltName::Dns("a.b"),
                SubjectAltName::Ip(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))),
                SubjectAltName::Other(8),
                SubjectAltName::Other(1),
            ]
        );
    }

    #[test]
    fn an_empty_list_or_a_foreign_tag_is_rejected() {
        assert!(GeneralNames::parse(&[0x30, 0]).is_err());
        assert!(GeneralNames::parse(&[0x30, 2, 0x0c, 0]).is_err());
        assert!(GeneralNames::parse(&[0x30, 2, 0x89, 0]).is_err());
        assert!(GeneralNames::parse(&[0x30, 2, 0x82, 0, 0]).is_err());
        assert!(GeneralNames::parse(&[0x30, 4, 0xa4, 2, 0x30, 0]).is_ok());
        assert!(GeneralNames::parse(&[0x30, 6, 0xa4, 4, 0x30, 0, 5, 0]).is_err());
    }
}
