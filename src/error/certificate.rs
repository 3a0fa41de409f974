//! Why a certificate path was refused.

use super::{AlertDescription, Malformation};

/// A certificate to blame, and the rule it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CertificateError {
    /// Which certificate, counted from 0 (the leaf) in the order in which the peer sent them.
    /// Where a trust anchor is to blame it is the certificate that the anchor issued.
    pub index: u8,
    /// The rule it broke.
    pub problem: CertificateProblem,
}

/// The rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CertificateProblem {
    /// The certificate of the trust anchor has expired (RFC 5280 section 4.1.2.5).
    AnchorExpired,
    /// The certificate of the trust anchor is not valid yet (RFC 5280 section 4.1.2.5).
    AnchorNotYetValid,
    /// The certificate names a trust anchor as its issuer, but was not signed with its key: another
    /// authority of the same name, or a certificate that was changed (RFC 5280 section 6.1.3 (a)(1)).
    AnchorSignatureInvalid,
    /// The key usage holds keyCertSign in a certificate that is no CA (RFC 5280 section 4.2.1.9).
    CertSignWithoutCa,
    /// The common name is not the one that was asked for (RFC 9525 section 1.3 advises not to ask).
    CommonNameMismatch,
    /// Basic or name constraints of a CA are not critical (RFC 5280 sections 4.2.1.9 and 4.2.1.10).
    ConstraintNotCritical,
    /// More CA certificates stand above the leaf than the configuration allows, or than are ever followed.
    DepthExceeded,
    /// An extension stands twice in the certificate (RFC 5280 section 4.2).
    DuplicateExtension,
    /// Validity is over (RFC 5280 section 4.1.2.5).
    Expired,
    /// The extended key usage does not allow the role that the peer has (RFC 5280 section 4.2.1.12).
    ExtendedKeyUsage,
    /// The list holds more certificates than can be counted.
    ListTooLong,
    /// A field of the certificate cannot be read, or breaks the profile where that is asked for
    /// (RFC 5280 section 4.1).
    Malformed(Malformation),
    /// The key usage of a CA certificate lacks keyCertSign (RFC 5280 section 4.2.1.3).
    MissingCertSign,
    /// The key usage of the leaf lacks digitalSignature (RFC 9846 section 4.5.1.1).
    MissingDigitalSignature,
    /// The authority key identifier is missing, or the subject key identifier of a CA
    /// (RFC 5280 sections 4.2.1.1 and 4.2.1.2).
    MissingKeyIdentifier,
    /// Name constraints stand in a certificate that is no CA (RFC 5280 section 4.2.1.10).
    NameConstraintsOnLeaf,
    /// The certificate does not hold the name of the server (RFC 9525 section 6).
    NameMismatch,
    /// A name in the certificate is forbidden by an authority above it (RFC 5280 section 4.2.1.10).
    NameNotPermitted,
    /// The certificate issued another one and is no CA (RFC 5280 section 4.2.1.9).
    NotACa,
    /// Validity has not begun (RFC 5280 section 4.1.2.5).
    NotYetValid,
    /// The CA certificate stands too deep below an authority that limits the length of the path
    /// (RFC 5280 section 4.2.1.9).
    PathLengthExceeded,
    /// The search for a path was given up: too many signatures or too many combinations.
    SearchExhausted,
    /// The leaf is its own issuer and no trust anchor.
    SelfSigned,
    /// The serial number is longer than 20 bytes, or, for
    /// [`Rules::strict_profile`](crate::x509::Rules::strict_profile), not positive (RFC 5280 section 4.1.2.2).
    SerialNumber,
    /// The signature algorithm inside the signed part differs from the one beside the signature
    /// (RFC 5280 section 4.1.1.2).
    SignatureAlgorithmMismatch,
    /// The certificate was not signed with the key of the CA it names, which the peer sent along
    /// (RFC 5280 section 6.1.3 (a)(1)).
    SignatureInvalid,
    /// The subject is empty, and there is no subject alternative name, or, for
    /// [`Rules::strict_profile`](crate::x509::Rules::strict_profile), none that is critical (RFC 5280 section 4.1.2.6).
    SubjectMissing,
    /// The certificate is longer than 65,000 bytes.
    TooLarge,
    /// An extension that is critical and unknown (RFC 5280 section 4.2).
    UnknownCriticalExtension,
    /// No certificate and no trust anchor has the name of the issuer (RFC 5280 section 6.1.3 (a)(4)).
    UnknownIssuer,
    /// The public key is of a kind, size or form that this build does not support (RFC 5280 section 4.1.2.7).
    UnsupportedKey,
    /// The certificate is signed in a way that this build does not support (RFC 5280 section 4.1.1.2).
    UnsupportedSignature,
    /// The certificate is not of version 3 (RFC 9846 section 4.5.1).
    UnsupportedVersion,
    /// The path ends in a self-signed certificate that is no trust anchor.
    UntrustedRoot,
    /// The leaf is valid for more days than the configuration allows (RFC 5280 section 4.1.2.5).
    ValidityTooLong,
}

impl CertificateProblem {
    /// The alert of each problem. RFC 9846 section 6.2 knows six for certificates, quoted below.
    pub(crate) const fn alert(self) -> AlertDescription {
        match self {
            // "A certificate has expired or is not currently valid."
            Self::AnchorExpired | Self::AnchorNotYetValid | Self::Expired | Self::NotYetValid => {
                AlertDescription::CERTIFICATE_EXPIRED
            }
            // "the certificate was not accepted because the CA certificate could not be located or
            // could not be matched with a known trust anchor"
            Self::AnchorSignatureInvalid
            | Self::DepthExceeded
            | Self::SelfSigned
            | Self::UnknownIssuer
            | Self::UntrustedRoot => AlertDescription::UNKNOWN_CA,
            // "A certificate was of an unsupported type."
            Self::ExtendedKeyUsage
            | Self::MissingDigitalSignature
            | Self::UnknownCriticalExtension
            | Self::UnsupportedKey
            | Self::UnsupportedVersion => AlertDescription::UNSUPPORTED_CERTIFICATE,
            // "Some other (unspecified) issue arose in processing the certificate"
            Self::ListTooLong | Self::SearchExhausted | Self::TooLarge => AlertDescription::CERTIFICATE_UNKNOWN,
            // "A certificate was corrupt, contained signatures that did not verify correctly, etc." And of a signature
            // with MD5, which none of ours supports, section 4.5.1.3: an endpoint that would need to validate it
            // "MUST abort the handshake with a 'bad_certificate' alert"; with SHA-1 that is RECOMMENDED.
            Self::CertSignWithoutCa
            | Self::CommonNameMismatch
            | Self::ConstraintNotCritical
            | Self::DuplicateExtension
            | Self::Malformed(_)
            | Self::MissingCertSign
            | Self::MissingKeyIdentifier
            | Self::NameConstraintsOnLeaf
            | Self::NameMismatch
            | Self::NameNotPermitted
            | Self::NotACa
            | Self::PathLengthExceeded
            | Self::SerialNumber
            | Self::SignatureAlgorithmMismatch
            | Self::SignatureInvalid
            | Self::SubjectMissing
            | Self::UnsupportedSignature
            | Self::ValidityTooLong => AlertDescription::BAD_CERTIFICATE,
        }
    }

    /// How much the problem explains, when several paths fail and one cause is reported.
    ///
    /// A candidate that fits the path but for one rule explains more than a signature that does not
    /// verify, and that more than an issuer nobody knows.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::ListTooLong | Self::SearchExhausted => 9,
            Self::AnchorExpired | Self::AnchorNotYetValid | Self::Expired | Self::NotYetValid => 8,
            Self::CertSignWithoutCa
            | Self::CommonNameMismatch
            | Self::ConstraintNotCritical
            | Self::ExtendedKeyUsage
            // Of a certificate that can be read all the same.
            | Self::Malformed(
                Malformation::DefaultValue
                | Malformation::GeneralizedTime
                | Malformation::PathLength
                | Malformation::SignatureParameters,
            )
            | Self::MissingCertSign
            | Self::MissingDigitalSignature
            | Self::MissingKeyIdentifier
            | Self::NameConstraintsOnLeaf
            | Self::NameMismatch
            | Self::NameNotPermitted
            | Self::NotACa
            | Self::PathLengthExceeded
            | Self::SerialNumber
            | Self::SubjectMissing
            | Self::UnknownCriticalExtension
            | Self::ValidityTooLong => 7,
            Self::UnsupportedKey | Self::UnsupportedSignature => 6,
            Self::DepthExceeded => 5,
            Self::AnchorSignatureInvalid | Self::SignatureInvalid => 4,
            Self::DuplicateExtension
            | Self::Malformed(_)
            | Self::SignatureAlgorithmMismatch
            | Self::TooLarge
            | Self::UnsupportedVersion => 3,
            Self::SelfSigned | Self::UntrustedRoot => 2,
            Self::UnknownIssuer => 1,
        }
    }

    /// One clause that goes on from the name of a certificate.
    const fn explanation(self) -> &'static str {
        match self {
            Self::AnchorExpired => "was issued by a trust anchor that has expired",
            Self::AnchorNotYetValid => "was issued by a trust anchor that is not valid yet",
            Self::AnchorSignatureInvalid => {
                "names a trust anchor as its issuer but was not signed with its key: changed, or from another \
                 authority of the same name"
            }
            Self::CertSignWithoutCa => "may sign certificates by its key usage and is no CA",
            Self::CommonNameMismatch => "does not have the common name that the configuration asks for",
            Self::ConstraintNotCritical => "is of a CA and has constraints that are not critical",
            Self::DepthExceeded => "stands under more CA certificates than are allowed",
            Self::DuplicateExtension => "holds an extension twice",
            Self::Expired => "has expired",
            Self::ExtendedKeyUsage => "is not meant for this role: its extended key usage does not allow it",
            Self::ListTooLong => "is one more than can be counted",
            Self::Malformed(field) => field.explanation(),
            Self::MissingCertSign => "may not sign certificates: its key usage lacks keyCertSign",
            Self::MissingDigitalSignature => "may not sign handshakes: its key usage lacks digitalSignature",
            Self::MissingKeyIdentifier => "lacks a key identifier",
            Self::NameConstraintsOnLeaf => "holds name constraints and is no CA",
            Self::NameMismatch => "does not hold the name of the server",
            Self::NameNotPermitted => "holds a name that an authority above it forbids",
            Self::NotACa => "is no CA and so cannot have issued another certificate",
            Self::NotYetValid => "is not valid yet",
            Self::PathLengthExceeded => "stands deeper than the path length constraint of an authority above it allows",
            Self::SearchExhausted => "was given up on: no path was found within the limits of the search",
            Self::SelfSigned => "is self-signed and no trust anchor",
            Self::SerialNumber => "has a serial number that is not positive or longer than 20 bytes",
            Self::SignatureAlgorithmMismatch => "names two different signature algorithms",
            Self::SignatureInvalid => "was not signed with the key of its issuer",
            Self::SubjectMissing => "has an empty subject and no critical subject alternative name",
            Self::TooLarge => "is longer than 65,000 bytes",
            Self::UnknownCriticalExtension => "holds a critical extension that is not understood",
            Self::UnknownIssuer => "was issued by an authority that is neither trusted nor sent along",
            Self::UnsupportedKey => "has a public key of a kind, size or form that this build does not support",
            Self::UnsupportedSignature => "is signed with an unsupported algorithm",
            Self::UnsupportedVersion => "is not of version 3",
            Self::UntrustedRoot => "is a self-signed root and no trust anchor",
            Self::ValidityTooLong => "is valid for more days than the configuration allows",
        }
    }

    /// Where the rule stands, as in `RFC 5280 section 4.1.2.5`; `None` of a limit that is our own.
    #[must_use]
    pub const fn section(self) -> Option<&'static str> {
        Some(match self {
            Self::AnchorExpired
            | Self::AnchorNotYetValid
            | Self::Expired
            | Self::NotYetValid
            | Self::ValidityTooLong => "RFC 5280 section 4.1.2.5",
            Self::AnchorSignatureInvalid | Self::SignatureInvalid => "RFC 5280 section 6.1.3 (a)(1)",
            Self::CertSignWithoutCa | Self::NotACa | Self::PathLengthExceeded => "RFC 5280 section 4.2.1.9",
            Self::ConstraintNotCritical => "RFC 5280 sections 4.2.1.9 and 4.2.1.10",
            Self::CommonNameMismatch
            | Self::DepthExceeded
            | Self::ListTooLong
            | Self::SearchExhausted
            | Self::TooLarge => return None,
            Self::DuplicateExtension | Self::UnknownCriticalExtension => "RFC 5280 section 4.2",
            Self::ExtendedKeyUsage => "RFC 5280 section 4.2.1.12",
            Self::Malformed(field) => return field.section(),
            Self::MissingCertSign => "RFC 5280 section 4.2.1.3",
            Self::MissingDigitalSignature => "RFC 9846 section 4.5.1.1",
            Self::MissingKeyIdentifier => "RFC 5280 sections 4.2.1.1 and 4.2.1.2",
            Self::NameConstraintsOnLeaf | Self::NameNotPermitted => "RFC 5280 section 4.2.1.10",
            Self::NameMismatch => "RFC 9525 section 6",
            Self::SelfSigned | Self::UntrustedRoot => "RFC 5280 section 6.1",
            Self::SerialNumber => "RFC 5280 section 4.1.2.2",
            Self::SignatureAlgorithmMismatch | Self::UnsupportedSignature => "RFC 5280 section 4.1.1.2",
            Self::SubjectMissing => "RFC 5280 section 4.1.2.6",
            Self::UnknownIssuer => "RFC 5280 section 6.1.3 (a)(4)",
            Self::UnsupportedKey => "RFC 5280 section 4.1.2.7",
            Self::UnsupportedVersion => "RFC 9846 section 4.5.1",
        })
    }
}

/// What the certificate did, as in `has expired`, to go on from its name.
impl core::fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.explanation())
    }
}

impl core::fmt::Display for CertificateError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.index {
            0 => write!(f, "certificate 0, the leaf, {}", self.problem)?,
            index => write!(f, "certificate {index} {}", self.problem)?,
        }
        self.problem.section().map_or(Ok(()), |section| write!(f, " ({section})"))
    }
}

impl core::error::Error for CertificateError {}
