//! ECDSA signatures.

use embedded_mtls::Signature;
use embedded_mtls::crypto::{CryptoError, DecodedKey};
use graviola::hashing::{Sha256, Sha384};
use graviola::key_agreement::{p256, p384};
use graviola::signing::ecdsa::{self, P256, P384};

/// A signing key. Wiped when dropped.
pub(crate) enum SigningKey {
    P256(ecdsa::SigningKey<P256>),
    P384(ecdsa::SigningKey<P384>),
}

impl SigningKey {
    /// Creates a key, if it is of a kind that is here.
    pub(crate) fn new(key: DecodedKey<'_>) -> Option<Result<Self, CryptoError>> {
        let key = match key {
            DecodedKey::P256(scalar) => p256::StaticPrivateKey::from_bytes(scalar)
                .map(|private_key| Self::P256(ecdsa::SigningKey { private_key })),
            DecodedKey::P384(scalar) => p384::StaticPrivateKey::from_bytes(scalar)
                .map(|private_key| Self::P384(ecdsa::SigningKey { private_key })),
            _ => return None,
        };
        Some(key.map_err(|_| CryptoError::Invalid))
    }

    /// Signs a message with the hash that TLS 1.3 has for the curve (RFC 9846 section 4.3.3).
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Signature> {
        match self {
            Self::P256(key) => {
                let mut signature = [0; 64];
                key.sign::<Sha256>(&[message], &mut signature).ok()?;
                Some(Signature::P256(signature))
            }
            Self::P384(key) => {
                let mut signature = [0; 96];
                key.sign::<Sha384>(&[message], &mut signature).ok()?;
                Some(Signature::P384(signature))
            }
        }
    }
}
