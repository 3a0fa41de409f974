//! The parser of certificates (RFC 5280 section 4.1).

pub(super) mod algorithm;
pub(super) mod extensions;
pub(super) mod found;
pub(super) mod unsupported;

use self::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
use self::extensions::{Extensions, KeyUsage};
use crate::der::{self, Malformed, Reader, context, context_constructed};
use crate::error::{CertificateProblem, Malformation};
use crate::x509::name::Name;
use crate::x509::time::UnixTime;

/// Longest serial number in bytes, without a zero in front that only keeps it positive (RFC 5280 section 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// Bytes that are shown of something that is not a certificate: it may be a private key.
const BEGINNING: usize = 4;
/// Bytes of a SHA-256 fingerprint.
pub(crate) const FINGERPRINT: usize = 32;

/// The origin of a certificate, which decides what is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Sent by the peer.
    Peer,
    /// Configured, as a trust anchor or in a chain of our own: old roots are of version 1, and trust in them is the
    /// decision of the user.
    Anchor,
}

/// A departure from the profile of RFC 5280 section 4 that path validation (section 6) accepts. Of several the first in
/// this order is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProfileDefect {
    /// An extension that constrains what is below is not critical.
    Criticality,
    /// A key identifier is missing.
    KeyIdentifier,
    /// The key may sign certificates, but its owner is not a CA.
    KeyUsage,
    /// A constraint on dNSNames begins with a period.
    NameConstraints,
    /// The only names are in a subject alternative name that is not critical.
    SubjectAltName,
    /// The serial number is not positive, or takes 21 bytes.
    SerialNumber,
    /// A date through the year 2049 is a GeneralizedTime.
    GeneralizedTime,
    /// The parameters of ECDSA are NULL.
    SignatureParameters,
    /// A certificate that is not a CA has a path length.
    PathLength,
    /// A FALSE that is the default is encoded.
    DefaultValue,
}

impl ProfileDefect {
    pub(crate) const fn problem(self) -> CertificateProblem {
        match self {
            Self::Criticality => CertificateProblem::ConstraintNotCritical,
            Self::KeyIdentifier => CertificateProblem::MissingKeyIdentifier,
            Self::KeyUsage => CertificateProblem::CertSignWithoutCa,
            Self::NameConstraints => CertificateProblem::Malformed(Malformation::NameConstraints),
            Self::SubjectAltName => CertificateProblem::SubjectMissing,
            Self::SerialNumber => CertificateProblem::SerialNumber,
            Self::GeneralizedTime => CertificateProblem::Malformed(Malformation::GeneralizedTime),
            Self::SignatureParameters => CertificateProblem::Malformed(Malformation::SignatureParameters),
            Self::PathLength => CertificateProblem::Malformed(Malformation::PathLength),
            Self::DefaultValue => CertificateProblem::Malformed(Malformation::DefaultValue),
        }
    }

    /// Returns the number in a summary. Tickets contain it: other numbers are another version of stored tickets, and
    /// another label of the keys of tickets.
    pub(crate) const fn code(defect: Option<Self>) -> u8 {
        match defect {
            Some(Self::Criticality) => 0,
            Some(Self::KeyIdentifier) => 1,
            Some(Self::KeyUsage) => 2,
            Some(Self::NameConstraints) => 3,
            Some(Self::SubjectAltName) => 4,
            Some(Self::SerialNumber) => 5,
            Some(Self::GeneralizedTime) => 6,
            Some(Self::SignatureParameters) => 7,
            Some(Self::PathLength) => 8,
            Some(Self::DefaultValue) => 9,
            None => 10,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Criticality),
            1 => Some(Self::KeyIdentifier),
            2 => Some(Self::KeyUsage),
            3 => Some(Self::NameConstraints),
            4 => Some(Self::SubjectAltName),
            5 => Some(Self::SerialNumber),
            6 => Some(Self::GeneralizedTime),
            7 => Some(Self::SignatureParameters),
            8 => Some(Self::PathLength),
            9 => Some(Self::DefaultValue),
            _ => None,
        }
    }
}

/// The fields of a certificate, borrowed from its DER or from its summary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    /// True for version 3, false for version 1.
    pub(in crate::x509) is_v3: bool,
    /// The serial number; in a summary that of a leaf, else empty.
    pub(in crate::x509) serial: &'a [u8],
    pub(in crate::x509) issuer: Name<'a>,
    pub(in crate::x509) not_before: UnixTime,
    pub(in crate::x509) not_after: UnixTime,
    pub(in crate::x509) subject: Name<'a>,
    /// True if subject and issuer are the same name (RFC 5280 section 6.1).
    pub(in crate::x509) is_self_issued: bool,
    pub(in crate::x509) key: PublicKey<'a>,
    pub(in crate::x509) extensions: Extensions<'a>,
    /// The first departure from the profile.
    pub(in crate::x509) profile_defect: Option<ProfileDefect>,
    pub(in crate::x509) signature_kind: SignatureKind,
    /// The `TBSCertificate`, which is signed, with its tag and length; in a summary its digest, unless the algorithm or
    /// the provider takes the whole.
    pub(in crate::x509) signed: &'a [u8],
    /// The signature; the object identifier of its algorithm if that is not supported.
    pub(in crate::x509) signature: &'a [u8],
    /// SHA-256 of the whole certificate, in the summary of a leaf.
    pub(in crate::x509) fingerprint: Option<&'a [u8; FINGERPRINT]>,
    /// True if a leaf is trusted for its key, which is pinned, and not for its content.
    pub(in crate::x509) is_key_pinned: bool,
    /// The seconds since the peer proved that it has the key, if that was in an earlier connection.
    #[cfg(feature = "resumption")]
    pub(in crate::x509) proof_age: Option<u32>,
}

/// Names the field that could not be parsed.
pub(crate) trait Within<T> {
    fn within(self, field: Malformation) -> Result<T, CertificateProblem>;
}

impl<T> Within<T> for Result<T, Malformed> {
    fn within(self, field: Malformation) -> Result<T, CertificateProblem> {
        self.map_err(|Malformed| CertificateProblem::Malformed(field))
    }
}

impl<'a> Certificate<'a> {
    /// A placeholder for no certificate.
    pub(in crate::x509) const EMPTY: Self = Self {
        is_v3: true,
        serial: &[],
        issuer: Name::from_checked(&[]),
        not_before: UnixTime(0),
        not_after: UnixTime(0),
        subject: Name::from_checked(&[]),
        is_self_issued: false,
        key: PublicKey::from_checked(KeyAlgorithm::Unsupported, &[]),
        extensions: Extensions::NONE,
        profile_defect: None,
        signature_kind: SignatureKind::Unsupported,
        signed: &[],
        signature: &[],
        fingerprint: None,
        is_key_pinned: false,
        #[cfg(feature = "resumption")]
        proof_age: None,
    };

    /// Parses a whole certificate. Rules that depend on its place in a path are not checked here.
    pub(crate) fn parse(der: &'a [u8], origin: Origin) -> Result<Self, CertificateProblem> {
        Self::parse_to(der, origin, &mut &[][..])
    }

    /// Parses a whole certificate, and leaves the field to blame in `place` if that fails; empty if there is none.
    pub(in crate::x509) fn parse_to(
        der: &'a [u8],
        origin: Origin,
        place: &mut &'a [u8],
    ) -> Result<Self, CertificateProblem> {
        let mut certificate = Self::EMPTY;
        certificate.read_fields(der, origin, place)?;
        Ok(certificate)
    }

    /// Reads the fields in place: values that are returned are moved several times, in 700 bytes more code.
    #[inline(never)]
    fn read_fields(&mut self, der: &'a [u8], origin: Origin, place: &mut &'a [u8]) -> Result<(), CertificateProblem> {
        *place = der.get(..BEGINNING).unwrap_or(der);
        let [signed, outer_algorithm, signature] = outer(der)?;
        *place = &[];
        let mut fields = Reader::inside(signed, der::SEQUENCE).within(Malformation::TbsCertificate)?;
        self.signed = signed;
        self.read_version(&mut fields, origin, place)?;
        self.read_serial_number(&mut fields, place)?;
        *place = fields.next_field();
        // RFC 5280 sections 4.1.1.2 and 4.1.2.3: "This field MUST contain the same algorithm identifier as the
        // signature field in the sequence tbsCertificate".
        if fields.value(der::SEQUENCE).within(Malformation::SignatureAlgorithm)? != outer_algorithm {
            return Err(CertificateProblem::SignatureAlgorithmMismatch);
        }
        let mut parameters = false;
        let algorithm = SignatureKind::parse(outer_algorithm, &mut parameters);
        let (kind, oid) = algorithm.within(Malformation::SignatureAlgorithm)?;
        self.note(parameters, ProfileDefect::SignatureParameters);
        self.signature_kind = kind;
        self.signature = if kind == SignatureKind::Unsupported { oid } else { signature };
        *place = fields.next_field();
        self.issuer = Name::parse(&mut fields).within(Malformation::Issuer)?;
        // RFC 5280 section 4.1.2.4: "The issuer field MUST contain a non-empty distinguished name".
        if self.issuer.is_empty() {
            return Err(CertificateProblem::Malformed(Malformation::IssuerEmpty));
        }
        self.read_validity(&mut fields, place)?;
        *place = fields.next_field();
        self.subject = Name::parse(&mut fields).within(Malformation::Subject)?;
        self.is_self_issued = self.subject.matches(&self.issuer);
        *place = fields.next_field();
        self.key = PublicKey::parse(&mut fields).within(Malformation::PublicKey)?;
        *place = &[];
        self.read_optional_fields(fields, place)?;
        if self.subject.is_empty() && self.extensions.subject_alt_name.is_none() && origin == Origin::Peer {
            return Err(CertificateProblem::SubjectMissing);
        }
        self.note_defects();
        Ok(())
    }

    /// Reads the version, and refuses all but 3, and 1 of an anchor (RFC 5280 sections 4.1.2.1 and 6.1.4). RFC 9846
    /// section 4.5.1.2: "The certificate type MUST be X.509v3, unless explicitly negotiated otherwise".
    fn read_version(
        &mut self,
        fields: &mut Reader<'a>,
        origin: Origin,
        place: &mut &'a [u8],
    ) -> Result<(), CertificateProblem> {
        // A field that is there, but cannot be read, is not the default.
        let version = fields.optional(context_constructed(0));
        let version = version.map_err(|Malformed| CertificateProblem::UnsupportedVersion)?;
        *place = version.unwrap_or_default();
        self.is_v3 = *place == [der::INTEGER, 1, 2];
        // Version 1 is the default and not written.
        let is_v1 = version.is_none() && origin == Origin::Anchor;
        if self.is_v3 || is_v1 { Ok(()) } else { Err(CertificateProblem::UnsupportedVersion) }
    }

    /// Reads the serial number. RFC 5280 section 4.1.2.2: "Conforming CAs MUST NOT use serialNumber values longer than
    /// 20 octets." But: "Non-conforming CAs may issue certificates with serial numbers that are negative or zero.
    /// Certificate users SHOULD be prepared to gracefully handle such certificates". That is a defect, and so are 20
    /// octets behind a zero.
    fn read_serial_number(&mut self, fields: &mut Reader<'a>, place: &mut &'a [u8]) -> Result<(), CertificateProblem> {
        *place = fields.next_field();
        let serial = fields.integer().within(Malformation::SerialNumber)?;
        *place = serial;
        let value = serial.strip_prefix(&[0]).unwrap_or(serial);
        if value.len() > MAX_SERIAL {
            return Err(CertificateProblem::SerialNumber);
        }
        let odd = serial.first().is_none_or(|&first| first >= 0x80) || serial == [0] || serial.len() > MAX_SERIAL;
        self.note(odd, ProfileDefect::SerialNumber);
        self.serial = serial;
        Ok(())
    }

    /// Reads both dates (RFC 5280 section 4.1.2.5).
    fn read_validity(&mut self, fields: &mut Reader<'a>, place: &mut &'a [u8]) -> Result<(), CertificateProblem> {
        *place = fields.next_field();
        let mut validity = fields.nested(der::SEQUENCE).within(Malformation::NotBefore)?;
        let mut early = false;
        *place = validity.next_value();
        self.not_before = UnixTime::parse(&mut validity, &mut early).within(Malformation::NotBefore)?;
        *place = validity.next_value();
        self.not_after = UnixTime::parse(&mut validity, &mut early).within(Malformation::NotAfter)?;
        self.note(early, ProfileDefect::GeneralizedTime);
        validity.finish().within(Malformation::NotAfter)
    }

    /// Skips the unique identifiers, and reads the extensions.
    fn read_optional_fields(&mut self, mut fields: Reader<'a>, place: &mut &'a [u8]) -> Result<(), CertificateProblem> {
        // RFC 5280 sections 4.1.2.8 and 4.1.2.9: unique identifiers and extensions "MUST only appear if
        // the version is" 2 or 3, and 3. "Applications conforming to this profile SHOULD be capable of
        // parsing certificates that include unique identifiers".
        if self.is_v3 {
            for unique_identifier in [context(1), context(2)] {
                let bits = fields.optional(unique_identifier).within(Malformation::TbsCertificate)?;
                if bits.is_some_and(|bits| bits.first().is_none_or(|&unused| unused > 7)) {
                    return Err(CertificateProblem::Malformed(Malformation::TbsCertificate));
                }
            }
            if let Some(field) = fields.optional(context_constructed(3)).within(Malformation::Extensions)? {
                self.read_extensions(field, place)?;
                *place = &[];
            }
        }
        fields.finish().within(Malformation::TbsCertificate)
    }

    /// Notes a departure from the profile, if it was found.
    fn note(&mut self, found: bool, defect: ProfileDefect) {
        if found && self.profile_defect.is_none_or(|first| defect < first) {
            self.profile_defect = Some(defect);
        }
    }

    /// Notes the departures from the profile that concern several fields.
    fn note_defects(&mut self) {
        let Extensions { authority_key, subject_key, key_usage, basic_constraints, .. } = self.extensions;
        let is_ca = basic_constraints.is_ca;
        // RFC 5280 section 4.2.1.1: the authority key identifier "MUST be included in all certificates generated by
        // conforming CAs" but self-signed ones; RFC 5280 section 4.2.1.2: the subject key identifier "MUST appear in
        // all conforming CA certificates".
        let without_authority_key = authority_key.is_none() && !self.is_self_issued;
        self.note(without_authority_key || is_ca && subject_key.is_none(), ProfileDefect::KeyIdentifier);
        // RFC 5280 sections 4.2.1.3 and 4.2.1.9: "If the cA boolean is not asserted, then the keyCertSign bit in the
        // key usage extension MUST NOT be asserted."
        self.note(key_usage.is_some_and(KeyUsage::has_cert_sign) && !is_ca, ProfileDefect::KeyUsage);
        // RFC 5280 sections 4.1.2.6 and 4.2.1.6: if the names are in the subjectAltName only, "the subject name MUST be
        // an empty sequence and the subjectAltName extension MUST be critical".
        let names_nobody = self.subject.is_empty() && !self.extensions.critical_alt_name;
        self.note(names_nobody, ProfileDefect::SubjectAltName);
    }
}

/// The three parts of a certificate: what is signed, with its tag and length, the algorithm and the signature.
fn outer(der: &[u8]) -> Result<[&[u8]; 3], CertificateProblem> {
    // An indefinite length is BER.
    let begins = matches!(der, [der::SEQUENCE, length, ..] if *length != 0x80);
    let mut whole = Reader::new(der);
    let certificate = whole.nested(der::SEQUENCE);
    let mut certificate = certificate.within(if begins { Malformation::Truncated } else { Malformation::Der })?;
    whole.finish().within(Malformation::Trailing)?;
    let mut parts = || {
        let tbs = certificate.raw(der::SEQUENCE)?;
        let algorithm = certificate.value(der::SEQUENCE)?;
        let signature = certificate.bit_string_bytes()?;
        certificate.finish().map(|()| [tbs, algorithm, signature])
    };
    parts().within(Malformation::Der)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(der: &[u8]) -> (CertificateProblem, &[u8]) {
        let mut place = &[][..];
        (Certificate::parse_to(der, Origin::Peer, &mut place).unwrap_err(), place)
    }

    #[test]
    fn every_defect_has_its_own_code_in_the_order_of_reports() {
        let defects: std::vec::Vec<_> = (0..=u8::MAX).map_while(ProfileDefect::from_code).collect();
        assert!(defects.is_sorted() && defects.last() == Some(&ProfileDefect::DefaultValue));
        assert_eq!(defects.len(), 10);
        for (code, defect) in (0..).zip(defects.into_iter().map(Some).chain([None])) {
            assert_eq!(ProfileDefect::code(defect), code);
        }
        assert!((10..=u8::MAX).all(|code| ProfileDefect::from_code(code).is_none()));
    }

    #[test]
    fn a_version_that_cannot_be_read_is_not_the_default() {
        // A version that claims 127 bytes; then one that is not written, whose first fault is the serial number.
        let version = [0x30, 12, 0x30, 2, 0xa0, 0x7f, 0x30, 3, 6, 1, 0x2a, 3, 1, 0];
        let none = [0x30, 12, 0x30, 2, 2, 0x7f, 0x30, 3, 6, 1, 0x2a, 3, 1, 0];
        let problem = |der: &[u8]| Certificate::parse(der, Origin::Anchor).unwrap_err();
        assert_eq!(problem(&version), CertificateProblem::UnsupportedVersion);
        assert_eq!(problem(&none), CertificateProblem::Malformed(Malformation::SerialNumber));
    }

    #[test]
    fn at_most_four_bytes_of_a_non_certificate_are_shown() {
        let key = [0x30, 0x77, 2, 1, 1, 4, 0x20, 0x55, 0x55, 0x55];
        let (truncated, begin) = (CertificateProblem::Malformed(Malformation::Truncated), &key[..4]);
        assert_eq!(place(&key), (truncated, begin));
        let whole = [&[0x30, 8][..], &key[2..]].concat();
        assert_eq!(place(&whole), (CertificateProblem::Malformed(Malformation::Der), &whole[..4]));
        assert_eq!(place(&[]), (CertificateProblem::Malformed(Malformation::Der), &[][..]));
    }

    #[test]
    fn the_field_to_blame_is_the_last_that_was_read() {
        let certificate = |fields: &[u8]| {
            let fields = [&[0x30, u8::try_from(fields.len()).unwrap()], fields].concat();
            let content = [&fields[..], &[0x30, 2, 6, 0, 3, 1, 0]].concat();
            [&[0x30, u8::try_from(content.len()).unwrap()][..], &content].concat()
        };
        let v3 = [0xa0, 3, 2, 1, 2];
        let version = certificate(&[0xa0, 3, 2, 1, 1]);
        assert_eq!(place(&version), (CertificateProblem::UnsupportedVersion, &[2, 1, 1][..]));
        let serial = certificate(&[&v3[..], &[2, 2, 0, 1]].concat());
        assert_eq!(place(&serial), (CertificateProblem::Malformed(Malformation::SerialNumber), &[2, 2, 0, 1][..]));
        let issuer = certificate(&[&v3[..], &[2, 1, 1, 0x30, 2, 6, 0, 0x30, 2, 5, 0]].concat());
        assert_eq!(place(&issuer), (CertificateProblem::Malformed(Malformation::Issuer), &[0x30, 2, 5, 0][..]));
    }
}
