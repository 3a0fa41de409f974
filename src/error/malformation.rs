//! The fields of a certificate that can be malformed, each with its rule.

/// The field of a certificate that breaks a rule of RFC 5280 section 4.1 or of DER, so that the certificate is
/// [malformed](super::CertificateProblem::Malformed).
///
/// Most of them mean that the field cannot be read. Those marked *strict* can be read, and are refused by
/// [`Rules::strict_profile`](crate::x509::Rules::strict_profile) only: RFC 5280 forbids authorities to issue such a
/// certificate, and real ones do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Malformation {
    /// The basic constraints cannot be read (RFC 5280 section 4.2.1.9).
    BasicConstraints,
    /// *Strict*: a FALSE that is the default is written out (X.690 section 11.5).
    DefaultValue,
    /// The bytes are no certificate in DER at all: PEM, BER, or something else.
    Der,
    /// The extended key usage cannot be read, or is empty (RFC 5280 section 4.2.1.12).
    ExtendedKeyUsage,
    /// An extension of RFC 5280 does not hold DER (RFC 5280 section 4.2).
    Extension,
    /// More than 32 extensions.
    ExtensionCount,
    /// The list of extensions cannot be read, or is empty (RFC 5280 section 4.1.2.9).
    Extensions,
    /// *Strict*: a date through the year 2049 is a GeneralizedTime (RFC 5280 section 4.1.2.5).
    GeneralizedTime,
    /// The issuer cannot be read (RFC 5280 section 4.1.2.4).
    Issuer,
    /// The issuer is empty (RFC 5280 section 4.1.2.4).
    IssuerEmpty,
    /// The subject or authority key identifier cannot be read (RFC 5280 sections 4.2.1.1 and 4.2.1.2).
    KeyIdentifier,
    /// The key usage cannot be read (RFC 5280 section 4.2.1.3).
    KeyUsage,
    /// There is no certificate at all.
    Missing,
    /// The name constraints cannot be read, or are empty (RFC 5280 section 4.2.1.10).
    NameConstraints,
    /// The end of validity is not a date in UTC with seconds (RFC 5280 section 4.1.2.5).
    NotAfter,
    /// The beginning of validity is not a date in UTC with seconds (RFC 5280 section 4.1.2.5).
    NotBefore,
    /// *Strict*: a path length stands in a certificate that is no CA (RFC 5280 section 4.2.1.9).
    PathLength,
    /// The public key cannot be read (RFC 5280 section 4.1.2.7).
    PublicKey,
    /// The serial number is no INTEGER in the fewest bytes (RFC 5280 section 4.1.2.2).
    SerialNumber,
    /// The signature algorithm cannot be read (RFC 5280 section 4.1.1.2).
    SignatureAlgorithm,
    /// *Strict*: the parameters of ECDSA are NULL instead of absent (RFC 5758 section 3.2).
    SignatureParameters,
    /// The subject cannot be read (RFC 5280 section 4.1.2.6).
    Subject,
    /// The subject alternative name cannot be read, or is empty (RFC 5280 section 4.2.1.6).
    SubjectAltName,
    /// Fields stand in what is signed that no certificate has (RFC 5280 section 4.1).
    TbsCertificate,
    /// Bytes stand behind the end of the certificate.
    Trailing,
    /// The certificate ends before the end that its length announces.
    Truncated,
}

impl Malformation {
    /// One clause that goes on from the name of a certificate.
    pub(super) const fn explanation(self) -> &'static str {
        match self {
            Self::BasicConstraints => "has basicConstraints that cannot be read",
            Self::DefaultValue => "writes out a FALSE that DER leaves out",
            Self::Der => "is not a certificate in DER",
            Self::ExtendedKeyUsage => "has an extKeyUsage that cannot be read",
            Self::Extension => "has an extension of RFC 5280 that does not hold DER",
            Self::ExtensionCount => "has more extensions than are followed",
            Self::Extensions => "has a list of extensions that cannot be read",
            Self::GeneralizedTime => "has a date before 2050 as GeneralizedTime",
            Self::Issuer => "has an issuer that cannot be read",
            Self::IssuerEmpty => "has an empty issuer",
            Self::KeyIdentifier => "has a key identifier that cannot be read",
            Self::KeyUsage => "has a keyUsage that cannot be read",
            Self::Missing => "is missing: the list of certificates is empty",
            Self::NameConstraints => "has nameConstraints that cannot be read",
            Self::NotAfter => "has a notAfter that is no date",
            Self::NotBefore => "has a notBefore that is no date",
            Self::PathLength => "has a pathLenConstraint and is no CA",
            Self::PublicKey => "has a subjectPublicKeyInfo that cannot be read",
            Self::SerialNumber => "has a serialNumber that is no INTEGER",
            Self::SignatureAlgorithm => "has a signatureAlgorithm that cannot be read",
            Self::SignatureParameters => "has NULL as the parameters of its ECDSA signature",
            Self::Subject => "has a subject that cannot be read",
            Self::SubjectAltName => "has a subjectAltName that cannot be read",
            Self::TbsCertificate => "has fields that no certificate has",
            Self::Trailing => "has bytes behind its end",
            Self::Truncated => "is cut off before its end",
        }
    }

    /// The rule in a few words: what should be in the field.
    #[must_use]
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::BasicConstraints => "a SEQUENCE of cA TRUE or nothing, and a pathLenConstraint of 0 or more",
            Self::DefaultValue => "cA and critical to be absent where they are FALSE",
            Self::Der => "a SEQUENCE of tbsCertificate, signatureAlgorithm and signatureValue",
            Self::ExtendedKeyUsage => "a SEQUENCE of one or more object identifiers",
            Self::Extension => "one DER value in extnValue",
            Self::ExtensionCount => "at most 32",
            Self::Extensions => "a SEQUENCE of one or more extensions",
            Self::GeneralizedTime => "UTCTime through the year 2049",
            Self::Issuer | Self::Subject => "a SEQUENCE of SETs of a type and a value each",
            Self::IssuerEmpty => "a name",
            Self::KeyIdentifier => "an OCTET STRING, in authorityKeyIdentifier within a SEQUENCE",
            Self::KeyUsage => "a BIT STRING with unused bits of zero",
            Self::Missing => "at least one certificate",
            Self::NameConstraints => {
                "permittedSubtrees or excludedSubtrees with a base each, no minimum or maximum, no period in front of a dNSName"
            }
            Self::NotAfter | Self::NotBefore => "YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ",
            Self::PathLength => "none without cA",
            Self::PublicKey => "an algorithm with its own parameters, and a BIT STRING of a key of it",
            Self::SerialNumber => "an INTEGER in the fewest bytes",
            Self::SignatureAlgorithm => "an algorithm with its own parameters",
            Self::SignatureParameters => "none",
            Self::SubjectAltName => "a SEQUENCE of one or more names of the nine forms",
            Self::TbsCertificate => "only unique identifiers and extensions behind the key",
            Self::Trailing | Self::Truncated => "as many bytes as its length says",
        }
    }

    /// Returns the section that states the rule; `None` for a limit of our own.
    pub(super) const fn section(self) -> Option<&'static str> {
        Some(match self {
            Self::BasicConstraints | Self::PathLength => "RFC 5280 section 4.2.1.9",
            Self::DefaultValue => "X.690 section 11.5",
            Self::Der | Self::TbsCertificate | Self::Trailing | Self::Truncated => "RFC 5280 section 4.1",
            Self::ExtendedKeyUsage => "RFC 5280 section 4.2.1.12",
            Self::Extension => "RFC 5280 section 4.2",
            Self::ExtensionCount => return None,
            Self::Extensions => "RFC 5280 section 4.1.2.9",
            Self::GeneralizedTime | Self::NotAfter | Self::NotBefore => "RFC 5280 section 4.1.2.5",
            Self::Issuer | Self::IssuerEmpty => "RFC 5280 section 4.1.2.4",
            Self::KeyIdentifier => "RFC 5280 sections 4.2.1.1 and 4.2.1.2",
            Self::KeyUsage => "RFC 5280 section 4.2.1.3",
            Self::Missing => "RFC 9846 section 4.5.1",
            Self::NameConstraints => "RFC 5280 section 4.2.1.10",
            Self::PublicKey => "RFC 5280 section 4.1.2.7",
            Self::SerialNumber => "RFC 5280 section 4.1.2.2",
            Self::SignatureAlgorithm => "RFC 5280 section 4.1.1.2",
            Self::SignatureParameters => "RFC 5758 section 3.2",
            Self::Subject => "RFC 5280 section 4.1.2.6",
            Self::SubjectAltName => "RFC 5280 section 4.2.1.6",
        })
    }
}
