//! Messages that cannot be parsed, peers without common parameters, and violations of the protocol.

use super::AlertDescription;

reasons! {
/// The encoding of a message is wrong.
pub enum InvalidMessage {
    /// An alert record whose length is not two.
    AlertLength = 0, DECODE_ERROR, "an alert is not two bytes long";
    /// A message has two extensions of one type (RFC 9846 section 4.3).
    DuplicateExtension = 1, ILLEGAL_PARAMETER, "duplicate extension";
    /// An empty record of a type that must not be empty (RFC 9846 section 5.1).
    EmptyRecord = 3, UNEXPECTED_MESSAGE, "a record that must not be empty is empty";
    /// An empty vector where the message requires at least one item.
    EmptyVector = 2, DECODE_ERROR, "a list that must not be empty is empty";
    /// A field has a value it must not have.
    IllegalValue = 4, ILLEGAL_PARAMETER, "a field has an illegal value";
    /// A handshake message is longer than any of its kind can be.
    MessageTooLong = 5, DECODE_ERROR, "longer than any message of its type";
    /// A record is longer than RFC 9846 section 5 allows, or than the peer has agreed to (RFC 8449).
    RecordTooLong = 6, RECORD_OVERFLOW, "a record is longer than TLS or the negotiated limit allows";
    /// Bytes follow the end of a structure.
    TrailingBytes = 7, DECODE_ERROR, "trailing bytes after the end of a structure";
    // 8 and 9 belonged to limits that no longer exist.
    /// The input ends within a structure.
    Truncated = 10, DECODE_ERROR, "a structure is truncated";
    /// A record type or message type that does not exist.
    UnknownType = 11, UNEXPECTED_MESSAGE, "unknown type";
    /// A vector is longer than its type allows (RFC 9846 section 3.4).
    VectorTooLong = 12, DECODE_ERROR, "a list or string is longer than its type allows";
}
}

reasons! {
/// Parameters on which the two sides cannot agree.
pub enum PeerIncompatible {
    /// The client sent no certificate, but one is required.
    ClientCertificateRequired = 0, CERTIFICATE_REQUIRED, "the client sent no certificate, but one is required";
    /// No common application protocol (RFC 7301 section 3.2).
    NoApplicationProtocol = 1, NO_APPLICATION_PROTOCOL, "no application protocol (ALPN) in common";
    /// No common cipher suite.
    NoCipherSuite = 2, HANDSHAKE_FAILURE, "no cipher suite in common";
    /// None of our credentials matches the peer's request.
    NoCredential = 3, HANDSHAKE_FAILURE, "none of our credentials matches the peer's request";
    /// No common key exchange group.
    NoGroup = 4, HANDSHAKE_FAILURE, "no key exchange group in common";
    /// The server sent a HelloRetryRequest, which a client does not answer without the feature `any-peer`.
    RetryUnsupported = 8, HANDSHAKE_FAILURE,
        "the server sent a HelloRetryRequest, which this client does not answer (feature any-peer)";
    /// The peer does not offer TLS 1.3.
    Tls13NotOffered = 5, PROTOCOL_VERSION, "the client does not offer TLS 1.3";
    /// The server chose TLS 1.2 or older.
    Tls13NotSelected = 6, PROTOCOL_VERSION, "the server selected TLS 1.2 or older";
    /// The client requests a server name that is not ours (RFC 6066 section 3).
    UnknownServerName = 7, UNRECOGNIZED_NAME, "the client requests a server name that is not ours";
}
}

reasons! {
/// A rule of the protocol was broken.
///
/// Each has its alert (RFC 9846 section 6); a CertificateVerify that does not verify is a `decrypt_error` (RFC 9846
/// section 4.5.2).
pub enum PeerMisbehaved {
    /// The binder of a ticket does not verify (RFC 9846 section 4.3.11).
    BinderIncorrect = 20, DECRYPT_ERROR, "its binder does not verify: it does not have the ticket's key";
    /// A Certificate has a request context other than ours.
    CertificateContext = 2, ILLEGAL_PARAMETER, "its Certificate has the wrong request context";
    /// A server sent an empty Certificate (RFC 9846 section 4.5.1).
    EmptyServerCertificate = 1, DECODE_ERROR, "the server's Certificate is empty";
    /// The peer's Finished does not verify.
    FinishedIncorrect = 3, DECRYPT_ERROR, "its Finished does not verify: keys or messages differ";
    /// A second HelloRetryRequest, or one that changes nothing (RFC 9846 section 4.2.4).
    HelloRetryRequestIllegal = 4, ILLEGAL_PARAMETER, "a second HelloRetryRequest, or one that changes nothing";
    /// Keys change in the middle of a message (RFC 9846 section 5.1).
    KeyChangeInsideMessage = 7, UNEXPECTED_MESSAGE, "the keys change in the middle of a message";
    /// A key share that is not a valid public key, or is degenerate (RFC 9846 section 7.4).
    KeyShareInvalid = 5, ILLEGAL_PARAMETER, "its key share is not a valid public key";
    /// A key share of a group that was not offered or not requested.
    KeyShareNotOffered = 6, ILLEGAL_PARAMETER, "its key share is for a group that was not offered or not requested";
    /// A hello with a `legacy_version` other than 0x0303 (RFC 9846 sections 4.2.2 and 4.2.3).
    LegacyVersion = 19, PROTOCOL_VERSION, "the legacy_version of its hello is not 0x0303";
    /// A mandatory extension is missing.
    MissingExtension = 8, MISSING_EXTENSION, "a mandatory extension is missing";
    /// The second ClientHello differs from the first where it must not (RFC 9846 section 4.2.2).
    SecondClientHelloDiffers = 11, ILLEGAL_PARAMETER, "its second ClientHello differs from the first where it must not";
    /// The server selected a parameter that was not offered.
    SelectedNotOffered = 12, ILLEGAL_PARAMETER, "it selected a parameter that was not offered";
    /// The signature in CertificateVerify does not verify.
    SignatureIncorrect = 9, DECRYPT_ERROR, "its CertificateVerify was not signed with the key of its certificate";
    /// CertificateVerify uses a scheme that was not offered or does not match the key.
    SignatureSchemeNotOffered = 10, ILLEGAL_PARAMETER,
        "its CertificateVerify uses a signature scheme that was not offered or does not match the key";
    /// Too many `change_cipher_spec` records.
    TooManyChangeCipherSpec = 13, UNEXPECTED_MESSAGE, "too many change_cipher_spec records";
    /// Too many empty records in a row.
    TooManyEmptyRecords = 14, UNEXPECTED_MESSAGE, "too many consecutive empty records";
    /// Too many KeyUpdate messages without data between them.
    TooManyKeyUpdates = 15, UNEXPECTED_MESSAGE, "too many KeyUpdate messages without data between them";
    /// Too many NewSessionTicket or other messages after the handshake.
    TooManyMessages = 16, UNEXPECTED_MESSAGE, "too many messages after the handshake without data between them";
    /// A message that is not allowed at this point.
    UnexpectedMessage = 17, UNEXPECTED_MESSAGE, "unexpected message";
    /// An extension that was not offered, or is not allowed in this message.
    UnsolicitedExtension = 18, UNSUPPORTED_EXTENSION,
        "an extension was not offered, or is not allowed in its message";
    /// A plaintext record was received where an encrypted one is required, or vice versa.
    WrongEpoch = 0, UNEXPECTED_MESSAGE, "a plaintext record where an encrypted one is required, or vice versa";
}
}
