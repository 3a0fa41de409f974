//! The parser of certificates (RFC 5280 section 4.1).

pub(super) mod algorithm;
pub(super) mod extensions;
pub(super) mod found;
pub(super) mod unsupported;

use self::algorithm::{PublicKey, SignatureKind};
use self::extensions::{Extensions, KeyUsage};
use crate::der::{self, Malformed, Reader, context, context_constructed};
use crate::error::{CertificateProblem, Malformation};
use crate::x509::name::Name;
use crate::x509::name::constraints::NameConstraints;
use crate::x509::time::UnixTime;

/// Longest serial number in bytes, without a zero in front that only keeps it positive (RFC 5280 section 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// The origin of a certificate, which decides what is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Sent by the peer.
    Peer,
    /// Configured, as a trust anchor or in a chain of our own: old roots are of version 1, and trust in them is the
    /// decision of the user.
    Anchor,
}

/// A departure from the profile of RFC 5280 section 4 that path validation (section 6) accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfileDefect {
    /// An extension that constrains what is below is not critical.
    Criticality,
    /// A FALSE that is the default is encoded.
    DefaultValue,
    /// A date through the year 2049 is a GeneralizedTime.
    GeneralizedTime,
    /// A key identifier is missing.
    KeyIdentifier,
    /// The key may sign certificates, but its owner is not a CA.
    KeyUsage,
    /// A constraint on dNSNames begins with a period.
    NameConstraints,
    /// A certificate that is not a CA has a path length.
    PathLength,
    /// The serial number is not positive, or takes 21 bytes.
    SerialNumber,
    /// The parameters of ECDSA are NULL.
    SignatureParameters,
    /// The only names are in a subject alternative name that is not critical.
    SubjectAltName,
}

impl ProfileDefect {
    pub(crate) const fn problem(self) -> CertificateProblem {
        match self {
            Self::Criticality => CertificateProblem::ConstraintNotCritical,
            Self::DefaultValue => CertificateProblem::Malformed(Malformation::DefaultValue),
            Self::GeneralizedTime => CertificateProblem::Malformed(Malformation::GeneralizedTime),
            Self::KeyIdentifier => CertificateProblem::MissingKeyIdentifier,
            Self::KeyUsage => CertificateProblem::CertSignWithoutCa,
            Self::NameConstraints => CertificateProblem::Malformed(Malformation::NameConstraints),
            Self::PathLength => CertificateProblem::Malformed(Malformation::PathLength),
            Self::SerialNumber => CertificateProblem::SerialNumber,
            Self::SignatureParameters => CertificateProblem::Malformed(Malformation::SignatureParameters),
            Self::SubjectAltName => CertificateProblem::SubjectMissing,
        }
    }

    pub(crate) const fn code(defect: Option<Self>) -> u8 {
        match defect {
            None => 0,
            Some(Self::Criticality) => 1,
            Some(Self::KeyIdentifier) => 2,
            Some(Self::KeyUsage) => 3,
            Some(Self::DefaultValue) => 4,
            Some(Self::GeneralizedTime) => 5,
            Some(Self::PathLength) => 6,
            Some(Self::SerialNumber) => 7,
            Some(Self::SignatureParameters) => 8,
            Some(Self::SubjectAltName) => 9,
            Some(Self::NameConstraints) => 10,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Criticality),
            2 => Some(Self::KeyIdentifier),
            3 => Some(Self::KeyUsage),
            4 => Some(Self::DefaultValue),
            5 => Some(Self::GeneralizedTime),
            6 => Some(Self::PathLength),
            7 => Some(Self::SerialNumber),
            8 => Some(Self::SignatureParameters),
            9 => Some(Self::SubjectAltName),
            10 => Some(Self::NameConstraints),
            _ => None,
        }
    }
}

/// The fields of a certificate, borrowed from its DER.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    /// The `TBSCertificate`, which is signed, with its tag and length.
    pub(in crate::x509) tbs: &'a [u8],
    /// True for version 3, false for version 1.
    is_v3: bool,
    pub(in crate::x509) serial: &'a [u8],
    pub(in crate::x509) issuer: Name<'a>,
    pub(in crate::x509) not_before: UnixTime,
    pub(in crate::x509) not_after: UnixTime,
    pub(in crate::x509) subject: Name<'a>,
    pub(in crate::x509) key: PublicKey<'a>,
    pub(in crate::x509) extensions: Extensions<'a>,
    pub(in crate::x509) signature_kind: SignatureKind,
    /// The object identifier of the signature algorithm.
    pub(in crate::x509) signature_oid: &'a [u8],
    pub(in crate::x509) signature: &'a [u8],
    /// The departures from the profile that do not keep the fields from being parsed.
    tolerated: Tolerated,
}

/// Departures from the profile that RFC 5280 allows verifiers to process.
#[derive(Clone, Copy, Debug, Default)]
struct Tolerated {
    early_generalized_time: bool,
    serial_number: bool,
    signature_parameters: bool,
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
    /// Parses a whole certificate. Rules that depend on its place in a path are not checked here.
    ///
    /// RFC 9846 section 4.5.1.2.
    ///
    /// RFC 5280 section 4.1.2.3.
    pub(crate) fn parse(der: &'a [u8], origin: Origin) -> Result<Self, CertificateProblem> {
        let [tbs, outer_algorithm, signature] = outer(der)?;
        let mut fields = Reader::inside(tbs, der::SEQUENCE).within(Malformation::TbsCertificate)?;
        let mut tolerated = Tolerated::default();
        let is_v3 = version(&mut fields, origin)?;
        let serial = serial_number(&mut fields, &mut tolerated.serial_number)?;
        // RFC 5280 section 4.1.1.2: "This field MUST contain the same algorithm identifier as the
        // signature field in the sequence tbsCertificate".
        if fields.value(der::SEQUENCE).within(Malformation::SignatureAlgorithm)? != outer_algorithm {
            return Err(CertificateProblem::SignatureAlgorithmMismatch);
        }
        let issuer = Name::parse(&mut fields).within(Malformation::Issuer)?;
        // RFC 5280 section 4.1.2.4: "The issuer field MUST contain a non-empty distinguished name".
        if issuer.is_empty() {
            return Err(CertificateProblem::Malformed(Malformation::IssuerEmpty));
        }
        let mut validity = fields.nested(der::SEQUENCE).within(Malformation::NotBefore)?;
        let early = &mut tolerated.early_generalized_time;
        let not_before = UnixTime::parse(&mut validity, early).within(Malformation::NotBefore)?;
        let not_after = UnixTime::parse(&mut validity, early).within(Malformation::NotAfter)?;
        validity.finish().within(Malformation::NotAfter)?;
        let subject = Name::parse(&mut fields).within(Malformation::Subject)?;
        let key = PublicKey::parse(&mut fields).within(Malformation::PublicKey)?;
        let extensions = optional_fields(fields, is_v3)?;
        if subject.is_empty() && extensions.subject_alt_name.is_none() && origin == Origin::Peer {
            return Err(CertificateProblem::SubjectMissing);
        }
        let signature_kind = SignatureKind::parse(outer_algorithm, &mut tolerated.signature_parameters);
        let signature_kind = signature_kind.within(Malformation::SignatureAlgorithm)?;
        let signature_oid = Reader::new(outer_algorithm).value(der::OID).within(Malformation::SignatureAlgorithm)?;
        Ok(Self {
            tbs,
            is_v3,
            serial,
            issuer,
            not_before,
            not_after,
            subject,
            key,
            extensions,
            signature_kind,
            signature_oid,
            signature,
            tolerated,
        })
    }

    pub(in crate::x509) const fn is_v3(&self) -> bool {
        self.is_v3
    }

    /// Returns the first departure from the profile.
    ///
    /// RFC 5280 sections 4.1.2.6, 4.2.1.1, 4.2.1.2, 4.2.1.3 and 4.2.1.6.
    #[inline(never)] // smaller than in its caller
    pub(crate) fn profile_defect(&self) -> Option<ProfileDefect> {
        let extensions = &self.extensions;
        let is_ca = extensions.basic_constraints.unwrap_or_default().is_ca;
        // RFC 5280 sections 4.2.1.9 and 4.2.1.10: "Conforming CAs ... MUST mark this extension as critical".
        if extensions.lenient_constraint {
            return Some(ProfileDefect::Criticality);
        }
        // Section 4.2.1.1: the authority key identifier "MUST be included in all certificates generated by
        // conforming CAs" but self-signed ones; section 4.2.1.2: the subject key identifier "MUST appear in
        // all conforming CA certificates".
        let without_authority_key = extensions.authority_key.is_none() && !self.subject.matches(&self.issuer);
        if without_authority_key || is_ca && extensions.subject_key.is_none() {
            return Some(ProfileDefect::KeyIdentifier);
        }
        // Section 4.2.1.9: "If the cA boolean is not asserted, then the keyCertSign bit in the key usage
        // extension MUST NOT be asserted."
        let signs = extensions.key_usage.is_some_and(KeyUsage::has_cert_sign);
        if signs && !is_ca {
            return Some(ProfileDefect::KeyUsage);
        }
        // Section 4.2.1.10 gives mailboxes and URIs a period in front, and dNSNames none.
        if extensions.name_constraints.is_some_and(NameConstraints::has_dns_with_period) {
            return Some(ProfileDefect::NameConstraints);
        }
        // Section 4.1.2.6: if the names are in the subjectAltName only, "the subject name MUST be an empty sequence
        // and the subjectAltName extension MUST be critical".
        if self.subject.is_empty() && !extensions.critical_alt_name {
            return Some(ProfileDefect::SubjectAltName);
        }
        self.defect_of_encoding()
    }

    /// Returns the first departure from the rules on encoding, which bind authorities.
    const fn defect_of_encoding(&self) -> Option<ProfileDefect> {
        let Tolerated { early_generalized_time, serial_number, signature_parameters } = self.tolerated;
        if serial_number {
            Some(ProfileDefect::SerialNumber)
        } else if early_generalized_time {
            Some(ProfileDefect::GeneralizedTime)
        } else if signature_parameters {
            Some(ProfileDefect::SignatureParameters)
        } else {
            self.extensions.tolerated
        }
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

/// Reads whether the certificate is of version 3. RFC 9846 section 4.5.1: "The certificate type MUST be
/// X.509v3, unless explicitly negotiated otherwise".
///
/// RFC 5280 sections 4.1.2.1 and 6.1.4.
fn version(fields: &mut Reader<'_>, origin: Origin) -> Result<bool, CertificateProblem> {
    // Version 1 is the default and not written.
    match fields.optional(context_constructed(0)) {
        Ok(None) if origin == Origin::Anchor => Ok(false),
        Ok(Some([der::INTEGER, 1, 2])) => Ok(true),
        _ => Err(CertificateProblem::UnsupportedVersion),
    }
}

/// RFC 5280 section 4.1.2.2: "Conforming CAs MUST NOT use serialNumber values longer than 20 octets." But: "Non-conforming
/// CAs may issue certificates with serial numbers that are negative or zero. Certificate users SHOULD be prepared to
/// gracefully handle such certificates", which `odd` notes, and 20 octets behind a zero.
fn serial_number<'a>(fields: &mut Reader<'a>, odd: &mut bool) -> Result<&'a [u8], CertificateProblem> {
    let serial = fields.integer().within(Malformation::SerialNumber)?;
    let value = serial.strip_prefix(&[0]).unwrap_or(serial);
    if value.len() > MAX_SERIAL {
        return Err(CertificateProblem::SerialNumber);
    }
    *odd = serial.first().is_none_or(|&first| first >= 0x80) || serial == [0] || serial.len() > MAX_SERIAL;
    Ok(serial)
}

/// The unique identifiers, which are skipped, and the extensions.
fn optional_fields(mut fields: Reader<'_>, is_v3: bool) -> Result<Extensions<'_>, CertificateProblem> {
    // RFC 5280 sections 4.1.2.8 and 4.1.2.9: unique identifiers and extensions "MUST only appear if
    // the version is" 2 or 3, and 3. "Applications conforming to this profile SHOULD be capable of
    // parsing certificates that include unique identifiers".
    let mut extensions = Extensions::default();
    if is_v3 {
        for unique_identifier in [context(1), context(2)] {
            let bits = fields.optional(unique_identifier).within(Malformation::TbsCertificate)?;
            if bits.is_some_and(|bits| bits.first().is_none_or(|&unused| unused > 7)) {
                return Err(CertificateProblem::Malformed(Malformation::TbsCertificate));
            }
        }
        if let Some(field) = fields.optional(context_constructed(3)).within(Malformation::Extensions)? {
            extensions = Extensions::parse(field)?;
        }
    }
    fields.finish().within(Malformation::TbsCertificate)?;
    Ok(extensions)
}
