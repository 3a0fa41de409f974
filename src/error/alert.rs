//! Alerts (RFC 9846 section 6).

code_points! {
    /// The description of an alert (RFC 9846 section 6).
    pub struct AlertDescription(u8) {
        /// The sender will send nothing more on this connection.
        CLOSE_NOTIFY = 0 => "close_notify",
        /// A message was received that is not allowed at this point.
        UNEXPECTED_MESSAGE = 10 => "unexpected_message",
        /// A record could not be opened.
        BAD_RECORD_MAC = 20 => "bad_record_mac",
        /// An old name of `bad_record_mac`, reserved.
        DECRYPTION_FAILED = 21 => "decryption_failed",
        /// A record is longer than allowed.
        RECORD_OVERFLOW = 22 => "record_overflow",
        /// A record could not be decompressed; reserved.
        DECOMPRESSION_FAILURE = 30 => "decompression_failure",
        /// No common parameters.
        HANDSHAKE_FAILURE = 40 => "handshake_failure",
        /// No certificate is available (SSL 3.0); reserved.
        NO_CERTIFICATE = 41 => "no_certificate",
        /// A certificate was corrupt or its signature did not verify.
        BAD_CERTIFICATE = 42 => "bad_certificate",
        /// A certificate was of a kind the receiver does not support.
        UNSUPPORTED_CERTIFICATE = 43 => "unsupported_certificate",
        /// A certificate was revoked.
        CERTIFICATE_REVOKED = 44 => "certificate_revoked",
        /// A certificate has expired or is not valid now.
        CERTIFICATE_EXPIRED = 45 => "certificate_expired",
        /// Some other issue with a certificate.
        CERTIFICATE_UNKNOWN = 46 => "certificate_unknown",
        /// A field was incorrect or inconsistent with other fields.
        ILLEGAL_PARAMETER = 47 => "illegal_parameter",
        /// No path to a certificate authority the receiver trusts.
        UNKNOWN_CA = 48 => "unknown_ca",
        /// The certificate is valid, but access was denied.
        ACCESS_DENIED = 49 => "access_denied",
        /// A message could not be parsed.
        DECODE_ERROR = 50 => "decode_error",
        /// A signature, a Finished or a binder did not verify.
        DECRYPT_ERROR = 51 => "decrypt_error",
        /// Too many connection identifiers were requested (RFC 9147).
        TOO_MANY_CIDS_REQUESTED = 52 => "too_many_cids_requested",
        /// An algorithm must not be exported; reserved.
        EXPORT_RESTRICTION = 60 => "export_restriction",
        /// The versions offered are not supported.
        PROTOCOL_VERSION = 70 => "protocol_version",
        /// The server requires more security than the client offers.
        INSUFFICIENT_SECURITY = 71 => "insufficient_security",
        /// An error that has nothing to do with the peer.
        INTERNAL_ERROR = 80 => "internal_error",
        /// An inappropriate retry after a downgrade.
        INAPPROPRIATE_FALLBACK = 86 => "inappropriate_fallback",
        /// The handshake was cancelled by its user.
        USER_CANCELED = 90 => "user_canceled",
        /// No renegotiation, up to TLS 1.2; reserved.
        NO_RENEGOTIATION = 100 => "no_renegotiation",
        /// A mandatory extension is missing.
        MISSING_EXTENSION = 109 => "missing_extension",
        /// A forbidden extension is present.
        UNSUPPORTED_EXTENSION = 110 => "unsupported_extension",
        /// A certificate could not be fetched from its URL; reserved.
        CERTIFICATE_UNOBTAINABLE = 111 => "certificate_unobtainable",
        /// The server has no such name.
        UNRECOGNIZED_NAME = 112 => "unrecognized_name",
        /// An OCSP response was bad.
        BAD_CERTIFICATE_STATUS_RESPONSE = 113 => "bad_certificate_status_response",
        /// A certificate is not the one whose hash was given; reserved.
        BAD_CERTIFICATE_HASH_VALUE = 114 => "bad_certificate_hash_value",
        /// The pre-shared key is unknown.
        UNKNOWN_PSK_IDENTITY = 115 => "unknown_psk_identity",
        /// A certificate is required, and none was sent.
        CERTIFICATE_REQUIRED = 116 => "certificate_required",
        /// An error without a more specific alert, or one that the sender does not disclose.
        GENERAL_ERROR = 117 => "general_error",
        /// No common application protocol.
        NO_APPLICATION_PROTOCOL = 120 => "no_application_protocol",
        /// Encrypted ClientHello is required (RFC 9849).
        ECH_REQUIRED = 121 => "ech_required",
    }
}

/// The meaning of an authentic alert for another attempt.
///
/// Before the server is authenticated, anyone on the path can send one: see
/// [`ConnectionFailure::refusal`](crate::ConnectionFailure::refusal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum AlertClass {
    /// It is about the certificate that was sent, or a missing one: permanent, until another one is sent or the peer's
    /// trust changes.
    Credential,
    /// The two sides are incompatible: permanent, until the configuration or the program of one of them changes.
    Parameters,
    /// Another attempt may succeed; the caller decides when, and how often.
    Transient,
}

impl AlertDescription {
    /// Returns whether this alert ends the connection. RFC 9846 section 6: all but the closure alerts "MUST be treated
    /// as error alerts".
    pub(crate) const fn is_fatal(self) -> bool {
        !matches!(self, Self::CLOSE_NOTIFY | Self::USER_CANCELED)
    }

    /// Classifies this alert, received from the peer. Unknown alerts are transient.
    pub const fn class(self) -> AlertClass {
        match self {
            Self::BAD_CERTIFICATE
            | Self::UNSUPPORTED_CERTIFICATE
            | Self::CERTIFICATE_REVOKED
            | Self::CERTIFICATE_EXPIRED
            | Self::CERTIFICATE_UNKNOWN
            | Self::UNKNOWN_CA
            | Self::ACCESS_DENIED
            // To a client it means that its CertificateVerify was not valid: the key is not that of the certificate.
            | Self::DECRYPT_ERROR
            | Self::BAD_CERTIFICATE_STATUS_RESPONSE
            | Self::CERTIFICATE_REQUIRED
            // Mbed TLS sends this one for a missing certificate.
            | Self::NO_CERTIFICATE => AlertClass::Credential,
            Self::UNEXPECTED_MESSAGE
            | Self::RECORD_OVERFLOW
            | Self::HANDSHAKE_FAILURE
            | Self::ILLEGAL_PARAMETER
            | Self::DECODE_ERROR
            | Self::PROTOCOL_VERSION
            | Self::INSUFFICIENT_SECURITY
            | Self::INAPPROPRIATE_FALLBACK
            | Self::MISSING_EXTENSION
            | Self::UNSUPPORTED_EXTENSION
            | Self::UNRECOGNIZED_NAME
            | Self::UNKNOWN_PSK_IDENTITY
            | Self::NO_APPLICATION_PROTOCOL => AlertClass::Parameters,
            _ => AlertClass::Transient,
        }
    }
}
