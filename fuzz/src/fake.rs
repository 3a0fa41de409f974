//! A provider without any security: every digest, key share, secret and tag is zero, and every
//! signature but one that begins with zero is right.

use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    NONCE_LEN, SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::{CipherSuite, NamedGroup, SignatureScheme};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecurity;

/// Hashes nothing.
#[derive(Clone)]
pub struct NoHash;

/// Seals nothing: the ciphertext is the plaintext, the tag is zero.
pub struct NoAead;

/// Shares nothing.
pub struct NoKey;

impl CryptoProvider for NoSecurity {
    type Hash = NoHash;
    type Aead = NoAead;
    type KeyExchange = NoKey;

    const CIPHER_SUITES: &'static [CipherSuite] =
        &[CipherSuite::TLS_CHACHA20_POLY1305_SHA256, CipherSuite::TLS_AES_128_GCM_SHA256];
    const NAMED_GROUPS: &'static [NamedGroup] = &[NamedGroup::X25519, NamedGroup::SECP256R1];
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = &[SignatureAlgorithm::EcdsaP256Sha256];
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = &[SignatureScheme::ECDSA_SECP256R1_SHA256];

    fn hash(self, _: HashAlgorithm) -> Result<NoHash, CryptoError> {
        Ok(NoHash)
    }

    fn hmac(self, _: HashAlgorithm, _: &[u8], _: &[&[u8]]) -> Result<Digest, CryptoError> {
        Digest::new(&[0; 32])
    }

    fn aead(self, _: AeadAlgorithm, _: &[u8]) -> Result<NoAead, CryptoError> {
        Ok(NoAead)
    }

    fn key_exchange(self, _: NamedGroup, _: &[u8; KEY_SEED_LEN]) -> Result<NoKey, CryptoError> {
        Ok(NoKey)
    }

    fn verify(self, _: SignatureAlgorithm, _: &[u8], _: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        if signature.first().is_some_and(|&first| first != 0) { Ok(()) } else { Err(CryptoError::Forged) }
    }
}

impl Hash for NoHash {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self) -> Digest {
        Digest::from(&[0; 32])
    }
}

impl Aead for NoAead {
    fn seal(&self, _: &[u8; NONCE_LEN], _: &[u8], _: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        Ok([0; TAG_LEN])
    }

    fn open(&self, _: &[u8; NONCE_LEN], _: &[u8], _: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), CryptoError> {
        if *tag == [0; TAG_LEN] { Ok(()) } else { Err(CryptoError::Forged) }
    }
}

impl KeyExchange for NoKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        KeyShare::new(&[0; 32])
    }

    fn agree(self, _: &[u8]) -> Result<SharedSecret, CryptoError> {
        Ok(SharedSecret::new([0; 32]))
    }
}
