//! Signing keys in memory.

use std::fmt;

use embedded_mtls::Signature;
use embedded_mtls::crypto::{CryptoError, DecodedKey};
use embedded_mtls::io::{AnySigningKey, SigningKey};

use crate::assembly;

/// A signing key in memory, for credentials whose key is not in a secure element: ECDSA with P-256 or P-384, or Ed25519.
/// Wiped when dropped.
///
/// Create it once and keep it: some kinds compute the public key then.
pub struct HostSigningKey(Key);

enum Key {
    Assembly(assembly::SigningKey),
    Portable(AnySigningKey),
}

impl HostSigningKey {
    /// Creates a key from its DER, see [`DecodedKey::from_der`].
    ///
    /// # Errors
    /// As [`DecodedKey::from_der`].
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        if !assembly::is_supported() {
            return AnySigningKey::from_der(der).map(Key::Portable).map(Self);
        }
        match assembly::SigningKey::new(DecodedKey::from_der(der)?) {
            Some(key) => key.map(Key::Assembly),
            None => AnySigningKey::from_der(der).map(Key::Portable),
        }
        .map(Self)
    }
}

impl SigningKey for HostSigningKey {
    /// Signs `message`. An ECDSA nonce of the assembly depends on the key, the message and 16 bytes of the operating system
    /// (RFC 6979 section 3.6) instead of the hedge: no signature if the system has none.
    fn sign(&self, message: &[u8], hedge: &[u8]) -> Option<Signature> {
        match &self.0 {
            Key::Assembly(key) => key.sign(message),
            Key::Portable(key) => key.sign(message, hedge),
        }
    }
}

impl fmt::Debug for HostSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostSigningKey").finish_non_exhaustive()
    }
}
