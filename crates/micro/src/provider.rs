//! The provider and its keys.
#![forbid(unsafe_code)]

use core::fmt;
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, Hash, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    NONCE_LEN, SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::{CipherSuite, NamedGroup, SignatureScheme};
use zeroize::ZeroizeOnDrop;

use crate::chacha20_poly1305;
use crate::sha256::{self, Sha256};

/// The provider of this back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Micro;

/// A running SHA-256. Wiped when dropped.
#[derive(Clone)]
pub struct MicroHash(Sha256);

/// A record key. 32 bytes, wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub struct MicroRecordKey([u8; 32]);

/// An ephemeral private key.
#[derive(Debug)]
pub enum MicroPrivateKey {}

impl CryptoProvider for Micro {
    type Hash = MicroHash;
    type Aead = MicroRecordKey;
    type KeyExchange = MicroPrivateKey;

    const CIPHER_SUITES: &'static [CipherSuite] = &[CipherSuite::TLS_CHACHA20_POLY1305_SHA256];
    const NAMED_GROUPS: &'static [NamedGroup] = &[];
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = &[];
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = &[];

    fn hash(self, algorithm: HashAlgorithm) -> Result<MicroHash, CryptoError> {
        match algorithm {
            HashAlgorithm::Sha256 => Ok(MicroHash(Sha256::new())),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        match algorithm {
            HashAlgorithm::Sha256 => Ok(Digest::from_array(&sha256::hmac(key, message))),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<MicroRecordKey, CryptoError> {
        match algorithm {
            AeadAlgorithm::ChaCha20Poly1305 => key.try_into().map(MicroRecordKey).map_err(|_| CryptoError::Invalid),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn key_exchange(self, _: NamedGroup, _: &[u8; KEY_SEED_LEN]) -> Result<MicroPrivateKey, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn verify(self, _: SignatureAlgorithm, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Unsupported)
    }
}

impl Hash for MicroHash {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Digest {
        Digest::from_array(&self.0.finish())
    }
}

impl Aead for MicroRecordKey {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        chacha20_poly1305::seal(&self.0, nonce, aad, in_out)
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        chacha20_poly1305::open(&self.0, nonce, aad, in_out, tag)
    }
}

impl KeyExchange for MicroPrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        match *self {}
    }

    fn agree(self, _: &[u8]) -> Result<SharedSecret, CryptoError> {
        match self {}
    }
}

impl fmt::Debug for MicroHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroHash").finish_non_exhaustive()
    }
}

impl fmt::Debug for MicroRecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroRecordKey").finish_non_exhaustive()
    }
}
