//! Mistakes of the program that drives a connection.

use super::Code;
use super::{CertificateError, CertificateProblem};

/// `Name = number, "words";`. The payload of a variant, if any, is displayed after its words.
macro_rules! misuses {
    ($(#[$meta:meta])* pub enum ApiMisuse {
        $($(#[$doc:meta])* $name:ident $(($field:ident: $type:ty))? = $code:literal, $text:literal;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum ApiMisuse {
            $($(#[$doc])* $name $(($type))?,)*
        }

        impl core::fmt::Display for ApiMisuse {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self {
                    $(Self::$name { .. } => $text,)*
                })?;
                match self {
                    $($(Self::$name($field) => <$type as core::fmt::Display>::fmt($field, f),)?)*
                    _ => Ok(()),
                }
            }
        }

        impl ApiMisuse {
            /// Returns the number of the mistake and the number of its payload.
            pub(crate) fn code(self) -> (u8, u32) {
                match self {
                    $(Self::$name $(($field))? => ($code, 0 $(| <$type as Content>::number($field))?),)*
                }
            }

            /// Returns `None` for numbers that this version does not know.
            pub(crate) fn of(code: u8, content: u32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name $((<$type as Content>::of_number(content)?))?),)*
                    _ => None,
                }
            }

            /// The numbers in use.
            #[cfg(test)]
            pub(super) const CODES: &[(&str, u8)] = &[$((stringify!($name), $code),)*];
        }
    };
}

/// The payload of a variant, as a number.
trait Content: Sized {
    fn number(self) -> u32;
    fn of_number(number: u32) -> Option<Self>;
}

impl Content for CertificateProblem {
    fn number(self) -> u32 {
        self.code().into()
    }

    fn of_number(number: u32) -> Option<Self> {
        Self::of(number.try_into().ok()?)
    }
}

impl Content for CertificateError {
    fn number(self) -> u32 {
        u16::from_be_bytes([self.index, self.problem.code()]).into()
    }

    fn of_number(number: u32) -> Option<Self> {
        let [index, problem] = u16::try_from(number).ok()?.to_be_bytes();
        Some(Self { index, problem: CertificateProblem::of(problem)? })
    }
}

misuses! {
/// Mistakes in the calling code.
pub enum ApiMisuse {
    /// A list of suites, groups or signature schemes names one that this provider does not have, or has more
    /// than 64 entries.
    AlgorithmUnsupported = 11,
        "a list of cipher suites, groups or signature schemes contains one that the provider does not support, or \
         has more than 64 entries";
    /// An ALPN protocol name that is empty or too long (RFC 7301 section 3.1: 1 to 255 bytes), or more than 64 names.
    AlpnNameLength = 0, "an ALPN protocol name is not 1 to 255 bytes long, or there are more than 64 names";
    /// An answer to a question that was not asked. Request tokens make this impossible.
    AnswerUnexpected = 1, "an answer was given, but no question is pending";
    /// The names of the trust anchors, or those of `with_authority_names`, do not fit into a CertificateRequest (65,024
    /// bytes), or there are more than 255 anchors, or more than an [`AnchorSet`](crate::credential::AnchorSet) holds.
    AuthoritiesTooLong = 9,
        "the names of the trust anchors do not fit into a CertificateRequest, or there are too many anchors";
    /// Data was written after `close`, or a certificate was requested after either side has closed.
    ClosedForWriting = 2, "data was written, or a certificate requested, after close";
    /// More bytes were committed than `rx_space` offered, or sealed than `reserve` offered.
    CommitTooLarge = 3, "more bytes were committed or sealed than were available";
    /// A common name that no certificate can have, or an invalid pattern (see [`CommonName`](crate::x509::CommonName)).
    CommonNameInvalid = 4, "the common name cannot match any certificate, or is an invalid pattern";
    /// The key of the credential cannot sign with the requested scheme.
    CredentialSchemeMismatch = 19, "the key of a credential cannot sign with the requested scheme";
    /// A credential was selected whose signature scheme the peer did not offer.
    CredentialSchemeNotOffered = 6, "the peer does not accept the signature scheme of the selected credential";
    /// A certificate cannot be used in a credential, or there is no certificate.
    CredentialUnusable(error: CertificateError) = 20, "a credential cannot be used: ";
    // 5 belonged to a mistake that is no longer possible.
    /// The exporter was asked for more than 255 hash lengths or with a label over 249 bytes (RFC 9846 section 7.1).
    ExportLength = 7, "the exporter was asked for more than 255 hash lengths, or its label is longer than 249 bytes";
    /// A list of groups names one twice (RFC 9846 section 4.3.7).
    GroupsRepeated = 23, "the list of groups names a group twice";
    /// A session was requested from a handshake that is not complete.
    HandshakeUnfinished = 22, "a session was requested before the handshake was complete";
    /// A stream without a host was asked for a credential, or to authorize a client, after the handshake: use `Stream::hosted`.
    HostNeeded = 8, "post-handshake authentication needs a host, and the stream has none";
    /// A list of key shares has more than two groups, a duplicate, a group that is not offered, or another order than the
    /// list of groups (RFC 9846 section 4.3.8).
    KeySharesUnusable = 21,
        "the list of key shares has more than two groups, a duplicate, a group that is not offered, or another order";
    /// No trust anchor is configured, although certificates have to be verified.
    NoTrustAnchors = 10, "certificates have to be verified, but no trust anchor is configured";
    /// A server asks for a certificate after the handshake, and the client did not offer to answer, or this is the
    /// client (RFC 9846 section 4.3.6).
    PostHandshakeAuthNotOffered = 12, "the peer did not offer post-handshake authentication";
    /// A server asks for a certificate before the client has answered the last request.
    RequestPending = 13, "the client has not yet answered the previous certificate request";
    /// A digest was requested for a scheme that signs the message itself.
    SchemeWithoutDigest = 14, "a digest was requested for a scheme that signs the message itself";
    /// The DNS name is not a valid host name (RFC 9525 section 6.3).
    ServerNameInvalid = 15, "the server name is neither a valid host name nor an IP address";
    /// The signature does not have the format of its scheme.
    SignatureMalformed = 16, "the signature does not have the format of its scheme";
    /// A certificate cannot be used as a trust anchor.
    TrustAnchorUnusable(problem: CertificateProblem) = 17, "a certificate cannot be used as a trust anchor: it ";
    /// The maximum validity of certificates is set to 0 days.
    ValidityLimitZero = 18, "the maximum validity of certificates is set to 0 days, which no certificate can satisfy";
}
}
