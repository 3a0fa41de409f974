//! Certificates from fields, right or wrong, in DER.

use crate::tagged;

/// A certificate that will be issued.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) version: Option<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    pub(crate) subject: Vec<u8>,
    /// The owner of its key, and the owner of the key that signs it.
    pub(crate) key: u8,
    pub(crate) signer: u8,
    /// By the last byte of their identifiers, critical or not, with their values.
    pub(crate) extensions: Vec<(u8, bool, Vec<u8>)>,
    /// In DER.
    pub(crate) other_extensions: Vec<Vec<u8>>,
    /// Alternative names, and the bases of name constraints, as `GeneralName`s in DER.
    pub(crate) names: Vec<Vec<u8>>,
    pub(crate) critical_names: bool,
    pub(crate) permitted: Vec<Vec<u8>>,
    pub(crate) excluded: Vec<Vec<u8>>,
    /// A byte that is changed before it is signed: where, and the bits.
    pub(crate) flipped: Option<(usize, u8)>,
}

/// Tag and text.
pub(crate) type Time = (u8, &'static str);

/// A property of a certificate on which two validators may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// Constraints on directory names, mailboxes, URIs.
    ConstraintForm,
    ConstraintOnLeaf,
    /// A base that is none of its form.
    ConstraintSyntax,
    DateForm,
    DateOrder,
    DnsNameSyntax,
    DuplicateExtension,
    ExtensionSyntax,
    /// A flipped bit, with any effect.
    FlippedBit,
    IpSyntax,
    KeyUsage,
    LeafIsCa,
    /// The anchor has the limits of the certificate it is made of.
    LimitsOfAnchor,
    NameInAnotherCase,
    /// Names that are neither of hosts nor addresses.
    NameForm,
    NoSubject,
    Policies,
    PurposeAny,
    SelfIssued,
    Serial,
    Version,
}

pub(crate) const UTC: u8 = 0x17;
pub(crate) const GENERALIZED: u8 = 0x18;

const ECDSA_WITH_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const P256: &[u8] = b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// A TLV.
pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).expect("short");
    let [high, low] = len.to_be_bytes();
    let head = match len {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, value].concat()
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A distinguished name of one attribute, the common name.
pub(crate) fn name(tag: u8, text: &str) -> Vec<u8> {
    sequence(&[&tlv(0x31, &sequence(&[b"\x06\x03\x55\x04\x03", &tlv(tag, text.as_bytes())]))])
}

/// An extension of RFC 5280, by the last byte of its object identifier.
pub(crate) fn extension(id: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    extension_of(&[0x55, 0x1d, id], critical, value)
}

pub(crate) fn extension_of(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&tlv(6, oid), critical, &tlv(4, value)])
}

/// A public key, which needs no private one here.
fn point(key: u8) -> [u8; 65] {
    let mut point = [key; 65];
    point[0] = 4;
    point
}

impl Template {
    /// Returns the signed part.
    fn tbs(&self) -> Vec<u8> {
        let version = self.version.map(|version| tlv(0xa0, &[2, 1, version])).unwrap_or_default();
        let validity = [self.not_before, self.not_after].map(|(tag, text)| tlv(tag, text.as_bytes())).concat();
        let key = sequence(&[P256, &tlv(3, &[&[0], &point(self.key)[..]].concat())]);
        let extensions = self.extensions();
        let extensions = if extensions.is_empty() { extensions } else { tlv(0xa3, &tlv(0x30, &extensions)) };
        sequence(&[
            &version,
            &tlv(2, &self.serial),
            ECDSA_WITH_SHA256,
            &self.issuer,
            &tlv(0x30, &validity),
            &self.subject,
            &key,
            &extensions,
        ])
    }

    fn extensions(&self) -> Vec<u8> {
        let mut all: Vec<_> =
            self.extensions.iter().map(|(id, critical, value)| extension(*id, *critical, value)).collect();
        if !self.names.is_empty() {
            all.push(extension(17, self.critical_names, &tlv(0x30, &self.names.concat())));
        }
        let lists = [(0xa0, &self.permitted), (0xa1, &self.excluded)];
        let lists = lists.map(|(tag, list)| {
            let subtrees: Vec<_> = list.iter().map(|base| tlv(0x30, base)).collect();
            if list.is_empty() { Vec::new() } else { tlv(tag, &subtrees.concat()) }
        });
        if !lists.concat().is_empty() {
            all.push(extension(30, true, &tlv(0x30, &lists.concat())));
        }
        all.extend(self.other_extensions.iter().cloned());
        all.concat()
    }

    pub(crate) fn issue(&self) -> Vec<u8> {
        let mut tbs = self.tbs();
        if let Some((place, bits)) = self.flipped {
            let place = place % tbs.len();
            tbs[place] ^= bits;
        }
        let signature = tagged::sign(&point(self.signer), &tbs);
        sequence(&[&tbs, ECDSA_WITH_SHA256, &tlv(3, &[&[0], &signature[..]].concat())])
    }
}
