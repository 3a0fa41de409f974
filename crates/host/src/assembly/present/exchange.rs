//! Key exchange. Private keys are derived from seeds as by RustCrypto, so both replay the same handshakes.

use embedded_mtls::NamedGroup;
use embedded_mtls::crypto::rustcrypto::RustCrypto;
use embedded_mtls::crypto::{CryptoError, CryptoProvider, HashAlgorithm, KEY_SEED_LEN, KeyShare, SharedSecret};
use graviola::key_agreement::{p256, p384, x25519};
use zeroize::Zeroizing;

/// An ephemeral private key. Wiped when dropped.
pub(crate) enum PrivateKey {
    P256(p256::StaticPrivateKey),
    P384(p384::StaticPrivateKey),
    X25519(x25519::StaticPrivateKey),
}

/// The groups that are here.
pub(crate) const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

/// Seeds to try, each the hash of the one before. One in 2^32 is not a scalar of P-256, so all of them fail once in 2^128.
const SEED_TRIES: usize = 4;

impl PrivateKey {
    pub(crate) fn new(group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<Self, CryptoError> {
        match group {
            NamedGroup::X25519 => Ok(Self::X25519(x25519::StaticPrivateKey::from_array(seed))),
            NamedGroup::SECP256R1 => p256_key(seed).map(Self::P256),
            NamedGroup::SECP384R1 => p384_key(seed).map(Self::P384),
            _ => Err(CryptoError::Unsupported),
        }
    }

    pub(crate) fn key_share(&self) -> Result<KeyShare, CryptoError> {
        match self {
            Self::P256(key) => KeyShare::new(&key.public_key_uncompressed()),
            Self::P384(key) => KeyShare::new(&key.public_key_uncompressed()),
            Self::X25519(key) => KeyShare::new(&key.public_key().as_bytes()),
        }
    }

    /// Computes the shared secret. Points are parsed from their uncompressed form only (RFC 9846 section 4.3.8.2), and have to
    /// be on the curve; the all-zero result of X25519 is an error (section 7.4.2).
    pub(crate) fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        match self {
            Self::P256(key) => p256::PublicKey::from_x962_uncompressed(peer)
                .and_then(|peer| key.diffie_hellman(&peer))
                .map(|secret| SharedSecret::new(secret.0)),
            Self::P384(key) => p384::PublicKey::from_x962_uncompressed(peer)
                .and_then(|peer| key.diffie_hellman(&peer))
                .map(|secret| SharedSecret::new(secret.0)),
            Self::X25519(key) => x25519::PublicKey::try_from_slice(peer)
                .and_then(|peer| key.diffie_hellman(&peer))
                .map(|secret| SharedSecret::new(secret.0)),
        }
        .map_err(|_| CryptoError::Invalid)
    }
}

/// Creates a key from a seed; one that is 0 or not below the group order is hashed first. The timing reveals that this
/// happened, but nothing about the key.
fn p256_key(seed: &[u8; KEY_SEED_LEN]) -> Result<p256::StaticPrivateKey, CryptoError> {
    let mut candidate = Zeroizing::new(*seed);
    for _ in 0..SEED_TRIES {
        if let Ok(key) = p256::StaticPrivateKey::from_bytes(candidate.as_slice()) {
            return Ok(key);
        }
        let digest = Zeroizing::new(RustCrypto.digest(HashAlgorithm::Sha256, &[candidate.as_slice()])?);
        *candidate = *digest.as_bytes().first_chunk().ok_or(CryptoError::Invalid)?;
    }
    Err(CryptoError::Invalid)
}

/// Creates a key from the hash of a seed, which is as long as a scalar. One in 2^190 is none.
fn p384_key(seed: &[u8; KEY_SEED_LEN]) -> Result<p384::StaticPrivateKey, CryptoError> {
    let digest = Zeroizing::new(RustCrypto.digest(HashAlgorithm::Sha384, &[seed])?);
    p384::StaticPrivateKey::from_bytes(digest.as_bytes()).map_err(|_| CryptoError::Invalid)
}
