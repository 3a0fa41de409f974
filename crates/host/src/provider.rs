//! The provider: each operation goes to graviola if it has the algorithm and the processor, and to RustCrypto otherwise.

use std::fmt;

use embedded_mtls::crypto::rustcrypto::{self, RunningHash, RustCrypto};
use embedded_mtls::crypto::{
    Aead, AeadAlgorithm, CryptoError, CryptoProvider, Digest, HashAlgorithm, KEY_SEED_LEN, KeyExchange, KeyShare,
    NONCE_LEN, SharedSecret, SignatureAlgorithm, TAG_LEN,
};
use embedded_mtls::{CipherSuite, NamedGroup, SignatureScheme};

use crate::assembly;

/// The provider of this crate.
#[derive(Clone, Copy, Debug)]
pub struct HostCrypto {
    assembly: bool,
}

/// A record key, expanded. Wiped when dropped.
pub struct HostRecordKey(RecordKey);

enum RecordKey {
    Assembly(assembly::RecordKey),
    Portable(rustcrypto::RecordKey),
}

/// An ephemeral private key. Wiped when dropped.
pub struct HostPrivateKey(PrivateKey);

enum PrivateKey {
    Assembly(assembly::PrivateKey),
    Portable(rustcrypto::PrivateKey),
}

impl Default for HostCrypto {
    /// Uses the assembly if this processor has all instructions that it takes.
    fn default() -> Self {
        Self { assembly: assembly::is_supported() }
    }
}

impl HostCrypto {
    /// Creates a provider that uses RustCrypto for everything, as it is where the processor lacks an instruction.
    pub const fn portable() -> Self {
        Self { assembly: false }
    }

    /// Returns whether the assembly is used.
    pub const fn uses_assembly(self) -> bool {
        self.assembly
    }
}

impl CryptoProvider for HostCrypto {
    type Hash = RunningHash;
    type Aead = HostRecordKey;
    type KeyExchange = HostPrivateKey;

    // With AES instructions, AES-GCM is five times as fast as ChaCha20-Poly1305.
    const CIPHER_SUITES: &'static [CipherSuite] = &[
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ];
    const NAMED_GROUPS: &'static [NamedGroup] = RustCrypto::NAMED_GROUPS;
    const SIGNATURE_ALGORITHMS: &'static [SignatureAlgorithm] = RustCrypto::SIGNATURE_ALGORITHMS;
    const SIGNATURE_SCHEMES: &'static [SignatureScheme] = RustCrypto::SIGNATURE_SCHEMES;
    const CERTIFICATE_SCHEMES: &'static [SignatureScheme] = RustCrypto::CERTIFICATE_SCHEMES;
    const VERIFIES_MESSAGES: bool = true;

    fn hash(self, algorithm: HashAlgorithm) -> Result<RunningHash, CryptoError> {
        RustCrypto.hash(algorithm)
    }

    fn hmac(self, algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Result<Digest, CryptoError> {
        RustCrypto.hmac(algorithm, key, message)
    }

    fn aead(self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<HostRecordKey, CryptoError> {
        if self.assembly {
            assembly::RecordKey::new(algorithm, key).map(RecordKey::Assembly)
        } else {
            RustCrypto.aead(algorithm, key).map(RecordKey::Portable)
        }
        .map(HostRecordKey)
    }

    fn key_exchange(self, group: NamedGroup, seed: &[u8; KEY_SEED_LEN]) -> Result<HostPrivateKey, CryptoError> {
        if self.assembly && assembly::GROUPS.contains(&group) {
            assembly::PrivateKey::new(group, seed).map(PrivateKey::Assembly)
        } else {
            RustCrypto.key_exchange(group, seed).map(PrivateKey::Portable)
        }
        .map(HostPrivateKey)
    }

    fn verify(
        self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let by_assembly = self.assembly.then(|| assembly::verify(algorithm, public_key, message, signature));
        by_assembly.flatten().unwrap_or_else(|| {
            let digest = algorithm.hash().map(|hash| self.digest(hash, &[message])).transpose()?;
            let signed = digest.as_ref().map_or(message, Digest::as_bytes);
            RustCrypto.verify(algorithm, public_key, signed, signature)
        })
    }
}

impl Aead for HostRecordKey {
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        match &self.0 {
            RecordKey::Assembly(key) => Ok(key.seal(nonce, aad, in_out)),
            RecordKey::Portable(key) => key.seal(nonce, aad, in_out),
        }
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        match &self.0 {
            RecordKey::Assembly(key) => key.open(nonce, aad, in_out, tag),
            RecordKey::Portable(key) => key.open(nonce, aad, in_out, tag),
        }
    }
}

impl KeyExchange for HostPrivateKey {
    fn key_share(&self) -> Result<KeyShare, CryptoError> {
        match &self.0 {
            PrivateKey::Assembly(key) => key.key_share(),
            PrivateKey::Portable(key) => key.key_share(),
        }
    }

    fn answer(&mut self, peer: &[u8]) -> Result<KeyShare, CryptoError> {
        match &mut self.0 {
            PrivateKey::Assembly(key) => key.key_share(),
            PrivateKey::Portable(key) => key.answer(peer),
        }
    }

    fn agree(self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        match self.0 {
            PrivateKey::Assembly(key) => key.agree(peer),
            PrivateKey::Portable(key) => key.agree(peer),
        }
    }
}

impl fmt::Debug for HostRecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostRecordKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for HostPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostPrivateKey").finish_non_exhaustive()
    }
}
