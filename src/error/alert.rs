//! Alerts (RFC 9846 section 6).

code_points! {
    /// What an alert says (RFC 9846 section 6).
    pub struct AlertDescription(u8) {
        /// The sender will send nothing more on this connection.
        CLOSE_NOTIFY = 0,
        /// A message came that does not belong here.
        UNEXPECTED_MESSAGE = 10,
        /// A record could not be opened.
        BAD_RECORD_MAC = 20,
        /// A record is longer than allowed.
        RECORD_OVERFLOW = 22,
        /// No common parameters.
        HANDSHAKE_FAILURE = 40,
        /// A certificate was corrupt or its signature did not verify.
        BAD_CERTIFICATE = 42,
        /// A certificate was of a kind the receiver does not support.
        UNSUPPORTED_CERTIFICATE = 43,
        /// A certificate was revoked.
        CERTIFICATE_REVOKED = 44,
        /// A certificate has expired or is not valid now.
        CERTIFICATE_EXPIRED = 45,
        /// Some other issue with a certificate.
        CERTIFICATE_UNKNOWN = 46,
        /// A field was wrong or does not fit others.
        ILLEGAL_PARAMETER = 47,
        /// No path to a certificate authority the receiver trusts.
        UNKNOWN_CA = 48,
        /// The certificate is valid, its holder may not come in.
        ACCESS_DENIED = 49,
        /// A message could not be parsed.
        DECODE_ERROR = 50,
        /// A signature, a Finished or a binder did not verify.
        DECRYPT_ERROR = 51,
        /// The versions offered are not supported.
        PROTOCOL_VERSION = 70,
        /// The server wants more security than the client offers.
        INSUFFICIENT_SECURITY = 71,
        /// An error that has nothing to do with the peer.
        INTERNAL_ERROR = 80,
        /// An inappropriate retry after a downgrade.
        INAPPROPRIATE_FALLBACK = 86,
        /// The handshake was cancelled by its user.
        USER_CANCELED = 90,
        /// An extension that must be there is not.
        MISSING_EXTENSION = 109,
        /// An extension that must not be there.
        UNSUPPORTED_EXTENSION = 110,
        /// No server of that name here.
        UNRECOGNIZED_NAME = 112,
        /// An OCSP response was bad.
        BAD_CERTIFICATE_STATUS_RESPONSE = 113,
        /// No such pre-shared key.
        UNKNOWN_PSK_IDENTITY = 115,
        /// A certificate is required and none came.
        CERTIFICATE_REQUIRED = 116,
        /// No common application protocol.
        NO_APPLICATION_PROTOCOL = 120,
    }
}
