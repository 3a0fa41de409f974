//! Errors: small, `Copy`, final. [`Error::alert`] gives the alert of each, so that no call site chooses one.

mod alert;
mod by_http;
mod certificate;
mod diagnosis;
mod explanation;
mod malformation;
mod stage;

pub use self::alert::{AlertClass, AlertDescription};
pub use self::certificate::{CertificateError, CertificateProblem};
pub use self::diagnosis::{Diagnosis, Responsible};
pub use self::malformation::Malformation;
pub use self::stage::Stage;

/// Why a handshake or a session ended. At most 8 bytes.
///
/// An error is final and sticky: the connection returns the same error from then on, and the alert
/// of the error, if there is one, waits in `tx_pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The peer ended the connection with this alert. What it says is about *us*.
    AlertReceived(AlertDescription),
    /// The program that drives the connection made a mistake.
    ApiMisuse(ApiMisuse),
    /// A lent buffer is too small.
    BufferTooSmall {
        /// Which of the lent buffers.
        buffer: BufferKind,
        /// The size in bytes that would have been enough to go on.
        need: u32,
    },
    /// The certificate path of the peer was refused.
    Certificate(CertificateError),
    /// The transport ended before `close_notify` came: data may be missing (RFC 9846 section 6.1).
    ConnectionTruncated,
    /// A record could not be opened: it was changed on its way, or sealed with other keys.
    DecryptFailed,
    /// A message could not be parsed.
    InvalidMessage(InvalidMessage),
    /// As many records were sealed or opened under one key as there are sequence numbers (RFC 9846 section 5.3).
    KeysExhausted,
    /// The peer speaks TLS, but nothing that both sides support.
    PeerIncompatible(PeerIncompatible),
    /// The peer broke a rule of the protocol.
    PeerMisbehaved(PeerMisbehaved),
    /// The crypto provider failed, or lacks an algorithm that it lists.
    ProviderFailed,
    /// The application refused the peer with this alert.
    Refused(AlertDescription),
    /// The signer could not sign.
    SigningFailed,
}

/// One of the three lent buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum BufferKind {
    /// `Buffers::peer`, what is kept of the peer's certificates.
    Peer,
    /// `Buffers::rx`, what is received.
    Rx,
    /// `Buffers::tx`, what is sent.
    Tx,
}

/// Mistakes that can be found and mended by reading the calling code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ApiMisuse {
    /// An empty or too long ALPN protocol name (RFC 7301 section 3.1: 1 to 255 bytes), or more than 64 names.
    AlpnNameLength,
    /// An answer to a question that was not asked. Request tokens exclude it.
    AnswerUnexpected,
    /// Data was written after `close`.
    ClosedForWriting,
    /// More bytes were committed than `rx_space` offered, or sealed than `reserve` offered.
    CommitTooLarge,
    /// A common name that no certificate can have, or a pattern that is none (see
    /// [`CommonName`](crate::x509::CommonName)).
    CommonNameInvalid,
    /// A certificate cannot serve in a credential, or there is none.
    CredentialUnusable(CertificateError),
    /// A credential was selected whose signature scheme the peer did not offer.
    CredentialSchemeNotOffered,
    /// The key of the credential does not sign with the scheme that was asked for.
    CredentialSchemeUnfit,
    /// The exporter was asked for more than 255 hash lengths or with a label over 249 bytes (RFC 9846 section 7.1).
    ExportLength,
    /// A stream without a host was asked who we are, or who may in, after the handshake: use `Stream::hosted`.
    HostNeeded,
    /// The names of the trust anchors, or those of `with_authority_names`, do not fit into a CertificateRequest (65,024
    /// bytes), or there are more than 255 anchors.
    AuthoritiesTooLong,
    /// A list of key shares has more than two groups, one twice, or one that is not offered.
    KeySharesUnusable,
    /// No trust anchor, though certificates are to be verified.
    NoTrustAnchors,
    /// A list of suites, groups or signature schemes names one that this provider does not have, or has more
    /// than 64 entries.
    AlgorithmUnsupported,
    /// A server asks for a certificate after the handshake, and the client did not offer to answer, or this is the
    /// client (RFC 9846 section 4.3.6).
    PostHandshakeAuthNotOffered,
    /// A server asks for a certificate before the client has answered the last request.
    RequestPending,
    /// A digest to sign was asked for, and the scheme signs the message itself.
    SchemeWithoutDigest,
    /// The DNS name is not a valid host name (RFC 9525 section 6.3).
    ServerNameInvalid,
    /// The signature does not have the form the scheme asks for.
    SignatureMalformed,
    /// A certificate cannot serve as a trust anchor.
    TrustAnchorUnusable(CertificateProblem),
    /// The validity of certificates is limited to 0 days, which none can keep.
    ValidityLimitZero,
}

/// The encoding of a message is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidMessage {
    /// An alert record of another length than two.
    AlertLength,
    /// An extension stands twice in one message (RFC 9846 section 4.3).
    DuplicateExtension,
    /// A vector that must not be empty is.
    EmptyVector,
    /// A record without content where that is not allowed (RFC 9846 section 5.1).
    EmptyRecord,
    /// A field has a value it must not have.
    IllegalValue,
    /// A handshake message is longer than any of its kind can be.
    MessageTooLong,
    /// A record is longer than RFC 9846 section 5 allows.
    RecordTooLong,
    /// Bytes are left behind the end of a structure.
    TrailingBytes,
    /// A structure ends before its end.
    Truncated,
    /// A record type or message type that does not exist.
    UnknownType,
    /// A vector is longer than its type allows (RFC 9846 section 3.4).
    VectorTooLong,
}

/// No common ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PeerIncompatible {
    /// The client came without a certificate and one is required.
    ClientCertificateRequired,
    /// No common application protocol (RFC 7301 section 3.2).
    NoApplicationProtocol,
    /// No common cipher suite.
    NoCipherSuite,
    /// No credential of ours fits what the peer asks for.
    NoCredential,
    /// No common key exchange group.
    NoGroup,
    /// The peer does not offer TLS 1.3.
    Tls13NotOffered,
    /// The server chose TLS 1.2 or older.
    Tls13NotSelected,
    /// The client asks for a server name that we do not have (RFC 6066 section 3).
    UnknownServerName,
}

/// A rule of the protocol was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// An unencrypted record came where records must be encrypted, or the other way about.
    WrongEpoch,
    /// A server sent an empty Certificate (RFC 9846 section 4.5.1).
    EmptyServerCertificate,
    /// A Certificate carries a request context that is not ours.
    CertificateContext,
    /// The Finished of the peer is wrong.
    FinishedIncorrect,
    /// A second HelloRetryRequest, or one that changes nothing (RFC 9846 section 4.2.4).
    HelloRetryRequestIllegal,
    /// A key share that is no valid public key, or a degenerate one (RFC 9846 section 7.4).
    KeyShareInvalid,
    /// A key share of a group that was not offered or not asked for.
    KeyShareNotOffered,
    /// Keys change in the middle of a message (RFC 9846 section 5.1).
    KeyChangeInsideMessage,
    /// A hello with another `legacy_version` than 0x0303 (RFC 9846 sections 4.2.2 and 4.2.3).
    LegacyVersion,
    /// An extension that must be there is missing.
    MissingExtension,
    /// The CertificateVerify signature is wrong.
    SignatureIncorrect,
    /// CertificateVerify uses a scheme that was not offered or does not fit the key.
    SignatureSchemeNotOffered,
    /// The second ClientHello differs from the first where it must not (RFC 9846 section 4.2.2).
    SecondClientHelloDiffers,
    /// The server selected what was not offered.
    SelectedNotOffered,
    /// Too many `change_cipher_spec` records.
    TooManyChangeCipherSpec,
    /// Too many empty records in a row.
    TooManyEmptyRecords,
    /// Too many KeyUpdate messages without data between them.
    TooManyKeyUpdates,
    /// Too many NewSessionTicket or other messages after the handshake.
    TooManyMessages,
    /// A message that does not belong here.
    UnexpectedMessage,
    /// An extension that was not offered, or does not belong into this message.
    UnsolicitedExtension,
}

impl Error {
    /// Says that a lent buffer had to have `need` bytes to go on.
    pub(crate) fn too_small(buffer: BufferKind, need: usize) -> Self {
        Self::BufferTooSmall { buffer, need: u32::try_from(need).unwrap_or(u32::MAX) }
    }

    /// The alert that tells the peer about this error; `None` where none may be sent: after an
    /// alert of the peer, and when the transport is gone.
    #[must_use]
    pub const fn alert(self) -> Option<AlertDescription> {
        match self {
            Self::AlertReceived(_) | Self::ConnectionTruncated => None,
            Self::ApiMisuse(_) | Self::KeysExhausted | Self::ProviderFailed | Self::SigningFailed => {
                Some(AlertDescription::INTERNAL_ERROR)
            }
            Self::BufferTooSmall { buffer, .. } => Some(match buffer {
                // RFC 9846 section 6.2: record_overflow is the one alert that says "smaller, please".
                BufferKind::Rx => AlertDescription::RECORD_OVERFLOW,
                BufferKind::Peer | BufferKind::Tx => AlertDescription::INTERNAL_ERROR,
            }),
            Self::Certificate(error) => Some(error.problem.alert()),
            Self::DecryptFailed => Some(AlertDescription::BAD_RECORD_MAC),
            Self::InvalidMessage(reason) => Some(reason.alert()),
            Self::PeerIncompatible(reason) => Some(reason.alert()),
            Self::PeerMisbehaved(reason) => Some(reason.alert()),
            Self::Refused(alert) => Some(alert),
        }
    }
}

impl InvalidMessage {
    const fn alert(self) -> AlertDescription {
        match self {
            Self::IllegalValue | Self::DuplicateExtension => AlertDescription::ILLEGAL_PARAMETER,
            Self::RecordTooLong => AlertDescription::RECORD_OVERFLOW,
            Self::UnknownType | Self::EmptyRecord => AlertDescription::UNEXPECTED_MESSAGE,
            Self::AlertLength
            | Self::EmptyVector
            | Self::MessageTooLong
            | Self::TrailingBytes
            | Self::Truncated
            | Self::VectorTooLong => AlertDescription::DECODE_ERROR,
        }
    }
}

impl PeerIncompatible {
    const fn alert(self) -> AlertDescription {
        match self {
            Self::ClientCertificateRequired => AlertDescription::CERTIFICATE_REQUIRED,
            Self::NoApplicationProtocol => AlertDescription::NO_APPLICATION_PROTOCOL,
            Self::NoCipherSuite | Self::NoCredential | Self::NoGroup => AlertDescription::HANDSHAKE_FAILURE,
            Self::Tls13NotOffered | Self::Tls13NotSelected => AlertDescription::PROTOCOL_VERSION,
            Self::UnknownServerName => AlertDescription::UNRECOGNIZED_NAME,
        }
    }
}

impl PeerMisbehaved {
    const fn alert(self) -> AlertDescription {
        match self {
            Self::EmptyServerCertificate => AlertDescription::DECODE_ERROR,
            Self::FinishedIncorrect | Self::SignatureIncorrect => AlertDescription::DECRYPT_ERROR,
            Self::LegacyVersion => AlertDescription::PROTOCOL_VERSION,
            Self::MissingExtension => AlertDescription::MISSING_EXTENSION,
            Self::UnsolicitedExtension => AlertDescription::UNSUPPORTED_EXTENSION,
            Self::CertificateContext
            | Self::HelloRetryRequestIllegal
            | Self::KeyShareInvalid
            | Self::KeyShareNotOffered
            | Self::SecondClientHelloDiffers
            | Self::SelectedNotOffered
            | Self::SignatureSchemeNotOffered => AlertDescription::ILLEGAL_PARAMETER,
            Self::KeyChangeInsideMessage
            | Self::TooManyChangeCipherSpec
            | Self::TooManyEmptyRecords
            | Self::TooManyKeyUpdates
            | Self::TooManyMessages
            | Self::UnexpectedMessage
            | Self::WrongEpoch => AlertDescription::UNEXPECTED_MESSAGE,
        }
    }
}

impl From<InvalidMessage> for Error {
    fn from(reason: InvalidMessage) -> Self {
        Self::InvalidMessage(reason)
    }
}

impl From<PeerIncompatible> for Error {
    fn from(reason: PeerIncompatible) -> Self {
        Self::PeerIncompatible(reason)
    }
}

impl From<PeerMisbehaved> for Error {
    fn from(reason: PeerMisbehaved) -> Self {
        Self::PeerMisbehaved(reason)
    }
}

impl From<ApiMisuse> for Error {
    fn from(reason: ApiMisuse) -> Self {
        Self::ApiMisuse(reason)
    }
}

impl From<CertificateError> for Error {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_at_most_eight_bytes() {
        assert!(size_of::<Error>() <= 8, "{}", size_of::<Error>());
        assert!(size_of::<Option<Error>>() <= 8, "{}", size_of::<Option<Error>>());
    }
}
