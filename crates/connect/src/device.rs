//! The contribution of a device to each of its connections: identities, time and entropy.

use embedded_mtls::crypto::rustcrypto::P256SigningKey;
use embedded_mtls::io::{AsyncHost, SoftwareHost};
use embedded_mtls::x509::Time;
use embedded_mtls::{Credential, Entropy};

/// A device that has identities, a clock and entropy for each of its connections.
///
/// [`SoftwareDevice`] is one with keys in memory. Implement it for a device with a secure element, or with rules of its
/// own.
pub trait Device {
    /// The host of one connection.
    type Host: AsyncHost;

    /// Makes the host of a new connection.
    fn host(&self) -> Self::Host;

    /// Draws the entropy of a new connection.
    fn entropy(&self) -> Entropy;
}

/// A device with keys in memory, as [`SoftwareHost`] has them.
pub struct SoftwareDevice<'b, K = P256SigningKey> {
    /// Our certificates. `KeyHandle(i)` of a credential is `keys[i]`.
    pub credentials: &'b [Credential<'b>],
    /// Our private keys.
    pub keys: &'b [K],
    /// Returns the time at which certificates are validated.
    pub clock: fn() -> Time,
    /// Draws entropy from a hardware generator or the operating system.
    pub entropy: fn() -> Entropy,
}

/// It only refers to its keys, which need not be `Clone`.
impl<K> Clone for SoftwareDevice<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for SoftwareDevice<'_, K> {}

impl<K> core::fmt::Debug for SoftwareDevice<'_, K> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SoftwareDevice")
    }
}

impl<'b, K: embedded_mtls::io::SigningKey> Device for SoftwareDevice<'b, K> {
    type Host = SoftwareHost<'b, fn() -> Time, K>;

    fn host(&self) -> Self::Host {
        SoftwareHost::new(self.credentials, self.keys, self.clock)
    }

    fn entropy(&self) -> Entropy {
        (self.entropy)()
    }
}
