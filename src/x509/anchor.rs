//! Trust anchors (RFC 5280 section 6.1.1 (d)).

use super::algorithm::{KeyAlgorithm, PublicKey};
use super::certificate::{Certificate, Origin, ProfileDefect};
use super::constraints::NameConstraints;
use super::der::Reader;
use super::extensions::{KeyHint, Purposes};
use super::name::Name;
use super::time::UnixTime;
use crate::error::{ApiMisuse, CertificateProblem, Error};

/// An authority that is trusted without being signed by another: a name and a key, root or
/// intermediate. Lends what it was made from; 64 bytes on a 32-bit machine.
///
/// RFC 5280 section 6.1.1 (d) knows an anchor as a name and a key only. Made
/// [from a certificate](Self::from_certificate) it keeps the limits that the authority set itself as
/// well, as RFC 5937 allows: validity, path length, name constraints and extended key usage. Made
/// [from a name and a key](Self::from_name_and_key) it has none, and never expires.
#[derive(Clone, Copy, Debug)]
pub struct TrustAnchor<'a> {
    subject: Name<'a>,
    pub(super) key: PublicKey<'a>,
    pub(super) key_hint: Option<KeyHint>,
    pub(super) validity: Option<(UnixTime, UnixTime)>,
    pub(super) path_len: Option<u8>,
    pub(super) purposes: Option<Purposes>,
    pub(super) name_constraints: Option<NameConstraints<'a>>,
    pub(super) profile_defect: Option<ProfileDefect>,
}

impl<'a> TrustAnchor<'a> {
    /// From a CA certificate in DER. Its own signature is not checked: that it is configured is why
    /// it is trusted. Version 1, the serial number 0 and `GeneralizedTime` before 2050 are tolerated, as
    /// roots that everybody trusts have them.
    ///
    /// # Errors
    /// [`ApiMisuse::TrustAnchorUnusable`] with the rule that the certificate broke:
    /// [`NotACa`](CertificateProblem::NotACa) for the certificate of a server or client,
    /// [`MissingCertSign`](CertificateProblem::MissingCertSign),
    /// [`UnsupportedKey`](CertificateProblem::UnsupportedKey),
    /// [`UnknownCriticalExtension`](CertificateProblem::UnknownCriticalExtension), or what is wrong
    /// with its encoding.
    pub fn from_certificate(der: &'a [u8]) -> Result<Self, Error> {
        Self::parse(der).map_err(|problem| ApiMisuse::TrustAnchorUnusable(problem).into())
    }

    /// From the DER of a distinguished name and of a `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
    ///
    /// # Errors
    /// [`ApiMisuse::TrustAnchorUnusable`] if one of them cannot be parsed, the name is empty or the
    /// key is of an unsupported kind.
    pub fn from_name_and_key(subject: &'a [u8], public_key_info: &'a [u8]) -> Result<Self, Error> {
        let parse = || {
            let (mut name, mut key) = (Reader::new(subject), Reader::new(public_key_info));
            let anchor = Self::new(Name::parse(&mut name)?, PublicKey::parse(&mut key)?)?;
            name.finish()?;
            key.finish()?;
            Ok(anchor)
        };
        parse().map_err(|problem| ApiMisuse::TrustAnchorUnusable(problem).into())
    }

    /// The name of the authority. Its DER is what `certificate_authorities` lists
    /// (RFC 9846 section 4.3.4).
    pub const fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// The last second of validity; `None` of an anchor that never expires.
    pub fn not_after(&self) -> Option<UnixTime> {
        self.validity.map(|(_, not_after)| not_after)
    }

    fn parse(der: &'a [u8]) -> Result<Self, CertificateProblem> {
        let certificate = Certificate::parse(der, Origin::Anchor)?;
        let extensions = certificate.extensions;
        if extensions.unknown_critical {
            return Err(CertificateProblem::UnknownCriticalExtension);
        }
        // A certificate of version 1 cannot say that it is a CA.
        let basic_constraints = extensions.basic_constraints.unwrap_or_default();
        if certificate.is_v3 && !basic_constraints.is_ca {
            return Err(CertificateProblem::NotACa);
        }
        if extensions.key_usage.is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(CertificateProblem::MissingCertSign);
        }
        Ok(Self {
            key_hint: extensions.subject_key,
            validity: Some((certificate.not_before, certificate.not_after)),
            path_len: basic_constraints.path_len,
            purposes: extensions.extended_key_usage,
            name_constraints: extensions.name_constraints,
            profile_defect: certificate.profile_defect(),
            ..Self::new(certificate.subject, certificate.key)?
        })
    }

    fn new(subject: Name<'a>, key: PublicKey<'a>) -> Result<Self, CertificateProblem> {
        if subject.is_empty() {
            return Err(CertificateProblem::Malformed);
        }
        if key.algorithm == KeyAlgorithm::Unsupported {
            return Err(CertificateProblem::UnsupportedKey);
        }
        Ok(Self {
            subject,
            key,
            key_hint: None,
            validity: None,
            path_len: None,
            purposes: None,
            name_constraints: None,
            profile_defect: None,
        })
    }
}
