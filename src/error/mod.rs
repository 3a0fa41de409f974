//! Errors: small, `Copy`, final. [`Error::alert`] gives the alert of each, so that no call site chooses one.

#[macro_use]
mod table;
mod alert;
mod certificate;
mod diagnosis;
mod malformation;
mod misuse;
mod protocol;
mod stage;

pub use self::alert::{AlertClass, AlertDescription};
pub use self::certificate::{CertificateError, CertificateProblem, WaivableCause};
pub use self::diagnosis::{Diagnosis, Responsible};
pub use self::malformation::Malformation;
pub use self::misuse::ApiMisuse;
pub use self::protocol::{InvalidMessage, PeerIncompatible, PeerMisbehaved};
pub use self::stage::Stage;
pub(crate) use self::table::Code;
use core::fmt::{Display, Formatter, Result};

/// The reason why a handshake or a session ended. 4 bytes, so that a function returns it in a register.
///
/// An error is final and sticky: the connection returns the same error from then on, and the alert
/// of the error, if there is one, waits in `tx_pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The peer ended the connection with this alert. It is about *us*.
    AlertReceived(AlertDescription),
    /// The program that drives the connection made a mistake.
    ApiMisuse(ApiMisuse),
    /// A buffer is too small.
    BufferTooSmall {
        /// The buffer that is too small.
        buffer: BufferKind,
        /// The size in bytes that would have been enough to continue.
        need: BufferSize,
    },
    /// The certificate path of the peer was rejected.
    Certificate(CertificateError),
    /// The transport ended before `close_notify` came: data may be missing (RFC 9846 section 6.1).
    ConnectionTruncated,
    /// A record could not be opened: it was changed on its way, or sealed with other keys.
    DecryptFailed,
    /// A message could not be parsed.
    InvalidMessage(InvalidMessage),
    /// All sequence numbers of a key have been used (RFC 9846 section 5.3).
    KeysExhausted,
    /// The application did not authorize the peer, which gets this alert.
    NotAuthorized(AlertDescription),
    /// The two sides have no parameters in common.
    PeerIncompatible(PeerIncompatible),
    /// The peer broke a rule of the protocol.
    PeerMisbehaved(PeerMisbehaved),
    /// The crypto provider failed, or lacks an algorithm that it lists.
    ProviderFailed,
    /// The signer could not sign.
    SigningFailed,
}

named! {
/// A buffer that is lent to a connection.
pub enum BufferKind {
    /// `Buffers::peer`, for summaries of the peer's certificates.
    Peer = 0, "the buffer `peer` for the peer's certificates";
    /// `Buffers::rx`, for received data.
    Rx = 1, "the receive buffer `rx`";
    /// A client's buffer for a ticket (feature `resumption`).
    Ticket = 3, "the buffer for a session ticket";
    /// `Buffers::tx`, for data to send.
    Tx = 2, "the send buffer `tx`";
}
}

/// A number of bytes in three bytes, as many as the length of a handshake message has.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BufferSize([u8; 3]);

impl From<BufferSize> for usize {
    fn from(BufferSize([high, middle, low]): BufferSize) -> Self {
        Self::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(Self::MAX)
    }
}

impl From<usize> for BufferSize {
    /// Converts a number of bytes; one that needs more than three bytes becomes the largest.
    fn from(bytes: usize) -> Self {
        match u32::try_from(bytes).map(u32::to_be_bytes) {
            Ok([0, size @ ..]) => Self(size),
            _ => Self([0xff; 3]),
        }
    }
}

impl core::fmt::Debug for BufferSize {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Display::fmt(self, f)
    }
}

impl Display for BufferSize {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Display::fmt(&usize::from(*self), f)
    }
}

impl Error {
    /// Makes the error of a buffer that needs `need` bytes.
    pub(crate) fn too_small(buffer: BufferKind, need: usize) -> Self {
        Self::BufferTooSmall { buffer, need: need.into() }
    }

    /// Returns the alert that reports this error to the peer; `None` where none may be sent: after an
    /// alert of the peer, and when the transport is gone.
    #[must_use]
    pub const fn alert(self) -> Option<AlertDescription> {
        match self {
            Self::AlertReceived(_) | Self::ConnectionTruncated => None,
            Self::ApiMisuse(_) | Self::KeysExhausted | Self::ProviderFailed | Self::SigningFailed => {
                Some(AlertDescription::INTERNAL_ERROR)
            }
            Self::BufferTooSmall { buffer, .. } => Some(match buffer {
                // RFC 9846 section 6.2: record_overflow is the only alert that asks the peer to send less.
                BufferKind::Rx => AlertDescription::RECORD_OVERFLOW,
                BufferKind::Peer | BufferKind::Ticket | BufferKind::Tx => AlertDescription::INTERNAL_ERROR,
            }),
            Self::Certificate(error) => Some(error.problem.alert()),
            Self::DecryptFailed => Some(AlertDescription::BAD_RECORD_MAC),
            Self::InvalidMessage(reason) => Some(reason.alert()),
            Self::PeerIncompatible(reason) => Some(reason.alert()),
            Self::PeerMisbehaved(reason) => Some(reason.alert()),
            Self::NotAuthorized(alert) => Some(alert),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AlertReceived(alert) => write!(f, "the peer ended the connection with alert {} ({alert})", alert.0),
            Self::ApiMisuse(reason) => write!(f, "API misuse: {reason}"),
            Self::BufferTooSmall { buffer, need } => write!(f, "{buffer} is too small: {need} bytes are needed"),
            Self::Certificate(error) => error.fmt(f),
            Self::ConnectionTruncated => f.write_str("the connection ended without close_notify"),
            Self::DecryptFailed => f.write_str("a record could not be decrypted"),
            Self::InvalidMessage(reason) => write!(f, "invalid message: {reason}"),
            Self::KeysExhausted => f.write_str("the record limit of a key was reached"),
            Self::PeerIncompatible(reason) => write!(f, "incompatible peer: {reason}"),
            Self::PeerMisbehaved(reason) => write!(f, "the peer violated the protocol: {reason}"),
            Self::ProviderFailed => f.write_str("the crypto provider failed"),
            Self::NotAuthorized(alert) => write!(f, "the peer was rejected with alert {} ({alert})", alert.0),
            Self::SigningFailed => f.write_str("the signer failed to sign"),
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
    use std::string::ToString;

    #[test]
    fn an_error_takes_four_bytes() {
        assert_eq!((size_of::<Error>(), size_of::<Option<Error>>()), (4, 4));
    }

    #[test]
    fn a_size_is_exact_up_to_the_longest_message() {
        for bytes in [0, 190, 0xffff, 0x1_0000, 0xff_ffff] {
            let size = BufferSize::from(bytes);
            assert_eq!((usize::from(size), size.to_string()), (bytes, bytes.to_string()));
        }
        assert_eq!(usize::from(BufferSize::from(0x100_0000)), 0xff_ffff);
        assert_eq!(usize::from(BufferSize::from(usize::MAX)), 0xff_ffff);
    }

    #[test]
    fn errors_are_sentences_and_not_the_names_of_variants() {
        for (error, wanted) in [
            (
                ApiMisuse::TrustAnchorUnusable(CertificateProblem::NotACa).into(),
                "API misuse: a certificate cannot be used as a trust anchor: it is not a CA and cannot issue \
                 certificates",
            ),
            (InvalidMessage::Truncated.into(), "invalid message: a structure is truncated"),
            (PeerIncompatible::NoGroup.into(), "incompatible peer: no key exchange group in common"),
            (
                PeerMisbehaved::SignatureIncorrect.into(),
                "the peer violated the protocol: its CertificateVerify was not signed with the key of its certificate",
            ),
            (
                Error::BufferTooSmall { buffer: BufferKind::Peer, need: 900.into() },
                "the buffer `peer` for the peer's certificates is too small: 900 bytes are needed",
            ),
        ] {
            assert_eq!(error.to_string(), wanted);
        }
    }
}
