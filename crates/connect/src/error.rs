//! The errors of connections, and the kinds that HTTP and MQTT crates pass on.

use core::fmt::{Display, Formatter};
use embedded_io::ErrorKind;
use embedded_mtls::io::Failure;
use embedded_mtls::{AlertClass, AlertDescription, PeerIncompatible, Stage};

/// The reason why a connection could not be opened, or failed.
///
/// Its [kind](embedded_io::Error::kind) distinguishes the cases to which a program reacts:
///
/// | Kind | Cause |
/// |---|---|
/// | `PermissionDenied` | the certificate of one side was rejected or is missing, or the peer is not authorized |
/// | `TimedOut` | the transport ran out of time |
/// | `ConnectionReset` | the peer ended the connection with another alert |
/// | `ConnectionAborted` | the transport ended without `close_notify` |
/// | `OutOfMemory` | all lent buffers are in use, or one is too small |
/// | `InvalidInput` | the program made a mistake |
/// | `Unsupported` | no parameters in common with the peer |
/// | `InvalidData` | the peer violated the protocol |
/// | others | those of the transport |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// Each of the [lent buffers](crate::Lent) is in use.
    Busy,
    /// The transport failed.
    Transport(E),
    /// TLS failed. The alert, if there is one, was sent.
    Tls(embedded_mtls::Error),
}

/// The reason of the last TLS failure, stored by the connector, since the crates above it keep only an
/// [`ErrorKind`](embedded_io::ErrorKind).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stage of the handshake; `None` if it was complete.
    pub stage: Option<Stage>,
    /// The error.
    pub error: embedded_mtls::Error,
}

impl<E> From<Failure<E>> for Error<E> {
    fn from(failure: Failure<E>) -> Self {
        match failure {
            Failure::Io(error) => Self::Transport(error),
            Failure::Tls(error) => Self::Tls(error),
        }
    }
}

impl<E: Display> Display for Error<E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Busy => f.write_str("all buffers are in use"),
            Self::Transport(error) => write!(f, "the transport failed: {error}"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        match self.stage {
            Some(stage) => write!(f, "{} (stage: {stage})", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for Error<E> {}

impl<E: embedded_io::Error> embedded_io::Error for Error<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy => ErrorKind::OutOfMemory,
            Self::Transport(error) => error.kind(),
            Self::Tls(error) => kind(*error),
        }
    }
}

fn kind(error: embedded_mtls::Error) -> ErrorKind {
    use embedded_mtls::Error;
    match error {
        Error::Certificate(_)
        | Error::PeerIncompatible(PeerIncompatible::ClientCertificateRequired)
        | Error::NotAuthorized(_) => ErrorKind::PermissionDenied,
        Error::AlertReceived(alert) if is_refusal(alert) => ErrorKind::PermissionDenied,
        Error::AlertReceived(_) => ErrorKind::ConnectionReset,
        Error::ConnectionTruncated => ErrorKind::ConnectionAborted,
        Error::BufferTooSmall { .. } => ErrorKind::OutOfMemory,
        Error::ApiMisuse(_) => ErrorKind::InvalidInput,
        Error::PeerIncompatible(_) => ErrorKind::Unsupported,
        Error::DecryptFailed | Error::InvalidMessage(_) | Error::PeerMisbehaved(_) => ErrorKind::InvalidData,
        _ => ErrorKind::Other,
    }
}

/// Returns whether an alert of the peer is about our certificate, or denies us access.
fn is_refusal(alert: AlertDescription) -> bool {
    alert == AlertDescription::ACCESS_DENIED || alert.class() == AlertClass::Credential
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_io::Error as _;

    fn kind_of(error: embedded_mtls::Error) -> ErrorKind {
        Error::<ErrorKind>::Tls(error).kind()
    }

    #[test]
    fn a_rejected_certificate_an_end_and_a_time_out_differ() {
        for alert in [
            AlertDescription::BAD_CERTIFICATE,
            AlertDescription::CERTIFICATE_EXPIRED,
            AlertDescription::UNKNOWN_CA,
            AlertDescription::ACCESS_DENIED,
        ] {
            assert_eq!(kind_of(embedded_mtls::Error::AlertReceived(alert)), ErrorKind::PermissionDenied, "{alert}");
        }
        let other = embedded_mtls::Error::AlertReceived(AlertDescription::INTERNAL_ERROR);
        assert_eq!(kind_of(other), ErrorKind::ConnectionReset);
        assert_eq!(kind_of(embedded_mtls::Error::ConnectionTruncated), ErrorKind::ConnectionAborted);
        assert_eq!(Error::Transport(ErrorKind::TimedOut).kind(), ErrorKind::TimedOut);
        assert_eq!(Error::<ErrorKind>::Busy.kind(), ErrorKind::OutOfMemory);
    }
}
