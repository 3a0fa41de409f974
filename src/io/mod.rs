//! Drivers: thin loops that move bytes between a transport and the core, and ask a [`Host`].

#[cfg(any(feature = "blocking", feature = "async"))]
mod answers;
#[cfg(feature = "async")]
pub mod asynch;
#[cfg(feature = "blocking")]
pub mod blocking;
mod host;
#[cfg(feature = "std")]
pub mod std;

#[cfg(feature = "rustcrypto")]
pub use self::host::{AnySigningKey, KeystoreHost, SigningKey, SoftwareHost};
pub use self::host::{AsyncHost, Host};

use crate::error::{Error, Stage};

/// Why an operation over a transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failure<E> {
    /// The transport failed.
    Io(E),
    /// TLS failed. The alert, if there is one, was sent.
    Tls(Error),
}

/// Why a handshake over a transport failed, and where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct HandshakeError<E> {
    /// What the handshake was waiting for or doing.
    pub stage: Stage,
    /// What went wrong.
    pub cause: Failure<E>,
}

/// Tells whether the other side, or somebody in between, has ended the connection. A transport may also fail because its
/// time is over or it was called at a bad moment.
#[cfg(any(feature = "blocking", feature = "async"))]
fn is_broken(error: &impl embedded_io::Error) -> bool {
    use embedded_io::ErrorKind;
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

impl<E: core::fmt::Display> core::fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the transport failed: {error}"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl<E: core::fmt::Display> core::fmt::Display for HandshakeError<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} (while: {})", self.cause, self.stage)
    }
}

impl<E: core::error::Error> core::error::Error for Failure<E> {}
impl<E: core::error::Error> core::error::Error for HandshakeError<E> {}

#[cfg(any(feature = "blocking", feature = "async"))]
impl<E: embedded_io::Error> embedded_io::Error for Failure<E> {
    fn kind(&self) -> embedded_io::ErrorKind {
        match self {
            Self::Io(error) => error.kind(),
            Self::Tls(Error::ConnectionTruncated) => embedded_io::ErrorKind::ConnectionAborted,
            Self::Tls(Error::AlertReceived(_)) => embedded_io::ErrorKind::ConnectionReset,
            Self::Tls(_) => embedded_io::ErrorKind::InvalidData,
        }
    }
}
