//! Signatures without any security that still tell keys and messages apart, so that two validators can be
//! asked for millions of paths: a signature is a hash of key and message.

use crate::fake::{NoAead, NoKey};
use embedded_mtls::crypto::{
    AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, KEY_SEED_LEN, SignatureAlgorithm,
};
use embedded_mtls::{CipherSuite, NamedGroup, SignatureScheme};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use std::hash::{DefaultHasher, Hasher};

/// Verifies such signatures, for us and for webpki. To both it is ECDSA on P-256 with SHA-256.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tagged;

/// Bytes that will be hashed.
#[derive(Clone)]
pub(crate) struct Bytes(DefaultHasher);

/// The signature of a message by a key.
pub(crate) fn sign(key: &[u8], message: &[u8]) -> [u8; 8] {
    tag(key, &digest(message))
}

fn digest(message: &[u8]) -> [u8; 32] {
    let mut hasher = DefaultHasher::new();
    hasher.write(message);
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    digest
}

fn tag(key: &[u8], digest: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.write(digest);
    hasher.finish().to_be_bytes()
}

impl CryptoProvider for Tagged {
    type Hash = Bytes;
    type Aead = NoAead;
    type KeyExchange = NoKey;

    const CIPHER_SUITES: &'static [CipherSuite] = &[];
    const NAMED_GROUPS: &'static [NamedGroup] = &[];
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = &[SignatureAlgorithm::EcdsaP256Sha256];
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = &[SignatureScheme::ECDSA_SECP256R1_SHA256];

    fn hash(self, _: HashAlgorithm) -> Result<Bytes, CryptoError> {
        Ok(Bytes(DefaultHasher::new()))
    }

    fn hmac(self, _: HashAlgorithm, _: &[u8], _: &[&[u8]]) -> Result<Digest, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn aead(self, _: AeadAlgorithm, _: &[u8]) -> Result<NoAead, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn key_exchange(self, _: NamedGroup, _: &[u8; KEY_SEED_LEN]) -> Result<NoKey, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn verify(self, _: SignatureAlgorithm, key: &[u8], signed: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        if tag(key, signed) == *signature { Ok(()) } else { Err(CryptoError::Forged) }
    }
}

impl Hash for Bytes {
    fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn finish(self) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&self.0.finish().to_be_bytes());
        Digest::from(&digest)
    }
}

impl SignatureVerificationAlgorithm for Tagged {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        if sign(key, message) == *signature { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}
