//! The contribution of a device to each of its connections: identities, time and entropy.

use core::marker::PhantomData;
use embedded_mtls::crypto::CryptoProvider;
use embedded_mtls::crypto::rustcrypto::{P256SigningKey, RustCrypto};
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

    /// The cryptography of its connections: [`RustCrypto`], or another that is chosen by
    /// [`with_provider`](Self::with_provider).
    type Provider: CryptoProvider + Default;

    /// Makes the host of a new connection.
    fn host(&self) -> Self::Host;

    /// Draws the entropy of a new connection.
    fn entropy(&self) -> Entropy;

    /// Returns the same device with another provider of cryptography.
    #[must_use]
    fn with_provider<P: CryptoProvider + Default>(self) -> WithProvider<Self, P>
    where
        Self: Sized,
    {
        WithProvider { device: self, provider: PhantomData }
    }
}

/// A device whose connections use the cryptography of `P`.
pub struct WithProvider<D, P> {
    device: D,
    provider: PhantomData<P>,
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
    type Provider = RustCrypto;

    fn host(&self) -> Self::Host {
        SoftwareHost::new(self.credentials, self.keys, self.clock)
    }

    fn entropy(&self) -> Entropy {
        (self.entropy)()
    }
}

impl<D: Device, P: CryptoProvider + Default> Device for WithProvider<D, P> {
    type Host = D::Host;
    type Provider = P;

    fn host(&self) -> Self::Host {
        self.device.host()
    }

    fn entropy(&self) -> Entropy {
        self.device.entropy()
    }
}

impl<D: Clone, P> Clone for WithProvider<D, P> {
    fn clone(&self) -> Self {
        Self { device: self.device.clone(), provider: PhantomData }
    }
}

impl<D: Copy, P> Copy for WithProvider<D, P> {}

impl<D: core::fmt::Debug, P> core::fmt::Debug for WithProvider<D, P> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("WithProvider").field(&self.device).finish()
    }
}
