//! The fields of a certificate that can be malformed, each with its rule.

use super::WaivableCause;

/// `Name = number, "what the certificate has", "what is wanted there", section;`, with `STRICT` after the number if
/// only the strict profile rejects it.
macro_rules! malformations {
    ($(#[$meta:meta])* pub enum Malformation {
        $($(#[$doc:meta])* $name:ident = $code:literal $($strict:ident)?, $text:literal, $wanted:literal, $section:expr;)*
    }) => {
        named! { $(#[$meta])* pub enum Malformation { $($(#[$doc])* $name = $code, $text;)* } }

        impl Malformation {
            /// Returns whether the field can be parsed anyway.
            const fn is_strict(self) -> bool {
                match self {
                    $(Self::$name => false $(|| $strict)?,)*
                }
            }

            /// Returns the rule in a few words: the required content of the field.
            #[must_use]
            pub(crate) const fn wanted(self) -> &'static str {
                match self {
                    $(Self::$name => $wanted,)*
                }
            }

            /// Returns the section that states the rule; `None` for one of our own limits.
            pub(super) const fn section(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => $section,)*
                }
            }
        }
    };
}

const STRICT: bool = true;

malformations! {
/// The field of a certificate that breaks a rule of RFC 5280 section 4.1 or of DER, so that the certificate is
/// [malformed](super::CertificateProblem::Malformed).
///
/// Most mean that the field cannot be parsed. Those marked *strict* can be parsed, and are rejected only by
/// [`Rules::strict_profile`](crate::x509::Rules::strict_profile): RFC 5280 forbids authorities to issue such
/// certificates, but some do.
#[derive(Hash)]
pub enum Malformation {
    /// The basic constraints cannot be read (RFC 5280 section 4.2.1.9).
    BasicConstraints = 0,
        "has malformed basicConstraints",
        "a SEQUENCE of cA (TRUE or absent) and pathLenConstraint (0 or more)",
        Some("RFC 5280 section 4.2.1.9");
    /// *Strict*: a FALSE that is the default is encoded (X.690 section 11.5).
    DefaultValue = 1 STRICT,
        "encodes a FALSE that DER omits",
        "cA and critical absent where FALSE",
        Some("X.690 section 11.5");
    /// The bytes are not a certificate in DER: PEM, BER, or something else.
    Der = 2,
        "is not a DER certificate",
        "a SEQUENCE of tbsCertificate, signatureAlgorithm and signatureValue",
        Some("RFC 5280 section 4.1");
    /// The extended key usage cannot be read, or is empty (RFC 5280 section 4.2.1.12).
    ExtendedKeyUsage = 3,
        "has a malformed extKeyUsage",
        "a SEQUENCE of one or more object identifiers",
        Some("RFC 5280 section 4.2.1.12");
    /// The value of an extension of RFC 5280 is not DER (RFC 5280 section 4.2).
    Extension = 4,
        "has an extension of RFC 5280 whose value is not DER",
        "one DER value in extnValue",
        Some("RFC 5280 section 4.2");
    /// More than 32 extensions.
    ExtensionCount = 5, "has more extensions than are supported", "at most 32", None;
    /// The list of extensions cannot be read, or is empty (RFC 5280 section 4.1.2.9).
    Extensions = 6,
        "has a malformed list of extensions",
        "a SEQUENCE of one or more extensions",
        Some("RFC 5280 section 4.1.2.9");
    /// *Strict*: a date through the year 2049 is a GeneralizedTime (RFC 5280 section 4.1.2.5).
    GeneralizedTime = 7 STRICT,
        "encodes a date before 2050 as GeneralizedTime", "UTCTime through the year 2049", Some("RFC 5280 section 4.1.2.5");
    /// The issuer cannot be read (RFC 5280 section 4.1.2.4).
    Issuer = 8,
        "has a malformed issuer",
        "a SEQUENCE of SETs of types and values",
        Some("RFC 5280 section 4.1.2.4");
    /// The issuer is empty (RFC 5280 section 4.1.2.4).
    IssuerEmpty = 9, "has an empty issuer", "a name", Some("RFC 5280 section 4.1.2.4");
    /// The subject or authority key identifier cannot be read (RFC 5280 sections 4.2.1.1 and 4.2.1.2).
    KeyIdentifier = 10,
        "has a malformed key identifier",
        "an OCTET STRING, inside a SEQUENCE in authorityKeyIdentifier",
        Some("RFC 5280 sections 4.2.1.1 and 4.2.1.2");
    /// The key usage cannot be read (RFC 5280 section 4.2.1.3).
    KeyUsage = 11,
        "has a malformed keyUsage", "a BIT STRING whose unused bits are 0", Some("RFC 5280 section 4.2.1.3");
    /// There is no certificate at all.
    Missing = 12,
        "is missing: the list of certificates is empty", "at least one certificate", Some("RFC 9846 section 4.5.1");
    /// The name constraints cannot be read, or are empty (RFC 5280 section 4.2.1.10).
    NameConstraints = 13,
        "has malformed nameConstraints",
        "permittedSubtrees or excludedSubtrees, each with a base, without minimum and maximum, without a leading \
         period in a dNSName",
        Some("RFC 5280 section 4.2.1.10");
    /// The end of validity is not a date in UTC with seconds (RFC 5280 section 4.1.2.5).
    NotAfter = 14,
        "has a notAfter that is not a date", "YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ", Some("RFC 5280 section 4.1.2.5");
    /// The beginning of validity is not a date in UTC with seconds (RFC 5280 section 4.1.2.5).
    NotBefore = 15,
        "has a notBefore that is not a date", "YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ", Some("RFC 5280 section 4.1.2.5");
    /// *Strict*: a certificate that is not a CA has a path length (RFC 5280 section 4.2.1.9).
    PathLength = 16 STRICT, "has a pathLenConstraint but is not a CA", "none unless cA is TRUE", Some("RFC 5280 section 4.2.1.9");
    /// The public key cannot be read (RFC 5280 section 4.1.2.7).
    PublicKey = 17,
        "has a malformed subjectPublicKeyInfo",
        "an algorithm with its parameters, and a BIT STRING with a key of that kind",
        Some("RFC 5280 section 4.1.2.7");
    /// The serial number is not an INTEGER in the fewest bytes (RFC 5280 section 4.1.2.2).
    SerialNumber = 18,
        "has a serialNumber that is not an INTEGER", "a minimally encoded INTEGER", Some("RFC 5280 section 4.1.2.2");
    /// The signature algorithm cannot be read (RFC 5280 section 4.1.1.2).
    SignatureAlgorithm = 19,
        "has a malformed signatureAlgorithm",
        "an algorithm with its parameters",
        Some("RFC 5280 section 4.1.1.2");
    /// *Strict*: the parameters of ECDSA are NULL instead of absent (RFC 5758 section 3.2).
    SignatureParameters = 20 STRICT,
        "has NULL as the parameters of its ECDSA signature", "none", Some("RFC 5758 section 3.2");
    /// The subject cannot be read (RFC 5280 section 4.1.2.6).
    Subject = 21,
        "has a malformed subject",
        "a SEQUENCE of SETs of types and values",
        Some("RFC 5280 section 4.1.2.6");
    /// The subject alternative name cannot be read, or is empty (RFC 5280 section 4.2.1.6).
    SubjectAltName = 22,
        "has a malformed subjectAltName",
        "a SEQUENCE of one or more GeneralNames",
        Some("RFC 5280 section 4.2.1.6");
    /// The signed part has unknown fields (RFC 5280 section 4.1).
    TbsCertificate = 23,
        "has unknown fields",
        "only unique identifiers and extensions after the key",
        Some("RFC 5280 section 4.1");
    /// Bytes follow the end of the certificate.
    Trailing = 24, "has trailing bytes", "as many bytes as its length states", Some("RFC 5280 section 4.1");
    /// The certificate is shorter than its length states.
    Truncated = 25, "is truncated", "as many bytes as its length states", Some("RFC 5280 section 4.1");
}
}

impl Malformation {
    /// See [`CertificateProblem::rank`](super::CertificateProblem).
    pub(super) const fn rank(self) -> u8 {
        if self.is_strict() { 7 } else { 3 }
    }

    pub(super) const fn waivable(self) -> Option<WaivableCause> {
        if self.is_strict() { Some(WaivableCause::Invalid) } else { None }
    }
}
