//! Drivers: thin loops that move bytes between a transport and the core and put questions to a [`Host`].

pub mod asynch;
pub mod blocking;
mod host;
#[cfg(feature = "post-handshake-auth")]
mod hosted;
mod place;
mod pump;
#[cfg(feature = "rustcrypto")]
mod software;
#[cfg(feature = "std")]
pub mod std;
mod stream;
mod traits;

pub use self::host::{AsyncHost, Host};
#[cfg(feature = "post-handshake-auth")]
pub use self::hosted::Hosted;
pub use self::place::StreamPlace;
#[cfg(feature = "rustcrypto")]
pub use self::software::{AnySigningKey, FirstAccepted, Keystore, OneCredential, SigningKey, SoftwareHost};
pub use self::stream::Stream;

use crate::error::{Error, Stage};

/// The failure of an operation over a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failure<E> {
    /// The transport failed.
    Io(E),
    /// TLS failed. The alert, if any, was sent.
    Tls(Error),
}

/// The failure of a handshake over a transport, and its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct HandshakeError<E> {
    /// The stage that the handshake had reached.
    pub stage: Stage,
    /// The cause of the failure.
    pub cause: Failure<E>,
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
        write!(f, "{} (stage: {})", self.cause, self.stage)
    }
}

impl<E: core::error::Error> core::error::Error for Failure<E> {}
impl<E: core::error::Error> core::error::Error for HandshakeError<E> {}

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
