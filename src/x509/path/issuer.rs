//! Issuers: a trust anchor, or a CA certificate that the peer sent.

use crate::error::CertificateProblem;
use crate::x509::certificate::algorithm::PublicKey;
use crate::x509::certificate::extensions::{KeyHint, KeyUsage, Purposes};
use crate::x509::certificate::{Certificate, Origin, ProfileDefect};
use crate::x509::name::Name;
use crate::x509::name::constraints::NameConstraints;
use crate::x509::time::{Time, UnixTime};

/// The key of an issuer, and the limits within which it issues (RFC 5280 section 6.1.1 (d), RFC 5937).
#[derive(Clone, Copy, Debug)]
pub(in crate::x509) struct Issuer<'a> {
    pub(in crate::x509) subject: Name<'a>,
    pub(in crate::x509) key: PublicKey<'a>,
    pub(in crate::x509) key_hint: Option<KeyHint>,
    /// `None` if it never expires.
    pub(in crate::x509) validity: Option<(UnixTime, UnixTime)>,
    pub(in crate::x509) path_len: Option<u8>,
    pub(in crate::x509) purposes: Option<Purposes>,
    pub(in crate::x509) name_constraints: Option<NameConstraints<'a>>,
    pub(in crate::x509) profile_defect: Option<ProfileDefect>,
}

impl<'a> Issuer<'a> {
    /// Reads the certificate of a trust anchor.
    pub(in crate::x509) fn parse(der: &'a [u8]) -> Result<Self, CertificateProblem> {
        let certificate = Certificate::parse(der, Origin::Anchor)?;
        let extensions = &certificate.extensions;
        if extensions.unknown_critical.is_some() {
            return Err(CertificateProblem::UnknownCriticalExtension);
        }
        // A certificate of version 1 has no extension that makes it a CA.
        if certificate.is_v3 {
            extensions.basic_constraints.check_ca()?;
        }
        KeyUsage::check_cert_sign(extensions.key_usage)?;
        // An anchor has a name, and a key that is supported.
        Self::new(certificate.subject, certificate.key)?;
        Ok(Self::from(certificate))
    }

    /// Makes an issuer without limits.
    pub(in crate::x509) fn new(subject: Name<'a>, key: PublicKey<'a>) -> Result<Self, CertificateProblem> {
        if subject.is_empty() {
            return Err(CertificateProblem::SubjectMissing);
        }
        Ok(Self {
            subject,
            key: key.supported()?,
            key_hint: None,
            validity: None,
            path_len: None,
            purposes: None,
            name_constraints: None,
            profile_defect: None,
        })
    }

    /// Checks the validity of a trust anchor (RFC 5280 section 4.1.2.5).
    pub(in crate::x509) fn check_anchor_validity(&self, time: Time) -> Result<(), CertificateProblem> {
        let (not_before, not_after) = self.validity.unwrap_or(UnixTime::ALWAYS);
        time.check(not_before, not_after).map(drop).map_err(|problem| match problem {
            CertificateProblem::NotYetValid => CertificateProblem::AnchorNotYetValid,
            _ => CertificateProblem::AnchorExpired,
        })
    }
}

impl<'a> From<Certificate<'a>> for Issuer<'a> {
    fn from(certificate: Certificate<'a>) -> Self {
        Self {
            subject: certificate.subject,
            key: certificate.key,
            key_hint: certificate.extensions.subject_key,
            validity: Some((certificate.not_before, certificate.not_after)),
            path_len: certificate.extensions.basic_constraints.path_len,
            purposes: certificate.extensions.extended_key_usage,
            name_constraints: certificate.extensions.name_constraints,
            profile_defect: certificate.profile_defect,
        }
    }
}
