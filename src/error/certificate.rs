//! Reasons for rejecting a certificate path.

use self::WaivableCause::{Expired, Invalid, SelfSigned, UntrustedRoot};
use super::Code;
use super::{AlertDescription, Diagnosis, Malformation};

/// A certificate to blame, and the rule it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CertificateError {
    /// The position of the certificate, counted from 0 (the leaf) in the order in which the peer sent them.
    /// Where a trust anchor is to blame it is the certificate that the anchor issued.
    pub index: u8,
    /// The rule it broke.
    pub problem: CertificateProblem,
}

/// The table of problems: the name of each with
///
/// - its number in dumps of events,
/// - its rank: how much it explains, when several paths fail and one cause is reported. A candidate that fits the path but
///   for one rule explains more than a signature that does not verify, and that more than an unknown issuer,
/// - its alert,
/// - the cause of refusal under which it can be waived,
/// - its diagnosis, if nothing more is known,
/// - a predicate that follows the name of a certificate,
/// - the section that states the rule; none for our own limits.
///
/// The alerts are those of RFC 9846 section 6.2:
///
/// - `certificate_expired`: "A certificate has expired or is not currently valid."
/// - `unknown_ca`: "the certificate was not accepted because the CA certificate could not be located or could not be
///   matched with a known trust anchor"
/// - `unsupported_certificate`: "A certificate was of an unsupported type."
/// - `certificate_unknown`: "Some other (unspecified) issue arose in processing the certificate"
/// - `bad_certificate`: "A certificate was corrupt, contained signatures that did not verify correctly, etc."
// Of a signature with MD5, which none of ours supports, section 4.5.1.3 requires: an endpoint that would need to validate it
// "MUST abort the handshake with a 'bad_certificate' alert"; with SHA-1 that is RECOMMENDED.
macro_rules! certificate_problems {
    // RFC 9846 sections 4.5.1.2 and 4.5.1.3.
    ($(#[$meta:meta])* pub enum CertificateProblem {
        $($(#[$doc:meta])* $name:ident $(($field:ident: $type:ty))? = $code:literal, rank $rank:expr, $alert:ident,
            $waivable:expr, $diagnosis:ident, $text:expr, $section:expr;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum CertificateProblem {
            $($(#[$doc])* $name $(($type))?,)*
        }

        impl CertificateProblem {
            pub(crate) const fn rank(self) -> u8 {
                match self {
                    $(Self::$name $(($field))? => $rank,)*
                }
            }

            pub(crate) const fn alert(self) -> AlertDescription {
                match self {
                    $(Self::$name { .. } => AlertDescription::$alert,)*
                }
            }

            const fn waivable(self) -> Option<WaivableCause> {
                match self {
                    $(Self::$name $(($field))? => $waivable,)*
                }
            }

            pub(crate) const fn diagnosis(self) -> Diagnosis {
                match self {
                    $(Self::$name { .. } => Diagnosis::$diagnosis,)*
                }
            }

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$name $(($field))? => $text,)*
                }
            }

            /// Returns the section that states the rule, as in `RFC 5280 section 4.1.2.5`; `None` for one of our own
            /// limits.
            #[must_use]
            pub const fn section(self) -> Option<&'static str> {
                match self {
                    $(Self::$name $(($field))? => $section,)*
                }
            }

            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name $((<$type>::ALL[0]))?,)*];
        }

        impl Code for CertificateProblem {
            fn code(self) -> u8 {
                match self {
                    $(Self::$name $(($field))? => 0 $(+ <$type as Code>::code($field))? + $code,)*
                }
            }

            fn of(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name $((<$type as Code>::of(0)?))?),)*
                    _ => Malformation::of(code.checked_sub(MALFORMED)?).map(Self::Malformed),
                }
            }
        }
    };
}

/// The number of the first malformation; problems have the lower numbers.
const MALFORMED: u8 = 128;

certificate_problems! {
/// The rule that was broken.
#[derive(Hash)]
pub enum CertificateProblem {
    /// The certificate of the trust anchor has expired (RFC 5280 section 4.1.2.5).
    AnchorExpired = 0, rank 8, CERTIFICATE_EXPIRED, Some(Expired), OurAnchorExpired,
        "was issued by a trust anchor that has expired", Some("RFC 5280 section 4.1.2.5");
    /// The certificate of the trust anchor is not yet valid (RFC 5280 section 4.1.2.5).
    AnchorNotYetValid = 1, rank 8, CERTIFICATE_EXPIRED, Some(Expired), ClockWrong,
        "was issued by a trust anchor that is not yet valid", Some("RFC 5280 section 4.1.2.5");
    /// The certificate names a trust anchor as its issuer, but was not signed with its key: another
    /// authority of the same name, or a certificate that was changed (RFC 5280 section 6.1.3 (a)(1)).
    AnchorSignatureInvalid = 2, rank 4, UNKNOWN_CA, Some(UntrustedRoot), TheirsNotTrusted,
        "names a trust anchor as its issuer but was not signed with its key: modified, or issued by another CA of the \
         same name",
        Some("RFC 5280 section 6.1.3 (a)(1)");
    /// A certificate that is not a CA has keyCertSign in its key usage (RFC 5280 section 4.2.1.9).
    CertSignWithoutCa = 3, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "has keyCertSign in its key usage but is not a CA", Some("RFC 5280 section 4.2.1.9");
    /// The common name is not the one that the configuration requires (RFC 9525 section 1.3 advises against that).
    CommonNameMismatch = 4, rank 7, BAD_CERTIFICATE, None, NameMismatch,
        "does not have the common name that the configuration requires", None;
    /// Basic or name constraints of a CA are not critical (RFC 5280 sections 4.2.1.9 and 4.2.1.10).
    ConstraintNotCritical = 5, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "is a CA with constraints that are not critical", Some("RFC 5280 sections 4.2.1.9 and 4.2.1.10");
    /// There are more CA certificates above the leaf than the configuration, or this implementation, allows.
    DepthExceeded = 6, rank 5, UNKNOWN_CA, None, TheirsTooDeep,
        "has more CA certificates above it than allowed", None;
    /// The certificate contains an extension twice (RFC 5280 section 4.2).
    DuplicateExtension = 7, rank 3, BAD_CERTIFICATE, None, TheirsInvalid,
        "contains a duplicate extension", Some("RFC 5280 section 4.2");
    /// The certificate has expired (RFC 5280 section 4.1.2.5).
    Expired = 8, rank 8, CERTIFICATE_EXPIRED, Some(Expired), TheirsExpired,
        "has expired", Some("RFC 5280 section 4.1.2.5");
    /// The extended key usage does not allow the role of the peer (RFC 5280 section 4.2.1.12).
    ExtendedKeyUsage = 9, rank 7, UNSUPPORTED_CERTIFICATE, Some(Invalid), TheirsWrongPurpose,
        "is not meant for this role, according to its extended key usage", Some("RFC 5280 section 4.2.1.12");
    /// The list has more certificates than are supported.
    ListTooLong = 10, rank 9, CERTIFICATE_UNKNOWN, None, TheirsInvalid, "exceeds the supported number of certificates", None;
    /// A field of the certificate cannot be read, or breaks the profile where that is required
    /// (RFC 5280 section 4.1).
    Malformed(field: Malformation) = 128, rank field.rank(), BAD_CERTIFICATE, field.waivable(), TheirsInvalid,
        field.text(), field.section();
    // 11 belonged to a problem that no longer exists.
    /// The key usage of a CA certificate lacks keyCertSign (RFC 5280 section 4.2.1.3).
    MissingCertSign = 12, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "may not sign certificates: its key usage lacks keyCertSign", Some("RFC 5280 section 4.2.1.3");
    /// The key usage of the leaf lacks digitalSignature (RFC 9846 section 4.5.1.1).
    MissingDigitalSignature = 13, rank 7, UNSUPPORTED_CERTIFICATE, Some(Invalid), TheirsWrongPurpose,
        "may not sign handshakes: its key usage lacks digitalSignature", Some("RFC 9846 section 4.5.1.1");
    /// The authority key identifier is missing, or the subject key identifier of a CA
    /// (RFC 5280 sections 4.2.1.1 and 4.2.1.2).
    MissingKeyIdentifier = 14, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "lacks a key identifier", Some("RFC 5280 sections 4.2.1.1 and 4.2.1.2");
    /// A certificate that is not a CA has name constraints (RFC 5280 section 4.2.1.10).
    NameConstraintsOnLeaf = 15, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "contains name constraints but is not a CA", Some("RFC 5280 section 4.2.1.10");
    /// The certificate does not contain the name of the server (RFC 9525 section 6).
    NameMismatch = 16, rank 7, BAD_CERTIFICATE, None, NameMismatch,
        "does not contain the name of the server", Some("RFC 9525 section 6");
    /// A name in the certificate is forbidden by an authority above it (RFC 5280 section 4.2.1.10).
    NameNotPermitted = 17, rank 7, BAD_CERTIFICATE, None, TheirsInvalid,
        "contains a name that a CA above it forbids", Some("RFC 5280 section 4.2.1.10");
    /// The certificate issued another one but is not a CA (RFC 5280 section 4.2.1.9).
    NotACa = 18, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "is not a CA and cannot issue certificates", Some("RFC 5280 section 4.2.1.9");
    /// The certificate is not yet valid (RFC 5280 section 4.1.2.5).
    NotYetValid = 19, rank 8, CERTIFICATE_EXPIRED, Some(Expired), ClockWrong,
        "is not yet valid", Some("RFC 5280 section 4.1.2.5");
    /// The CA certificate is too far below an authority that limits the length of the path
    /// (RFC 5280 section 4.2.1.9).
    PathLengthExceeded = 20, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "exceeds the path length constraint of a CA above it",
        Some("RFC 5280 section 4.2.1.9");
    /// The path search was abandoned: too many signatures or too many combinations.
    SearchExhausted = 21, rank 9, CERTIFICATE_UNKNOWN, None, TheirsInvalid,
        "has no path to a trust anchor within the search limits", None;
    /// The leaf is its own issuer and not a trust anchor.
    SelfSigned = 22, rank 2, UNKNOWN_CA, Some(SelfSigned), TheirsNotTrusted,
        "is self-signed but not a trust anchor", Some("RFC 5280 section 6.1");
    /// The serial number is longer than 20 bytes, or, for
    /// [`Rules::strict_profile`](crate::x509::Rules::strict_profile), not positive (RFC 5280 section 4.1.2.2).
    SerialNumber = 23, rank 7, BAD_CERTIFICATE, None, TheirsInvalid,
        "has a serial number that is not positive or is longer than 20 bytes", Some("RFC 5280 section 4.1.2.2");
    /// The signature algorithm inside the signed part differs from the one beside the signature
    /// (RFC 5280 section 4.1.1.2).
    SignatureAlgorithmMismatch = 24, rank 3, BAD_CERTIFICATE, None, TheirsInvalid,
        "names two different signature algorithms", Some("RFC 5280 section 4.1.1.2");
    /// The certificate was not signed with the key of the CA it names, which the peer sent
    /// (RFC 5280 section 6.1.3 (a)(1)).
    SignatureInvalid = 25, rank 4, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "was not signed with the key of its issuer", Some("RFC 5280 section 6.1.3 (a)(1)");
    /// The subject is empty, and there is no subject alternative name, or, for
    /// [`Rules::strict_profile`](crate::x509::Rules::strict_profile), none that is critical (RFC 5280 section 4.1.2.6).
    SubjectMissing = 26, rank 7, BAD_CERTIFICATE, None, TheirsInvalid,
        "has an empty subject and no critical subject alternative name", Some("RFC 5280 section 4.1.2.6");
    /// The certificate is longer than 65,000 bytes.
    TooLarge = 27, rank 3, CERTIFICATE_UNKNOWN, None, TheirsInvalid, "is longer than 65,000 bytes", None;
    /// An extension that is critical and unknown (RFC 5280 section 4.2).
    UnknownCriticalExtension = 28, rank 7, UNSUPPORTED_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "contains a critical extension that is not supported", Some("RFC 5280 section 4.2");
    /// Neither a certificate nor a trust anchor has the name of the issuer (RFC 5280 section 6.1.3 (a)(4)).
    UnknownIssuer = 29, rank 1, UNKNOWN_CA, Some(UntrustedRoot), TheirsNotTrusted,
        "was issued by a CA that is neither trusted nor among the certificates sent", Some("RFC 5280 section 6.1.3 (a)(4)");
    /// The public key is of a kind, size or form that this build does not support (RFC 5280 section 4.1.2.7).
    UnsupportedKey = 30, rank 6, UNSUPPORTED_CERTIFICATE, None, TheirsInvalid,
        "has a public key whose type, size or form this build does not support", Some("RFC 5280 section 4.1.2.7");
    /// The certificate is signed in a way that this build does not support (RFC 5280 section 4.1.1.2).
    UnsupportedSignature = 31, rank 6, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "is signed with an unsupported algorithm", Some("RFC 5280 section 4.1.1.2");
    /// The certificate is not of version 3 (RFC 9846 section 4.5.1).
    UnsupportedVersion = 32, rank 3, UNSUPPORTED_CERTIFICATE, None, TheirsInvalid,
        "is not version 3", Some("RFC 9846 section 4.5.1");
    /// The path ends in a self-signed certificate that is not a trust anchor.
    UntrustedRoot = 33, rank 2, UNKNOWN_CA, Some(UntrustedRoot), TheirsNotTrusted,
        "is a self-signed root but not a trust anchor", Some("RFC 5280 section 6.1");
    /// The leaf is valid for more days than the configuration allows (RFC 5280 section 4.1.2.5).
    ValidityTooLong = 34, rank 7, BAD_CERTIFICATE, Some(Invalid), TheirsInvalid,
        "is valid for more days than the configuration allows", Some("RFC 5280 section 4.1.2.5");
}
}

named! {
/// A cause of rejection that a program can waive. No other cause can be waived.
pub enum WaivableCause {
    /// A certificate of the path, or the anchor, is not valid now.
    Expired = 0, "expired";
    /// The path breaks another rule, down to signatures that do not verify.
    Invalid = 1, "invalid";
    /// The leaf is its own issuer and neither pinned nor an anchor.
    SelfSigned = 2, "self-signed";
    /// The path ends in an authority that is not an anchor or is unknown.
    UntrustedRoot = 3, "untrusted root";
}
}

impl WaivableCause {
    /// Returns the cause that covers a broken rule; `None` if nothing does.
    ///
    /// | Cause | What it covers |
    /// |---|---|
    /// | `Expired` | validity of the leaf, of authorities and of the anchor that has ended or not begun |
    /// | `SelfSigned` | a leaf that issued itself |
    /// | `UntrustedRoot` | a root or an issuer that is not an anchor, or only has the name of one |
    /// | `Invalid` | key usages, constraints, profile, length of validity, signatures between certificates |
    /// | none | names; what cannot be parsed; a key that cannot be used; the limits of the search |
    ///
    /// A name is never waived: neither the one that is required (host name, address or common name) nor one that an
    /// authority forbids. The leaf must be a certificate with a key that can verify CertificateVerify. Another
    /// certificate that cannot be parsed is left out of the search, and then an issuer is missing.
    pub const fn of(problem: CertificateProblem) -> Option<Self> {
        problem.waivable()
    }
}

// A predicate that follows the name of the certificate, as in `has expired`.
impl core::fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
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
