//! A certificate (RFC 5280 section 4.1), read where it lies.

use super::algorithm::{KeyAlgorithm, PublicKey, SignatureKind};
use super::der::{self, Malformed, Reader, context, context_constructed};
use super::extensions::Extensions;
use super::name::Name;
use super::time::UnixTime;
use crate::error::CertificateProblem;

/// Longest serial number in bytes (RFC 5280 section 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// Who made the certificate known to us decides what is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Sent by the peer.
    Peer,
    /// Configured as a trust anchor: old roots are of version 1, have the serial number 0 or dates in
    /// the wrong form, and trust in them is the decision of the user.
    Anchor,
}

/// The fields of a certificate, lent from its DER.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certificate<'a> {
    /// What is signed: the `TBSCertificate` with its tag and length.
    pub(super) tbs: &'a [u8],
    /// Whether it is of version 3; else it is of version 1.
    pub(super) is_v3: bool,
    pub(super) serial: &'a [u8],
    pub(super) issuer: Name<'a>,
    pub(super) not_before: UnixTime,
    pub(super) not_after: UnixTime,
    pub(super) subject: Name<'a>,
    pub(super) key: PublicKey<'a>,
    pub(super) extensions: Extensions<'a>,
    pub(super) signature_kind: SignatureKind,
    pub(super) signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads all of a certificate. Nothing is judged here that depends on its place in a path.
    pub(super) fn parse(der: &'a [u8], origin: Origin) -> Result<Self, CertificateProblem> {
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
        let signature_kind = SignatureKind::parse(outer_algorithm)?;
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
            signature,
        })
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

/// What we have to know of a certificate of our own.
pub(crate) struct OwnCertificate<'a> {
    pub(crate) issuer: Name<'a>,
    pub(crate) key: KeyAlgorithm,
    /// Bytes of the longest signature of the key.
    pub(crate) signature_len: usize,
}

/// Reads a certificate of our own; `None` if it is none.
pub(crate) fn own_certificate(der: &[u8]) -> Option<OwnCertificate<'_>> {
    let certificate = Certificate::parse(der, Origin::Anchor).ok()?;
    let Certificate { issuer, key, .. } = certificate;
    Some(OwnCertificate { issuer, key: key.algorithm, signature_len: key.signature_len() })
}

impl From<Malformed> for CertificateProblem {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
