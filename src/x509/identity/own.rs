//! Our own certificates, as the selection of a credential and its checks need them.

use crate::crypto::CryptoProvider;
use crate::der::{self, Reader, context_constructed, oid};
use crate::error::CertificateProblem;
use crate::role::Role;
use crate::wire::enums::SignatureScheme;
use crate::x509::certificate::algorithm::{KeyAlgorithm, PublicKey};
use crate::x509::certificate::extensions::{KeyUsage, Purposes};
use crate::x509::certificate::{Certificate, Origin, found};
use crate::x509::name::Name;
use crate::x509::name::server::ServerName;
use crate::x509::time::{Time, UnixTime};

/// A certificate of our own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnCertificate<'a> {
    der: &'a [u8],
    fields: Certificate<'a>,
}

impl<'a> OwnCertificate<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, CertificateProblem> {
        let fields = Certificate::parse(der, Origin::Anchor)?;
        Ok(Self { der, fields })
    }

    pub(crate) const fn issuer(&self) -> Name<'a> {
        self.fields.issuer
    }

    pub(crate) const fn not_before(&self) -> UnixTime {
        self.fields.not_before
    }

    pub(crate) const fn not_after(&self) -> UnixTime {
        self.fields.not_after
    }

    pub(crate) const fn key(&self) -> KeyAlgorithm {
        self.fields.key.algorithm()
    }

    pub(crate) const fn public_key(&self) -> PublicKey<'a> {
        self.fields.key
    }

    /// Returns the bytes of the longest signature of the key.
    pub(crate) fn signature_len(&self) -> usize {
        self.fields.key.signature_len()
    }

    /// Checks the version. RFC 9846 section 4.5.1.2: "The certificate type MUST be X.509v3". Required of the leaf only:
    /// no peer parses a root that we send.
    pub(crate) const fn check_version(&self) -> Result<(), CertificateProblem> {
        if self.fields.is_v3 { Ok(()) } else { Err(CertificateProblem::UnsupportedVersion) }
    }

    /// Returns whether it is a root, whose signature is never verified.
    pub(crate) const fn is_self_issued(&self) -> bool {
        self.fields.is_self_issued
    }

    /// RFC 5280 section 4.1.2.5.
    pub(crate) fn check_time(&self, time: Time) -> Result<(), CertificateProblem> {
        time.check(self.fields.not_before, self.fields.not_after).map(drop)
    }

    /// Checks that the holder may sign handshakes in the role that `purpose` names.
    pub(crate) fn check_purpose(&self, role: Role) -> Result<(), CertificateProblem> {
        let extensions = &self.fields.extensions;
        Purposes::check(extensions.extended_key_usage, role)?;
        KeyUsage::check_digital_signature(extensions.key_usage)
    }

    /// Returns whether the subject of `issuer` is the issuer of this one.
    pub(crate) fn names_issuer(&self, issuer: &Self) -> bool {
        self.fields.issuer.matches(&issuer.fields.subject)
    }

    /// Checks that the holder may issue others for the role that `purpose` names.
    pub(crate) fn check_ca(&self, role: Role) -> Result<(), CertificateProblem> {
        let extensions = &self.fields.extensions;
        extensions.basic_constraints.check_ca()?;
        KeyUsage::check_cert_sign(extensions.key_usage)?;
        Purposes::check(extensions.extended_key_usage, role)
    }

    /// Checks that `issuer`, which has the right name, has signed this. One public-key operation.
    pub(crate) fn check_issued_by<C: CryptoProvider>(
        &self,
        provider: C,
        issuer: &Self,
    ) -> Result<(), CertificateProblem> {
        let Certificate { signed, signature_kind, signature, .. } = self.fields;
        let algorithm = signature_kind.with_key(issuer.key()).ok_or(CertificateProblem::UnsupportedSignature)?;
        if !C::SIGNATURE_ALGORITHMS.contains(&algorithm) {
            return Err(CertificateProblem::UnsupportedSignature);
        }
        let verified = issuer.public_key().verify_by(provider, algorithm, signed, signature);
        verified.map_err(|_| CertificateProblem::SignatureInvalid)
    }

    /// Returns whether one of the subject alternative names matches this host name.
    pub(crate) fn serves(&self, name: &ServerName<'_>) -> bool {
        self.fields.extensions.subject_alt_name.is_some_and(|names| name.is_among(names))
    }

    /// Returns the schemes by which the certificate is signed (RFC 9846 section 4.3.3), whether this build can verify
    /// them or not; none for an algorithm without one. PSS has two, since the key of the issuer is not known here.
    pub(crate) fn signature_schemes(&self) -> &'static [SignatureScheme] {
        self.signature_algorithm().map_or(&[], schemes_of)
    }

    /// Returns whether the certificate has the extension `oid` with these values, as RFC 9846 section 4.3.5 compares
    /// them; `None` if it has no rule for that extension.
    pub(crate) fn holds(&self, oid: &[u8], values: &[u8]) -> Option<bool> {
        let found = match oid {
            oid::KEY_USAGE | oid::EXTENDED_KEY_USAGE => found::extension(self.der, oid),
            _ => return None,
        };
        let Some(found) = found else { return Some(false) };
        Some(
            values.is_empty()
                || if oid == oid::KEY_USAGE { has_bits(found, values) } else { has_purposes(found, values) },
        )
    }

    /// Returns the content of the `AlgorithmIdentifier`.
    fn signature_algorithm(&self) -> Option<&'a [u8]> {
        let mut certificate = Reader::inside(self.der, der::SEQUENCE).ok()?;
        certificate.raw(der::SEQUENCE).ok()?;
        certificate.value(der::SEQUENCE).ok()
    }
}

/// Splits the first certificate from a concatenation of several.
pub(crate) fn first_certificate(joined: &[u8]) -> Option<(&[u8], &[u8])> {
    let certificate = Reader::new(joined).raw(der::SEQUENCE).ok()?;
    joined.split_at_checked(certificate.len())
}

/// "The Key Usage extension in a certificate matches the request when all key usage bits asserted in the request
/// are also asserted in the Key Usage certificate extension."
fn has_bits(found: &[u8], wanted: &[u8]) -> bool {
    let bits = |value| Reader::new(value).named_bits().ok();
    match (bits(found), bits(wanted)) {
        (Some(found), Some(wanted)) => found & wanted == wanted,
        _ => false,
    }
}

/// "The Extended Key Usage extension in a certificate matches the request when all key purpose OIDs present in the
/// request are also found in the Extended Key Usage certificate extension."
fn has_purposes(found: &[u8], wanted: &[u8]) -> bool {
    let purposes = |value| {
        let mut list = Reader::inside(value, der::SEQUENCE).unwrap_or(Reader::new(&[]));
        core::iter::from_fn(move || list.value(der::OID).ok())
    };
    let readable = Reader::inside(wanted, der::SEQUENCE).is_ok_and(|list| !list.is_empty());
    readable && purposes(wanted).all(|wanted| purposes(found).any(|found| found == wanted))
}

/// The schemes of signatures by their algorithm, except for PSS (RFC 9846 section 4.3.3).
static SCHEMES: [(&[u8], [SignatureScheme; 1]); 10] = [
    (oid::ECDSA_WITH_SHA1, [SignatureScheme(ECDSA_SHA1)]),
    (oid::ECDSA_WITH_SHA256, [SignatureScheme::ECDSA_SECP256R1_SHA256]),
    (oid::ECDSA_WITH_SHA384, [SignatureScheme::ECDSA_SECP384R1_SHA384]),
    (oid::ECDSA_WITH_SHA512, [SignatureScheme(0x0603)]),
    (oid::SHA1_WITH_RSA, [SignatureScheme(RSA_PKCS1_SHA1)]),
    (oid::SHA256_WITH_RSA, [SignatureScheme::RSA_PKCS1_SHA256]),
    (oid::SHA384_WITH_RSA, [SignatureScheme::RSA_PKCS1_SHA384]),
    (oid::SHA512_WITH_RSA, [SignatureScheme::RSA_PKCS1_SHA512]),
    (oid::ED25519, [SignatureScheme::ED25519]),
    (oid::ED448, [SignatureScheme(0x0808)]),
];

/// Returns the schemes of an `AlgorithmIdentifier`.
fn schemes_of(identifier: &[u8]) -> &'static [SignatureScheme] {
    let mut reader = Reader::new(identifier);
    let algorithm = reader.value(der::OID).unwrap_or_default();
    if algorithm == oid::RSASSA_PSS {
        return pss_schemes(reader);
    }
    SCHEMES.iter().find(|(oid, _)| *oid == algorithm).map_or(&[], |(_, scheme)| scheme)
}

/// `ecdsa_sha1`, and `rsa_pkcs1_sha1`: in certificates only, and not by RFC 9846 section 4.3.3 unless there is no other
/// chain.
const ECDSA_SHA1: u16 = 0x0203;
const RSA_PKCS1_SHA1: u16 = 0x0201;

/// Returns whether a scheme uses SHA-1.
pub(crate) const fn is_sha1(scheme: SignatureScheme) -> bool {
    matches!(scheme.0, ECDSA_SHA1 | RSA_PKCS1_SHA1)
}

/// Returns the schemes for the hash of `RSASSA-PSS-params` (RFC 4055 section 3.1).
fn pss_schemes(mut parameters: Reader<'_>) -> &'static [SignatureScheme] {
    use SignatureScheme as Scheme;
    let hash = parameters.nested(der::SEQUENCE).and_then(|mut fields| fields.optional(context_constructed(0)));
    let hash = hash.ok().flatten().and_then(|field| Reader::inside(field, der::SEQUENCE).ok()?.value(der::OID).ok());
    match hash.unwrap_or_default() {
        oid::SHA256 => &[Scheme::RSA_PSS_RSAE_SHA256, Scheme::RSA_PSS_PSS_SHA256],
        oid::SHA384 => &[Scheme::RSA_PSS_RSAE_SHA384, Scheme::RSA_PSS_PSS_SHA384],
        oid::SHA512 => &[Scheme::RSA_PSS_RSAE_SHA512, Scheme::RSA_PSS_PSS_SHA512],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_a_signature_does_not_depend_on_the_features() {
        let rsa = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];
        assert_eq!(schemes_of(&rsa), [SignatureScheme::RSA_PKCS1_SHA256]);
        let ecdsa = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        assert_eq!(schemes_of(&ecdsa), [SignatureScheme::ECDSA_SECP256R1_SHA256]);
        let sha1 = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
        assert!(schemes_of(&sha1).iter().all(|&scheme| is_sha1(scheme)) && !schemes_of(&sha1).is_empty());
        let head = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10, 0x30, 17, 0xa0, 15, 0x30, 13, 6, 9];
        let pss = [&head[..], &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0]].concat();
        assert_eq!(schemes_of(&pss), [SignatureScheme::RSA_PSS_RSAE_SHA384, SignatureScheme::RSA_PSS_PSS_SHA384]);
        assert_eq!(schemes_of(&[6, 1, 42]), []);
    }

    #[test]
    fn all_bits_and_all_purposes_that_are_wanted_have_to_be_there() {
        let (signature, both) = (&[3, 2, 7, 0x80][..], &[3, 2, 5, 0xa0][..]);
        assert!(has_bits(both, signature) && has_bits(both, both) && !has_bits(signature, both));
        assert!(!has_bits(both, &[4, 0]));
        let (one, two) = (&[0x30, 3, 6, 1, 41][..], &[0x30, 6, 6, 1, 41, 6, 1, 42][..]);
        assert!(has_purposes(two, one) && has_purposes(two, two) && !has_purposes(one, two));
        assert!(!has_purposes(two, &[0x30, 0]) && !has_purposes(two, &[5, 0]));
    }

    #[test]
    fn concatenated_certificates_are_separated() {
        assert_eq!(first_certificate(&[0x30, 1, 7, 0x30, 0]), Some((&[0x30, 1, 7][..], &[0x30, 0][..])));
        assert_eq!(first_certificate(&[0x30, 2, 7]), None);
        assert_eq!(first_certificate(&[]), None);
    }
}
