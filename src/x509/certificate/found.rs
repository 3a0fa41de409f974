//! The excerpt of a certificate that cannot be parsed: the field to blame, looked up when the certificate is refused,
//! since its bytes are gone when the explanation is requested.

use super::extensions::Extension;
use crate::der::{self, Reader, context, context_constructed, oid};
use crate::error::{CertificateProblem, Malformation};
use crate::x509::name::Name;

/// Bytes of a field that are kept.
const EXCERPT: usize = 24;
/// Bytes that are kept of something that is not a certificate: it may be a private key.
const BEGINNING: usize = 4;

/// The places of the fields after the version (RFC 5280 section 4.1).
const SERIAL_NUMBER: usize = 0;
const SIGNATURE: usize = 1;
const ISSUER: usize = 2;
const VALIDITY: usize = 3;
const SUBJECT: usize = 4;
const PUBLIC_KEY: usize = 5;
/// The index at which the unique identifiers and the extensions begin.
const OPTIONAL: usize = 6;

/// Returns the beginning of the field that breaks the rule; empty if there is none.
pub(crate) fn excerpt(certificate: &[u8], problem: CertificateProblem) -> &[u8] {
    let found = field_to_blame(certificate, problem).unwrap_or_default();
    found.get(..EXCERPT).unwrap_or(found)
}

/// Returns the subject, if at least that can be parsed.
pub(crate) fn subject(certificate: &[u8]) -> Option<Name<'_>> {
    Name::from_der(field(certificate, SUBJECT)?)
}

/// Returns the value of an extension (RFC 5280 section 4.2).
pub(crate) fn extension<'a>(certificate: &'a [u8], oid: &[u8]) -> Option<&'a [u8]> {
    Some(extensions(certificate)?.find(|extension| extension.oid == oid)?.value)
}

fn field_to_blame(certificate: &[u8], problem: CertificateProblem) -> Option<&[u8]> {
    let extension = |oid| extension(certificate, oid);
    let value = |place| Reader::new(field(certificate, place)?).any().ok().map(|(_, value)| value);
    match problem {
        CertificateProblem::DuplicateExtension => {
            let mut all = extensions(certificate)?.enumerate();
            let twice = |place, oid| extensions(certificate).is_some_and(|all| all.take(place).any(|e| e.oid == oid));
            all.find(|(place, extension)| twice(*place, extension.oid)).map(|(_, extension)| extension.oid)
        }
        CertificateProblem::Malformed(field_name) => match field_name {
            Malformation::BasicConstraints => extension(oid::BASIC_CONSTRAINTS),
            Malformation::Der | Malformation::Trailing | Malformation::Truncated => {
                Some(certificate.get(..BEGINNING).unwrap_or(certificate))
            }
            Malformation::ExtendedKeyUsage => extension(oid::EXTENDED_KEY_USAGE),
            Malformation::Extension => extensions(certificate)?
                .find(|extension| extension.is_of_profile() && !extension.holds_one_value())
                .map(|extension| extension.value),
            Malformation::Issuer | Malformation::IssuerEmpty => field(certificate, ISSUER),
            Malformation::KeyIdentifier => extension(oid::AUTHORITY_KEY_IDENTIFIER)
                .filter(|value| Reader::inside(value, der::SEQUENCE).is_err())
                .or_else(|| extension(oid::SUBJECT_KEY_IDENTIFIER))
                .or_else(|| extension(oid::AUTHORITY_KEY_IDENTIFIER)),
            Malformation::KeyUsage => extension(oid::KEY_USAGE),
            Malformation::NameConstraints => extension(oid::NAME_CONSTRAINTS),
            Malformation::NotAfter => {
                let mut dates = Reader::new(value(VALIDITY)?);
                dates.any().ok()?;
                dates.any().ok().map(|(_, date)| date)
            }
            Malformation::NotBefore => Reader::new(value(VALIDITY)?).any().ok().map(|(_, date)| date),
            Malformation::PublicKey => field(certificate, PUBLIC_KEY),
            Malformation::SerialNumber => field(certificate, SERIAL_NUMBER),
            Malformation::SignatureAlgorithm => field(certificate, SIGNATURE),
            Malformation::Subject => field(certificate, SUBJECT),
            Malformation::SubjectAltName => extension(oid::SUBJECT_ALT_NAME),
            _ => None,
        },
        CertificateProblem::SerialNumber => value(SERIAL_NUMBER),
        CertificateProblem::UnsupportedVersion => version(&mut signed(certificate)?),
        _ => None,
    }
}

/// Opens the signed part.
fn signed(certificate: &[u8]) -> Option<Reader<'_>> {
    Reader::inside(certificate, der::SEQUENCE).ok()?.nested(der::SEQUENCE).ok()
}

/// Returns the content of the version, if it is encoded.
fn version<'a>(fields: &mut Reader<'a>) -> Option<&'a [u8]> {
    fields.optional(context_constructed(0)).ok()?
}

/// Returns the field at a place after the version, with its tag and length.
fn field(certificate: &[u8], place: usize) -> Option<&[u8]> {
    let mut fields = signed(certificate)?;
    version(&mut fields);
    for _ in 0..place {
        fields.any().ok()?;
    }
    let before = fields.rest();
    fields.any().ok()?;
    before.get(..before.len().saturating_sub(fields.rest().len()))
}

/// Lists the extensions up to the first that cannot be parsed.
fn extensions(certificate: &[u8]) -> Option<impl Iterator<Item = Extension<'_>>> {
    let mut fields = signed(certificate)?;
    version(&mut fields);
    for _ in 0..OPTIONAL {
        fields.any().ok()?;
    }
    for unique_identifier in [context(1), context(2)] {
        fields.optional(unique_identifier).ok()?;
    }
    let mut list = Reader::inside(fields.optional(context_constructed(3)).ok()??, der::SEQUENCE).ok()?;
    Some(core::iter::from_fn(move || Extension::parse(&mut list, &mut false).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_four_bytes_of_a_non_certificate_are_printed() {
        let key = [0x30, 0x77, 2, 1, 1, 4, 0x20, 0x55, 0x55, 0x55];
        for field in [Malformation::Der, Malformation::Trailing, Malformation::Truncated] {
            assert_eq!(excerpt(&key, CertificateProblem::Malformed(field)), [0x30, 0x77, 2, 1]);
        }
        assert_eq!(excerpt(&key, CertificateProblem::SerialNumber), []);
        assert_eq!(excerpt(&[], CertificateProblem::Malformed(Malformation::Der)), []);
    }
}
