//! A certificate (RFC 5280 section 4.1), read where it lies.

pub(super) mod algorithm;
pub(super) mod der;
pub(super) mod extensions;
pub(super) mod oid;

use self::algorithm::{PublicKey, SignatureKind};
use self::der::{Malformed, Reader, context, context_constructed};
use self::extensions::{Extensions, KeyUsage};
use crate::error::CertificateProblem;
use crate::x509::name::Name;
use crate::x509::time::UnixTime;

/// Longest serial number in bytes (RFC 5280 section 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// Who made the certificate known to us decides what is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Sent by the peer.
    Peer,
    /// Configured as a trust anchor: old roots are of version 1, have the serial number 0 or dates in
    /// the wrong form, and trust in them is the decision of the user.
    Anchor,
}

/// What RFC 5280 section 4 forbids authorities to issue, though path validation (section 6) accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfileDefect {
    /// An extension that constrains what is below is not critical.
    Criticality,
    /// A key identifier is missing.
    KeyIdentifier,
    /// The key may sign certificates, and its owner is no CA.
    KeyUsage,
}

impl ProfileDefect {
    pub(crate) const fn problem(self) -> CertificateProblem {
        match self {
            Self::Criticality => CertificateProblem::ConstraintNotCritical,
            Self::KeyIdentifier => CertificateProblem::MissingKeyIdentifier,
            Self::KeyUsage => CertificateProblem::CertSignWithoutCa,
        }
    }

    pub(crate) const fn code(defect: Option<Self>) -> u8 {
        match defect {
            None => 0,
            Some(Self::Criticality) => 1,
            Some(Self::KeyIdentifier) => 2,
            Some(Self::KeyUsage) => 3,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Criticality),
            2 => Some(Self::KeyIdentifier),
            3 => Some(Self::KeyUsage),
            _ => None,
        }
    }
}

/// The fields of a certificate, lent from its DER.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    /// What is signed: the `TBSCertificate` with its tag and length.
    pub(crate) tbs: &'a [u8],
    /// Whether it is of version 3; else it is of version 1.
    pub(super) is_v3: bool,
    pub(crate) serial: &'a [u8],
    pub(crate) issuer: Name<'a>,
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
    pub(crate) subject: Name<'a>,
    pub(crate) key: PublicKey<'a>,
    pub(crate) extensions: Extensions<'a>,
    pub(crate) signature_kind: SignatureKind,
    /// The object identifier of the signature algorithm.
    pub(crate) signature_oid: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads all of a certificate. Nothing is judged here that depends on its place in a path.
    pub(crate) fn parse(der: &'a [u8], origin: Origin) -> Result<Self, CertificateProblem> {
        let mut certificate = Reader::inside(der, der::SEQUENCE)?;
        let tbs = certificate.raw(der::SEQUENCE)?;
        let outer_algorithm = certificate.value(der::SEQUENCE)?;
        let signature = certificate.bit_string_bytes()?;
        certificate.finish()?;

        let mut fields = Reader::inside(tbs, der::SEQUENCE)?;
        let is_v3 = version(&mut fields, origin)?;
        let serial = serial_number(&mut fields, origin)?;
        // RFC 5280 section 4.1.1.2: "This field MUST contain the same algorithm identifier as the
        // signature field in the sequence tbsCertificate".
        if fields.value(der::SEQUENCE)? != outer_algorithm {
            return Err(CertificateProblem::SignatureAlgorithmMismatch);
        }
        let issuer = Name::parse(&mut fields)?;
        // RFC 5280 section 4.1.2.4: "The issuer field MUST contain a non-empty distinguished name".
        if issuer.is_empty() {
            return Err(CertificateProblem::Malformed);
        }
        let mut validity = fields.nested(der::SEQUENCE)?;
        let not_before = UnixTime::parse(&mut validity, origin)?;
        let not_after = UnixTime::parse(&mut validity, origin)?;
        validity.finish()?;
        let subject = Name::parse(&mut fields)?;
        let key = PublicKey::parse(&mut fields)?;
        let extensions = optional_fields(fields, is_v3)?;
        // RFC 5280 section 4.1.2.6: if the names are in the subjectAltName only, "the subject name MUST be
        // an empty sequence and the subjectAltName extension MUST be critical".
        let named = !subject.is_empty() || extensions.subject_alt_name.is_some() && extensions.critical_alt_name;
        if !named && origin == Origin::Peer {
            return Err(CertificateProblem::SubjectMissing);
        }
        let signature_kind = SignatureKind::parse(outer_algorithm)?;
        let signature_oid = Reader::new(outer_algorithm).value(der::OID)?;
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
        })
    }
}

impl Certificate<'_> {
    /// The first that there is.
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
        let signs = extensions.key_usage.is_some_and(KeyUsage::key_cert_sign);
        (signs && !is_ca).then_some(ProfileDefect::KeyUsage)
    }
}

/// Whether the certificate is of version 3. RFC 9846 section 4.5.1: "The certificate type MUST be
/// X.509v3, unless explicitly negotiated otherwise".
fn version(fields: &mut Reader<'_>, origin: Origin) -> Result<bool, CertificateProblem> {
    let Some(field) = fields.optional(context_constructed(0))? else {
        // Version 1 is the default and not written.
        return if origin == Origin::Anchor { Ok(false) } else { Err(CertificateProblem::UnsupportedVersion) };
    };
    let mut reader = Reader::new(field);
    let version = reader.integer()?;
    reader.finish()?;
    if version == [2] { Ok(true) } else { Err(CertificateProblem::UnsupportedVersion) }
}

/// RFC 5280 section 4.1.2.2: "The serial number MUST be a positive integer", and "Conforming CAs MUST
/// NOT use serialNumber values longer than 20 octets."
fn serial_number<'a>(fields: &mut Reader<'a>, origin: Origin) -> Result<&'a [u8], CertificateProblem> {
    let serial = fields.integer()?;
    let negative = serial.first().is_some_and(|&first| first >= 0x80);
    let zero = serial == [0] && origin == Origin::Peer;
    if negative || zero || serial.len() > MAX_SERIAL { Err(CertificateProblem::SerialNumber) } else { Ok(serial) }
}

/// The unique identifiers, which are skipped, and the extensions.
fn optional_fields(mut fields: Reader<'_>, is_v3: bool) -> Result<Extensions<'_>, CertificateProblem> {
    // RFC 5280 sections 4.1.2.8 and 4.1.2.9: unique identifiers and extensions "MUST only appear if
    // the version is" 2 or 3, and 3. "Applications conforming to this profile SHOULD be capable of
    // parsing certificates that include unique identifiers".
    let mut extensions = Extensions::default();
    if is_v3 {
        for unique_identifier in [context(1), context(2)] {
            if let Some(bits) = fields.optional(unique_identifier)? {
                bits.first().filter(|&&unused| unused <= 7).ok_or(Malformed)?;
            }
        }
        if let Some(field) = fields.optional(context_constructed(3))? {
            extensions = Extensions::parse(field)?;
        }
    }
    fields.finish()?;
    Ok(extensions)
}

impl From<Malformed> for CertificateProblem {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
